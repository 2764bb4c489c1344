"""What a cell means: a number, a year, words, a blank, or a fault with a likely reading.

One meaning for CSV, XLSX and Parquet, for a single table and for a folder of sheets.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cache, lru_cache
from itertools import takewhile
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from city_resilience.catalogue.sheets import load_sheet_rules
from city_resilience.reading.number_style import (
    EITHER,
    GROUPED,
    Style,
    number_style,
    unmarked,
)
from city_resilience.reading.number_style import (
    Decimal as DecimalMark,
)

__all__ = [
    "BLANK",
    "STYLES",
    "UNCLEAR",
    "Cell",
    "Numbers",
    "as_text",
    "as_years",
    "cell_text",
    "cell_year",
    "parse_cell",
    "parse_column",
    "read_numbers",
]

_SHORT, _SHORT_WHOLE = r"[+-]?\d{1,300}(?:\.\d+)?", r"[+-]?\d{1,300}"
_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?", re.IGNORECASE)
_PLAIN = re.compile(r"[+-]?\d{1,300}(?:\.(\d{0,300}?)0*)?")
_INFINITE = re.compile(r"[+-]?inf(?:inity)?", re.IGNORECASE)
_SPACED = re.compile(r"[+-]?\d{1,3}(?: \d{3})+(?:\.\d+)?")
_YEAR = re.compile(r"(?:FY\s*)?((?:18|19|20|21)\d{2})(?:\.0*)?\s*年?度?", re.IGNORECASE)
_DATE = re.compile(
    r"((?:18|19|20|21)\d{2})[-/.年](\d{1,2})(?:[-/.月](\d{1,2}))?日?月?(?: 0?0:00(:00)?)?"
)
_NO_YEAR = re.compile(r"|[0-9]{1,3}(?:\.[0-9]+)?|[0-9]{5,}(?:\.[0-9]+)?")
_TRUTHS = {"true": 1.0, "false": 0.0}
STYLES = {
    "thousands": "their comma as a thousands mark",
    "decimal": "their comma as the decimal mark",
}
_HUGE = 10**300
_NO_NUMBER = "number expected"
UNCLEAR = 'a mark that may group thousands or begin decimals (decimal = "," or "." in [data] says)'
_INFINITE_VALUE = "infinite value"


class Cell(NamedTuple):
    """What a cell says.

    Attributes
    ----------
    value : float
        NaN where there is none.
    digits : int
        Decimal places that were written.
    percent : bool
        Whether a percent sign stood behind the number.
    fault : str
        Why a cell that holds something is no number; empty where it is one, or is blank.
    likely : str
        What was probably meant by a faulty cell.
    mark : str
        Footnote marks that stood behind the number.
    style : str
        What its marks were taken for because its column says so: ``thousands`` or ``decimal``.
    """

    value: float = math.nan
    digits: int = 0
    percent: bool = False
    fault: str = ""
    likely: str = ""
    mark: str = ""
    style: Style = ""

    @property
    def known(self) -> bool:
        """Whether there is a number."""
        return not math.isnan(self.value)


BLANK = Cell()
_NOT_A_NUMBER = Cell(fault=_NO_NUMBER)


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
    notes : tuple of str
        What was taken for a number although more than a number was written.
    """

    values: NDArray[np.float64]
    percent: NDArray[np.bool_]
    wrong: Mapping[int, Cell]
    notes: tuple[str, ...] = ()


def cell_text(cell: Any) -> str:
    """Return a cell as text: no carriage-return marks, no zero-width characters, no margins."""
    if cell is None:
        return ""
    if isinstance(cell, float) and cell.is_integer():
        cell = int(cell)
    text = str(cell).replace("_x000D_", " ")
    if not (text.isascii() or text.isalnum()):
        text = "".join(c for c in text if unicodedata.category(c) != "Cf")
    return text.strip()


def cell_year(cell: Any) -> int | None:
    """Return the year of a cell that holds one; ``2010年`` and dates that stand for a year count.

    Those are the first of January and any day of December: other dates are of data within a year.

    Examples
    --------
    >>> cell_year("２０１０年"), cell_year(2010.0), cell_year("2010-2012")
    (2010, 2010, None)
    >>> cell_year("2010-12-31"), cell_year("2010-06-30"), cell_year("FY2010")
    (2010, None, 2010)
    """
    if isinstance(cell, str):
        return None if _NO_YEAR.fullmatch(cell) else _year_in(cell)
    return None if isinstance(cell, bool) else _year_in(cell_text(cell))


@lru_cache(maxsize=4096)
def _year_in(text: str) -> int | None:
    text = unicodedata.normalize("NFKC", cell_text(text))
    if found := _YEAR.fullmatch(text):
        return int(found[1])
    date = _DATE.fullmatch(text)
    if date is None:
        return None
    yearly = int(date[2]) == 12 or (int(date[2]), int(date[3] or 0)) == (1, 1)
    return int(date[1]) if yearly else None


def parse_cell(cell: Any, *, style: Style = "") -> Cell:
    """Read a cell as a number.

    A comma is a thousands mark only where it can be nothing else, in several groups of three or
    before a decimal point, or where the column says so. ``5,97`` is a fault with the likely
    reading 5.97.

    Parameters
    ----------
    style : str
        What the marks in the numbers of the column are; see `number_style`.

    Examples
    --------
    >>> parse_cell("２３７．５２①").value, parse_cell("1,234,567").value
    (237.52, 1234567.0)
    >>> parse_cell("5,97").likely, parse_cell("…") == BLANK
    ('5.97', True)
    >>> parse_cell("1,234").likely, parse_cell("1,234", style="thousands").value
    ('1234 or 1.234', 1234.0)
    """
    if cell is None or cell is pd.NA or cell is pd.NaT:
        return BLANK
    if isinstance(cell, Decimal) or (isinstance(cell, int) and abs(cell) >= _HUGE):
        cell = str(cell)
    if isinstance(cell, str):
        return _parse_text(cell, style)
    if isinstance(cell, bool | np.bool_) or not isinstance(cell, int | float | np.number):
        return _NOT_A_NUMBER
    number = float(cell)
    if math.isnan(number):
        return BLANK
    if math.isinf(number):
        return Cell(fault=_INFINITE_VALUE)
    return Cell(number, _decimals(repr(cell)))


def parse_column(cells: Sequence[Any], decimal: DecimalMark = "") -> list[Cell]:
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
    read = {text: _parse_text(text, style) for text in texts}
    return [read[c] if isinstance(c, str) else parse_cell(c, style=style) for c in cells]


def _style_of(cells: Sequence[Any], decimal: DecimalMark) -> Style:
    texts = dict.fromkeys(cell for cell in cells if isinstance(cell, str))
    if not decimal and "," not in _width("\n".join(texts)):
        return ""
    others = {c for c in cells if isinstance(c, int | float) and abs(c) < _HUGE}
    return number_style(texts, others, decimal)


def read_numbers(column: pd.Series, decimal: DecimalMark = "") -> Numbers:
    """Read a column of a table; what is a number already is not looked at twice.

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
        wrong = dict.fromkeys(np.flatnonzero(infinite).tolist(), Cell(fault=_INFINITE_VALUE))
        return _numbers(np.where(infinite, np.nan, values), wrong)
    objects = column.to_numpy(dtype=object, na_value=None)
    texts = np.fromiter((isinstance(cell, str) for cell in objects), bool, len(objects))
    codes, distinct = pd.factorize(objects[texts])
    style = _style_of([*distinct, *objects[~texts]], decimal)
    pattern = _SHORT_WHOLE if style in ("decimal", "unclear") else _SHORT
    plain = pd.Series(distinct, dtype=str).str.fullmatch(pattern).to_numpy(dtype=bool)
    where = np.empty(len(objects), dtype=np.int64)
    where[texts] = codes
    where[~texts] = len(distinct) + np.arange(int((~texts).sum()))
    found = np.full(len(distinct) + int((~texts).sum()), np.nan)
    found[: len(plain)][plain] = distinct[plain].astype(np.float64)
    odd = np.append(np.flatnonzero(~plain), np.arange(len(distinct), len(found)))
    further = [*distinct[~plain], *objects[~texts]]
    truths = () if plain.any() else parse_column(further, decimal)
    parsed = truths or [parse_cell(cell, style=style) for cell in further]
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
    notes = [f"{n} numbers read without the footnote mark {mark}" for mark, n in marks.items()]
    styles = Counter(cell.style for cell in odd.values() if cell.style)
    notes += [f"{count} numbers read with {STYLES[style]}" for style, count in styles.items()]
    wrong = {at: cell for at, cell in odd.items() if cell.fault}
    return Numbers(values, percent, wrong, tuple(notes))


def _floats(column: pd.Series) -> NDArray[np.float64]:
    if isinstance(column.dtype, np.dtype):
        return np.asarray(column.to_numpy(), dtype=np.float64)
    return np.asarray(column.to_numpy(dtype=np.float64, na_value=np.nan))


def as_text(column: pd.Series) -> pd.Series:
    """Return cells as text without surrounding white space; empty where there is none.

    Whole numbers lose the ``.0`` that a spreadsheet or a blank cell in the column gives them.
    """
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


def _width(text: str) -> str:
    return text if text.isascii() else unicodedata.normalize("NFKC", text)


def _truth(cell: Any) -> float | None:
    """Return 1 or 0 for a truth value, NaN for a blank, None for all else."""
    if isinstance(cell, bool | np.bool_):
        return float(cell)
    if isinstance(cell, str) and cell.strip().casefold() in _TRUTHS:
        return _TRUTHS[cell.strip().casefold()]
    return math.nan if parse_cell(cell) == BLANK else None


def _parse_text(cell: str, style: Style) -> Cell:
    if not cell:
        return BLANK
    plain = _PLAIN.fullmatch(cell)
    if plain and (style in ("", "thousands") or plain[1] is None):
        return Cell(float(cell), len(plain[1] or ""))
    return _parse_odd_text(cell, style)


def _parse_odd_text(cell: str, style: Style) -> Cell:
    if _NUMBER.fullmatch(cell) and (style in ("", "thousands") or "." not in cell):
        number = float(cell)
        return Cell(fault=_INFINITE_VALUE) if math.isinf(number) else Cell(number, _decimals(cell))
    rules, raw = load_sheet_rules(), cell_text(cell)
    if raw in rules.missing or _width(raw) in rules.missing:
        return BLANK
    bare = rules.footnote.sub("", raw).rstrip()
    text = _width(bare).replace("−", "-").strip()
    percent = text.endswith("%")
    text = text.removesuffix("%").rstrip()
    bare_number = unmarked(text, style)
    read = _number(bare_number)
    if style == "unclear" and not text.isdigit():
        return Cell(fault=UNCLEAR, likely=_either(text))
    if read is None:
        return _fault(_width(raw))
    mark = raw[len(bare) :].strip()
    said = Cell(
        digits=_decimals(bare_number),
        percent=percent,
        mark=mark,
        style=style if bare_number != text else "",
    )
    return _finite(read, said)


def _finite(number: float, said: Cell) -> Cell:
    if math.isinf(number):
        return Cell(fault=_INFINITE_VALUE)
    return Cell(number, said.digits, said.percent, mark=said.mark, style=said.style)


def _number(text: str) -> float | None:
    if _NUMBER.fullmatch(text) or _INFINITE.fullmatch(text):
        return float(text)
    if _SPACED.fullmatch(text) or GROUPED.fullmatch(text):
        return float(text.replace(" ", "").replace(",", ""))
    return None


def _fault(text: str) -> Cell:
    if text.startswith("#"):
        return Cell(fault="an error of the spreadsheet")
    if text.startswith("="):
        return Cell(fault="a formula without its value, which a spreadsheet adds on saving")
    lines = text.split()
    if len(lines) > 1 and all(_NUMBER.fullmatch(line) for line in lines):
        return Cell(fault=f"{len(lines)} numbers in one cell")
    if EITHER.fullmatch(text):
        return Cell(fault=_NO_NUMBER, likely=_either(text))
    mended = text.translate(_glyphs()).strip(" .'`\"")
    if mended != text and _NUMBER.fullmatch(mended):
        return Cell(fault=_NO_NUMBER, likely=mended)
    return _NOT_A_NUMBER


@cache
def _glyphs() -> dict[int, str]:
    return str.maketrans(dict(load_sheet_rules().glyphs))


def _either(text: str) -> str:
    return f"{re.sub('[,.]', '', text)} or {text.replace(',', '.')}"


def _decimals(text: str) -> int:
    if "." not in text:
        return 0
    mantissa = text.casefold().partition("e")[0]
    return len(mantissa.partition(".")[2].rstrip("0"))
