"""When a label is known: each measure says it, labels keep to it, and the engine asks."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from city_resilience.errors import InputError
from city_resilience.evaluation.engine import SERVED, Engine
from city_resilience.evaluation.shocks import LATER, known_values, run_shocks
from city_resilience.resilience.measure_panel import measure_panel
from city_resilience.resilience.measures import MEASURES
from city_resilience.resilience.window import Window
from city_resilience.tasks.dataset import Dataset
from city_resilience.tasks.outcome import label_of, wait_of
from forecasting_inputs import experiment, facts_of, small_panel

SHOCK = Window(2004, 2006, 2008)
OVER_WINDOWS = [name for name, measure in MEASURES.items() if "components" not in measure.needs]


@pytest.mark.parametrize("name", MEASURES)
@pytest.mark.parametrize("horizon", [1, 3])
def test_a_label_is_there_from_the_year_its_measure_says(name, horizon):
    dataset = facts_of(small_panel())
    known_from = 2007 + wait_of(name, horizon)
    for origin in (known_from - 1, known_from):
        outcome = dataset.outcome[:, dataset.years <= origin]
        labels = label_of(name, outcome, horizon)[:, dataset.years[dataset.years <= origin] == 2007]
        assert np.isfinite(labels).all() == (origin >= known_from)
        assert np.isfinite(labels).any() == (origin >= known_from)


@pytest.mark.parametrize("name", OVER_WINDOWS)
def test_a_measured_shock_is_known_from_the_year_its_measure_says(name):
    measure, panel = MEASURES[name], small_panel()

    def values(year: int) -> pd.Series:
        frame = measure_panel(panel.truncate(year), "gdp_real", [name], [SHOCK])
        return frame.set_index("city")[name].replace("", np.nan)

    whole = values(2013)
    assert whole.notna().any()
    if measure.known_from(SHOCK) is not None:
        pd.testing.assert_series_equal(values(measure.known_from(SHOCK)), whole)
        assert values(measure.known_from(SHOCK) - 1).isna().all()
        return
    for year in range(SHOCK.start + 1, 2013):
        expected = known_values(measure, SHOCK, whole.to_numpy(), year)
        np.testing.assert_array_equal(values(year), expected)


def chosen(measure: str, windows: list[Window]):
    return experiment(
        outcome={"measure": measure, "windows": [str(window) for window in windows]},
        model={"members": ["persistence", "ridge"]},
    )


def labels_of(dataset: Dataset, windows: list[Window]) -> dict[Window, np.ndarray]:
    rng = np.random.default_rng(3)
    return {window: rng.normal(size=len(dataset.cities)) for window in windows}


@pytest.mark.parametrize(("measure", "learns"), [("resistance", True), ("recovery", False)])
def test_a_shock_is_learnt_from_once_what_is_measured_of_it_is_over(measure, learns):
    """A contraction is known at its end, although the recovery goes on beyond the next shock."""
    windows = [Window(2004, 2005, 2009), Window(2007, 2008, 2010)]
    asked = chosen(measure, windows)
    dataset = facts_of(small_panel(), asked)
    frame = run_shocks(dataset, asked, labels_of(dataset, windows))
    assert (frame["test"] == LATER).any() == learns


def test_years_to_recover_are_learnt_from_cities_that_were_back_when_the_next_shock_began():
    windows = [Window(2003, 2004), Window(2008, 2009)]
    asked = chosen("time_to_recover", windows)
    dataset = facts_of(small_panel(), asked)
    years = {window: np.tile([1.0, 2.0, 3.0, 9.0, np.nan], 10) for window in windows}
    spoilt = {w: np.where(own == 9.0, 8.0, own) for w, own in years.items()}
    frames = [run_shocks(dataset, asked, labels) for labels in (years, spoilt)]
    later = [
        frame[frame["test"] == LATER].set_index(["model", "city"])["forecast"] for frame in frames
    ]
    assert len(later[0])
    pd.testing.assert_series_equal(*later, check_exact=True)


def test_a_category_is_no_number_to_forecast():
    with pytest.raises(InputError, match="quadrant is a category"):
        facts_of(small_panel(), chosen("quadrant", [SHOCK]))


def test_the_engine_asks_when_outcomes_are_known(monkeypatch):
    """An outcome that took a year longer to be known would weigh, and be rolled, a year later."""
    asked = experiment(outcome={"horizons": [1]}, model={"members": ["persistence", "ridge"]})
    dataset = facts_of(small_panel(), asked)
    prompt = Engine(dataset, asked).roll([SERVED], [1], range(2005, 2014))[SERVED.id][1]
    monkeypatch.setattr(Dataset, "wait", lambda _, horizon: horizon + 1)
    late = Engine(dataset, asked).roll([SERVED], [1], range(2005, 2014))[SERVED.id][1]
    assert max(prompt.blend) == 2012
    assert max(late.blend) == 2011
    for origin in range(2006, 2012):
        np.testing.assert_array_equal(late.weights[origin], prompt.weights[origin - 1])
