"""Which scores and which drift are alarms, and what changed between two issues."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from city_resilience.experiment.monitor import Monitor
from city_resilience.issued.alarms import backtest_beside, drift_alarms, score_alarms
from city_resilience.issued.changes import changed_rows, leading

KEYS = {"vintage": "newest", "issue_information": "forecast", "status": "live", "horizon": 1}
GOOD = {"model": "issued", "n": 90, "mae": 1.5, "best_naive": "zero", "skill_naive": 0.1}
GOOD |= {"coverage": 0.9, "promised": 0.9}


def scores(**worst: object) -> pd.DataFrame:
    """Return good scores of two years, but for what is named SLICE_COLUMN."""
    rows = []
    for name, slice_, level, years in (
        ("all", "all", "", 2),
        ("old", "year", "2018", 1),
        ("new", "year", "2019", 1),
        ("sum_old", "cumulative", "2018", 1),
        ("sum_new", "cumulative", "2019", 2),
    ):
        own = {k.removeprefix(f"{name}_"): v for k, v in worst.items() if k.startswith(f"{name}_")}
        rows.append({**KEYS, **GOOD, "slice": slice_, "level": level, "years": years, **own})
    return pd.DataFrame(rows)


def codes(table: pd.DataFrame, backtest=None, **limits: float) -> list[tuple[str, str]]:
    found = score_alarms(table, Monitor(**limits), backtest or {})
    return [(alarm.code, alarm.figures["origin"]) for alarm in found]


def test_good_scores_raise_nothing() -> None:
    assert codes(scores(), {("forecast", 1): {"mae": 1.4}}) == []


@pytest.mark.parametrize(
    ("worst", "expected"),
    [
        ({"all_coverage": 0.79}, [("coverage", "")]),
        ({"all_coverage": 0.81}, []),
        ({"new_coverage": 0.7}, [("coverage", "2019")]),
        ({"old_coverage": 0.7}, []),
        ({"all_skill_naive": -0.01}, [("skill", "")]),
        ({"new_skill_naive": -0.5}, []),
        ({"all_mae": 2.2}, [("error", "")]),
        ({"all_mae": 2.0}, []),
        ({"all_coverage": np.nan, "all_promised": np.nan}, []),
    ],
)
def test_what_is_beyond_its_limit_is_an_alarm(worst, expected) -> None:
    assert codes(scores(**worst), {("forecast", 1): {"mae": 1.4}}) == expected


def test_limits_move_the_alarms() -> None:
    assert codes(scores(all_coverage=0.79), short_coverage=0.2) == []
    assert codes(scores(), least_skill=0.2) == [("skill", "")]
    assert codes(scores(all_mae=9.0)) == []  # no backtest to hold it beside


def test_outcomes_as_first_published_raise_no_second_alarm() -> None:
    both = pd.concat([scores(all_skill_naive=-1), scores(all_skill_naive=-1)])
    both["vintage"] = ["newest"] * 5 + ["first"] * 5
    assert codes(both) == [("skill", "")]


def test_what_the_backtest_said_is_read_by_information_and_horizon() -> None:
    points = pd.DataFrame(
        {
            "information": ["forecast", "forecast", "nowcast", "forecast"],
            "model": ["blend", "zero", "blend", "blend"],
            "horizon": 1,
            "slice": ["all", "all", "all", "year"],
            "mae": [1.5, 1.7, 1.2, 9.0],
            "rank_correlation": [0.6, np.nan, 0.7, 0.1],
        }
    )
    spans = pd.DataFrame({"horizon": [1, 1], "slice": ["all", "year"], "coverage": [0.91, 0.5]})
    assert backtest_beside(points, spans, "blend") == {
        ("forecast", 1): {"mae": 1.5, "rank_correlation": 0.6, "coverage": 0.91},
        ("nowcast", 1): {"mae": 1.2, "rank_correlation": 0.7},
    }


def test_alarms_about_indicators_name_each_but_those_that_ended() -> None:
    table = pd.DataFrame(
        {
            "indicator": ["a", "b", "c", "d", "e"],
            "family": "digital",
            "year_before": [2018, 2018, 2018, 2018, 2018],
            "year": [2019, 2019, np.nan, np.nan, 2019],
            "share_before": 1.0,
            "share": [1.0, 0.5, 0.0, 0.0, 1.0],
            "psi": [0.9, 0.9, np.nan, np.nan, 0.0],
            "level": [2.0, 2.0, np.nan, np.nan, 0.0],
            "alarm": ["psi;level", "psi;missing", "ended", "ended", ""],
        }
    )
    found = list(drift_alarms(table))
    assert [alarm.code for alarm in found] == ["drift", "drift", "missing", "ended"]
    assert found[0].figures["kinds"] == ("psi", "level")
    assert found[-1].figures == {"year": 2018, "indicators": ("c", "d"), "n": 2}


def issued(cities: str, forecasts: list[float], origin: int) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "city": list(cities),
            "province": "P",
            "horizon": 1,
            "target_year": origin + 1,
            "forecast": forecasts,
            "rank": pd.Series(forecasts).rank(ascending=False).astype("Int64"),
            "driver_1": "x",
        }
    )


def test_changes_begin_with_the_city_that_moved_most() -> None:
    rows = changed_rows(issued("ABCD", [1, 2, 3, 4], 2018), issued("BCDE", [2.5, 1, 4, 0], 2019))
    assert rows["city"].tolist()[:3] == ["C", "B", "D"]
    assert rows["moved"].tolist()[:3] == [-2.0, 0.5, 0.0]
    assert rows["rank_moved"].tolist()[:3] == [-1, 1, 0]
    assert set(rows["city"][3:]) == {"A", "E"}
    assert rows["moved"][3:].isna().all()
    assert leading(rows, [1], most=2)["city"].tolist() == ["C", "B"]
