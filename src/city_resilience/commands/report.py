"""``report``: the page of a trained model, written again from what its run left."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from city_resilience.commands.console import echo
from city_resilience.commands.options import PATH, model_option, store_option
from city_resilience.errors import InputError
from city_resilience.files import check_suffix, refuse_overwriting
from city_resilience.unfinished import settle

if TYPE_CHECKING:
    from city_resilience.report.summary import Summary

__all__ = ["Reported", "command", "show", "write_report"]

SUFFIXES = (".html", ".htm")


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
    model: Path | str = "",
    store: str = "",
) -> Reported:
    """Write the report of a trained model again.

    Parameters
    ----------
    out : Path
        HTML file.
    results : Path, optional
        Folder that ``train`` wrote; else the model's run is looked for.
    study : Path, optional
        Folder of a study that goes into the report.
    model, store
        As for ``find_stored``.

    Raises
    ------
    InputError
        If the summary or the study is not there, the study is about another experiment, or the
        report would overwrite another file of the results.
    """
    from city_resilience.evaluation.study.study import read_study
    from city_resilience.report import report_page
    from city_resilience.report.summary import read_summary, with_study

    out, results = Path(out), None if results is None else Path(results)
    check_suffix(out, SUFFIXES)
    settle(results)
    if results is not None and results.is_dir():
        others = (path for path in results.iterdir() if path.name != "report.html")
        refuse_overwriting([out], others)
    summary = read_summary(_summary_path(results, model, store))
    if study is not None:
        summary = with_study(summary, read_study(Path(study)))
    return Reported(summary, report_page.write_report(summary, out))


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
@model_option
@store_option
def command(**options: Any) -> None:
    """Write the report of a trained model again, as one HTML file.

    \b
    Examples:
      city-resilience report --model demo@champion --out report.html
      city-resilience report --results out/demo --study out/study --out report.html
    """
    show(write_report(**options))


def show(result: Reported) -> None:
    """Say where the report is."""
    echo(f"Report: {result.out}")
