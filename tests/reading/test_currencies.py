"""Money in any currency keeps its unit; nothing is called yuan that is not."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from city_resilience.audit.audit import audit_panel
from city_resilience.experiment.data import Data
from city_resilience.experiment.experiment import Experiment
from city_resilience.reading.panel import Panel
from city_resilience.reading.read import read_panel
from city_resilience.reading.sheets.importer import import_sheets
from city_resilience.reading.sheets.labelled import labelled
from city_resilience.reading.sheets.options import Options, options_of
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
    panel = read("GDP (provisional)")
    assert panel.variables["gdp_nominal"].unit == ""
    assert "column 'GDP (provisional)': 'provisional' not understood" in panel.notes


HEADERS = {
    "GDP": "",
    "gdp_nominal": "",
    "GDP (provisional)": "",
    "GDP (million)": "million",
    "GDP (million EUR)": "million EUR",
    "GDP (10k yuan)": "100m yuan",
    "地区生产总值": "100m yuan",
}


@pytest.mark.parametrize(("header", "unit"), HEADERS.items())
@pytest.mark.parametrize("language", ["zh", "en", "id"])
def test_money_is_yuan_only_where_something_says_so(tmp_path, header, unit, language):
    frame = pd.DataFrame({"city": list("AABB"), "year": [2010, 2011] * 2, header: [5, 6, 7, 8]})
    frame.to_csv(tmp_path / "panel.csv", index=False)
    panel = read_panel(tmp_path / "panel.csv")
    imported = import_sheets([tmp_path / "panel.csv"], Options(country="none"))
    assert panel.variables["gdp_nominal"].unit == unit
    assert imported.variables["gdp_nominal"].unit == unit
    written = labelled(imported.frame(), imported.variables, language)
    assert any("元" in name or "yuan" in name for name in written) == (
        unit == "100m yuan" and language != "id"
    )
    written = written[written.columns[[0, 1, -1]]]
    if language != "id":  # ids have no units, so they name no currency
        assert read_panel(written).variables["gdp_nominal"].unit == unit
    values = frame[header] * (1e-4 if "10k" in header else 1)
    np.testing.assert_allclose(panel.frame["gdp_nominal"], values)
    np.testing.assert_allclose(imported.frame()["gdp_nominal"], values)


def test_the_gazetteer_or_the_experiment_says_that_money_is_yuan(tmp_path):
    frame = pd.DataFrame({"city": ["北京", "上海"], "year": 2010, "GDP": [5, 6]})
    frame.to_csv(tmp_path / "panel.csv", index=False)
    panel = read_panel(frame, Data(gazetteer="china"))
    assert panel.variables["gdp_nominal"].unit == "100m yuan"
    china = Experiment(name="c", data={"gazetteer": "china"}, evaluation={"first_origin": 2019})
    for options in (Options(), options_of(china, country="none")):
        imported = import_sheets([tmp_path / "panel.csv"], options)
        assert imported.variables["gdp_nominal"].unit == "100m yuan"


@pytest.mark.parametrize(
    ("name", "unit"),
    [("gdp_nominal", ""), ("GDP (million EUR)", "million EUR"), ("GDP(亿元)", "100m yuan")],
)
def test_a_name_on_the_way_in_says_no_currency(tmp_path, name, unit):
    path = tmp_path / "a.csv"
    path.write_text("city,2010,2011\nAlba,5,6\nBorn,7,8\n")
    imported = import_sheets([path], Options(country="none", variable=name))
    assert imported.variables["gdp_nominal"].unit == unit


def test_sheets_in_two_currencies_are_not_mixed(tmp_path):
    headers = ["GDP (million EUR)", "GDP (million EUR)", "GDP (billion won)", "GDP"]
    for at, header in enumerate(headers):
        text = f"city,year,{header}\nAlba,{2011 + at},5\nBorn,2010,1\n"
        (tmp_path / f"{at}.csv").write_text(text)
    imported = import_sheets([tmp_path], Options(country="none"))
    assert imported.variables["gdp_nominal"].unit == "million EUR"
    (lost,) = (issue for issue in imported.issues if issue.level == "lost")
    assert (lost.place.file, lost.found) == ("2.csv", "billion won")
    years = imported.cells.query("city == 'Alba'")["year"]
    assert years.tolist() == [2011, 2012, 2014]
