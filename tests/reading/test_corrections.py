"""Corrections that an experiment declares."""

import numpy as np
import pandas as pd
import pytest

from city_resilience.catalogue.variables import load_catalogue
from city_resilience.errors import InputError
from city_resilience.experiment.data import Data
from city_resilience.reading.corrections import apply_corrections
from city_resilience.reading.panel import Panel
from city_resilience.reading.read import read_panel


@pytest.fixture
def panel():
    frame = pd.DataFrame(
        {
            "city": ["甲市"] * 3 + ["乙市"] * 3,
            "year": [2011, 2012, 2013] * 2,
            "employment_finance": [1.0, 1.1, 1121.0, 2.0, np.nan, 2.2],
            "gdp_real": [10.0, 11.0, 12.0, 20.0, 21.0, 22.0],
        }
    )
    known = load_catalogue().variables
    names = ("employment_finance", "gdp_real")
    return Panel(frame=frame, variables={name: known[name] for name in names}, notes=("read",))


def corrected(panel, corrections):
    after = apply_corrections(panel, corrections)
    return after, after.frame["employment_finance"].tolist()


def test_factor_and_note(panel):
    after, values = corrected(panel, {"employment_finance/甲市/2013": "*0.001"})
    assert values[:3] == [1.0, 1.1, pytest.approx(1.121)]
    assert after.notes == (
        "read",
        "correction employment_finance/甲市/2013 changed 1 cell: 甲市 2013: 1121 → 1.121",
    )


def test_drop_makes_the_cell_unknown(panel):
    after, values = corrected(panel, {"employment_finance/甲市/2013": "drop"})
    assert np.isnan(values[2])
    assert after.notes[-1].endswith("甲市 2013: 1121 → blank")


def test_number_fills_a_blank_cell(panel):
    after, values = corrected(panel, {"employment_finance/乙市/2012": 2.1})
    assert values[4] == 2.1
    assert after.notes[-1].endswith("乙市 2012: blank → 2.1")


def test_star_city_and_range_of_years(panel):
    after, values = corrected(panel, {"employment_finance/*/2011-2012": "*10"})
    np.testing.assert_array_equal(values, [10.0, 11.0, 1121.0, 20.0, np.nan, 2.2])
    assert "changed 3 cells: 甲市 2011: 1 → 10; 甲市 2012: 1.1 → 11; 乙市" in after.notes[-1]


def test_all_years_of_a_city(panel):
    _, values = corrected(panel, {"employment_finance/乙市/*": "drop"})
    assert values[:3] == [1.0, 1.1, 1121.0]
    assert np.isnan(values[3:]).all()


def test_corrections_follow_one_another(panel):
    _, values = corrected(
        panel, {"employment_finance/*/*": "*2", "employment_finance/甲市/2011": 7.0}
    )
    assert values[:2] == [7.0, 2.2]


def test_only_the_named_cells_change_and_the_callers_frame_never(panel):
    before = panel.frame.copy(deep=True)
    after = apply_corrections(panel, {"employment_finance/甲市/2013": "drop"})
    pd.testing.assert_frame_equal(panel.frame, before)
    others = ["city", "year", "gdp_real"]
    pd.testing.assert_frame_equal(after.frame[others], before[others])
    assert after.frame.columns.tolist() == before.columns.tolist()


@pytest.mark.parametrize(
    ("key", "value", "note"),
    [
        ("gdp_real/丙市/2013", "drop", "no cell matches; nothing changed"),
        ("gdp_real/甲市/1999", 5.0, "no cell matches; nothing changed"),
        ("employment_finance/乙市/2012", "*10", "no cell matches; nothing changed"),
        ("loans/甲市/2013", "drop", "the panel has no loans; nothing changed"),
    ],
)
def test_a_key_without_a_cell_is_noted(panel, key, value, note):
    after = apply_corrections(panel, {key: value})
    assert after.notes[-1] == f"correction {key}: {note}"
    pd.testing.assert_frame_equal(after.frame, panel.frame)


def test_unknown_variable_names_the_nearest(panel):
    with pytest.raises(InputError) as caught:
        apply_corrections(panel, {"employment_finanse/甲市/2013": "drop"})
    message = str(caught.value)
    assert message.startswith(
        "[data.corrections] 'employment_finanse/甲市/2013': no variable 'employment_finanse' in "
        "the panel or the catalogue; nearest: 'employment_finance'"
    )


@pytest.mark.parametrize("key", ["gdp_real", "gdp_real/2013", "gdp_real/甲市/year", "/甲市/2013"])
def test_key_that_cannot_be_read(panel, key):
    with pytest.raises(InputError, match="is not 'variable/city/year'"):
        apply_corrections(panel, {key: "drop"})


@pytest.mark.parametrize("value", ["remove", float("inf"), float("nan"), "*", ""])
def test_value_that_cannot_be_read(panel, value):
    with pytest.raises(InputError, match="a number, 'drop', 'drop zeros' or a factor"):
        apply_corrections(panel, {"gdp_real/甲市/2013": value})


def test_no_corrections_return_the_panel_itself(panel):
    assert apply_corrections(panel, {}) is panel


def test_a_city_whose_every_value_is_dropped_is_left_out(tmp_path):
    path = tmp_path / "panel.csv"
    path.write_text(
        "city,year,gdp_nominal\nAlba,2018,1\nBorn,2018,2\nWhole Land,2018,3\nAlba,2019,1\n"
        "Born,2019,2\nWhole Land,2019,3\n"
    )
    panel = read_panel(path, Data(corrections={"gdp_nominal/Whole Land/*": "drop"}))
    assert panel.cities == ["Alba", "Born"]
    assert [(a.why, a.rows, a.spans, a.names) for a in panel.account.aside] == [
        ("dropped", 2, ((4, 4), (7, 7)), ("Whole Land",))
    ]
    assert panel.account.kept == len(panel.frame)
