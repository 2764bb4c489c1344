"""Each check on a panel that was spoilt in the one way it looks for."""

from dataclasses import replace

import numpy as np
import pytest

from audit_inputs import CITIES, FIRST, YEARS, panel_of, smooth
from city_resilience.audit.audit import audit_panel
from city_resilience.audit.exchanges import exchanged
from city_resilience.audit.repeats import fingerprints
from city_resilience.audit.rules import RULES
from city_resilience.audit.totals import exceeding, load_sums, off_sum
from city_resilience.audit.year_moves import year_moves
from city_resilience.catalogue.variables import load_catalogue

LAST = FIRST + YEARS - 1


def found(values, check, outcome="", names=None, first=FIRST):
    audited = audit_panel(panel_of(values, names, first), outcome=outcome)
    return [finding for finding in audited.issues if finding.kind == check]


def shares(level, seed=0):
    rng = np.random.default_rng(seed)
    return level + rng.normal(0, 0.005, (CITIES, YEARS))


def test_ids_of_rules_are_single_and_named_in_both_languages():
    ids = [rule.id for rule in RULES]
    assert len(set(ids)) == len(ids)
    assert all(rule.label_en and rule.label_zh for rule in RULES)


def test_tables_name_variables_of_the_catalogue():
    known = set(load_catalogue().variables)
    variables = load_catalogue().variables.values()
    named = {variable.total for variable in variables} - {""}
    named |= {rule.total for rule in load_sums()} - {""}
    named |= {name for variable in variables for own in variable.ranges for name in own.over}
    named |= {name for variable in variables for own in variable.identities for name in own.of}
    assert named <= known


def test_the_catalogue_knows_parts_sums_and_signs():
    variables = load_catalogue().variables
    assert variables["employment_ict"].total == "unit_employment"
    assert variables["gdp_share_primary"].total == ""
    totals = {rule.total: (len(rule.parts), rule.usual) for rule in load_sums()}
    assert totals == {
        "": (3, 0.03),
        "gdp_nominal": (3, 0.03),
        "employment": (3, 0.04),
        "unit_employment": (19, 0.1),
    }
    signed = {v.id for v in variables.values() if not v.never_negative and v.kind == "level"}
    assert signed == {"fdi"}
    assert sum(len(v.ranges) for v in variables.values()) == 32


# --- levels ---------------------------------------------------------------------------------------


def test_rebased_year_is_one_break_for_all_cities():
    values = smooth()
    values[:, 7:] *= 2.2
    (finding,) = found({"telecom_revenue": values}, "break")
    assert (finding.years, finding.cities) == ((FIRST + 7,), CITIES)
    assert finding.factor == pytest.approx(2.2, rel=0.02)
    assert finding.level == "warning"


def test_year_in_which_many_cities_are_restated_apart_is_one_break():
    values, rng = smooth(), np.random.default_rng(1)
    moved = rng.choice(CITIES, 10, replace=False)
    values[moved, 7:] *= np.exp(rng.choice([-0.5, 0.5], (10, 1)))
    (finding,) = found({"population": values}, "break")
    assert (finding.years, finding.cities) == ((FIRST + 7,), 10)
    assert "10 of 40 cities" in finding.reason


def test_year_moves_equal_a_slow_computation():
    values = smooth()
    values[:, 7:] *= 2
    values[3, 4] = np.nan
    moves = {one.at: one for one in year_moves(np.log(values), np.arange(YEARS))}
    medians = {}
    for at in range(1, YEARS):
        changes = [np.log(row[at] / row[at - 1]) for row in values]
        medians[at] = np.median([change for change in changes if np.isfinite(change)])
    usual = np.median(list(medians.values()))
    for at, median in medians.items():
        assert moves[at].move == pytest.approx(median - usual)
    assert moves[7].same_way == 1.0
    assert moves[4].cities == CITIES - 1


def test_restated_outcome_is_a_jump_of_its_city():
    values = smooth()
    values[7, 8:] *= np.exp(-0.236)
    (finding,) = found({"gdp_real": values}, "jump", outcome="gdp_real")
    assert (finding.level, finding.city, finding.years) == ("warning", "City 007", (FIRST + 8,))
    assert "stays there" in finding.reason
    assert finding.value / finding.expected == pytest.approx(np.exp(-0.236), rel=0.12)


def test_jump_into_the_newest_year_says_that_nothing_follows():
    values = smooth()
    values[7, -1] *= 1.7
    (finding,) = found({"loans": values}, "jump")
    assert "no later year to compare" in finding.reason


def test_jumps_of_many_cities_of_a_variable_are_two_findings():
    values = smooth(cities=200)
    for city in range(8):
        values[20 * city, 5 + city % 4 :] *= 3 + city
    findings = found({"loans": values}, "jump")
    assert len(findings) == 2
    assert sum(finding.cities for finding in findings) == 8


def test_city_year_in_which_three_variables_jump_is_one_finding():
    values = {name: smooth(seed) for seed, name in enumerate(["loans", "deposits", "co2"])}
    for array in values.values():
        array[7, 6:] *= 4
    (finding,) = found(values, "jump")
    assert (finding.variable, finding.city, finding.years) == ("", "City 007", (FIRST + 6,))
    assert "3 variables do not fit their other years at once" in finding.reason


# --- values in the wrong place --------------------------------------------------------------------


def test_rotated_cities_are_one_error():
    values = smooth()
    rows = [3, 9, 14, 22]
    values[rows, 6] = values[np.roll(rows, 1), 6]
    (finding,) = found({"college_students": values}, "exchange")
    assert (finding.level, finding.years, finding.cities) == ("error", (FIRST + 6,), 4)
    assert not found({"college_students": values}, "break")


def test_as_many_cells_off_for_other_reasons_are_no_exchange():
    values = smooth()
    values[[3, 9, 14, 22], 6] *= [2.0, 0.4, 3.0, 0.3]
    assert not found({"college_students": values}, "exchange")


def test_small_moves_are_no_exchange():
    logs = np.log([10.0, 10.1, 10.2])
    assert not exchanged(logs, np.roll(logs, 1))


def test_copied_row_and_carried_row():
    values = {name: smooth(seed) for seed, name in enumerate(["loans", "deposits", "co2"])}
    for array in values.values():
        array[8, 4] = array[5, 4]
        array[20, 9] = array[20, 8]
    twins, carried = sorted(found(values, "duplicate"), key=lambda f: f.city)
    assert (
        twins.reason == f"City 008 has all the {FIRST + 4} numbers of City 005: one row was copied"
    )
    assert carried.reason.startswith(f"all numbers of City 020 in {FIRST + 9} are those of")


def test_series_given_to_two_cities():
    values = smooth()
    values[11] = values[30]
    (finding,) = found({"loans": values, "co2": smooth(1)}, "duplicate")
    assert finding.reason == "City 030 has the loans of City 011 in every year"


def test_rows_have_one_mark_if_and_only_if_all_numbers_agree():
    values = {"a": np.array([[1.0, 1.0, np.nan]]), "b": np.array([[2.0, 2.0, 2.0]])}
    marks, known = fingerprints(values)
    assert marks[0, 0] == marks[0, 1] != marks[0, 2]
    assert known.tolist() == [[2, 2, 1]]


# --- values against a whole -----------------------------------------------------------------------


def test_part_larger_than_its_whole_is_an_error_with_both_numbers():
    whole = smooth()
    part = 0.4 * whole
    part[4, 5] *= 3
    (finding,) = found({"urban_population": part, "population": whole}, "contradiction")
    assert (finding.level, finding.variable, finding.city) == (
        "error",
        "urban_population",
        "City 004",
    )
    assert "more than population" in finding.reason


def test_part_that_is_larger_everywhere_is_one_warning():
    whole = smooth()
    values = {"urban_population": 1.2 * whole, "population": whole}
    (finding,) = found(values, "contradiction")
    assert (finding.level, finding.city, finding.cities) == ("warning", "", CITIES)


def test_exceeding_allows_one_percent():
    whole = np.full((1, 3), 100.0)
    part = np.array([[100.9, 101.1, np.nan]])
    assert exceeding(part, whole).tolist() == [[False, True, False]]


def test_shares_that_do_not_sum_to_one_name_the_city():
    values = {
        "gdp_share_primary": shares(0.1, 1),
        "gdp_share_secondary": shares(0.4, 2),
    }
    values["gdp_share_tertiary"] = 1 - sum(values.values())
    assert not found(values, "contradiction")
    values["gdp_share_tertiary"][6, 3:5] -= 0.2
    (finding,) = found(values, "contradiction")
    assert (finding.city, finding.years) == ("City 006", (FIRST + 3, FIRST + 4))
    assert "80 % in" in finding.reason


def test_off_sum_is_unknown_where_a_part_is():
    values = {"employment_primary": np.array([[1.0, np.nan]])}
    values |= {f"employment_{s}": np.array([[2.0, 2.0]]) for s in ("secondary", "tertiary")}
    values["employment"] = np.array([[10.0, 10.0]])
    (rule,) = (rule for rule in load_sums() if rule.total == "employment")
    np.testing.assert_array_equal(off_sum(values, rule), [[-0.5, np.nan]])


# --- impossible values ----------------------------------------------------------------------------


def test_negative_level_and_share_above_one_are_errors():
    values = {"loans": smooth(), "gdp_share_primary": shares(0.3)}
    values["loans"][2, 3] = -5.0
    values["gdp_share_primary"][8, 9] = 30.0
    findings = found(values, "impossible")
    assert [(f.level, f.city, f.years) for f in findings] == [
        ("error", "City 008", (FIRST + 9,)),
        ("error", "City 002", (FIRST + 3,)),
    ]


def test_share_in_percent_is_one_error_with_the_factor():
    (finding,) = found({"gdp_share_primary": 100 * shares(0.3)}, "impossible")
    assert (finding.level, finding.factor) == ("error", 100.0)
    assert finding.correction == '"gdp_share_primary/*/*" = "*0.01"'


def test_negative_values_of_the_users_own_variable_are_a_warning():
    values = smooth()
    values[2, 3] = -5.0
    (finding,) = found({"my_balance": values}, "impossible")
    assert finding.level == "warning"


def test_negative_foreign_investment_is_possible():
    values = smooth()
    values[2, 3] = -5.0
    assert not found({"fdi": values}, "impossible")


def test_zeros_where_blanks_were_meant_are_one_error_for_each_run():
    values = np.round(smooth(), 2)
    values[5, 6:9] = 0.0
    (finding,) = found({"private_employment": values}, "zero")
    assert (finding.city, finding.years) == ("City 005", (FIRST + 6, FIRST + 8))
    assert finding.correction == f'"private_employment/City 005/{FIRST + 6}-{FIRST + 8}" = "drop"'


def test_zeros_of_many_cities_are_named_without_empty_brackets_for_unknown_cells():
    values = np.round(smooth(), 2)
    values[:6, 6:9] = 0.0
    panel = replace(panel_of({"private_employment": values}), rows=None)
    (finding,) = [f for f in audit_panel(panel).errors if f.kind == "zero"]
    assert "0 in 6 cities" in finding.reason
    assert f"City 000 {FIRST + 6}–{FIRST + 8}" in finding.reason
    assert "()" not in finding.reason


# --- units ----------------------------------------------------------------------------------------


def test_whole_year_in_another_unit_is_one_error():
    values = smooth()
    values[:, 5] *= 1e4
    audited = audit_panel(panel_of({"co2": values}))
    (finding,) = audited.errors
    assert (finding.kind, finding.years, finding.factor) == ("unit", (FIRST + 5,) * 2, 1e4)
    assert finding.correction == f'"co2/*/{FIRST + 5}" = "*0.0001"'


def test_unit_that_changes_for_good_runs_to_the_newest_year():
    values = smooth()
    values[:, 5:] *= 1e-4
    (finding,) = [f for f in found({"co2": values}, "unit") if f.level == "error"]
    assert finding.years == (FIRST + 5, LAST)
    assert "the years before are in another unit" in finding.reason


def test_variable_in_another_unit_than_its_header_says():
    gdp = smooth()
    values = {"gdp_nominal": gdp, "loans": 0.8 * gdp * 1e4, "population": gdp / 5}
    (finding,) = found(values, "unit")
    assert (finding.level, finding.variable, finding.factor) == ("warning", "loans", 1e4)
    assert finding.correction == '"loans/*/*" = "*0.0001"'


def test_city_in_another_unit_than_the_others():
    gdp = smooth()
    loans = 0.8 * gdp
    loans[12] *= 1e4
    values = {"gdp_nominal": gdp, "loans": loans, "population": gdp / 5}
    (finding,) = found(values, "unit")
    assert (finding.city, finding.factor) == ("City 012", 1e4)


def test_fractions_labelled_percent():
    (finding,) = found({"urbanisation": shares(0.5) / 100}, "unit")
    assert finding.correction == '"urbanisation/*/*" = "*100"'


# --- gaps -----------------------------------------------------------------------------------------


def test_variable_without_a_value_with_one_value_and_one_that_stops():
    values = {"loans": smooth(), "co2": np.full((CITIES, YEARS), np.nan)}
    values["deposits"] = np.full((CITIES, YEARS), 3.0)
    values["loans"][:, 9:] = np.nan
    findings = {f.variable: f for f in found(values, "dead")}
    assert findings["co2"].reason == "co2 has no value in any city and year"
    assert findings["deposits"].reason == "deposits has the same value, 3, everywhere"
    assert findings["loans"].years == (FIRST + 9, LAST)


def test_variables_that_stop_together_are_one_finding():
    names = ["loans", "deposits", "co2", "fdi"]
    values = {name: smooth(seed) for seed, name in enumerate(names)}
    for array in values.values():
        array[:, 9:] = np.nan
    values["population"] = smooth(9)
    (finding,) = found(values, "dead")
    assert (finding.variable, finding.years) == ("", (FIRST + 9, LAST))
    assert f"4 variables stop with {FIRST + 8}: co2, deposits, fdi, loans" in finding.reason


def test_variable_that_fades_in_the_newest_year():
    values = smooth()
    values[4:, -1] = np.nan
    (finding,) = found({"fdi": values}, "dead")
    assert "10 % of the cities" in finding.reason


def test_year_hole_and_city_holes():
    values = smooth()
    values[:, 4:6] = np.nan
    values[[3, 8], 8] = np.nan
    year, cities = found({"loans": values}, "hole")
    assert (year.level, year.years) == ("warning", (FIRST + 4, FIRST + 5))
    assert (cities.level, cities.cities) == ("note", 2)
    assert cities.reason == ("2 values missing inside the series of 2 cities: City 003, City 008")


def test_hole_in_the_outcome_is_a_warning():
    values = smooth()
    values[3, 8] = np.nan
    (finding,) = found({"gdp_real": values}, "hole", outcome="gdp_real")
    assert (finding.level, finding.city) == ("warning", "City 003")


def test_coverage_is_noted_for_what_is_not_whole():
    late = smooth()
    late[:, :3] = np.nan
    (finding,) = found({"loans": smooth(), "co2": late}, "coverage")
    assert (finding.variable, finding.years) == ("co2", (FIRST + 3, LAST))
    assert finding.reason == f"{FIRST + 3}–{LAST}, 100 % of the city-years between have a value"


# --- boundaries -----------------------------------------------------------------------------------

CHINESE = ("合肥市", "芜湖市", "马鞍山市", "南京市", "杭州市", "宁波市")


def test_boundary_change_is_noted_and_a_warning_where_it_shows():
    values = smooth(cities=6)
    values[1, 6:] *= 1.8
    findings = found({"population": values}, "boundary", names=list(CHINESE))
    assert {f.city: f.level for f in findings if f.years == (2011,)} == {
        "合肥市": "note",
        "芜湖市": "warning",
        "马鞍山市": "note",
    }
    (shown,) = [f for f in findings if f.level == "warning"]
    assert shown.reason.endswith("it shows in population")
    assert not found({"population": values}, "jump", names=list(CHINESE))


def test_boundary_of_the_first_year_is_no_growth():
    findings = found({"population": smooth(cities=6)}, "boundary", names=list(CHINESE), first=2011)
    assert not [f for f in findings if f.years == (2011,)]


def test_names_of_another_country_have_no_boundaries():
    names = ["Alabama", "Arizona", "Arkansas", "California", "Colorado", "南京市"]
    assert not found({"population": smooth(cities=6)}, "boundary", names=names)
