"""What figures of a release can be by their magnitude, and the growth that they say."""

from __future__ import annotations

import re

import numpy as np
import pytest

from city_resilience.errors import InputError
from city_resilience.reading.release_figures import check_kind, growth_of, looks_of


def rates(groups: int = 12, years: int = 10, mean: float = 7.0, spread: float = 2.0) -> np.ndarray:
    """Return growth in percent that goes up and down."""
    return np.random.default_rng(4).normal(mean, spread, (groups, years))


def amounts(groups: int = 12, years: int = 10) -> np.ndarray:
    first = np.exp(np.random.default_rng(5).normal(7.0, 1.0, (groups, 1)))
    return first * np.cumprod(1 + rates(groups, years) / 100, axis=1)


GROWTH, AMOUNTS = rates(), amounts()
CHAINED = 100 * AMOUNTS / AMOUNTS[:, :1]
FIGURES = {
    "growth": GROWTH,
    "index": 100 + GROWTH,
    "chained": CHAINED,
    "level": AMOUNTS,
    "growth_fraction": GROWTH / 100,
    "index_fraction": 1 + GROWTH / 100,
}


@pytest.mark.parametrize("said", ["growth", "index", "chained", "level"])
@pytest.mark.parametrize("held", FIGURES)
def test_figures_are_taken_only_for_what_they_can_be(said, held):
    amount = {"chained", "level"}
    if said == held or {said, held} == amount:
        check_kind("x", "col", said, FIGURES[held])
        return
    with pytest.raises(InputError, match=r"early\.x: column 'col' is said to hold") as refused:
        check_kind("x", "col", said, FIGURES[held])
    if held in ("growth", "index"):
        assert refused.value.paste == f'[early.x]\nkind = "{held}"'
    if held in amount:
        assert {'"chained"', '"level"'} <= set(re.findall(r'"\w+"', str(refused.value)))


@pytest.mark.parametrize(
    ("figures", "first", "also"),
    [
        ([[6.1, 5.9]], "growth", "level"),  # one group, two years: both are possible
        ([[106.1, 105.9]], "index", "level"),
        ([[95.0, 97.0, 100.0, 103.0, 106.0, 109.0]], "index", "chained"),
        ([[60.0, 75.0, 100.0, 120.0, 141.0]], "chained", "level"),
        ([[98.0, 100.0, 101.0], [96.0, 100.0, 99.0]], "chained", "level"),
        ([[0.8, 0.9, 1.0, 1.1, 1.3, 1.4]], "level", "chained"),
    ],
)
def test_few_figures_leave_more_than_one_meaning(figures, first, also):
    looks = looks_of(np.array(figures))
    assert looks[0] in (first, "level")
    assert {first, also} <= set(looks)


def test_an_index_of_a_base_in_another_year_is_not_one_of_the_previous_year():
    later = 100 * AMOUNTS[:, 5:] / AMOUNTS[:, :1]
    with pytest.raises(InputError, match=r'look like amounts.*"chained" for an index of one base'):
        check_kind("x", "col", "index", later)


def test_high_inflation_is_no_reason_to_refuse_nominal_growth():
    check_kind("x", "col", "growth", rates(mean=60.0, spread=15.0))


@pytest.mark.parametrize(
    ("kind", "value", "message"),
    [
        ("level", 0.0, "holds 0 among amounts, which are positive"),
        ("index", -99.0, "holds -99 among an index of the previous year = 100"),
        ("growth", 1e300, "holds a figure of 1e\\+300, which nothing amounts to"),
        ("growth", -100.0, "holds growth of -100 %, and nothing falls by all it has"),
    ],
)
def test_single_figures_that_cannot_be(kind, value, message):
    figures = FIGURES[kind].copy()
    figures[3, 4] = value
    with pytest.raises(InputError, match=message):
        check_kind("x", "col", kind, figures)


@pytest.mark.parametrize("kind", ["growth", "index", "chained", "level"])
def test_growth_is_the_same_whatever_was_published(kind):
    days = np.arange(AMOUNTS.size).reshape(AMOUNTS.shape) + 1
    rate = np.full(AMOUNTS.shape, np.nan)
    rate[:, 1:] = 100 * (AMOUNTS[:, 1:] / AMOUNTS[:, :-1] - 1)
    figures = {"growth": rate, "index": 100 + rate, "chained": CHAINED, "level": AMOUNTS}[kind]
    growth, published = growth_of(figures, days, kind)
    np.testing.assert_allclose(growth[:, 1:], 100 * np.diff(np.log(AMOUNTS)))
    assert np.isnan(growth[:, 0]).all()
    assert (published[:, 0] == 0).all()
    np.testing.assert_array_equal(published[:, 1:], days[:, 1:])


def test_growth_of_amounts_is_known_when_both_years_are_out():
    days = np.array([[700, 300, 900]])
    assert growth_of(np.array([[1.0, 2.0, 3.0]]), days, "level")[1].tolist() == [[0, 700, 900]]
    assert growth_of(np.array([[1.0, np.nan, 3.0]]), days, "level")[1].tolist() == [[0, 0, 0]]
