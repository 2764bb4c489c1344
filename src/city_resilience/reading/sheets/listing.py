"""The list of what an import could not place, doubted or decided: nothing is lost unsaid."""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd

from city_resilience.reading.issues import LEVELS, Issue, column_letter

__all__ = ["LISTING_COLUMNS", "listing_table"]

LISTING_COLUMNS = (
    *("level", "kind", "file", "sheet", "row", "column"),
    *("city", "year", "variable", "found", "reason", "likely"),
)


def listing_table(issues: Iterable[Issue]) -> pd.DataFrame:
    """Tabulate the issues of an import, what is lost first.

    Returns
    -------
    DataFrame
        ``LISTING_COLUMNS``; row, year and column are text, empty where the line is about many.
    """
    rows = [_row(issue) for issue in sorted(dict.fromkeys(issues), key=_rank)]
    return pd.DataFrame(rows, columns=list(LISTING_COLUMNS), dtype=str)


def _rank(issue: Issue) -> tuple[int | str, ...]:
    at = issue.place
    where = (at.file, at.sheet, at.row, at.column)
    return (LEVELS.index(issue.level), issue.kind, *where, issue.found, issue.city)


def _row(issue: Issue) -> tuple[str, ...]:
    at = issue.place
    where = (at.file, at.sheet, str(at.row or ""), column_letter(at.column))
    year = str(issue.years[0]) if issue.years else ""
    about = (issue.city, year, issue.variable, issue.found, issue.reason, issue.likely)
    return (issue.level, issue.kind, *where, *about)
