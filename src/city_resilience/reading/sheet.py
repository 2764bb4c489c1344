"""A sheet as it lies in a file: rows of cells, with the cells that a merged cell covers."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from city_resilience.reading.number_style import Decimal
from city_resilience.reading.wording import single_line, unspaced

__all__ = ["Position", "Row", "Sheet", "part_of", "trimmed", "with_keys"]

_HEAD = 40  # rows among which the headers are

Row = tuple[Any, ...]
Position = tuple[int, int]


@dataclass(frozen=True)
class Sheet:
    """One sheet of a file.

    Attributes
    ----------
    file, name : str
        Name of the file and of the sheet; a CSV or Parquet file has one sheet without a name.
    rows : tuple of tuple
        Cells as the file holds them; rows may differ in length.
    covered : mapping of (row, column) to (row, column)
        For each cell that a merged cell covers, the position of its top left cell; from 0.
    above : tuple of str
        Titles of the first table, for one that stands below or beside it in the same sheet.
    first : int
        Row above which everything is blank, from 0.
    decimal : str
        What a text file says about its decimals; see `number_style`.
    encoding : str
        In which a text file was read, where that is not UTF-8.
    last : int or None
        Row before which the table ends, where it is a part of a sheet; None for all rows.
    left_out : frozenset of int
        Rows that count as blank.
    """

    file: str
    name: str
    rows: tuple[Row, ...]
    covered: Mapping[Position, Position] = field(default_factory=dict)
    above: tuple[str, ...] = ()
    first: int = 0
    decimal: Decimal = ""
    encoding: str = ""
    last: int | None = None
    left_out: frozenset[int] = frozenset()

    @cached_property
    def end(self) -> int:
        """Row before which the sheet ends."""
        return len(self.rows) if self.last is None else self.last

    @cached_property
    def width(self) -> int:
        """Number of columns."""
        return max((len(self.cells(row)) for row in range(self.first, self.end)), default=0)

    def cells(self, row: int) -> Row:
        """Return the cells of a row, none where it is no row of this part of the sheet."""
        if row < self.first or row in self.left_out:
            return ()
        return self.rows[row]

    def texts(self, row: int) -> tuple[str, ...]:
        """Return the cells of a row as `single_line` text."""
        return tuple(map(single_line, self.cells(row)))

    def at(self, row: int, column: int) -> Any:
        """Return a cell, None beyond the end of its row."""
        cells = self.cells(row)
        return cells[column] if column < len(cells) else None

    def text(self, row: int, column: int) -> str:
        """Return the text of a cell, "" beyond the end of its row."""
        return single_line(self.at(row, column))

    def lines(self, column: int, rows: Iterable[int]) -> Iterator[str]:
        """Yield the texts of some rows of a column, as `text` of each."""
        lines = self._looked.lines(column)
        return ("" if row in self.left_out else lines[row] for row in rows)

    def words(self, row: int) -> list[str]:
        """Return the texts of a row that are not blank."""
        return list(filter(None, self.texts(row)))

    def has_text(self, column: int, first: int) -> bool:
        """Tell whether a column holds any text from a row on."""
        rows = reversed(range(max(first, self.first), self.end))
        lines = self._looked.lines(column)
        return any(lines[row] for row in rows if row not in self.left_out)

    def only_word(self, row: int) -> str:
        """Return the one text that a row holds, "" where it holds none or several."""
        only = ""
        for text in filter(None, map(single_line, self.cells(row))):
            if only and text != only:
                return ""
            only = text
        return only

    def filled(self, first: int = 0, last: int | None = None) -> Iterator[int]:
        """Yield the rows from ``first`` to before ``last`` that hold any text."""
        rows = self._looked.filled
        start = bisect_left(rows, max(first, self.first))
        stop = bisect_left(rows, self.end if last is None else min(last, self.end))
        return (rows[at] for at in range(start, stop) if rows[at] not in self.left_out)

    @cached_property
    def _looked(self) -> _Looked:
        return _Looked(self.rows)


@dataclass(frozen=True)
class _Looked:
    """What is known of all rows, whichever parts of the sheet they are in."""

    rows: tuple[Row, ...]

    @cached_property
    def filled(self) -> list[int]:
        """Rows that hold any text."""
        return [at for at, cells in enumerate(self.rows) if _holds_text(cells)]

    def lines(self, column: int) -> list[str]:
        """Return the text of each row in a column; equal cells are read once."""
        if column not in self._lines:
            cells = [row[column] if column < len(row) else None for row in self.rows]
            texts = {cell: single_line(cell) for cell in {c for c in cells if isinstance(c, str)}}
            self._lines[column] = [
                texts[cell] if isinstance(cell, str) else single_line(cell) for cell in cells
            ]
        return self._lines[column]

    @cached_property
    def _lines(self) -> dict[int, list[str]]:
        return {}


def _holds_text(cells: Row) -> bool:
    try:
        if not "".join(cells):
            return False
    except TypeError:  # cells that are no text
        pass
    return any(map(single_line, cells))


def part_of(
    sheet: Sheet,
    first: int,
    last: int | None = None,
    *,
    left_out: Iterable[int] = (),
    above: tuple[str, ...] | None = None,
) -> Sheet:
    """Return some rows of a sheet as a sheet in which they keep their places; nothing is copied."""
    part = replace(
        sheet,
        first=max(first, sheet.first),
        last=sheet.end if last is None else last,
        left_out=sheet.left_out.union(left_out),
        above=sheet.above if above is None else above,
    )
    part.__dict__["_looked"] = sheet._looked
    return part


def with_keys(sheet: Sheet, keys: Mapping[str, str]) -> Sheet:
    """Return a sheet whose declared headers of keys stand in the catalogue's words.

    Parameters
    ----------
    keys : mapping of str to str
        Header without white space to its word.
    """
    if not keys:
        return sheet
    head = (
        tuple(keys.get(unspaced(cell), cell) if isinstance(cell, str) else cell for cell in row)
        for row in sheet.rows[:_HEAD]
    )
    return replace(sheet, rows=(*head, *sheet.rows[_HEAD:]))


def trimmed(rows: Iterable[Row]) -> tuple[Row, ...]:
    """Leave out the blank rows at the end."""
    kept = list(rows)
    while kept and all(cell is None or cell == "" for cell in kept[-1]):
        kept.pop()
    return tuple(kept)
