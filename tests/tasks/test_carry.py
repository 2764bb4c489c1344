"""Carrying forward: from the past only, within its bound, with its age, and flagged per cell."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from city_resilience.evaluation.live import fit_forecaster
from city_resilience.explain.contributions import BASE, contributions
from city_resilience.models.forecaster import Forecaster
from city_resilience.reading.panel import Panel
from city_resilience.tasks.features import choose_features, read_indicators
from city_resilience.tasks.indices import with_indices
from city_resilience.tasks.series import carried
from forecasting_inputs import experiment, facts_of, poisoned, small_panel

NAN = np.nan
WEIGHTS = {"persistence": 0.2, "ridge": 0.5, "xgboost": 0.3}
DIGITAL = ("employment_ict", "digital_finance_index")


def holed(panel: Panel) -> Panel:
    """Stop the digital series in 2011, two years before the newest, in one city in 2010."""
    frame = panel.frame.copy()
    for name in DIGITAL:
        frame.loc[frame["year"] > 2011, name] = NAN
        frame.loc[(frame["city"] == panel.cities[0]) & (frame["year"] > 2010), name] = NAN
        frame.loc[(frame["city"] == panel.cities[1]) & (frame["year"] > 2009), name] = NAN
    return replace(panel, frame=frame)


def fitted(panel: Panel, carry: int) -> Forecaster:
    chosen = experiment(features={"carry_forward": carry}, outcome={"horizons": [1]})
    return fit_forecaster(facts_of(panel, chosen), chosen, {1: WEIGHTS})


@pytest.fixture(scope="module")
def panel() -> Panel:
    return holed(small_panel())


@given(
    values=arrays(
        np.float64,
        st.tuples(st.integers(1, 3), st.integers(1, 8), st.integers(1, 3)),
        elements=st.one_of(st.just(NAN), st.floats(-5, 5, width=32)),
    ),
    data=st.data(),
)
@settings(max_examples=60)
def test_a_slow_loop_reads_the_same(values, data):
    k = values.shape[2]
    limits = data.draw(st.lists(st.integers(0, 9), min_size=k, max_size=k))
    shifts = [data.draw(st.integers(0, limit)) for limit in limits]
    filled, age = carried(values, np.array(shifts), np.array(limits))
    for city, year, series in np.ndindex(values.shape):
        back = [
            years
            for years in range(shifts[series], limits[series] + 1)
            if years <= year and np.isfinite(values[city, year - years, series])
        ]
        if back:
            assert age[city, year, series] == back[0]
            assert filled[city, year, series] == values[city, year - back[0], series]
        else:
            assert np.isnan(age[city, year, series])
            assert np.isnan(filled[city, year, series])


def test_the_future_changes_nothing_that_is_carried(panel):
    chosen = experiment()
    views = [facts_of(p, chosen).at(2012) for p in (panel, holed(poisoned(small_panel(), 2012)))]
    spec = choose_features(views[0], chosen.features, 1)
    assert choose_features(views[1], chosen.features, 1) == spec
    before, after = (read_indicators(view, spec) for view in views)
    for there, here in zip(before[1:], after[1:], strict=True):
        np.testing.assert_array_equal(there, here)


@pytest.mark.parametrize("carry", [0, 1, 2, 5])
def test_no_value_is_older_than_the_experiment_allows(panel, carry):
    forecaster = fitted(panel, carry)
    drivers = contributions(forecaster, forecaster.rows(panel))
    assert drivers["age"].max() <= carry
    assert drivers["age"].min() == 0
    assert (drivers["age"].isna() == drivers["value"].isna()).all()


def test_training_rows_are_as_old_as_the_row_served(panel):
    chosen = experiment()
    view = facts_of(panel, chosen).at(2013)
    spec = choose_features(view, chosen.features, 1)
    names, _, age = read_indicators(view, spec)
    for k, name in enumerate(names):
        training, served = age[:, :-1, k], age[:, -1, k]
        for ages in (training, served):
            known = ages[np.isfinite(ages)]
            assert known.min() == spec.shifts[name]
            assert known.max() <= spec.limits[name]
    assert spec.shifts["ict_employment_share"] == 2


def newest(panel: Panel, carry: int, indices=()) -> dict[tuple[str, str], tuple[int, float]]:
    """Age and value of each city's newest usable value, by a slow loop over the raw indicators."""
    dataset = facts_of(panel)
    view = with_indices(dataset.at(int(dataset.years[-1])), indices)
    found = {}
    for c, city in enumerate(dataset.cities):
        for k, (name, family) in enumerate(zip(view.ids, view.families, strict=True)):
            oldest = 0 if family == "history" else carry
            series = view.indicators[c, ::-1, k][: oldest + 1]
            known = np.flatnonzero(np.isfinite(series))
            if known.size:
                found[city, name] = (int(known[0]), float(series[known[0]]))
    return found


def test_every_cell_tells_its_age(panel):
    forecaster = fitted(panel, 5)
    drivers = contributions(forecaster, forecaster.rows(panel))
    rows = drivers[(drivers["origin"] == 2013) & (drivers["indicator"] != BASE)]
    expected = newest(panel, 5, forecaster.horizons[1].spec.indices)
    used = set(rows["indicator"])
    known = rows[rows["value"].notna()]
    cells = zip(known["city"], known["indicator"], known["age"], known["value"], strict=True)
    assert {(city, name): (age, value) for city, name, age, value in cells} == {
        key: cell for key, cell in expected.items() if key[1] in used
    }
    assert set(rows.loc[rows["value"].isna(), "age"].isna()) <= {True}
    assert known["age"].max() > 3
    assert drivers.loc[drivers["indicator"] == BASE, "age"].isna().all()


def test_a_forecast_names_the_families_carried_and_their_oldest_age(panel):
    forecaster = fitted(panel, 5)
    expected = newest(panel, 5, forecaster.horizons[1].spec.indices)
    family = {spec.id: spec.family for spec in facts_of(panel).specs}
    used = {name for name, _ in forecaster.horizons[1].spec.columns}
    oldest: dict[str, dict[str, int]] = {city: {} for city in panel.cities}
    for (city, name), (age, _) in expected.items():
        if name in used and age:
            own = oldest[city]
            own[family[name]] = max(age, own.get(family[name], 0))
    table = forecaster.forecast(forecaster.rows(panel)).set_index("city")["flags"].str.split(";")
    for city, flags in table.items():
        said = {flag for flag in flags if flag.startswith("carried")}
        assert said == {f"carried:{name}({age})" for name, age in oldest[city].items()}
    assert {oldest[city]["digital"] for city in panel.cities} >= {2, 3, 4}
    assert not table.explode().str.contains("history").any()


def test_a_family_without_a_value_young_enough_is_not_called_carried(panel):
    frame = panel.frame.copy()
    frame.loc[frame["city"] == panel.cities[0], list(DIGITAL)] = NAN
    forecaster = fitted(panel, 5)
    rows = forecaster.rows(replace(panel, frame=frame))
    table = forecaster.forecast(rows).set_index("city")["flags"]
    assert "digital" not in table[panel.cities[0]]
    assert "carried:digital(" in table[panel.cities[2]]


def test_without_carrying_nothing_is_carried(panel):
    forecaster = fitted(panel, 0)
    assert not forecaster.forecast(forecaster.rows(panel))["flags"].str.contains("carried").any()
    ages = contributions(forecaster, forecaster.rows(panel))["age"]
    assert set(ages[ages.notna()]) == {0.0}
    assert "ict_employment_share" not in forecaster.horizons[1].spec.shifts


def test_a_publication_lag_is_no_carrying():
    panel = small_panel()
    whole = panel.frame["employment_ict"].notna() & panel.frame["unit_employment"].notna()
    chosen = experiment(
        features={"publication_lag": {"employment_ict": 1}, "families": ["history", "digital"]},
        outcome={"horizons": [1]},
    )
    forecaster = fit_forecaster(facts_of(panel, chosen), chosen, {1: WEIGHTS})
    drivers = contributions(forecaster, forecaster.rows(panel))
    ages = drivers.loc[drivers["indicator"] == "ict_employment_share"].set_index("city")["age"]
    told = panel.frame[whole & (panel.frame["year"] == 2012)]["city"]
    assert (ages[told] == 0).all()
