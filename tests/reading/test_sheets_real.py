"""The twelve real yearbook sheets, and the two long tables, where ../shared is there."""

from __future__ import annotations

import math
import time

import numpy as np
import pandas as pd
import pytest

from city_resilience.catalogue.gazetteer.gazetteer import load_gazetteer
from city_resilience.reading.opening import open_sheets
from city_resilience.reading.read import read_panel
from city_resilience.reading.sheets.importer import import_sheets
from places import SHARED
from xls_writer import write_xls

CHINA = SHARED / "china_prefecture"
RAW = CHINA / "raw"
pytestmark = pytest.mark.real_data("china_prefecture/raw")

STAFF = ("unit_employment", "private_employment", "registered_unemployed")


@pytest.fixture(scope="module")
def imported():
    started = time.perf_counter()
    result = import_sheets(sorted(RAW.glob("Data_*.xlsx")))
    assert time.perf_counter() - started < 120  # a guard against runaway work, not a benchmark
    return result


@pytest.fixture(scope="module")
def panel():
    return read_panel(CHINA / "city_panel.csv").frame.set_index(["city", "year"])


def whole_city(imported):
    frame = imported.frame()
    return frame[frame["scope"] == "whole_city"].set_index(["city", "year"])


def industries(imported):
    return [v for v in imported.variables if v.startswith("employment_")]


def test_every_year_has_its_cities_industries_and_both_scopes(imported):
    names = industries(imported)
    assert len(names) == 19
    frame = imported.frame()
    assert set(frame["year"]) == set(range(2005, 2017))
    for (year, scope), part in frame.groupby(["year", "scope"]):
        with_staff = part[part[names].notna().any(axis=1)]
        assert 283 <= with_staff["city"].nunique() <= 287, (year, scope)
        filled = part[names].notna().sum()
        if (year, scope) == (2013, "districts"):  # the sheet's column is blank there
            assert filled.pop("employment_leasing_business") == 0
        assert (filled > 150).all(), (year, scope)


@pytest.mark.parametrize("name", ["Data_2006", "Data_2012"])
def test_an_xls_copy_of_a_sheet_reads_the_same(tmp_path, name):
    """Errors are the one thing that an .xls file does not tell; these sheets have none."""
    original = RAW / f"{name}.xlsx"
    copy = write_xls(tmp_path / f"{name}.xls", open_sheets(original))
    ours, theirs = import_sheets([copy]), import_sheets([original])
    pd.testing.assert_frame_equal(ours.frame(), theirs.frame())
    listing = ours.listing().replace({copy.name: original.name})
    pd.testing.assert_frame_equal(listing, theirs.listing())


def test_units_without_staff_are_the_few_that_sheets_print_without(imported):
    """Sheets of land and water in 2016 name units which the staff tables leave out."""
    frame = whole_city(imported)
    bare = frame.index[frame[industries(imported)].isna().all(axis=1)]
    assert {year for city, year in bare if city != "拉萨市"} == {2016}
    assert len(bare) == 9


@pytest.mark.parametrize("kind", ["industries", "staff", "population and land"])
def test_every_employment_cell_agrees_with_the_analysts_panel_or_is_listed(imported, panel, kind):
    variables = {
        "industries": industries(imported),
        "staff": STAFF,
        "population and land": ("registered_population", "land_area"),
    }[kind]
    sheets, listing = whole_city(imported), imported.listing()
    lost = listing[(listing["level"] == "lost") & (listing["kind"] == "cell")]
    listed = set(zip(lost["city"], lost["year"].astype(int), lost["variable"], strict=True))
    compared = 0
    for variable in variables:
        ours = sheets[variable].reindex(panel.index)
        theirs = panel[variable]
        both = ours.notna() & theirs.notna()
        compared += int(both.sum())
        np.testing.assert_allclose(ours[both], theirs[both], rtol=1e-9, err_msg=variable)
        missing = panel.index[theirs.notna() & ours.isna()]
        assert all((city, year, variable) in listed for city, year in missing), variable
    assert compared > {"industries": 60_000, "staff": 9_000, "population and land": 6_000}[kind]


def test_a_comma_for_a_point_is_reported_never_read_as_597(imported, panel):
    listing = imported.listing()
    row = listing[(listing["found"] == "5,97") & (listing["level"] == "lost")].iloc[0]
    assert (row["file"], row["row"], row["column"]) == ("Data_2012.xlsx", "152", "AW")
    assert (row["city"], row["year"], row["likely"]) == ("平顶山市", "2011", "5.97")
    value = whole_city(imported).loc[("平顶山市", 2011), "employment_public_administration"]
    assert math.isnan(value)
    assert panel.loc[("平顶山市", 2011), "employment_public_administration"] == 597


def test_what_the_analysts_panel_lost_is_found(imported):
    frame = whole_city(imported)
    for year in range(2005, 2011):
        assert frame.loc[("宣城市", year), "employment_manufacturing"] > 0
    for year in (2013, 2014):
        assert frame.loc[(slice(None), year), "unit_employment"].notna().sum() >= 285
    years = frame.index[frame.index.get_level_values(0) == "巢湖市"].get_level_values(1)
    assert years.max() == 2010
    assert len(years) >= 5
    assert len(frame.loc["莱芜市"]) == 12
    assert frame.loc["莱芜市", "employment_manufacturing"].notna().all()


def test_every_row_of_the_sheets_is_a_city_or_listed(imported):
    """No name is lost, and what was concluded about one is in the list."""
    listing = imported.listing()
    assert listing.query("kind == 'name' and level == 'lost'").empty
    notes = " ".join(listing["reason"])
    for typed in ("宜城市", "四安市", "毫州市", "洒泉市", "鸡两市", "宿辽市", "襄樊市", "思茅市"):
        assert typed in notes


def test_headers_that_cannot_be_read_are_listed_and_nothing_else_is(imported):
    lost = imported.listing().query("kind == 'header' and level == 'lost'")
    assert len(lost) == 9
    assert set(lost["file"]) == {"Data_2015.xlsx", "Data_2016.xlsx"}


def test_the_header_that_says_persons_over_ten_thousands_is_doubted(imported):
    doubts = imported.listing().query("kind == 'unit'")
    people = doubts[doubts["found"] == "人"]
    assert set(people["variable"]) == {"private_employment", "registered_unemployed"}
    assert set(people["year"].astype(int)) == {2010, 2011, 2012, 2013}


def test_the_long_tables_resolve_without_the_ending():
    fdi = next(RAW.glob("*FDI.xlsx"))
    result = import_sheets([fdi])
    listing = result.listing()
    assert listing.query("kind == 'name' and level == 'lost'").empty
    assert {"吉林市", "朝阳市"} <= set(result.frame()["city"])
    china = load_gazetteer("china")
    assert all(place.adcode in china.cities for place in result.places.values())


def test_the_output_table_agrees_with_the_analysts_panel(panel):
    result = import_sheets([next(RAW.glob("296*.xlsx"))])
    ours = whole_city(result)["gdp_real"].reindex(panel.index)
    np.testing.assert_allclose(ours, panel["gdp_real"], rtol=1e-6)
    assert result.listing().query("level == 'lost'").empty
