"""Where the cities of a panel lie: its own columns, else the gazetteer.

Each city is looked up by itself, so that one that enters later changes nothing for the others.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from functools import lru_cache
from itertools import repeat
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from city_resilience.catalogue.gazetteer.gazetteer import load_gazetteer
from city_resilience.errors import InputError
from city_resilience.reading.cells import cell_text, parse_cell
from city_resilience.reading.opening import open_table

__all__ = [
    "LATITUDE",
    "LONGITUDE",
    "find_coordinates",
    "located",
    "read_coordinates",
    "stated_coordinates",
]

Float = NDArray[np.float64]
LONGITUDE, LATITUDE = "longitude", "latitude"
_TOGETHER = 5_000  # places that are looked up at once


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
    places = located(cities, provinces)
    if places is not None:
        places.flags.writeable = False
    return places


def located(
    cities: Sequence[str], provinces: Sequence[str] | NDArray[np.str_] = ()
) -> Float | None:
    """Return what `find_coordinates` does, and keep nothing of it."""
    gazetteer, found = load_gazetteer("china"), None
    for first in range(0, len(cities), _TOGETHER):
        rows = slice(first, first + _TOGETHER)
        own = cities[rows]
        named = zip(own, map(str, provinces[rows]) if len(provinces) else repeat(""), strict=False)
        places = np.array([gazetteer.locate(*one) for one in named], dtype=np.float64)
        if found is None and np.isfinite(places).any():
            found = np.full((len(cities), 2), np.nan)
        if found is not None:
            found[rows] = places.reshape(-1, 2)
    return found


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


def read_coordinates(path: Path, cities: Collection[str]) -> dict[str, tuple[float, float]]:
    """Return longitude and latitude of cities from a file, degrees.

    Parameters
    ----------
    path : Path
        A table with the columns ``longitude`` and ``latitude``; the first other one names the
        cities. A city without both has no place.
    cities : collection of str
        The cities of the panel; others in the file are left out.

    Raises
    ------
    InputError
        If it is not there, lacks a column, names a city twice or none of the panel's, or has a
        value that is no degree.
    """
    if not path.is_file():
        raise InputError(
            f"data.coordinates: no file at {path}; correct the path, which is relative to the "
            "experiment file"
        )
    table = open_table(path, what="coordinates")
    headers = [header.strip().casefold() for header in table.headers]
    named = [at for at, header in enumerate(headers) if header not in (LONGITUDE, LATITUDE)]
    lacking = [name for name in (LONGITUDE, LATITUDE) if headers.count(name) != 1]
    if lacking or not named:
        raise InputError(
            f"{path}: needs a column of names and one each of {LONGITUDE} and {LATITUDE}, found "
            f"{', '.join(table.headers) or 'nothing'}; correct its first row"
        )
    body = table.load(named[:1])
    sides = (headers.index(LONGITUDE), 180.0), (headers.index(LATITUDE), 90.0)
    found: dict[str, tuple[float, float]] = {}
    for row, cells in zip(body.index, body.itertuples(index=False, name=None), strict=True):
        city = cell_text(cells[named[0]])
        if city not in cities:
            continue
        if city in found:
            raise InputError(f"{path}: row {row} names {city!r} again; keep one row for it")
        lon, lat = (_degrees(cells[at], most, f"{path}: row {row}") for at, most in sides)
        found[city] = (lon, lat)
    found = {city: pair for city, pair in found.items() if np.isfinite(pair).all()}
    if not found:
        raise InputError(f"{path}: names no place of the panel; write names as the panel has them")
    return found


def _degrees(cell: object, most: float, where: str) -> float:
    value = parse_cell(cell)
    if value.fault or abs(value.value) > most:
        raise InputError(
            f"{where}: expected degrees from -{most:.0f} to {most:.0f}, found {cell!r}; correct it"
        )
    return value.value
