"""Plain values: what NumPy and pandas hold, as numbers and texts that JSON can hold."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import pandas as pd

__all__ = ["plain", "plain_list", "plain_text", "whole"]


def plain(value: Any, digits: int = 4) -> float | None:
    """Return a rounded finite float, or None for a missing or infinite value.

    Examples
    --------
    >>> plain(1.23456), plain(float("nan")), plain(None)
    (1.2346, None, None)
    """
    try:
        number = float(value)
    except (TypeError, ValueError):
        return None
    return round(number, digits) + 0.0 if math.isfinite(number) else None


def plain_list(values: Iterable[Any], digits: int = 4) -> list[float | None]:
    """Return `plain` of every value."""
    return [plain(value, digits) for value in values]


def whole(value: Any) -> int | None:
    """Return a whole number, or None for a missing value."""
    number = plain(value, 0)
    return None if number is None else int(number)


def plain_text(value: Any) -> str:
    """Return a text, empty for a missing value (None, NaN, NA).

    Examples
    --------
    >>> plain_text("East"), plain_text(float("nan"))
    ('East', '')
    """
    if isinstance(value, str):
        return value
    return "" if pd.isna(value) else str(value)
