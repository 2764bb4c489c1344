"""Ratios to national growth: their numbers, their floor, their reasons, their horizon forms."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from city_resilience.errors import InputError
from city_resilience.report.texts import every_text
from city_resilience.resilience.counterfactual import excess_change, quadrant
from city_resilience.resilience.growth import (
    growth_gap_between,
    relative_resistance,
    sensitivity,
    vanished_cities,
)
from city_resilience.resilience.measures import MEASURES, measure_of
from city_resilience.resilience.reasons import REASONS, measured, overruled, reason_ids

GROWTH_GAP = MEASURES["growth_gap"].label

NAN = np.nan
HORIZON = [m for m in MEASURES.values() if m.kind == "horizon"]
levels = arrays(np.float64, (7,), elements=st.floats(1.0, 1e4))


def nation_at(growth: float, shortfall: float) -> tuple[np.ndarray, np.ndarray]:
    """Return a big city that carries the nation's growth and a small one that falls short."""
    start = np.array([1e9, 1.0])
    return start, start * (1 + np.array([growth, growth - shortfall]))


def test_city_falls_by_one_percent_where_the_nation_falls_by_three():
    found = relative_resistance(*nation_at(-0.03, -0.02))
    assert found.values[1] == pytest.approx((-0.01 + 0.03) / 0.03, abs=1e-6)  # +0.67
    assert sensitivity(*nation_at(-0.03, -0.02)).values[1] == pytest.approx(1 / 3, abs=1e-6)


def test_shortfall_of_72_tenths_is_068_at_106_and_missing_at_03_percent():
    assert relative_resistance(*nation_at(0.106, 0.072)).values[1] == pytest.approx(-0.68, abs=5e-3)
    for kernel in (relative_resistance, sensitivity, excess_change):
        found = kernel(*nation_at(0.003, 0.072))
        assert np.isnan(found.values).all()
        assert set(reason_ids(found.reasons)) == {"nation_still"}
    unfloored = relative_resistance(*nation_at(0.003, 0.072), floor=0.0)
    assert unfloored.values[1] == pytest.approx(-24.0, abs=1e-3)


def test_the_gap_in_points_exists_where_the_nation_stands_still():
    found = growth_gap_between(*nation_at(0.003, 0.072))
    assert found.values[1] == pytest.approx(100 * math.log(0.931 / 1.003), abs=1e-6)
    assert not found.reasons.any()


@given(levels, levels)
def test_resistance_is_relative_resistance_when_there_is_one_national_growth(start, end):
    one, other = relative_resistance(start, end), excess_change(start, end)
    np.testing.assert_array_equal(one.reasons, other.reasons)
    # Two orders of the same operations; growth near the floor of 1 % keeps 12 digits.
    np.testing.assert_allclose(one.values, other.values, rtol=1e-9, atol=1e-9)


@given(levels, levels, st.integers(0, 6))
def test_ratios_against_a_slow_loop_over_the_cities_present_in_both_years(start, end, gone):
    end = end.copy()
    end[gone] = NAN
    both = [i for i in range(7) if i != gone]
    nation = sum(end[i] for i in both) / sum(start[i] for i in both) - 1
    found, beta = relative_resistance(start, end), sensitivity(start, end)
    assert reason_ids(found.reasons)[gone] == "vanished"
    for i in both:
        own = end[i] / start[i] - 1
        if abs(nation) < 0.0099:
            assert reason_ids(found.reasons)[i] == "nation_still"
        elif abs(nation) > 0.0101:
            assert found.values[i] == pytest.approx((own - nation) / abs(nation), rel=1e-9)
            assert beta.values[i] == pytest.approx(own / nation, rel=1e-9, abs=1e-9)


def test_a_city_that_vanishes_inside_the_window_moves_nobody_else():
    start, end = np.array([100.0, 300.0, 500.0]), np.array([104.0, 330.0, NAN])
    with_it = relative_resistance(start, end)
    without = relative_resistance(start[:2], end[:2])
    np.testing.assert_array_equal(with_it.values[:2], without.values)
    assert reason_ids(with_it.reasons).tolist() == ["", "", "vanished"]


def test_each_kind_of_hole_has_its_reason():
    outcome = np.array(
        [
            [100.0, 110.0, 120.0],
            [NAN, 110.0, 120.0],
            [100.0, NAN, 120.0],
            [100.0, NAN, NAN],
            [100.0, -5.0, 120.0],
            [0.0, 110.0, 120.0],
        ]
    )
    gone = vanished_cities(outcome)[:, 1]
    found = relative_resistance(outcome[:, 0], outcome[:, 1], gone=gone)
    expected = ["", "no_start", "no_end", "vanished", "not_positive", "not_positive"]
    assert reason_ids(found.reasons).tolist() == expected


def test_quadrant_by_sign_and_missing_with_the_reason_of_resistance_first():
    def of(*values):
        array = np.array(values)
        return measured(array, ("nation_still", np.isnan(array)))

    late = overruled(of(1.0, 1.0), ("not_yet", np.array([False, True])))
    assert reason_ids(quadrant(of(NAN, 1.0), late).reasons).tolist() == ["nation_still", "not_yet"]
    signs = quadrant(of(-1.0, -1.0, 2.0, 2.0), of(-3.0, 3.0, -3.0, 3.0))
    assert [measure_of("quadrant").categories[int(v)] for v in signs.values] == [
        "not resistant, not recovered",
        "not resistant, recovered",
        "resistant, not recovered",
        "resistant, recovered",
    ]


@pytest.fixture
def panel():
    rng = np.random.default_rng(3)
    outcome = np.exp(np.cumsum(rng.normal(0.05, 0.04, (9, 14)), axis=1)) * 100
    outcome[0, 4:6] = outcome[1, 9:] = outcome[2, :3] = NAN
    outcome[3, 7] = 0.0
    return outcome


@pytest.mark.parametrize("measure", HORIZON, ids=lambda m: m.id)
@pytest.mark.parametrize("horizon", [1, 3, 20])
def test_a_label_is_known_exactly_where_it_has_no_reason(panel, measure, horizon):
    label, codes = measure.label(panel, horizon), measure.reasons(panel, horizon)
    np.testing.assert_array_equal(np.isfinite(label), codes == 0)
    late = reason_ids(codes)[:, max(panel.shape[1] - horizon, 0) :]
    assert (late == "not_yet").all()


@pytest.mark.parametrize("measure", HORIZON, ids=lambda m: m.id)
def test_a_label_known_at_the_origin_does_not_use_a_later_year(panel, measure):
    cut = panel[:, :9]
    poisoned = panel.copy()
    poisoned[:, 9:] = 1e6
    for horizon in (1, 2, 3):
        known = slice(0, 9 - horizon)
        whole = measure.label(panel, horizon)[:, known]
        np.testing.assert_array_equal(measure.label(cut, horizon)[:, known], whole)
        np.testing.assert_array_equal(measure.label(poisoned, horizon)[:, known], whole)


@pytest.mark.parametrize("measure", HORIZON, ids=lambda m: m.id)
def test_a_label_of_zero_years_is_refused(panel, measure):
    with pytest.raises(ValueError, match="at least 1"):
        measure.label(panel, 0)


def test_horizon_forms_are_the_kernels_between_two_years(panel):
    for horizon in (1, 2):
        ends = panel[:, :-horizon], panel[:, horizon:]
        for name, kernel in (
            ("relative_resistance", relative_resistance),
            ("sensitivity", sensitivity),
        ):
            label = MEASURES[name].label(panel, horizon)[:, :-horizon]
            np.testing.assert_array_equal(label, kernel(*ends).values)
        gap = GROWTH_GAP(panel, horizon)[:, :-horizon]
        np.testing.assert_array_equal(gap, growth_gap_between(*ends).values)
        for t in range(panel.shape[1] - horizon):
            one = growth_gap_between(panel[:, t], panel[:, t + horizon])
            np.testing.assert_array_equal(gap[:, t], one.values)


def test_a_year_that_no_city_has_reached_is_not_a_year_in_which_all_vanish():
    outcome = np.array([[1.0, 2.0, NAN], [1.0, NAN, NAN]])
    codes = reason_ids(MEASURES["growth_gap"].reasons(outcome, 1))
    assert codes.tolist() == [["", "not_yet", "not_yet"], ["vanished", "not_yet", "not_yet"]]


@pytest.mark.parametrize("name", ["hp_trend", "hp_filter"])
def test_two_sided_filters_are_refused_by_name(name):
    with pytest.raises(InputError, match=r"refused.*trend_deviation"):
        measure_of(name)


def test_unknown_measures_and_window_measures_as_labels_are_refused(panel):
    with pytest.raises(InputError, match="nearest: 'resistance'"):
        measure_of("resistence")
    for measure in MEASURES.values():
        if measure.kind != "horizon":
            with pytest.raises(InputError, match="only over a window"):
                measure.label(panel, 1)
            with pytest.raises(InputError, match="only over a window"):
                measure.reasons(panel, 1)


def test_every_reason_has_words_in_both_languages():
    assert all(every_text()[f"reason_{reason}"].keys() == {"en", "zh"} for reason in REASONS[1:])
    for measure in MEASURES.values():
        assert measure.label_en
        assert measure.label_zh
