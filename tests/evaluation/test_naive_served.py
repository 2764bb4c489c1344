"""A naive rule can be served: scored, calibrated, explained and kept like any model."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from city_resilience.errors import InputError
from city_resilience.evaluation.backtest import run_backtest
from city_resilience.evaluation.baselines import BASELINES, NAIVE
from city_resilience.evaluation.checks import best_rule, check_serve
from city_resilience.evaluation.live import fit_forecaster
from city_resilience.evaluation.scores import best_naive, score
from city_resilience.explain.contributions import BASE, contributions
from city_resilience.models.bundle import load_bundle, save_bundle
from forecasting_inputs import backtest_of, experiment, facts_of, small_panel
from study_inputs import FAST


def serving(name: str, **changes):
    return experiment(model={**FAST, "serve": name}, **changes)


@pytest.mark.parametrize("name", NAIVE)
def test_a_rule_that_is_served_forecasts_what_the_rule_says(name, tmp_path):
    asked, panel = serving(name), small_panel()
    dataset = facts_of(panel, asked)
    backtest = backtest_of(asked)
    forecaster = fit_forecaster(
        dataset, asked, backtest.served_weights, calibrations=backtest.calibrations
    )
    table = forecaster.forecast(forecaster.rows(panel))
    view = dataset.at(forecaster.origin)
    for horizon, rows in table.groupby("horizon"):
        said = BASELINES[name].forecast(view, horizon, asked.features.min_history)
        said = pd.Series(said, index=dataset.cities)[rows["city"]]
        np.testing.assert_allclose(rows["forecast"], said, atol=1e-9)
    assert (table["lower"] < table["forecast"]).all()
    explained = contributions(forecaster, forecaster.rows(panel))
    total = explained.groupby(["horizon", "city"])["contribution"].sum().to_numpy()
    in_order = table.sort_values(["horizon", "city"])["forecast"]
    np.testing.assert_allclose(total, in_order, atol=1e-9)
    assert set(explained["indicator"]) == {"gap", "gap_mean5", BASE}
    again = load_bundle(save_bundle(forecaster, tmp_path / "model"))
    pd.testing.assert_frame_equal(table, again.forecast(again.rows(panel)), check_exact=True)


@pytest.mark.parametrize("name", ["last", "damped"])
def test_its_scored_rows_are_those_of_the_rule_with_intervals(name):
    asked = serving(name)
    own = backtest_of(asked)
    blend = backtest_of(serving("blend"))
    for model in (name, "blend", "ridge"):
        one, other = (
            found.frame[found.frame["model"] == model].reset_index(drop=True)
            for found in (own, blend)
        )
        pd.testing.assert_series_equal(one["forecast"], other["forecast"], check_exact=True)
    rows = own.frame[own.frame["model"] == name]
    assert (rows["lower"] < rows["upper"]).all()
    assert own.frame.loc[own.frame["model"] == "blend", "lower"].isna().all()
    residuals = own.calibrations[1].known_at(2012)
    assert residuals is not None
    history = own.frame[own.frame["model"] == "history_only"].reset_index(drop=True)
    np.testing.assert_array_equal(history["forecast"], rows["forecast"])


def test_the_best_rule_is_that_of_the_scores():
    for seed in range(3):
        asked = serving("blend")
        dataset = facts_of(small_panel(seed=seed), asked)
        scores = score(run_backtest(dataset, asked).frame)
        assert best_rule(dataset, asked) == best_naive(scores[scores["slice"] == "all"])[1]


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        (serving("lasts"), "model.serve: no candidate 'lasts'; nearest: 'last'"),
        (serving("ar_ridge"), "model.serve: no candidate 'ar_ridge'"),
        (
            serving("last", outcome={"measure": "relative_resistance"}),
            "found outcome.measure = 'relative_resistance'",
        ),
        (serving("zero", features={"exclude": ["gap"]}), "which features leave out"),
        (serving("mean5", features={"families": ["digital"]}), "which features leave out"),
    ],
)
def test_what_cannot_be_served_is_refused_by_name(asked, words):
    with pytest.raises(InputError) as error:
        check_serve(asked)
    assert words in str(error.value)
