"""Structure and agency: an identity, a hand-worked nation, and the industry-mix counterfactual."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from city_resilience.resilience.counterfactual import (
    agency_effect,
    excess_change,
    excess_over_mix,
    industry_rates,
    structure_effect,
)
from city_resilience.resilience.reasons import reason_ids

NAN = np.nan
staff = arrays(np.float64, (6, 4), elements=st.floats(0.0, 1e3))
# Two cities, two industries. Industry A: 60 -> 54 (-10 %), B: 140 -> 154 (+10 %), all 200 -> 208.
START = np.array([[50.0, 50.0], [10.0, 90.0]])
END = np.array([[46.0, 54.0], [8.0, 100.0]])


@given(staff, staff)
def test_structure_and_agency_add_up_to_the_difference_to_the_nation(start, end):
    start = start + 1.0  # a city without any staff has no effect to split
    end[0, 2] = NAN
    both = [i for i in range(6) if i != 0]
    nation = (end[both].sum() - start[both].sum()) / start[both].sum()
    structure, agency = structure_effect(start, end), agency_effect(start, end)
    difference = end.sum(axis=1) - start.sum(axis=1) - nation * start.sum(axis=1)
    scale = start[both].sum()
    total = structure.values + agency.values
    np.testing.assert_allclose(total[both] / scale, difference[both] / scale, atol=1e-10)
    np.testing.assert_allclose(
        (structure.beside["pp"] + agency.beside["pp"])[both],
        100 * difference[both] / start.sum(axis=1)[both],
        rtol=1e-10,
        atol=1e-10 * scale,
    )
    assert np.isnan(total[0])
    assert reason_ids(structure.reasons).tolist() == ["no_industries"] + [""] * 5
    np.testing.assert_allclose(agency.values[both].sum() / scale, 0.0, atol=1e-10)


def test_effects_by_hand():
    rates, nation = industry_rates(START, END)
    np.testing.assert_allclose(rates, [-0.1, 0.1], rtol=1e-12)
    assert nation == pytest.approx(0.04)
    # City 1: (-0.10 - 0.04) * 50 + (0.10 - 0.04) * 50 = -4; its change 0 - 0.04 * 100 = -4.
    # City 2: -0.14 * 10 + 0.06 * 90 = 4; its change 8 - 0.04 * 100 = 4.
    np.testing.assert_allclose(structure_effect(START, END).values, [-4.0, 4.0], atol=1e-12)
    np.testing.assert_allclose(structure_effect(START, END).beside["pp"], [-4.0, 4.0], atol=1e-12)
    # City 1: (46 - 45) + (54 - 55) = 0; city 2: (8 - 9) + (100 - 99) = 0.
    np.testing.assert_allclose(agency_effect(START, END).values, [0.0, 0.0], atol=1e-12)


def test_industry_mix_counterfactual_by_hand():
    found = excess_over_mix(START, np.array([[46.0, 54.0], [8.0, 100.0]]))
    # City 1 is expected to change by -5 + 5 = 0: no ratio. City 2 by -1 + 9 = 8, and does.
    assert reason_ids(found.reasons).tolist() == ["expected_zero", ""]
    assert found.values[1] == pytest.approx(0.0, abs=1e-12)


def test_one_industry_has_no_structure():
    start, end = np.array([[100.0], [40.0]]), np.array([[90.0], [42.0]])
    np.testing.assert_array_equal(structure_effect(start, end).values, [0.0, 0.0])
    plain, mix = excess_change(start[:, 0], end[:, 0]), excess_over_mix(start, end)
    np.testing.assert_allclose(mix.values, plain.values, rtol=1e-12)


def test_an_industry_new_to_the_nation_is_the_citys_own_doing():
    start, end = np.array([[100.0, 0.0], [100.0, 0.0]]), np.array([[110.0, 10.0], [110.0, 0.0]])
    structure, agency = structure_effect(start, end), agency_effect(start, end)
    nation = 30 / 200
    np.testing.assert_allclose(structure.values, (0.10 - nation) * 100, rtol=1e-12)
    np.testing.assert_allclose(agency.values, [10.0, 0.0], atol=1e-12)


def test_a_still_nation_has_no_ratio_but_has_its_parts():
    start, end = START, np.array([[55.0, 50.0], [10.0, 85.5]])  # 200 -> 200.5
    assert set(reason_ids(excess_over_mix(start, end).reasons)) == {"nation_still"}
    assert not structure_effect(start, end).reasons.any()


def test_a_city_without_any_staff_has_no_effect():
    start = np.vstack([START, [0.0, 0.0]])
    end = np.vstack([END, [1.0, 0.0]])
    assert reason_ids(agency_effect(start, end).reasons).tolist() == ["", "", "expected_zero"]
