"""The flags of a forecast in words."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from city_resilience.report.texts import Both, Texts, both, joined

__all__ = ["common_by_horizon", "common_flags", "flag_numbers", "flag_words"]


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


def common_flags(cities: Iterable[Mapping[str, Any]]) -> list[str]:
    """Return the flags of every forecast of every city, which are said once.

    Examples
    --------
    >>> one, two = ({"h": {"1": {"flags": own}}} for own in (["stale", "new_city"], ["stale"]))
    >>> common_flags([one, two])
    ['stale']
    """
    every = [own["flags"] for city in cities for own in city["h"].values()]
    return [flag for flag in (every or [[]])[0] if all(flag in flags for flags in every)]


def common_by_horizon(cities: Iterable[Mapping[str, Any]]) -> dict[str, list[str]]:
    """Return horizon → the flags of every forecast of it."""
    rows = list(cities)
    horizons = dict.fromkeys(h for city in rows for h in city["h"])
    return {
        h: common_flags({"h": {h: city["h"][h]}} for city in rows if h in city["h"])
        for h in horizons
    }


def flag_numbers(
    cities: Iterable[Mapping[str, Any]], say: Texts
) -> tuple[list[Both], dict[str, str]]:
    """Return all flags in words, and for each city the numbers of its own, counted from 1."""
    places: dict[str, int] = {}
    words: list[Both] = []
    numbers = {}
    for city in cities:
        own: dict[int, None] = {}
        for at in city["h"].values():
            for name in flag_words(at["flags"], say):
                if name["en"] not in places:
                    words.append(name)
                    places[name["en"]] = len(words)
                own[places[name["en"]]] = None
        numbers[city["city"]] = " ".join(map(str, sorted(own)))
    return words, numbers
