"""The recent record: which origins it is of, its scores, and how a model stands in it."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from city_resilience.evaluation.baselines import BASELINES
from city_resilience.evaluation.interval_scores import score_intervals
from city_resilience.evaluation.periods import (
    Period,
    period_levels,
    periods,
    recent_rows,
    standing,
)
from city_resilience.evaluation.scores import score
from city_resilience.models.intervals import EVENTS

ORIGINS = {1: range(2010, 2019), 2: range(2010, 2018), 3: range(2010, 2015)}
CITIES = [f"c{k}" for k in range(12)]
NAIVE = [name for name, own in BASELINES.items() if own.kind == "naive"]


def backtest(origins=ORIGINS, seed=0) -> pd.DataFrame:
    """Made-up forecasts of every naive rule and a model, worse the newer the origin."""
    rng = np.random.default_rng(seed)
    keys = [(h, o, c) for h, years in origins.items() for o in years for c in CITIES]
    rows = pd.DataFrame(keys, columns=["horizon", "origin", "city"])
    rows["target_year"] = rows["origin"] + rows["horizon"]
    rows["truth"] = rng.normal(0, 2, len(rows))
    noise = rng.normal(0, 1, len(rows)) * (rows["origin"] - 2008)
    models = {"blend": 0.4, "history_only": 0.5, **dict.fromkeys(NAIVE, 0.6), "zero": 0.0}
    parts = [
        rows.assign(model=name, forecast=0.0 if name == "zero" else rows["truth"] + size * noise)
        for name, size in models.items()
    ]
    return pd.concat(parts, ignore_index=True)


def interval_rows(origins) -> pd.DataFrame:
    rng = np.random.default_rng(1)
    keys = [(1, o, c) for o in origins for c in CITIES]
    rows = pd.DataFrame(keys, columns=["horizon", "origin", "city"])
    rows["truth"] = rng.normal(0, 1, len(rows)) * (1 + 0.1 * (rows["origin"] - 2010))
    for name, half in (("", 1.7), ("_80", 1.3)):
        rows[f"lower{name}"], rows[f"upper{name}"] = -half, half
    rows["plain_lower"], rows["plain_upper"] = -2.0, 2.0
    rows["unbroken"] = rows["truth"]
    return rows.assign(forecast=0.0, crps=0.5, **dict.fromkeys(EVENTS, 0.25))


@pytest.mark.parametrize(
    ("years", "levels"),
    [
        (range(2010, 2023), ["2010-2018", "2019-2022"]),
        (range(2010, 2016), ["2010-2011", "2012-2015"]),
        (range(2010, 2015), ["2010-2014"]),
        ([2012], ["2012"]),
        ([], []),
    ],
)
def test_the_last_four_stand_beside_at_least_two(years, levels):
    found = periods(years)
    assert [period.level for period in found] == levels
    assert [period.recent for period in found] == [False, True][: len(found)]
    assert [Period.of(period.level, recent=period.recent) for period in found] == list(found)


def test_each_period_is_the_mean_of_its_yearly_scores_at_its_horizon():
    scores = score(backtest(), {"half": dict.fromkeys(CITIES, "a")}, min_group=99)
    rows = scores[scores["slice"] == "period"]
    levels = rows.groupby("horizon")["level"].unique().map(sorted).to_dict()
    assert levels == {
        1: ["2010-2014", "2015-2018"],
        2: ["2010-2013", "2014-2017"],
        3: ["2010-2014"],
    }
    years = scores[scores["slice"] == "year"].assign(year=lambda own: own["level"].astype(int))
    for row in rows.to_dict("records"):
        own = Period.of(row["level"], recent=True)
        apart = years[(years["model"] == row["model"]) & (years["horizon"] == row["horizon"])]
        apart = apart[apart["year"].between(own.first, own.last)]
        assert row["mae"] == pytest.approx(apart["mae"].mean())
        assert (row["n"], row["years"]) == (apart["n"].sum(), len(apart))
    assert set(rows["model"]) == set(scores["model"])


def test_a_single_period_holds_all_rows_and_is_not_recent():
    scores = score(backtest())
    recent = recent_rows(scores)
    assert set(recent["horizon"]) == {1, 2}
    assert set(recent["level"]) == {"2015-2018", "2014-2017"}
    third = scores[(scores["horizon"] == 3) & (scores["model"] == "blend")].set_index("slice")
    assert third.loc["period", "mae"] == third.loc["all", "mae"]


def test_periods_change_no_other_score():
    frame = backtest()
    scores = score(frame)
    whole = scores[(scores["slice"] == "all") & (scores["horizon"] == 1)].set_index("model")
    error = (frame["forecast"] - frame["truth"]).abs()
    plain = error[frame["horizon"] == 1].groupby(frame["model"]).mean()
    pd.testing.assert_series_equal(whole["mae"].sort_index(), plain, check_names=False)
    assert not scores.duplicated(["model", "horizon", "slice", "level"]).any()


def test_levels_are_of_rows_in_any_order():
    frame = backtest().sample(frac=1.0, random_state=3)
    one = frame[frame["horizon"] == 1]
    levels = pd.Series(period_levels(frame), index=frame.index)[one.index]
    assert ((levels == "2015-2018") == (one["origin"] >= 2015)).all()


def test_intervals_have_the_periods_and_name_the_worst_year():
    rows = interval_rows(range(2010, 2018))
    table = score_intervals(rows, {"few": {"c0": "a"}}, min_group=5).set_index("level")
    recent, years = table.loc["2014-2017"], table[table["slice"] == "year"]
    assert recent["slice"] == "period"
    assert recent["coverage"] == pytest.approx(years.loc["2014":"2017", "coverage"].mean())
    assert recent["interval_score"] == pytest.approx(
        years.loc["2014":"2017", "interval_score"].mean()
    )
    whole = table.loc[""]
    assert whole["worst_coverage"] == years["coverage"].min()
    assert str(whole["worst_year"]) == years["coverage"].idxmin()
    assert whole["worst_coverage_80"] == years["coverage_80"].min()
    assert (years["worst_coverage"] == years["coverage"]).all()
    assert table.loc["a", ["worst_year", "worst_coverage", "coverage"]].isna().all()


def four_years(**errors: float) -> pd.DataFrame:
    """Yearly errors about a mean, with the same ups and downs for every model."""
    return pd.DataFrame(
        {name: mean + np.array([0.3, -0.1, -0.1, -0.1]) for name, mean in errors.items()}
    )


@pytest.mark.parametrize(
    ("errors", "served", "expected"),
    [
        ({"blend": 1.64, "zero": 1.65, "last": 2.1}, "blend", ("level", "zero")),
        ({"blend": 1.66, "zero": 1.65, "last": 2.1}, "blend", ("level", "zero")),
        ({"blend": 1.70, "zero": 1.65, "last": 2.1}, "blend", ("behind", "zero")),
        ({"blend": 1.10, "zero": 1.65, "last": 1.3}, "blend", ("ahead", "last")),
        ({"blend": 1.10, "zero": 1.65, "ar_ridge": 1.0}, "blend", ("ahead", "zero")),
        ({"blend": 1.10, "zero": 1.65, "last": 1.0}, "last", ("ahead", "zero")),
        ({"blend": 1.10, "zero": 1.65, "last": np.nan}, "blend", ("ahead", "zero")),
    ],
)
def test_a_model_stands_beside_the_best_other_rule(errors, served, expected):
    found = standing(four_years(**errors), served)
    assert found is not None
    assert found[:2] == expected
    assert found.skill == pytest.approx(1 - errors[served] / errors[found.rule])
    assert found.wins == (4 if errors[served] < errors[found.rule] else 0)


def test_one_good_or_bad_year_puts_nobody_ahead():
    years = four_years(blend=1.6, zero=1.6)
    years.loc[0, "blend"] -= 0.8
    years.loc[1:2, "blend"] += 0.1
    assert standing(years, "blend") == ("level", "zero", pytest.approx(0.6 / 6.4), 1)
    years.loc[0, "blend"] += 1.6
    years.loc[1:2, "blend"] -= 0.2
    assert standing(years, "blend") == ("level", "zero", pytest.approx(-0.6 / 6.4), 2)


@pytest.mark.parametrize("errors", [{"blend": 1.0, "ar_ridge": 1.1}, {"zero": 1.0}, {}])
def test_nothing_to_compare_is_no_standing(errors):
    assert standing(four_years(**errors), "blend") is None
