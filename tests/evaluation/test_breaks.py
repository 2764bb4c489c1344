"""Scores with and without the city-years that are artefacts of a change in the data."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from city_resilience.evaluation.scores import score

# city, origin, horizon, truth; a forecast of zero has its absolute value as error
ROWS = [
    ("A", 2010, 1, 1.0),
    ("B", 2010, 1, 20.0),
    ("A", 2011, 1, 2.0),
    ("B", 2011, 1, 30.0),
    ("A", 2010, 2, 3.0),
    ("B", 2010, 2, 40.0),
    ("A", 2011, 2, 4.0),
    ("B", 2011, 2, 50.0),
]


def backtest() -> pd.DataFrame:
    parts = []
    for model, share in (("zero", 0.0), ("last", -1.0), ("blend", 0.5), ("history_only", 0.25)):
        rows = pd.DataFrame(ROWS, columns=["city", "origin", "horizon", "truth"])
        rows["model"], rows["forecast"] = model, rows["truth"] * share
        parts.append(rows.assign(target_year=rows["origin"] + rows["horizon"]))
    return pd.concat(parts, ignore_index=True)


def of(flagged, model="zero", horizon=1):
    table = score(backtest(), flagged=flagged)
    rows = table[(table["slice"] == "without_breaks") & (table["horizon"] == horizon)]
    assert set(rows["level"]) <= {"all years"}
    return rows.set_index("model").loc[model]


def test_nothing_changes_without_a_flag():
    pd.testing.assert_frame_equal(score(backtest(), flagged=set()), score(backtest()))
    assert "without_breaks" not in set(score(backtest())["slice"])


def test_a_flag_only_adds_a_slice():
    table = score(backtest(), flagged={("B", 2011)})
    rest = table[table["slice"] != "without_breaks"].reset_index(drop=True)
    pd.testing.assert_frame_equal(rest, score(backtest()))


def test_rows_whose_window_holds_a_flagged_year_are_left_out():
    # growth of B into 2012: out of 2011 + 1, 2010 + 2 and 2011 + 2, but not of 2010 + 1
    one, two = of({("B", 2012)}), of({("B", 2012)}, horizon=2)
    assert (one["n"], one["years"]) == (3, 2)
    assert one["mae"] == pytest.approx(((1 + 20) / 2 + 2) / 2)
    assert (two["n"], two["years"]) == (2, 2)
    assert two["mae"] == pytest.approx((3 + 4) / 2)


def test_the_origin_year_itself_is_not_in_the_window():
    assert of({("B", 2010)})["n"] == 4
    assert of({("B", 2011)})["n"] == 3
    assert of({("B", 2011)}, horizon=2)["n"] == 3
    assert of({("C", 2011)})["n"] == 4


def test_skill_is_against_the_baselines_on_the_same_rows():
    row = of({("B", 2011), ("B", 2012)}, model="blend")
    assert row["mae"] == pytest.approx((0.5 + 1.0) / 2)
    assert row["skill_naive"] == pytest.approx(0.5)
    assert row["skill_history"] == pytest.approx(1 - 0.5 / 0.75)


def test_a_mapping_of_city_years_works_as_well():
    flagged = {("B", 2012)}
    pd.testing.assert_series_equal(of(dict.fromkeys(flagged, True)), of(flagged))


def test_no_row_left_gives_no_slice():
    everything = {(city, year) for city in "AB" for year in range(2010, 2014)}
    assert "without_breaks" not in set(score(backtest(), flagged=everything)["slice"])


@given(st.sets(st.tuples(st.sampled_from("ABC"), st.integers(2009, 2014)), min_size=1))
@settings(max_examples=15)
def test_a_slow_loop_leaves_out_the_same_rows(flagged):
    table = score(backtest(), flagged=flagged)
    found = table[(table["slice"] == "without_breaks") & (table["model"] == "zero")]
    for horizon in (1, 2):
        kept: dict[int, list[float]] = {}
        for city, origin, h, truth in ROWS:
            window = range(origin + 1, origin + h + 1)
            if h == horizon and not any((city, year) in flagged for year in window):
                kept.setdefault(origin, []).append(truth)
        row = found[found["horizon"] == horizon]
        assert row["n"].sum() == sum(map(len, kept.values()))
        if kept:
            expected = np.mean([np.mean(values) for values in kept.values()])
            assert row["mae"].item() == pytest.approx(expected)
