"""Held-out drivers of a made-up model, with a truth: no learner is fitted for them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from city_resilience.explain.contributions import BASE
from city_resilience.explain.held_rows import HeldOut

CITIES, PROVINCES, YEARS = 90, 18, 6
NAMES = {"a": "digital", "b": "innovation", "c": "structure"}
Float = NDArray[np.float64]


def cities() -> list[str]:
    return [f"c{k:02}" for k in range(CITIES)]


def provinces() -> dict[str, str]:
    return {city: f"p{k % PROVINCES:02}" for k, city in enumerate(cities())}


def large() -> dict[str, str]:
    return {city: "large" if k < CITIES // 3 else "other" for k, city in enumerate(cities())}


def made_up(
    truth: Callable[[dict[str, Float], Float], Float],
    seed: int = 0,
    noise: float = 1.0,
    model: tuple[float, float, float] = (1.0, 0.6, 0.0),
) -> HeldOut:
    """Return drivers of a linear model, and a truth that is a function of the values.

    ``truth`` gets the values by name and whether a city is large, each of shape (rows,).
    """
    rng = np.random.default_rng(seed)
    rows = pd.MultiIndex.from_product(
        [cities(), range(2010, 2010 + YEARS)], names=["city", "origin"]
    ).to_frame(index=False)
    own = rng.standard_normal((CITIES, len(NAMES)))
    values = 0.9 * np.repeat(own, YEARS, axis=0)
    values += np.sqrt(1 - 0.9**2) * rng.standard_normal(values.shape)
    by_name = dict(zip(NAMES, values.T, strict=True))
    steep = (rows["city"].map(large()) == "large").to_numpy(dtype=np.float64)
    shocks = rng.standard_normal((PROVINCES, YEARS))
    shared = np.tile(shocks, (CITIES // PROVINCES, 1)).ravel()
    scatter = noise * (np.sqrt(0.3) * shared + np.sqrt(0.7) * rng.standard_normal(len(rows)))
    parts = [
        rows.assign(indicator=name, family=family, value=by_name[name], contribution=k * own_values)
        for (name, family), k, own_values in zip(NAMES.items(), model, values.T, strict=True)
    ]
    parts.append(rows.assign(indicator=BASE, family="base", value=np.nan, contribution=0.1))
    told = rows.assign(truth=truth(by_name, steep) + scatter)
    return HeldOut(pd.concat(parts, ignore_index=True), told, provinces())
