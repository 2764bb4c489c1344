"""Every shape in which tables arrive gives the same kind of panel."""

from __future__ import annotations

import pytest

from city_resilience.errors import InputError
from city_resilience.experiment.data import Column
from city_resilience.reading.declared import own_match
from city_resilience.reading.sheet import Sheet
from city_resilience.reading.sheets.options import parse_year_rules
from city_resilience.reading.wording import match_header, single_line, split_year
from workbook_inputs import CITIES, HEADERS, figure, read, values, yearbook

IDS = ("registered_population", "employment_manufacturing", "employment_finance")


def table(*rows, file="table.csv", name=""):
    return Sheet(file, name, tuple(map(tuple, rows)))


def test_a_yearbook_sheet_keeps_scope_in_the_key_and_takes_its_year_from_the_edition():
    imported = read(yearbook())
    assert values(imported) == {
        (city, 2005, scope, variable): figure(c, v, s)
        for c, city in enumerate(CITIES)
        for v, variable in enumerate(IDS)
        for s, scope in enumerate(("whole_city", "districts"))
    }
    frame = imported.frame()
    assert list(frame.columns[:5]) == ["province", "city", "city_code", "year", "scope"]
    assert frame["province"].tolist()[:2] == ["河北省", "河北省"]
    year = imported.listing().query("kind == 'year'").iloc[0]
    assert "--year name" in year["reason"]


@pytest.mark.parametrize(
    ("rule", "year"),
    [("name", 2006), ("name-1", 2005), ("1999", 1999), ("Data_*=name-2", 2004), ("X*=1990", 2005)],
)
def test_year_rules(rule, year):
    imported = read(yearbook(), years=[rule])
    assert set(imported.frame()["year"]) == {year}


@pytest.mark.parametrize("rule", ["last", "name*2", "Data=", "12"])
def test_bad_year_rules_say_what_they_want(rule):
    with pytest.raises(InputError, match="expected a year, 'name'"):
        parse_year_rules([rule])


def test_a_title_or_the_sheets_name_tells_the_data_year():
    titled = yearbook(file="a.xlsx")
    title = ("2-3 从业人员 (2011年)", *[None] * 7)
    assert set(read(Sheet("a.xlsx", "", (title, *titled.rows))).frame()["year"]) == {2011}
    named = yearbook(file="a.xlsx", name="2012")
    assert set(read(named).frame()["year"]) == {2012}
    edition = ("中国城市统计年鉴2010年版", *[None] * 7)
    assert set(read(Sheet("a.xlsx", "", (edition, *titled.rows))).frame()["year"]) == {2009}


def test_a_sheet_without_any_year_is_listed_not_guessed():
    with pytest.raises(InputError, match="say it with --year"):
        read(yearbook(file="sheet.xlsx"))


def test_english_repetition_numbering_and_carriage_returns_change_nothing():
    plain = read(yearbook())
    dressed = yearbook(
        (
            "年末总人口_x000D_\n(万人)_x000D_\nTotal Population_x000D_\n(10000 persons)",
            "第二产业(1)制造业_x000D_\nSecondary Industry: Manufacturing",
            " (5)金融业_x000D_\nFinancial Intermediation",
        ),
        changed={
            (1, 2): "全 市_x000D_\nTotal City",
            (1, 3): "市辖区_x000D_\nDistricts_x000D_\nunder City",
        },
    )
    assert values(read(dressed)) == values(plain)


def test_provinces_as_rows_totals_and_footers_are_set_aside_by_name():
    sheet = yearbook()
    width = len(sheet.rows[0])
    rows = list(sheet.rows)
    rows.insert(2, ("城市合计", "Total", *[9.0] * (width - 2)))
    rows.insert(3, ("河北省", "Hebei", *[8.0] * (width - 2)))
    rows += [
        (None, None, *[0] * (width - 2)),
        ("注：本表数据不含港澳台。", *[None] * (width - 1)),
        (None, None, "更多数据", *[None] * (width - 3)),
    ]
    imported = read(Sheet(sheet.file, sheet.name, tuple(rows)))
    assert values(imported) == values(read(sheet))
    listed = imported.listing().query("kind == 'row'")
    assert set(listed["level"]) == {"note"}
    text = " ".join(listed["found"] + listed["reason"])
    for part in ("城市合计", "河北省", "nothing but zeros", "注:本表", "更多数据"):
        assert part in text


def test_a_long_table_with_a_column_of_units():
    imported = read(
        table(
            ("year", "地级市", "外商直接投资", "单位", "数据来源"),
            (2010, "石家庄", 1.5, "百万美元", "局"),
            (2010, "吉林", 2.5, "亿美元", "局"),
            (2011, "朝阳", None, "百万美元", "局"),
        )
    )
    assert values(imported) == {
        ("石家庄市", 2010, "whole_city", "fdi"): 1.5,
        ("吉林市", 2010, "whole_city", "fdi"): 250.0,
    }


def test_years_across_with_the_variable_in_the_title():
    sheet = table(
        ("常住人口(万人)",), ("城市", 2010, 2011), ("石家庄市", 1, 2), ("唐山市", 3, None)
    )
    expected = {
        ("石家庄市", 2010, "whole_city", "population"): 1.0,
        ("石家庄市", 2011, "whole_city", "population"): 2.0,
        ("唐山市", 2010, "whole_city", "population"): 3.0,
    }
    assert values(read(sheet)) == expected


@pytest.mark.parametrize(
    "headers",
    [
        ("城市", "GDP2010(亿元)", "GDP2011(亿元)"),
        ("城市", "2010年GDP(亿元)", "2011年GDP(亿元)"),
        ("城市", "GDP_2010", "GDP_2011"),
    ],
)
def test_years_across_in_the_headers(headers):
    imported = read(table(headers, ("石家庄市", 1, 2), ("唐山市", 3, 4)))
    assert {key[1:]: v for key, v in values(imported).items() if key[0] == "唐山市"} == {
        (2010, "whole_city", "gdp_nominal"): 3.0,
        (2011, "whole_city", "gdp_nominal"): 4.0,
    }


def test_years_across_under_a_spanning_header():
    sheet = table(
        ("城市", "人口密度(人/平方公里)", None, "常住人口(万人)", None),
        (None, 2010, 2011, 2010, 2011),
        ("石家庄市", 1, 2, 3, 4),
        ("唐山市", 5, 6, 7, 8),
    )
    got = values(read(sheet))
    assert got["唐山市", 2011, "whole_city", "population_density"] == 6.0
    assert got["唐山市", 2010, "whole_city", "population"] == 7.0


def test_one_row_for_each_indicator():
    sheet = table(
        ("城市", "指标", "单位", "2010年", "2011年"),
        ("石家庄市", "常住人口", "人", 10000, 20000),
        ("石家庄市", "地区生产总值", "亿元", 5, 6),
        ("唐山市", "幸福指数", "", 7, 8),
    )
    imported = read(sheet)
    assert values(imported) == {
        ("石家庄市", 2010, "whole_city", "population"): 1.0,
        ("石家庄市", 2011, "whole_city", "population"): 2.0,
        ("石家庄市", 2010, "whole_city", "gdp_nominal"): 5.0,
        ("石家庄市", 2011, "whole_city", "gdp_nominal"): 6.0,
    }
    lost = imported.listing().query("level == 'lost'")
    assert lost["reason"].str.contains("not in the catalogue").sum() == 2


def test_the_unit_of_a_title_counts_for_columns_without_one():
    sheet = table(("单位：人", None), ("城市", "常住人口"), ("石家庄市", 20000), ("唐山市", 30000))
    imported = read(sheet, years=["2010"])
    assert values(imported)["石家庄市", 2010, "whole_city", "population"] == 2.0


def test_own_columns_enter_by_their_header():
    own = {"智慧设施": own_match("智慧设施", Column(family="digital"), {})}
    sheet = table(("城市", "年份", "智慧设施"), ("石家庄市", 2010, 1), ("唐山市", 2010, 0))
    assert values(read(sheet, own=own))["石家庄市", 2010, "whole_city", "智慧设施"] == 1.0


def test_without_a_gazetteer_names_stay_as_they_are():
    sheet = table(("City", "Year", "Real GDP"), ("Springfield", 2010, 1), ("Shelbyville", 2010, 2))
    imported = read(sheet, country="none")
    assert set(imported.frame()["city"]) == {"Springfield", "Shelbyville"}
    assert "city_code" not in imported.frame()


def test_a_header_over_two_columns_without_merged_cells_stops_where_the_order_starts_again():
    sheet = table(
        ("城市", "建成区面积(平方公里)", None, None),
        (None, "市辖区", "全市", "市辖区"),
        ("石家庄市", 1, 2, 3),
        ("唐山市", 4, 5, 6),
        file="Data_2006.xlsx",
    )
    imported = read(sheet)
    assert {key[2:] for key in values(imported)} == {("districts", "built_up_area")}
    lost = imported.listing().query("level == 'lost'")
    assert lost["column"].tolist() == ["C", "D"]
    assert lost["reason"].str.contains("no header above").all()


def test_a_scope_left_blank_is_what_the_column_beside_it_leaves_over():
    imported = read(yearbook(changed={(1, 4): None}))
    assert values(imported) == values(read(yearbook()))
    assert "scope taken as whole_city" in " ".join(imported.listing()["reason"])


WORDINGS = [
    ("其中：非农业人口(万人)", "non_agricultural_population"),
    ("⑵制造业 Manufacturing", "employment_manufacturing"),
    ("(10)居民服务、修理和 其他服务业 Services to Households", "employment_resident_services"),
    ("第一产业(农、林、牧、渔业 Primary Industry", "employment_agriculture"),
    ("第三产业 (1)批发和零售业 Wholesale and Retail Trades", "employment_trade"),
    ("(13)文化、体育、 娱乐用房屋 Culture, Sports and Entertainment", "employment_culture"),
    ("(3)电力、热力、燃气 及水生产和供应业 Production", "employment_utilities"),
    ("城市建设用地占市区 面积比重(%) Land Used for Urban", "construction_land_share"),
    ("从业人员期末人数 Persons Employed in Various Units at Year-end", "unit_employment"),
    ("水资源总量 (万立方米) Total Water Resources (10 000 cu.m)", "water_resources"),
    ("教育", "employment_education"),
]


@pytest.mark.parametrize(("header", "variable"), WORDINGS)
def test_wordings(header, variable):
    match = match_header(single_line(header), {}).match
    assert match is not None
    assert match.variable.id == variable


def test_a_year_of_prices_is_no_data_year():
    assert split_year("GDP2010") == ("GDP", 2010)
    sheet = table(
        ("城市", "年份", "实际地区生产总值(亿元,2000年价)"),
        ("石家庄市", 2010, 1),
        ("唐山市", 2010, 2),
    )
    assert set(read(sheet).frame()["year"]) == {2010}


def test_all_headers_of_the_small_sheet_are_known():
    assert set(read(yearbook()).variables) == set(IDS)
    assert len(HEADERS) == len(IDS)
