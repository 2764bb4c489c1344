"""Metrics of drivers: one per view, family and horizon, the base left out."""

from __future__ import annotations

import pandas as pd

from city_resilience.tracking.metrics import Metric, driver_metrics


def test_a_family_is_as_large_as_its_mean_absolute_value():
    columns = ["view", "city", "horizon", "family", "shapley"]
    rows = [
        ("forecasting", "A", 1, "digital", 1.0),
        ("forecasting", "B", 1, "digital", -3.0),
        ("forecasting", "A", 1, "base", 9.0),
        ("structural", "A", 2, "digital", 0.5),
    ]
    assert driver_metrics(pd.DataFrame(rows, columns=columns)) == [
        Metric("drivers_forecasting/digital_h1", 2.0),
        Metric("drivers_structural/digital_h2", 0.5),
    ]
