"""Drivers by group: means of the family's contribution, and no figure for a few cities."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from city_resilience.explain.contributions import BASE
from city_resilience.explain.slices import GROUP_COLUMNS, drivers_by_group

CITIES = [f"c{k:02}" for k in range(20)]
REGION = {city: "East" if k < 12 else "West" if k < 19 else "" for k, city in enumerate(CITIES)}


@pytest.fixture(scope="module")
def drivers() -> pd.DataFrame:
    rng = np.random.default_rng(3)
    rows = []
    for city in CITIES:
        for horizon in (1, 2):
            keys = {"city": city, "origin": 2020, "horizon": horizon}
            rows.append({**keys, "indicator": BASE, "family": "base", "contribution": 5.0})
            for name, family in (("a", "digital"), ("b", "digital"), ("c", "history")):
                seen = not (city == "c00" and name == "c")
                own = {"indicator": name, "family": family, "value": 1.0 if seen else np.nan}
                rows.append({**keys, **own, "contribution": rng.normal()})
    return pd.DataFrame(rows)


def test_group_means_agree_with_a_slow_loop(drivers):
    table = drivers_by_group(drivers, {"region": REGION}, 10)
    row = table.set_index(["level", "horizon", "family"]).loc[("East", 2, "digital")]
    sums = [
        sum(
            r.contribution
            for r in drivers.itertuples()
            if r.city == city and r.horizon == 2 and r.family == "digital"
        )
        for city in CITIES[:12]
    ]
    assert row["n"] == 12
    assert row["mean"] == pytest.approx(np.mean(sums))
    assert row["mean_abs"] == pytest.approx(np.mean(np.abs(sums)))
    assert row["withheld"] == ""


def test_a_group_below_the_minimum_has_a_count_a_reason_and_no_figure(drivers):
    table = drivers_by_group(drivers, {"region": REGION}, 10)
    few = table[table["level"] == "West"]
    assert (few["n"] == 7).all()
    assert few[["mean_abs", "mean"]].isna().all().all()
    assert set(few["withheld"]) == {"fewer than 10 cities"}


def test_cities_without_a_level_and_the_base_are_left_out(drivers):
    table = drivers_by_group(drivers, {"region": REGION}, 1)
    assert list(table.columns) == list(GROUP_COLUMNS)
    assert set(table["level"]) == {"East", "West"}
    assert "base" not in set(table["family"])


def test_a_city_without_a_value_counts_as_zero_and_what_is_unobserved_is_named(drivers):
    table = drivers_by_group(drivers, {"region": REGION}, 10)
    row = table.set_index(["level", "horizon", "family"]).loc[("East", 1, "history")]
    own = drivers[(drivers["horizon"] == 1) & (drivers["indicator"] == "c")]
    known = own[own["city"].isin(CITIES[1:12])]["contribution"]
    assert row["mean_abs"] == pytest.approx(known.abs().sum() / 12)
    assert "(not observed)" in set(table["family"])


def test_signed_means_of_all_families_add_up_to_the_mean_forecast_less_the_base(drivers):
    table = drivers_by_group(drivers, {"all": dict.fromkeys(CITIES, "x")}, 10)
    total = table[table["horizon"] == 1]["mean"].sum()
    rest = drivers[(drivers["indicator"] != BASE) & (drivers["horizon"] == 1)]
    assert total == pytest.approx(rest["contribution"].sum() / len(CITIES))


def test_no_group_gives_an_empty_table_and_order_does_not_matter(drivers):
    assert drivers_by_group(drivers, {}).empty
    assert list(drivers_by_group(drivers, {}).columns) == list(GROUP_COLUMNS)
    mixed = drivers.sample(frac=1, random_state=1)
    expected = drivers_by_group(drivers, {"region": REGION})
    found = drivers_by_group(mixed, {"region": REGION})
    pd.testing.assert_frame_equal(found, expected)
