"""What follows when a variable of a city is set, and settings that contradict each other."""

from __future__ import annotations

import math

import pytest

from city_resilience.errors import InputError
from city_resilience.explain.identities import follow
from city_resilience.explain.settings import read_settings

SHARES = {"gdp_share_primary": 0.1, "gdp_share_secondary": 0.5, "gdp_share_tertiary": 0.4}
SECTORS = {
    "gdp_nominal": 200.0,
    "gdp_real": 160.0,
    "value_added_primary": 20.0,
    "value_added_secondary": 100.0,
    "value_added_tertiary": 80.0,
}
STAFF = {"unit_employment": 30.0, "employment_ict": 2.0, "employment_manufacturing": 8.0}


def test_shares_add_up_to_one_and_the_others_shrink_in_proportion():
    moved = follow(SHARES, {"gdp_share_tertiary": 0.52}).values
    assert sum(moved.values()) == pytest.approx(1.0, abs=1e-12)
    assert moved["gdp_share_secondary"] / moved["gdp_share_primary"] == pytest.approx(5.0)


def test_value_added_follows_its_share_and_gdp_stays():
    moved = follow({**SHARES, **SECTORS}, {"gdp_share_tertiary": 0.52}, {"gdp_real"}).values
    assert "gdp_nominal" not in moved
    added = [moved[f"value_added_{name}"] for name in ("primary", "secondary", "tertiary")]
    assert added == pytest.approx([16.0, 80.0, 104.0])


def test_a_whole_grows_with_a_part_of_it_and_the_shares_follow():
    moved = follow({**SHARES, **SECTORS}, {"value_added_primary": 40.0}, {"gdp_real"}).values
    assert moved["gdp_nominal"] == pytest.approx(220.0)
    assert moved["gdp_share_primary"] == pytest.approx(40 / 220)
    assert moved["gdp_share_tertiary"] == pytest.approx(80 / 220)
    assert not {"value_added_secondary", "gdp_real"} & set(moved)


def test_where_the_whole_is_held_its_other_parts_shrink():
    grown = follow(STAFF, {"employment_ict": 3.0}).values
    assert grown == pytest.approx({"employment_ict": 3.0, "unit_employment": 31.0})
    held = follow(STAFF, {"employment_ict": 3.0}, {"unit_employment"}).values
    assert held["employment_manufacturing"] == pytest.approx(8.0 * 27 / 28)


def test_gdp_per_head_follows_the_population_and_gdp_follows_it():
    known = {"gdp_nominal": 200.0, "gdp_per_head": 5e4, "population": 40.0}
    assert follow(known, {"population": 50.0}).values["gdp_per_head"] == pytest.approx(4e4)
    assert follow(known, {"gdp_per_head": 6e4}).values["gdp_nominal"] == pytest.approx(240.0)


def test_a_logarithm_follows_its_amount():
    known = {"science_spending": 3.0, "science_spending_log": 10.0, "fiscal_expenditure": 40.0}
    moved = follow(known, {"science_spending": 6.0}).values
    assert moved["science_spending_log"] == pytest.approx(10.0 + math.log(2.0))


@pytest.mark.parametrize(
    ("moved", "held", "message"),
    [
        (
            {"gdp_share_tertiary": 66.0},
            (),
            "would be 6600%, a share over 100 %; its unit is fraction",
        ),
        ({"gdp_share_tertiary": 0.7, "gdp_share_secondary": 0.5}, (), "more than the whole"),
        (dict.fromkeys(SHARES, 0.2), (), "are not the whole"),
        ({"employment_ict": 40.0}, ("unit_employment",), "the parts of unit_employment add up"),
        ({"gdp_index": 130.0}, ("gdp_real",), "the GDP index is the growth of real GDP"),
        ({"science_spending": 50.0}, (), "more than fiscal_expenditure"),
        ({"fiscal_expenditure": 1.0}, (), "science_spending would be 3, more than fiscal_exp"),
        ({"population": -1.0}, (), "below zero"),
        ({"gdp_nominal": 250.0, "gdp_per_head": 4e4, "population": 40.0}, (), "do not agree"),
    ],
)
def test_settings_that_contradict_an_identity(moved, held, message):
    known = {**SHARES, **SECTORS, **STAFF, "gdp_index": 108.0, "population": 40.0}
    known |= {"science_spending": 3.0, "fiscal_expenditure": 40.0, "gdp_per_head": 5e4}
    with pytest.raises(InputError, match=message):
        follow(known, moved, held)


def test_a_logarithm_beyond_every_amount_is_refused():
    with pytest.raises(InputError, match="a logarithm of more than any amount"):
        follow({"science_spending_log": 9.0}, {"science_spending_log": 5000.0})
    known = {"science_spending": 5.0, "science_spending_log": math.log(5.0)}
    with pytest.raises(InputError, match="behind science_spending_log would be 0, which has no"):
        follow(known, {"science_spending": 0.0})


@pytest.mark.parametrize(
    ("text", "now", "unit", "value"),
    [
        ("x=12", 5.0, "per 10k people", 12.0),
        ("x=+5", 5.0, "%", 10.0),
        ("x=-5", 5.0, "%", 0.0),
        ("x=+10%", 5.0, "%", 5.5),
        ("x=-10%", 5.0, "count", 4.5),
        ("x=60%", 5.0, "%", 60.0),
        ("x=60%", 0.5, "fraction", 0.6),
        ("x=+0.1", 0.3, "log ratio", 0.4),
    ],
)
def test_settings_in_the_unit_of_what_is_set(text, now, unit, value):
    [setting] = read_settings([text])
    assert setting.value(now, unit) == pytest.approx(value)


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        ([], "nothing is set"),
        (["x"], r"expected NAME=VALUE, NAME=\+5"),
        (["x=+5pp"], "expected NAME=VALUE"),
        (["x=nan"], "expected NAME=VALUE"),
        (["x=1", "x=2"], "x: it is set twice"),
    ],
)
def test_settings_that_cannot_be_meant(texts, message):
    with pytest.raises(InputError, match=message):
        read_settings(texts)


@pytest.mark.parametrize(
    ("text", "unit", "message"),
    [("x=+10%", "log ratio", "a percentage has no sense"), ("x=10%", "count", "no percentage")],
)
def test_percentages_that_have_no_sense(text, unit, message):
    [setting] = read_settings([text])
    with pytest.raises(InputError, match=message):
        setting.value(1.0, unit)
