"""The keys that declare an outcome of one's own, what a place is called, and what is hashed."""

from __future__ import annotations

import json

import pytest

from city_resilience.errors import InputError
from city_resilience.experiment.experiment import Experiment
from city_resilience.experiment.load import experiment_from, load_experiment
from places import ROOT

RATE = {"column": "jobless", "scale": "rate"}


def experiment(**tables: object) -> Experiment:
    return experiment_from(
        {"name": "test", "evaluation": {"first_origin": 2010}, **tables}, "experiment.toml"
    )


def test_an_own_column_is_the_variable_under_its_header_or_a_short_name():
    assert experiment(outcome={"column": "GRDP (bn)"}).outcome.variable == "GRDP (bn)"
    named = experiment(outcome={"column": "GRDP (bn)", "variable": "grdp", "unit": "bn"})
    assert named.outcome.variable == "grdp"
    assert experiment().outcome.variable == "gdp_real"


@pytest.mark.parametrize(
    ("outcome", "message"),
    [
        ({"unit": "bn"}, "unit describes outcome.column, which is not set"),
        ({"label_zh": "产出"}, "label_zh describes outcome.column, which is not set"),
        (RATE, "a rate must say whether more is better; add direction = 1, or direction = -1"),
        ({"scale": "log", "weight": "population"}, "a log adds up and takes no weight"),
        ({"scale": "share"}, "'outcome.scale'.*found \"share\""),
        ({"direction": 2}, "'outcome.direction'.*found 2"),
    ],
)
def test_outcomes_that_contradict_themselves(outcome, message):
    with pytest.raises(InputError, match=f"experiment.toml: key .*{message}"):
        experiment(outcome=outcome)


def test_a_rate_with_its_direction_and_a_weighted_outcome_are_taken():
    assert experiment(outcome={**RATE, "direction": -1}).outcome.direction == -1
    heads = {"variable": "gdp_per_head", "scale": "per_head", "weight": "population"}
    assert experiment(outcome=heads).outcome.weight == "population"


def test_an_outcome_is_no_indicator_as_well():
    twice = {"columns": {"GRDP": {"family": "control"}}}
    with pytest.raises(InputError, match="'GRDP' is declared twice") as refused:
        experiment(data=twice, outcome={"column": "GRDP"})
    assert str(refused.value).endswith("remove its table there")


def test_places_have_one_of_the_known_nouns():
    assert experiment(noun="county").noun == "county"
    with pytest.raises(InputError, match=r"'noun'.*'firm', found \"village\""):
        experiment(noun="village")


def test_keys_added_later_are_hashed_and_written_only_where_they_are_set():
    plain, same = experiment(), experiment(noun="city", data={"code": ""}, outcome={"scale": ""})
    assert same.digest() == plain.digest()
    written = plain.model_dump(mode="json")
    assert "noun" not in written
    assert "code" not in written["data"]
    assert {"column", "scale", "weight", "direction"}.isdisjoint(written["outcome"])
    others = [
        experiment(data={"code": "id"}),
        experiment(outcome={"column": "x"}),
        experiment(outcome={"variable": "x", "direction": -1}),
    ]
    assert len({plain.digest(), *(other.digest() for other in others)}) == 4
    for other in others:
        assert experiment_from(json.loads(other.model_dump_json()), "stored") == other


def test_the_word_for_a_place_changes_no_forecast_and_so_no_digest():
    firms = experiment(noun="firm")
    assert firms.digest() == experiment().digest()
    assert experiment_from(json.loads(firms.model_dump_json()), "stored") == firms


def test_digest_of_the_committed_model_is_as_its_card_has_it():
    card = (ROOT / "models" / "demo" / "MODEL_CARD.md").read_text("utf-8")
    experiment = load_experiment(ROOT / "experiments" / "demo" / "experiment.toml")
    assert f"digest `{experiment.digest()}`" in card


RELEASE = {"group": "province", "column": "growth", "kind": "growth"}


def test_early_releases_are_hashed_where_they_are_named_wherever_their_files_are():
    plain, named = experiment(), experiment(early={"provinces": RELEASE})
    assert "early" not in plain.model_dump(mode="json")
    assert named.digest() != plain.digest()
    assert experiment(early={"provinces": {**RELEASE, "path": "x.csv"}}).digest() == named.digest()
    late = experiment(early={"provinces": {**RELEASE, "delay_days": 60}})
    assert late.digest() != named.digest()
    assert experiment_from(json.loads(named.model_dump_json()), "stored") == named


@pytest.mark.parametrize(
    ("early", "message"),
    [
        (RELEASE, r"'early': each release has a table of its own; write \[early.NAME\]"),
        ({"x": {**RELEASE, "delay_days": -1}}, "'early.x.delay_days'.*found -1"),
        ({"x": {**RELEASE, "delay_days": 10**9}}, "'early.x.delay_days'.*found 1000000000"),
        ({"x": {**RELEASE, "kind": "percent"}}, "'early.x.kind'.*found \"percent\""),
        ({"x": {**RELEASE, "colum": "y"}}, "'early.x.colum' does not exist; nearest: 'column'"),
        ({"x": {**RELEASE, "group": " "}}, "'early.x.group': it is empty; name a group"),
        ({"x": {"group": "province", "kind": "growth"}}, "'early.x.column' is missing"),
    ],
)
def test_early_releases_that_cannot_be_meant(early, message):
    with pytest.raises(InputError, match=message):
        experiment(early=early)


def test_limits_of_the_monitor_change_no_forecast_and_so_no_digest():
    plain, limited = experiment(), experiment(monitor={"psi": 0.5})
    assert "monitor" not in plain.model_dump(mode="json")
    assert limited.model_dump(mode="json")["monitor"]["psi"] == 0.5
    assert limited.digest() == plain.digest()


def test_places_on_a_map_change_no_forecast_and_so_no_digest():
    plain, mapped = experiment(), experiment(data={"coordinates": "coordinates.csv"})
    assert "coordinates" not in plain.model_dump(mode="json")["data"]
    assert mapped.data.coordinates == "coordinates.csv"
    assert mapped.digest() == plain.digest()


def test_what_is_actionable_changes_no_forecast_and_so_no_digest():
    plain, marked = experiment(), experiment(actionable={"students_per_10k": {}})
    assert "actionable" not in plain.model_dump(mode="json")
    assert marked.digest() == plain.digest()
    priced = {"students_per_10k": {"cost": 2.0, "cost_unit": "million yuan", "largest_step": 5.0}}
    assert experiment(actionable=priced).digest() == plain.digest()
    assert experiment(features={"carry_forward": 1}).digest() != plain.digest()
    assert experiment_from(json.loads(marked.model_dump_json()), "stored") == marked


@pytest.mark.parametrize(
    ("actionable", "message"),
    [
        ({"cost": 2.0}, r"'actionable': each indicator has a table of its own; write \[actionabl"),
        ({"x": {"cost": 2.0}}, "'actionable.x': cost and cost_unit go together; give both"),
        ({"x": {"cost_unit": "yuan"}}, "'actionable.x': cost and cost_unit go together"),
        ({"x": {"largest_step": -1}}, "'actionable.x.largest_step'.*found -1"),
        ({"x": {"step": 1}}, "'actionable.x.step' does not exist; nearest: 'largest_step'"),
    ],
)
def test_actionable_indicators_that_contradict_themselves(actionable, message):
    with pytest.raises(InputError, match=message):
        experiment(actionable=actionable)


def test_vintages_are_data_and_no_part_of_the_recipe_and_the_truth_is_one():
    dated = experiment(data={"vintages": {"2019-03-30": "a.csv", "2020-03-30": "b.csv"}})
    assert dated.digest() == experiment().digest()
    first = experiment(evaluation={"first_origin": 2010, "truth": "first"})
    assert first.digest() != experiment().digest()


@pytest.mark.parametrize(
    ("vintages", "message"),
    [
        ({"2019-02-30": "a.csv"}, "'2019-02-30' is no day of publication"),
        ({"20190330": "a.csv"}, "'20190330' is no day of publication; write it as 2020-03-30"),
        ({"2019-03-30": " "}, "the panel of 2019-03-30 has no file; name it"),
    ],
)
def test_vintages_that_cannot_be_meant(vintages, message):
    with pytest.raises(InputError, match=message):
        experiment(data={"vintages": vintages})
