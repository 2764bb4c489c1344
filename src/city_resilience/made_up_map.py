"""Where the made-up cities of a simulated panel lie: an island whose provinces hang together.

It draws from a generator of its own, so that the panel stays as it is without a map.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import pandas as pd

from city_resilience.arrays import Float, Int

__all__ = ["made_up_coordinates"]

LONGITUDE, LATITUDE = (-32.0, -14.0), (38.0, 50.0)
"""The box of the island, degrees: in the Atlantic, where no city is."""
CANDIDATES = 24
"""Points drawn for each place, of which the one farthest from all others is taken."""
DIGITS = 3


def made_up_coordinates(frame: pd.DataFrame, seed: int = 0) -> pd.DataFrame:
    """Return longitude and latitude of the cities of a simulated panel.

    Parameters
    ----------
    frame : DataFrame
        With the columns city and province.
    seed : int
        Seed of the generator; the same cities and seed give the same map.

    Returns
    -------
    DataFrame
        Columns city, longitude, latitude (degrees); one row per city, sorted.
    """
    rng = np.random.default_rng(seed)
    cities = frame.drop_duplicates("city").sort_values(["province", "city"])
    sizes = cities.groupby("province", sort=True).size().to_numpy()
    points = _island(rng, len(cities))
    owner = np.empty(len(points), dtype=np.int64)
    _divide(points, np.arange(len(points)), np.arange(len(sizes)), sizes, owner)
    order = np.lexsort((rng.random(len(points)), owner))
    degrees = np.round(points[order], DIGITS)
    placed = pd.DataFrame(
        {"city": cities["city"].to_numpy(), "longitude": degrees[:, 0], "latitude": degrees[:, 1]}
    )
    return placed.sort_values("city", ignore_index=True)


def _island(rng: np.random.Generator, count: int) -> Float:
    """Draw places on the island that keep their distance, shape (count, 2)."""
    wave = rng.uniform(0, 2 * np.pi, 3)
    placed = np.empty((count, 2))
    for at in range(count):
        drawn = _on_land(rng, wave)
        if at:
            apart = np.linalg.norm(drawn[:, None] - placed[None, :at], axis=-1).min(axis=1)
            placed[at] = drawn[apart.argmax()]
        else:
            placed[at] = drawn[0]
    low = np.array([LONGITUDE[0], LATITUDE[0]])
    high = np.array([LONGITUDE[1], LATITUDE[1]])
    return np.asarray(low + (high - low) * (placed + 1.0) / 2.0)


def _on_land(rng: np.random.Generator, wave: Float) -> Float:
    """Draw candidates in a disc of radius one whose shore has three bays."""
    angle = rng.uniform(0, 2 * np.pi, CANDIDATES)
    shore = 0.82 + sum(
        size * np.sin(k * angle + wave[k - 2]) for k, size in ((2, 0.08), (3, 0.06), (4, 0.04))
    )
    radius = shore * np.sqrt(rng.random(CANDIDATES))
    return np.column_stack([radius * np.cos(angle), radius * np.sin(angle)])


def _divide(points: Float, own: Int, provinces: Int, sizes: Int, owner: Int) -> None:
    """Deal places that lie together to provinces of given sizes, by cuts across the longer side."""
    if len(provinces) == 1:
        owner[own] = provinces[0]
        return
    half = len(provinces) // 2
    side = int(np.ptp(points[own], axis=0).argmax())
    order = own[np.argsort(points[own, side], kind="stable")]
    first = int(sizes[provinces[:half]].sum())
    _divide(points, order[:first], provinces[:half], sizes, owner)
    _divide(points, order[first:], provinces[half:], sizes, owner)


def main(arguments: list[str] | None = None) -> None:
    """Write the map: ``python -m city_resilience.made_up_map --panel panel.csv --out FILE``."""
    parser = argparse.ArgumentParser(
        prog="python -m city_resilience.made_up_map", description=main.__doc__
    )
    parser.add_argument("--panel", type=Path, required=True, help="CSV file of a simulated panel")
    parser.add_argument("--out", type=Path, required=True, help="CSV file to write")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args(arguments)
    placed = made_up_coordinates(pd.read_csv(options.panel), options.seed)
    placed.to_csv(options.out, index=False, encoding="utf-8", lineterminator="\n")
    print(f"{options.out}: {len(placed)} made-up cities on a made-up map")


if __name__ == "__main__":
    main()
