"""Where a city lies among the others: distances, market potential, neighbours' values.

Distances are great circles between the cities' seats. Sums run over the neighbours in the order of
the cities, one after another, so that a city without a value in a year, or one that enters later,
leaves the bits of the others alone. Up to 2,000 cities every pair counts; a larger panel counts
pairs up to 500 km apart, since all pairs of 10,000 cities would fill a gigabyte.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from city_resilience.arrays import Float
from city_resilience.indicators.formulas.ratios import log_ratio, ratio
from city_resilience.indicators.formulas.years import newest
from city_resilience.indicators.indicator import Function

__all__ = [
    "foreign_potential",
    "log_urban_density",
    "market_potential",
    "of_neighbours",
    "own_distance",
    "per_urban_land",
    "proximity",
    "spatial_lag",
    "urban_land",
]

EARTH_RADIUS_KM = 6371.0088
ALL_PAIRS = 2000
RADIUS_KM = 500.0
CLOSEST_KM = 1.0
KNOWN_OF_LAG = 0.5
KNOWN_OF_POTENTIAL = 0.9
_BLOCK = 256


def _haversine(first: Float, second: Float) -> Float:
    """``sin²(angle / 2)`` between points: a quarter of the squared chord of the unit sphere."""
    squares = [
        (a[:, None] - b[None, :]) ** 2 for a, b in zip(_unit(first), _unit(second), strict=True)
    ]
    return np.minimum((squares[0] + squares[1] + squares[2]) / 4.0, 1.0)


def _unit(coordinates: Float) -> tuple[Float, Float, Float]:
    lon, lat = np.radians(coordinates).T
    return np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)


def proximity(coordinates: Float, radius: float | None = None) -> Any:
    """Inverse distances between cities, 1/km.

    Parameters
    ----------
    coordinates : ndarray, shape (cities, 2)
        Longitude and latitude, degrees; NaN = unknown: such a city has no neighbours.
    radius : float, optional
        Greatest distance that counts, km; by default none up to 2,000 cities, 500 beyond.

    Returns
    -------
    scipy.sparse.csr_array, shape (cities, cities)
        Empty diagonal. Cities closer than 1 km count as 1 km apart.
    """
    from scipy.sparse import csr_array

    cities = len(coordinates)
    if radius is None:
        radius = np.inf if cities <= ALL_PAIRS else RADIUS_KM
    farthest = np.sin(min(radius / (2.0 * EARTH_RADIUS_KM), np.pi / 2.0)) ** 2
    starts, columns, weights = [np.zeros(1, dtype=np.int64)], [], []
    for start in range(0, cities, _BLOCK):
        haversine = _haversine(coordinates[start : start + _BLOCK], coordinates)
        own = np.arange(len(haversine))
        haversine[own, start + own] = np.nan
        near = haversine <= farthest
        distance = 2.0 * EARTH_RADIUS_KM * np.arcsin(np.sqrt(haversine[near]))
        starts.append(starts[-1][-1] + np.cumsum(np.count_nonzero(near, axis=1)))
        columns.append(np.nonzero(near)[1].astype(np.int32))
        weights.append(1.0 / np.maximum(distance, CLOSEST_KM))
    parts = [np.concatenate(part) if part else np.zeros(0) for part in (weights, columns)]
    return csr_array((*parts, np.concatenate(starts)), shape=(cities, cities))


def own_distance(area: Float) -> Float:
    """Mean distance within a city ``(2/3) sqrt(area / pi)``, km; the area in km².

    Redding & Venables 2004: the mean distance from the centre of a disc of that area.

    Examples
    --------
    >>> own_distance(np.array([[np.pi * 9.0]]))
    array([[2.]])
    """
    return np.where(area > 0, 2.0 / 3.0 * np.sqrt(np.where(area > 0, area, np.nan) / np.pi), np.nan)


def foreign_potential(outcome: Float, neighbours: Any) -> Float:
    """Market potential of the other cities: sum over j ≠ i of ``Y_j / d_ij``.

    Parameters
    ----------
    outcome : ndarray, shape (cities, years)
        Output; NaN = unknown.
    neighbours : sparse array, shape (cities, cities)
        As `proximity` returns it.

    Returns
    -------
    ndarray, shape (cities, years)
        Unit of the outcome per km. Missing where the cities with a value have less than 90 % of
        the weight of all that had one by then: a sum over fewer would read as a lost market.
    """
    total, known, seen = _sums(np.where(outcome > 0, outcome, np.nan), neighbours)
    return np.where(ratio(known, seen) >= KNOWN_OF_POTENTIAL, total, np.nan)


def market_potential(outcome: Float, area: Float, neighbours: Any) -> Float:
    """Market potential: sum over j ≠ i of ``Y_j / d_ij``, plus ``Y_i / d_ii``.

    Harris 1954; ``d_ii`` as in `own_distance`, from the newest area known by then.

    Parameters
    ----------
    outcome, area : ndarray, shape (cities, years)
        Output; land area, km².
    neighbours : sparse array, shape (cities, cities)
        As `proximity` returns it.
    """
    own = ratio(outcome, own_distance(newest(area)))
    return np.asarray(foreign_potential(outcome, neighbours) + own)


def spatial_lag(x: Float, neighbours: Any) -> Float:
    """Mean of the neighbours' values, weighted by inverse distance.

    Parameters
    ----------
    x : ndarray, shape (cities, years)
    neighbours : sparse array, shape (cities, cities)
        As `proximity` returns it.

    Returns
    -------
    ndarray, shape (cities, years)
        In the unit of x; the city's own value is not in it. Missing where the neighbours with a
        value have less than half of the weight of all that had one by then.
    """
    total, known, seen = _sums(x, neighbours)
    return np.where(ratio(known, seen) >= KNOWN_OF_LAG, ratio(total, known), np.nan)


def of_neighbours(function: Function) -> Function:
    """Return the function that takes the neighbours last, and means a formula over them."""
    return lambda *arrays: spatial_lag(function(*arrays[:-1]), arrays[-1])


def urban_land(built_up: Float, construction: Float) -> Float:
    """Built-up area, else land used for urban construction, km²."""
    return np.where(built_up > 0, built_up, construction)


def per_urban_land(x: Float, built_up: Float, construction: Float) -> Float:
    """``x`` per km² of urban land."""
    return ratio(x, urban_land(built_up, construction))


def log_urban_density(population: Float, built_up: Float, construction: Float) -> Float:
    """Log of urban residents (in 10k) per km² of urban land."""
    return log_ratio(1e4 * population, urban_land(built_up, construction))


def _sums(x: Float, neighbours: Any) -> list[Float]:
    """Sum over the neighbours of value × weight; of the weights of those with a value now, ever.

    One product for all three: reading the weights takes most of the time.
    """
    known = np.isfinite(x)
    seen = np.logical_or.accumulate(known, axis=1)
    sums = neighbours @ np.hstack([np.where(known, x, 0.0), known, seen])
    return np.split(sums, 3, axis=1)
