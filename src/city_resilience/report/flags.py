"""The flags of a forecast in words."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from city_resilience.report.texts import Both, Texts, both, joined

__all__ = ["carried_words", "common_flags", "flag_numbers", "flag_words", "usual_flags"]

USUAL = 0.9
"""Share of the cities from which on a flag is said once, above their table."""
CARRIED = re.compile(r"carried:(\w+)\((\d+)\)")


def flag_words(flags: Iterable[str], say: Texts) -> Iterable[Both]:
    """Say what the flags mean; all that was carried ("carried:FAMILY(YEARS)") in one."""
    carried = []
    for flag in flags:
        if (words := carried_words(flag, say)) is not None:
            carried.append(words)
        else:
            yield say.name("flag", flag)
    if carried:
        yield joined((say("flag_carried"), joined(carried, ", ")))


def carried_words(flag: str, say: Texts) -> Both | None:
    """Return the family that was carried and its years, None for a flag of another kind."""
    found = CARRIED.fullmatch(flag)
    if found is None:
        return None
    return joined((say.name("family", found[1]), both(lambda _: found[2])), " ")


def common_flags(
    cities: Iterable[Mapping[str, Any]], *, horizon: str | None = None, share: float = 1.0
) -> list[str]:
    """Return the flags of every forecast of every city, which are said once.

    Parameters
    ----------
    cities : iterable of mapping
    horizon : str or None
        The only horizon that counts; None for all.
    share : float
        Share of the forecasts that have such a flag at least.

    Examples
    --------
    >>> one, two = ({"h": {"1": {"flags": own}}} for own in (["stale", "new_city"], ["stale"]))
    >>> common_flags([one, two])
    ['stale']
    """
    every = [
        own["flags"] for city in cities for h, own in city["h"].items() if horizon in {None, h}
    ]
    counts = Counter(flag for flags in every for flag in dict.fromkeys(flags))
    return [flag for flag, count in counts.items() if count >= share * len(every)]


def usual_flags(cities: Iterable[Mapping[str, Any]], horizon: str) -> list[str]:
    """Return the flags that nearly all cities have, which are said once above their table."""
    return common_flags(cities, horizon=horizon, share=USUAL)


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
