"""Names that only the table they stand in decides."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from city_resilience.catalogue.gazetteer.gazetteer import load_gazetteer
from city_resilience.catalogue.gazetteer.lookup import Match, NotFound
from city_resilience.catalogue.gazetteer.resolve_table import resolve_table
from city_resilience.errors import InputError

CHINA = load_gazetteer("china")
LIKE = [
    city.name
    for city in CHINA.cities.values()
    if city.first <= 2000
    and city.last > 2024
    and city.short not in ("宣城", "朝阳", "吉林", "淮安", "苏州", "宿州", "海南")
][:80]
OPEN = ["宜城市", "朝阳", "吉林", "淮阴", "Suzhou", "Jingzhou", "海南", "秦州市"]


def resolved(names, year=2008, provinces=(), **how):
    return resolve_table(CHINA, names, [year] * len(names), provinces, **how)


def only(name, company, **how):
    return resolved([name, *company], **how)[0]


def test_a_column_of_prefecture_level_cities_has_no_provinces_and_counties():
    names = ["吉林", "朝阳", "淮阴", "宜城市", "海南", "Suzhou"]
    answers = resolved(names, level="city")
    assert [answer.name for answer in answers[:5]] == [
        "吉林市",
        "朝阳市",
        "淮安市",
        "宣城市",
        "海南藏族自治州",
    ]
    assert {answer.how for answer in answers[:5]} == {"table"}
    assert answers[0].note == "吉林 taken for 吉林市: the column holds prefecture-level cities"
    assert answers[5] == CHINA.resolve("Suzhou", 2008)


def test_a_name_that_is_clear_alone_is_not_touched():
    names = ["喀什市", "湖北省", "合计", "巢湖", "洒泉市", "和县"]
    assert resolved(names, level="city") == [CHINA.resolve(name, 2008) for name in names]


@pytest.mark.parametrize(
    ("name", "unit", "note"),
    [
        ("宜城市", "宣城市", "no row is a county, and no other row of its year is 宣城市"),
        ("朝阳", "朝阳市", "no row is a county, and no other row of its year is 朝阳市"),
        ("吉林", "吉林市", "no row is a province, and no other row of its year is 吉林市"),
    ],
)
def test_company_of_one_level_decides(name, unit, note):
    answer = only(name, LIKE)
    assert (answer.name, answer.how) == (unit, "table")
    assert answer.note == f"{name} taken for {unit}: {note}"
    assert only(name, LIKE[:49]).ambiguous
    assert only(name, LIKE[:50]).name == unit


@pytest.mark.parametrize(
    ("name", "company"),
    [
        ("宜城市", "宣城市"),
        ("宜城市", "Xuancheng"),
        ("宜城市", "仙桃市"),
        ("宜城市", "和县"),
        ("朝阳", "Chaoyang"),
        ("朝阳", "海淀区"),
        ("吉林", "辽宁省"),
        ("吉林", "吉林省"),
        ("吉林", "吉林市"),
    ],
)
def test_other_company_leaves_the_name_open(name, company):
    assert only(name, [*LIKE, company], order=False).ambiguous


@pytest.mark.parametrize(("name", "company"), [("宜城市", "湖北省"), ("吉林", "和县")])
def test_only_company_of_the_rival_level_counts(name, company):
    assert only(name, [*LIKE, company], order=False).how == "table"


def test_units_of_another_year_are_no_company():
    names, years = ["宜城市", "宣城市", *LIKE], [2008, 2011, *[2008] * len(LIKE)]
    assert resolve_table(CHINA, names, years)[0].name == "宣城市"
    years = [2008, 2011, *[2011] * len(LIKE)]
    assert resolve_table(CHINA, names, years)[0].ambiguous


def test_a_unit_that_is_not_in_force_is_not_inferred():
    ended = replace(CHINA.cities["341800"], last=2007)
    gazetteer = replace(CHINA, cities={**CHINA.cities, "341800": ended})
    names = ["宜城市", *LIKE]
    answers = [resolve_table(gazetteer, names, [y] * len(names))[0] for y in (2007, 2008)]
    assert answers[0].name == "宣城市"
    assert answers[1].ambiguous


def test_two_names_that_could_be_the_unit_leave_both_open():
    answers = resolved(["朝阳", "朝 阳", *LIKE])
    assert {answer.ambiguous for answer in answers[:2]} == {True}
    assert only("Suzhou", LIKE).ambiguous


def test_repeated_rows_are_one_naming_as_long_as_units_repeat_too():
    twice = [*LIKE, *LIKE]
    assert {answer.name for answer in resolved(["朝阳", "朝阳", *twice])[:2]} == {"朝阳市"}
    assert {answer.ambiguous for answer in resolved(["朝阳", "朝阳", *LIKE])[:2]} == {True}


IN_ORDER = [
    *("北京市", "天津市", "河北省", "石家庄市", "唐山市", "辽宁省", "沈阳市", "大连市", "朝阳"),
    *("吉林", "长春市", "吉林", "四平市", "江苏省", "南京市", "Suzhou", "安徽省", "合肥市"),
    *(
        "Suzhou",
        "宜城市",
        "湖北省",
        "武汉市",
        "宜城市",
        "海南",
        "海口市",
        "青海省",
        "西宁市",
        "海南",
    ),
]


LIKE_IN_ORDER = [
    name
    for province in ("浙江省", "山东省", "河南省", "湖南省", "广东省")
    for name in (province, *(c.name for c in CHINA.cities.values() if c.province == province))
    if name != "莱芜市"
]


def test_the_province_row_above_decides():
    answers = resolved(IN_ORDER)
    decided = [(a.name, a.kind) for a in answers if a.how == "table"]
    assert decided == [
        ("朝阳市", "city"),
        ("吉林省", "province"),
        ("吉林市", "city"),
        ("苏州市", "city"),
        ("宿州市", "city"),
        ("宣城市", "city"),
        ("宜城市", "county"),
        ("海南省", "province"),
        ("海南藏族自治州", "city"),
    ]
    notes = [answer.note for answer in answers if answer.name == "苏州市"]
    assert notes == ["Suzhou taken for 苏州市: it stands below 江苏省"]


def test_without_order_the_province_rows_decide_nothing():
    answers = resolved(IN_ORDER, order=False)
    assert all(isinstance(answer, NotFound) or answer.how != "table" for answer in answers)
    out_of_order = sorted(IN_ORDER)
    assert resolved(out_of_order) == resolved(out_of_order, order=False)


def test_a_province_above_that_holds_no_reading_leaves_the_name_open():
    names = ["江苏省", "南京市", "无锡市", "常州市", "宜城市"]
    assert resolved(names)[4].ambiguous


def test_a_province_named_in_full_is_not_found_again_in_its_short_name():
    names = ["吉林省", "长春市", "四平市", "通化市", "辽宁省", "沈阳市", "吉林"]
    assert resolved(names)[-1].ambiguous


def test_a_province_row_repeated_by_year_is_not_taken_for_its_city():
    names = ["辽宁省", "沈阳市", "大连市", "吉林", "吉林", "长春市", "吉林", "四平市"]
    years = [2008, 2008, 2008, 2008, 2009, 2008, 2008, 2008]
    answers = resolve_table(CHINA, names, years)
    assert [answer.name for answer in answers[3::3]] == ["吉林省", "吉林市"]
    assert answers[4].ambiguous


def test_a_unit_that_a_row_names_is_not_inferred_for_another():
    assert resolved(["吉林市", "吉林"], level="city")[1].ambiguous
    names = ["安徽省", "合肥市", "宣城市", "芜湖市", "宜城市"]
    assert resolved(names)[4].ambiguous
    other = resolve_table(CHINA, ["吉林市", "吉林"], [2008, 2009], level="city")
    assert other[1].name == "吉林市"


def test_a_lost_province_row_decides_nothing():
    lost = [*("福建省", "福州市", "厦门市", "Fuzhou", "南昌市", "Fuzhou", "九江市"), *IN_ORDER]
    lost = [*IN_ORDER, *LIKE_IN_ORDER, *lost]
    answers = dict(zip(range(len(lost)), resolved(lost), strict=True))
    first = len(IN_ORDER) + len(LIKE_IN_ORDER)
    assert [answers[first + at].reason for at in (3, 5)] == [CHINA.resolve("Fuzhou").reason] * 2


def test_the_own_province_of_a_row_comes_first():
    answers = resolved(["Suzhou", "Suzhou", "朝阳"], provinces=["江苏", "安徽省", "北京"])
    assert [answer.adcode for answer in answers] == ["320500", "341300", "110105"]
    assert answers[0].how == "pinyin"


@given(st.data())
@settings(max_examples=40)
def test_row_order_counts_for_province_rows_alone(data):
    others = st.sampled_from(["湖北省", "和县", "宣城市", "合计", "某某市", "朝阳区"])
    names = data.draw(st.lists(st.sampled_from(OPEN), min_size=1, max_size=4))
    names += data.draw(st.lists(others, max_size=2)) + LIKE[: data.draw(st.integers(45, 60))]
    level = data.draw(st.sampled_from(["", "city"]))
    order = data.draw(st.permutations(range(len(names))))
    there = resolved(names, level=level, order=False)
    back = resolved([names[at] for at in order], level=level, order=False)
    assert back == [there[at] for at in order]


def test_what_cannot_be_asked_is_refused():
    with pytest.raises(InputError, match="level 'county' does not exist"):
        resolved(["合肥"], level="county")
    with pytest.raises(InputError, match="2 names, 1 years and 2 provinces"):
        resolve_table(CHINA, ["合肥", "芜湖"], [2008])
    assert resolve_table(CHINA, [], []) == []
    assert isinstance(resolve_table(CHINA, ["合肥"], [None])[0], Match)
