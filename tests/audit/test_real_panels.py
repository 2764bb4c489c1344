"""The audit of real panels: their known faults are found, and what is right is left alone."""

import numpy as np
import pytest

from audit_inputs import mask_errors
from city_resilience.audit.audit import AuditResult, audit_panel
from city_resilience.audit.masking import find_masked
from city_resilience.experiment.data import Data
from city_resilience.reading.panel import Panel
from city_resilience.reading.read import read_panel
from places import CITIES, PROVINCES, ROOT, SHARED

EXPERIMENTS = ROOT / "experiments"

cities_only = pytest.mark.real_data(CITIES)
provinces_only = pytest.mark.real_data(PROVINCES)


@pytest.fixture(scope="module")
def city_panel() -> Panel:
    return read_panel(SHARED / CITIES, outcome="gdp_real")


@pytest.fixture(scope="module")
def city_audit(city_panel) -> AuditResult:
    return audit_panel(city_panel, outcome="gdp_real")


@pytest.fixture(scope="module")
def province_audit() -> AuditResult:
    return audit_panel(read_panel(SHARED / PROVINCES, Data(city="region")), outcome="gdp_nominal")


def about(audited, check, variable):
    return [f for f in audited.issues if (f.kind, f.variable) == (check, variable)]


@cities_only
@pytest.mark.parametrize(
    ("variable", "year", "value", "factor"),
    [
        ("employment_finance", 2013, 1121.0, 1000.0),
        ("employment_public_administration", 2011, 597.0, 100.0),
    ],
)
def test_named_faults_are_errors_with_their_factor_and_out_of_every_denominator(
    city_panel, city_audit, variable, year, value, factor
):
    (found,) = [f for f in city_audit.errors if (f.variable, f.value) == (variable, value)]
    assert (found.kind, found.years, found.factor) == ("spike", (year,), factor)
    grid = city_panel.grid()
    column = grid.column(year)
    masked = find_masked(grid, city_panel.variables).cells[variable][:, column]
    assert [grid.cities[city] for city in np.flatnonzero(masked)] == [found.city]
    kept = mask_errors(city_panel).grid().values[variable]
    before, after = np.nansum(kept[:, column - 1]), np.nansum(kept[:, column])
    assert after / before == pytest.approx(1.0, abs=0.1)


@cities_only
def test_every_error_stands_out_from_the_years_beside_it(city_panel, city_audit):
    """Whatever the audit calls an error is far off what is beside it, or a zero."""
    grid = city_panel.grid()
    many = [error for error in city_audit.errors if not error.city]
    assert {error.kind for error in many} == {"zero"}
    for error in many:
        columns = slice(grid.column(error.years[0]), grid.column(error.years[-1]) + 1)
        zeros = (grid.values[error.variable][:, columns] == 0).any(axis=1)
        assert 5 <= error.cities <= zeros.sum()
    for error in (error for error in city_audit.errors if error.city):
        series = grid.values[error.variable][grid.cities.index(error.city)]
        at = grid.column(error.years[0])
        known = [t for t in np.flatnonzero(series > 0) if t != at]
        beside = series[sorted(known, key=lambda t: abs(t - at))[:1]]
        if error.kind == "zero":
            assert series[at] == 0
            continue
        ratio = series[at] / np.median(series[known])
        assert max(ratio, 1 / ratio) > 3.5, error.id
        assert beside.size


@cities_only
def test_restated_outcome_is_a_warning_and_the_outcome_has_no_error(city_audit):
    (found,) = [f for f in about(city_audit, "jump", "gdp_real") if f.city == "焦作市"]
    assert (found.level, found.years) == ("warning", (2020,))
    assert not [f for f in city_audit.errors if f.variable == "gdp_real"]


@cities_only
def test_series_that_stopped_and_years_that_are_missing(city_audit):
    stopped = {f.years[0] - 1: f.reason for f in city_audit.issues if f.kind == "dead"}
    assert "employment_ict" in stopped[2016]
    assert "digital_finance_index" in stopped[2020]
    (hole,) = [f for f in about(city_audit, "hole", "unit_employment") if f.level == "warning"]
    assert hole.years == (2013, 2014)


@cities_only
def test_boundary_changes_show_where_levels_moved(city_audit):
    merged = {
        f.city: f.level for f in city_audit.issues if f.kind == "boundary" and f.years == (2011,)
    }
    assert merged == {"合肥市": "warning", "芜湖市": "warning", "马鞍山市": "warning"}


@cities_only
def test_warnings_can_be_read_and_fractions_beside_percent_are_noted(city_audit):
    assert city_audit.counts["warning"] <= 180
    (note,) = [f for f in city_audit.issues if f.kind == "unit"]
    assert "gdp_share_primary, gdp_share_secondary, gdp_share_tertiary state no unit" in note.reason


@cities_only
def test_masked_cells_of_the_city_panel_do_not_know_the_future(city_panel):
    grid = city_panel.grid()
    whole = find_masked(grid, city_panel.variables).cells
    for year in (2011, 2013):
        cut = city_panel.truncate(year).grid()
        row = [grid.cities.index(city) for city in cut.cities]
        for name, mask in find_masked(cut, city_panel.variables).cells.items():
            np.testing.assert_array_equal(mask, whole[name][row, : mask.shape[1]])


@provinces_only
def test_known_faults_of_the_provinces(province_audit):
    (exchange,) = province_audit.errors
    assert (exchange.kind, exchange.variable, exchange.years) == (
        "exchange",
        "college_students",
        (2020,),
    )
    assert exchange.cities >= 8
    for variable in ("telecom_revenue", "post_telecom_volume"):
        years = {f.years[0] for f in about(province_audit, "break", variable)}
        assert {2018, 2021} <= years
    assert about(province_audit, "break", "internet_domains")[0].years == (2021,)
    assert ("Anhui", (2020,)) in {
        (f.city, f.years) for f in about(province_audit, "jump", "employment")
    }
    assert "Shaanxi" in {f.city for f in about(province_audit, "contradiction", "employment")}
    assert about(province_audit, "hole", "ipv4_addresses")[0].years == (2015, 2016)
    (begins,) = about(province_audit, "coverage", "mobile_internet_users")
    assert begins.years[0] in (2013, 2014)


@pytest.mark.parametrize(
    ("name", "outcome", "warnings"), [("us_states", "gsp", 10), ("demo", "gdp_real", 3)]
)
def test_shipped_panels_have_no_error_and_few_warnings(name, outcome, warnings):
    audited = audit_panel(
        read_panel(EXPERIMENTS / name / "panel.csv", outcome=outcome), outcome=outcome
    )
    assert audited.errors == ()
    assert audited.counts["warning"] <= warnings
