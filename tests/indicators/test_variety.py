"""Variety and relatedness: identities, worked examples, and the degenerate cases."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from city_resilience.catalogue.industries import (
    broad_groups,
    broad_positions,
    industry_ids,
)
from city_resilience.indicators.formulas import agglomeration, variety
from city_resilience.indicators.formulas.structure import rationalisation

NAN = np.nan
STAFF = arrays(
    np.float64, (19, 3, 2), elements=st.one_of(st.just(0.0), st.floats(0.01, 1000.0))
).map(lambda staff: staff + np.eye(19)[0][:, None, None] * 0.01)

# Who has which industry. Pairs met: 12 twice; 13, 23 and 34 once; so s = (3, 3, 3, 1), t = 10 and
# phi12 = 2 / (9/2 * 2/7) = 14/9, phi13 = phi23 = 7/9, phi34 = 1 / (3/2 * (1/7 + 1/9)) = 21/8.
PRESENT = np.array([[1, 1, 1, 0], [1, 1, 0, 0], [0, 0, 1, 1]], dtype=float).T[:, :, None]
PHI = np.array(
    [
        [0, 14 / 9, 7 / 9, 0],
        [14 / 9, 0, 7 / 9, 0],
        [7 / 9, 7 / 9, 0, 21 / 8],
        [0, 0, 21 / 8, 0],
    ]
)


def shares_of(staff):
    return agglomeration.industry_shares(np.asarray(staff, dtype=float))


def mix_of(staff):
    shares = shares_of(staff)
    return shares, agglomeration.national_mix(np.asarray(staff, dtype=float), shares)


def test_broad_groups_part_the_industries():
    members = [name for group in broad_groups().values() for name in group]
    assert sorted(members) == sorted(industry_ids())
    assert sorted(at for group in broad_positions() for at in group) == list(range(19))
    services = ("transport", "ict", "finance", "leasing_business", "research")
    assert broad_groups()["producer services"] == industry_ids(*services)


@given(STAFF)
def test_unrelated_and_related_variety_add_up_to_the_entropy(staff):
    shares = shares_of(staff)
    unrelated = variety.unrelated_variety(shares, broad_positions())
    related = variety.related_variety(shares, broad_positions())
    np.testing.assert_allclose(unrelated + related, agglomeration.entropy(shares), atol=1e-12)
    assert (unrelated >= -1e-12).all()
    assert (related >= -1e-12).all()


def test_related_variety_equals_a_slow_loop():
    staff = np.random.default_rng(2).lognormal(size=(19, 5, 3))
    shares = shares_of(staff)
    found = variety.related_variety(shares, broad_positions())
    for city in range(5):
        p = [float(s) for s in shares[:, city, 1]]
        slow = 0.0
        for group in broad_positions():
            whole = sum(p[i] for i in group)
            slow += whole * sum(p[i] / whole * math.log(whole / p[i]) for i in group)
        assert found[city, 1] == pytest.approx(slow, abs=1e-12)


def test_a_city_with_one_industry_has_no_variety():
    staff = np.zeros((19, 2, 1))
    staff[2] = 7.0
    shares = shares_of(staff)
    for function in (variety.unrelated_variety, variety.related_variety):
        np.testing.assert_array_equal(function(shares, broad_positions()), 0.0)
    assert agglomeration.hhi(shares).tolist() == [[1.0], [1.0]]


def test_a_missing_industry_leaves_variety_missing():
    staff = np.ones((19, 1, 2))
    staff[4, 0, 1] = NAN
    found = variety.related_variety(shares_of(staff), broad_positions())
    np.testing.assert_array_equal(np.isnan(found), [[False, True]])


@given(arrays(np.float64, (6, 4, 2), elements=st.floats(0.01, 1e4)))
def test_theil_is_never_negative(sectors):
    found = rationalisation(sectors[:3], sectors[3:])
    assert (found >= -1e-12).all()


def test_co_occurrence_and_relatedness_worked_by_hand():
    pairs = variety.co_occurrence(PRESENT)
    assert pairs[:, :, 0].tolist() == [[0, 2, 1, 0], [2, 0, 1, 0], [1, 1, 0, 1], [0, 0, 1, 0]]
    np.testing.assert_allclose(variety.relatedness(pairs)[:, :, 0], PHI, rtol=1e-14)


def test_relatedness_density_worked_by_hand():
    found = variety.relatedness_density(
        PRESENT, variety.relatedness(variety.co_occurrence(PRESENT))
    )
    third = (14 / 9) / (301 / 72)  # both of 1 and 2, over all that is related to 3
    expected = [
        [1, 1, third, 1],
        [2 / 3, 2 / 3, third, 0],
        [1 / 3, 1 / 3, (21 / 8) / (301 / 72), 1],
    ]
    np.testing.assert_allclose(found[:, :, 0].T, 100 * np.array(expected), rtol=1e-12)


def test_mean_density_of_three_cities_and_four_industries_worked_by_hand():
    # The nation has a quarter of its staff in each industry, so that above a quarter = present.
    staff = np.array([[30, 30, 30, 10], [36, 36, 14, 14], [34, 34, 56, 76]], dtype=float)
    shares, nation = mix_of(staff.T[:, :, None])
    np.testing.assert_allclose(nation, 0.25)
    np.testing.assert_array_equal(variety.specialised(shares, nation), PRESENT)
    third, own = (14 / 9) / (301 / 72), (21 / 8) / (301 / 72)
    present = [(2 + third) / 3, 2 / 3, (own + 1) / 2]
    absent = [1, third / 2, 1 / 3]
    found = variety.mean_densities(shares, nation)
    np.testing.assert_allclose(found[0][:, 0], 100 * np.array(present), rtol=1e-12)
    np.testing.assert_allclose(found[1][:, 0], 100 * np.array(absent), rtol=1e-12)


def test_density_in_blocks_equals_density_in_one(monkeypatch):
    shares, nation = mix_of(np.random.default_rng(0).lognormal(size=(19, 40, 3)))
    whole = variety.mean_densities(shares, nation)
    monkeypatch.setattr(variety, "_BLOCK", 7)
    np.testing.assert_array_equal(variety.mean_densities(shares, nation), whole)


def test_density_uses_the_cities_of_its_own_year():
    staff = np.random.default_rng(1).lognormal(size=(19, 30, 4))
    whole = variety.mean_densities(*mix_of(staff))
    cut = variety.mean_densities(*mix_of(staff[:, :, :2]))
    np.testing.assert_array_equal(whole[:, :, :2], cut)


@pytest.mark.parametrize("cities", [1, 6])
def test_the_same_mix_everywhere_is_no_specialisation(cities):
    mix = np.linspace(0.1, 3.7, 19)[:, None, None] * np.linspace(1.0, 9.3, cities)[None, :, None]
    shares, nation = mix_of(mix)
    assert not variety.specialised(shares, nation).any()
    present, absent = variety.mean_densities(shares, nation)
    assert np.isnan(present).all()
    np.testing.assert_array_equal(absent, 0.0)


def test_an_unknown_city_is_in_no_co_occurrence():
    staff = np.random.default_rng(3).lognormal(size=(19, 12, 1))
    staff[5, 4, 0] = NAN
    found = variety.mean_densities(*mix_of(staff))
    rest = variety.mean_densities(*mix_of(np.delete(staff, 4, axis=1)))
    np.testing.assert_array_equal(np.delete(found, 4, axis=1), rest)
    assert np.isnan(found[:, 4, 0]).all()
