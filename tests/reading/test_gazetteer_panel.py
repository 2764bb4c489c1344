"""Panels read with `gazetteer = "china"`: official names, rows set aside, groups looked up."""

from __future__ import annotations

import pandas as pd
import pytest

from city_resilience.catalogue.gazetteer.gazetteer import load_gazetteer
from city_resilience.errors import InputError
from city_resilience.experiment.data import Data
from city_resilience.reading.places import place_cities
from city_resilience.reading.read import read_panel
from places import CITIES, SHARED

CHINA = Data(gazetteer="china", groups=("region", "broadband_china"))


def _write(folder, rows, header="城市,年份,实际地区生产总值(亿元)"):
    path = folder / "panel.csv"
    path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    return path


def test_names_become_official_and_rows_of_others_are_set_aside(tmp_path):
    rows = ["襄樊,2008,1", "Hefei,2008,2", "合计,2008,9", "湖北省,2008,5", "合计,2009,9"]
    panel = read_panel(_write(tmp_path, [*rows, "洒泉市,2008,3", "巢湖,2012,4"]), CHINA)
    assert panel.cities == ["合肥市", "巢湖市", "襄阳市", "酒泉市"]
    assert dict(zip(panel.frame["city"], panel.frame["gdp_real"], strict=True))["襄阳市"] == 1
    assert dict(zip(panel.frame["city"], panel.frame["province"], strict=True)) == {
        "合肥市": "安徽省",
        "巢湖市": "安徽省",
        "襄阳市": "湖北省",
        "酒泉市": "甘肃省",
    }
    assert "1 rows of kind province left out: 湖北省 (1)" in panel.notes
    assert "2 rows of kind total left out: 合计 (2)" in panel.notes
    assert "洒泉市 read as 酒泉市 (1 rows)" in panel.notes
    assert any(note.startswith("巢湖市 ended with 2010") for note in panel.notes)


def test_groups_are_looked_up_unless_the_file_has_them(tmp_path):
    rows = ["合肥,2008,1", "北京,2008,2"]
    panel = read_panel(_write(tmp_path, rows), CHINA)
    assert panel.groups == ("region", "broadband_china")
    assert panel.frame.set_index("city")["broadband_china"].to_dict() == {
        "合肥市": "pilot",
        "北京市": "pilot",
    }
    own = [f"{row},mine" for row in rows]
    header = "城市,年份,实际地区生产总值(亿元),region"
    panel = read_panel(_write(tmp_path, own, header), CHINA)
    assert set(panel.frame["region"]) == {"mine"}
    assert set(panel.frame["broadband_china"]) == {"pilot"}


def test_the_province_column_decides_and_its_blanks_are_filled(tmp_path):
    rows = ["江苏,Suzhou,2008,1", "安徽,Suzhou,2008,2", ",合肥,2008,3"]
    header = "省份,城市,年份,实际地区生产总值(亿元)"
    panel = read_panel(_write(tmp_path, rows, header), CHINA)
    assert panel.frame.set_index("city")["province"].to_dict() == {
        "合肥市": "安徽省",
        "宿州市": "安徽",
        "苏州市": "江苏",
    }


def test_unknown_and_ambiguous_names_are_refused_three_at_a_time(tmp_path):
    rows = ["合肥,2008,1", "Suzhou,2008,1", "苏洲市,2008,1", "吉林,2008,1", "朝阳,2008,1"]
    with pytest.raises(InputError) as caught:
        read_panel(_write(tmp_path, rows), CHINA)
    message = str(caught.value)
    assert "row 3: city 'Suzhou' is ambiguous: 苏州市 (江苏省) or 宿州市 (安徽省)" in message
    assert "row 4: city '苏洲市' is unknown, nearest: 苏州市 (江苏省)" in message
    assert "row 5: city '吉林' is ambiguous: 吉林市 (吉林省) or 吉林省" in message
    assert "朝阳" not in message
    issues = read_panel(_write(tmp_path, [*rows, "北京,2008,1"]), CHINA).issues
    assert [(issue.place.row, issue.found) for issue in issues] == [
        *((3, "Suzhou"), (4, "苏洲市"), (5, "吉林"), (6, "朝阳"))
    ]
    assert not any(issue.acceptance or issue.correction for issue in issues)
    assert "\n" not in message


def test_what_the_table_decides_is_listed(tmp_path):
    cities = [c.name for c in load_gazetteer("china").cities.values() if c.first < 2000 < c.last]
    rows = [f"{name},2008,1" for name in cities[:80] if name != "宣城市"]
    panel = read_panel(_write(tmp_path, ["宜城市,2008,7", *rows]), CHINA)
    assert panel.frame.set_index("city").loc["宣城市", "gdp_real"] == 7
    assert (
        "宜城市 taken for 宣城市: no row is a county, and no other row of its year is 宣城市 "
        "(1 rows)"
    ) in panel.notes


def test_the_level_of_the_column_decides():
    keys = {"city": pd.Series(["吉林", "朝阳", "合肥"]), "year": [2008, 2008, 2008]}
    places = place_cities(keys, "china", ("rank", "size"), level="city")
    assert places.keys["city"].tolist() == ["吉林市", "朝阳市", "合肥市"]
    assert places.notes == (
        "吉林 taken for 吉林市: the column holds prefecture-level cities (1 rows)",
        "朝阳 taken for 朝阳市: the column holds prefecture-level cities (1 rows)",
    )
    assert "size" not in places.keys
    unclear = place_cities(keys, "china", ())
    assert [issue.found for issue in unclear.issues] == ["吉林", "朝阳"]
    assert unclear.keys["city"].tolist() == ["合肥市"]


def test_two_names_of_one_city_in_one_year_are_refused(tmp_path):
    rows = ["襄樊,2008,1", "襄阳市,2008,1", "合肥,2008,3"]
    (issue,) = read_panel(_write(tmp_path, rows), CHINA).issues
    assert "襄阳市 2008 (rows 2, 3)" in issue.reason
    assert (issue.correction, issue.acceptance) == ("", "")


def test_a_file_without_cities_is_refused(tmp_path):
    with pytest.raises(InputError, match="no row is a city"):
        read_panel(_write(tmp_path, ["湖北省,2008,1", "湖南省,2008,2"]), CHINA)


def test_without_a_gazetteer_nothing_is_looked_up(tmp_path):
    panel = read_panel(_write(tmp_path, ["襄樊,2008,1", "洒泉市,2008,2"]))
    assert panel.cities == ["洒泉市", "襄樊"]
    with pytest.raises(InputError, match="region"):
        read_panel(_write(tmp_path, ["襄樊,2008,1", "洒泉市,2008,2"]), Data(groups=("region",)))


@pytest.mark.real_data(CITIES)
def test_the_real_panel_is_the_same_with_the_gazetteer():
    plain, placed = read_panel(SHARED / CITIES), read_panel(SHARED / CITIES, CHINA)
    assert placed.cities == plain.cities
    assert placed.frame[plain.frame.columns].equals(plain.frame)
    assert set(placed.frame["region"]) == {"East", "Central", "West", "Northeast"}
