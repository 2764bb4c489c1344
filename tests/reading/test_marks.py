"""Marks of cells: what a later panel revised is found, and nothing else is."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from city_resilience.errors import InputError
from city_resilience.files import write_table
from city_resilience.reading.marks import cell_marks, read_marks, revised, year_marks
from city_resilience.reading.panel import Panel
from city_resilience.reading.read import read_panel
from forecasting_inputs import panel_of, small_panel


def changed(cells: dict[tuple[str, str, int], float], panel: Panel | None = None) -> Panel:
    frame = (panel or small_panel()).frame.copy()
    for (name, city, year), value in cells.items():
        frame.loc[(frame["city"] == city) & (frame["year"] == year), name] = value
    return panel_of(frame)


def test_every_number_has_a_mark_and_equal_numbers_the_same():
    panel = small_panel()
    marks = cell_marks(panel)
    assert len(marks) == int(panel.frame[list(panel.variables)].notna().to_numpy().sum())
    keys = marks[["variable", "city", "year"]].astype({"variable": str, "city": str})
    assert not keys.duplicated().any()
    long = panel.frame.melt(["city", "year"], list(panel.variables), "variable", "value")
    both = keys.assign(mark=marks["mark"]).merge(long, on=["variable", "city", "year"])
    assert len(both) == len(marks)
    assert len(both[["value", "mark"]].drop_duplicates()) == both["value"].nunique()
    assert both["mark"].nunique() == both["value"].nunique()


@pytest.mark.parametrize("factor", [1e4, 1e-4, 1e-3, 3.0, 0.1])
def test_a_unit_another_file_and_another_order_leave_marks_alone(factor):
    panel = small_panel()
    frame = panel.frame.sample(frac=1.0, random_state=1)
    frame[list(panel.variables)] = frame[list(panel.variables)] * factor / factor
    pd.testing.assert_frame_equal(cell_marks(panel), cell_marks(panel_of(frame)))


def test_values_next_to_a_power_of_ten_and_of_any_size_are_told_apart():
    values = np.array([0.0, 1e-300, 1e-12, 999.999999999, 1000.0, 1000.00000001, -1000.0, 1e300])
    frame = pd.DataFrame({"city": "A", "year": np.arange(2000, 2008), "province": "P"})
    one = panel_of(frame.assign(gdp_real=values))
    near = panel_of(frame.assign(gdp_real=values * (1 + 2e-16)))
    assert cell_marks(one)["mark"].nunique() == len(values)
    pd.testing.assert_frame_equal(cell_marks(one), cell_marks(near))


def test_a_file_of_another_format_and_unit_has_the_same_marks(tmp_path):
    frame = small_panel().frame[["city", "year", "gdp_real", "population"]].copy()
    headers = {"gdp_real": "gdp_real (100m yuan)", "population": "population (10k persons)"}
    write_table(frame.rename(columns=headers), tmp_path / "panel.csv")
    frame["population"] *= 10_000
    headers["population"] = "population (persons)"
    write_table(frame.rename(columns=headers), tmp_path / "panel.parquet")
    one, other = (cell_marks(read_panel(tmp_path / f"panel.{kind}")) for kind in ("csv", "parquet"))
    assert not revised(one, other).cells.size
    pd.testing.assert_frame_equal(one, other)


def test_each_kind_of_change_is_found_where_it_is():
    panel = small_panel()
    first, second, third = panel.cities[:3]
    old = changed({("population", second, 2008): np.nan})
    new = changed(
        {
            ("gdp_real", first, 2009): 1.000001
            * float(panel.frame.query("city == @first and year == 2009")["gdp_real"].iloc[0]),
            ("gdp_real", third, 2010): np.nan,
        }
    )
    found = revised(cell_marks(old), cell_marks(new))
    assert found.cells.to_dict("records") == [
        {"variable": "gdp_real", "city": first, "year": 2009, "change": "revised"},
        {"variable": "gdp_real", "city": third, "year": 2010, "change": "withdrawn"},
        {"variable": "population", "city": second, "year": 2008, "change": "filled"},
    ]
    assert found.counts == {"revised": 1, "filled": 1, "withdrawn": 1}
    assert found.by_variable_year()["year"].tolist() == [2009, 2010, 2008]
    assert sorted(found.city_years["city"]) == sorted([first, second, third])
    assert found.compared == len(cell_marks(panel)) - 2


def test_a_newer_year_a_late_column_and_another_city_are_no_revisions():
    panel = small_panel()
    frame = panel.frame
    old = panel_of(frame[(frame["year"] < 2013) & (frame["city"] != panel.cities[0])])
    late = old.frame["year"] == 2012
    old = panel_of(
        old.frame.assign(population=old.frame["population"].where(~late)).drop(
            columns="patents_granted"
        )
    )
    found = revised(cell_marks(old), cell_marks(panel))
    assert found.cells.empty
    assert found.new == {
        "variables": ["patents_granted"],
        "cities": [panel.cities[0]],
        "years": [2013],
    }
    assert found.gone == {"variables": [], "cities": [], "years": []}
    back = revised(cell_marks(panel), cell_marks(old))
    assert set(back.cells["change"]) == {"withdrawn"}
    assert set(back.cells["variable"]) == {"population"}
    assert back.gone == found.new


def test_panels_that_share_nothing_have_no_revisions():
    frame = small_panel().frame
    early, late = (panel_of(frame[(frame["year"] < 2005) == side]) for side in (True, False))
    found = revised(cell_marks(early), cell_marks(late))
    assert found.cells.empty
    assert found.compared == 0
    assert found.city_years.empty
    assert found.by_variable_year().empty
    assert found.gone["years"] == [2000, 2001, 2002, 2003, 2004]


def test_the_fingerprint_of_a_year_changes_with_its_cells_alone():
    panel = small_panel()
    first, second = panel.cities[:2]
    values = panel.frame.query("city in [@first, @second] and year == 2009")["population"].tolist()
    exchanged = changed(
        {("population", first, 2009): values[1], ("population", second, 2009): values[0]}
    )
    one, other = year_marks(cell_marks(panel)), year_marks(cell_marks(exchanged))
    assert one["cells"].tolist() == other["cells"].tolist()
    moved = one[one["fingerprint"] != other["fingerprint"]]
    assert moved[["variable", "year"]].to_numpy().tolist() == [["population", 2009]]
    assert one["fingerprint"].str.fullmatch("[0-9a-f]{16}").all()


def test_marks_are_kept_and_read_back(tmp_path):
    marks = cell_marks(small_panel())
    path = write_table(marks, tmp_path / "panel_marks.parquet")
    read = read_marks(path)
    pd.testing.assert_frame_equal(read, marks)
    assert year_marks(read).equals(year_marks(marks))
    assert path.stat().st_size < 8 * len(marks)
    blank = marks.astype({"city": object})
    blank.loc[3, "city"] = None
    for wrong in (marks.drop(columns="mark"), pd.concat([marks, marks[:1]]), blank):
        write_table(wrong, path)
        with pytest.raises(InputError, match="not the marks of a panel"):
            read_marks(path)
