"""How the numbers of a column are written: which marks group thousands and which begin decimals."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterable, Sequence
from typing import Literal

from city_resilience.catalogue.sheets import load_sheet_rules

__all__ = ["EITHER", "GROUPED", "Decimal", "Style", "narrow", "number_style", "unmarked"]

Style = Literal["", "thousands", "decimal", "unclear"]
Decimal = Literal["", ".", ",", "?"]

EITHER = re.compile(r"[+-]?\d{1,3},\d{3}")
GROUPED = re.compile(r"[+-]?\d{1,3}(?:(?:,\d{3})+\.\d+|(?:,\d{3}){2,})")
_BY_THOUSANDS = re.compile(r"[+-]?(?:[1-9]\d{0,2}(?:,\d{3})+|\d{1,3})(?:\.\d*)?")
_BY_COMMA = re.compile(r"[+-]?(?:\d+|\d{1,3}(?:[. ]\d{3})+)(?:,\d+)?")
_DOTTED = re.compile(r"[+-]?[1-9]\d{0,2}(?:\.\d{3})+")
_MOST = 0.5


def number_style(
    texts: Iterable[str], others: Collection[float] = (), decimal: Decimal = ""
) -> Style:
    """Decide what the commas of a column are, from all its cells together.

    ``thousands`` where every cell with a comma is grouped by it, no number without one has more
    than three digits before the point, and one can mean nothing else or most have one; ``decimal``
    where a comma can mean nothing else, no point stands for decimals, and most cells with a
    fraction have one; ``unclear`` where both may be; empty where there is neither.

    Parameters
    ----------
    texts : iterable of str
        Cells that hold text.
    others : collection of float
        Cells that hold numbers.
    decimal : str
        ``,`` or ``.`` where it is stated; ``?`` for a file whose separator or other cells say that
        it may be the comma.

    Examples
    --------
    >>> number_style(["1,234", "987,001"]), number_style(["12,5", "7,25"])
    ('thousands', 'decimal')
    >>> number_style(["1,234", "12,5"]), number_style(["5,97", "6.1", "7.2"])
    ('unclear', '')
    """
    if decimal in (",", "."):
        return "decimal" if decimal == "," else "thousands"
    numbers = [_bare(text) for text in texts if any(map(str.isdigit, text))]
    commas = [text for text in numbers if "," in text]
    share = len(commas) / max(len(numbers) + len(others), 1)
    if not commas:
        dotted = decimal == "?" and any(map(_DOTTED.fullmatch, numbers))
        return "unclear" if dotted and not any(map(_is_pointed, numbers)) else ""
    sure = [text for text in commas if _BY_COMMA.fullmatch(text) and not _is_either(text)]
    if not sure or any(map(GROUPED.fullmatch, commas)):
        return _thousands(numbers, share if len(commas) > 1 else 0.0, decimal)
    agreed = all(map(_BY_COMMA.fullmatch, numbers)) and not any(map(_is_pointed, numbers))
    whole = all(float(number).is_integer() for number in others)
    if not (agreed and whole and (decimal == "?" or share > _MOST)):
        return ""
    return "unclear" if len(sure) < len(commas) else "decimal"


def _thousands(numbers: Sequence[str], share: float, decimal: Decimal) -> Style:
    """Decide about a column none of whose commas must begin decimals."""
    if not all(map(_BY_THOUSANDS.fullmatch, numbers)):
        return ""
    if any(map(GROUPED.fullmatch, numbers)):
        return "thousands"
    if decimal == "?":
        return "unclear"
    return "thousands" if share >= _MOST and not any("." in text for text in numbers) else ""


def _is_either(text: str) -> bool:
    return bool(EITHER.fullmatch(text) and _BY_THOUSANDS.fullmatch(text))


def _is_pointed(text: str) -> bool:
    """Tell whether a point in a number can only begin its decimals."""
    return "." in text and "," not in text and not _DOTTED.fullmatch(text)


def narrow(text: str) -> str:
    """Return a text with plain characters for those of full width.

    Examples
    --------
    >>> narrow("１，２")
    '1,2'
    """
    return text if text.isascii() else unicodedata.normalize("NFKC", text)


def unmarked(text: str, style: Style) -> str:
    """Return a number without the marks that group its thousands, its decimals behind a point."""
    if style == "decimal" and _BY_COMMA.fullmatch(text):
        return text.replace(".", "").replace(" ", "").replace(",", ".")
    return text.replace(",", "") if style == "thousands" and EITHER.fullmatch(text) else text


def _bare(text: str) -> str:
    """Return a cell without margins, percent sign and footnote marks."""
    return load_sheet_rules().footnote.sub("", narrow(text).strip()).rstrip("% ")
