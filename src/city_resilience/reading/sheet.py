"""A sheet as it lies in a file: rows of cells, with the cells that a merged cell covers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from city_resilience.reading.number_style import Decimal
from city_resilience.reading.wording import single_line, unspaced

__all__ = ["Position", "Row", "Sheet", "trimmed", "with_keys"]

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
    """

    file: str
    name: str
    rows: tuple[Row, ...]
    covered: Mapping[Position, Position] = field(default_factory=dict)
    above: tuple[str, ...] = ()
    first: int = 0
    decimal: Decimal = ""

    @cached_property
    def width(self) -> int:
        """Number of columns."""
        return max(map(len, self.rows[self.first :]), default=0)

    @cached_property
    def _texts(self) -> dict[int, tuple[str, ...]]:
        return {}

    def texts(self, row: int) -> tuple[str, ...]:
        """Return the cells of a row as `single_line` text."""
        if row not in self._texts:
            self._texts[row] = tuple(map(single_line, self.rows[row]))
        return self._texts[row]

    def at(self, row: int, column: int) -> Any:
        """Return a cell, None beyond the end of its row."""
        cells = self.rows[row]
        return cells[column] if column < len(cells) else None

    def text(self, row: int, column: int) -> str:
        """Return the text of a cell, "" beyond the end of its row."""
        texts = self.texts(row)
        return texts[column] if column < len(texts) else ""

    def words(self, row: int) -> list[str]:
        """Return the texts of a row that are not blank."""
        return list(filter(None, self.texts(row)))

    def filled(self, first: int = 0, last: int | None = None) -> Iterator[int]:
        """Yield the rows from ``first`` to before ``last`` that hold any text."""
        rows = range(len(self.rows))[max(first, self.first) : last]
        return (row for row in rows if any(self.texts(row)))


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
