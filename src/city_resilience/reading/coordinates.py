"""Where the cities of a panel lie: its own columns, else the gazetteer.

Each city is looked up by itself, so that one that enters later changes nothing for the others.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from city_resilience.catalogue.gazetteer.gazetteer import load_gazetteer

__all__ = ["LATITUDE", "LONGITUDE", "find_coordinates", "stated_coordinates"]

Float = NDArray[np.float64]
LONGITUDE, LATITUDE = "longitude", "latitude"


@lru_cache(maxsize=32)
def find_coordinates(cities: tuple[str, ...], provinces: tuple[str, ...] = ()) -> Float | None:
    """Return longitude and latitude of cities or provinces of China, degrees.

    Parameters
    ----------
    cities : tuple of str
        Names; one that the gazetteer had to correct is not used.
    provinces : tuple of str
        Province of each city, "" where unknown; empty when there are none.

    Returns
    -------
    ndarray, shape (cities, 2), read-only, or None
        NaN for a name that is no unit or several; a province lies where its capital does. None
        where no name is known.
    """
    gazetteer = load_gazetteer("china")
    places = np.full((len(cities), 2), np.nan)
    for at, city in enumerate(cities):
        places[at] = gazetteer.locate(city, provinces[at] if provinces else "")
    if not np.isfinite(places).any():
        return None
    places.flags.writeable = False
    return places


def stated_coordinates(values: Mapping[str, Float]) -> Float | None:
    """Return the coordinates that a panel states, degrees; None where it has no such columns.

    Parameters
    ----------
    values : mapping of str to ndarray, shape (cities, years)
        Of a city the earliest pair counts.

    Returns
    -------
    ndarray, shape (cities, 2), or None
        NaN where unknown, or beyond 180 or 90 degrees.
    """
    if LONGITUDE not in values or LATITUDE not in values:
        return None
    pairs = np.stack([values[LONGITUDE], values[LATITUDE]], axis=-1)
    known = np.asarray((np.abs(pairs) <= [180.0, 90.0]).all(axis=-1))
    first = pairs[np.arange(len(pairs)), known.argmax(axis=1)]
    return np.where(known.any(axis=1, keepdims=True), first, np.nan)
