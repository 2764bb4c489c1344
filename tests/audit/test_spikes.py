"""Single wrong cells: found where they are, with the factor, and nothing else called an error."""

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from audit_inputs import CITIES, FIRST, YEARS, panel_of, smooth
from city_resilience.audit.audit import audit_panel

CELLS = st.tuples(st.integers(0, CITIES - 1), st.integers(0, YEARS - 1))


def errors(values, name="loans", outcome=""):
    return audit_panel(panel_of({name: values}), outcome=outcome).errors


def test_smooth_paths_have_no_error_and_no_warning():
    audited = audit_panel(panel_of({"loans": smooth()}), outcome="loans")
    assert [f.id for f in audited.issues if f.level != "note"] == []


@settings(max_examples=12)
@given(cell=CELLS, power=st.sampled_from([-3, -2, -1, 1, 2, 3, 4]))
@example(cell=(0, 0), power=3)
@example(cell=(0, YEARS - 1), power=3)
@example(cell=(CITIES - 1, 1), power=3)
def test_one_cell_a_power_of_ten_off_is_the_one_error(cell, power):
    values = smooth()
    values[cell] *= 10.0**power
    (found,) = errors(values)
    assert (found.kind, found.city, found.years) == (
        "spike",
        f"City {cell[0]:03d}",
        (FIRST + cell[1],),
    )
    assert found.factor == pytest.approx(10.0**power)
    key, _, correction = found.correction.partition(" = ")
    assert key == f'"loans/City {cell[0]:03d}/{FIRST + cell[1]}"'
    assert float(correction.strip('"*')) == pytest.approx(10.0**-power)


@settings(max_examples=5)
@given(cell=CELLS)
def test_the_address_is_the_row_of_the_file(cell):
    values = smooth()
    values[cell] *= 1000
    (found,) = errors(values)
    assert str(found.place) == f"row {cell[0] * YEARS + cell[1] + 2}, column 'loans header'"
    assert found.value == values[cell]
    assert found.expected == pytest.approx(values[cell] / 1000, rel=0.3)


def test_two_bad_years_in_a_row_are_both_errors():
    values = smooth()
    values[7, 5:7] *= 10
    found = errors(values)
    assert [(f.city, f.years, f.factor) for f in found] == [
        ("City 007", (FIRST + 5,), 10.0),
        ("City 007", (FIRST + 6,), 10.0),
    ]


def test_a_level_that_shifts_fivefold_and_stays_is_no_error():
    values = smooth()
    values[7, 5:] *= 6
    audited = audit_panel(panel_of({"loans": values}))
    assert audited.errors == ()
    (jump,) = [f for f in audited.issues if f.kind == "jump"]
    assert (jump.city, jump.years, jump.level) == ("City 007", (FIRST + 5,), "warning")


def test_what_happens_to_all_cities_is_nobodys_spike():
    values = smooth()
    values[:, 6] *= 3
    assert [f for f in audit_panel(panel_of({"loans": values})).issues if f.kind == "spike"] == []


def test_rounding_of_tiny_counts_is_no_error():
    rng = np.random.default_rng(2)
    values = np.round(rng.uniform(0.01, 0.05, (CITIES, YEARS)), 2)
    values[3, 6] = 0.1
    assert errors(values, "employment_ict") == ()


def test_a_leap_that_is_usual_for_the_variable_is_no_error():
    rng = np.random.default_rng(3)
    values = np.exp(rng.normal(5, 1, (CITIES, 1)) + rng.normal(0, 0.8, (CITIES, YEARS)))
    values[3, 6] *= 10
    assert errors(values, "fdi") == ()


def test_a_city_that_was_there_before_is_no_spike():
    values = smooth()
    values[7, 4:7] *= 60
    values[7, 8:] *= 60
    found = audit_panel(panel_of({"loans": values})).issues
    assert [f.years for f in found if f.level == "error" and f.years == (FIRST + 7,)] == []


def test_a_whole_number_is_not_corrected_to_a_fraction():
    values = np.round(smooth(cities=60) / 50 + 5)
    row, at = int(np.argmin(values[:, 5])), 5
    values[row, at] = 101 * values[row, at] + 3
    (found,) = errors(values, "green_patents")
    assert found.factor is None
    assert found.correction.endswith('= "drop"')


def test_outcome_is_looked_at_more_strictly():
    values = smooth()
    values[7, 5] *= 1.5
    audited = audit_panel(panel_of({"gdp_real": values, "loans": values}), outcome="gdp_real")
    assert [(f.kind, f.variable, f.city) for f in audited.errors] == [
        ("outcome", "gdp_real", "City 007")
    ]


def test_outcome_off_by_a_power_of_ten_is_one_error_only():
    values = smooth()
    values[7, 5] *= 10
    (found,) = errors(values, "gdp_real", outcome="gdp_real")
    assert found.kind == "spike"


def test_in_a_year_in_which_many_variables_leave_no_factor_is_proposed():
    names = ["loans", "deposits", "retail_sales", "co2", "trade"]
    values = {name: smooth(seed) for seed, name in enumerate(names)}
    for name in names:
        values[name][7, 6] *= 12
    found = audit_panel(panel_of(values)).errors
    assert sorted(f.variable for f in found) == sorted(names)
    assert {f.correction.rpartition(" = ")[2] for f in found} == {'"drop"'}
    assert "4 other variables of the city do not fit" in found[0].reason
