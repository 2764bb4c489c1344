"""A small simulated experiment on disk, for the tests of whole runs and of the command line."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pandas as pd

from city_resilience.simulate import simulate_panel, with_headers

CITIES, YEARS, LAST = 30, 14, 2013
EXPERIMENT = """\
name = "small"
title = "A small simulated panel"

[data]
path = "panel.csv"
source = "city_resilience.simulate, seed 5"
licence = "Apache-2.0"
simulated = true

[outcome]
horizons = [1, 2]

[features]
carry_forward = 0

[evaluation]
first_origin = 2010
warmup_origins = 1

[model.parameters.xgboost]
rounds = 15
learning_rate = 0.2

[model.parameters.xgboost_all_years]
rounds = 15
learning_rate = 0.2

[model.parameters.extra_trees_history]
trees = 8
min_leaf = 10
"""

RIDGE = ('model.members=["ridge"]', "model.serve=ridge", "outcome.horizons=[1]")
SHORT = (*RIDGE, 'features.families=["history"]')
"""Overrides with which a whole training takes a third of the time; it is behind a naive rule."""


def as_words(overrides: Iterable[str]) -> list[str]:
    """Return overrides as words of a command."""
    return [word for item in overrides for word in ("--set", item)]


def small_frame() -> pd.DataFrame:
    """Headers of a data file; the green patents end two years before the panel does."""
    return with_headers(simulate_panel(CITIES, years=YEARS, seed=5).frame)


def with_stale_city(frame: pd.DataFrame, last: int) -> tuple[pd.DataFrame, str]:
    """Let the series of one city end early; returns the frame and the city."""
    city = sorted(frame["city"].unique())[3]
    return frame[(frame["city"] != city) | (frame["year"] <= last)], city


def write_experiment(
    folder: Path, frame: pd.DataFrame | None = None, text: str = EXPERIMENT
) -> Path:
    """Write the panel and its experiment to a folder; returns the experiment's path."""
    folder.mkdir(parents=True, exist_ok=True)
    frame = small_frame() if frame is None else frame
    frame.to_csv(folder / "panel.csv", index=False)
    path = folder / "experiment.toml"
    path.write_text(text, encoding="utf-8")
    return path
