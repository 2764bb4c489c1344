"""scikit-learn and xgboost as they come: ``python tool_plain.py WORK FRAME 0 NAME``.

A name that ends in ``_absolute`` minimises the absolute error, the others the squared error.
"""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
import pandas as pd
from frames import run

NAME = sys.argv[4]


def model_of(name: str) -> Any:
    """Return an unfitted model, its other parameters the defaults."""
    absolute = name.endswith("_absolute")
    if name.startswith("xgboost"):
        from xgboost import XGBRegressor

        objective = "reg:absoluteerror" if absolute else "reg:squarederror"
        return XGBRegressor(n_jobs=2, random_state=0, objective=objective)
    from sklearn.ensemble import HistGradientBoostingRegressor, RandomForestRegressor

    if name == "random_forest":
        return RandomForestRegressor(n_jobs=2, random_state=0)
    loss = "absolute_error" if absolute else "squared_error"
    return HistGradientBoostingRegressor(random_state=0, loss=loss)


def forecast(features: pd.DataFrame, labels: pd.Series, asked: pd.DataFrame) -> np.ndarray:
    """Fit and forecast."""
    model = model_of(NAME).fit(features.to_numpy(), labels.to_numpy())
    return np.asarray(model.predict(asked.to_numpy()))


if __name__ == "__main__":
    run(NAME, forecast)
