"""``explain``: what the forecast of a city rests on, and the page of a city."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from city_resilience.commands.options import (
    PATH,
    as_of_option,
    early_option,
    model_option,
    store_option,
)
from city_resilience.errors import InputError

if TYPE_CHECKING:
    import datetime as dt

    import pandas as pd

    from city_resilience.commands.city_tables import Known
    from city_resilience.commands.early import Given
    from city_resilience.explain.city import CityExplanation
    from city_resilience.models.forecaster import Forecaster

__all__ = ["Explained", "command", "explain_cities", "explain_city", "show"]

LANGUAGES = ("en", "zh")


@dataclass(frozen=True)
class Explained:
    """What the forecast of a city rests on.

    Attributes
    ----------
    city : str
    origin, horizon : int
    measure : str
        Id of what is forecast.
    drivers : DataFrame
        As of `contributions`, of the city and horizon, the base value among the rows.
    labels : mapping of str to str
        Indicator id to label, early releases with their vintage among them.
    tables : CityExplanation
        Ranks, both views, peers, analogues, what changed and the past, as tables.
    summary : mapping
        All that the page of the city shows, as `summarise_city` returns it.
    information : str
        ``nowcast`` where an early release moves the city, else ``forecast``.
    notes : tuple of str
        Why a model with early releases explains the forecast, and what the releases say.
    out : Path or None
        Where its page was written.
    """

    city: str
    origin: int
    horizon: int
    measure: str
    drivers: pd.DataFrame
    labels: Mapping[str, str]
    tables: CityExplanation
    summary: Mapping[str, Any] = field(repr=False)
    information: str = "forecast"
    notes: tuple[str, ...] = ()
    out: Path | None = None

    @property
    def forecast(self) -> float:
        """The forecast or nowcast, in the unit of the measure: the sum of all contributions."""
        return float(self.drivers["contribution"].sum())


def explain_city(
    city: str, data: pd.DataFrame | Path | str | None = None, **options: Any
) -> Explained:
    """Say what the forecast of one city rests on; the options are those of `explain_cities`."""
    (found,) = explain_cities([city], data, **options)
    return found


def explain_cities(
    cities: Sequence[str],
    data: pd.DataFrame | Path | str | None = None,
    *,
    model: Forecaster | Path | str = "",
    store: str = "",
    horizon: int | None = None,
    early: Given = None,
    as_of: dt.date | str | None = None,
    study: Path | str | None = None,
    out: Path | str | None = None,
    lang: str = "",
    file: Path | str | None = None,
) -> tuple[Explained, ...]:
    """Say what the forecasts of some cities rest on, and write their pages where asked for.

    Parameters
    ----------
    cities : sequence of str
        As they stand in the panel.
    data : DataFrame or path, optional
        Explained on this panel; else the tables that ``train`` stored are taken, beside the
        bundle in an output folder or with the run. Those are of the forecast from the panel
        alone, and have no peers, analogues or changes.
    model, store
        A loaded model (with data), or as for ``find_stored``.
    horizon : int, optional
        Years ahead; the shortest when it is not given.
    early, as_of
        As for ``predict``; with data only. What a release adds is a contribution of its own then.
    study : path, optional
        A study that grades the drivers; else that beside ``experiments/NAME/experiment.toml``.
        Grades of another recipe or panel are not taken.
    out : path, optional
        ``.html`` for one city; ``.md`` or ``.json``; without a suffix a folder, with a page for
        each city.
    lang : str
        ``en`` or ``zh``: the language of Markdown, English unless given, and that in which a page
        opens, the reader's unless given.
    file : path, optional
        A table of further cities.

    Raises
    ------
    InputError
        If the model, its tables or the panel are not usable, a city or the horizon is not among
        the forecasts, or the place to write is not usable; nothing is written then.
    """
    from city_resilience.commands import city_files, city_tables
    from city_resilience.commands.stored import open_model

    named = list(dict.fromkeys([*cities, *(city_files.names_in_file(file) if file else [])]))
    if not named:
        raise InputError("explain: no city is named; name one, or a list with --file cities.csv")
    place = city_files.check_out(out, len(named), [data, file, study])
    forecaster, found = open_model(model, store)
    if data is None:
        _refuse_early(early, as_of)
        known = city_tables.known_of_run(forecaster, found, named, horizon, study=study)
    else:
        known = city_tables.known_by_panel(
            forecaster, found, data, named, horizon, early=early, as_of=as_of, study=study
        )
    explained = tuple(_explained(own, known, place) for own in known.cities)
    if place is not None:
        city_files.write_cities([own.summary for own in explained], place, lang)
    return explained


def _explained(own: CityExplanation, known: Known, out: Path | None) -> Explained:
    from city_resilience.models.nowcast import EARLY_FAMILY
    from city_resilience.models.rows import FORECAST, NOWCAST
    from city_resilience.report.city_summary import summarise_city

    drivers = next(iter(own.views.values()))
    told = (drivers["family"] == EARLY_FAMILY) & (drivers["contribution"] != 0.0)
    return Explained(
        city=own.city,
        origin=own.origin,
        horizon=own.horizon,
        measure=known.about.experiment.outcome.measure,
        drivers=drivers,
        labels={name: label[0] for name, label in known.about.labels.items()},
        tables=own,
        summary=summarise_city(own, known.about),
        information=NOWCAST if told.any() else FORECAST,
        notes=tuple(known.about.notes),
        out=out,
    )


def _refuse_early(early: Given, as_of: dt.date | str | None) -> None:
    from city_resilience.commands.early import named_files

    for name, given in (("--early", named_files(early)), ("--as-of", as_of)):
        if given:
            raise InputError(
                f"{name}: without --data the stored drivers are shown, which are of the forecast "
                "from the panel alone; give the panel with --data"
            )


@click.command("explain")
@click.argument("cities", nargs=-1, metavar="CITY...")
@click.option("--file", type=PATH, help="A table of cities: its column city, or its first.")
@click.option("--data", help="Panel to explain. [tables stored with the model]")
@model_option
@store_option
@early_option
@as_of_option
@click.option("--horizon", type=int, help="Years ahead. [the shortest]")
@click.option(
    "--study",
    type=PATH,
    help="Study that grades the drivers. [that beside experiments/NAME/experiment.toml]",
)
@click.option(
    "--out",
    type=PATH,
    help="Page of one city (.html), one file for several (.md, .json), or a folder with a page "
    "for each.",
)
@click.option(
    "--lang",
    type=click.Choice(LANGUAGES),
    help="Language of Markdown [en], and that in which a page opens [the browser's].",
)
@click.option("--top", default=10, show_default=True, help="Indicators to show.")
def command(cities: tuple[str, ...], top: int, **options: Any) -> None:
    """Show what the forecast of a city rests on, and write the page of a city.

    With --data the page has the city's peers, the most similar city-years and what came after
    them, and what changed since the origin before.

    \b
    Examples:
      city-resilience explain 洛阳市 --model china_prefecture@champion
      city-resilience explain Ohio --data experiments/us_states/panel.csv --model out/us/model
      city-resilience explain 郑州市 --data panel.csv --out 郑州市.html --lang zh
      city-resilience explain 郑州市 鹤岗市 --data panel.csv --out pages/
      city-resilience explain --file cities.csv --data panel.csv --out pages.json
      city-resilience explain 洛阳市 --data panel.csv --early provinces.csv
    """
    options["lang"] = options["lang"] or ""
    show(explain_cities(cities, **options), top)


def show(result: Explained | Sequence[Explained], top: int = 10) -> None:
    """Show what was found for each city; of more than three only the forecasts."""
    from city_resilience.commands.city_view import show_cities

    show_cities([result] if isinstance(result, Explained) else result, top)
