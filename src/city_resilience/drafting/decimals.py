"""The mark of decimals of a text file, where its columns alone do not say it."""

from __future__ import annotations

import re
from collections.abc import Iterable

import pandas as pd

from city_resilience.drafting.guess import Answers, Question
from city_resilience.errors import InputError
from city_resilience.reading.number_style import Decimal

__all__ = ["find_decimal"]

_MARKED = re.compile(r"[+-]?\d[\d., ]*")
_BY = {
    ",": re.compile(r"[+-]?(?:\d{4,},\d+|\d+,(?:\d{1,2}|\d{4,})|0,\d+|\d{1,3}(?:\.\d{3})+,\d+)"),
    ".": re.compile(r"[+-]?(?:\d{4,}\.\d+|\d+\.(?:\d{1,2}|\d{4,})|0\.\d+|\d{1,3}(?:,\d{3})+\.\d+)"),
}
_NAMES: dict[Decimal, str] = {",": "a comma", ".": "a point"}


def find_decimal(
    cells: pd.DataFrame, stated: Decimal, answers: Answers
) -> tuple[Decimal, Question | None]:
    """Return the mark of decimals of a file in which it may be a comma, and what is to be asked.

    Parameters
    ----------
    cells : DataFrame
        The file, as `RawTable.load` returns it.
    stated : str
        What the file says; only ``?`` leaves anything to decide.

    Examples
    --------
    >>> find_decimal(pd.DataFrame({0: ["1,5", "2,125"]}), "?", {})[0]
    ','
    >>> find_decimal(pd.DataFrame({0: ["1,250", "2,125"]}), "?", {})[1].flag
    'decimal'
    """
    if given := answers.get("decimal"):
        if given not in _NAMES:
            raise InputError(f"--decimal {given!r}: give , or . as it stands in the file")
        return given, None
    if stated != "?":
        return "", None
    numbers = _marked(cells)
    sure: list[Decimal] = [mark for mark in _NAMES if any(map(_BY[mark].fullmatch, numbers))]
    if len(sure) == 1:
        return sure[0], None
    if not numbers or len(sure) == 2:
        return "", None
    options = tuple((mark, f"decimals begin with {name}") for mark, name in _NAMES.items())
    text = f"numbers such as {numbers[0]!r} can be read in two ways: which mark begins decimals?"
    return ",", Question("decimal", text, options)


def _marked(cells: pd.DataFrame) -> list[str]:
    """Return the distinct numbers that are written with a comma or a point."""
    texts: Iterable[object] = (cell for at in cells for cell in cells[at].unique())
    plain = (cell.strip() for cell in texts if isinstance(cell, str))
    return [cell for cell in plain if re.search(r"[.,]", cell) and _MARKED.fullmatch(cell)]
