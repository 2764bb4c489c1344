"""Sheets of several tables, and lines between rows: no figure is read under a head not its own."""

from __future__ import annotations

import pytest

from city_resilience.errors import InputError
from city_resilience.reading.sheet import Sheet
from workbook_inputs import CITIES, read, values

CITY, OTHER, THIRD, FOURTH = tuple(CITIES)[:4]


def table(*rows, file="Data_2006.xlsx", name="", covered=None):
    return Sheet(file, name, tuple(map(tuple, rows)), covered or {})


def held(*sheets, **options):
    """City, year, scope and variable to value, the scope left out where it is the whole city."""
    return {
        (city, year, variable) if scope == "whole_city" else (city, year, scope, variable): value
        for (city, year, scope, variable), value in values(read(*sheets, **options)).items()
    }


def lost(*sheets):
    return read(*sheets).listing().query("level == 'lost'")


@pytest.mark.parametrize("between", [(), (("续表",),), ((None,), ("2-1 续表 1",))])
def test_a_further_head_begins_a_table_of_its_own(between):
    sheet = table(
        ("城市", "常住人口", "户籍人口"),
        (CITY, 1, 2),
        *between,
        ("城 市", "制造业", "金融业"),
        (OTHER, 3, 4),
    )
    assert held(sheet) == {
        (CITY, 2005, "population"): 1,
        (CITY, 2005, "registered_population"): 2,
        (OTHER, 2005, "employment_manufacturing"): 3,
        (OTHER, 2005, "employment_finance"): 4,
    }
    assert "2 tables" in read(sheet).listing().query("kind == 'sheet'")["reason"].iloc[0]


def test_a_further_head_of_two_rows_keeps_its_scopes():
    scopes = (None, "全市", "市辖区")
    sheet = table(
        ("城市", "常住人口", None),
        scopes,
        (CITY, 1, 2),
        ("城市", "制造业", None),
        scopes,
        (CITY, 3, 4),
    )
    assert held(sheet) == {
        (CITY, 2005, "population"): 1,
        (CITY, 2005, "districts", "population"): 2,
        (CITY, 2005, "employment_manufacturing"): 3,
        (CITY, 2005, "districts", "employment_manufacturing"): 4,
    }


def test_a_further_table_has_the_year_unit_and_variable_of_its_title_else_of_the_first():
    head = ("城市", 2010, 2011)
    sheet = table(
        ("常住人口",),
        ("单位：人",),
        head,
        (CITY, 10000, 20000),
        ("城市", 2012, 2013),
        (CITY, 30000, 40000),
        ("户籍人口(万人)",),
        head,
        (CITY, 5, 6),
    )
    assert held(sheet) == {
        (CITY, 2010, "population"): 1,
        (CITY, 2011, "population"): 2,
        (CITY, 2012, "population"): 3,
        (CITY, 2013, "population"): 4,
        (CITY, 2010, "registered_population"): 5,
        (CITY, 2011, "registered_population"): 6,
    }


def test_a_footer_between_tables_is_no_title():
    sheet = table(
        ("常住人口 2011年",),
        ("城市", "常住人口"),
        (CITY, 1),
        ("注：2009年数据",),
        ("城市", "户籍人口"),
        (CITY, 2),
    )
    assert {key[1] for key in held(sheet)} == {2011}


def test_a_head_repeated_on_every_page_changes_nothing():
    first = (("人口 2011年",), ("单位：人",), ("城市", "常住人口", None), (None, "全市", "市辖区"))
    plain = table(*first, (CITY, 10000, 1), (OTHER, 20000, 2), (THIRD, 30000, 3))
    paged = table(
        *first,
        (CITY, 10000, 1),
        ("续表",),
        *first[1:],
        (OTHER, 20000, 2),
        *first[2:],
        (THIRD, 30000, 3),
    )
    assert held(paged) == held(plain)
    assert len(held(plain)) == 6


def test_hundreds_of_tables_in_one_sheet():
    names = ("常住人口", "户籍人口", "制造业", "金融业")
    rows = [row for at in range(300) for row in (("城市", names[at % 4]), (CITY, at % 4 + 1))]
    assert list(held(table(*rows)).values()) == [4, 3, 1, 2]


def test_tables_side_by_side_give_each_city_its_own_values():
    sheet = table(
        ("人口 2011年",),
        ("单位：人",),
        ("序号", "城市", "常住人口", "序号", "城市", "户籍人口"),
        (1, CITY, 10000, 3, THIRD, 30000),
        (2, OTHER, 20000, 4, FOURTH, 40000),
    )
    assert held(sheet) == {
        (CITY, 2011, "population"): 1,
        (OTHER, 2011, "population"): 2,
        (THIRD, 2011, "registered_population"): 3,
        (FOURTH, 2011, "registered_population"): 4,
    }


@pytest.mark.parametrize("years", [(), ("年份",)])
def test_lists_side_by_side_in_their_own_order(years):
    own = (2013,) * len(years)
    sheet = table(
        ("年份", "城市", "常住人口", *years, "城市", "地区生产总值"),
        (2012, CITY, 1, *own, OTHER, 4),
        (2012, OTHER, 2, *own, CITY, 3),
    )
    assert held(sheet) == {
        (CITY, 2012, "population"): 1,
        (OTHER, 2012, "population"): 2,
        (CITY, 2013 if years else 2012, "gdp_nominal"): 3,
        (OTHER, 2013 if years else 2012, "gdp_nominal"): 4,
    }


@pytest.mark.parametrize("word", ["城市", "地级市"])
def test_a_column_of_kinds_or_regions_begins_no_table(word):
    sheet = table(
        ("城市", "常住人口", "地区", "制造业", "类型"),
        (CITY, 1, "东部", 2, word),
        (OTHER, None, "中部", None, word),
        (THIRD, 3, "中部", 4, word),
    )
    assert held(sheet) == {
        (CITY, 2005, "population"): 1,
        (THIRD, 2005, "population"): 3,
        (CITY, 2005, "employment_manufacturing"): 2,
        (THIRD, 2005, "employment_manufacturing"): 4,
    }


@pytest.mark.parametrize(
    ("line", "what"),
    [
        ("2011年", "year"),
        ("单位：人", "unit"),
        ("人", "unit"),
        ("市辖区", "scope"),
        ("户籍人口", "variable"),
    ],
)
def test_rows_below_a_line_that_changes_their_meaning_are_listed_not_read(line, what):
    sheet = table(("2010年",), ("城市", "常住人口"), (CITY, 1), (line,), (OTHER, 2), (THIRD, 3))
    assert held(sheet) == {(CITY, 2010, "population"): 1}
    row = lost(sheet).iloc[0]
    assert (row["row"], row["found"]) == ("4", line.replace("：", ":"))
    assert f"rows 5 to 6 stand below this line, which says another {what}" in row["reason"]


def test_lines_below_the_headers_say_year_unit_and_scope():
    sheet = table(
        ("城市", "常住人口", "户籍人口"),
        ("2010年",),
        ("单位：人",),
        ("市辖区",),
        (CITY, 10000, 20000),
        (OTHER, 30000, 40000),
    )
    assert held(sheet)[OTHER, 2010, "districts", "population"] == 3


def test_values_beside_a_word_of_a_head_are_listed():
    sheet = table(("城市", "常住人口"), (CITY, 1), ("市辖区", 0.5), (OTHER, 2), ("市辖区", 0.7))
    assert held(sheet) == {(CITY, 2005, "population"): 1, (OTHER, 2005, "population"): 2}
    assert lost(sheet)["row"].tolist() == ["3", "5"]


@pytest.mark.parametrize(
    ("sheet", "reason"),
    [
        (
            table(("年份", CITY, OTHER, THIRD), (2010, 1, 2, 3), name="常住人口"),
            "3 cities stand side by side in one row; transpose",
        ),
        (
            table(("指标", CITY, OTHER), ("常住人口", 1, 2)),
            "2 cities stand side by side in one row; transpose",
        ),
        (
            table(("年份", "常住人口"), (2010, 1), (2011, 2), name=CITY),
            "in a column headed city or 城市",
        ),
        (
            table(("城市", "Sgnyea", "常住人口"), (CITY, 2010, 1), (CITY, 2011, 2)),
            "column 'Sgnyea' holds the years of its rows; head it 年份",
        ),
    ],
)
def test_shapes_that_are_not_read_say_what_to_do(sheet, reason):
    plain = table(("城市", "常住人口"), (CITY, 1), file="A_2006.xlsx")
    row = lost(plain, sheet).iloc[0]
    assert (row["kind"], row["file"], row["sheet"]) == ("sheet", sheet.file, sheet.name)
    assert reason in row["reason"]
    with pytest.raises(InputError):
        read(sheet)
