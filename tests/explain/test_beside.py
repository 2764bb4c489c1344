"""Forecasts and drivers of two models beside each other."""

from __future__ import annotations

import pandas as pd
import pytest

from city_resilience.explain.beside import MOVE_COLUMNS, forecasts_beside, sizes_beside
from city_resilience.explain.contributions import BASE, BASE_FAMILY

FAMILY = {"a": "digital", "b": "digital", "c": "history", BASE: BASE_FAMILY}


def explained(
    origin: int, sums: dict[str, dict[str, float]], value: float
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return forecasts that are the sums of contributions, and these."""
    drivers = pd.DataFrame(
        [
            (city, origin, 1, name, FAMILY[name], value, own)
            for city, parts in sums.items()
            for name, own in parts.items()
        ],
        columns=["city", "origin", "horizon", "indicator", "family", "value", "contribution"],
    )
    forecast = drivers.groupby(["city", "origin", "horizon"], as_index=False)["contribution"].sum()
    return forecast.rename(columns={"contribution": "forecast"}), drivers


BEFORE = explained(2011, {"x": {BASE: 1.0, "a": 1.0, "b": -1.0}, "y": {BASE: 1.0, "a": 0.0}}, 5.0)
AFTER = explained(
    2012,
    {"x": {BASE: 9.0, "a": -2.0, "c": 0.5}, "y": {BASE: 1.0, "a": -0.5}, "z": {BASE: 1.0}},
    7.0,
)


def test_the_driver_named_moved_the_forecast_its_way():
    found = forecasts_beside(BEFORE[0], AFTER[0], BEFORE[1], AFTER[1])
    assert list(found.columns) == list(MOVE_COLUMNS)
    first, second = found.to_dict("records")
    assert [first["city"], second["city"]] == ["x", "y"], "of the cities that both forecast"
    assert (first["before"], first["after"], first["move"]) == (1.0, 7.5, 6.5)
    # Upwards moved what the old model took away (b) by 1, and c by 0.5; a moved down by 3.
    assert (first["indicator"], first["change"]) == ("b", 1.0)
    assert first["value_before"] == 5.0
    assert first["value"] != first["value"], "the new model lacks it"
    assert (second["indicator"], second["change"], second["value"]) == ("a", -0.5, 7.0)


def test_sizes_are_of_the_horizon_that_both_have():
    sizes = sizes_beside(BEFORE[1], AFTER[1]).set_index("family")
    assert list(sizes.index) == ["digital", "history"]
    # A city's indicators are summed before: x has 1 - 1 = 0, then -2; y has 0, then -0.5.
    assert sizes.loc["digital", "before"] == pytest.approx(0.0)
    assert sizes.loc["digital", "after"] == pytest.approx(2.5 / 3)
    assert sizes.loc["history", "change"] == pytest.approx(0.5 / 3)
    assert sizes_beside(BEFORE[1], AFTER[1], "indicator")["indicator"].tolist() == ["a", "c", "b"]
