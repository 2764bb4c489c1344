"""The page of replayed springs, from made-up rows."""

from __future__ import annotations

import sys

import numpy as np
import pandas as pd
import pytest

from city_resilience.evaluation.baselines import NAIVE
from places import ROOT


@pytest.fixture
def replay(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "scripts"))
    import replay

    yield replay
    sys.modules.pop("replay", None)


def rows(issue, origin, forecast, *, counts=True):
    truth = np.array([1.0, -1.0, 3.0])
    naive = {f"naive_{name}": truth + 2.0 for name in NAIVE}
    about = {"issue": issue, "origin": origin, "issue_origin": origin, "horizon": 1}
    more = {"city": ["a", "b", "c"], "truth": truth, "forecast": truth + forecast}
    return pd.DataFrame({**about, **more, "inside": 1.0, "counts": counts, **naive})


def test_issues_stand_beside_the_backtest_and_the_superseded_one_counts_in_no_mean(replay):
    issued = pd.concat(
        [
            rows("2018-forecast-1", 2018, 1.0),
            rows("2019-forecast-2", 2019, 1.0, counts=False),
            rows("2019-forecast-3", 2019, 0.5),
        ]
    )
    backtest = pd.concat([rows("", year, 1.0) for year in (2017, 2018, 2019)])
    backtest = backtest.assign(model="blend", lower=-9.0, upper=9.0).drop(
        columns=["issue", "inside"]
    )
    table = replay.scores_by_issue(issued, backtest, "blend")
    mine = table[table["forecast"] == "issued"].set_index("issue")["mae"]
    assert mine.to_dict() == {
        "2018-forecast-1": 1.0,
        "2019-forecast-2": 1.0,
        "2019-forecast-3": 0.5,
    }
    played = replay.Replay(ROOT / "experiments/demo/experiment.toml", pd.DataFrame(), "year", ROOT)
    played.springs = [replay.Spring(2018, ("`train`: demo/1",)), replay.Spring(2019, ())]
    page = replay.page(played, table, "python scripts/replay.py")
    assert "| 2019-forecast-2 (superseded) | 1.00 | 1.00 | 2.00 |" in page
    assert "| **mean of 2 origins** | 0.75 | 1.00 | 2.00 |" in page
    assert "Of 3 errors (issues × horizons) 2 are those of the backtest" in page
