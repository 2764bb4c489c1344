"""Paths, yardsticks and factors against slow loops and values worked out by hand."""

import numpy as np
import pytest

from audit_inputs import smooth
from city_resilience.audit import expected, trajectories, wording
from city_resilience.audit.expected import past_of

NAN = np.nan


@pytest.fixture
def holed():
    rng = np.random.default_rng(5)
    x = rng.normal(size=(30, 9))
    x[rng.random(x.shape) < 0.3] = NAN
    return x


def test_median_of_known_equals_numpy(holed):
    found = trajectories.median_of_known(holed)
    slow = [np.median(row[np.isfinite(row)]) if np.isfinite(row).any() else NAN for row in holed]
    np.testing.assert_array_equal(found, slow)


@pytest.mark.parametrize("most", [1, 3, 5])
def test_levels_before_equal_a_slow_loop(holed, most):
    level, last, seen = trajectories.levels_before(holed, most)
    for city in range(holed.shape[0]):
        for at in range(holed.shape[1]):
            known = holed[city, :at][np.isfinite(holed[city, :at])]
            assert seen[city, at] == len(known)
            if len(known):
                assert level[city, at] == np.median(known[-most:])
                assert last[city, at] == known[-1]
            else:
                assert np.isnan(level[city, at])
                assert np.isnan(last[city, at])


def test_levels_after_are_levels_before_of_the_reversed_years(holed):
    level, nearest, seen = trajectories.levels_after(holed, 3)
    city, at = 4, 5
    known = holed[city, at + 1 :][np.isfinite(holed[city, at + 1 :])]
    assert level[city, at] == np.median(known[:3])
    assert nearest[city, at] == known[0]
    assert seen[city, at] == len(known)


def test_national_path_bridges_a_year_without_values():
    logs = np.array([[0.0, NAN, 0.3, 0.4], [1.0, NAN, 1.2, 1.4], [2.0, NAN, 2.2, 2.3]])
    np.testing.assert_allclose(trajectories.national_path(logs), [0.0, 0.0, 0.2, 0.3])


def test_national_path_carries_a_city_with_a_hole():
    logs = np.array([[0.0, 0.5, 0.5], [1.0, 1.5, 1.5], [2.0, NAN, 3.5]])
    # the third city's change since its last value, 1.5, is one of three; the median is 0
    np.testing.assert_allclose(trajectories.national_path(logs), [0.0, 0.5, 0.5])


@pytest.mark.parametrize(
    ("values", "step"),
    [
        ([0.01, 1.25, 3.4, 7.0], 0.01),
        ([100.0, 2300.0, 45000.0], 100.0),
        ([0.02999999932944775, 1.13999998, 7.5], 0.01),
        ([159997620e-4, 1234.5678e-1], 1e-5),
        ([1 / 3, 2 / 7, np.pi], 0.0),
        ([], 0.0),
    ],
)
def test_rounding_step(values, step):
    found = trajectories.rounding_steps(np.array(values, dtype=float).reshape(-1, 1))
    assert found[0] == pytest.approx(step)


def test_one_finer_cell_in_ten_does_not_hide_the_rounding():
    column = np.array([*np.arange(1.0, 20.0), 3.14159]).reshape(-1, 1)
    assert trajectories.rounding_steps(column)[0] == 1.0


def test_a_signed_variable_has_no_path_in_that_year_only():
    x = np.ones((20, 2))
    x[:4, 1] = -1.0
    logs = trajectories.positive_logs(x)
    assert np.isfinite(logs[:, 0]).all()
    assert np.isnan(logs[:, 1]).all()


def test_usual_move_of_a_few_cities_survives_one_wild_one():
    moves = np.full((10, 1), 0.05)
    moves[0] = 9.0
    groups = expected.size_groups(np.arange(10.0).reshape(-1, 1))
    assert expected.usual_moves(moves, groups)[0, 0] == pytest.approx(0.05 / 1.15)


@pytest.mark.parametrize("digits", [0, 1, 9])
def test_of_equal_sizes_the_first_are_in_the_lower_fifth(digits):
    random = np.random.default_rng(digits)
    for cities in (1, 2, 4, 5, 6, 23, 60):
        size = random.normal(size=(2, cities, 4)).round(digits)
        size[random.random(size.shape) < 0.2] = np.nan
        groups = expected.size_groups(size)
        for variable, year in np.ndindex(2, 4):
            own = size[variable, :, year]
            known = np.flatnonzero(np.isfinite(own)).tolist()
            by_rank = sorted(known, key=lambda city: (own[city], city))
            fifth = {city: rank * 5 // len(known) for rank, city in enumerate(by_rank)}
            found = groups[variable, :, year].tolist()
            assert found == [fifth.get(city, -1) for city in range(cities)]


def test_size_groups_are_fifths_by_rank():
    size = np.arange(50.0)[::-1].reshape(-1, 1)
    groups = expected.size_groups(size)
    assert [int((groups == group).sum()) for group in range(5)] == [10] * 5
    assert groups[0, 0] == 4
    assert groups[-1, 0] == 0


def test_group_without_own_moves_takes_at_least_half_of_all():
    moves = np.where(np.arange(200.0) < 40, 0.0, 0.4).reshape(-1, 1)
    groups = expected.size_groups(np.arange(200.0).reshape(-1, 1))
    table = expected.usual_moves(moves, groups)
    assert table[0, 0] == pytest.approx(0.2 / 1.96)
    assert table[4, 0] == pytest.approx(0.4 / 1.96)


def test_expanding_median_is_of_the_years_so_far():
    table = np.array([[3.0, NAN, 1.0, 2.0]])
    np.testing.assert_array_equal(expected.expanding_median(table), [[3.0, 3.0, 2.0, 2.0]])


def test_what_moves_the_whole_nation_departs_from_no_path():
    rng = np.random.default_rng(1)
    x = np.exp(rng.normal(5, 1, (40, 1)) + rng.normal(0, 0.01, (40, 8)))
    x[:, 4:] *= 20
    assert np.nanmax(np.abs(past_of(x).departure)) < 0.1


def test_what_moves_one_nation_departs_from_no_path_of_a_panel_of_several():
    """A third of the places have another currency from year 8 on."""
    x, nation = smooth(cities=60), np.repeat(["A", "B", "B"], 20)
    before = past_of(x, nation).departure
    x[nation == "A", 8:] *= 50.0
    np.testing.assert_allclose(past_of(x, nation).departure, before, rtol=0, atol=1e-9)
    assert np.nanmax(np.abs(past_of(x).departure)) > 3.0
    one = past_of(x[nation == "B"])
    np.testing.assert_array_equal(past_of(x, nation).expected[nation == "B"], one.expected)


def test_likely_power_wants_the_ratio_within_a_sixth_of_a_decade():
    ratios = np.array([1000.0, 1300.0, 1500.0, 0.01, 10.0, 9000.0, NAN])
    assert wording.likely_power(np.log(ratios)).tolist() == [3, 3, 0, -2, 1, 4, 0]


def test_correction_undoes_the_power():
    for power in (-8, -4, -1, 1, 3, 4, 8):
        factor = float(wording.correction_factor(power).removeprefix("*"))
        assert factor * 10.0**power == pytest.approx(1.0)
