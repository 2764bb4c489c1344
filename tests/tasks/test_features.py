"""Carrying forward, ages, dropping, and the coverage table."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from city_resilience.errors import InputError
from city_resilience.reading.panel import Panel
from city_resilience.tasks.coverage import family_coverage
from city_resilience.tasks.features import choose_features, feature_matrix, read_indicators
from city_resilience.tasks.series import carried
from forecasting_inputs import experiment, facts_of, small_panel

NAN = np.nan


def without(panel: Panel, variable: str, after: int) -> Panel:
    frame = panel.frame.copy()
    frame.loc[frame["year"] > after, variable] = NAN
    return replace(panel, frame=frame)


def test_carried_reads_the_newest_value_within_the_limit():
    values = np.array([[[1.0], [NAN], [NAN], [NAN], [5.0]]])
    filled, age = carried(values, np.array([0]), np.array([2]))
    np.testing.assert_array_equal(filled[0, :, 0], [1, 1, 1, NAN, 5])
    np.testing.assert_array_equal(age[0, :, 0], [0, 1, 2, NAN, 0])


def test_a_shift_reads_every_row_late():
    values = np.arange(5.0).reshape(1, 5, 1)
    filled, age = carried(values, np.array([2]), np.array([3]))
    np.testing.assert_array_equal(filled[0, :, 0], [NAN, NAN, 0, 1, 2])
    np.testing.assert_array_equal(age[0, :, 0], [NAN, NAN, 2, 2, 2])


def test_a_stopped_series_is_carried_and_training_rows_have_the_same_age():
    panel = without(small_panel(), "employment_ict", 2008)
    chosen = experiment()
    view = facts_of(panel, chosen).at(2010)
    spec = choose_features(view, chosen.features, 1)
    assert spec.shifts["ict_employment_share"] == 2
    names, values, age = read_indicators(view, spec)
    k = names.index("ict_employment_share")
    raw = view.indicators[:, :, view.ids.index("ict_employment_share")]
    np.testing.assert_array_equal(values[:, -1, k], raw[:, -3])
    np.testing.assert_array_equal(values[:, 5, k], raw[:, 3])
    assert np.nanmin(age[:, :, k]) == 2


def test_without_carrying_a_stopped_series_is_dropped_and_named():
    panel = without(small_panel(), "employment_ict", 2008)
    chosen = experiment(features={"carry_forward": 0})
    spec = choose_features(facts_of(panel, chosen).at(2010), chosen.features, 1)
    assert spec.dropped["ict_employment_share"] == "no value at the origin"
    assert "ict_employment_share" not in spec.shifts


def test_history_is_never_carried():
    panel = small_panel()
    city = panel.cities[0]
    frame = panel.frame.copy()
    frame.loc[(frame["city"] == city) & (frame["year"] == 2009), "gdp_real"] = NAN
    chosen = experiment()
    view = facts_of(replace(panel, frame=frame), chosen).at(2010)
    spec = choose_features(view, chosen.features, 1)
    gap = feature_matrix(view, spec)[0, :, spec.columns.index(("gap", "value"))]
    years = view.years
    assert np.isnan(gap[years == 2009])
    assert np.isnan(gap[years == 2010])
    assert np.isfinite(gap[years == 2008])


def test_coverage_says_since_when_a_family_is_not_observed():
    panel = small_panel()
    for name in ("employment_ict", "digital_finance_index"):
        panel = without(panel, name, 2007)
    chosen = experiment(features={"carry_forward": 1})
    dataset, origins = facts_of(panel, chosen), (2007, 2008, 2010)
    table = family_coverage(dataset, chosen, origins, {})
    used = {(o, 1): choose_features(dataset.at(o), chosen.features, 1) for o in origins[:2]}
    pd.testing.assert_frame_equal(table, family_coverage(dataset, chosen, origins, used))
    digital = table[table["family"] == "digital"].set_index("origin")
    assert digital.loc[2007, "status"] == "live"
    assert tuple(digital.loc[2008, ["status", "last_year"]]) == ("carried", 2007)
    assert tuple(digital.loc[2010, ["status", "last_year"]]) == ("ended", 2007)
    assert digital.loc[2010, "used"] == 0
    assert digital.loc[2008, "age"] == pytest.approx(1.0)


def test_a_model_trained_on_other_indicators_is_refused_by_name():
    chosen = experiment()
    view = facts_of(small_panel(), chosen).at(2010)
    spec = choose_features(view, chosen.features, 1)
    without_ict = replace(view, ids=tuple(n.replace("ict_emp", "other_") for n in view.ids))
    with pytest.raises(InputError, match=r"does not offer 1 indicator.*ict_employment_share"):
        feature_matrix(without_ict, spec)
