"""Money in any currency keeps its unit; nothing is called yuan that is not."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from city_resilience.audit.audit import audit_panel
from city_resilience.reading.panel import Panel
from city_resilience.reading.read import read_panel
from city_resilience.resilience.measure_panel import measure_panel
from city_resilience.resilience.window import Window


def read(header: str, outcome: str = "") -> Panel:
    rng = np.random.default_rng(0)
    rows = [(f"Place {i}", 2010 + t) for i in range(8) for t in range(9)]
    frame = pd.DataFrame(rows, columns=["city", "year"])
    frame[header] = 40000.0 * np.exp(rng.normal(0, 0.03, len(frame)).cumsum())
    frame["population (10k)"] = 80.0
    return read_panel(frame, outcome=outcome)


@pytest.mark.parametrize(
    "unit",
    [
        *("million EUR", "billion rupiah", "thousand won", "crore rupees", "亿日元", "million GBP"),
        *("million usd", "billion zorkmid"),
    ],
)
def test_a_currency_is_carried_as_it_is_found(unit):
    panel = read(f"GDP ({unit})")
    variable = panel.variables["gdp_nominal"]
    assert variable.unit == unit
    assert not any("yuan" in note for note in panel.notes)
    assert panel.frame["gdp_nominal"].median() > 1000
    assert not [issue for issue in audit_panel(panel).issues if issue.kind == "unit"]


def test_prices_stay_with_the_unit():
    panel = read("GDP (million euro, 2015 prices)")
    assert panel.variables["gdp_real"].unit == "million euro, 2015 prices"


def test_what_is_per_head_stays_so():
    assert read("GDP per capita (EUR)").variables["gdp_per_head"].unit == "EUR per person"


@pytest.mark.parametrize(("unit", "factor"), [("万元", 1e-4), ("100m yuan", 1.0)])
def test_yuan_is_converted(unit, factor):
    panel = read(f"GDP ({unit})")
    assert panel.variables["gdp_nominal"].unit == "100m yuan"
    assert panel.frame["gdp_nominal"].iloc[0] == pytest.approx(
        factor * read("GDP (亿元)").frame["gdp_nominal"].iloc[0]
    )


def test_growth_does_not_depend_on_the_currency():
    window = [Window.parse("2012:2014")]
    found = [
        measure_panel(read(f"GDP ({unit})"), "gdp_nominal", ["growth_gap"], window)["growth_gap"]
        for unit in ("million EUR", "亿元")
    ]
    np.testing.assert_allclose(*found, atol=1e-10)


def test_an_unknown_remark_is_no_currency():
    assert read("GDP (provisional)").variables["gdp_nominal"].unit == "100m yuan"
