"""Indicators that no public panel feeds, and those that are new, on numbers made for them."""

from functools import partial

import numpy as np
import pytest

from city_resilience.catalogue.variables import load_catalogue
from city_resilience.errors import InputError
from city_resilience.indicators import table
from city_resilience.indicators.compute import compute_indicators
from city_resilience.indicators.formulas.structure import oriented_theil
from city_resilience.indicators.outcome import OutcomeSeries
from city_resilience.indicators.table import load_table
from city_resilience.reading.panel import Grid

NAN = np.nan
ONE = np.ones((1, 2))
WORDS = {"of": "population", "unit": "", "en": "x", "zh": "某"}
EQUATOR = np.array([[0.0, 0.0], [1.0, 0.0], [3.0, 0.0]])


def found_in(values, first_year=2018, coordinates=None, lags=None):
    """Indicators of a grid of a few variables; the outcome is gdp_real, 100 by default."""
    arrays = {name: np.array(rows, dtype=float) for name, rows in values.items()}
    shape = next(iter(arrays.values())).shape
    arrays = {"gdp_real": np.full(shape, 100.0), **arrays}
    years = np.arange(first_year, first_year + shape[1])
    names = tuple(f"city {at}" for at in range(shape[0]))
    grid = Grid(names, years, arrays, None, coordinates)
    variables = {name: load_catalogue().variables[name] for name in arrays}
    indicators = compute_indicators(grid, "gdp_real", variables, publication_lag=lags)
    return {
        name: indicators.values[:, :, at] for at, name in enumerate(indicators.ids)
    }, indicators.absent


# Indicator to its inputs, of one city in two years, and its value in the second.
EXAMPLES = {
    "smart_facilities_per_10k": ({"smart_facilities": 50, "population": 200}, 0.25),
    "data_centre_racks_per_10k": ({"data_centre_racks": 9000, "population": 300}, 30.0),
    "digital_trade_to_gdp": ({"digital_trade": 30, "gdp_nominal": 600}, 5.0),
    "digital_ports_per_10k": ({"digital_ports": 6, "population": 300}, 0.02),
    "platform_firms_per_10k": ({"platform_firms": 60, "population": 300}, 0.2),
    "new_firms_per_10k": ({"new_firms": 9000, "population": 300}, 30.0),
    "ip_cases_per_10k": ({"ip_cases": 600, "population": 300}, 2.0),
    "industry_funds_to_gdp": ({"industry_funds": 6, "gdp_nominal": 600}, 1.0),
    "vocational_students_per_10k": ({"vocational_students": 3, "population": 300}, 100.0),
    "ai_firms_per_10k": ({"ai_firms": 60, "population": 300}, 0.2),
    "digital_talent_per_10k": ({"digital_talent": 3, "population": 300}, 100.0),
    "low_carbon_talent_per_10k": ({"low_carbon_talent": 1.5, "population": 300}, 50.0),
    "digital_patents_per_10k": ({"digital_patents": 1200, "population": 300}, 4.0),
    "inventions_growth": ({"invention_patents": (100, 110)}, 9.531018),
    "invention_share": ({"invention_patents": 30, "patents_granted": 120}, 25.0),
    "green_patent_share": ({"green_patents": 12, "patents_granted": 120}, 10.0),
    "green_patents_to_gdp": ({"green_patents": 50}, 0.5),
    "carbon_per_head": ({"co2": 2400, "population": 300}, 8.0),
    "rd_per_head": ({"rd_expenditure": 60, "population": 300}, 2000.0),
    "rd_growth": ({"rd_expenditure": (100, 110)}, 9.531018),
    "technology_market_per_head": ({"technology_market": 3, "population": 300}, 100.0),
    "technology_market_growth": ({"technology_market": (100, 110)}, 9.531018),
    "rd_institutions_growth": ({"industrial_rd_institutions": (100, 110)}, 9.531018),
    "patents_per_rd_person": ({"patents_granted": 3000, "rd_personnel": 2}, 0.15),
    "science_spending_log_growth": ({"science_spending_log": (8.0, 8.1)}, 10.0),
    "rd_personnel_growth": ({"rd_personnel": (100, 110)}, 9.531018),
    "graduates_growth": ({"graduates": (100, 110)}, 9.531018),
    "students_growth": ({"college_students": (100, 110)}, 9.531018),
    "rd_personnel_per_10k_workers": ({"rd_personnel": 2, "employment": 400}, 50.0),
    "software_revenue_per_head": ({"software_revenue": 60, "population": 300}, 2000.0),
    "ecommerce_sales_per_head": ({"ecommerce_sales": 60, "population": 300}, 2000.0),
    "ecommerce_growth": ({"ecommerce_sales": (100, 110)}, 9.531018),
    "mobile_internet_growth": ({"mobile_internet_users": (100, 110)}, 9.531018),
    "base_stations_5g_per_10k": ({"base_stations_5g": 0.6, "population": 300}, 20.0),
    "employment_upgrading": ({"employment_secondary": 50, "employment_tertiary": 75}, 1.5),
    "employment_layers": (
        {"employment_primary": 10, "employment_secondary": 40, "employment_tertiary": 50},
        2.4,
    ),
    "sector_imbalance_published": ({"theil_reciprocal": 5}, 0.2),
    "log_urban_density": ({"urban_population": 100, "built_up_area": 200}, np.log(5000)),
    "log_urban_population_per_area": ({"urban_population": 100, "land_area": 200}, np.log(0.5)),
}


def test_every_formula_of_the_table_is_one_of_the_kernels():
    for spec in load_table():
        function = spec.function.func if isinstance(spec.function, partial) else spec.function
        assert function.__module__.startswith("city_resilience.indicators.formulas."), spec.id
    with pytest.raises(AttributeError, match="no attribute 'log_groth'"):
        table._indicator("x", "place", {"formula": "ratios.log_groth", **WORDS})
    with pytest.raises(TypeError, match="unexpected keyword argument 'year'"):
        table._indicator("x", "place", {"formula": "ratios.change", "year": 2, **WORDS})(ONE)


@pytest.mark.parametrize("name", EXAMPLES)
def test_value_worked_by_hand(name):
    values, expected = EXAMPLES[name]
    rows = {key: [x if isinstance(x, tuple) else (x, x)] for key, x in values.items()}
    found, _ = found_in(rows)
    assert found[name][0, 1] == pytest.approx(expected, rel=1e-6)


# Two cities: the second has three times the first's value per base.
RELATIVE = {
    "software_location_quotient": ("software_revenue", "gdp_nominal"),
    "mobile_internet_relative": ("mobile_internet_users", "population"),
    "websites_relative": ("websites", "population"),
    "research_location_quotient": ("employment_research", "unit_employment"),
}


@pytest.mark.parametrize("name", RELATIVE)
def test_relative_to_the_nation(name):
    part, base = RELATIVE[name]
    found, _ = found_in({part: [[10.0], [30.0]], base: [[100.0], [100.0]]})
    np.testing.assert_allclose(found[name], [[0.5], [1.5]])


@pytest.mark.parametrize(
    ("name", "base"),
    [("output_per_land_area", "land_area"), ("output_per_built_up_area", "built_up_area")],
)
def test_output_per_land_is_relative_to_the_mean(name, base):
    found, _ = found_in({base: [[10.0], [30.0]]})
    np.testing.assert_allclose(found[name], np.log([[1.5], [0.5]]))


def test_construction_land_stands_in_for_a_missing_built_up_area():
    found, _ = found_in(
        {
            "urban_population": [[100.0], [100.0]],
            "built_up_area": [[200.0], [NAN]],
            "construction_land": [[150.0], [100.0]],
        }
    )
    np.testing.assert_allclose(found["log_urban_density"], np.log([[5000.0], [10000.0]]))


def test_science_spending_per_head_from_its_log_is_free_of_the_unit():
    log = np.log([[10.0], [30.0]])
    people = [[100.0], [100.0]]
    found, _ = found_in({"science_spending_log": log, "population": people})
    again, _ = found_in({"science_spending_log": log + np.log(1e4), "population": people})
    name = "science_spending_log_per_head"
    np.testing.assert_allclose(found[name], np.log([[0.5], [1.5]]))
    np.testing.assert_allclose(again[name], found[name], atol=1e-12)


def test_5g_stations_before_2019_are_missing_and_not_zero():
    rows = {"base_stations_5g": [[0.0, 0.0, 0.0, 0.6]], "population": [[300.0] * 4]}
    found, _ = found_in(rows, first_year=2017)
    np.testing.assert_array_equal(found["base_stations_5g_per_10k"], [[NAN, NAN, 0.0, 20.0]])
    _, absent = found_in(rows, first_year=2005)
    assert absent["base_stations_5g_per_10k"].startswith("has no city and year")


def test_a_lag_moves_5g_stations_after_the_year_was_checked():
    rows = {"base_stations_5g": [[0.1, 0.2, 0.3, 0.6]], "population": [[300.0] * 4]}
    found, _ = found_in(rows, first_year=2018, lags={"base_stations_5g": 1})
    np.testing.assert_allclose(found["base_stations_5g_per_10k"], [[NAN, NAN, 20 / 3, 10.0]])


def test_neighbours_and_potential_on_the_equator():
    rows = {
        "gdp_real": [[100.0, 100.0], [100.0, 110.0], [100.0, 100.0]],
        "population": [[10.0, 10.0]] * 3,
        "land_area": [[100.0, 100.0]] * 3,
        "digital_finance_index": [[80.0, 80.0], [80.0, 160.0], [80.0, 80.0]],
        "employment_ict": [[1.0, 1.0], [3.0, 3.0], [2.0, 2.0]],
        "unit_employment": [[100.0, 100.0]] * 3,
    }
    found, _ = found_in(rows, coordinates=EQUATOR)
    gap = found["gap"][:, 1]
    # Neighbours of the first city are 1 and 3 degrees away: weights 3/4 and 1/4.
    assert found["neighbours_gap"][0, 1] == pytest.approx(0.75 * gap[1] + 0.25 * gap[2])
    assert found["gap_less_neighbours"][0, 1] == pytest.approx(0.75 * (gap[0] - gap[1]))
    assert found["neighbours_ict_share"][0, 1] == pytest.approx(0.75 * 3 + 0.25 * 2)
    finance = np.log(np.array([80.0, 160.0, 80.0]) / (320.0 / 3.0))
    expected = 0.75 * finance[1] + 0.25 * finance[2]
    assert found["neighbours_digital_finance"][0, 1] == pytest.approx(expected)
    assert found["neighbours_output_per_head"][0, 0] == pytest.approx(0.0)
    assert found["market_potential"][1, 1] > found["market_potential"][0, 1]
    foreign = found["foreign_market_potential"][:, 1]
    assert foreign[0] - foreign[1] == pytest.approx(np.log((110 + 100 / 3) / (100 + 100 / 2)))


def test_without_coordinates_the_spatial_indicators_say_so():
    _, absent = found_in({"land_area": [[10.0], [30.0]]})
    reason = "needs longitude and latitude, which neither the panel nor the gazetteer has"
    assert absent["market_potential"] == absent["neighbours_gap"] == reason


def test_ict_and_the_other_producer_services():
    staff = {
        f"employment_{name}": [[1.0], [1.0]]
        for name in ("transport", "finance", "leasing_business", "research")
    }
    rows = {**staff, "employment_ict": [[1.0], [3.0]], "unit_employment": [[20.0], [20.0]]}
    found, _ = found_in(rows)
    # Location quotients of ICT 0.5 and 1.5, of the others 1 and 1.
    expected = [[1 - 0.5 / 1.5 + 1.5], [1 - 0.5 / 2.5 + 2.5]]
    np.testing.assert_allclose(found["ict_services_coagglomeration"], expected)


@pytest.mark.parametrize(
    ("declared", "published"),
    [("theil_index", 0.25), ("theil_reciprocal", 4.0), ("theil_negative", -0.25)],
)
def test_published_theil_index_is_turned_to_more_is_worse(declared, published):
    found, _ = found_in({declared: [[published, NAN]]})
    np.testing.assert_allclose(found["sector_imbalance_published"], [[0.25, NAN]])


@pytest.mark.parametrize(
    ("declared", "value", "message"),
    [
        ("theil_index", -0.3, r"'theil_index': 1 of 2 values .* such as -0.3: TL is never negat"),
        ("theil_reciprocal", 0.0, r"'theil_reciprocal': 1 of 2 values .* 1/TL is always positive"),
        ("theil_negative", 0.2, r"'theil_negative': 1 of 2 values .* -TL is never positive; read"),
    ],
)
def test_theil_index_against_its_orientation_is_refused(declared, value, message):
    good = {"theil_index": 0.2, "theil_reciprocal": 5.0, "theil_negative": -0.2}[declared]
    with pytest.raises(InputError, match=message):
        found_in({declared: [[good, value, NAN]]})


def test_a_balanced_city_is_zero_in_either_sign():
    none = np.array([[NAN]])
    assert str(oriented_theil(none, none, np.array([[0.0]]))[0, 0]) == "0.0"


@pytest.mark.parametrize("spec", load_table(), ids=lambda spec: spec.id)
def test_constant_columns_never_give_infinities(spec):
    """Equal cities that never change: a number or missing, whatever the indicator."""
    ids = [v.id for v in load_catalogue().variables.values() if v.family != "key"]
    values = {name: np.full((4, 7), 2.0) for name in ids}
    values["theil_negative"] *= -1.0
    values["unit_employment"] *= 19.0
    places = np.column_stack([np.linspace(100, 120, 4), np.full(4, 30.0)])
    grid = Grid(tuple("abcd"), np.arange(2015, 2022), values, np.array(list("ppqq")), places)
    variables = {name: load_catalogue().variables[name] for name in ids}
    exclude = [other.id for other in load_table() if other.id != spec.id]
    level = values["gdp_real"]
    outcome = OutcomeSeries("gdp_real", level, output=level, points=level)
    indicators = compute_indicators(grid, outcome, variables, exclude=exclude)
    assert indicators.ids == (spec.id,) or spec.id in indicators.absent
    assert not np.isinf(indicators.values).any()
    if "market_potential" not in spec.id:  # the two that differ by place alone
        last = indicators.values[:, -1]
        np.testing.assert_allclose(last, last[:1].repeat(4, axis=0), rtol=1e-9, atol=1e-9)
