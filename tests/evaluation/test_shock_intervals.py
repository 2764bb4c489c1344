"""Intervals of forecasts of shocks stand on errors in places that were not learnt from."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from city_resilience.evaluation.shock_intervals import shock_coverage, shock_intervals

CITIES = [f"c{k}" for k in range(80)]
PROVINCE = {city: f"p{k % 4}" for k, city in enumerate(CITIES)}
SPANS = {"early": (2007, 2009), "late": (2019, 2020)}


def rows(test: str, window: str, errors) -> pd.DataFrame:
    about = {"test": test, "window": window, "model": "m", "city": CITIES, "forecast": 0.0}
    return pd.DataFrame({**about, "truth": errors})


@pytest.fixture
def frame() -> pd.DataFrame:
    drawn = np.random.default_rng(0).normal(size=(3, len(CITIES)))
    tests = [("unseen", "early"), ("unseen", "late"), ("later", "late")]
    parts = [rows(*about, own) for about, own in zip(tests, drawn, strict=True)]
    return pd.concat(parts, ignore_index=True)


def widths(frame: pd.DataFrame, test: str, window: str) -> pd.Series:
    own = frame[(frame["test"] == test) & (frame["window"] == window)]
    return (own["upper"] - own["lower"]).set_axis(own["city"])


def test_a_later_shock_stands_on_shocks_that_were_over_before_it(frame):
    before = shock_intervals(frame, "unseen", PROVINCE, SPANS)
    late = frame.assign(truth=frame["truth"].mask(frame["window"] == "late", 100.0))
    after = shock_intervals(late, "unseen", PROVINCE, SPANS)
    assert widths(after, "later", "late").equals(widths(before, "later", "late"))
    errors = frame.loc[frame["window"] == "early", "truth"].abs().sort_values().to_numpy()
    assert widths(before, "later", "late").iloc[0] == pytest.approx(2 * errors[72])


def test_a_held_out_province_stands_on_the_others(frame):
    before = shock_intervals(frame, "unseen", PROVINCE, SPANS)
    inside = (frame["city"].map(PROVINCE) == "p0") & (frame["window"] == "early")
    after = shock_intervals(
        frame.assign(truth=frame["truth"].mask(inside, 100.0)), "unseen", PROVINCE, SPANS
    )
    own = [city for city in CITIES if PROVINCE[city] == "p0"]
    assert widths(after, "unseen", "early")[own].equals(widths(before, "unseen", "early")[own])
    assert not widths(after, "unseen", "early").equals(widths(before, "unseen", "early"))


def test_coverage_is_near_its_level_and_none_is_claimed_from_few_errors(frame):
    found = shock_coverage(shock_intervals(frame, "unseen", PROVINCE, SPANS))
    assert found["coverage"].between(0.8, 1.0).all()
    few = frame[frame["city"].isin(CITIES[:20])].reset_index(drop=True)
    assert shock_intervals(few, "unseen", PROVINCE, SPANS)["upper"].isna().all()
