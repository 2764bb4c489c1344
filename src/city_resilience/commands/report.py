"""``report``: the page of a trained model, written again from what its run left."""

from __future__ import annotations

import os
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from city_resilience.commands.console import echo
from city_resilience.commands.options import PATH, model_option, record_option, store_option
from city_resilience.errors import InputError, check_known
from city_resilience.files import check_suffix, refuse_overwriting
from city_resilience.unfinished import settle

if TYPE_CHECKING:
    from city_resilience.issued.record import Issues
    from city_resilience.report.summary import Summary

__all__ = ["Reported", "command", "show", "write_report"]

SUFFIXES = (".html", ".htm", ".xlsx", ".docx")
IN_ONE = (".xlsx", ".docx")
"""What is in one language."""
LANGUAGES = ("en", "zh")
OWN = ("report.html", "report.xlsx", "brief.docx")
"""What may be written over in a folder of results."""


@dataclass(frozen=True)
class Reported:
    """A report that was written, and the summary it was made of."""

    summary: Summary
    out: Path


def write_report(
    out: Path | str,
    results: Path | str | None = None,
    *,
    study: Path | str | None = None,
    mechanisms: Path | str | None = None,
    model: Path | str = "",
    store: str = "",
    record: Path | str | None = None,
    lang: str = "",
) -> Reported:
    """Write the report of a trained model again, as a page, a workbook or a brief.

    Parameters
    ----------
    out : Path
        ``.html``, a page in both languages; ``.xlsx``, a workbook, or ``.docx``, a brief of two
        pages, in one.
    results : Path, optional
        Folder that ``train`` wrote; else the model's run is looked for.
    study : Path, optional
        Folder of a study that goes into the report.
    mechanisms : Path, optional
        Folder of tests of the claims that go into the page; a workbook and a brief hold none.
    model, store
        As for ``find_stored``.
    record : Path, optional
        Folder of the record of issued forecasts; beside the store of the model unless given. Where
        the forecast of the report was issued, and one before it, the report says what changed.
    lang : str
        Language of a workbook or a brief, ``en`` or ``zh``; that of the cities' names unless given.

    Raises
    ------
    InputError
        If the summary, the study or the tests are not there, one of these is about another
        experiment, or the report would overwrite another file of the results.
    """
    from city_resilience.evaluation.study.study import read_study
    from city_resilience.mechanisms.run import read_mechanisms
    from city_resilience.report.mechanisms import with_mechanisms
    from city_resilience.report.summary import read_summary, with_study

    out, results = Path(out), None if results is None else Path(results)
    if lang:
        check_known(lang, LANGUAGES, "--lang: no language")
    if lang and out.suffix.lower() not in IN_ONE:
        raise InputError(
            f"{out}: a page holds both languages; leave --lang out, or end the name in "
            f"{' or '.join(IN_ONE)}"
        )
    check_suffix(out, SUFFIXES)
    settle(results)
    if results is not None and results.is_dir():
        others = (path for path in results.iterdir() if path.name not in OWN)
        refuse_overwriting([out], others)
    summary = read_summary(_summary_path(results, model, store))
    if study is not None:
        summary = with_study(summary, read_study(Path(study)))
    if mechanisms is not None:
        summary = with_mechanisms(summary, read_mechanisms(Path(mechanisms)))
    if place := _record(record, store, beside=results is None):
        summary = _with_record(summary, place, named=record is not None)
    told = [] if study or mechanisms or summary.get("changed") else _beside(out, results)
    return Reported(summary, _written(summary, out, lang, told))


def _beside(out: Path, results: Path | None) -> list[str]:
    """Return what train wrote beside a page that is written again in the folder of its results."""
    if results is None or out.resolve().parent != results.resolve():
        return []
    return [name for name in OWN if name != out.name and (results / name).is_file()]


def _written(summary: Summary, out: Path, lang: str, beside: Collection[str]) -> Path:
    if out.suffix.lower() == ".xlsx":
        from city_resilience.report.report_workbook import write_report_workbook

        return write_report_workbook(summary, out, lang)
    if out.suffix.lower() == ".docx":
        from city_resilience.report.brief_document import write_brief

        return write_brief(summary, out, lang)
    from city_resilience.report import report_page

    return report_page.write_report(summary, out, beside=beside)


def _record(record: Path | str | None, store: str, *, beside: bool) -> Path | None:
    """Return the folder of the record that was named, else the one beside the store, if any."""
    from city_resilience.commands.recording import RECORD, record_folder

    if record is None and not beside and not os.environ.get(RECORD):
        return None
    try:
        return record_folder(record, store)
    except InputError:  # a server, beside which there is no folder
        return None


def _with_record(summary: Summary, place: Path, *, named: bool) -> Summary:
    """Return a summary with what changed since the last issue, and what came of earlier ones."""
    from city_resilience.issued.record import models_of, read_issues
    from city_resilience.report.issued_before import with_issued
    from city_resilience.report.outlook import with_changed

    name = summary["run"]["name"]
    if not named and name not in models_of(place):
        return {**summary, "changed": None}
    issues = read_issues(place, name)
    found = _changed(issues, summary)
    summary = {**summary, "changed": found, "by_horizon": with_changed(summary, found)}
    return {**summary, "by_horizon": with_issued(summary, issues)}


def _changed(issues: Issues, summary: Summary) -> dict[str, Any] | None:
    """Return what changed since the issue before the one of the report's forecast."""
    from city_resilience.issued.changes import changed_since
    from city_resilience.report.monitor_summary import changed_part

    found = changed_since(issues)
    return changed_part(found) if found and found.now.origin == summary["origin"] else None


def _summary_path(results: Path | None, model: Path | str, store: str) -> Path:
    from city_resilience.commands.stored import find_stored
    from city_resilience.tracking.registry import result_file

    if results is None:
        return result_file(find_stored(model, store), "summary.json", "give --results")
    path = results / "summary.json"
    if not path.is_file():
        raise InputError(f"{path}: not there; name a folder that 'train --out' wrote")
    return path


@click.command("report")
@click.option("--out", type=PATH, default=Path("report.html"))
@click.option("--results", type=PATH, help="Folder written by train --out.")
@click.option("--study", type=PATH, help="Folder written by study --out.")
@click.option("--mechanisms", type=PATH, help="Folder written by mechanisms --out, for a page.")
@click.option(
    "--lang",
    type=click.Choice(LANGUAGES),
    help="Language of a workbook or a brief [that of the cities' names].",
)
@model_option
@store_option
@record_option
def command(**options: Any) -> None:
    """Write the report of a trained model again, as one HTML file, a workbook or a brief.

    \b
    Examples:
      city-resilience report --model demo@champion --out report.html
      city-resilience report --results out/demo --study out/study --out report.html
      city-resilience report --results out/demo --mechanisms out/mechanisms --out report.html
      city-resilience report --results out/demo --out report.xlsx --lang zh
      city-resilience report --results out/demo --out brief.docx
    """
    options["lang"] = options["lang"] or ""
    show(write_report(**options))


def show(result: Reported) -> None:
    """Say where the report is."""
    echo(f"Report: {result.out}")
