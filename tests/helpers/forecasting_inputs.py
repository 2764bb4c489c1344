"""Small panels and experiments for the tests of the forecasting room."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pandas as pd

from city_resilience.catalogue.variables import load_catalogue
from city_resilience.evaluation.backtest import Backtest, run_backtest
from city_resilience.experiment.experiment import Experiment
from city_resilience.experiment.load import experiment_from
from city_resilience.reading.panel import Panel
from city_resilience.simulate import simulate_panel
from city_resilience.tasks.dataset import Dataset, build_dataset

SMALL = {
    "ridge": {},
    "xgboost": {"rounds": 12, "learning_rate": 0.3},
    "xgboost_all_years": {"rounds": 12, "learning_rate": 0.3},
    "extra_trees": {"trees": 8, "min_leaf": 10},
    "extra_trees_history": {"trees": 8, "min_leaf": 10},
}


def panel_of(frame: pd.DataFrame) -> Panel:
    variables = {
        name: load_catalogue().variables[name]
        for name in frame.columns
        if frame[name].dtype.kind == "f"
    }
    groups = [name for name in ("region", "size_class") if name in frame]
    nation = ["nation"] if "nation" in frame else []
    keys = ["city", "year", "province", *nation, *groups]
    ordered = frame[[*keys, *sorted(variables)]].sort_values(["city", "year"], ignore_index=True)
    return Panel(ordered, variables, tuple(groups), (), "simulated")


@cache
def small_panel(cities: int = 50, years: int = 14, seed: int = 0, noise: bool = False) -> Panel:
    return panel_of(simulate_panel(cities, 2000, years, seed, noise_only=noise).frame)


def experiment(**changes: Any) -> Experiment:
    values: dict[str, Any] = {
        "name": "small",
        "outcome": {"horizons": [1, 2]},
        "features": {"carry_forward": 3},
        "evaluation": {"first_origin": 2009, "warmup_origins": 2, "min_group": 5},
        "model": {"parameters": SMALL},
        "data": {"simulated": True},
    }
    for section, own in changes.items():
        values[section] = {**values.get(section, {}), **own} if isinstance(own, dict) else own
    return experiment_from(values, "test")


def facts_of(panel: Panel, chosen: Experiment | None = None) -> Dataset:
    return build_dataset(panel, chosen or experiment())


_MADE: dict[tuple[str, tuple[str, ...]], Backtest] = {}


def backtest_of(asked: Experiment, *also: str) -> Backtest:
    """Return the backtest of the small panel, made once in a process; nothing may change it.

    Parameters
    ----------
    also : str
        ``views`` and ``explain``, as `run_backtest` takes them.
    """
    key = repr(asked), also
    if key not in _MADE:
        own = facts_of(small_panel(), asked)
        _MADE[key] = run_backtest(own, asked, **dict.fromkeys(also, True))
    return _MADE[key]


SCALED: dict[str, dict[str, Any]] = {
    "log": {"variable": "gdp_real", "scale": "log"},
    "per_head": {"variable": "gdp_per_head", "scale": "per_head", "weight": "population"},
    "rate": {"variable": "unemployment_rate", "scale": "rate", "direction": -1},
    "index": {"variable": "gdp_real", "scale": "index"},
}
"""Outcomes of other scales than a level, in the panel of `scaled_panel`."""


def scaled_panel(scale: str, **of: Any) -> Panel:
    """Return a small panel with the outcome of `SCALED` in it; weights have holes."""
    panel = small_panel(**of)
    frame = panel.frame.copy()
    level = frame["gdp_real"].copy()
    if scale == "log":
        frame["gdp_real"] = np.log(level)
    elif scale == "per_head":
        frame["gdp_per_head"] = 1e4 * level / frame["population"]
        frame.loc[frame.index % 7 == 0, "population"] = np.nan
    elif scale == "rate":
        first = np.log(level).groupby(frame["city"]).transform("first")
        frame["unemployment_rate"] = 0.3 - 0.1 * (np.log(level) - first)
    return panel_of(frame)


def scaled_experiment(scale: str, **changes: Any) -> Experiment:
    """Return the experiment on an outcome of `SCALED`."""
    return experiment(outcome={"horizons": [1, 2], **SCALED[scale]}, **changes)


def poisoned(panel: Panel, origin: int, seed: int = 1, mean: float = 3.0) -> Panel:
    """Replace everything after an origin by random positive values."""
    rng = np.random.default_rng(seed)
    frame = panel.frame.copy()
    later = frame["year"] > origin
    for name in panel.variables:
        frame.loc[later, name] = rng.lognormal(mean, 1, int(later.sum()))
    return Panel(frame, panel.variables, panel.groups, panel.notes, panel.source)
