"""The flags of a forecast in words."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from city_resilience.report.texts import Both, Texts, both, joined

__all__ = ["common_flags", "flag_words", "flags_of"]


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


def flags_of(
    city: Mapping[str, Any], horizons: Sequence[str], say: Texts
) -> list[tuple[str, Both]]:
    """Return the flags of a city in words with the horizons of each, "" for all."""
    found: dict[str, tuple[list[str], Both]] = {}
    for h, own in city["h"].items():
        for name in flag_words(own["flags"], say):
            found.setdefault(name["en"], ([], name))[0].append(h)
    return [("" if len(hs) == len(horizons) else " ".join(hs), name) for hs, name in found.values()]
