"""What checking a panel and importing sheets show."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table

from city_resilience.catalogue.sheets import load_sheet_rules
from city_resilience.commands.screen.console import open_console, say
from city_resilience.report.audit_coverage import THIN
from city_resilience.report.audit_summary import summarise_audit

__all__ = ["show_audit", "show_import", "show_measured"]

LISTED = {"error": 5, "warning": 3}


def show_audit(audit: Mapping[str, Any], console: Console | None = None) -> None:
    """Show what an audit found: counts, what train refuses, the weightiest warnings, coverage.

    Parameters
    ----------
    audit : mapping
        What `audit.AuditResult.as_dict` returned.
    """
    console = console or open_console()
    summary = summarise_audit(audit)
    words = summary["words"]["en"]
    style = {"error": "bold red", "warning": "yellow", "clear": "green"}[summary["level"]]
    say(console, f"{summary['source']}: {summary['extent']['en']}")
    say(console, summary["verdict"]["en"], style)
    if summary["findings"] or summary["accepted"]:
        console.print(_findings_by_check(summary["checks"], words))
    for severity, most in LISTED.items():
        rows = summary["leading"][severity][:most]
        for row in rows:
            for line in _finding_lines(row, words):
                say(console, line)
        if rest := summary["counts"][severity] - len(rows):
            say(console, f"… and {rest} more {severity}{'s' if rest > 1 else ''}")
    console.print(_series_by_family(summary["series"], words))
    say(
        console,
        "Every finding with both its settings, and every series by year: "
        "add --out audit.html (or audit.json) to city-resilience check",
    )


def _findings_by_check(checks: Iterable[Mapping[str, Any]], words: Mapping[str, str]) -> Table:
    table = Table(title="Findings by check", title_justify="left")
    table.add_column("check")
    kinds = ("error", "warning", "note", "accepted")
    for kind in kinds:
        table.add_column(words[f"tile_{kind}"].lower(), justify="right")
    for check in checks:
        if any(check[kind] for kind in kinds):
            counts = [str(check[kind] or "") for kind in kinds]
            table.add_row(words[f"check_{check['id']}"], *counts)
    return table


def _finding_lines(row: Mapping[str, Any], words: Mapping[str, str]) -> Iterable[str]:
    about = words[f"var_{row['variable']}"] if row["variable"] else words["rows"]
    where = ", ".join(filter(None, (about, row["who"]["en"], row["years"] or words["all_years"])))
    yield f"{row['severity']}: {where}{' · ' if row['cell'] else ''}{row['cell']}"
    yield f"    {row['reason']}"
    if row["correction"]:
        yield f"    [data.corrections] {row['correction']}"
    else:
        yield f"    [audit.accept] {row['acceptance']}"


def _series_by_family(groups: Sequence[Mapping[str, Any]], words: Mapping[str, str]) -> Table:
    title = "Coverage by family: number of series (years)"
    table = Table(title=title, title_justify="left", caption_justify="left")
    if any(line["thin"] for group in groups for line in group["lines"]):
        table.caption = f"thin: in some year fewer than {THIN:.0%} of the cities have a value"
    table.add_column("family")
    heads = ("series", "every year", "start late", "stop early", "with gaps", "thin", "empty")
    for head in heads:
        table.add_column(head, justify="right")
    for group in groups:
        lines = group["lines"]
        late, early = ([line[key] for line in lines if line[key]] for key in ("late", "early"))
        table.add_row(
            words[f"family_{group['family']}"],
            str(len(lines)),
            str(sum(line["whole"] for line in lines) or ""),
            _with_years(late),
            _with_years(early),
            str(sum(bool(line["gaps"]) for line in lines) or ""),
            str(sum(bool(line["thin"]) for line in lines) or ""),
            str(sum(not line["reach"] for line in lines) or ""),
        )
    return table


def _with_years(years: list[int]) -> str:
    if not years:
        return ""
    first, last = min(years), max(years)
    return f"{len(years)} ({first})" if first == last else f"{len(years)} ({first}–{last})"


MOST_LOST = 8
LEVELS = {"lost": "not in the panel", "warning": "doubtful", "note": "set aside or concluded"}


def show_import(imported: Any, out: str, listing: str, console: Console | None = None) -> None:
    """Show what an import found, year by year, and what it could not place.

    Parameters
    ----------
    imported : workbooks.Imported
    out, listing : str
        Files that were written.
    """
    console = console or open_console()
    table = imported.listing()
    console.print(_years(imported, table))
    lost, doubts, notes = (table[table["level"] == level] for level in LEVELS)
    for row in lost.head(MOST_LOST).to_dict("records"):
        likely = f"; probably {row['likely']}" if row["likely"] else ""
        say(console, f"Lost: {_place(row)}: {row['found'] or 'nothing'}: {row['reason']}{likely}")
    if len(lost) > MOST_LOST:
        say(console, f"… and {len(lost) - MOST_LOST} more, see the list")
    for variable, rows in doubts.groupby("variable", sort=False):
        first = rows.iloc[0]
        more = f" ({len(rows)} columns alike)" if len(rows) > 1 else ""
        say(console, f"Doubt: {variable}: {_place(first)}: {first['reason']}{more}")
    for reason in dict.fromkeys(notes.loc[notes["kind"] == "year", "reason"].str.split(",").str[0]):
        say(console, f"Years: {reason}; --year sets another rule")
    counts = table["level"].value_counts()
    listed = ", ".join(f"{counts.get(level, 0)} {word}" for level, word in LEVELS.items())
    say(console, f"Panel  {out}: {len(imported.places)} cities, {len(imported.cells):,} values")
    say(console, f"List   {listing}: {listed}")


def _years(imported: Any, listing: Any) -> Table:
    cells = imported.cells
    files, sheets = len(imported.files), imported.sheets
    title = f"{sheets} sheets of {files} files: cities with a value"
    table = Table(title=title, title_justify="left")
    scopes = [scope for scope in load_sheet_rules().scope_order if (cells["scope"] == scope).any()]
    for name in ("year", *(scope.replace("_", " ") for scope in scopes), "variables", "cells lost"):
        table.add_column(name, justify="right")
    lost = listing[listing["level"] == "lost"].groupby("year").size()
    for year, part in cells.groupby("year"):
        cities = (part.loc[part["scope"] == scope, "city"].nunique() for scope in scopes)
        counts = [*cities, part["variable"].nunique(), lost.get(str(year), 0)]
        table.add_row(str(year), *(str(count or "") for count in counts))
    return table


def _place(row: Any) -> str:
    cell = f"{row['column']}{row['row']}"
    about = " ".join(filter(None, (row["city"], row["year"], row["variable"])))
    place = " ".join(filter(None, (row["file"], row["sheet"], cell)))
    return f"{place} ({about})" if about else place


def show_measured(found: Any, out: str, console: Console | None = None) -> None:
    """Show the most and least resilient cities of each window, and why values are missing."""
    from city_resilience.resilience.measures import MEASURES
    from city_resilience.resilience.reasons import REASONS
    from city_resilience.resilience.summaries import extremes, resistance_and_recovery

    console = console or open_console()
    frame = found.frame
    for window in dict.fromkeys(frame["window"]):
        for measure in (name for name in MEASURES if name in frame):
            if frame[measure].dtype.kind == "f" and frame[measure].notna().any():
                rows = extremes(_own_gap(frame, measure), measure, window)
                console.print(_extremes(rows, MEASURES[measure], window))
    if {"resistance", "recovery"} <= set(frame.columns):
        for row in resistance_and_recovery(frame).to_dict("records"):
            say(
                console,
                f"Resistance and recovery, {row['window']}: rank correlation "
                f"{row['spearman']:+.2f}, linear {row['pearson']:+.2f}, {row['n']} cities",
            )
    for row in found.reasons[found.reasons["reason"] != ""].to_dict("records"):
        words = REASONS[row["reason"]].label_en
        say(console, f"Missing: {row['measure']} {row['window']}: {row['cities']} cities, {words}")
    for note in found.notes:
        if "masked as" in note:
            say(console, f"Note: {note}")
    say(console, f"Table: {out}: {len(frame)} rows")


def _own_gap(frame: Any, measure: str) -> Any:
    """Return the frame with the gap of the years that the measure is about."""
    if measure == "recovery" and "recovery_growth_gap_pp" in frame:
        return frame.assign(growth_gap_pp=frame["recovery_growth_gap_pp"])
    return frame


def _extremes(rows: Any, measure: Any, window: str) -> Table:
    title = f"{measure.id} ({measure.unit}), {window}: {measure.sign}"
    table = Table(title=title, title_justify="left")
    beside = "growth_gap_pp" in rows
    for side in ("most", "least"):
        table.add_column(side)
        table.add_column(measure.id, justify="right")
        if beside:
            table.add_column("gap, pp", justify="right")
    sides = [rows[rows["side"] == side].to_dict("records") for side in ("most", "least")]
    for pair in zip(*sides, strict=True):
        cells: list[str] = []
        for row in pair:
            cells += [row["city"], f"{row[measure.id]:+.3f}"]
            cells += [f"{row['growth_gap_pp']:+.2f}"] if beside else []
        table.add_row(*cells)
    return table
