"""What the cells of a column mean together: numbers, years or words."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import takewhile
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from city_resilience.reading.cells import (
    BLANK,
    HUGE,
    INFINITE,
    Cell,
    cell_text,
    cell_year,
    parse_cell,
)
from city_resilience.reading.number_style import Decimal, Style, narrow, number_style

__all__ = [
    "STYLES",
    "Numbers",
    "Written",
    "as_text",
    "as_years",
    "how_written",
    "notes_of",
    "parse_column",
    "read_numbers",
]

_SHORT, _SHORT_WHOLE = r"[+-]?\d{1,300}(?:\.\d+)?", r"[+-]?\d{1,300}"
_TRUTHS = {"true": 1.0, "false": 0.0}
STYLES = {
    "thousands": "their comma as a thousands mark",
    "decimal": "their comma as the decimal mark",
}


@dataclass(frozen=True)
class Numbers:
    """A column of cells as numbers.

    Attributes
    ----------
    values : ndarray of float64, shape (rows,)
        NaN where there is no number.
    percent : ndarray of bool, shape (rows,)
        Where a percent sign stood behind the number.
    wrong : mapping of int to Cell
        Position to what is wrong with a cell that holds something and is no number.
    marks, styles : mapping of str to int
        Footnote marks behind numbers, and what marks within numbers were taken for: how many.
    """

    values: NDArray[np.float64]
    percent: NDArray[np.bool_]
    wrong: Mapping[int, Cell]
    marks: Mapping[str, int] = field(default_factory=Counter)
    styles: Mapping[Style, int] = field(default_factory=Counter)

    @property
    def notes(self) -> tuple[str, ...]:
        """What was taken for a number although more than a number was written."""
        return notes_of(self.marks, self.styles)


def notes_of(marks: Mapping[str, int], styles: Mapping[Style, int]) -> tuple[str, ...]:
    """Say how many numbers were read without a footnote mark, and with which marks of numbers."""
    without = (f"{n} numbers read without the footnote mark {mark}" for mark, n in marks.items())
    read = (f"{count} numbers read with {STYLES[style]}" for style, count in styles.items())
    return (*without, *read)


@dataclass(frozen=True)
class Written:
    """How the numbers of a whole column are written.

    Attributes
    ----------
    style : str
        What its commas and points are; see `number_style`.
    truths : bool
        Whether it holds nothing but truth values.
    """

    style: Style = ""
    truths: bool = False


def how_written(cells: Sequence[Any], decimal: Decimal = "") -> Written:
    """Decide from all cells of a column, or from all that differ, how its numbers are written."""
    return Written(_style_of(cells, decimal), all(_truth(cell) is not None for cell in cells))


def parse_column(cells: Sequence[Any], decimal: Decimal = "") -> list[Cell]:
    """Read the cells of a column, which decides together what none of them says alone.

    What its commas and points are is decided by `number_style`. A column of nothing but truth
    values holds ones and zeros.

    Parameters
    ----------
    decimal : str
        What the file or the experiment says about the mark of decimals.

    Examples
    --------
    >>> [cell.value for cell in parse_column(["1,234", "987", "1,234,567"])]
    [1234.0, 987.0, 1234567.0]
    >>> [cell.value for cell in parse_column(["1,234", "5.97"])]
    [nan, 5.97]
    """
    truths = [*takewhile(lambda truth: truth is not None, map(_truth, cells))]
    if len(truths) == len(cells):
        return [Cell(truth) for truth in truths]  # type: ignore[arg-type]
    style = _style_of(cells, decimal)
    texts = dict.fromkeys(cell for cell in cells if isinstance(cell, str))
    read = {text: parse_cell(text, style=style) for text in texts}
    return [read[c] if isinstance(c, str) else parse_cell(c, style=style) for c in cells]


def _style_of(cells: Sequence[Any], decimal: Decimal) -> Style:
    texts = dict.fromkeys(cell for cell in cells if isinstance(cell, str))
    if not decimal and "," not in narrow("\n".join(texts)):
        return ""
    others = {c for c in cells if isinstance(c, int | float) and abs(c) < HUGE}
    return number_style(texts, others, decimal)


def read_numbers(
    column: pd.Series, decimal: Decimal = "", written: Written | None = None
) -> Numbers:
    """Read a column of a table; what is a number already is not looked at twice.

    Parameters
    ----------
    column : Series
    decimal : str
        What the file or the experiment says about the mark of decimals.
    written : Written, optional
        How the numbers of the whole column are written, where these are some of its rows.

    Returns
    -------
    Numbers
        The same as of `parse_column`, cell by cell.
    """
    if column.dtype.kind in "iufb":
        values = _floats(column)
        infinite = np.isinf(values)
        if not infinite.any():
            return _numbers(values, {})
        wrong = dict.fromkeys(np.flatnonzero(infinite).tolist(), INFINITE)
        return _numbers(np.where(infinite, np.nan, values), wrong)
    objects = column.to_numpy(dtype=object, na_value=None)
    texts = np.fromiter((isinstance(cell, str) for cell in objects), bool, len(objects))
    codes, distinct = pd.factorize(objects[texts])
    how = written or how_written([*distinct, *objects[~texts]], decimal)
    style = how.style
    pattern = _SHORT_WHOLE if style in ("decimal", "unclear") else _SHORT
    plain = pd.Series(distinct, dtype=str).str.fullmatch(pattern).to_numpy(dtype=bool)
    where = np.empty(len(objects), dtype=np.int64)
    where[texts] = codes
    where[~texts] = len(distinct) + np.arange(int((~texts).sum()))
    found = np.full(len(distinct) + int((~texts).sum()), np.nan)
    found[: len(plain)][plain] = distinct[plain].astype(np.float64)
    odd = np.append(np.flatnonzero(~plain), np.arange(len(distinct), len(found)))
    further = [*distinct[~plain], *objects[~texts]]
    parsed = [
        Cell(_truth(cell)) if how.truths else parse_cell(cell, style=style)  # type: ignore[arg-type]
        for cell in further
    ]
    found[odd] = [cell.value for cell in parsed]
    more = {int(at): cell for at, cell in zip(odd, parsed, strict=True) if cell != Cell(cell.value)}
    rows = np.flatnonzero(np.isin(where, list(more))).tolist()
    return _numbers(found[where], {row: more[int(where[row])] for row in rows})


def _numbers(values: NDArray[np.float64], odd: Mapping[int, Cell]) -> Numbers:
    """Sort the cells that are more than a number into percentages, faults and notes."""
    percent = np.zeros(len(values), dtype=bool)
    if not odd:
        return Numbers(values, percent, {})
    percent[[at for at, cell in odd.items() if cell.percent]] = True
    marks = Counter(cell.mark for cell in odd.values() if cell.mark)
    styles: Counter[Style] = Counter(cell.style for cell in odd.values() if cell.style)
    wrong = {at: cell for at, cell in odd.items() if cell.fault}
    return Numbers(values, percent, wrong, marks, styles)


def _floats(column: pd.Series) -> NDArray[np.float64]:
    if isinstance(column.dtype, np.dtype):
        return np.asarray(column.to_numpy(), dtype=np.float64)
    return np.asarray(column.to_numpy(dtype=np.float64, na_value=np.nan))


def as_text(column: pd.Series) -> pd.Series:
    """Return cells as text without surrounding white space; empty where there is none.

    Whole numbers lose the ``.0`` that a spreadsheet or a blank cell in the column gives them.
    """
    if isinstance(column.dtype, pd.CategoricalDtype):
        texts = pd.array([*map(cell_text, column.cat.categories), ""], dtype="str")
        return pd.Series(texts.take(column.cat.codes), index=column.index)
    cells = column.to_numpy(dtype=object, na_value=None)
    codes, distinct = pd.factorize(cells)
    texts = np.array([*map(cell_text, distinct), ""], dtype=object)
    return pd.Series(texts[codes], index=column.index, dtype=str)


def as_years(column: pd.Series) -> NDArray[np.int64]:
    """Return the year of each cell, 0 where it holds none; see `cell_year`."""
    if column.dtype.kind in "iuf":
        numbers = _floats(column)
        dated = (numbers >= 1000) & (numbers <= 9999) & (np.floor(numbers) == numbers)
        return np.where(dated, numbers, 0).astype(np.int64)
    codes, distinct = pd.factorize(column.to_numpy(dtype=object, na_value=None))
    years: NDArray[np.int64] = np.array([*map(_year_of, distinct), 0], dtype=np.int64)
    return np.asarray(years[codes])


def _year_of(cell: Any) -> int:
    """Return a year, or the four digits of a mistyped one."""
    text = cell_text(cell)
    return cell_year(cell) or (int(text) if re.fullmatch(r"\d{4}", text, re.ASCII) else 0)


def _truth(cell: Any) -> float | None:
    """Return 1 or 0 for a truth value, NaN for a blank, None for all else."""
    if isinstance(cell, bool | np.bool_):
        return float(cell)
    if isinstance(cell, str) and cell.strip().casefold() in _TRUTHS:
        return _TRUTHS[cell.strip().casefold()]
    return math.nan if parse_cell(cell) == BLANK else None
