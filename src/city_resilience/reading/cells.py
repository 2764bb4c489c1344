"""What a cell means: a number, a year, words, a blank, or a fault with a likely reading.

One meaning for CSV, XLSX and Parquet, for a single table and for a folder of sheets.
"""

from __future__ import annotations

import math
import re
import unicodedata
from decimal import Decimal
from functools import cache, lru_cache
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from city_resilience.catalogue.sheets import load_sheet_rules
from city_resilience.reading.number_style import EITHER, GROUPED, Style, narrow, unmarked

__all__ = [
    "BLANK",
    "HUGE",
    "INFINITE",
    "UNCLEAR",
    "Cell",
    "cell_text",
    "cell_year",
    "parse_cell",
]

_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?", re.IGNORECASE)
_PLAIN = re.compile(r"[+-]?\d{1,300}(?:\.(\d{0,300}?)0*)?")
_INFINITY = re.compile(r"[+-]?inf(?:inity)?", re.IGNORECASE)
_SPACED = re.compile(r"[+-]?\d{1,3}(?: \d{3})+(?:\.\d+)?")
_YEAR = re.compile(r"(?:FY\s*)?((?:18|19|20|21)\d{2})(?:\.0*)?\s*年?度?", re.IGNORECASE)
_DATE = re.compile(
    r"((?:18|19|20|21)\d{2})[-/.年](\d{1,2})(?:[-/.月](\d{1,2}))?日?月?(?: 0?0:00(:00)?)?"
)
_NO_YEAR = re.compile(r"|[0-9]{1,3}(?:\.[0-9]+)?|[0-9]{5,}(?:\.[0-9]+)?")
HUGE = 10**300
_NO_NUMBER = "number expected"
UNCLEAR = 'a mark that may group thousands or begin decimals (decimal = "," or "." in [data] says)'


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
INFINITE = Cell(fault="infinite value")
_NOT_A_NUMBER = Cell(fault=_NO_NUMBER)


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
    if isinstance(cell, Decimal) or (isinstance(cell, int) and abs(cell) >= HUGE):
        cell = str(cell)
    if isinstance(cell, str):
        return _parse_text(cell, style)
    if isinstance(cell, bool | np.bool_) or not isinstance(cell, int | float | np.number):
        return _NOT_A_NUMBER
    number = float(cell)
    if math.isnan(number):
        return BLANK
    if math.isinf(number):
        return INFINITE
    return Cell(number, _decimals(repr(cell)))


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
        return INFINITE if math.isinf(number) else Cell(number, _decimals(cell))
    rules, raw = load_sheet_rules(), cell_text(cell)
    if raw in rules.missing or narrow(raw) in rules.missing:
        return BLANK
    bare = rules.footnote.sub("", raw).rstrip()
    text = narrow(bare).replace("−", "-").strip()
    percent = text.endswith("%")
    text = text.removesuffix("%").rstrip()
    bare_number = unmarked(text, style)
    read = _number(bare_number)
    if style == "unclear" and not text.isdigit():
        return Cell(fault=UNCLEAR, likely=_either(text))
    if read is None:
        return _fault(narrow(raw))
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
        return INFINITE
    return Cell(number, said.digits, said.percent, mark=said.mark, style=said.style)


def _number(text: str) -> float | None:
    if _NUMBER.fullmatch(text) or _INFINITY.fullmatch(text):
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
