"""The list of what an import could not place, doubted or decided: nothing is lost unsaid."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

import pandas as pd

__all__ = ["LISTING_COLUMNS", "Entry", "Level", "column_letter", "listing_table"]

Level = Literal["lost", "doubt", "note"]
LISTING_COLUMNS = (
    "level",
    "kind",
    "file",
    "sheet",
    "row",
    "column",
    "city",
    "year",
    "variable",
    "found",
    "reason",
    "likely",
)
_ORDER = {"lost": 0, "doubt": 1, "note": 2}


@dataclass(frozen=True)
class Entry:
    """One line of the list.

    Attributes
    ----------
    level : str
        ``lost`` (a value, row or column that is not in the panel), ``doubt`` (in the panel, to be
        looked at) or ``note`` (set aside or decided on evidence).
    kind : str
        ``sheet``, ``header``, ``row``, ``cell``, ``name``, ``unit``, ``year`` or ``conflict``.
    file, sheet : str
    row : int
        As a spreadsheet counts, from 1; 0 where it is about many.
    column : int
        From 1; 0 where it is about many.
    found : str
        What stands there.
    reason : str
        Why it is listed, and what to do.
    city, variable, likely : str
    year : int
        0 where it is about many.
    likely : str
        What was probably meant; never used as a value.
    """

    level: Level
    kind: str
    file: str
    sheet: str
    found: str
    reason: str
    row: int = 0
    column: int = 0
    city: str = ""
    year: int = 0
    variable: str = ""
    likely: str = ""


def column_letter(column: int) -> str:
    """Return the letters of a column as a spreadsheet shows them.

    Examples
    --------
    >>> column_letter(1), column_letter(28), column_letter(0)
    ('A', 'AB', '')
    """
    letters = ""
    while column > 0:
        column, digit = divmod(column - 1, 26)
        letters = chr(ord("A") + digit) + letters
    return letters


def listing_table(entries: Iterable[Entry]) -> pd.DataFrame:
    """Tabulate entries, what is lost first.

    Returns
    -------
    DataFrame
        ``LISTING_COLUMNS``; row, year and column are text, empty where the line is about many.
    """
    ordered = sorted(
        dict.fromkeys(entries),
        key=lambda e: (_ORDER[e.level], e.kind, e.file, e.sheet, e.row, e.column, e.found, e.city),
    )
    rows = [
        (
            entry.level,
            entry.kind,
            entry.file,
            entry.sheet,
            str(entry.row or ""),
            column_letter(entry.column),
            entry.city,
            str(entry.year or ""),
            entry.variable,
            entry.found,
            entry.reason,
            entry.likely,
        )
        for entry in ordered
    ]
    return pd.DataFrame(rows, columns=list(LISTING_COLUMNS), dtype=str)
