"""Ways to make intervals: each knows the past only, and the table says how each did."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from city_resilience.evaluation.study.context import context_of
from city_resilience.evaluation.study.interval_ways import (
    INTERVAL_METHOD_COLUMNS,
    METHODS,
    Year,
    interval_methods,
)
from forecasting_inputs import experiment, facts_of, small_panel

NAN = np.nan


def years_of(scale_matters: bool, count: int = 9, cities: int = 150) -> list[Year]:
    rng = np.random.default_rng(2)
    scale = rng.uniform(0.5, 3, cities)
    groups = {"region": np.where(scale > 1.75, "rough", "calm")}
    found = []
    for k in range(count):
        noise = rng.standard_normal(cities) * (scale if scale_matters else 1.0)
        found.append(Year(2000 + k, 2001 + k, np.zeros(cities), noise, scale, groups))
    return found


@pytest.mark.parametrize("name", list(METHODS))
def test_a_method_does_not_see_the_year_it_is_for(name):
    *past, now = years_of(scale_matters=True)
    half = METHODS[name](past, now)
    blind = METHODS[name](past, replace(now, truth=np.full_like(now.truth, NAN)))
    np.testing.assert_array_equal(half, blind)
    assert half.shape == now.forecast.shape
    assert (half > 0).all()
    covered = np.mean([np.abs(now.truth) <= half])
    assert 0.8 < covered < 1.0


def test_scales_and_groups_are_wider_where_it_is_rough():
    *past, now = years_of(scale_matters=True)
    rough = now.groups["region"] == "rough"
    for name in ("root_volatility", "volatility", "learned", "region", "served"):
        half = METHODS[name](past, now)
        assert half[rough].mean() > 1.2 * half[~rough].mean(), name
    assert np.ptp(METHODS["plain"](past, now)) == 0.0


def test_recent_years_and_misses_count():
    rough, calm = years_of(scale_matters=True), years_of(scale_matters=False)
    quiet = [replace(year, truth=year.truth * 0.1) for year in calm[:5]]
    *past, now = [*quiet, *rough[5:]]
    plain = METHODS["plain"](past, now)[0]
    assert METHODS["recency"](past, now)[0] > plain
    assert METHODS["adaptive"](past, now)[0] > plain


def test_the_table_compares_with_plain_on_the_same_years():
    chosen = experiment(
        outcome={"horizons": [1]},
        evaluation={"first_origin": 2008, "warmup_origins": 3},
        model={"members": ["persistence", "ridge"]},
    )
    context = context_of(facts_of(small_panel(), chosen), chosen)
    part = interval_methods(context)
    table = part.table.set_index("method")
    assert tuple(part.table.columns) == INTERVAL_METHOD_COLUMNS
    assert list(table.index) == list(METHODS)
    assert table.loc["plain", "difference"] == 0.0
    assert table["years"].nunique() == 1
    for name in ("coverage", "width", "interval_score"):
        assert np.isfinite(table[name]).all()
    own = context.backtest.intervals
    inside = (own["truth"] >= own["lower"]) & (own["truth"] <= own["upper"])
    yearly = inside.groupby(own["origin"]).mean()
    assert table.loc["served", "coverage"] == pytest.approx(yearly.mean())
    assert table.loc["served", "worst_coverage"] == pytest.approx(yearly.min())
