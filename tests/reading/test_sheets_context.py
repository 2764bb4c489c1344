"""What stands around a cell decides what it means: titles, groups, remarks, keys, merged cells."""

from __future__ import annotations

import datetime as dt

import pytest

from city_resilience.errors import InputError
from city_resilience.reading.sheet import Sheet
from workbook_inputs import CITIES, read, values

CITY, OTHER, THIRD, FOURTH = tuple(CITIES)[:4]
BIG = (*CITIES, "南京市", "无锡市", "徐州市")


def table(*rows, file="Data_2006.xlsx", name="", covered=None):
    return Sheet(file, name, tuple(map(tuple, rows)), covered or {})


def lost(*sheets):
    return read(*sheets).listing().query("level == 'lost'")


# --- a plain name that means something else ---------------------------------------------------


@pytest.mark.parametrize(
    "title",
    ["2010年各市主要指标增长速度(%)", "地区生产总值构成", "国民经济指数(上年=100)"],
)
def test_plain_names_below_a_title_of_growth_or_shares_are_not_read(title):
    plain = table(("城市", "金融业"), (CITY, 1), file="A_2006.xlsx")
    sheet = table((title,), ("城市", "地区生产总值", "常住人口(万人)"), (CITY, 9, 2), (OTHER, 8, 3))
    got = values(read(plain, sheet))
    assert {key[3] for key in got} == {"employment_finance", "population"}
    assert "may mean something else; rename the header" in lost(plain, sheet)["reason"].iloc[0]


@pytest.mark.parametrize(
    "group", ["比上年增长(%)", "全省排名", "固定资产投资", "平均工资", "企业数"]
)
def test_plain_names_below_a_group_of_another_subject_are_not_read(group):
    sheet = table(
        ("城市", group, None, "从业人员", None),
        (None, "制造业", "教育", "制造业", "教育"),
        (CITY, 10, 20, 1, 2),
        (OTHER, 30, 40, 3, 4),
        covered={(0, 2): (0, 1), (0, 4): (0, 3)},
    )
    assert {key[3]: value for key, value in values(read(sheet)).items() if key[0] == CITY} == {
        "employment_manufacturing": 1,
        "employment_education": 2,
    }
    assert lost(sheet)["column"].tolist() == ["B", "C"]


@pytest.mark.parametrize("header", ["常住人口(男)", "地区生产总值(上年=100)", "制造业(企业数)"])
def test_a_remark_that_makes_another_thing_of_a_name_is_listed(header):
    sheet = table(("城市", "金融业", header), (CITY, 1, 2), (OTHER, 3, 4))
    assert {key[3] for key in values(read(sheet))} == {"employment_finance"}
    assert "may mean another quantity" in lost(sheet)["reason"].iloc[0]
    rows = table(("城市", "指标", "2010年"), (CITY, header, 1), (CITY, "金融业", 2))
    assert {key[3] for key in values(read(rows))} == {"employment_finance"}


def test_another_remark_is_noted():
    sheet = table(("城市", "常住人口(含流动)"), (CITY, 1), (OTHER, 2))
    assert "read without the remark 含流动" in " ".join(read(sheet).listing()["reason"])


# --- unit and scope of a table ----------------------------------------------------------------


@pytest.mark.parametrize(
    "head",
    [
        (("2-1 人口 (2011年)", None, "单位：人"),),
        (("2-1 人口 (2011年) 单位：人",),),
        (("2011年",), (None,), (None, None, "单位：人、万元")),
    ],
)
def test_a_unit_beside_or_below_a_title_counts_and_so_does_the_year(head):
    sheet = table(*head, ("城市", "常住人口", "户籍人口"), (CITY, 10000, 20000), (OTHER, 1, 2))
    assert values(read(sheet))[CITY, 2011, "whole_city", "registered_population"] == 2


@pytest.mark.parametrize("unit", ["万元", "公顷、万吨"])
def test_a_unit_that_cannot_be_the_columns_is_listed_not_dropped(unit):
    sheet = table(
        (f"单位：{unit}",), ("城市", "制造业", "金融业(万人)"), (CITY, 1, 2), (OTHER, 3, 4)
    )
    assert {key[3] for key in values(read(sheet))} == {"employment_finance"}
    assert "none fits employment_manufacturing" in lost(sheet)["reason"].iloc[0]
    rows = table(
        (f"单位：{unit}",), ("城市", "指标", "2010"), (CITY, "制造业", 1), (OTHER, "教育", 1)
    )
    with pytest.raises(InputError):
        read(rows)


def test_a_title_a_sheet_or_a_file_says_the_scope():
    rows = (("城市", "常住人口"), (CITY, 1), (OTHER, 2))
    titled = table(("2-1 人口(市辖区)",), *rows)
    for sheet in (titled, table(*rows, name="市辖区"), table(*rows, file="市辖区_2006.xlsx")):
        assert {key[2] for key in values(read(sheet))} == {"districts"}
    both = read(table(*rows, name="全市"), table(*rows, name="市辖区"))
    assert {key[2] for key in values(both)} == {"whole_city", "districts"}
    plain = table(*rows, file="城市区域统计_2006.xlsx")
    assert {key[2] for key in values(read(plain))} == {"whole_city"}


def test_a_column_of_scopes_is_part_of_the_key():
    sheet = table(
        ("城市", "年份", "统计范围", "常住人口"),
        (CITY, 2010, "全市", 3),
        (CITY, 2010, "市辖区", 1),
        (OTHER, 2010, "郊区", 1),
    )
    assert values(read(sheet)) == {
        (CITY, 2010, "whole_city", "population"): 3,
        (CITY, 2010, "districts", "population"): 1,
    }
    assert "'郊区' is no scope" in lost(sheet)["reason"].iloc[0]


def test_an_indicator_says_its_scope():
    sheet = table(
        ("城市", "指标", "2010"),
        (CITY, "地区生产总值(亿元)(市辖区)", 1),
        (CITY, "地区生产总值(亿元)", 2),
    )
    assert values(read(sheet)) == {
        (CITY, 2010, "districts", "gdp_nominal"): 1,
        (CITY, 2010, "whole_city", "gdp_nominal"): 2,
    }


# --- years ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "year",
    [dt.datetime(2010, 12, 31), dt.date(2010, 1, 1), "2010-12-31", "2010/12", "FY2010", "2010.0"],
)
def test_years_written_as_dates(year):
    long = table(("城市", "年份", "常住人口"), (CITY, year, 1), (OTHER, year, 2))
    wide = table(("城市", year, 2011), (CITY, 1, 3), (OTHER, 2, 4), name="常住人口")
    for sheet in (long, wide):
        assert values(read(sheet))[OTHER, 2010, "whole_city", "population"] == 2


@pytest.mark.parametrize("year", [dt.date(2010, 6, 30), "2010-06", "2010A", 201012])
def test_a_column_of_years_that_holds_none_never_falls_back_on_the_files_name(year):
    sheet = table(("城市", "年份", "常住人口"), (CITY, year, 1), (OTHER, 2010, 2), (THIRD, year, 3))
    assert values(read(sheet)) == {(OTHER, 2010, "whole_city", "population"): 2}
    assert lost(sheet)["row"].tolist() == ["2", "4"]


def test_a_year_below_a_single_header():
    sheet = table(("城市", "常住人口"), (None, 2010), (CITY, 1), (OTHER, 2))
    assert {key[1] for key in values(read(sheet))} == {2010}


def test_a_database_export_with_codes_above_and_units_below_its_headers():
    sheet = table(
        ("Sgnyea", "Ctnm", "Gdp0101", "Pop01"),
        ("统计年度", "城市名称", "地区生产总值", "年末总人口"),
        ("没有单位", "没有单位", "万元", "没有单位"),
        ("2010-12-31", CITY, 10000, 2),
        ("2011-12-31", CITY, 20000, 3),
    )
    assert values(read(sheet)) == {
        (CITY, 2010, "whole_city", "gdp_nominal"): 1,
        (CITY, 2011, "whole_city", "gdp_nominal"): 2,
        (CITY, 2010, "whole_city", "registered_population"): 2,
        (CITY, 2011, "whole_city", "registered_population"): 3,
    }
    assert lost(sheet).empty


# --- rows and columns -------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    ["石家庄市 Shijiazhuang", "石家庄Shijiazhuang", "1.石家庄市", "石家庄市①", "石家庄市*"],
)
def test_what_stands_around_a_name(name):
    sheet = table(("城市", "常住人口"), (name, 1), ("其中：唐山市", 2), ("一、大同市(注)", 3))
    assert {key[0] for key in values(read(sheet))} == {"石家庄市", "唐山市", "大同市"}


def test_sums_are_set_aside_and_a_city_that_is_summed_is_not():
    sheet = table(
        ("城市", "常住人口"), (CITY, 1), ("地级市合计", 9), ("平均", 8), ("唐山市合计", 7)
    )
    listed = read(sheet).listing().set_index("found")["level"]
    assert (listed["地级市合计"], listed["平均"]) == ("note", "note")
    assert listed["唐山市合计"] == "lost"


def test_merged_keys_hold_for_all_their_rows_and_blank_ones_do_not():
    rows = (("城市", "年份", "常住人口"), (CITY, 2010, 1), (None, 2011, 2), (OTHER, 2010, 3))
    merged = table(*rows, covered={(2, 0): (1, 0)})
    assert values(read(merged))[CITY, 2011, "whole_city", "population"] == 2
    assert lost(table(*rows))["row"].tolist() == ["3"]


def test_a_value_merged_over_two_columns_is_listed():
    rows = (("城市", "制造业", "金融业"), (CITY, 5, None), (OTHER, 2, 3))
    assert lost(table(*rows, covered={(1, 2): (1, 1)}))["column"].tolist() == ["C"]


def test_numbers_without_a_header_are_listed_and_row_numbers_are_not():
    sheet = table((None, "城市", "常住人口", None), (1, CITY, 5, 7), (2, OTHER, 6, 8))
    row = lost(sheet)
    assert row["column"].tolist() == ["D"]
    assert "write a header" in row["reason"].iloc[0]


def test_years_across_of_an_unknown_variable_are_listed():
    plain = table(("城市", "常住人口"), (CITY, 1), file="A_2006.xlsx")
    sheet = table(("城市", 2010, 2011), (CITY, 1, 2), (OTHER, 3, 4), name="幸福感")
    assert lost(plain, sheet)["found"].tolist() == ["2010", "2011"]


def test_columns_under_one_header_that_agree_by_less_than_their_rounding_are_two():
    sheet = table(
        ("城市", "金融业", "常住人口", "常住人口"), (CITY, 1, 100.1, 100.2), (OTHER, 1, 7.1, 7.2)
    )
    assert {key[3] for key in values(read(sheet))} == {"employment_finance"}
    rounded = table(("城市", "常住人口", "常住人口"), (CITY, 100.1, 100), (OTHER, 7.1, 7))
    assert values(read(rounded))[CITY, 2005, "whole_city", "population"] == 100.1


def test_a_first_row_without_values_is_no_header():
    sheet = table(("城市", "常住人口", "制造业"), ("石家壮市", "-", "-"), (OTHER, 2, 3))
    assert "石家壮市" in read(sheet).listing()["found"].tolist()


def test_a_doubted_unit_changes_no_other_variable_of_its_column():
    def year(number):
        unit = "人" if number == 2008 else "万人"
        rows = [(city, "城镇私营和个体从业人员", unit, 10 + at) for at, city in enumerate(BIG)]
        head = ("城市", "指标", "单位", f"{number}年")
        return table(head, *rows, (CITY, "常住人口", "人", 1000000), file=f"f{number}.xlsx")

    imported = read(*map(year, (2005, 2006, 2007, 2008)))
    assert len(imported.listing().query("kind == 'unit'")) == 1
    population = imported.cells.query("variable == 'population'")["value"]
    assert population.tolist() == [100.0] * 4


def test_without_a_gazetteer_a_name_in_two_provinces_is_listed():
    sheet = table(
        ("Province", "City", "Year", "Real GDP"),
        ("Illinois", "Springfield", 2010, 1),
        ("Missouri", "Springfield", 2011, 2),
        ("Missouri", "Joplin", 2010, 3),
    )
    imported = read(sheet, country="none")
    assert set(imported.frame()["city"]) == {"Joplin"}
    assert imported.listing().query("level == 'lost'")["row"].tolist() == ["2", "3"]
