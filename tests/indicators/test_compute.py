"""The indicators: no look ahead, no dependence on order, reasons for what is absent."""

from dataclasses import replace

import numpy as np
import pytest

from city_resilience.catalogue.variables import Variable, load_catalogue
from city_resilience.errors import InputError
from city_resilience.experiment.data import Data
from city_resilience.experiment.family import FAMILIES
from city_resilience.indicators.compute import compute_indicators
from city_resilience.indicators.indicator import (
    COORDINATES,
    NATION,
    OUTCOME,
    OUTPUT,
    POINTS,
    PROVINCE,
    YEARS,
)
from city_resilience.indicators.inputs import shared_inputs
from city_resilience.indicators.outcome import OutcomeSeries
from city_resilience.indicators.table import load_table
from city_resilience.reading.panel import Grid
from city_resilience.reading.read import read_panel
from city_resilience.simulate import simulate_panel
from places import CITIES, PROVINCES, SHARED

REAL = {
    CITIES: ("gdp_real", (2003, 2007, 2013, 2014, 2019)),
    PROVINCES: ("gdp_nominal", (2014, 2016, 2020)),
}


def every_variable_grid(seed=11, cities=30, years=12):
    """A grid in which every variable of the catalogue has values, some of them missing."""
    rng = np.random.default_rng(seed)
    ids = [v.id for v in load_catalogue().variables.values() if v.family != "key"]
    values = {name: rng.lognormal(1.0, 0.6, (cities, years)) for name in ids}
    for name in ids:
        if name.startswith("employment_"):
            values[name] /= 10
    values["unit_employment"] = sum(v for n, v in values.items() if n.startswith("employment_"))
    for array in values.values():
        array[rng.random(array.shape) < 0.03] = np.nan
        if rng.random() < 0.3:
            array[:, : rng.integers(1, 6)] = np.nan
    values["gdp_real"][:, 0] = 5.0
    values["theil_negative"] *= -1.0
    province = np.array([f"province {i % 4}" for i in range(cities)])
    names = tuple(f"city {i:03d}" for i in range(cities))
    places = np.column_stack([rng.uniform(100, 120, cities), rng.uniform(22, 42, cities)])
    return Grid(names, np.arange(2009, 2009 + years), values, province, places)


def simulated_grid():
    frame = simulate_panel(cities=40, years=12, seed=2).frame
    numeric = [name for name in frame if frame[name].dtype.kind == "f"]
    values = {
        name: frame.pivot(index="city", columns="year", values=name).to_numpy() for name in numeric
    }
    first = frame.drop_duplicates("city")
    years = np.unique(frame["year"]).astype(np.int64)
    return Grid(tuple(first["city"]), years, values, first["province"].to_numpy(dtype=np.str_))


def cut(grid, origin):
    keep = grid.column(origin) + 1
    values = {name: array[:, :keep].copy() for name, array in grid.values.items()}
    return replace(grid, years=grid.years[:keep], values=values)


def poisoned(grid, origin):
    rng = np.random.default_rng(0)
    values = {name: array.copy() for name, array in grid.values.items()}
    for name, array in values.items():
        later = array[:, grid.column(origin) + 1 :]
        sign = -1.0 if name == "theil_negative" else 1.0
        later[:] = sign * rng.lognormal(5, 3, later.shape)
        later[rng.random(later.shape) < 0.3] = np.nan
    return replace(grid, values=values)


def indicators(grid, outcome="gdp_real", **options):
    variables = {v: load_catalogue().variables[v] for v in grid.values}
    return compute_indicators(grid, outcome, variables, **options)


def assert_same_past(full, other, grid, origin):
    """Every indicator's values up to the origin have the same bits in both cubes."""
    keep = grid.column(origin) + 1
    for at, name in enumerate(full.ids):
        past = full.values[:, :keep, at]
        if name in other.ids:
            found = other.values[:, :keep, other.ids.index(name)]
            np.testing.assert_array_equal(found, past, err_msg=name)
        else:
            assert np.isnan(past).all(), name


def test_table_is_well_formed():
    ids = [spec.id for spec in load_table()]
    assert len(ids) == len(set(ids))
    assert {spec.family for spec in load_table()} == set(FAMILIES)
    special = {OUTCOME, NATION, OUTPUT, POINTS, PROVINCE, COORDINATES, YEARS}
    known = {*load_catalogue().variables, *shared_inputs(), *special}
    for spec in load_table():
        assert {*spec.inputs, *spec.optional} <= known, spec.id
        assert spec.label_en, spec.id
        assert any("\u4e00" <= letter <= "\u9fff" for letter in spec.label_zh), spec.id
        assert spec.unit, spec.id


def test_every_indicator_of_the_table_is_computed_where_every_variable_is_there():
    grid = every_variable_grid()
    level = grid.values["gdp_real"]
    found = indicators(grid, OutcomeSeries("gdp_real", level, output=level, points=level))
    assert not found.absent
    assert found.values.shape == (30, 12, len(load_table()))
    assert not np.isinf(found.values).any()


@pytest.mark.parametrize("origin", range(2009, 2021))
def test_truncation_changes_no_past_value(origin):
    grid = every_variable_grid()
    assert_same_past(indicators(grid), indicators(cut(grid, origin)), grid, origin)


@pytest.mark.parametrize("origin", [2013, 2017, 2019])
def test_poison_after_the_origin_changes_no_past_value(origin):
    grid = every_variable_grid()
    assert_same_past(indicators(grid), indicators(poisoned(grid, origin)), grid, origin)


@pytest.mark.parametrize("origin", [2003, 2007, 2010])
def test_truncation_of_the_simulated_panel(origin):
    grid = simulated_grid()
    assert_same_past(indicators(grid), indicators(cut(grid, origin)), grid, origin)
    assert_same_past(indicators(grid), indicators(poisoned(grid, origin)), grid, origin)


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.real_data(name)) for name in REAL]
)
def test_truncation_of_the_real_panels(name):
    outcome, origins = REAL[name]
    panel = read_panel(SHARED / name, Data(), outcome=outcome)
    grid = panel.grid()
    full = compute_indicators(grid, outcome, panel.variables)
    assert len(full.ids) >= 60
    for origin in origins:
        cut_panel = panel.truncate(origin)
        short = compute_indicators(cut_panel.grid(), outcome, panel.variables)
        assert_same_past(full, short, grid, origin)


@pytest.mark.real_data(CITIES)
def test_a_mistyped_cell_of_the_real_panel_corrupts_no_national_share():
    panel = read_panel(SHARED / CITIES, Data(), outcome="gdp_real")
    found = compute_indicators(panel.grid(), "gdp_real", panel.variables)
    share = found.values[:, :, found.ids.index("finance_employment_share")]
    assert np.nanmax(share) < 15
    services = found.values[:, :, found.ids.index("producer_services_location_quotient")]
    medians = np.nanmedian(services[:, 2005 - 2000 : 2017 - 2000], axis=0)
    assert np.ptp(medians) < 0.1


def test_order_of_the_cities_does_not_matter():
    grid = every_variable_grid()
    order = np.random.default_rng(1).permutation(len(grid.cities))
    shuffled = Grid(
        tuple(np.array(grid.cities)[order]),
        grid.years,
        {name: array[order] for name, array in grid.values.items()},
        grid.province[order],
        grid.coordinates[order],
    )
    straight, mixed = indicators(grid), indicators(shuffled)
    assert straight.ids == mixed.ids
    np.testing.assert_allclose(mixed.values, straight.values[order], rtol=1e-9, atol=1e-9)


def test_the_input_arrays_are_left_alone():
    grid = every_variable_grid()
    before = {name: array.copy() for name, array in grid.values.items()}
    indicators(grid)
    for name, array in grid.values.items():
        np.testing.assert_array_equal(array, before[name])


def test_absent_inputs_are_named():
    grid = simulated_grid()
    grid = replace(grid, province=None)
    grid.values["co2"] = np.full(grid.shape, np.nan)
    absent = indicators(grid).absent
    assert absent["loans_to_gdp"] == "needs 'loans', which the panel does not have"
    assert absent["carbon_intensity"] == "needs 'co2', which the panel does not have"
    assert (
        absent["province_gap"] == "needs the province of each city, which the panel does not have"
    )
    assert absent["urbanisation"] == (
        "has no city and year with all it needs of 'urbanisation', 'urban_population', 'population'"
    )


def test_the_outcome_enters_no_family_but_history_as_growth():
    grid = every_variable_grid()
    absent = indicators(grid, "employment").absent
    assert absent["employment_growth"].startswith("'employment' is the outcome")
    assert "nominal_gdp_growth" not in absent


def test_families_and_exclusions_are_respected():
    found = indicators(every_variable_grid(), families=("history", "place"), exclude=("gap_lag4",))
    assert {spec.family for spec in found.specs} == {"history", "place"}
    assert found.absent == {"gap_lag4": "excluded by the experiment"}


def test_publication_lag_shifts_and_never_mixes_years():
    grid = every_variable_grid()
    plain, late = indicators(grid), indicators(grid, publication_lag={"loans": 2, "population": 1})
    for name, years in {"loans_to_gdp": 2, "patents_per_10k": 1, "gap": 0, "fdi_to_gdp": 0}.items():
        at = plain.ids.index(name)
        expected = plain.values[:, : 12 - years, at]
        np.testing.assert_array_equal(late.values[:, years:, late.ids.index(name)], expected)


def own(id="smart_parks", family="digital"):
    return Variable(id, "Smart parks", "智慧园区", "count", family, 1)


def test_own_column_becomes_an_indicator_of_its_family():
    grid = simulated_grid()
    grid.values["smart_parks"] = np.arange(float(grid.shape[0] * grid.shape[1])).reshape(grid.shape)
    variables = {**{v: load_catalogue().variables[v] for v in grid.values if v != "smart_parks"}}
    found = compute_indicators(grid, "gdp_real", {**variables, "smart_parks": own()})
    spec = found.specs[found.ids.index("smart_parks")]
    assert (spec.family, spec.label_zh, spec.direction) == ("digital", "智慧园区", 1)
    np.testing.assert_array_equal(
        found.values[:, :, found.ids.index("smart_parks")], grid.values["smart_parks"]
    )


def test_own_outcome_is_no_indicator():
    grid = simulated_grid()
    grid.values["light"] = grid.values.pop("gdp_real")
    variables = {v: load_catalogue().variables[v] for v in grid.values if v != "light"}
    found = compute_indicators(grid, "light", {**variables, "light": own("light", "control")})
    assert "light" not in found.ids
    assert "gap" in found.ids


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"outcome": "gdp_reel"}, r"the panel has no 'gdp_reel'; nearest: 'gdp_real'"),
        ({"exclude": ("gap_lag9",)}, r"no indicator 'gap_lag9'; nearest: .*'gap_lag"),
        ({"publication_lag": {"lones": 1}}, r"no variable 'lones'; nearest: 'loans'"),
        ({"publication_lag": {"loans": -1}}, r"'loans' has -1; lags are years after"),
        ({"publication_lag": {"gdp_real": 1}}, r"'gdp_real' has 1; .*the outcome itself has none"),
    ],
)
def test_bad_settings_are_refused(options, message):
    with pytest.raises(InputError, match=message):
        indicators(every_variable_grid(), **options)


def test_own_column_with_the_id_of_an_indicator_is_refused():
    grid = simulated_grid()
    grid.values["gap"] = np.ones(grid.shape)
    variables = {v: load_catalogue().variables[v] for v in grid.values if v != "gap"}
    with pytest.raises(InputError, match="'gap' has the id of an indicator"):
        compute_indicators(grid, "gdp_real", {**variables, "gap": own("gap")})


def test_every_indicator_of_a_nation_is_what_the_panel_of_it_alone_gives():
    grid = every_variable_grid(cities=45)
    nation = np.array(list("ABC"))[np.arange(45) % 3]
    found = indicators(replace(grid, nation=nation))
    together = indicators(grid)
    relative = set()
    for name in "ABC":
        rows = np.flatnonzero(nation == name)
        alone = indicators(replace(grid.of(rows), nation=None))
        for at, id_ in enumerate(found.ids):
            own = found.values[rows][:, :, at]
            expected = (
                alone.values[:, :, alone.ids.index(id_)]
                if id_ in alone.ids
                else np.full(own.shape, np.nan)
            )
            np.testing.assert_array_equal(own, expected, err_msg=id_)
            if not np.array_equal(
                own, together.values[rows][:, :, together.ids.index(id_)], equal_nan=True
            ):
                relative.add(id_)
    families = {spec.id: spec.family for spec in found.specs}
    assert {"gap", "market_potential", "manufacturing_location_quotient"} <= relative
    assert {"history", "agglomeration", "place"} <= {families[id_] for id_ in relative}
