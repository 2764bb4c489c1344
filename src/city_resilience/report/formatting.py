"""How numbers are written, and rounded so that JSON can hold them."""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Iterable
from typing import Any

import pandas as pd

__all__ = [
    "NONE",
    "Number",
    "interval",
    "percent",
    "plain_rows",
    "rounded",
    "signed",
    "text_of",
    "tone",
    "unsigned",
    "whole",
]

NONE = "–"
_PERCENT = {"en": " %", "zh": "%"}


def rounded(value: Any, digits: int = 4) -> float | None:
    """Return a rounded finite float, or None for a missing or infinite value.

    Examples
    --------
    >>> rounded(1.23456), rounded(float("nan")), rounded(None)
    (1.2346, None, None)
    """
    try:
        number = float(value)
    except (TypeError, ValueError):
        return None
    return round(number, digits) + 0.0 if math.isfinite(number) else None


def rounded_all(values: Iterable[Any], digits: int = 4) -> list[float | None]:
    """Return `rounded` of every value."""
    return [rounded(value, digits) for value in values]


def whole(value: Any) -> int | None:
    """Return a whole number, or None for a missing value."""
    number = rounded(value, 0)
    return None if number is None else int(number)


def text_of(value: Any) -> str:
    """Return a text, empty for a missing value (None, NaN, NA).

    Examples
    --------
    >>> text_of("East"), text_of(float("nan"))
    ('East', '')
    """
    if isinstance(value, str):
        return value
    return "" if pd.isna(value) else str(value)


def signed(number: float | None, digits: int = 2) -> str:
    """Write a number with its sign, a true minus, no negative zero, and "–" for None.

    Examples
    --------
    >>> signed(0.126), signed(-1), signed(-0.001), signed(None)
    ('+0.13', '−1.00', '0.00', '–')
    """
    if number is None:
        return NONE
    text = f"{number:+.{digits}f}"
    return text[1:] if float(text) == 0 else text.replace("-", "−")


def unsigned(number: float | None, digits: int = 2) -> str:
    """Write a number with a true minus where it is negative, and no plus.

    Examples
    --------
    >>> unsigned(1.449), unsigned(-0.5)
    ('1.45', '−0.50')
    """
    return signed(number, digits).removeprefix("+")


class Number:
    """A number of a text, which says how it is written: ``{mae:2u}``, ``{low:+3}``, ``{skill:0%}``.

    ``+`` is with its sign, then the digits; ``u`` is with its unit, ``p`` in percent without a
    word, ``%`` with it as the language writes it; ``,`` alone is a count with its thousands apart.
    Without anything it is written as it is, and "–" where it is missing.

    Examples
    --------
    >>> mae, gain = Number(1.234, "pp"), Number(0.0456, "")
    >>> f"{mae:2u}, {gain:+1%}, {Number(None, 'pp'):2u}, {Number(2016, '')}"
    '1.23 pp, +4.6 %, –, 2016'
    >>> f"{Number(0.0456, '', 'zh'):1%}, {Number(4440, '', 'zh'):,}"
    '4.6%, 4,440'
    """

    def __init__(self, value: float | None, unit: str, lang: str = "en") -> None:
        self.value, self.unit, self.lang = value, unit, lang

    def __format__(self, form: str) -> str:
        """Write the number in a form."""
        if self.value is None or not form:
            return NONE if self.value is None else str(self.value)
        if form == ",":
            return f"{self.value:,.0f}".replace("-", "−")
        sign, digits, end = re.fullmatch(r"(\+?)(\d)([up%]?)", form).groups()  # type: ignore[union-attr]
        if end == "%":
            return percent(self.value, int(digits), sign=bool(sign), lang=self.lang)
        text = (signed if sign else unsigned)(self.value * (100 if end == "p" else 1), int(digits))
        return f"{text} {self.unit}".rstrip() if end == "u" else text


def tone(value: float | None) -> str:
    """Return the colour of a figure that is better the larger it is: "up", "down" or none."""
    if value is None or abs(value) < 0.005:
        return ""
    return "up" if value > 0 else "down"


def percent(share: float | None, digits: int = 0, *, sign: bool = False, lang: str = "en") -> str:
    """Write a share in percent; Chinese has no space before the sign.

    In whole percent, a share that is not quite nothing or all is not written as such.

    Examples
    --------
    >>> percent(0.456), percent(-0.0312, 1, sign=True), percent(None), percent(0.456, lang="zh")
    ('46 %', '−3.1 %', '–', '46%')
    >>> percent(0.996), percent(1.0), percent(0.001), percent(0.0)
    ('>99 %', '100 %', '<1 %', '0 %')
    """
    if share is None:
        return NONE
    if not (digits or sign):
        if 0 < share < 0.005:
            return f"<1{_PERCENT[lang]}"
        if 0.995 <= share < 1:
            return f">99{_PERCENT[lang]}"
    return f"{(signed if sign else unsigned)(100 * share, digits)}{_PERCENT[lang]}"


def interval(low: float | None, high: float | None, digits: int = 2) -> str:
    """Write both ends of an interval with their signs.

    Examples
    --------
    >>> interval(-0.123, 0.4), interval(None, 1)
    ('−0.12 … +0.40', '–')
    """
    if low is None or high is None:
        return NONE
    return f"{signed(low, digits)} … {signed(high, digits)}"


def plain_rows(table: pd.DataFrame, whole_numbers: Collection[str]) -> list[dict[str, Any]]:
    """Return the rows of a table with texts as they are and figures rounded.

    Parameters
    ----------
    whole_numbers : collection of str
        Columns of whole numbers, such as counts and years.
    """
    return [
        {str(name): _plain(value, str(name) in whole_numbers) for name, value in row.items()}
        for row in table.to_dict("records")
    ]


def _plain(value: Any, is_whole: bool) -> Any:
    if isinstance(value, str):
        return value
    return whole(value) if is_whole else rounded(value)
