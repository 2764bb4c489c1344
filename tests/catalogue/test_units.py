import pytest

from city_resilience.catalogue.units import conversion_factor, parse_unit


@pytest.mark.parametrize(
    ("found", "wanted", "factor"),
    [
        ("万元", "亿元", 1e-4),
        ("亿元", "万元", 1e4),
        ("元", "100m yuan", 1e-8),
        ("10k yuan", "100m yuan", 1e-4),
        ("100 million yuan", "亿元", 1.0),
        ("RMB bn", "100m yuan", None),
        ("百万美元", "million usd", 1.0),
        ("万美元", "million usd", 0.01),
        ("美元", "yuan", None),
        ("%", "fraction", 0.01),
        ("％", "fraction", 0.01),
        ("per cent", "fraction", 0.01),
        ("fraction", "percent", 100.0),
        ("人", "万人", 1e-4),
        ("persons", "10k persons", 1e-4),
        ("thousand persons", "10k persons", 0.1),
        ("10k", "万人", 1.0),
        ("万户", "10k households", 1.0),
        ("吨", "万吨", 1e-4),
        ("tonnes", "10k tonnes", 1e-4),
        ("百万吨", "10k tonnes", 100.0),
        ("公顷", "km2", 0.01),
        ("km²", "平方公里", 1.0),
        ("10k_km2", "km2", 1e4),
        ("人/平方公里", "persons per km2", 1.0),
        ("万人/平方公里", "persons per km2", 1e4),
        ("元/人", "yuan per person", 1.0),
        ("元", "yuan per person", 1.0),
        ("yuan per person", "yuan", None),
        ("对数", "log", 1.0),
        ("log", "100m yuan", None),
        ("吨", "万人", None),
    ],
)
def test_conversion(found, wanted, factor):
    a, b = parse_unit(found), parse_unit(wanted)
    if factor is None:
        assert a is None or b is None or conversion_factor(a, b) is None
    else:
        assert a is not None
        assert b is not None
        assert conversion_factor(a, b) == factor


@pytest.mark.parametrize("text", ["", "2000", "2000年价", "制造业", "per", "a/b/c", "10k things"])
def test_not_a_unit(text):
    assert parse_unit(text) is None
