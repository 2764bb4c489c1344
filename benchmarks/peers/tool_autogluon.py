"""AutoGluon-Tabular, a time limit an origin, mean absolute error, its default preset."""

from __future__ import annotations

import shutil
import sys
import tempfile

import numpy as np
import pandas as pd
from frames import LABEL, run

BUDGET = float(sys.argv[3]) if len(sys.argv) > 3 else 40.0
NAME = sys.argv[4] if len(sys.argv) > 4 else "autogluon"


def forecast(features: pd.DataFrame, labels: pd.Series, asked: pd.DataFrame) -> np.ndarray:
    """Fit within the time limit and forecast."""
    from autogluon.tabular import TabularPredictor

    folder = tempfile.mkdtemp()
    try:
        model = TabularPredictor(
            label=LABEL,
            problem_type="regression",
            eval_metric="mean_absolute_error",
            path=folder,
            verbosity=0,
        ).fit(features.assign(**{LABEL: labels}), time_limit=BUDGET, num_cpus=2)
        return np.asarray(model.predict(asked))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    run(NAME, forecast)
