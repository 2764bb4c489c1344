"""FLAML, 20 seconds an origin, mean absolute error."""

from __future__ import annotations

import sys

import numpy as np
import pandas as pd
from frames import run

BUDGET = float(sys.argv[3]) if len(sys.argv) > 3 else 20.0


def forecast(features: pd.DataFrame, labels: pd.Series, asked: pd.DataFrame) -> np.ndarray:
    """Search within the budget and forecast."""
    from flaml import AutoML

    model = AutoML()
    model.fit(
        features,  # as a frame: FLAML then fills the missing values that some learners refuse
        labels,
        task="regression",
        metric="mae",
        time_budget=BUDGET,
        n_jobs=2,
        seed=0,
        verbose=0,
    )
    return np.asarray(model.predict(asked))


if __name__ == "__main__":
    run("flaml", forecast)
