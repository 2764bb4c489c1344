"""What a Chinese place may be typed as: pinyin, first letters, former names."""

from __future__ import annotations

import pytest

from city_resilience.catalogue.gazetteer.gazetteer import load_gazetteer
from city_resilience.catalogue.gazetteer.search import english_name, first_letters, search_keys


@pytest.mark.parametrize(
    ("name", "keys"),
    [
        ("郑州市", {"zhengzhou", "zz"}),
        ("西安市", {"xian", "xa"}),
        ("济南市", {"jinan", "jn"}),
        ("襄阳市", {"xiangyang", "xy", "襄樊", "xiangfan", "xf"}),
        ("呼和浩特市", {"hohhot", "huhehaote", "hhht"}),
        ("河南省", {"henan", "hn"}),
        ("São Paulo", {"sao paulo"}),
    ],
)
def test_a_place_is_found_by_what_people_type(name: str, keys: set[str]) -> None:
    assert keys <= set(search_keys(name))


@pytest.mark.parametrize("name", ["Ohio", "Velmora", "", "市", "<b>x</b>"])
def test_a_name_that_is_no_unit_has_no_further_keys(name: str) -> None:
    assert search_keys(name) == []


def test_a_name_that_may_mean_several_units_has_the_keys_of_none() -> None:
    assert search_keys("Suzhou") == []
    assert "sz" in search_keys("苏州市", "江苏省")


def test_every_unit_has_a_key_and_nearly_all_have_first_letters() -> None:
    cities = load_gazetteer("china").cities.values()
    keys = {city.adcode: search_keys(city.name, city.province) for city in cities}
    assert all(keys.values())
    lettered = [city for city in cities if city.name.endswith("市") and first_letters(city.name_en)]
    assert len(lettered) > 0.93 * sum(city.name.endswith("市") for city in cities)
    for city in lettered:
        assert len(first_letters(city.name_en)) == len(city.short), city.name


def test_every_city_has_an_english_name_beside_its_chinese_one() -> None:
    cities = load_gazetteer("china").cities.values()
    assert all(english_name(city.name, city.province) == city.name_en for city in cities)
    assert english_name("Zhengzhou") == ""
    assert english_name("不存在市") == ""
