"""A small simulated panel and a forecaster fitted on it, for the tests of stored models."""

from __future__ import annotations

import functools
from dataclasses import replace
from pathlib import Path

from city_resilience.audit.training_levels import training_levels
from city_resilience.evaluation.live import fit_forecaster
from city_resilience.experiment.experiment import Experiment
from city_resilience.experiment.load import experiment_from
from city_resilience.models.forecaster import Forecaster
from city_resilience.reading.panel import Panel
from city_resilience.reading.read import read_panel
from city_resilience.simulate import simulate_panel, with_headers
from city_resilience.tasks.dataset import build_dataset

CITIES, YEARS = 30, 14
VALUES = {
    "name": "small",
    "title": "A small simulated panel",
    "evaluation": {"first_origin": 2010, "warmup_origins": 1},
    "data": {
        "path": "panel.csv",
        "groups": ["region"],
        "source": "city_resilience.simulate",
        "licence": "Apache-2.0",
        "simulated": True,
    },
    "outcome": {"horizons": [1, 2]},
    "features": {"carry_forward": 3},
    "model": {
        "members": ["ridge", "xgboost", "extra_trees"],
        "parameters": {
            "xgboost": {"rounds": 20},
            "extra_trees": {"trees": 10, "min_leaf": 5},
        },
    },
}
WEIGHTS = {"xgboost": 0.3, "ridge": 0.5, "extra_trees": 0.2}


def small_experiment(**changes: object) -> Experiment:
    return experiment_from({**VALUES, **changes}, "test")


@functools.cache
def panel_text() -> str:
    return with_headers(simulate_panel(CITIES, years=YEARS, seed=3).frame).to_csv(index=False)


def write_panel(folder: Path, name: str = "panel.csv") -> Path:
    path = folder / name
    path.write_text(panel_text(), encoding="utf-8")
    return path


def small_panel(folder: Path) -> Panel:
    return read_panel(write_panel(folder), small_experiment().data, outcome="gdp_real")


def small_forecaster(panel: Panel, experiment: Experiment | None = None) -> Forecaster:
    experiment = experiment or small_experiment()
    weights = dict.fromkeys(experiment.outcome.horizons, WEIGHTS)
    dataset = build_dataset(panel, experiment)
    fitted = fit_forecaster(dataset, experiment, weights, panel.fingerprint())
    return replace(fitted, levels=training_levels(panel, fitted.cities))
