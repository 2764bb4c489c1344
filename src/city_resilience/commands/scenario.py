"""``scenario``: how a forecast would differ, had some indicators of a city other values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from city_resilience.commands.options import (
    PATH,
    engine_options,
    model_option,
    sheet_option,
    store_option,
    working,
)
from city_resilience.errors import InputError
from city_resilience.files import output_path
from city_resilience.progress import Progress, silent

if TYPE_CHECKING:
    import pandas as pd
    from rich.console import Console

    from city_resilience.explain.scenario import Scenario
    from city_resilience.models.forecaster import Forecaster

__all__ = ["ScenarioResult", "command", "scenario", "show"]

SUFFIXES = (".csv", ".json", ".xlsx")
REFITS = 30


@dataclass(frozen=True)
class ScenarioResult:
    """A scenario and what it stands on.

    Attributes
    ----------
    scenario : Scenario
    settings : tuple of str
    measure : str
        Id of what is forecast.
    model : str
        The folder, or NAME/VERSION; "" for a forecaster.
    simulated : bool
        Whether the data are made up.
    skill : mapping of int to mapping
        Horizon to view to what it is worth, as `skill_beside` returns it.
    out : Path or None
    """

    scenario: Scenario
    settings: tuple[str, ...]
    measure: str
    model: str
    simulated: bool
    skill: Mapping[int, Mapping[str, Mapping[str, Any]]]
    out: Path | None

    @property
    def table(self) -> pd.DataFrame:
        """One row for each city, view and horizon.

        ``skill`` is the share of the error of the rival ``against`` that the view saves, and
        `NO_SKILL` among ``flags`` says that there is none; both are empty where it was not scored.
        """
        from city_resilience.commands.scenario_view import with_skill

        return with_skill(self.scenario.table, self.skill)


def scenario(
    cities: str | Sequence[str],
    data: pd.DataFrame | Path | str,
    settings: str | Sequence[str],
    *,
    model: Forecaster | Path | str = "",
    store: str = "",
    refits: int = REFITS,
    sheet: str = "",
    out: Path | str | None = None,
    progress: Progress = silent,
) -> ScenarioResult:
    """Say how a forecast would differ, had some indicators of a city other values.

    It is the model's association, not an effect.

    Parameters
    ----------
    cities : str or sequence of str
        As they stand in the panel; each is moved by itself, the others staying as they are.
    data : DataFrame or path
        The whole panel, as for ``predict``.
    settings : str or sequence of str
        Such as ``"broadband_subscribers_per_100=+10%"``: ``=VALUE``, ``=+5``, ``=-5`` or ``=+10%``
        of an indicator or a variable of the panel. ``variable:NAME`` means the variable where an
        indicator has that name too.
    model, store
        A loaded model, or as for ``find_stored``.
    refits : int
        How many refits on rows drawn anew the intervals stand on; 0 for no intervals.
    sheet : str
        Sheet of a workbook; "" = the experiment's.
    out : Path, optional
        Ends in ``.csv``, ``.json`` or ``.xlsx``.

    Raises
    ------
    InputError
        If the model, the panel, a city or a setting is not usable; nothing is written then.
    """
    from city_resilience.audit.read_audited import read_audited
    from city_resilience.commands.beside import skill_beside, summary_beside
    from city_resilience.commands.scenario_view import write_scenario
    from city_resilience.commands.stored import open_model
    from city_resilience.explain.forecast_table import check_panel
    from city_resilience.explain.moving import ground_of
    from city_resilience.explain.scenario import scenario_of
    from city_resilience.explain.settings import read_settings

    asked = (cities,) if isinstance(cities, str) else tuple(dict.fromkeys(cities))
    read = read_settings((settings,) if isinstance(settings, str) else tuple(settings))
    place = output_path(out, [data], SUFFIXES)
    forecaster, found = open_model(model, store)
    panel = read_audited(data, forecaster.experiment, purpose="predict", sheet=sheet).panel
    ground = ground_of(forecaster, panel, check_panel(forecaster, panel))
    made = scenario_of(ground, asked, read, refits=refits, progress=progress)
    result = ScenarioResult(
        scenario=made,
        settings=tuple(setting.text for setting in read),
        measure=forecaster.experiment.outcome.measure,
        model=found.name if found else "",
        simulated=forecaster.experiment.data.simulated,
        skill=skill_beside(summary_beside(found), forecaster.horizons),
        out=place,
    )
    if place is not None:
        write_scenario(result, place)
    return result


@click.command("scenario")
@click.argument("city", required=False)
@click.option(
    "--file", type=PATH, help="A table of cities, in place of CITY: its column city, or its first."
)
@click.option("--data", required=True, help="The whole panel: CSV, XLSX, Stata or Parquet.")
@click.option(
    "--set",
    "settings",
    multiple=True,
    metavar="NAME=VALUE",
    help="What is set: NAME=VALUE, NAME=+5, NAME=-5 or NAME=+10% of an indicator or a variable "
    "(repeatable).",
)
@model_option
@store_option
@sheet_option
@click.option(
    "--refits",
    default=REFITS,
    show_default=True,
    help="Refits that the intervals stand on; 0 for no intervals.",
)
@click.option("--out", type=PATH, help="File for the result: .csv, .json or .xlsx.")
@engine_options
def command(city: str | None, file: Path | None, **options: Any) -> None:
    """Show how a forecast would differ, had a city other values: an association, not an effect.

    Only the city moves. What is made of the same variables follows. Values that no city has ever
    had are refused, and unusual ones flagged.

    \b
    Examples:
      city-resilience scenario 洛阳市 --data panel.csv --set broadband_subscribers_per_100=+10%
      city-resilience scenario Ohio --data panel.csv --set unemployment_rate=-1 --refits 0
      city-resilience scenario --file cities.csv --data p.csv --set tertiary_share=+2 --out s.xlsx
    """
    from city_resilience.commands.city_files import names_in_file
    from city_resilience.commands.console import open_console, progress_bars

    if (city is None) == (file is None):
        raise InputError("scenario: name a city, or a file of cities with --file, one of the two")
    cities = [city] if city is not None else names_in_file(file or "")
    with progress_bars() as progress, working(options):
        result = scenario(cities, progress=progress, **options)
    show(result, open_console())


def show(result: ScenarioResult, console: Console) -> None:
    """Show what moved, the change of each view with its interval, and what must be known of it."""
    from city_resilience.commands.scenario_view import show_scenario

    show_scenario(result, console)
