import csv

import pytest

from city_resilience.catalogue.header import unit_in_brackets
from city_resilience.catalogue.units import parse_unit
from city_resilience.catalogue.variables import UnitMismatch, load_catalogue
from city_resilience.errors import InputError
from city_resilience.experiment.family import FAMILIES
from places import SHARED

KINDS = {"level", "volume", "share", "ratio", "index", "log", "key"}

HEADERS = [
    ("实际地区生产总值(亿元,2000年价)", "gdp_real", "亿元", 1.0),
    ("实际地区生产总值（万元，2000年价）", "gdp_real", "万元", 1e-4),
    ("地区生产总值(亿元，以2000年为基期)", "gdp_real", "亿元", 1.0),
    ("地区生产总值（亿元，当年价）", "gdp_nominal", "亿元", 1.0),
    ("real GDP (100m yuan)", "gdp_real", "100m yuan", 1.0),
    (" Real_ＧＤＰ (10k yuan)\n", "gdp_real", "10k yuan", 1e-4),
    ("GDP (billion yuan)", "gdp_nominal", "billion yuan", 10.0),
    ("GDP (constant prices) (100m yuan)", "gdp_real", "100m yuan", 1.0),
    ("gdp_100m_yuan", "gdp_nominal", "100m yuan", 1.0),
    ("gdp_nominal", "gdp_nominal", "", 1.0),
    ("GDP：亿元", "gdp_nominal", "亿元", 1.0),
    ("常住人口(人)", "population", "人", 1e-4),
    ("population (persons)", "population", "persons", 1e-4),
    ("population_10k", "population", "10k", 1.0),
    ("人口密度(人/公顷)", "population_density", "人/公顷", 100.0),
    ("population_density_per_km2", "population_density", "per km2", 1.0),
    ("第二产业占GDP比重", "gdp_share_secondary", "", 1.0),
    ("第二产业占GDP比重(%)", "gdp_share_secondary", "%", 0.01),
    ("城镇化率（％）", "urbanisation", "%", 0.01),
    ("firms_with_ecommerce_pct", "ecommerce_firm_share", "pct", 0.01),
    ("二氧化碳排放量(万吨)", "co2", "万吨", 1.0),
    ("CO2 emissions (tonnes)", "co2", "tonnes", 1e-4),
    ("科学技术支出(万元)", "science_spending", "万元", 1e-4),
    ("科学技术支出(对数指标)", "science_spending_log", "对数指标", 1.0),
    ("绿色金融", "green_finance_index", "", 1.0),
    ("绿色金融(对数指标)", "green_finance_log", "对数指标", 1.0),
    ("进出口总额(亿元)", "trade", "亿元", 1.0),
    ("进出口总额(万美元)", "trade_usd", "万美元", 0.01),
    ("人均道路面积(平方米)", "road_area_per_head", "平方米", 1.0),
    ("人均道路面积(平方米/人)", "road_area_per_head", "平方米/人", 1.0),
    ("land_area_10k_km2", "land_area", "10k km2", 1e4),
    ("rd_personnel_fte", "rd_personnel", "fte", 1e-4),
    ("websites_per_100_firms", "websites_per_100_firms", "", 1.0),
    ("GSP (million 1982 dollars)", "gsp", "million dollars", 1.0),
    ("employment (thousand persons)", "employment", "thousand persons", 0.1),
    ("Unemployment rate (%)", "unemployment_rate", "%", 0.01),
    ("highways", "highways", "", 1.0),
    ("Water and sewer (million dollars)", "water_sewer", "million dollars", 1.0),
    ("城市", "city", "", 1.0),
    ("City", "city", "", 1.0),
    ("年 份", "year", "", 1.0),
    ("省份", "province", "", 1.0),
    ("State", "region", "", 1.0),
    ("城市代码", "city_code", "", 1.0),
]

EXPECTED_KEYS = {
    "china_prefecture/city_panel.csv": {"city", "year", "province", "city_code"},
    "china_provinces/panel.csv": {"region", "year", "province_code", "macro_region"},
}


@pytest.mark.parametrize(("header", "variable", "unit", "factor"), HEADERS)
def test_header_resolves(header, variable, unit, factor):
    match = load_catalogue().resolve(header)
    assert match is not None
    assert (match.variable.id, match.unit_in_header, match.factor) == (variable, unit, factor)


@pytest.mark.parametrize(
    "header",
    [
        "",
        "2010",
        "备注",
        "(亿元)",
        "GDP growth (%)",
        "population_2010",
        "patents_granted_per_10k_people",
    ],
)
def test_header_of_something_else_does_not_resolve(header):
    assert load_catalogue().resolve(header) is None


@pytest.mark.parametrize(
    ("header", "scope"),
    [
        ("常住人口(万人,全地区)", "whole_city"),
        ("常住人口(万人,市辖区)", "districts"),
        ("常住人口(万人,全市)", "whole_city"),
        ("常住人口(万人)", ""),
    ],
)
def test_header_tells_its_scope(header, scope):
    match = load_catalogue().resolve(header)
    assert match is not None
    assert (match.variable.id, match.scope) == ("population", scope)


def test_unknown_remark_is_kept():
    match = load_catalogue().resolve("常住人口(万人,抽样推算)")
    assert match is not None
    assert match.remarks == ("抽样推算",)


def test_declared_unit_overrules_the_header():
    catalogue = load_catalogue()
    by_header = catalogue.resolve("GDP (100m yuan)", {"GDP (100m yuan)": "10k yuan"})
    by_id = catalogue.resolve("城镇化率", {"urbanisation": "%"})
    assert by_header is not None
    assert by_id is not None
    assert (by_header.factor, by_id.factor) == (1e-4, 0.01)


def test_declared_unit_chooses_the_variable():
    match = load_catalogue().resolve("科学技术支出", {"科学技术支出": "log"})
    assert match is not None
    assert match.variable.id == "science_spending_log"


def test_unit_that_does_not_fit():
    with pytest.raises(UnitMismatch) as caught:
        load_catalogue().resolve("常住人口(吨)")
    assert str(caught.value) == (
        "column '常住人口(吨)': unit '吨' cannot be converted to '10k persons', the unit of "
        "population; declare its unit in [data.units] or its meaning in [data.columns]"
    )
    assert caught.value.variable == "population"


def test_declared_unit_that_is_none():
    with pytest.raises(InputError) as caught:
        load_catalogue().resolve("population", {"population": "heaps"})
    assert str(caught.value) == (
        "column 'population': declared unit 'heaps' is not known; write one such as '亿元', "
        "'100m yuan', '10k persons', '%' or 'fraction'"
    )


@pytest.mark.parametrize(
    "file", [pytest.param(file, marks=pytest.mark.real_data(file)) for file in EXPECTED_KEYS]
)
def test_every_header_of_the_real_panels_resolves(file):
    path = SHARED / file
    with path.open(encoding="utf-8-sig", newline="") as handle:
        headers = next(csv.reader(handle))
    matches = {header: load_catalogue().resolve(header) for header in headers}
    assert [header for header, match in matches.items() if match is None] == []
    variables = [match.variable for match in matches.values() if match]
    assert len({variable.id for variable in variables}) == len(headers)
    assert {v.id for v in variables if v.family == "key"} == EXPECTED_KEYS[file]
    assert all(not match.remarks for match in matches.values() if match)


def test_variables_are_well_formed():
    for variable in load_catalogue().variables.values():
        assert variable.label_en
        assert variable.label_zh
        assert "_" not in variable.label_en + variable.label_zh
        assert variable.family in (*FAMILIES, "outcome", "key")
        assert variable.direction in (-1, 0, 1)
        assert variable.kind in KINDS
        assert (variable.kind == "key") == (variable.family == "key")
        assert (parse_unit(variable.unit) is None) == (variable.kind == "key")


def test_every_id_and_label_resolves_to_its_variable():
    catalogue = load_catalogue()
    for variable in catalogue.variables.values():
        for name in (variable.id, variable.label_en, variable.label_zh):
            match = catalogue.resolve(name)
            assert match is not None
            assert match.variable.id == variable.id, name


def test_aliases_shared_by_variables_are_told_apart_by_unit_or_prices():
    catalogue = load_catalogue()
    for variable in catalogue.variables.values():
        for alias in variable.aliases:
            stated = f"{alias} ({variable.unit})"
            constant = f"{alias} ({variable.unit}, constant prices)"
            header = constant if variable.kind == "volume" else stated
            match = catalogue.resolve(header if variable.unit else alias)
            assert match is not None, alias
            assert (match.variable.id, match.factor) == (variable.id, 1.0), header


def test_unit_in_brackets_of_an_unknown_header():
    assert unit_in_brackets("算力规模（万件，2020年）") == "万件"
    assert unit_in_brackets("算力规模") == ""
