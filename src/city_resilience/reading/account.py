"""The account of a table that was read: what each column became, and which rows were set aside."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np

from city_resilience.catalogue.variables import Match
from city_resilience.reading.wording import Wording, catalogue_key

__all__ = [
    "Account",
    "ColumnRead",
    "LeftOut",
    "RowsAside",
    "columns_read",
    "spans_of",
    "unread_values",
]

LeftOut = Literal["", "unknown", "unit", "scope", "spare"]
"""Why a column was not read: neither in the catalogue nor declared; known, but its unit or wording
does not fit; about another territory; a code or region that is not used as a key."""

Aside = Literal[
    "blank",
    "keys",
    "scope",
    "territory",
    "name",
    "total",
    "duplicate",
    "dropped",
    "no_nation",
    "small_nation",
]
"""Why rows were set aside: nothing stands in them; city or year cannot be read; about another
territory; a province, total, county or header by the gazetteer; a name that is no one unit's; the
total of the others; a city and year that stand in an earlier row; a city that corrections leave
without any value; a place without a nation, or of a nation of too few places, where the panel holds
several."""


@dataclass(frozen=True)
class ColumnRead:
    """One column of the table.

    Attributes
    ----------
    header : str
    use : str
        Key (``city``, ``year``, ``province``, ``scope``), ``group``, ``variable``, or "" where it
        was left out.
    variable : str
        Id of the variable.
    unit, written : str
        Unit that its values have in the panel, and that they have in the file ("" = not stated).
    factor : float
        What the file's numbers were multiplied by.
    why : str
        Why it was left out, see `LeftOut`.
    said : str
        What the reader has to say of it in that case, one sentence.
    """

    header: str
    use: str = ""
    variable: str = ""
    unit: str = ""
    written: str = ""
    factor: float = 1.0
    why: LeftOut = ""
    said: str = ""


@dataclass(frozen=True)
class RowsAside:
    """Rows that were set aside for one reason.

    Attributes
    ----------
    why : str
        See `Aside`.
    rows : int
        How many.
    spans : tuple of (int, int)
        First and last row of each run of them, as a spreadsheet counts.
    names : tuple of str
        The names in them that are no city's, or the places or nations left out, each once.
    """

    why: Aside
    rows: int
    spans: tuple[tuple[int, int], ...]
    names: tuple[str, ...] = ()


@dataclass(frozen=True)
class Account:
    """What came in of a table.

    Attributes
    ----------
    columns : tuple of ColumnRead
        In the order of the file; empty for a panel that was not read from one table.
    rows : int
        Rows below the header.
    aside : tuple of RowsAside
        Those that are not in the panel.
    encoding : str
        In which a text file was read, where that is not UTF-8.
    """

    columns: tuple[ColumnRead, ...] = ()
    rows: int = 0
    aside: tuple[RowsAside, ...] = ()
    encoding: str = ""

    @property
    def left_out(self) -> tuple[ColumnRead, ...]:
        """Columns that were not read."""
        return tuple(column for column in self.columns if not column.use)

    @property
    def kept(self) -> int:
        """Rows that are in the panel."""
        return self.rows - sum(aside.rows for aside in self.aside)

    def as_dict(self) -> dict[str, Any]:
        """Return a plain mapping, the number of rows kept included, for JSON."""
        aside = [asdict(one) | {"spans": [list(span) for span in one.spans]} for one in self.aside]
        columns = [asdict(column) for column in self.columns]
        found = {"columns": columns, "rows": self.rows, "kept": self.kept, "aside": aside}
        return found | ({"encoding": self.encoding} if self.encoding else {})


def columns_read(
    headers: Sequence[str],
    keys: Mapping[str, int],
    groups: Mapping[str, int],
    variables: Mapping[int, Match],
    read: Mapping[int, Wording],
) -> tuple[ColumnRead, ...]:
    """Say what each column became; one without a header and a use is no column of the table.

    Parameters
    ----------
    headers : sequence of str
        By position.
    keys, groups : mapping of str to int
        Positions of the columns that serve so.
    variables : mapping of int to Match
        Meaning of the columns that become variables, by position.
    read : mapping of int to Wording
        What the headers of the others were understood to say.
    """
    became = {at: ColumnRead(headers[at], key) for key, at in keys.items()}
    became |= {at: ColumnRead(headers[at], "group") for at in groups.values()}
    for at, match in variables.items():
        variable = match.variable
        became[at] = ColumnRead(
            *(headers[at], "variable", variable.id, variable.unit),
            written=match.unit_in_header,
            factor=match.factor,
        )
    for at, header in enumerate(headers):
        if header and at not in became:
            became[at] = _not_read(header, read.get(at))
    return tuple(became[at] for at in sorted(became))


def _not_read(header: str, wording: Wording | None) -> ColumnRead:
    """Say why a column was left out."""
    if wording is not None and wording.problem:
        return ColumnRead(header, variable=wording.variable, why="unit", said=wording.problem)
    if wording is not None and wording.match:
        return ColumnRead(header, why="scope", said=wording.match.scope)
    return ColumnRead(header, why="spare" if catalogue_key(header) else "unknown")


def unread_values(columns: Iterable[ColumnRead]) -> list[str]:
    """Return the headers of columns that were left out and may hold values of their own."""
    return [column.header for column in columns if column.why in ("unknown", "unit")]


def spans_of(rows: Iterable[int]) -> tuple[tuple[int, int], ...]:
    """Return the runs of consecutive numbers, each as its first and last.

    Examples
    --------
    >>> spans_of([2, 3, 4, 9])
    ((2, 4), (9, 9))
    """
    numbers = np.sort(np.fromiter(rows, dtype=np.int64))
    if not numbers.size:
        return ()
    breaks = np.flatnonzero(np.diff(numbers) > 1)
    firsts = numbers[np.concatenate(([0], breaks + 1))]
    lasts = numbers[np.concatenate((breaks, [-1]))]
    return tuple(zip(firsts.tolist(), lasts.tolist(), strict=True))
