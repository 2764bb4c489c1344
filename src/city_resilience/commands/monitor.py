"""``monitor``: issued forecasts beside what came to pass, indicators beside their training."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from city_resilience.commands.console import echo
from city_resilience.commands.options import (
    PATH,
    model_option,
    record_option,
    sheet_option,
    store_option,
)
from city_resilience.errors import AlarmRaised, InputError

if TYPE_CHECKING:
    import pandas as pd

    from city_resilience.issued.alarms import Alarm
    from city_resilience.issued.changes import Changed

__all__ = ["FILES", "Monitored", "command", "monitor", "show"]

PAGE, SUMMARY = "monitor.html", "monitor.json"
TABLES = ("issued_rows.parquet", "issued_scores.csv", "survey.csv", "drift.csv")
CHANGED = "changed.csv"
FILES = (PAGE, SUMMARY, *TABLES, CHANGED)
"""What ``monitor`` leaves in its output folder."""
COLUMNS = (
    ("issued", "{issued}"),
    ("h", "{horizon:}"),
    ("years", "{years:}"),
    ("MAE", "{mae_beside:}"),
    ("best naive rule", "{rule}"),
    ("MAE", "{rule_mae:.2f}"),
    ("skill", "{skill_naive:+.1%}"),
    ("rank", "{rank_correlation_beside:}"),
    ("inside", "{coverage_beside:}"),
)
FORMS = {"mae": "{:.2f}", "rank_correlation": "{:.2f}", "coverage": "{:.0%}"}


@dataclass(frozen=True)
class Monitored:
    """What became of the issued forecasts of a model.

    Attributes
    ----------
    rows, scores, survey : DataFrame
        As of `scored_rows`, `issued_scores` and `survey_table`.
    drift : DataFrame
        As of `drift_of`, on the newest panel.
    changed : Changed or None
        The newest issue beside the one before it.
    alarms : tuple of Alarm
        What is beyond its limit.
    summary : mapping
        As ``monitor.json`` has it.
    out : Path or None
        Folder of the files.
    run_id : str
        The run that keeps them; "" where the model is not registered.
    """

    rows: pd.DataFrame
    scores: pd.DataFrame
    survey: pd.DataFrame
    drift: pd.DataFrame
    changed: Changed | None
    alarms: tuple[Alarm, ...]
    summary: Mapping[str, Any]
    out: Path | None
    run_id: str

    @property
    def sentences(self) -> tuple[str, ...]:
        """The alarms in English, one sentence each."""
        return tuple(text["en"] for text in self._said)

    @property
    def _said(self) -> list[dict[str, str]]:
        from city_resilience.report.monitor import alarm_sentence
        from city_resilience.report.texts import Texts

        labels = {row["indicator"]: (row["en"], row["zh"]) for row in self.summary["drift"]}
        say = Texts(self.summary["measure"])
        return [alarm_sentence(own, labels, say) for own in self.summary["alarms"]]


def monitor(
    actuals: pd.DataFrame | Path | str | Sequence[pd.DataFrame | Path | str],
    model: Path | str = "",
    *,
    store: str = "",
    record: Path | str | None = None,
    out: Path | str | None = None,
    sheet: str = "",
    lang: str = "",
) -> Monitored:
    """Score every issued forecast whose outcome is known, and look for drift of the indicators.

    Parameters
    ----------
    actuals : DataFrame or path, or several
        Panels that hold outcomes, in the layout of the model's experiment, the oldest first. An
        outcome counts as the last of them has it and, with several, as it was first published.
        Drift is looked for in the last.
    model, store
        The model in use, as for ``find_stored``; its experiment has the limits.
    record : Path, optional
        Folder of the record of issued forecasts, see ``record_folder``.
    out : Path, optional
        Folder that receives the page and the tables (``FILES``).
    sheet : str
        Sheet of a workbook; "" = the experiment's.
    lang : str
        ``en`` or ``zh``: the language that the page opens in, the reader's unless given.

    Raises
    ------
    InputError
        If the model, the record, a panel or the folder is not usable; nothing is written then.
    """
    from city_resilience.commands.monitoring import looked_at, write_monitored
    from city_resilience.commands.recording import record_folder
    from city_resilience.commands.stored import open_stored
    from city_resilience.errors import check_known
    from city_resilience.files import check_folder, refuse_overwriting
    from city_resilience.issued.record import read_issues

    if lang:
        check_known(lang, ("en", "zh"), "--lang: no language")
    sources = (
        [actuals] if not isinstance(actuals, Sequence) or isinstance(actuals, str) else actuals
    )
    if not len(sources):
        raise InputError("--actuals: names no panel; give one with the outcomes")
    place = None if out is None else Path(out)
    check_folder(place, FILES)
    if place is not None:
        refuse_overwriting((place / name for name in FILES), sources)
    bundle, found = open_stored(model, store)
    name = bundle.forecaster.experiment.name
    issues = read_issues(record_folder(record, store), name)
    seen = looked_at(bundle.forecaster, found, issues, sources, sheet, lang)
    return write_monitored(seen, found, bundle.forecaster, place)


@click.command("monitor")
@click.option(
    "--actuals",
    multiple=True,
    required=True,
    metavar="PANEL",
    help="A panel with outcomes. Repeatable, the oldest first: outcomes are then also scored as "
    "they were first published.",
)
@model_option
@store_option
@record_option
@click.option("--out", type=PATH, help="Folder for the page and the tables.")
@sheet_option
@click.option(
    "--lang",
    type=click.Choice(["en", "zh"]),
    help="Language that the page opens in [the browser's]; it holds both.",
)
@click.option("--strict", is_flag=True, help="End with 3 if an alarm was raised.")
@click.option("--quiet", "-q", is_flag=True, help="Print alarms and errors alone.")
def command(strict: bool, quiet: bool, **options: Any) -> None:
    """Score issued forecasts whose outcome is now known, and look for drift of the indicators.

    \b
    Examples:
      city-resilience monitor --actuals panel_2024.csv --out monitor
      city-resilience monitor --actuals panel_2024.csv --model demo@champion --strict
      city-resilience monitor --actuals panel_2023.csv --actuals panel_2024.csv --out monitor
    """
    options["lang"] = options["lang"] or ""
    result = monitor(**options)
    if not quiet:
        show(result)
    for text in result.sentences:
        echo(f"Alarm: {text}", err=True)
    if strict and result.alarms:
        count = len(result.alarms)
        raise AlarmRaised(
            f"{result.summary['model']}: {count} alarm{'s' * (count > 1)}, see above; the limits "
            "are in [monitor] of the experiment; correct the data, or train the model again"
        )


def show(result: Monitored) -> None:
    """Show the scores beside the backtest's, and where the files are."""
    from city_resilience.commands.console import open_console, say, table_of

    console, summary = open_console(), result.summary
    for line in _lines(result):
        say(console, line)
    if summary["scores"]:
        console.print(
            table_of("Issued forecasts (in brackets the backtest)", COLUMNS, _rows(summary))
        )
    if result.out is not None:
        say(console, f"Files       {result.out} ({PAGE}, issued_scores.csv, drift.csv …)")
    if result.run_id:
        say(console, f"Run         {result.run_id}")


def _rows(summary: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield a line for each horizon, with what the backtest said in brackets."""
    from city_resilience.report.texts import model_name

    for row in summary["scores"]:
        beside = {}
        for name, form in FORMS.items():
            own, known = row[name], row["backtest"].get(name)
            text = None if own is None else form.format(own)
            beside[f"{name}_beside"] = text if known is None else f"{text} ({form.format(known)})"
        issued = f"{row['information']}, {row['status']}"
        yield row | beside | {"issued": issued, "rule": model_name(row["best_naive"], "en")}


def _lines(result: Monitored) -> Iterator[str]:
    summary, rows = result.summary, result.rows
    scored = rows["issue"].nunique()
    every = len(summary["issues"])
    yield (
        f"Issued      {every} forecast{'s' * (every != 1)} of {summary['model']}; outcomes up to "
        f"{summary['actual_year']} are known of {scored}"
    )
    drift = result.drift
    judged = int((drift["status"] == "judged").sum())
    named = int((drift["alarm"] != "").sum())
    yield f"Indicators  {named} of {len(drift)} with an alarm, {judged} judged by their past years"
