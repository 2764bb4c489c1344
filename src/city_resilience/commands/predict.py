"""``predict``: from a panel and a trained model to the forecast of every city, and its manifest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from city_resilience import __version__
from city_resilience.commands.options import (
    PATH,
    as_of_option,
    early_option,
    model_option,
    sheet_option,
    store_option,
)
from city_resilience.errors import AlarmRaised, InputError, nearest
from city_resilience.files import output_path, sha256_of, write_json, write_table

if TYPE_CHECKING:
    import datetime as dt

    import pandas as pd

    from city_resilience.commands.early import Early, Given
    from city_resilience.models.forecaster import Forecaster
    from city_resilience.models.rows import ForecastRows
    from city_resilience.reading.panel import Panel
    from city_resilience.tracking.registry import FoundModel

__all__ = ["Predicted", "command", "predict", "show"]


@dataclass(frozen=True)
class Predicted:
    """Forecasts of a panel.

    Attributes
    ----------
    table : DataFrame
        As of ``forecast_table``; the cities that were asked for.
    forecaster : Forecaster
    panel : Panel
        What it stands on: corrected, its wrong cells masked.
    origin : int
        The common origin.
    unobserved_families : mapping of str to float
        Families of the model that are hardly observed any more, see ``unobserved_families``.
    early : Early
        The early releases that were given, and the names of those that were not.
    news : tuple of str
        What the releases say about the years after the origin, and what is odd about them.
    alarms : tuple of str
        What is doubtful about the panel, see `alarms_of`.
    model : str
        The folder, or NAME/VERSION; "" for a forecaster.
    out : Path or None
    groups : DataFrame or None
        As of ``forecast_groups``, where a file was asked for.
    manifest : mapping
        What was written beside the table; empty where nothing was.
    """

    table: pd.DataFrame
    forecaster: Forecaster
    panel: Panel
    origin: int
    unobserved_families: Mapping[str, float]
    early: Early
    news: tuple[str, ...]
    alarms: tuple[str, ...]
    model: str
    out: Path | None
    groups: pd.DataFrame | None = None
    manifest: Mapping[str, Any] = field(default_factory=dict)


def predict(
    data: pd.DataFrame | Path | str,
    model: Forecaster | Path | str = "",
    *,
    out: Path | str | None = None,
    groups: Path | str | None = None,
    store: str = "",
    drivers: int = 3,
    cities: Sequence[str] = (),
    allow_partial: bool = False,
    sheet: str = "",
    coverage: float = 0.9,
    early: Given = None,
    as_of: dt.date | str | None = None,
) -> Predicted:
    """Forecast every city of a panel; write the forecast and its manifest where asked for.

    Parameters
    ----------
    data : DataFrame or path
        The whole panel, in the layout the model was trained on.
    model, store
        A loaded model, or as for ``find_stored``.
    out : Path, optional
        Ends in ``.csv``, ``.xlsx`` or ``.parquet``; the manifest goes to ``<out>.manifest.json``.
    groups : Path, optional
        A second file, for the totals of groups of cities and their bands.
    drivers : int
        Number of leading drivers per row, as columns ``driver_1`` and so on.
    cities : sequence of str
        Cities to return; all are forecast. Empty = all.
    allow_partial : bool
        Accept a panel with less than 90 % of the training cities at the origin.
    sheet : str
        Sheet of a workbook; "" = the experiment's.
    coverage : float
        Nominal coverage of ``lower`` to ``upper``.
    early : path, DataFrame, sequence or mapping, optional
        Files of the early releases that the model's experiment names, see `named_files`.
    as_of : date or str, optional
        Day on which the forecast is made, see `build_dataset`.

    Raises
    ------
    InputError
        If the model, the panel or the place to write is not usable; nothing is written then.
    """
    from city_resilience.audit.read_audited import read_audited
    from city_resilience.commands.alarms import alarms_of
    from city_resilience.commands.early import as_day, early_lines, named_files, read_early
    from city_resilience.commands.stored import open_model
    from city_resilience.explain import forecast_table as tables
    from city_resilience.explain.contributions import contributions, with_early
    from city_resilience.models.group_forecast import forecast_groups
    from city_resilience.models.intervals import check_coverage

    given = named_files(early)
    reads = [data, *(file for _, file in given)]
    out, beside = output_path(out, reads), output_path(groups, reads)
    if beside is not None and beside == out:
        raise InputError(f"--groups {beside}: the forecast goes to this file; give another name")
    if drivers < 0:
        raise InputError(f"--drivers {drivers}: the number of drivers is negative; give 0 or more")
    check_coverage(coverage, "--coverage")
    forecaster, found = open_model(model, store)
    day = as_day(as_of, forecaster.experiment)
    read = read_audited(data, forecaster.experiment, purpose="predict", sheet=sheet)
    panel = read.panel
    releases = read_early(forecaster.experiment, given, panel)
    rows = tables.check_panel(
        forecaster, panel, allow_partial=allow_partial, early=releases.releases, as_of=day
    )
    _check_cities(cities, rows, forecaster.experiment.noun)
    alone = table = forecaster.forecast(rows, coverage)
    moved = forecaster.early_moves(rows, alone)
    if forecaster.nowcasts:
        table = forecaster.nowcast(rows, alone, moved, coverage)
    if drivers:
        leading = with_early(contributions(forecaster, rows), rows, moved)
        table = tables.name_drivers(table, leading, forecaster, rows, drivers)
    groups = None if beside is None else forecast_groups(forecaster, rows, alone, coverage)
    if cities:
        table = table[table["city"].isin(list(cities))].reset_index(drop=True)
    unobserved = tables.unobserved_families(forecaster, rows)
    name = str(data) if isinstance(data, str | Path) else panel.source or "DATA"
    result = Predicted(
        table=table,
        forecaster=forecaster,
        panel=panel,
        origin=rows.origin,
        unobserved_families=unobserved,
        early=releases,
        news=tuple(early_lines(rows.dataset, rows.origin)),
        alarms=alarms_of(forecaster, read, releases, unobserved, name),
        model=found.name if found else "",
        out=out,
        groups=groups,
    )
    if beside is not None and result.groups is not None:
        write_table(result.groups, beside)
    if out is None:
        return result
    write_table(table, out)
    manifest = _manifest(result, out) | {"model": _model(result, found)}
    write_json(manifest, out.with_name(out.name + ".manifest.json"))
    return replace(result, manifest=manifest)


def _check_cities(cities: Sequence[str], rows: ForecastRows, noun: str) -> None:
    from city_resilience.catalogue.nouns import of_places

    known = [rows.dataset.cities[city] for city in rows.cities]
    places = of_places("cities", noun)
    for city in cities:
        if city not in known:
            raise InputError(
                f"--city {city!r}: not among the {len(known)} {places} of the panel"
                f"{nearest(city, known)}; give a name as it stands in the panel"
            )


def _manifest(result: Predicted, out: Path) -> dict[str, Any]:
    from city_resilience.models.versions import package_versions
    from city_resilience.tasks.early import available_from

    table, experiment = result.table, result.forecaster.experiment
    flags = table["flags"][table["flags"] != ""].str.split(";").explode()
    delay = experiment.outcome.publication_delay_days
    return {
        "file": out.name,
        "sha256": sha256_of(out),
        "rows": len(table),
        "cities": int(table["city"].nunique()),
        "origin": result.origin,
        "available_from": available_from(result.origin, delay).isoformat(),
        "horizons": sorted(int(horizon) for horizon in table["horizon"].unique()),
        "flags": {name: int(count) for name, count in flags.value_counts().sort_index().items()},
        "information": {
            name: int(count) for name, count in table["information"].value_counts().items()
        },
        "early": {"said": list(result.news), "missing": list(result.early.missing)},
        "unobserved_families": dict(result.unobserved_families),
        "masked_cells": list(result.panel.masked),
        "alarms": list(result.alarms),
        "simulated": experiment.data.simulated,
        "data": {
            "file": Path(result.panel.source).name,
            "fingerprint": result.panel.fingerprint(),
            "account": result.panel.account.as_dict(),
        },
        "versions": {"city-resilience": __version__, **package_versions()},
    }


def _model(result: Predicted, found: FoundModel | None) -> dict[str, Any]:
    from city_resilience.models.manifest import read_manifest

    forecaster = result.forecaster
    about = {
        "name": forecaster.experiment.name,
        "reference": result.model,
        "origin": forecaster.origin,
        "experiment_digest": forecaster.experiment.digest(),
        "data_fingerprint": forecaster.fingerprint,
    }
    if found is None:
        return about
    manifest = read_manifest(found.folder)
    trained = {"city-resilience": manifest.package_version, **manifest.versions}
    return about | {"trained_with": trained}


@click.command("predict")
@click.option("--data", required=True, help="The whole panel: CSV, XLSX, Stata or Parquet.")
@click.option("--out", required=True, type=PATH, help="Forecast file: .csv, .xlsx or .parquet.")
@click.option(
    "--groups", type=PATH, help="A second file, for totals of provinces and other groups."
)
@model_option
@store_option
@click.option(
    "--drivers", default=3, show_default=True, help="Number of drivers for each forecast."
)
@click.option("--city", "cities", multiple=True, help="Write only this city (repeatable).")
@sheet_option
@early_option
@as_of_option
@click.option(
    "--allow-partial",
    is_flag=True,
    help="Accept a panel with less than 90 % of the training cities.",
)
@click.option(
    "--coverage",
    default=0.9,
    show_default=True,
    help="Share of outcomes that the interval should hold.",
)
@click.option("--strict", is_flag=True, help="End with 3 if an alarm was raised.")
def command(**options: Any) -> None:
    """Forecast every city of a panel file with a trained model.

    \b
    Examples:
      city-resilience predict --data panel.csv --out forecast.csv --model models/demo
      city-resilience predict --data panel.xlsx --sheet 2024 --out forecast.xlsx
      city-resilience predict --data panel.csv --out wide.csv --model models/demo --coverage 0.95
      city-resilience predict --data panel.csv --out tonight.csv --model models/demo --strict
    """
    strict = options.pop("strict")
    result = predict(**options)
    show(result, options["data"])
    for alarm in result.alarms:
        click.echo(f"Alarm: {alarm}", err=True)
    if strict and result.alarms:
        count = len(result.alarms)
        raise AlarmRaised(
            f"{Path(options['out']).name}: written, with {count} alarm{'s' * (count > 1)}; read "
            "them above or in its manifest, and correct the data or train the model again"
        )


def show(result: Predicted, data: str = "DATA") -> None:
    """Show how many forecasts there are, from which model, and what of the panel was read."""
    from city_resilience.commands.nowcast import told_lines
    from city_resilience.report.account import account_line
    from city_resilience.report.texts import Texts

    places = Texts(noun=result.forecaster.experiment.noun).of_places("cities")
    click.echo(
        f"{result.out}: {len(result.table)} forecasts for {result.table['city'].nunique()} "
        f"{places} from origin {result.origin}, model {result.model}"
    )
    if read := account_line(result.panel.account.as_dict(), data):
        click.echo(f"Read: {read}")
    for line in result.news:
        click.echo(f"Early: {line}")
    if result.forecaster.nowcasts:
        for line in told_lines(result.table, result.early.missing):
            click.echo(f"Early: {line}")
