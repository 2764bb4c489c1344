"""Early releases of the small simulated panel: what its provinces publish before its cities."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from city_resilience.experiment.early import Release
from city_resilience.reading.early import EarlyRelease
from city_resilience.reading.panel import Panel
from city_resilience.reading.release_file import read_release

GROWTH = {"group": "province", "column": "growth", "kind": "growth"}
"""Keys of the release that `release_frame` makes."""


def release_frame(panel: Panel, last: int = 2015, seed: int = 0) -> pd.DataFrame:
    """Return the growth of each province in percent, up to some years after the panel's last."""
    rng = np.random.default_rng(seed)
    sums = panel.frame.pivot_table("gdp_real", "province", "year", aggfunc="sum")
    growth = 100.0 * (sums / sums.shift(axis=1) - 1.0).iloc[:, 1:]
    for year in range(int(sums.columns[-1]) + 1, last + 1):
        growth[year] = rng.normal(8.0, 3.0, len(growth))
    frame = growth.reset_index().melt("province", var_name="year", value_name="growth")
    return frame.round({"growth": 4})


def published_dates(frame: pd.DataFrame, month: int = 2, day: int = 14) -> pd.DataFrame:
    """Return a frame with the day of publication in the year after each."""
    days = [f"{year + 1}-{month:02d}-{day:02d}" for year in frame["year"]]
    return frame.assign(published=days)


def release_of(panel: Panel, frame: pd.DataFrame, name: str = "x", **keys: Any) -> EarlyRelease:
    """Read a release with the keys of `GROWTH`, some of them changed."""
    return read_release(name, Release.model_validate({**GROWTH, **keys}), frame, panel)
