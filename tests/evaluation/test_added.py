"""The origins that a new year adds to a backtest."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from city_resilience.evaluation.added import ADDED_COLUMNS, added_origins

CITIES = ["a", "b", "c", "d"]


def rows(model: str, origin: int, error: float, inside: int = 4, horizon: int = 1) -> pd.DataFrame:
    truth = np.arange(4.0)
    frame = pd.DataFrame({"city": CITIES, "truth": truth, "forecast": truth + error})
    upper = np.where(np.arange(4) < inside, truth + 1.0, truth - 1.0)
    bounds = {"lower": truth - 2.0, "upper": upper} if model == "blend" else {}
    about = {"model": model, "origin": origin, "horizon": horizon}
    return frame.assign(lower=np.nan, upper=np.nan, **about).assign(**bounds)


def test_an_added_origin_is_shown_beside_the_others_a_naive_rule_and_what_was_issued():
    errors = {2010: (1.0, 3.0, 2.5), 2011: (2.0, 3.0, 2.5), 2012: (1.2, 1.0, 2.5)}
    backtest = pd.concat(
        rows(model, origin, error, inside=3)
        for origin, own in errors.items()
        for model, error in zip(("blend", "zero", "last"), own, strict=True)
    )
    known = backtest[backtest["origin"] < 2012]
    issued = rows("blend", 2012, 1.5).iloc[:3]
    [found] = added_origins(backtest, "blend", known, issued).to_dict("records")
    assert list(found) == list(ADDED_COLUMNS)
    assert (found["horizon"], found["origin"], found["n"]) == (1, 2012, 4)
    assert (found["mae"], found["usual"]) == (pytest.approx(1.2), pytest.approx(1.5))
    assert (found["naive"], found["mae_naive"]) == ("zero", pytest.approx(1.0))
    assert (found["inside"], found["issued"]) == (0.75, pytest.approx(1.5))
    assert found["rank_correlation"] == pytest.approx(1.0)


def test_each_horizon_adds_its_own_origin_and_a_missing_issue_is_unknown():
    backtest = pd.concat(
        rows(model, origin, 1.0, horizon=horizon)
        for horizon, origins in ((1, (2010, 2011)), (2, (2009, 2010)))
        for origin in origins
        for model in ("blend", "zero")
    )
    known = backtest[backtest["origin"] + backtest["horizon"] < 2012]
    found = added_origins(backtest, "blend", known, rows("blend", 2011, 0.5))
    assert found[["horizon", "origin"]].to_numpy().tolist() == [[1, 2011], [2, 2010]]
    assert found["issued"].tolist() == pytest.approx([0.5, float("nan")], nan_ok=True)
    assert added_origins(backtest, "blend", backtest, rows("blend", 2011, 0.5)).empty
