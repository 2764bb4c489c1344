"""Spatial weights: the nearest places of each place."""

from __future__ import annotations

import numpy as np

from city_resilience.arrays import Float

__all__ = ["nearest_weights"]


def nearest_weights(coordinates: Float, neighbours: int) -> Float:
    """Return weights of the nearest places, shape (places, places); rows add to 1.

    Parameters
    ----------
    coordinates : ndarray, shape (places, 2)
        Longitude and latitude in degrees, all known.
    neighbours : int
        Fewer than the places.

    Notes
    -----
    Distances are those along a great circle. Weights are not symmetric: a place on the edge counts
    places as near that have nearer ones.

    Examples
    --------
    >>> nearest_weights(np.array([[0.0, 0.0], [1.0, 0.0], [5.0, 0.0]]), 1).tolist()
    [[0.0, 1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]
    """
    from scipy.spatial import cKDTree

    lon, lat = np.radians(coordinates).T
    unit = np.column_stack([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)])
    distance, near = cKDTree(unit).query(unit, neighbours + 1)
    places = np.arange(len(unit))
    distance[near == places[:, None]] = -1.0
    order = np.argsort(distance, axis=1, kind="stable")
    others = np.take_along_axis(near, order, axis=1)
    # Where more places share a point than there are neighbours, the place itself is not found.
    others = np.where((near == places[:, None]).any(axis=1)[:, None], others[:, 1:], near[:, 1:])
    weights = np.zeros((len(unit), len(unit)))
    weights[places[:, None], others] = 1.0 / neighbours
    return weights
