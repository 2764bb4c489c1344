"""Contexts of small studies for the tests."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pandas as pd

from city_resilience.evaluation.study import context as contexts
from city_resilience.evaluation.study.context import Context, Settings
from city_resilience.evaluation.study.study import run_study
from city_resilience.experiment.experiment import Experiment
from city_resilience.reading.panel import Panel
from city_resilience.tasks.dataset import Dataset
from forecasting_inputs import experiment, facts_of, small_panel

FAST: dict[str, Any] = {
    "members": ["persistence", "ridge"],
    "parameters": {"ridge": {}},
}


def chosen(**changes: Any) -> Experiment:
    """An experiment at one horizon whose members are quick."""
    values: dict[str, Any] = {
        "outcome": {"horizons": [1]},
        "evaluation": {"first_origin": 2008, "warmup_origins": 2, "min_group": 5},
        "model": FAST,
    }
    return experiment(**{**values, **changes})


def context_of(
    panel: Panel, asked: Experiment | None = None, dataset: Dataset | None = None, **settings: Any
) -> Context:
    asked = asked or chosen()
    dataset = dataset or facts_of(panel, asked)
    return contexts.context_of(dataset, asked, Settings(**{"draws": 100, "refits": 5, **settings}))


@cache
def small_study() -> dict[str, Any]:
    """A study of the experiment that the inputs of the report are about."""
    asked = chosen(name="demo")
    return run_study(
        facts_of(small_panel(), asked), asked, "fp", settings=Settings(draws=100, refits=5)
    )


def with_noise(dataset: Dataset, family: str, seed: int) -> Dataset:
    """Replace the indicators of a family by noise that knows nothing."""
    rng = np.random.default_rng(seed)
    values = dataset.indicators.values.copy()
    own = [k for k, spec in enumerate(dataset.indicators.specs) if spec.family == family]
    known = np.isfinite(values[:, :, own])
    values[:, :, own] = np.where(known, rng.normal(size=known.shape), np.nan)
    return replace(dataset, indicators=replace(dataset.indicators, values=values))


def forecasts_until(forecasts: Mapping[int, Any], origin: int) -> pd.DataFrame:
    return pd.DataFrame({o: values for o, values in forecasts.items() if o <= origin})
