"""Specialisation and co-agglomeration against published vectors and slow loops."""

import math

import numpy as np
import pytest

from city_resilience.indicators.formulas import agglomeration
from city_resilience.indicators.formulas.structure import rationalisation

NAN = np.nan


@pytest.fixture
def industries():
    staff = np.random.default_rng(5).lognormal(size=(19, 12, 4))
    staff[3, 2, 1] = NAN
    staff[:6, 4, 2] = 0.0
    return staff


def krugman(staff):
    shares = agglomeration.industry_shares(staff)
    return agglomeration.krugman_specialisation(shares, agglomeration.national_mix(staff, shares))


def slow_shares(staff, city, year):
    total = sum(staff[:, city, year])
    return [value / total for value in staff[:, city, year]]


def cells(staff):
    return [(c, t) for c in range(staff.shape[1]) for t in range(staff.shape[2])]


def test_location_quotient_vector():
    staff = np.array([[1714.0], [879213.0 - 1714.0]])
    whole = np.array([[79006.0], [15593224.0 - 79006.0]])
    assert agglomeration.location_quotient(staff, whole)[0, 0] == pytest.approx(0.3847623, abs=5e-8)


def test_location_quotient_nation_is_the_cities_with_both_values():
    staff, whole = np.array([[1.0], [3.0], [NAN]]), np.array([[10.0], [10.0], [500.0]])
    found = agglomeration.location_quotient(staff, whole)
    np.testing.assert_allclose(found, [[0.5], [1.5], [NAN]])


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [(1, 1, 3.0), (1.2, 0.8, 2.8), (0.2, 0.2, 1.4), (2, 0.1, 2.195), (0, 0, NAN)],
)
def test_co_agglomeration_vectors(first, second, expected):
    found = agglomeration.co_agglomeration(np.array([[float(first)]]), np.array([[float(second)]]))
    assert found[0, 0] == pytest.approx(expected, abs=5e-4, nan_ok=True)


def test_hhi_equals_a_slow_loop(industries):
    found = agglomeration.hhi(agglomeration.industry_shares(industries))
    for city, year in cells(industries):
        slow = sum(s * s for s in slow_shares(industries, city, year))
        assert found[city, year] == pytest.approx(slow, nan_ok=True)
    assert np.isnan(found[2, 1])


def test_entropy_equals_a_slow_loop_with_empty_industries(industries):
    found = agglomeration.entropy(agglomeration.industry_shares(industries))
    for city, year in cells(industries):
        shares = slow_shares(industries, city, year)
        slow = sum(-s * math.log(s) if s != 0 else 0.0 for s in shares)
        assert found[city, year] == pytest.approx(slow, nan_ok=True)


def test_krugman_equals_a_slow_loop(industries):
    found = krugman(industries)
    for year in range(industries.shape[2]):
        whole = [c for c in range(12) if not np.isnan(industries[:, c, year]).any()]
        nation = [sum(industries[j, c, year] for c in whole) for j in range(19)]
        for city in whole:
            shares = slow_shares(industries, city, year)
            slow = sum(abs(s - n / sum(nation)) for s, n in zip(shares, nation, strict=True))
            assert found[city, year] == pytest.approx(slow)


def test_theil_is_zero_when_output_follows_employment():
    sectors = np.array([[[1.0]], [[5.0]], [[4.0]]])
    np.testing.assert_allclose(rationalisation(sectors, 3 * sectors), 0.0, atol=1e-15)
    assert rationalisation(sectors, sectors[::-1])[0, 0] > 0


def mistyped(cells=(1, 2)):
    """Five cities, two industries that make up the whole, one cell a thousand times too large."""
    first, second = np.full((5, 4), 1.0), np.full((5, 4), 9.0)
    unit = first + second
    first[cells] *= 1000.0
    return first, second, unit


def test_one_mistyped_cell_does_not_move_the_other_cities():
    first, second, unit = mistyped()
    none = np.full(unit.shape, NAN)
    total = agglomeration.employment_total(unit, none, first, second)
    quotient = agglomeration.employment_quotient(first, total)
    others = np.delete(quotient[:, 2], 1)
    np.testing.assert_allclose(others, 1.0)
    assert np.isnan(quotient[1, 2])
    found = krugman(agglomeration.checked_industries(first, second, unit))
    np.testing.assert_allclose(np.delete(found[:, 2], 1), 0.0, atol=1e-12)
    assert np.isnan(found[1, 2])


def test_a_missing_total_is_the_sum_of_the_industries_unless_it_jumps():
    first, second, unit = mistyped()
    unit[:, 2:] = NAN
    none = np.full(unit.shape, NAN)
    total = agglomeration.employment_total(unit, none, first, second)
    np.testing.assert_allclose(total[0], 10.0)
    np.testing.assert_allclose(total[1], [10.0, 10.0, NAN, 10.0])


def test_total_employment_stands_in_only_where_no_city_has_unit_employment():
    unit = np.array([[10.0, NAN], [NAN, NAN]])
    employment = np.full((2, 2), 50.0)
    total = agglomeration.employment_total(unit, employment)
    np.testing.assert_array_equal(total, [[10.0, 50.0], [NAN, 50.0]])
