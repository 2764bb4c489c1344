"""The reasons on the lists of ten in words: a driver's short name and its value at the city."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from city_resilience.report.formatting import signed
from city_resilience.report.texts import Both, Texts, both, joined, unit_words

__all__ = ["driver_name", "reason_words", "value_words"]

Row = Mapping[str, Any]
SHORT = 3
"""Letters of a unit for which a list has room."""
_PAST = re.compile(r"(gap|gap_lag|gap_mean|gap_cumulative)(\d*)")
"""Indicators of the past outcome, which are named by their years."""


def driver_name(reason: Row, origin: int | None, say: Texts) -> Both:
    """Return the short name of a driver; those of the past outcome have their years in it.

    Examples
    --------
    >>> own = {"level": "indicator", "id": "gap_mean3", "en": "Mean gap of 3 years", "zh": "…"}
    >>> driver_name(own, 2023, Texts())["en"]
    'mean 21–23'
    """
    if reason["level"] == "family":
        return say.name("family", reason["id"])
    past = _PAST.fullmatch(reason["id"])
    if past is None or origin is None:
        return {"en": reason["en"], "zh": reason["zh"]}
    kind, years = past[1], int(past[2] or 0)
    if kind in ("gap", "gap_lag"):
        return say("reason_gap", year=origin - years)
    span = f"{(origin - years + 1) % 100:02}–{origin % 100:02}"
    return say("reason_mean" if kind == "gap_mean" else "reason_sum", span=span)


def reason_words(reason: Row | None, origin: int | None, say: Texts) -> Both:
    """Return the short name of a driver and its value, "" for none."""
    if reason is None:
        return both(lambda _: "")
    return joined([driver_name(reason, origin, say), value_words(reason)], " ")


def value_words(reason: Row) -> Both:
    """Return the value of a driver at the city, or by how much its part of a forecast changed.

    Its unit is left out where it is long: a list has no room for it, and the city's page has it.
    """
    if reason.get("value") is None:
        return both(lambda _: signed(reason["contribution"], 2))
    if reason["unit"] in ("pp", ""):
        return both(lambda _: signed(reason["value"], 1 if reason["unit"] else 2))
    unit, value = unit_words(reason["unit"]), _short(reason["value"])
    return both(lambda lang: f"{value} {unit[lang]}" if len(unit[lang]) <= SHORT else value)


def _short(value: float) -> str:
    """Write a value with at most three digits that count, and two behind the point."""
    size = abs(value)
    form = ",.0f" if size >= 100 else ".1f" if size >= 10 else ".2f" if size >= 0.005 else ".1g"
    return f"{value:{form}}".replace("-", "−")
