"""Where a city lies among the others: distances, market potential, neighbours' values.

Distances are great circles between the cities' seats. Sums run over the neighbours in the order of
the cities, one after another, so that a city without a value in a year, or one that enters later,
leaves the bits of the others alone. Up to 2,000 cities every pair counts; a larger panel counts
pairs up to 500 km apart, since all pairs of 10,000 cities would fill a gigabyte.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any

import numpy as np

from city_resilience.arrays import Float, Positions
from city_resilience.indicators.formulas.ratios import log_ratio, ratio
from city_resilience.indicators.formulas.together import gathered
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
_SLACK = 1e-9  # what rounding may move a pair: the haversine decides


@dataclass(frozen=True)
class _Places:
    """Where all cities lie.

    Attributes
    ----------
    points : ndarray, shape (cities, 3)
        On the unit sphere; NaN = unknown.
    """

    points: Float

    @classmethod
    def of(cls, coordinates: Float) -> _Places:
        lon, lat = np.radians(coordinates).T
        points = np.stack([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)], 1)
        return cls(points)

    @cached_property
    def known(self) -> Positions:
        """Cities whose place is known."""
        return np.flatnonzero(np.isfinite(self.points).all(axis=1))

    @cached_property
    def tree(self) -> Any:
        """Tree of the points of the known cities."""
        from scipy.spatial import cKDTree

        return cKDTree(self.points[self.known])

    def pairs(self, rows: slice, chord: float) -> tuple[Positions, Positions]:
        """Return pairs of a row and any city, at most a chord apart and some more, in order."""
        from scipy.spatial import cKDTree

        own = np.arange(rows.start, rows.stop)
        if chord >= 2.0:
            return np.repeat(own, len(self.points)), np.tile(np.arange(len(self.points)), len(own))
        own = own[np.isfinite(self.points[own]).all(axis=1)]
        reach = chord * (1.0 + _SLACK)
        near = cKDTree(self.points[own]).sparse_distance_matrix(
            self.tree, reach, output_type="ndarray"
        )
        first, second = own[near["i"]], self.known[near["j"]]
        order = np.lexsort((second, first))
        return first[order], second[order]

    def haversine(self, first: Positions, second: Positions) -> Float:
        """``sin²(angle / 2)`` between points: a quarter of the squared chord of the unit sphere."""
        x, y, z = ((axis[first] - axis[second]) ** 2 for axis in self.points.T)
        return np.asarray(np.minimum((x + y + z) / 4.0, 1.0))


def proximity(coordinates: Float, radius: float | None = None) -> Any:
    """Inverse distances between cities, 1/km.

    Parameters
    ----------
    coordinates : ndarray, shape (cities, 2)
        Longitude and latitude, degrees; NaN = unknown: such a city has no neighbours.
    radius : float, optional
        Greatest distance that counts, km; by default none up to 2,000 cities, 500 beyond. Pairs
        within it are found by a tree of the points on the unit sphere.

    Returns
    -------
    scipy.sparse.csr_array, shape (cities, all cities)
        No city is a neighbour of its own. Cities closer than 1 km count as 1 km apart.
    """
    from scipy.sparse import csr_array

    places, own = gathered(coordinates, _Places.of)
    cities = len(places.points)
    if radius is None:
        radius = np.inf if cities <= ALL_PAIRS else RADIUS_KM
    farthest = np.sin(min(radius / (2.0 * EARTH_RADIUS_KM), np.pi / 2.0)) ** 2
    parts = []
    for start in range(own.start, own.stop, _BLOCK):
        rows = slice(start, min(start + _BLOCK, own.stop))
        first, second = places.pairs(rows, 2.0 * np.sqrt(farthest))
        haversine = places.haversine(first, second)
        near = (haversine <= farthest) & (first != second)
        distance = 2.0 * EARTH_RADIUS_KM * np.arcsin(np.sqrt(haversine[near]))
        counts = np.bincount(first[near] - start, minlength=rows.stop - start)
        columns = second[near].astype(np.int32)
        parts.append((1.0 / np.maximum(distance, CLOSEST_KM), columns, counts))
    weights, columns, counts = (
        np.concatenate(part) if part else np.zeros(0, dtype=np.int64)
        for part in (zip(*parts, strict=True) if parts else ((), (), ()))
    )
    starts = np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(counts)])
    return csr_array((weights, columns, starts), shape=(len(coordinates), cities))


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
    return partial(_mean_of, function)


def _mean_of(function: Function, *arrays: Any) -> Float:
    return spatial_lag(function(*arrays[:-1]), arrays[-1])


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
    columns, _ = gathered(np.hstack([np.where(known, x, 0.0), known, seen]))
    sums = neighbours @ columns
    return np.split(sums, 3, axis=1)
