"""Made-up panels of three countries whose trends differ."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pandas as pd

from city_resilience.experiment.experiment import Experiment
from city_resilience.reading.panel import Panel
from city_resilience.simulate import simulate_panel
from forecasting_inputs import experiment, panel_of

TRENDS = {"Arland": 0.0, "Borland": 0.05, "Corland": -0.04}
"""What each country's log growth has beyond the simulated one, a year."""


def nations_frame(
    cities: int = 20, years: int = 14, seed: int = 0, *, noise: bool = False
) -> pd.DataFrame:
    """Return the simulated panels of three countries in one frame, with the column nation."""
    parts = []
    for at, (nation, trend) in enumerate(TRENDS.items()):
        frame = simulate_panel(cities, 2000, years, 3 * seed + at, noise_only=noise).frame
        frame["city"] += f" {nation[0]}"
        frame["province"] += f" {nation[0]}"
        frame["gdp_real"] *= np.exp(trend * (frame["year"] - 2000))
        parts.append(frame.assign(nation=nation))
    return pd.concat(parts, ignore_index=True)


@cache
def nations_panel(cities: int = 20, years: int = 14, seed: int = 0, noise: bool = False) -> Panel:
    return panel_of(nations_frame(cities, years, seed, noise=noise))


def nations_experiment(**changes: Any) -> Experiment:
    data = {"simulated": True, "nation": "nation", **changes.pop("data", {})}
    return experiment(data=data, **changes)


def without_nation(panel: Panel) -> Panel:
    """Return the panel as one nation."""
    return panel_of(panel.frame.drop(columns="nation"))


def walked(cities: int = 15, years: int = 16, seed: int = 0) -> pd.DataFrame:
    """Return levels whose growth is the country's trend and a random number, nothing else."""
    rng = np.random.default_rng(seed)
    rows = []
    for nation, trend in TRENDS.items():
        shared = trend + 0.02 * rng.standard_normal(years)
        growth = shared + 0.025 * rng.standard_normal((cities, years))
        level = np.exp(np.cumsum(growth, axis=1) + rng.standard_normal((cities, 1)))
        for at in range(cities):
            rows.append(
                pd.DataFrame(
                    {
                        "city": f"{nation} {at:02d}",
                        "year": np.arange(2000, 2000 + years),
                        "province": f"{nation} {'west' if at % 2 else 'east'}",
                        "nation": nation,
                        "gdp_real": level[at],
                        "population": 100.0 + at,
                    }
                )
            )
    return pd.concat(rows, ignore_index=True)
