"""The gate through which cities meet: sums that go on from batch to batch, and what waits."""

import numpy as np
import pytest

from city_resilience.indicators.formulas import together
from city_resilience.indicators.formulas.ratios import log_relative
from city_resilience.indicators.formulas.together import GroupTotals, Pending, Totals


@pytest.fixture
def rng():
    return np.random.default_rng(3)


def wide(rng, *shape):
    """Values whose sums depend on the order in which they are added."""
    x = rng.normal(size=shape) * 10.0 ** rng.uniform(-8, 8, shape)
    return np.where(rng.random(shape) < 0.1, np.nan, x)


@pytest.mark.parametrize("years", [1, 2, 3, 12])
def test_totals_are_added_one_city_after_another(rng, years):
    x = wide(rng, 500, years)
    expected = np.zeros(years)
    for row in np.where(np.isfinite(x), x, 0.0):
        expected = expected + row
    np.testing.assert_array_equal(together.totals(x)[0], expected)
    np.testing.assert_array_equal(together.totals(np.asfortranarray(x))[0], expected)
    np.testing.assert_array_equal(together.totals(x[:, 0])[0], expected[0])


@pytest.mark.parametrize("size", [1, 7, 200])
def test_sums_go_on_from_batch_to_batch(rng, size):
    x, groups = wide(rng, 200, 5), rng.choice(["a", "b", "c"], 200)
    whole, by_group = None, None
    for start in range(0, 200, size):
        rows = slice(start, start + size)
        whole = Totals((x[rows],)).onto(whole)
        by_group = GroupTotals(groups[rows], (x[rows],)).onto(by_group)
    np.testing.assert_array_equal(whole[0], together.totals(x)[0])
    for name in "abc":
        inside, own = groups == name, by_group.sums[0, by_group.known[name]]
        np.testing.assert_array_equal(own, together.totals(x[inside])[0])
        np.testing.assert_array_equal(together.totals_by(groups, x)[0][inside][0], own)


def test_what_is_not_known_yet_ends_a_formula_and_is_kept():
    x = np.array([[1.0], [3.0]])
    parts = {}
    pending, keep = pytest.raises(Pending), parts.__setitem__
    with together.asking({}, {"": 0}, keep), pending, together.asked_by("", "size"):
        log_relative(x)
    ((key, part),) = parts.items()
    assert key == ("", "size", 0)
    whole = Totals(tuple(2 * array for array in part.arrays)).onto(None)  # twice as many cities
    with together.asking({key: whole}, {"": 0}, keep), together.asked_by("", "size"):
        np.testing.assert_array_equal(log_relative(x), np.log(x / 2.0))


def test_calls_that_need_no_other_wait_for_the_same_pass(rng):
    x = rng.normal(size=(4, 3))
    parts = {}
    with together.asking({}, {"": 0}, parts.__setitem__), pytest.raises(Pending):
        together.independent(lambda: together.totals(x), lambda: together.counts([4]))
    assert len(parts) == 2


def test_sums_by_group_have_the_same_bits_with_and_without_scipy(rng, monkeypatch):
    codes, rows = rng.integers(0, 31, 500), np.nan_to_num(wide(rng, 500, 7))
    few = together._added_by(codes, rows)
    monkeypatch.setattr(together, "_FEW", 0)
    np.testing.assert_array_equal(few, together._added_by(codes, rows))
