"""Metrics of drivers: size, grade and p-value per view, family and horizon, the base left out."""

from __future__ import annotations

import pandas as pd

from city_resilience.tracking.metrics import Metric, driver_metrics, grade_metrics


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


def test_grades_are_numbers_beside_the_sizes_and_missing_p_values_are_left_out():
    columns = ["view", "horizon", "level", "name", "grade", "p_value"]
    rows = [
        ("forecasting", 1, "family", "digital", "firm", 0.01),
        ("forecasting", 1, "family", "talent", "unstable", float("nan")),
        ("structural", 2, "family", "digital", "likely", 0.125),
        ("structural", 2, "indicator", "students_per_10k", "likely", float("nan")),
    ]
    assert grade_metrics(pd.DataFrame(rows, columns=columns)) == [
        Metric("drivers_forecasting/digital_grade_h1", 2.0),
        Metric("drivers_forecasting/digital_p_value_h1", 0.01),
        Metric("drivers_forecasting/talent_grade_h1", 0.0),
        Metric("drivers_structural/digital_grade_h2", 1.0),
        Metric("drivers_structural/digital_p_value_h2", 0.125),
    ]
