"""Outcomes of `mechanisms` by name: the level beside the measures, and what is no outcome."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from city_resilience.errors import InputError
from city_resilience.experiment.load import load_experiment
from city_resilience.mechanisms.design import ahead_of
from city_resilience.mechanisms.outcomes import outcome_of
from city_resilience.reading.panel import Panel
from city_resilience.reading.read import read_panel

US_STATES = Path(__file__).parents[2] / "experiments/us_states"
DEMO = Path(__file__).parents[2] / "experiments/demo"
EXPERIMENT = load_experiment(US_STATES / "experiment.toml")
RATE = EXPERIMENT.outcome.model_copy(
    update={"variable": "unemployment_rate", "scale": "rate", "direction": -1}
)


@pytest.fixture(scope="module")
def panel() -> Panel:
    return read_panel(US_STATES / "panel.csv", EXPERIMENT.data, outcome=EXPERIMENT.outcome)


@pytest.mark.parametrize(
    ("name", "variable"), [("level", "gsp"), ("level:employment", "employment")]
)
def test_a_level_is_in_log_points_in_its_own_year(panel, name, variable) -> None:
    found = outcome_of(panel, EXPERIMENT, name)
    assert found.values == pytest.approx(100 * np.log(panel.grid().values[variable]))
    assert (found.name, found.unit, found.behind) == (name, "log points", {variable})
    assert found.label_en.startswith("100 ln ")
    assert ahead_of(found, horizon=3) == 0
    assert ahead_of(outcome_of(panel, EXPERIMENT, "growth_gap"), horizon=3) == 2


@pytest.mark.parametrize("name", ["level", "level:unemployment_rate"])
def test_a_rate_is_in_its_points_the_better_way_up(panel, name) -> None:
    found = outcome_of(panel, EXPERIMENT.model_copy(update={"outcome": RATE}), name)
    assert found.values == pytest.approx(-100 * panel.grid().values["unemployment_rate"])
    assert found.unit == "points"
    assert "turned" in found.label_en


def test_a_logarithm_is_not_taken_twice() -> None:
    table = pd.read_csv(US_STATES / "panel.csv")
    column = next(name for name in table if name.startswith("Gross state product"))
    table["own"] = np.log(table[column])
    own = {"variable": "own", "column": "own", "scale": "log"}
    experiment = EXPERIMENT.model_copy(
        update={"outcome": EXPERIMENT.outcome.model_copy(update=own)}
    )
    read = read_panel(table, experiment.data, outcome=experiment.outcome)
    values = read.grid().values["own"]
    for name in ("level", "level:own"):
        assert outcome_of(read, experiment, name).values == pytest.approx(100 * values)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("levels", "no measure 'levels'; nearest: 'level'"),
        ("level:x", "no variable 'x'"),
        ("level:unemployment_rate", "second experiment file and write level alone there"),
        ("quadrant", "quadrant is a category and no number; name resistance or recovery"),
        ("composite:gsp", "takes no variable; write composite"),
        ("composite", r"set outcome.measure to composite and add \[outcome.composite\]"),
    ],
)
def test_what_is_no_outcome_is_refused(panel, name, message) -> None:
    with pytest.raises(InputError, match=message):
        outcome_of(panel, EXPERIMENT, name)


def test_places_that_had_not_recovered_are_counted_where_that_can_be(panel) -> None:
    mechanisms = EXPERIMENT.mechanisms.model_copy(update={"windows": ["1981:1982:1984"]})
    experiment = EXPERIMENT.model_copy(update={"mechanisms": mechanisms})
    found = outcome_of(panel, experiment, "time_to_recover")
    assert found.censored == pytest.approx(1 - np.isfinite(found.values).sum() / 48)
    assert np.isnan(outcome_of(panel, experiment, "resistance").censored)
    values = panel.frame["gsp"].where(panel.frame["city"] != panel.frame["city"].iloc[0])
    unknown = replace(panel, frame=panel.frame.assign(gsp=values))
    found = outcome_of(unknown, experiment, "time_to_recover")
    assert found.censored == pytest.approx(1 - np.isfinite(found.values).sum() / 47)


@pytest.mark.parametrize(("name", "read"), [("resistance", False), ("structure_effect", True)])
def test_what_the_industries_tell_is_computed_from_them(name, read) -> None:
    experiment = load_experiment(DEMO / "experiment.toml")
    own = experiment.outcome.model_copy(update={"variable": "unit_employment"})
    mechanisms = experiment.mechanisms.model_copy(update={"windows": ["2004:2008:2010"]})
    experiment = experiment.model_copy(update={"outcome": own, "mechanisms": mechanisms})
    panel = read_panel(DEMO / "panel.csv", experiment.data, outcome=own)
    found = outcome_of(panel, experiment, name)
    assert ("employment_manufacturing" in found.behind) == read
    assert "unit_employment" in found.behind
    assert ("," in found.label_en) == (name != "structure_effect")
