"""The structural view: no past of the outcome, under whatever name; levels stay."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from city_resilience.catalogue.variables import Variable
from city_resilience.evaluation.views import structural_members, structural_variant
from city_resilience.indicators.formulas.ratios import log_growth, ratio
from city_resilience.indicators.indicator import Indicator
from city_resilience.tasks.overlap import growth_in_formula
from city_resilience.tasks.structural import structural_ids
from city_resilience.tasks.task import prepare_task
from forecasting_inputs import experiment, facts_of, poisoned, small_panel


def spec_of(function, *inputs: str) -> Indicator:
    return Indicator("made", "control", "Made", "自制", "%", inputs, function)


@pytest.mark.parametrize(
    ("function", "inputs", "most", "least"),
    [
        (log_growth, ("gdp_real",), 1.0, 0.999),
        (lambda x, y: log_growth(ratio(x, y)), ("gdp_nominal", "gdp_real"), 0.999, 0.5),
        (lambda x, y: log_growth(ratio(x, y)), ("co2", "gdp_real"), 0.999, 0.5),
        (ratio, ("co2", "gdp_real"), 0.4, 0.0),
        (log_growth, ("patents_granted",), 0.0, 0.0),
    ],
)
def test_growth_in_a_formula_is_found_and_a_level_has_little(function, inputs, most, least):
    found = growth_in_formula(spec_of(function, *inputs), experiment())
    assert least <= found <= most


def test_no_family_history_and_no_growth_of_the_outcome():
    chosen = experiment()
    dataset = facts_of(small_panel(), chosen)
    ids = structural_ids(dataset, chosen)
    family = {spec.id: spec.family for spec in dataset.specs}
    assert ids
    assert ids < set(family)
    assert not {name for name in ids if family[name] == "history"}


def test_a_column_near_the_outcomes_growth_is_left_out_and_an_accepted_overlap_too():
    panel = small_panel()
    frame = panel.frame.copy()
    growth = frame.groupby("city")["gdp_real"].transform(lambda x: np.log(x).diff())
    noise = np.random.default_rng(0).normal(size=len(frame)) * growth.std()
    for name, share in (("near", 0.1), ("far", 2.0)):
        frame[name] = growth + share * noise
    own = {n: Variable(n, n, n, "index", "control", 0) for n in ("near", "far")}
    dataset = facts_of(replace(panel, frame=frame, variables={**panel.variables, **own}))
    assert {"near", "far"} & structural_ids(dataset, experiment()) == {"far"}
    accepted = experiment(features={"accept_overlap": ["far"]})
    assert not {"near", "far"} & structural_ids(dataset, accepted)


def test_what_may_be_read_is_decided_before_the_scored_years():
    chosen, panel = experiment(), small_panel()
    first = chosen.evaluation.first_origin
    before = structural_ids(facts_of(panel, chosen), chosen)
    assert structural_ids(facts_of(poisoned(panel, first), chosen), chosen) == before


def test_the_variant_reads_columns_of_these_indicators_with_members_that_read_more_than_the_past():
    chosen = experiment()
    dataset = facts_of(small_panel(), chosen)
    variant = structural_variant(dataset, chosen)
    task = prepare_task(dataset.at(2012), 1, chosen)
    names = {task.spec.columns[k][0] for k in variant.columns(task)}
    assert names
    assert names <= structural_ids(dataset, chosen)
    past = experiment(model={"members": ["persistence", "extra_trees_history"]}).model
    assert list(structural_members(past)) == ["xgboost", "xgboost_all_years"]


def test_a_panel_of_the_outcome_alone_has_no_structural_view():
    chosen = experiment(features={"families": ["history"]})
    dataset = facts_of(small_panel(), chosen)
    assert structural_variant(dataset, chosen) is None


def test_a_spec_on_some_columns_keeps_what_they_need():
    chosen = experiment()
    dataset = facts_of(small_panel(), chosen)
    spec = prepare_task(dataset.at(2012), 1, chosen).spec
    columns = spec.family_columns(structural_ids(dataset, chosen))
    part = spec.only(columns)
    assert part.columns == tuple(spec.columns[k] for k in columns)
    assert set(part.shifts) == set(part.limits) == set(part.indicators)
    assert {index.id for index in part.indices} <= set(part.indicators)
