"""``explain``: what the forecast of one city rests on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from city_resilience.commands.options import (
    as_of_option,
    early_option,
    model_option,
    store_option,
)
from city_resilience.errors import InputError, nearest

if TYPE_CHECKING:
    import datetime as dt

    import pandas as pd

    from city_resilience.commands.early import Given
    from city_resilience.experiment.experiment import Experiment
    from city_resilience.models.forecaster import Forecaster
    from city_resilience.tracking.registry import FoundModel

__all__ = ["Explained", "command", "explain_city", "show"]


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
    information : str
        ``nowcast`` where an early release moves the city, else ``forecast``.
    notes : tuple of str
        Why a model with early releases explains the forecast, and what the releases say.
    """

    city: str
    origin: int
    horizon: int
    measure: str
    drivers: pd.DataFrame
    labels: Mapping[str, str]
    information: str = "forecast"
    notes: tuple[str, ...] = ()

    @property
    def forecast(self) -> float:
        """The forecast or nowcast, in the unit of the measure: the sum of all contributions."""
        return float(self.drivers["contribution"].sum())


def explain_city(
    city: str,
    data: pd.DataFrame | Path | str | None = None,
    *,
    model: Forecaster | Path | str = "",
    store: str = "",
    horizon: int | None = None,
    early: Given = None,
    as_of: dt.date | str | None = None,
) -> Explained:
    """Say what the forecast of one city rests on, by indicator.

    Parameters
    ----------
    city : str
        As it stands in the panel.
    data : DataFrame or path, optional
        Explained on this panel; else the drivers that ``train`` stored are taken, beside the
        bundle in an output folder or with the run. Those are of the forecast from the panel alone.
    model, store
        A loaded model (with data), or as for ``find_stored``.
    horizon : int, optional
        Years ahead; the shortest when it is not given.
    early, as_of
        As for ``predict``; with data only. What a release adds is a contribution of its own then.

    Raises
    ------
    InputError
        If the model, its drivers or the panel are not usable, or the city or the horizon is not
        among the forecasts.
    """
    from city_resilience.commands.stored import open_model
    from city_resilience.models.nowcast import EARLY_FAMILY
    from city_resilience.models.rows import FORECAST, NOWCAST

    forecaster, found = open_model(model, store)
    if data is None:
        _refuse_early(early, as_of)
        drivers, labels, notes = _stored(found, forecaster)
    else:
        drivers, labels, notes = _computed(forecaster, data, early, as_of)
    rows = _rows_of(drivers, city, horizon, forecaster.experiment)
    told = (rows["family"] == EARLY_FAMILY) & (rows["contribution"] != 0.0)
    return Explained(
        city=city,
        origin=int(rows["origin"].iloc[0]),
        horizon=int(rows["horizon"].iloc[0]),
        measure=forecaster.experiment.outcome.measure,
        drivers=rows,
        labels={**_labels(), **labels},
        information=NOWCAST if told.any() else FORECAST,
        notes=notes,
    )


Found = tuple["pd.DataFrame", Mapping[str, str], tuple[str, ...]]


def _refuse_early(early: Given, as_of: dt.date | str | None) -> None:
    from city_resilience.commands.early import named_files

    for name, given in (("--early", named_files(early)), ("--as-of", as_of)):
        if given:
            raise InputError(
                f"{name}: without --data the stored drivers are shown, which are of the forecast "
                "from the panel alone; give the panel with --data"
            )


def _stored(found: FoundModel | None, forecaster: Forecaster) -> Found:
    """Return the drivers that ``train`` left."""
    import pandas as pd

    from city_resilience.tracking.registry import result_file

    if found is None:
        raise InputError("drivers.parquet: a loaded model has none; give the panel with --data")
    path = result_file(found, "drivers.parquet", "give the panel with --data")
    notes = ("This is the forecast from the panel alone. The nowcast needs --data and --early.",)
    return pd.read_parquet(path), {}, notes if forecaster.nowcasts else ()


def _computed(
    forecaster: Forecaster,
    data: pd.DataFrame | Path | str,
    early: Given,
    as_of: dt.date | str | None,
) -> Found:
    """Explain a panel, with what early releases add where there are any."""
    from city_resilience.audit.read_audited import read_audited
    from city_resilience.commands.early import as_day, early_lines, named_files, read_early
    from city_resilience.explain.contributions import contributions, early_labels, with_early
    from city_resilience.explain.forecast_table import check_panel

    experiment = forecaster.experiment
    given, day = named_files(early), as_day(as_of, experiment)
    panel = read_audited(data, experiment, purpose="predict").panel
    releases = read_early(experiment, given, panel)
    rows = check_panel(forecaster, panel, allow_partial=True, early=releases.releases, as_of=day)
    drivers = contributions(forecaster, rows)
    if forecaster.nowcasts:
        moved = forecaster.early_moves(rows, forecaster.forecast(rows))
        drivers = with_early(drivers, rows, moved)
    labels = early_labels(releases.releases)
    absent = (
        f"early.{name}: no file of this release; give it with --early {name}=PATH"
        for name in releases.missing
    )
    return drivers, labels, (*early_lines(rows.dataset, rows.origin), *absent)


def _rows_of(
    drivers: pd.DataFrame, city: str, horizon: int | None, experiment: Experiment
) -> pd.DataFrame:
    """Return the drivers of a city at a horizon, the shortest where none is named."""
    from city_resilience.catalogue.nouns import of_places

    cities = drivers["city"].unique()
    if city not in cities:
        places = of_places("cities", experiment.noun)
        raise InputError(
            f"{city!r}: not among the {len(cities)} forecast {places}{nearest(city, cities)}; "
            "give a name as it stands in the panel"
        )
    horizons = sorted(int(h) for h in drivers["horizon"].unique())
    horizon = horizons[0] if horizon is None else horizon
    if horizon not in horizons:
        raise InputError(f"--horizon {horizon}: the model has {horizons}; choose one of them")
    own = (drivers["city"] == city) & (drivers["horizon"] == horizon)
    return drivers[own].reset_index(drop=True)


def _labels() -> dict[str, str]:
    from city_resilience.indicators.table import load_indices, load_table

    labels = {spec.id: spec.label_en for spec in load_table()}
    return labels | {index.id: index.label_en for index in load_indices()}


@click.command("explain")
@click.argument("city")
@click.option("--data", help="Panel to explain. [drivers stored with the model]")
@model_option
@store_option
@early_option
@as_of_option
@click.option("--horizon", type=int, help="Years ahead. [the shortest]")
@click.option("--top", default=10, show_default=True, help="Indicators to show.")
def command(city: str, top: int, **options: Any) -> None:
    """Show what the forecast of one city rests on, by family and by indicator.

    \b
    Examples:
      city-resilience explain 洛阳市 --model china_prefecture@champion
      city-resilience explain Ohio --data experiments/us_states/panel.csv --model out/us/model
      city-resilience explain 洛阳市 --data panel.csv --early provinces.csv
    """
    show(explain_city(city, **options), top)


def show(result: Explained, top: int = 10) -> None:
    """Show the drivers of one city, the families first, then the leading indicators."""
    from city_resilience.commands.console import open_console, say, table_of
    from city_resilience.explain.contributions import BASE, BASE_FAMILY, family_sums
    from city_resilience.resilience.measures import MEASURES

    console, unit = open_console(), MEASURES[result.measure].mark
    what = f"{result.measure.replace('_', ' ')} {result.information}"
    say(
        console,
        f"{result.city}: {what} {result.forecast:+.2f} {unit} "
        f"for {result.origin + result.horizon} (origin {result.origin}, horizon {result.horizon}). "
        "Contributions are associated with the forecast, not causes.",
    )
    for note in result.notes:
        say(console, f"Early: {note}")
    sums = family_sums(result.drivers).replace({"family": {BASE_FAMILY: "base value"}})
    families = sums.sort_values("contribution", key=abs, ascending=False)
    columns = [("family", "{family}"), (unit, "{contribution:+.3f}")]
    console.print(table_of("By family", columns, families.to_dict("records")))
    named = result.drivers[result.drivers["indicator"] != BASE]
    named = named.sort_values("contribution", key=abs, ascending=False).head(top)
    columns = [("indicator", "{label}"), ("family", "{family}"), ("value", "{value:}"), columns[1]]
    records = [
        {
            **row,
            "label": result.labels.get(row["indicator"], row["indicator"]),
            "value": "unknown" if row["value"] != row["value"] else f"{row['value']:,.3g}",
        }
        for row in named.to_dict("records")
    ]
    console.print(table_of("By indicator", columns, records))
