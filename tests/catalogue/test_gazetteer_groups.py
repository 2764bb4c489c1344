"""Groups and boundary changes of the units of the gazetteer `china`."""

from __future__ import annotations

import pandas as pd
import pytest

from city_resilience.catalogue.gazetteer.gazetteer import load_gazetteer
from city_resilience.catalogue.gazetteer.groups import COMPUTED_GROUPS, GROUPS
from city_resilience.errors import InputError

CHINA = load_gazetteer("china")
LOOKED_UP = [group for group in GROUPS if group not in COMPUTED_GROUPS]
LEVELS = {
    "region": {"East", "Central", "West", "Northeast"},
    "yangtze_belt": {"inside", "outside"},
    "chengdu_chongqing": {"inside", "outside"},
    "rank": {"municipality", "sub_provincial", "provincial_capital", "prefecture"},
    "resource_type": {"growing", "mature", "declining", "regenerating", "none"},
    "broadband_china": {"pilot", "none"},
    "broadband_china_level": {"city", "cluster", "partial", "none"},
    "low_carbon": {"pilot", "none"},
    "low_carbon_level": {"city", "province", "partial", "none"},
    "innovative_city": {"pilot", "none"},
    "innovative_city_level": {"city", "partial", "none"},
}

# data years into which growth is an artefact, by the unit whose area changed
BREAKS = {
    "巢湖市": {2011},
    "合肥市": {2011},
    "芜湖市": {2011},
    "马鞍山市": {2011},
    "莱芜市": {2019},
    "济南市": {2019},
    "安庆市": {2015, 2016},
    "铜陵市": {2015, 2016},
    "六安市": {2015, 2016},
    "淮南市": {2015, 2016},
    "资阳市": {2016},
    "成都市": {2016},
    "四平市": {2020},
    "长春市": {2020},
    "儋州市": {2015},
    "昌吉回族自治州": {2007},
    "乌鲁木齐市": {2007},
    "石嘴山市": {2003},
    "固原市": {2003},
    "中卫市": {2003},
    "吴忠市": {2002, 2003},
    "银川市": {2002, 2003},
    "南宁地区": {2002},
    "南宁市": {2002},
    "崇左市": {2002},
    "柳州地区": {2002},
    "柳州市": {2002},
    "来宾市": {2002},
    "海口市": {2002},
    "阜阳市": {2000},
    "亳州市": {2000},
    "孝感市": {2000},
    "随州市": {2000},
}


def test_groups_of_a_unit():
    assert CHINA.groups_of("320500") == {
        "region": "East",
        "yangtze_belt": "inside",
        "chengdu_chongqing": "outside",
        "rank": "prefecture",
        "resource_type": "none",
        "broadband_china": 2014,
        "broadband_china_level": "city",
        "low_carbon": 2012,
        "low_carbon_level": "city",
        "innovative_city": "by 2016",
        "innovative_city_level": "city",
    }
    assert CHINA.groups_of("510100")["chengdu_chongqing"] == "inside"
    assert CHINA.groups_of("140600")["resource_type"] == "growing"
    with pytest.raises(InputError, match="no unit '999999'"):
        CHINA.groups_of("999999")


def test_every_unit_has_every_group():
    assert list(LEVELS) == LOOKED_UP
    for group in LOOKED_UP:
        assert {CHINA.group_label(code, group) for code in CHINA.cities} == LEVELS[group]
    assert len(CHINA.cities) == 342


def test_a_pilot_begins_in_its_year():
    before, after = CHINA.groups_of("320500", 2013), CHINA.groups_of("320500", 2014)
    assert (before["broadband_china"], before["broadband_china_level"]) == (None, None)
    assert (after["broadband_china"], after["broadband_china_level"]) == (2014, "city")


def test_part_of_a_unit_is_no_pilot_but_is_told():
    # 江津 and 荣昌 of Chongqing from 2015
    chongqing = CHINA.groups_of("500000")
    assert (chongqing["broadband_china"], chongqing["broadband_china_level"]) == (None, "partial")
    assert CHINA.groups_of("500000", 2014)["broadband_china_level"] is None
    assert CHINA.group_label("500000", "broadband_china") == "none"
    # the county-level city 永城 of Shangqiu in 2015, all of it a year later
    assert CHINA.groups_of("411400", 2015)["broadband_china_level"] == "partial"
    assert CHINA.groups_of("411400", 2016)["broadband_china_level"] == "city"
    assert CHINA.group_label("430100", "broadband_china_level") == "cluster"
    # 海淀 of Beijing
    assert CHINA.groups_of("110000")["innovative_city"] is None
    assert CHINA.group_label("110000", "innovative_city_level") == "partial"


def test_an_unknown_or_computed_group_is_refused():
    with pytest.raises(InputError, match=r"no group 'low_carbn'.*nearest: 'low_carbon'"):
        CHINA.group_label("320500", "low_carbn")
    with pytest.raises(InputError, match="'size' is computed from a panel's population"):
        CHINA.group_label("320500", "size")


def test_group_sizes_are_the_official_ones():
    now = [code for code, city in CHINA.cities.items() if city.last > 2024]
    sizes = pd.DataFrame(
        {group: [CHINA.group_label(code, group) for code in now] for group in LOOKED_UP}, index=now
    )
    assert (sizes["rank"] == "municipality").sum() == 4
    assert (sizes["rank"] == "sub_provincial").sum() == 15
    cities = [CHINA.cities[c].kind in ("municipality", "prefecture_level_city") for c in now]
    assert (sizes["yangtze_belt"][cities] == "inside").sum() == 110
    # of 117 units of the three lists, 8 are not a whole city and one is a cluster of three
    assert (sizes["broadband_china_level"] == "city").sum() == 109
    assert (sizes["broadband_china_level"] == "cluster").sum() == 3
    # of the 78 of the two lists, 72 are whole cities
    assert (sizes["innovative_city"] == "pilot").sum() == 72
    resource = [CHINA.group_label(code, "resource_type") for code in CHINA.cities]
    assert len(resource) - resource.count("none") == 126


def test_boundary_changes_stand_at_both_ends():
    assert CHINA.boundary_changes("340700")[0] == (2015, "枞阳县 came from 安庆市")
    assert CHINA.boundary_changes("340800")[0] == (2015, "枞阳县 went to 铜陵市")
    assert (2020, "公主岭市 came from 四平市") in CHINA.boundary_changes("220100")
    assert CHINA.boundary_changes("320500") == []


def test_the_years_of_all_boundary_changes():
    found = {
        city.name: {year for year, _ in CHINA.boundary_changes(code)}
        for code, city in CHINA.cities.items()
    }
    assert {name: years for name, years in found.items() if years} == BREAKS
