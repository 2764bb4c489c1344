"""Fitted models: files, bounds, additivity, and agreement with the libraries they come from."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest

from city_resilience.errors import InputError
from city_resilience.experiment.training import Model
from city_resilience.models.fitted import FITTED
from city_resilience.models.learners import LEARNERS, learner_parameters
from city_resilience.models.weights import blend_weights, least_absolute_weights
from city_resilience.tasks.task import Sample


@pytest.fixture(scope="module")
def sample() -> Sample:
    rng = np.random.default_rng(0)
    features = rng.standard_normal((400, 6))
    labels = 2 * features[:, 0] - features[:, 1] * features[:, 2] + rng.standard_t(3, 400)
    features[rng.random(features.shape) < 0.1] = np.nan
    features[:, 3:5] = rng.random((400, 2))
    names = ("gap", "gap_mean5", "deposits_growth", "gap", "loans_growth", "loans_growth")
    forms = ("value", "value", "value", "rank", "rank", "age")
    columns = tuple(zip(names, forms, strict=True))
    ages = rng.integers(1, 12, 400) * 1.0
    return Sample(features, labels, columns, np.array([0, 1, 3]), ages, np.arange(400))


SMALL = {
    "persistence": {},
    "lasting_gap": {},
    "xgboost": {"rounds": 40},
    "xgboost_all_years": {"rounds": 40},
    "extra_trees": {"trees": 20},
    "extra_trees_history": {"trees": 20},
    "ridge": {},
}


def fitted(name: str, sample: Sample):
    return LEARNERS[name].fit(sample, {**LEARNERS[name].defaults, **SMALL[name]}, 0)


@pytest.mark.parametrize("name", list(LEARNERS))
def test_contributions_and_base_add_up_to_the_forecast(name, sample):
    model = fitted(name, sample)
    values, base = model.contributions(sample.features)
    total = values.sum(axis=1) + base
    np.testing.assert_allclose(total, model.predict(sample.features), atol=1e-5, rtol=0)
    assert np.abs(values).max() > 0.01


@pytest.mark.parametrize("name", list(LEARNERS))
def test_a_model_read_back_from_its_files_forecasts_the_same_bits(name, sample):
    model = fitted(name, sample)
    again = FITTED[model.kind].from_bytes(model.to_bytes(), sample.features.shape[1])
    np.testing.assert_array_equal(model.predict(sample.features), again.predict(sample.features))
    assert model.to_bytes() == again.to_bytes()


@pytest.mark.parametrize("name", list(LEARNERS))
def test_a_file_of_another_width_or_an_empty_one_is_refused(name, sample):
    model = fitted(name, sample)
    with pytest.raises(InputError):
        FITTED[model.kind].from_bytes(model.to_bytes(), 7)
    with pytest.raises(InputError, match=re.escape(model.file)):
        FITTED[model.kind].from_bytes(b"", 6)


def test_blend_weights_agree_with_a_slow_search():
    rng = np.random.default_rng(2)
    truth = rng.standard_t(3, 60)
    inputs = np.column_stack([truth + rng.standard_normal(60), rng.standard_normal(60)])
    weights = least_absolute_weights(inputs, truth)
    grid = np.linspace(0, 1.2, 121)
    loss = [[np.abs(truth - inputs @ [a, b]).sum() for b in grid] for a in grid]
    assert np.abs(truth - inputs @ weights).sum() <= np.min(loss) + 1e-9
    assert (weights >= 0).all()


def test_a_member_that_is_worse_weighs_less():
    rng = np.random.default_rng(5)
    truth = rng.standard_normal(4000)
    origins = np.repeat(np.arange(2001, 2011), 400)
    noise = rng.standard_normal((4000, 3)) * [1.0, 1.08, 1.25]
    weights = blend_weights(truth[:, None] + noise, truth, origins)
    assert weights.sum() == pytest.approx(1.0)
    yearly = np.abs(noise).reshape(10, 400, 3).mean(axis=1)
    excess = yearly - yearly[:, [0]]
    certain = excess.mean(axis=0) - excess.std(axis=0, ddof=1) / np.sqrt(10)
    np.testing.assert_allclose(
        weights / weights[0], np.exp(-30 * certain / yearly[:, 0].mean()), rtol=1e-9
    )
    assert 0.02 < weights[1] / weights[0] < 0.8
    assert weights[2] < 0.01
    exact = blend_weights(np.column_stack([truth, truth + 1]), truth, origins)
    np.testing.assert_array_equal(exact, [1.0, 0.0])


def test_members_that_cannot_be_told_apart_weigh_alike():
    truth = np.zeros(4)
    forecasts = np.column_stack([[1.0, 1.0, 1.0, 1.0], [0.5, 2.0, 0.5, 1.5]])
    years = np.array([2001, 2002, 2003, 2004])
    np.testing.assert_array_equal(blend_weights(forecasts, truth, years), [0.5, 0.5])
    always = np.column_stack([forecasts[:, 0], forecasts[:, 0] + 0.125])
    assert blend_weights(always, truth, years)[1] < 0.03


def test_every_origin_counts_the_same_however_many_its_cities():
    truth, years = np.zeros(12), np.array([2001] * 10 + [2002] * 2)
    forecasts = np.column_stack([np.ones(12), np.where(years == 2001, 1.1, 0.9)])
    np.testing.assert_allclose(blend_weights(forecasts, truth, years), [0.5, 0.5])


def test_trees_on_the_past_read_no_other_column(sample):
    model = fitted("extra_trees_history", sample)
    others = np.setdiff1d(np.arange(6), sample.history)
    spoilt = sample.features.copy()
    spoilt[:, others] = np.random.default_rng(1).standard_normal((400, len(others))) * 9
    np.testing.assert_array_equal(model.predict(spoilt), model.predict(sample.features))
    values, _ = model.contributions(sample.features)
    assert np.abs(values[:, others]).max() == 0.0
    alone = LEARNERS["extra_trees_history"].fit(
        sample.only(sample.history), {**LEARNERS["extra_trees_history"].defaults, "trees": 20}, 0
    )
    own = sample.features[:, sample.history]
    np.testing.assert_array_equal(alone.predict(own), model.predict(sample.features))


def test_trees_on_no_past_are_the_median(sample):
    without = sample.only(np.array([2, 4, 5]))
    model = fitted("extra_trees_history", without)
    np.testing.assert_allclose(model.predict(without.features), np.median(sample.labels))


@pytest.mark.parametrize(
    "name", ["xgboost", "xgboost_all_years", "extra_trees", "extra_trees_history"]
)
def test_trees_lean_on_recent_rows(name, sample):
    shifted = replace(sample, labels=np.where(sample.ages < 3, 5.0, -5.0))
    values = {**LEARNERS[name].defaults, **SMALL[name]}
    recent = LEARNERS[name].fit(shifted, {**values, "recency": 1.0}, 0).predict(sample.features)
    alike = LEARNERS[name].fit(shifted, {**values, "recency": 0.0}, 0).predict(sample.features)
    assert recent.mean() > alike.mean() + 2


def test_without_earlier_origins_members_weigh_the_same():
    none = np.empty(0, dtype=np.int64)
    np.testing.assert_allclose(blend_weights(np.empty((0, 4)), np.empty(0), none), 0.25)


def test_one_earlier_origin_tells_nothing_of_the_members():
    truth = np.zeros(5)
    forecasts = np.column_stack([np.ones(5), np.full(5, 3.0)])
    np.testing.assert_array_equal(blend_weights(forecasts, truth, np.full(5, 2001)), [0.5, 0.5])


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (Model(members=("xgbost",)), "no learner 'xgbost'; nearest: 'xgboost'"),
        (Model(parameters={"ridge": {"alfa": 1}}), "no parameter 'alfa'; nearest: 'alpha'"),
        (
            Model(parameters={"xgboost": {"rounds": "abc"}}),
            "rounds: expected a whole number",
        ),
        (Model(parameters={"ridge": {"winsorise": 0.7}}), "winsorise: expected a number from 0"),
    ],
)
def test_unknown_learners_and_parameters_are_named(model, message):
    with pytest.raises(InputError, match=message):
        learner_parameters(model)


def test_a_lasting_gap_comes_to_pass_once_however_many_years_are_forecast(sample):
    first = LEARNERS["lasting_gap"].fit(sample, {}, 0)
    said = np.nan_to_num(sample.features[:, :2]).mean(axis=1)
    np.testing.assert_allclose(first.predict(sample.features), said, atol=1e-12)
    second = LEARNERS["lasting_gap"].fit(replace(sample, before=1), {}, 0)
    assert not second.predict(sample.features).any()
    young = replace(sample, columns=(("gap", "value"), ("gap_lag1", "value"), *sample.columns[2:]))
    found = LEARNERS["lasting_gap"].fit(young, {}, 0).predict(young.features)
    gap, before = np.nan_to_num(young.features[:, :2]).T
    np.testing.assert_allclose(found, 0.75 * gap + 0.25 * before, atol=1e-12)
    nothing = sample.only(np.array([2, 3]))
    assert not LEARNERS["lasting_gap"].fit(nothing, {}, 0).predict(nothing.features).any()


def test_a_lasting_gap_of_another_measure_has_fitted_slopes(sample):
    ratio = replace(sample, measure="relative_resistance")
    fitted, persistent = (
        LEARNERS[name].fit(ratio, {}, 0) for name in ("lasting_gap", "persistence")
    )
    np.testing.assert_array_equal(fitted.coefficients, persistent.coefficients)
    kept = ratio.only(np.array([0, 1])).rows(np.arange(400) < 100)
    assert (kept.measure, kept.before) == ("relative_resistance", 0)
