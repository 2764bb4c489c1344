"""A column of the family policy: `mechanisms` reads it, a forecast does not."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from city_resilience.errors import InputError
from city_resilience.experiment.experiment import Experiment
from city_resilience.experiment.load import load_experiment
from city_resilience.indicators.compute import compute_indicators
from city_resilience.mechanisms.policies import adoption_years, policies_of
from city_resilience.reading.panel import Panel
from city_resilience.reading.read import read_panel
from city_resilience.tasks.outcome import with_outcome

US_STATES = Path(__file__).parents[2] / "experiments/us_states"
FIRST = np.resize([1975, 1979, 0], 48)


def read(header: str, by_year: bool) -> tuple[Panel, Experiment]:
    table = pd.read_csv(US_STATES / "panel.csv")
    since = table["state"].map(dict(zip(sorted(table["state"].unique()), FIRST, strict=True)))
    on = (since > 0) & (table["year"] >= since)
    table["Zone since"] = on.astype(int) if by_year else since
    asked = load_experiment(US_STATES / "experiment.toml").model_dump()
    asked["data"]["columns"] = {"Zone since": {"family": "policy"}}
    asked["mechanisms"] = {"pilots": [header]}
    experiment = Experiment.model_validate(asked)
    return read_panel(table, experiment.data, outcome=experiment.outcome), experiment


@pytest.mark.parametrize("by_year", [True, False])
def test_a_policy_is_read_and_is_no_indicator(by_year: bool) -> None:
    panel, experiment = read("Zone since", by_year)
    found = policies_of(panel, experiment, experiment.mechanisms.pilots)["Zone since"]
    assert found.since.tolist() == FIRST.tolist()
    assert not found.partial.any()
    grid, variables, series = with_outcome(
        panel.grid(), panel.variables, panel.resolved(experiment.outcome), panel.source
    )
    assert "Zone since" not in compute_indicators(grid, series, variables).ids


def test_an_unknown_policy_names_the_way_out() -> None:
    panel, experiment = read("Zone", by_year=False)
    with pytest.raises(InputError, match=r'no column .Zone.*family = "policy"'):
        policies_of(panel, experiment, experiment.mechanisms.pilots)


def test_a_year_without_a_row_is_no_end_of_a_policy() -> None:
    on = np.array([[0, 1, np.nan, 1.0], [0, 0, 1, np.nan]])
    assert adoption_years(on, np.arange(2001, 2005), "zone").tolist() == [2002, 2003]


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ([[0, 1, np.nan, 0.0], [0, 0, 1, 1]], "back to 0 in 1 of 2 places"),
        ([[2002, 2003.0], [2002, 2002]], "several years in 1 of 2 places"),
    ],
)
def test_a_policy_that_ends_or_begins_twice_is_refused(values: list, message: str) -> None:
    table = np.array(values)
    with pytest.raises(InputError, match=message):
        adoption_years(table, np.arange(2001, 2001 + table.shape[1]), "zone")
