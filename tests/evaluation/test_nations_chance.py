"""Several nations: nothing of the future reaches a forecast, and no skill is claimed of chance."""

from __future__ import annotations

import numpy as np
import pytest
from test_leakage import assert_same_features

from city_resilience.evaluation.backtest import run_backtest
from city_resilience.evaluation.scores import paired_interval, score
from forecasting_inputs import facts_of, panel_of, poisoned
from nations_inputs import nations_experiment, nations_panel, walked

NULL = {
    "outcome": {"horizons": [1]},
    "evaluation": {"first_origin": 2011, "warmup_origins": 2},
}


@pytest.mark.parametrize("origin", [2006, 2009, 2012])
def test_truncating_a_panel_of_nations_changes_no_feature(origin):
    assert_same_features(nations_panel(), origin, nations_experiment())


def test_random_values_after_the_origin_change_no_forecast_in_any_nation():
    chosen = nations_experiment(evaluation={"first_origin": 2008, "last_origin": 2010})
    before, after = (
        run_backtest(facts_of(panel, chosen), chosen)
        .frame.set_index(["model", "city", "origin", "horizon"])["forecast"]
        .sort_index()
        for panel in (nations_panel(), poisoned(nations_panel(), 2010))
    )
    assert before.equals(after)


def skills(nation: str) -> list[float]:
    """Skill of the blend against the best naive rule where a city's growth is chance, by seed."""
    chosen = nations_experiment(data={"nation": nation}, **NULL)
    found = []
    for seed in range(5):
        frame = walked(seed=seed)
        panel = panel_of(frame if nation else frame.drop(columns="nation"))
        rows = score(run_backtest(facts_of(panel, chosen), chosen).frame)
        blend = rows[(rows["slice"] == "all") & (rows["model"] == "blend")]
        found.append(float(blend["skill_naive"].iloc[0]))
    return found


def test_no_skill_is_claimed_where_growth_is_chance():
    own = np.array(skills("nation"))
    assert paired_interval(own)[1] <= 0.0
    assert own.mean() < 0.005
