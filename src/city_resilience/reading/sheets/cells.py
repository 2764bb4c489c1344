"""One cell of a sheet as a number, a blank, or a fault with a likely reading."""

from __future__ import annotations

import math
import re
import unicodedata
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from city_resilience.catalogue.sheets import SheetRules

__all__ = ["BLANK", "Cell", "cell_text", "cell_year", "parse_cell"]

_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?", re.IGNORECASE)
_SPACED = re.compile(r"[+-]?\d{1,3}(?: \d{3})+(?:\.\d+)?")
_GROUPED = re.compile(r"[+-]?\d{1,3}(?:(?:,\d{3})+\.\d+|(?:,\d{3}){2,})")
_EITHER = re.compile(r"[+-]?\d{1,3},\d{3}")
_YEAR = re.compile(r"(?:FY\s*)?((?:18|19|20|21)\d{2})(?:\.0*)?\s*年?度?", re.IGNORECASE)
_DATE = re.compile(
    r"((?:18|19|20|21)\d{2})[-/.年](\d{1,2})(?:[-/.月](\d{1,2}))?日?月?(?: 0?0:00(:00)?)?"
)


@dataclass(frozen=True)
class Cell:
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
    """

    value: float = math.nan
    digits: int = 0
    percent: bool = False
    fault: str = ""
    likely: str = ""
    mark: str = ""

    @property
    def known(self) -> bool:
        """Whether there is a number."""
        return not math.isnan(self.value)


BLANK = Cell()
_HUGE = 10**300


def cell_text(cell: Any) -> str:
    """Return a cell as text: no carriage-return marks, no zero-width characters, no margins."""
    if cell is None:
        return ""
    if isinstance(cell, float) and cell.is_integer():
        cell = int(cell)
    text = str(cell).replace("_x000D_", " ")
    return "".join(c for c in text if unicodedata.category(c) != "Cf").strip()


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
    if isinstance(cell, bool):
        return None
    text = unicodedata.normalize("NFKC", cell_text(cell))
    if found := _YEAR.fullmatch(text):
        return int(found[1])
    date = _DATE.fullmatch(text)
    if date is None:
        return None
    yearly = int(date[2]) == 12 or (int(date[2]), int(date[3] or 0)) == (1, 1)
    return int(date[1]) if yearly else None


def parse_cell(cell: Any, rules: SheetRules) -> Cell:
    """Read a cell as a number.

    A comma is read as a thousands mark only where it can be nothing else: in several groups of
    three, or before a decimal point. ``5,97`` is a fault with the likely reading 5.97.

    Examples
    --------
    >>> from city_resilience.catalogue.sheets import load_sheet_rules
    >>> rules = load_sheet_rules()
    >>> parse_cell("２３７．５２①", rules).value, parse_cell("1,234,567", rules).value
    (237.52, 1234567.0)
    >>> parse_cell("5,97", rules).likely, parse_cell("…", rules) == BLANK
    ('5.97', True)
    """
    if cell is None:
        return BLANK
    if isinstance(cell, Decimal) or (isinstance(cell, int) and abs(cell) >= _HUGE):
        cell = str(cell)
    if isinstance(cell, bool) or not isinstance(cell, int | float | str):
        return Cell(fault="not a number")
    if isinstance(cell, int | float):
        if math.isnan(cell):
            return BLANK
        if math.isinf(cell):
            return Cell(fault="not a finite number")
        return Cell(float(cell), _decimals(repr(cell)))
    return _parse_text(cell, rules)


def _parse_text(cell: str, rules: SheetRules) -> Cell:
    raw = cell_text(cell)
    if raw in rules.missing or unicodedata.normalize("NFKC", raw) in rules.missing:
        return BLANK
    bare = rules.footnote.sub("", raw).rstrip()
    text = unicodedata.normalize("NFKC", bare).replace("−", "-").strip()
    percent = text.endswith("%")
    text = text.removesuffix("%").rstrip()
    number = _number(text)
    if number is None:
        return _fault(unicodedata.normalize("NFKC", raw), rules)
    if math.isinf(number):
        return Cell(fault="not a finite number")
    return Cell(number, _decimals(text), percent, mark=raw[len(bare) :].strip())


def _number(text: str) -> float | None:
    if _NUMBER.fullmatch(text):
        return float(text)
    if _SPACED.fullmatch(text) or _GROUPED.fullmatch(text):
        return float(text.replace(" ", "").replace(",", ""))
    return None


def _fault(text: str, rules: SheetRules) -> Cell:
    if text.startswith("#"):
        return Cell(fault="an error of the spreadsheet")
    if text.startswith("="):
        return Cell(fault="a formula without its value, which a spreadsheet adds on saving")
    lines = text.split()
    if len(lines) > 1 and all(_NUMBER.fullmatch(line) for line in lines):
        return Cell(fault=f"{len(lines)} numbers in one cell")
    if _EITHER.fullmatch(text):
        return Cell(
            fault="not a number", likely=text.replace(",", "") + " or " + text.replace(",", ".")
        )
    mended = "".join(rules.glyphs.get(c, c) for c in text).strip(" .'`\"")
    likely = mended if mended != text and _NUMBER.fullmatch(mended) else ""
    return Cell(fault="not a number", likely=likely)


def _decimals(text: str) -> int:
    mantissa = text.casefold().partition("e")[0]
    return len(mantissa.partition(".")[2].rstrip("0"))
