"""Contributions: additive, summed by family, and silent on what was not observed."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from city_resilience.evaluation.live import fit_forecaster
from city_resilience.explain.contributions import (
    BASE,
    BASE_FAMILY,
    NOT_OBSERVED,
    contributions,
    family_sums,
    leading,
    mean_sizes,
)
from city_resilience.explain.forecast_table import add_drivers
from city_resilience.explain.leading import leading_drivers
from city_resilience.models.forecaster import Forecaster
from forecasting_inputs import experiment, facts_of, small_panel

WEIGHTS = {"persistence": 0.2, "ridge": 0.2, "xgboost": 0.3, "extra_trees": 0.2}


@pytest.fixture(scope="module")
def forecaster() -> Forecaster:
    chosen = experiment()
    return fit_forecaster(facts_of(small_panel(), chosen), chosen, {1: WEIGHTS, 2: WEIGHTS})


@pytest.fixture(scope="module")
def drivers(forecaster) -> pd.DataFrame:
    return contributions(forecaster, forecaster.rows(small_panel()))


def test_contributions_and_base_equal_the_forecast(forecaster, drivers):
    total = drivers.groupby(["city", "horizon"])["contribution"].sum()
    forecast = forecaster.forecast(forecaster.rows(small_panel())).set_index(["city", "horizon"])[
        "forecast"
    ]
    np.testing.assert_allclose(total, forecast.reindex(total.index), atol=1e-5, rtol=0)


def test_one_row_per_indicator_and_a_base(drivers):
    keys = ["city", "horizon", "indicator"]
    assert not drivers.duplicated(keys).any()
    assert (drivers.groupby(["city", "horizon"])["indicator"].last() == BASE).all()


def test_leading_drivers_of_parts_are_those_of_the_whole_table(forecaster, drivers, monkeypatch):
    monkeypatch.setattr("city_resilience.explain.leading.PART", 7)
    rows = forecaster.rows(small_panel())
    assert len(rows.cities) > 7
    table = forecaster.forecast(rows)
    found = leading_drivers(forecaster, rows, {}, 3)
    texts = [pd.DataFrame(own.texts({}, slice(None))) for own in found.values()]
    named = add_drivers(table, drivers, 3, {})
    assert (named["driver_3"] != "").any()
    pd.testing.assert_frame_equal(
        pd.concat(texts, ignore_index=True), named[["driver_1", "driver_2", "driver_3"]]
    )


def test_family_sums_add_up_and_name_no_unobserved_family(forecaster):
    panel = small_panel()
    city = panel.cities[3]
    frame = panel.frame.copy()
    gone = (frame["city"] == city) & frame["year"].ge(2005)
    for name in ("employment_ict", "digital_finance_index"):
        frame.loc[gone, name] = np.nan
    drivers = contributions(forecaster, forecaster.rows(replace(panel, frame=frame)))
    sums = family_sums(drivers)
    own = sums[sums["city"] == city]
    assert "digital" not in set(own["family"])
    assert "(not observed)" in set(own["family"])
    assert "digital" in set(sums.loc[sums["city"] != city, "family"])
    np.testing.assert_allclose(
        sums.groupby(["city", "horizon"])["contribution"].sum(),
        drivers.groupby(["city", "horizon"])["contribution"].sum(),
    )


def test_leading_drivers_are_the_largest(drivers):
    first = leading(drivers, 1).set_index(["city", "horizon"])["contribution"].abs()
    named = drivers[drivers["indicator"] != BASE]
    largest = named.assign(size=named["contribution"].abs()).groupby(["city", "horizon"])["size"]
    np.testing.assert_array_equal(first, largest.max().reindex(first.index))


def test_mean_sizes_agree_with_a_slow_loop(drivers):
    rows = drivers[drivers["horizon"] == 1].copy()
    rows.loc[(rows["city"] == rows["city"].iloc[0]) & (rows["family"] == "digital"), "value"] = None
    cities = rows["city"].unique()
    observed = {"digital", "history"}
    for by in ("family", "indicator"):
        sizes = mean_sizes(rows, by, observed)
        named = rows[rows["value"].notna() & rows["family"].isin(observed)]
        assert set(sizes.index) == set(named[by])
        assert sizes.is_monotonic_decreasing
        for name, size in sizes.items():
            own = named[named[by] == name]
            slow = [abs(own.loc[own["city"] == city, "contribution"].sum()) for city in cities]
            assert size == pytest.approx(np.mean(slow))


def test_families_that_may_not_be_named_are_not_observed(drivers):
    sums = family_sums(drivers, {"history"})
    assert set(sums["family"]) == {"history", BASE_FAMILY, NOT_OBSERVED}
    total = sums.groupby(["city", "horizon"])["contribution"].sum()
    expected = drivers.groupby(["city", "horizon"])["contribution"].sum()
    pd.testing.assert_series_equal(total, expected, rtol=1e-12)
