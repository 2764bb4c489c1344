"""The gazetteer `china`: hard names, each resolved alone."""

from __future__ import annotations

import pytest

from city_resilience.catalogue.gazetteer.gazetteer import load_gazetteer
from city_resilience.catalogue.gazetteer.lookup import Match, NotFound
from city_resilience.errors import InputError

CHINA = load_gazetteer("china")

# name, year, province, code, how: checked by hand against the list of administrative divisions
HARD = [
    ("苏州", None, "", "320500", "exact"),
    ("苏州市", None, "", "320500", "exact"),
    ("宿州", None, "", "341300", "exact"),
    ("Suzhou", None, "安徽省", "341300", "pinyin"),
    ("Suzhou City", None, "Jiangsu", "320500", "pinyin"),
    ("Suzhou (Anhui)", None, "", "341300", "pinyin"),
    ("吉林市", None, "", "220200", "exact"),
    ("吉林", None, "吉林省", "220200", "exact"),
    ("海南", None, "青海", "632500", "exact"),
    ("海南州", None, "", "632500", "alias"),
    ("朝阳市", None, "", "211300", "exact"),
    ("朝阳", None, "辽宁", "211300", "exact"),
    ("抚州", None, "", "361000", "exact"),
    ("福州", None, "", "350100", "exact"),
    ("Fuzhou", None, "江西省", "361000", "pinyin"),
    ("Fuzhou(city)", None, "Fujian Province", "350100", "pinyin"),
    ("宜春", None, "", "360900", "exact"),
    ("伊春", None, "", "230700", "exact"),
    ("Yichun", None, "黑龙江", "230700", "pinyin"),
    ("玉林", None, "", "450900", "exact"),
    ("榆林", None, "", "610800", "exact"),
    ("Yulin", None, "陕西", "610800", "pinyin"),
    ("Yulin", None, "广西", "450900", "pinyin"),
    ("泰州", None, "", "321200", "exact"),
    ("台州", None, "", "331000", "exact"),
    ("Taizhou", None, "浙江省", "331000", "pinyin"),
    ("Jingzhou", None, "辽宁省", "210700", "pinyin"),
    ("Jingzhou", None, "湖北省", "421000", "pinyin"),
    ("Jilin City", None, "", "220200", "pinyin"),
    ("Hainan Prefecture", None, "", "632500", "pinyin"),
    ("Xilin Gol League", None, "", "152500", "pinyin"),
    ("襄樊市", 2008, "", "420600", "former name"),
    ("襄樊", 2015, "", "420600", "former name"),
    ("襄阳", 2005, "", "420600", "exact"),
    ("思茅", 2005, "", "530800", "former name"),
    ("普洱市", 2020, "", "530800", "exact"),
    ("Simao", 2005, "", "530800", "pinyin"),
    ("淮阴市", 2000, "", "320800", "former name"),
    ("淮阴", 2000, "", "320800", "former name"),
    ("四安市", None, "", "610100", "confusable"),
    ("毫州市", None, "", "341600", "confusable"),
    ("洒泉市", None, "", "620900", "confusable"),
    ("鸡两市", None, "", "230300", "confusable"),
    ("宿辽市", None, "", "321300", "confusable"),
    ("宜城市", 2007, "安徽", "341800", "confusable"),
    ("秦州市", 2010, "江苏", "321200", "confusable"),
    ("哈密\u200b", 2018, "", "650500", "exact"),
    ("石 家　庄 市", None, "", "130100", "exact"),
    ("Xi’an", None, "", "610100", "pinyin"),
    ("Ma'anshan(city)", None, "", "340500", "pinyin"),
    ("巢湖市", 2010, "", "341400", "exact"),
    ("莱芜", 2018, "", "371200", "exact"),
    ("伊犁", 2010, "", "654000", "exact"),
    ("恩施州", None, "", "422800", "alias"),
    ("伊克昭盟", 2000, "", "150600", "former name"),
    ("毕节地区", 2009, "", "520500", "former name"),
    ("眉山地区", 1999, "", "511400", "former name"),
    ("西安", None, "", "610100", "exact"),
    ("大同", None, "山西省", "140200", "exact"),
    ("北京", None, "", "110000", "exact"),
    ("喀什", None, "", "653100", "exact"),
    ("阿里地区", None, "", "542500", "exact"),
    ("通辽市（哲里木盟）", None, "", "150500", "alias"),
]

AMBIGUOUS = {
    "Suzhou": ("苏州市", "宿州市"),
    "suzhou city": ("苏州市", "宿州市"),
    "吉林": ("吉林市", "吉林省"),
    "Jilin": ("吉林市", "吉林省"),
    "海南": ("海南藏族自治州", "海南省"),
    "朝阳": ("朝阳市", "朝阳区"),
    "Fuzhou": ("福州市", "抚州市"),
    "Yichun": ("伊春市", "宜春市"),
    "Yulin": ("玉林市", "榆林市"),
    "Taizhou": ("泰州市", "台州市"),
    "Jingzhou": ("锦州市", "荆州市"),
    "宜城市": ("宣城市", "宜城市"),
    "秦州市": ("泰州市", "天水市"),
    "淮阴": ("淮安市", "淮阴区"),
}

OTHERS = {
    "湖北省": "province",
    "内蒙古": "province",
    "Jilin(province)": "province",
    "Hainan (province)": "province",
    "广西省": "province",
    "城市合计": "total",
    "合　计": "total",
    "Total": "total",
    "全市": "header",
    "济源市": "county",
    "仙桃市": "county",
    "石河子市": "county",
    "和县": "county",
    "喀什市": "county",
    "涪陵": "county",
}


@pytest.mark.parametrize(("name", "year", "province", "adcode", "how"), HARD)
def test_hard_names(name, year, province, adcode, how):
    match = CHINA.resolve(name, year, province)
    assert isinstance(match, Match)
    assert (match.kind, match.adcode, match.how) == ("city", adcode, how)
    assert match.name == CHINA.cities[adcode].name
    if how == "confusable":
        assert f"read as {match.name}" in match.note


@pytest.mark.parametrize("name", AMBIGUOUS)
def test_never_guesses(name):
    answer = CHINA.resolve(name)
    assert isinstance(answer, NotFound)
    assert answer.ambiguous
    assert tuple(dict.fromkeys(c.split(" (")[0] for c in answer.candidates)) == AMBIGUOUS[name]


@pytest.mark.parametrize("name", OTHERS)
def test_what_is_no_city(name):
    match = CHINA.resolve(name)
    assert isinstance(match, Match)
    assert match.kind == OTHERS[name]


def test_the_province_decides_between_city_province_and_county():
    assert CHINA.resolve("海南", province="海南省").kind == "province"
    assert CHINA.resolve("朝阳", province="北京").adcode == "110105"
    assert CHINA.resolve("大同", province="黑龙江").kind == "county"
    assert CHINA.resolve("苏州市", province="安徽").reason == "not in 安徽省, but 苏州市 (江苏省)"


def test_a_name_of_counties_alone_is_a_county():
    match = CHINA.resolve("朝阳区")
    assert (match.kind, match.adcode) == ("county", "")
    assert match.note == "a county of 北京市 or 吉林省"
    assert CHINA.resolve("朝阳区", province="吉林").adcode == "220104"


def test_unknown_names_come_with_the_nearest():
    answer = CHINA.resolve("苏洲市")
    assert isinstance(answer, NotFound)
    assert answer.reason == "unknown"
    assert answer.candidates[0] == "苏州市 (江苏省)"
    assert CHINA.resolve("").candidates == ()
    assert isinstance(CHINA.resolve("涪陵市"), NotFound)


def test_dissolved_units_end():
    note = CHINA.resolve("巢湖", 2011).note
    assert note == "巢湖市 ended with 2010; successor: 合肥市, 芜湖市, 马鞍山市"
    assert CHINA.resolve("莱芜市", 2019).note == "莱芜市 ended with 2018; successor: 济南市"
    assert CHINA.resolve("儋州市", 2010).note == "儋州市 is of prefecture level from 2015 on"


def test_every_official_and_short_name_finds_its_unit_or_says_ambiguous():
    short = {c.short for c in CHINA.cities.values() if _is_not(CHINA.resolve(c.short), c.adcode)}
    assert short == {"吉林", "海南", "朝阳"}
    assert not [c for c in CHINA.cities.values() if _is_not(CHINA.resolve(c.name), c.adcode)]


def test_provinces_know_their_cities():
    for city in CHINA.cities.values():
        assert not _is_not(CHINA.resolve(city.short, 2000, city.province), city.adcode)
        assert city.province in CHINA.provinces.values()


def test_coordinates_are_longitude_then_latitude():
    assert CHINA.coordinates("110000") == pytest.approx((116.4, 39.9), abs=0.1)


def test_an_unknown_gazetteer_is_refused():
    with pytest.raises(InputError, match="'mars' does not exist"):
        load_gazetteer("mars")


def _is_not(answer, adcode):
    return isinstance(answer, NotFound) or answer.adcode != adcode
