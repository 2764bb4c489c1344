"""``check``: the audit of a panel, on the terminal, as a page or as JSON."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from city_resilience.commands.console import echo
from city_resilience.commands.options import (
    PATH,
    encoding_option,
    engine_options,
    overrides_option,
    sheet_option,
    working,
)
from city_resilience.errors import InputError
from city_resilience.progress import Progress, silent

if TYPE_CHECKING:
    import pandas as pd
    from rich.console import Console
    from rich.table import Table

    from city_resilience.audit.audit import AuditResult
    from city_resilience.audit.read_audited import AuditedPanel
    from city_resilience.experiment.experiment import Experiment
    from city_resilience.reading.panel import Panel

__all__ = ["check", "command", "show"]

LISTED = {"error": 5, "warning": 3}
KINDS = ("error", "warning", "note", "accepted")


def check(
    data: pd.DataFrame | Path | str,
    experiment: Experiment | Path | str | None = None,
    *,
    outcome: str = "",
    sheet: str = "",
    encoding: str = "",
    overrides: Iterable[str] = (),
    out: Path | str | None = None,
    progress: Progress = silent,
) -> AuditResult:
    """Audit a panel, as an experiment reads it where one is given.

    Parameters
    ----------
    data : DataFrame or path
        The panel.
    experiment : Experiment or path, optional
    outcome : str
        Id of the outcome in place of the experiment's.
    sheet, encoding : str
        Sheet of a workbook; encoding of a text file, in place of the experiment's.
    overrides : iterable of str
        ``section.key=value`` pairs, for an experiment file.
    out : Path, optional
        Writes the audit there: ``.html`` or ``.json``.
    progress : callable, optional
        Told where a panel of any size stands.

    Raises
    ------
    InputError
        If the experiment is not usable, or the data are no panel at all.
    """
    from city_resilience.audit.read_audited import read_audited
    from city_resilience.audit.settling import settling_of, unmasked_by
    from city_resilience.commands.source import experiment_of, folder_of
    from city_resilience.experiment.data import Audit
    from city_resilience.files import output_path
    from city_resilience.report.audit_page import SUFFIXES, write_audit

    out = output_path(out, [data], SUFFIXES)
    chosen = None if experiment is None else experiment_of(experiment, overrides)
    read = read_audited(
        data,
        chosen,
        purpose="check",
        outcome=outcome,
        sheet=sheet,
        encoding=encoding,
        progress=progress,
    )
    settings = chosen.audit if chosen else Audit()
    unmasked = unmasked_by(settling_of(read.audit.errors), read.audit, settings)
    refusal = ""
    if experiment is not None and chosen and not outcome:
        refusal = _refusal(read, chosen, folder_of(experiment))
    audit = replace(read.audit, unmasked=unmasked, refusal=refusal)
    if out is not None:
        write_audit(audit.as_dict(), out)
    return audit


def _refusal(read: AuditedPanel, experiment: Experiment, folder: Path) -> str:
    """Return why train refuses a panel that has no error, "" where it does not.

    It is not looked for in a panel of any size, whose indicators would have to be computed.
    Early releases count whose files the experiment, in its folder, names.
    """
    from city_resilience.commands.early import own_files, read_early
    from city_resilience.commands.evaluation import refuse_window_measure
    from city_resilience.evaluation.checks import check_experiment
    from city_resilience.reading.stored_panel import StoredPanel
    from city_resilience.tasks.dataset import build_dataset

    if read.audit.errors or isinstance(read.panel, StoredPanel):
        return ""
    try:
        refuse_window_measure(experiment)
        read_early(experiment, (), read.panel, own_files(experiment, folder))
        check_experiment(build_dataset(read.panel, experiment), experiment)
    except InputError as error:
        return str(error)
    return ""


@click.command("check")
@click.argument("panel", metavar="DATA")
@click.option("--experiment", help="Use the settings of this experiment.")
@click.option("--outcome", default="", help="Variable that is forecast. [the experiment's]")
@sheet_option
@encoding_option
@overrides_option
@click.option("--out", type=PATH, help="Write the audit: .html or .json.")
@click.option(
    "--settle",
    type=PATH,
    metavar="EXPERIMENT",
    help="Show the lines that settle the errors, ask, and write them into this experiment file.",
)
@click.option("--yes", is_flag=True, help="With --settle: write without asking.")
@click.option(
    "--since",
    type=PATH,
    metavar="AUDIT.JSON",
    help="Show only what is new since an earlier audit.",
)
@engine_options
def command(
    panel: str,
    experiment: str | None,
    settle: Path | None,
    since: Path | None,
    out: Path | None,
    yes: bool,
    **options: Any,
) -> None:
    """Audit a panel; show for each issue the line that settles it.

    \b
    Examples:
      city-resilience check panel.csv --out audit.html
      city-resilience check panel.csv --experiment experiments/china_prefecture/experiment.toml
      city-resilience check panel.csv --settle my.toml
      city-resilience check panel.csv --since audit.json
    """
    from city_resilience.commands.console import progress_bars
    from city_resilience.commands.settle import settle_errors
    from city_resilience.commands.since import read_audit

    if experiment and settle and Path(experiment).resolve() != settle.resolve():
        raise click.UsageError(
            "--settle reads and writes one experiment file; leave out --experiment."
        )
    earlier = None if since is None else read_audit(since, out)
    with progress_bars() as progress, working(options):
        audit = check(panel, experiment or settle, out=out, progress=progress, **options)
    show(audit.as_dict(), earlier=earlier, name=str(since))
    if out is not None:
        echo(f"Audit: {out}")
    if settle is not None:
        settle_errors(audit, settle, yes=yes)
    if not audit.panel.variables:
        raise _no_outcome(audit.panel, panel)


def _no_outcome(panel: Panel, name: str) -> InputError:
    """Return the refusal of a panel without any variable, with the lines that declare one."""
    from city_resilience.reading.account import unread_values
    from city_resilience.reading.checks import outcome_lines
    from city_resilience.report.account import cut

    left = unread_values(panel.account.columns)
    return InputError(
        f"{name}: no outcome, for no column is a variable; columns left out: "
        f"{cut([repr(header) for header in left])['en'] or 'none'}; declare one in an experiment "
        f"file as below, or let city-resilience new {name} draft it",
        paste=outcome_lines("", [], left),
    )


def show(
    audit: Mapping[str, Any],
    console: Console | None = None,
    *,
    earlier: Mapping[str, Any] | None = None,
    name: str = "",
) -> None:
    """Show what an audit found: what came in, counts, the weightiest issues, coverage.

    Parameters
    ----------
    audit : mapping
        What ``AuditResult.as_dict`` returned.
    earlier : mapping, optional
        Another of them: only the issues that it has not are shown.
    name : str
        Where it stands.
    """
    from city_resilience.commands.console import open_console, say
    from city_resilience.commands.since import new_since
    from city_resilience.report.audit_summary import summarise_audit

    console = console or open_console()
    summary = summarise_audit(audit)
    style = {"error": "bold red", "warning": "yellow", "clear": "green"}[summary["level"]]
    say(console, f"{summary['source']}: {summary['size']['en']}")
    say(console, summary["verdict"]["en"], style)
    if earlier is not None:
        compared = new_since(audit, earlier)
        say(console, f"Since {name}: {compared.words}; shown are the new ones")
        summary = summarise_audit(compared.audit)
    for line in _account(summary["account"]):
        say(console, line)
    if summary["issues"] or summary["accepted"]:
        console.print(_issues_by_check(summary["checks"]))
    for line in (*_leading(summary), *_unmasked(summary["unmasked"])):
        say(console, line)
    if summary["series"]:
        console.print(_series_by_family(summary["series"]))
    say(
        console,
        "Every issue with both its settings, every column, row set aside and series by year: "
        "add --out audit.html (or audit.json) to city-resilience check",
    )


def _account(account: Mapping[str, Any] | None) -> Iterable[str]:
    """Yield what came in: columns and rows, and the first of those that did not."""
    if account is None:
        return
    yield account["columns"]["en"]
    yield account["rows"]["en"]
    for line in account["lists"]:
        yield f"    {line['en']}"


def _issues_by_check(checks: Iterable[Mapping[str, Any]]) -> Table:
    from city_resilience.commands.console import table_of
    from city_resilience.report.texts import words

    found = [
        {"name": check["name"]["en"], **{kind: check[kind] or None for kind in KINDS}}
        for check in checks
        if any(check[kind] for kind in KINDS)
    ]
    heads = [words(f"audit_tile_{kind}", "en").lower() for kind in KINDS]
    columns = [(head, f"{{{kind}:}}") for head, kind in zip(heads, KINDS, strict=True)]
    return table_of("Issues by check", [("check", "{name}"), *columns], found)


def _leading(summary: Mapping[str, Any]) -> Iterable[str]:
    """Yield the weightiest errors and warnings, each with the line that settles it."""
    for severity, most in LISTED.items():
        rows = summary["leading"][severity][:most]
        for row in rows:
            where = ", ".join(row[key]["en"] for key in ("variable_name", "who", "years"))
            yield f"{row['severity']}: {where}{' · ' if row['cell'] else ''}{row['cell']}"
            yield f"    {row['reason']['en']}"
            if row["correction"]:
                yield f"    [data.corrections] {row['correction']}"
            elif row["acceptance"]:
                yield f"    [audit.accept] {row['acceptance']}"
        if rest := summary["counts"][severity] - len(rows):
            yield f"… and {rest} more {severity}{'s' if rest > 1 else ''}"


def _unmasked(unmasked: Mapping[str, Any] | None) -> Iterable[str]:
    """Yield what appears once the errors are settled."""
    if unmasked is None:
        return
    yield f"{unmasked['sentence']['en']}:"
    for row in unmasked["rows"]:
        where = ", ".join(row[key]["en"] for key in ("variable_name", "who", "years"))
        yield f"    {row['severity']}: {where}: {row['reason']['en']}"


def _series_by_family(groups: Sequence[Mapping[str, Any]]) -> Table:
    from city_resilience.commands.console import table_of
    from city_resilience.report.audit_coverage import THIN

    found = []
    for group in groups:
        lines = group["lines"]
        late, early = ([line[key] for line in lines if line[key]] for key in ("late", "early"))
        counts = {
            "every year": sum(line["whole"] for line in lines),
            "start late": _with_years(late),
            "stop early": _with_years(early),
            "with gaps": sum(bool(line["gaps"]) for line in lines),
            "thin": sum(bool(line["thin"]) for line in lines),
            "empty": sum(not line["reach"] for line in lines),
        }
        named = {key.replace(" ", "_"): count or None for key, count in counts.items()}
        found.append({"family": group["name"]["en"], "series": len(lines), **named})
    heads = ("series", "every year", "start late", "stop early", "with gaps", "thin", "empty")
    columns = [(head, f"{{{head.replace(' ', '_')}:}}") for head in heads]
    title = "Coverage by family: number of series (years)"
    table = table_of(title, [("family", "{family}"), *columns], found)
    if any(line["thin"] for group in groups for line in group["lines"]):
        table.caption = f"thin: in some year fewer than {THIN:.0%} of the places have a value"
    return table


def _with_years(years: list[int]) -> str:
    if not years:
        return ""
    first, last = min(years), max(years)
    return f"{len(years)} ({first})" if first == last else f"{len(years)} ({first}–{last})"
