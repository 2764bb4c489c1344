"""Composite indices inside the tasks: fitted on training years, frozen, stored and served."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from city_resilience.errors import InputError
from city_resilience.evaluation.live import fit_forecaster
from city_resilience.explain.contributions import contributions
from city_resilience.indicators.formulas.composite import FittedComposite
from city_resilience.indicators.table import load_indices, load_table
from city_resilience.models.bundle import load_bundle, save_bundle
from city_resilience.tasks.features import choose_features, feature_matrix, read_indicators
from city_resilience.tasks.indices import fit_indices, with_indices
from forecasting_inputs import experiment, facts_of, poisoned, small_panel
from places import CITIES, SHARED

WEIGHTS = {"ridge": 0.5, "xgboost": 0.5}


def test_components_of_the_table_exist_and_have_a_direction():
    directions = {spec.id: spec.direction for spec in load_table()}
    assert {index.family for index in load_indices()} == {"digital", "innovation"}
    for index in load_indices():
        assert all(directions[name] in (1, -1) for name in index.components), index.id


@pytest.mark.parametrize("method", ["entropy", "pca"])
@pytest.mark.parametrize("horizon", [1, 3])
def test_an_index_is_fitted_on_the_training_years_alone(method, horizon):
    settings = experiment(features={"composite_indices": method}).features
    view = facts_of(small_panel()).at(2010)
    fitted = fit_indices(view, settings, horizon)
    assert [index.id for index in fitted] == ["digital_index", "innovation_index"]
    last = 2010 - horizon - int(view.years[0])
    for index in fitted:
        places = [view.ids.index(name) for name in index.components]
        training = np.moveaxis(view.indicators[:, : last + 1, places], -1, 0)
        assert index.fitted == FittedComposite.fit(
            training, components=index.components, method=method
        )
    noise = view.indicators.copy()
    noise[:, last + 1 :] = np.random.default_rng(0).lognormal(3, 2, noise[:, last + 1 :].shape)
    assert fit_indices(replace(view, indicators=noise), settings, horizon) == fitted
    noise[:, last] *= 50.0
    assert fit_indices(replace(view, indicators=noise), settings, horizon) != fitted


def test_poison_after_the_origin_reaches_no_index():
    chosen = experiment()
    for origin in (2007, 2010):
        clean = facts_of(small_panel()).at(origin)
        dirty = facts_of(poisoned(small_panel(), origin)).at(origin)
        spec = choose_features(clean, chosen.features, 1)
        assert spec.indices
        assert spec.indices == choose_features(dirty, chosen.features, 1).indices
        np.testing.assert_array_equal(feature_matrix(clean, spec), feature_matrix(dirty, spec))


def test_the_model_reads_the_index_of_its_fold():
    chosen = experiment(features={"carry_forward": 0})
    view = facts_of(small_panel(), chosen).at(2010)
    spec = choose_features(view, chosen.features, 1)
    names, values, _ = read_indicators(view, spec)
    for index in spec.indices:
        places = [view.ids.index(name) for name in index.components]
        by_hand = index.fitted.apply(np.moveaxis(view.indicators[:, :, places], -1, 0))
        np.testing.assert_array_equal(values[:, :, names.index(index.id)], by_hand)
        assert {(index.id, "value"), (index.id, "rank")} <= set(spec.columns)


def test_an_index_can_be_left_out():
    view = facts_of(small_panel()).at(2010)
    for change, left in (
        ({"composite_indices": "none"}, []),
        ({"exclude": ["digital_index"]}, ["innovation_index"]),
        ({"families": ["history", "digital"]}, ["digital_index"]),
    ):
        found = fit_indices(view, experiment(features=change).features, 1)
        assert [index.id for index in found] == left


def test_a_component_that_is_excluded_or_overlaps_is_in_no_index():
    name = "digital_finance_index"
    excluded = experiment(features={"exclude": [name]})
    accepted = experiment(features={"accept_overlap": [name]})
    for chosen in (excluded, accepted):
        for index in fit_indices(facts_of(small_panel(), chosen).at(2010), chosen.features, 1):
            assert name not in index.components


def test_one_component_that_varies_is_no_index():
    view = facts_of(small_panel()).at(2010)
    place = view.ids.index("digital_finance_index")
    constant = view.indicators.copy()
    constant[:, :, place] = np.where(np.isfinite(constant[:, :, place]), 4.0, np.nan)
    found = fit_indices(replace(view, indicators=constant), experiment().features, 1)
    assert [index.id for index in found] == ["innovation_index"]


def test_a_stored_model_serves_the_frozen_index(tmp_path):
    panel, chosen = small_panel(), experiment()
    weights = dict.fromkeys(chosen.outcome.horizons, WEIGHTS)
    forecaster = fit_forecaster(facts_of(panel, chosen), chosen, weights)
    again = load_bundle(save_bundle(forecaster, tmp_path / "model"))
    assert forecaster.horizons[1].spec.indices
    for horizon, model in forecaster.horizons.items():
        assert again.horizons[horizon].spec.indices == model.spec.indices
    drivers = contributions(again, again.rows(panel))
    assert {"digital_index", "innovation_index"} <= set(drivers["indicator"])
    assert set(drivers.loc[drivers["indicator"] == "digital_index", "family"]) == {"digital"}
    np.testing.assert_array_equal(
        forecaster.forecast(forecaster.rows(panel))["forecast"],
        again.forecast(again.rows(panel))["forecast"],
    )


@pytest.mark.parametrize(
    ("key", "value"),
    [("weights", [1.0]), ("scale", [0.0, 1.0]), ("method", "topsis")],
)
def test_a_spoilt_index_is_refused(key, value):
    stored = {
        "components": ["a", "b"],
        "method": "entropy",
        "offset": [0.0, 0.0],
        "scale": [1.0, 1.0],
        "weights": [0.5, 0.5],
    }
    assert FittedComposite.from_dict(stored).as_dict() == stored
    with pytest.raises(InputError, match="composite: "):
        FittedComposite.from_dict({**stored, key: value})


@pytest.mark.real_data(CITIES)
def test_the_real_panel_feeds_both_indices():
    from city_resilience.reading.read import read_panel

    dataset = facts_of(
        read_panel(SHARED / CITIES, outcome="gdp_real"), experiment(data={"simulated": False})
    )
    view = dataset.at(2016)
    fitted = fit_indices(view, experiment().features, 1)
    assert [index.id for index in fitted] == ["digital_index", "innovation_index"]
    scores = with_indices(view, fitted).indicators[:, -1, -2:]
    assert np.isfinite(scores).mean() > 0.8
    digital = dict(zip(dataset.cities, scores[:, 0], strict=True))
    assert digital["北京市"] > np.nanquantile(scores[:, 0], 0.95)
