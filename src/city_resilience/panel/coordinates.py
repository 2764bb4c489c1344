"""Where the cities of a panel lie, from the gazetteer."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from city_resilience.gazetteer import Match, load_gazetteer

__all__ = ["find_coordinates"]

LEAST_KNOWN = 0.9


@lru_cache(maxsize=32)
def find_coordinates(
    cities: tuple[str, ...], provinces: tuple[str, ...] = ()
) -> NDArray[np.float64] | None:
    """Return longitude and latitude of cities of China, degrees.

    Parameters
    ----------
    cities : tuple of str
        Names; one that the gazetteer had to correct is not used.
    provinces : tuple of str
        Province of each city, "" where unknown; empty when there are none.

    Returns
    -------
    ndarray, shape (cities, 2), read-only, or None
        NaN for a name that is no unit or several; None where fewer than nine of ten are one.
    """
    gazetteer = load_gazetteer("china")
    places = np.full((len(cities), 2), np.nan)
    for at, city in enumerate(cities):
        found = gazetteer.resolve(city, None, provinces[at] if provinces else "")
        if isinstance(found, Match) and found.kind == "city" and found.how != "confusable":
            places[at] = gazetteer.coordinates(found.adcode)
    if not cities or np.isfinite(places[:, 0]).mean() < LEAST_KNOWN:
        return None
    places.flags.writeable = False
    return places
