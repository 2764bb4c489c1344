"""English names stand beside Chinese ones, and no two places are called alike."""

from __future__ import annotations

from city_resilience.report.place_names import place_names
from city_resilience.report.texts import Texts


def names_of(*rows: tuple[str, str, str]) -> list[str]:
    cities = [dict(zip(("city", "province", "name_en"), row, strict=True)) for row in rows]
    found = place_names(cities, Texts())
    assert [name["zh"] for name in found.values()] == [row[0] for row in rows]
    return [name["en"] for name in found.values()]


def test_cities_of_one_english_name_have_their_province_behind_it() -> None:
    rows = (
        ("福州市", "福建省", "Fuzhou"),
        ("抚州市", "江西省", "Fuzhou"),
        ("郑州市", "", "Zhengzhou"),
    )
    assert names_of(*rows) == ["Fuzhou (Fujian)", "Fuzhou (Jiangxi)", "Zhengzhou"]


def test_names_that_a_province_does_not_tell_apart_stay_as_they_are() -> None:
    assert names_of(("甲市", "河南省", "Jia"), ("贾市", "河南省", "Jia")) == ["甲市", "贾市"]


def test_other_places_keep_their_names_and_provinces_have_english_ones() -> None:
    assert names_of(("Ohio", "", ""), ("<b>", "North", "")) == ["Ohio", "<b>"]
    assert Texts().level("province", "内蒙古自治区") == {
        "en": "Inner Mongolia",
        "zh": "内蒙古自治区",
    }
    assert Texts().level("province", "North") == {"en": "North", "zh": "North"}
