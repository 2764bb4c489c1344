"""The reference of the experiment file is whole, its examples hold, and the schema agrees."""

from __future__ import annotations

import copy
import inspect
import re
import tomllib
from typing import Any

import pytest

from city_resilience.commands.console import open_console
from city_resilience.commands.keys import key_tables
from city_resilience.errors import InputError
from city_resilience.experiment.experiment import Experiment
from city_resilience.experiment.load import experiment_from
from city_resilience.experiment.reference import (
    experiment_keys,
    experiment_schema,
    experiment_tables,
)
from city_resilience.experiment.table import Table
from city_resilience.indicators.table import load_table
from city_resilience.models.learners import LEARNERS
from city_resilience.resilience.measures import MEASURES
from json_schema import mistakes
from places import ROOT

SMALLEST: dict[str, Any] = {"name": "smallest", "evaluation": {"first_origin": 2015}}
FILES = sorted((ROOT / "experiments").glob("*/experiment.toml"))
SCHEMA = experiment_schema()


def merged(base: dict[str, Any], own: dict[str, Any]) -> dict[str, Any]:
    found = copy.deepcopy(base)
    for key, value in own.items():
        both = isinstance(value, dict) and isinstance(found.get(key), dict)
        found[key] = merged(found[key], value) if both else value
    return found


def example_of(table: str) -> dict[str, Any]:
    """Return a whole experiment with the examples of all keys of one table."""
    keys = experiment_keys(table)
    keys = keys[(keys["table"] == table) & (keys["example"] != "")]
    lines = keys["key"] + " = " + keys["example"]
    text = (f"[{table}]\n" if table else "") + "\n".join(lines)
    needed = {"outcome": {"measure": "composite"}} if table == "outcome.composite" else {}
    return merged(merged(SMALLEST, needed), tomllib.loads(text))


def test_every_key_of_every_table_has_a_meaning_and_an_example():
    keys = experiment_keys().set_index(["table", "key"])
    fields = {
        (path, key): field
        for path, model in experiment_tables().items()
        for key, field in model.model_fields.items()
    }
    assert set(keys.index) == {*fields, ("", "extends")}
    assert keys.index.is_unique
    assert (keys["meaning"].str.len() > 10).all()
    assert keys["meaning"].str.endswith(".").all()
    tables = keys["type"].str.match("tables? ")
    assert set(keys.index[keys["example"] == ""]) == set(keys.index[tables])
    assert tables.sum() == len(experiment_tables()) - 1
    required = {place for place, field in fields.items() if field.is_required()}
    assert set(keys.index[keys["default"] == "required"]) == required


def test_every_table_is_in_the_reference_once_and_says_what_it_is_about():
    found = list(experiment_tables().values())
    assert sorted(map(str, found)) == sorted(map(str, Table.__subclasses__()))
    assert all(inspect.cleandoc(model.__doc__ or "") for model in found)


@pytest.mark.parametrize("table", list(experiment_tables()))
def test_examples_of_a_table_make_an_experiment_together(table):
    values = example_of(table)
    assert mistakes(values, SCHEMA, SCHEMA) == []
    values.pop("extends", None)
    experiment = experiment_from(values, table)
    assert experiment != experiment_from(SMALLEST, "smallest")


def test_defaults_are_those_of_an_experiment_that_sets_nothing():
    default = experiment_from(SMALLEST, "smallest")
    for row in experiment_keys().itertuples():
        if row.default in ("", "required") or '"HEADER"' in row.table or row.key == "extends":
            continue
        if row.table in ("outcome.composite", "early.NAME", "actionable.INDICATOR_ID"):
            continue
        holder = getattr(default, row.table) if row.table else default
        [value] = tomllib.loads(f"value = {row.default}").values()
        found = getattr(holder, row.key)
        assert (list(found) if isinstance(found, tuple) else found) == value or row.key == "name"


@pytest.mark.parametrize(
    ("place", "known"), [(("outcome", "measure"), MEASURES), (("model", "members"), LEARNERS)]
)
def test_names_in_descriptions_are_those_of_the_program(place, known):
    meaning = experiment_keys().set_index(["table", "key"])["meaning"][place]
    named = re.findall(r"\w+_\w+", meaning)
    assert len(named) >= 3
    assert set(named) <= set(known)


def test_examples_name_indicators_that_exist():
    ids = {spec.id for spec in load_table()} | {"smart_lamp_posts"}
    features = Experiment.model_validate(example_of("features")).features
    named = {*features.exclude, *features.required, *features.accept_overlap}
    composite = Experiment.model_validate(example_of("outcome.composite")).outcome.composite
    assert composite is not None
    assert named | set(composite.components) <= ids


def test_keys_of_one_table_and_of_those_within_it():
    assert set(experiment_keys("outcome")["table"]) == {"outcome", "outcome.composite"}
    assert set(experiment_keys("[search]")["table"]) == {"search"}
    with pytest.raises(InputError, match=r"no table 'outcomes'.*nearest: 'outcome'.*choose one of"):
        experiment_keys("outcomes")


def test_schema_takes_the_experiments_that_are_here():
    assert len(FILES) >= 5
    for path in FILES:
        assert mistakes(tomllib.loads(path.read_text("utf-8")), SCHEMA, SCHEMA) == [], path
        assert path.read_text("utf-8").startswith("#:schema ../../docs/experiment.schema.json\n")


@pytest.mark.parametrize(
    ("changes", "mistake"),
    [
        ({"outcomes": {}}, ".outcomes: unknown"),
        ({"outcome": {"horizon": 1}}, ".outcome.horizon: unknown"),
        ({"outcome": {"horizons": ["one"]}}, ".outcome.horizons[0]: no integer"),
        ({"outcome": {"scale": "share"}}, ".outcome.scale: enum"),
        ({"outcome": {"floor": -1}}, ".outcome.floor: minimum"),
        ({"outcome": {"composite": {"window": [2000]}}}, ".outcome.composite: required"),
        ({"data": {"columns": {"x": {"family": "history"}}}}, ".data.columns.x.family: enum"),
        ({"data": {"corrections": {"a/b/2000": []}}}, ".data.corrections.a/b/2000: anyOf"),
        ({"features": {"min_coverage": 0}}, ".features.min_coverage: exclusiveMinimum"),
        ({"evaluation": {"last_origin": "now"}}, ".evaluation.last_origin: no integer"),
        ({"name": "two words"}, ".name: pattern"),
    ],
)
def test_schema_marks_what_the_program_refuses(changes, mistake):
    values = merged(SMALLEST, changes)
    assert mistake in mistakes(values, SCHEMA, SCHEMA)
    with pytest.raises(InputError):
        experiment_from(values, "changed")


def test_schema_asks_for_what_is_required_unless_another_file_is_extended():
    assert mistakes({}, SCHEMA, SCHEMA) == [": required"]
    assert mistakes({"name": "x", "evaluation": {}}, SCHEMA, SCHEMA) == [".evaluation: required"]
    assert mistakes({"extends": "a.toml", "evaluation": {"min_group": 2}}, SCHEMA, SCHEMA) == []


def test_terminal_shows_the_keys_with_brackets_and_quotes():
    console = open_console()
    with console.capture() as capture:
        for table in key_tables("data"):
            console.print(table)
    shown = capture.get()
    assert '[data.columns."HEADER"]' in shown
    assert '{ gdp_nominal = "万元" }' in shown
    for key in experiment_keys("data")["key"]:
        assert f"│ {key} " in shown
