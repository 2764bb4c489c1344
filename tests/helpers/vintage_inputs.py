"""Made-up panels of many days, with known revisions, for the tests of vintages."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np
import pandas as pd

from city_resilience.arrays import Float
from city_resilience.experiment.experiment import Experiment
from city_resilience.planted import as_printed, print_errors
from city_resilience.reading.panel import Panel
from city_resilience.tasks.dataset import Dataset, build_dataset
from city_resilience.tasks.real_time import in_real_time
from forecasting_inputs import experiment, panel_of, small_panel

SIZES = (2.0, 0.5)
DELAY = 90
ORIGINS = range(2006, 2013)


@cache
def errors() -> pd.Series:
    return print_errors(small_panel().frame, seed=5)


def published(origin: int) -> dt.date:
    """The day on which the panel with the outcome of an origin comes out."""
    return dt.date(origin + 2, 1, 1) + dt.timedelta(DELAY - 10)


def vintage(origin: int, variable: str = "gdp_real", sizes: Sequence[float] = SIZES) -> Panel:
    return panel_of(as_printed(small_panel().frame, origin, variable, sizes, errors()))


def vintages(**of: Any) -> dict[dt.date, Panel]:
    return {published(origin): vintage(origin, **of) for origin in ORIGINS}


def asked(**changes: Any) -> Experiment:
    """An experiment on quick members whose outcome is published after ``DELAY`` days."""
    values: dict[str, Any] = {
        "outcome": {"horizons": [1, 2], "publication_delay_days": DELAY},
        "evaluation": {"first_origin": 2008, "warmup_origins": 2, "min_group": 5},
        "model": {"members": ["persistence", "ridge"], "parameters": {"ridge": {}}},
    }
    return experiment(**{**values, **changes})


def dataset_of(
    dated: dict[dt.date, Panel], chosen: Experiment, panel: Panel | None = None
) -> Dataset:
    panel = panel or small_panel()
    return in_real_time(build_dataset(panel, chosen), panel, dated, chosen)


def gaps(panel: Panel, before: int, after: int) -> Float:
    """Growth gaps between two years by city, the slow way."""
    level = panel.frame.pivot_table(index="city", columns="year", values="gdp_real")
    growth = np.log(level[after] / level[before])
    return np.asarray(100.0 * (growth - np.log(level[after].sum() / level[before].sum())))
