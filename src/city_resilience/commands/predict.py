"""``predict``: from a panel and a trained model to the forecast of every city, and its manifest."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from city_resilience.commands.console import echo
from city_resilience.commands.options import (
    PATH,
    as_of_option,
    early_option,
    engine_options,
    model_option,
    record_option,
    sheet_option,
    store_option,
    vintage_option,
    working,
)
from city_resilience.errors import AlarmRaised, InputError, check_known
from city_resilience.files import output_path, refuse_overwriting, write_table

if TYPE_CHECKING:
    import datetime as dt

    import pandas as pd

    from city_resilience.commands.early import Given
    from city_resilience.commands.forecasting import Asked, Predicted
    from city_resilience.models.forecaster import Forecaster

__all__ = ["command", "predict", "show"]

_NOT_ASKED = ("groups", "early", "require_signature", "issue", "record")


def predict(
    data: pd.DataFrame | Path | str,
    model: Forecaster | Path | str = "",
    *,
    out: Path | str | None = None,
    groups: Path | str | None = None,
    store: str = "",
    drivers: int = 3,
    cities: Sequence[str] = (),
    origin: int | None = None,
    allow_partial: bool = False,
    sheet: str = "",
    coverage: float = 0.9,
    early: Given = None,
    as_of: dt.date | str | None = None,
    lang: str = "",
    require_signature: Path | None = None,
    issue: bool = False,
    record: Path | str | None = None,
    vintage: dt.date | str | None = None,
) -> Predicted:
    """Forecast every city of a panel; write the forecast and its manifest where asked for.

    Parameters
    ----------
    data : DataFrame or path
        The whole panel, in the layout the model was trained on; a file, a folder of its parts, or
        ``-`` for the standard input.
    model, store
        A loaded model, or as for ``find_stored``.
    out : Path, optional
        Ends in ``.csv``, ``.xlsx`` or ``.parquet``; the manifest goes to ``<out>.manifest.json``.
        ``-`` is the standard output.
    groups : Path, optional
        A second file, for the totals of groups of cities and their bands.
    drivers : int
        Number of leading drivers per row, as columns ``driver_1`` and so on.
    cities : sequence of str
        Cities to return; all are forecast. Empty = all.
    origin : int, optional
        Forecast from this year, as if the panel ended with it.
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
    lang : str
        ``en`` or ``zh``: words of a workbook; a CSV file then has one row a city and rounded
        figures, with all rows and digits in a Parquet file beside it.
    require_signature : Path, optional
        A public key: the model must be signed by its owner.
    issue : bool
        Add the forecast of every city to the record of issued forecasts.
    record : Path, optional
        Folder of the record; beside the store, in ``issued``, unless given here or in
        ``CITY_RESILIENCE_RECORD``.
    vintage : date or str, optional
        Day on which the panel was published, for the record.

    Raises
    ------
    InputError
        If the model, the panel or the place to write is not usable; nothing is written then.
    """
    from city_resilience.commands.early import named_files
    from city_resilience.commands.forecast_files import inputs_of, write_forecast
    from city_resilience.commands.forecasting import forecast_panel, read_for
    from city_resilience.commands.piped import piped
    from city_resilience.commands.recording import check_issue, checked_record, issue_predicted
    from city_resilience.commands.stored import open_stored
    from city_resilience.models.forecaster import Forecaster
    from city_resilience.models.intervals import check_coverage

    given = named_files(early)
    if lang:
        check_known(lang, ("en", "zh"), "--lang: no language")
    place, beside = _places(out, groups, lang, [data, *(file for _, file in given)])
    if drivers < 0:
        raise InputError(f"--drivers {drivers}: the number of drivers is negative; give 0 or more")
    check_coverage(coverage, "--coverage")
    asked = _asked(
        drivers=drivers,
        cities=cities,
        origin=origin,
        allow_partial=allow_partial,
        sheet=sheet,
        coverage=coverage,
        as_of=as_of,
        groups=beside,
        lang=lang,
        vintage=vintage,
    )
    check_issue(issue, asked, record, model)
    found = None
    if isinstance(model, Forecaster):
        if require_signature is not None:
            raise InputError("require_signature: the model is loaded already; name its folder")
        forecaster, bundle, reference = model, None, ""
    else:
        bundle, found = open_stored(model, store, require_signature)
        forecaster, reference = bundle.forecaster, found.name
    kept = checked_record(record, store, forecaster.experiment.name) if issue else None
    with ExitStack() as helpers:
        with piped(data) as source:
            inputs = inputs_of(source, bundle.digest if bundle else "", given, asked)
            read = read_for(source, forecaster, asked, helpers)
        name = str(data) if isinstance(data, str | Path) else read.panel.source or "DATA"
        result = forecast_panel(forecaster, read, asked, given, as_of, name)
        result = replace(result, model=reference, out=place)
        if beside is not None and result.groups is not None and place is None:
            write_table(result.groups, beside)
        if place is not None:
            result = replace(result, manifest=write_forecast(result, place, beside, bundle, inputs))
        if kept is not None and bundle is not None and found is not None:
            result = issue_predicted(result, kept, bundle, found)
    return result


def _asked(**options: Any) -> Asked:
    """Return what is asked of a forecast in one form, so that equal requests are equal."""
    from city_resilience.commands.forecasting import Asked

    options |= {"cities": tuple(options["cities"])}
    options |= {day: str(options.get(day) or "") for day in ("as_of", "vintage")}
    return Asked(**options | {"groups": options.get("groups") is not None})


def _places(
    out: Path | str | None, groups: Path | str | None, lang: str, reads: Sequence[object]
) -> tuple[Path | None, Path | None]:
    """Return the places to write to, checked before any work."""
    from city_resilience.commands.forecast_files import STDOUT, files_of, manifest_path

    place = STDOUT if str(out) == str(STDOUT) else output_path(out, reads)
    beside = output_path(groups, reads)
    if beside is not None and beside == place:
        raise InputError(f"--groups {beside}: the forecast goes to this file; give another name")
    if place is not None and place != STDOUT:
        refuse_overwriting([manifest_path(place), *files_of(place, lang)], reads)
    folders = [Path(own) for own in reads if isinstance(own, str | Path) and Path(own).is_dir()]
    for own in (place, beside):
        for folder in folders:
            if own not in (None, STDOUT) and folder.resolve() in own.resolve().parents:
                raise InputError(
                    f"{own}: would be a part of the panel in {folder}; name another folder"
                )
    return place, beside


@click.command("predict")
@click.option(
    "--data",
    required=True,
    help="The whole panel: CSV, XLSX, Stata or Parquet, a folder of its parts, or - for the "
    "standard input.",
)
@click.option(
    "--out",
    required=True,
    type=PATH,
    help="Forecast file: .csv, .xlsx or .parquet, or - for CSV on the standard output.",
)
@click.option(
    "--groups", type=PATH, help="A second file, for totals of provinces and other groups."
)
@model_option
@store_option
@click.option(
    "--require-signature",
    type=PATH,
    metavar="KEY.pub",
    help="Refuse a model that the owner of this Ed25519 public key did not sign.",
)
@click.option(
    "--drivers", default=3, show_default=True, help="Number of drivers for each forecast."
)
@click.option("--city", "cities", multiple=True, help="Write only this city (repeatable).")
@click.option("--origin", type=int, help="Forecast from this year, as if the panel ended with it.")
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
@click.option(
    "--lang",
    type=click.Choice(["en", "zh"]),
    default=None,
    help="Language of a workbook [en]. With .csv: one row a city in this language, figures "
    "rounded, and a Parquet file of all rows and digits beside it.",
)
@click.option(
    "--each",
    type=click.Choice(["csv", "xlsx", "parquet"]),
    help="DATA is a folder of whole panels: forecast each into a file of this kind in the folder "
    "OUT. What is done already, of the same inputs, is left alone.",
)
@click.option(
    "--issue",
    is_flag=True,
    help="Add the forecast to the record of issued forecasts, where it is never changed again.",
)
@record_option
@vintage_option
@engine_options
@click.option("--strict", is_flag=True, help="End with 3 if an alarm was raised.")
@click.option("--quiet", "-q", is_flag=True, help="Print alarms and errors alone.")
def command(**options: Any) -> None:
    """Forecast every city of a panel file with a trained model.

    \b
    Examples:
      city-resilience predict --data panel.csv --out forecast.csv --model models/demo
      city-resilience predict --data panel.xlsx --sheet 2024 --out forecast.xlsx
      city-resilience predict --data panel.csv --out wide.csv --model models/demo --coverage 0.95
      city-resilience predict --data panel.csv --out tonight.csv --model models/demo --strict
      city-resilience predict --data panel.csv --out then.csv --model models/demo --origin 2015
      city-resilience predict --data panel.csv --out forecast.csv --issue --vintage 2024-03-31
      city-resilience predict --data panel.csv --out 预测.xlsx --lang zh --model models/demo
      city-resilience predict --data panels --out forecasts --each parquet --model models/demo
      cat panel.csv | city-resilience predict --data - --out - --model models/demo
    """
    strict, each = options.pop("strict"), options.pop("each")
    quiet, options["lang"] = options.pop("quiet"), options["lang"] or ""
    with working(options):
        if each:
            alarms = _each(each, options, quiet=quiet)
        else:
            result = predict(**options)
            alarms = result.alarms
    if not each and str(options["out"]) != "-" and not quiet:
        show(result, options["data"])
    for alarm in alarms:
        echo(f"Alarm: {alarm}", err=True)
    if strict and alarms:
        count = len(alarms)
        raise AlarmRaised(
            f"{Path(options['out']).name}: written, with {count} alarm{'s' * (count > 1)}; read "
            "them above or in its manifest, and correct the data or train the model again"
        )


def _each(suffix: str, options: dict[str, Any], *, quiet: bool) -> tuple[str, ...]:
    """Forecast a folder of panels and say what became of them; returns the alarms."""
    from city_resilience.commands.predict_each import predict_each

    more = dict(options)
    folder, out = Path(more.pop("data")), Path(more.pop("out"))
    model, store = more.pop("model"), more.pop("store")
    if more["groups"] or more["early"] or more["issue"]:
        raise InputError(
            "--each: goes without --groups, --early and --issue; forecast these panels singly"
        )
    asked = _asked(**{name: own for name, own in more.items() if name not in _NOT_ASKED})
    done = predict_each(
        folder, out, suffix, model=model, store=store, asked=asked, run=predict, **more
    )
    if not quiet:
        echo(f"{out}: {len(done.written)} panels forecast, {len(done.kept)} were done already")
    if done.refused:
        for reason in done.refused:
            echo(f"Refused: {' '.join(reason.split())}", err=True)
        for alarm in done.alarms:
            echo(f"Alarm: {alarm}", err=True)
        count = len(done.refused)
        every = len(done.written) + len(done.kept) + count
        raise InputError(
            f"{folder}: {count} panel{'s' * (count > 1)} of {every} "
            "refused, see above; correct them and run again, the others are done"
        )
    return done.alarms


def show(result: Predicted, data: str = "DATA") -> None:
    """Show how many forecasts there are, from which model, and what of the panel was read."""
    from city_resilience.catalogue.nouns import of_places
    from city_resilience.commands.nowcast import told_lines
    from city_resilience.commands.recording import recorded_lines
    from city_resilience.report.account import account_line

    places = of_places("cities", result.forecaster.experiment.noun)
    echo(
        f"{result.out}: {result.laid.counts.rows} forecasts for {result.laid.counts.cities} "
        f"{places} from origin {result.origin}, model {result.model}"
    )
    if result.origin < result.forecaster.origin:
        echo(
            f"Note: the model learnt from data up to {result.forecaster.origin}, so this is not a "
            "forecast that could have been made then"
        )
    if read := account_line(result.panel.account.as_dict(), data):
        echo(f"Read: {read}")
    for line in result.news:
        echo(f"Early: {line}")
    if result.forecaster.nowcasts:
        for line in told_lines(result.table, result.early.missing):
            echo(f"Early: {line}")
    for line in recorded_lines(result.issued) if result.issued else ():
        echo(f"Issued: {line}")
