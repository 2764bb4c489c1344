"""Rows of the page's table of cities; the scripts of the page only sort, search and turn pages."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from city_resilience.report.formatting import interval, percent, signed
from city_resilience.report.summary import Summary
from city_resilience.report.tables import tone
from city_resilience.report.texts import Both, Texts, both, joined

__all__ = ["city_row", "flag_words"]

LEADING = 3


def city_row(entry: Mapping[str, Any], summary: Summary, say: Texts) -> dict[str, Any]:
    """Return a row of the table of cities; what depends on the horizon has one part for each."""
    parts = {
        h: summary["by_horizon"][h]["parts"].get(entry["city"]) if h in entry["h"] else None
        for h in map(str, summary["horizons"])
    }
    return {
        "city": entry["city"],
        "province": entry["province"],
        "forecasts": [(h, _forecast(entry["h"].get(h))) for h in parts],
        "ranks": [(h, (entry["h"].get(h) or {}).get("rank")) for h in parts],
        "drivers": [(h, _drivers(part, summary)) for h, part in parts.items() if part],
        "observed": [(h, percent(part["observed"] if part else None)) for h, part in parts.items()],
        "flags": _flags({h: own["flags"] for h, own in entry["h"].items()}, len(parts), say),
    }


def _forecast(own: Mapping[str, Any] | None) -> tuple[str, str, str, int] | None:
    """Return a forecast, its colour, its interval and the target year."""
    if own is None or own["forecast"] is None:
        return None
    bounds = interval(own["lower"], own["upper"], 1)
    value = own["forecast"]
    return signed(value), tone(value), "" if bounds == "–" else bounds, own["target"]


def _drivers(part: Mapping[str, Any], summary: Summary) -> list[tuple[str, str, str]]:
    """Return id, contribution and colour of the leading indicators."""
    return [
        (summary["indicators"][index]["id"], signed(size), tone(size))
        for index, _, size in part["top"][:LEADING]
    ]


def _flags(by_horizon: Mapping[str, list[str]], of: int, say: Texts) -> list[tuple[str, Both]]:
    """Return the flags of a city in words and the horizons of each, "" for all."""
    found: dict[str, tuple[list[str], Both]] = {}
    for h, flags in by_horizon.items():
        for name in flag_words(flags, say):
            found.setdefault(name["en"], ([], name))[0].append(h)
    return [("" if len(hs) == of else " ".join(hs), name) for hs, name in found.values()]


def flag_words(flags: Iterable[str], say: Texts) -> Iterable[Both]:
    """Say what the flags mean; all that was carried ("carried:FAMILY(YEARS)") in one."""
    carried = []
    for flag in flags:
        if found := re.fullmatch(r"carried:(\w+)\((\d+)\)", flag):
            carried.append(joined((say.name("family", found[1]), both(lambda _: found[2])), " "))
        else:
            yield say.name("flag", flag)
    if carried:
        yield joined((say("flag_carried"), joined(carried, ", ")))
