from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openpyxl import Workbook
from pandas.testing import assert_frame_equal

from city_resilience.catalogue.variables import load_catalogue
from city_resilience.experiment.data import Column, Data
from city_resilience.reading.panel import Panel
from city_resilience.reading.read import read_panel
from places import CITIES, PROVINCES, SHARED

FRAME = pd.DataFrame(
    {
        "城市": ["乙市", "甲市", "甲市", "乙市", "甲市"],
        "年份": [2011, 2010, 2011, 2010, 2012],
        "省份": ["东省", "西省", "西省", "东省", "西省"],
        "片区": ["沿海", "内陆", "内陆", "沿海", "内陆"],
        "实际地区生产总值(亿元,2000年价)": [20.5, 1 / 3, 11.25, 19.875, 12.0],
        "年末金融机构贷款余额(万元)": [123456.7, np.nan, 3e5, 1e6, 1.5],
        "第二产业占GDP比重": [0.4, 0.5, 0.51, 0.41, np.nan],
        "城镇化率(%)": [55.5, 60.0, 61.0, 54.0, 62.0],
        "自有指标": [1.0, 2.0, 3.0, np.nan, 5.0],
        "备注": ["a", "", "b", "c", ""],
    }
)
DATA = Data(groups=("片区",), columns={"自有指标": Column(family="digital")})


def write(folder: Path, text: str, name: str = "panel.csv") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def save(frame: pd.DataFrame, path: Path, encoding: str = "utf-8") -> Path:
    if path.suffix == ".csv":
        frame.to_csv(path, index=False, encoding=encoding)
    elif path.suffix == ".xlsx":
        frame.to_excel(path, index=False)
    else:
        frame.to_parquet(path, index=False)
    return path


def assert_same(one: Panel, other: Panel) -> None:
    assert_frame_equal(one.frame, other.frame, check_exact=True)
    assert dict(one.variables) == dict(other.variables)
    assert one.groups == other.groups
    assert one.fingerprint() == other.fingerprint()


@pytest.fixture
def panel(tmp_path) -> Panel:
    return read_panel(save(FRAME, tmp_path / "panel.csv"), DATA, outcome="gdp_real")


def test_columns_are_keys_groups_and_variables_sorted(panel):
    assert list(panel.frame) == [
        *("city", "year", "province", "片区"),
        *("gdp_real", "gdp_share_secondary", "loans", "urbanisation", "自有指标"),
    ]
    assert list(panel.variables) == list(panel.frame)[4:]
    assert panel.groups == ("片区",)
    assert panel.source == "panel.csv"


def test_rows_are_sorted_and_values_converted(panel):
    frame = panel.frame
    assert list(zip(frame["city"], frame["year"], strict=True)) == [
        *(("乙市", 2010), ("乙市", 2011)),
        *(("甲市", 2010), ("甲市", 2011), ("甲市", 2012)),
    ]
    assert frame["year"].dtype == np.int64
    assert frame["gdp_real"].tolist() == [19.875, 20.5, 1 / 3, 11.25, 12.0]
    np.testing.assert_allclose(frame["loans"], [100, 12.34567, np.nan, 30, 1.5e-4])
    np.testing.assert_allclose(frame["urbanisation"], [0.54, 0.555, 0.6, 0.61, 0.62])
    assert frame["province"].tolist() == ["东省"] * 2 + ["西省"] * 3
    assert frame["片区"].tolist() == ["沿海"] * 2 + ["内陆"] * 3


def test_notes_say_what_was_done(panel):
    assert panel.notes == (
        "column '年末金融机构贷款余额(万元)' converted from 万元 to 100m yuan (× 0.0001)",
        "column '城镇化率(%)' converted from % to fraction (× 0.01)",
        "column '备注' is neither in the catalogue nor declared; left out",
    )


def test_declared_column_becomes_a_variable(panel):
    variable = panel.variables["自有指标"]
    assert (variable.family, variable.label_zh, variable.unit) == ("digital", "自有指标", "")


@pytest.mark.parametrize(
    ("name", "encoding", "notes"),
    [
        ("panel.csv", "utf-8-sig", ()),
        ("panel.csv", "gb18030", ("panel.csv: read as GB18030",)),
        ("panel.xlsx", "", ()),
        ("panel.PARQUET", "", ()),
    ],
)
def test_every_format_gives_the_same_panel(panel, tmp_path, name, encoding, notes):
    other = read_panel(save(FRAME, tmp_path / name, encoding), DATA)
    assert_same(panel, other)
    assert other.notes == (*notes, *panel.notes)


def test_parquet_keys_may_be_its_index(panel, tmp_path):
    path = tmp_path / "indexed.parquet"
    FRAME.set_index(["城市", "年份"]).to_parquet(path)
    assert_same(panel, read_panel(path, DATA))


def test_sheet_is_taken_by_name(panel, tmp_path):
    path = tmp_path / "book.xlsx"
    with pd.ExcelWriter(path) as book:
        pd.DataFrame({"x": [1]}).to_excel(book, sheet_name="说明", index=False)
        FRAME.to_excel(book, sheet_name="数据", index=False)
    assert_same(panel, read_panel(path, DATA.model_copy(update={"sheet": "数据"})))


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=st.permutations(range(len(FRAME))),
    columns=st.permutations(range(FRAME.shape[1])),
)
def test_order_of_rows_and_columns_changes_nothing(panel, tmp_path, rows, columns):
    shuffled = FRAME.iloc[rows, columns]
    other = read_panel(save(shuffled, tmp_path / "shuffled.csv"), DATA, outcome="gdp_real")
    assert_same(panel, other)
    assert other.notes == panel.notes


MISSING = ["", "-", "—", "——", "…", "NA", "NaN", " — ", "－", "#N/A"]


@pytest.mark.parametrize("cell", MISSING)
def test_missing_cells(tmp_path, cell):
    path = write(tmp_path, f"city,year,gdp,fdi\nA,2010,5,{cell}\nB,2010,6,1\n")
    assert read_panel(path).frame["fdi"].isna().tolist() == [True, False]


@pytest.mark.parametrize("cell", ["12.5", " 12.5 ", "１２．５", "1.25e1", "+12.5"])
def test_numbers_as_people_type_them(tmp_path, cell):
    path = write(tmp_path, f"city,year,gdp,fdi\nA,2010,5,{cell}\nB,2010,6,−1\n")
    assert read_panel(path).frame["fdi"].tolist() == [12.5, -1.0]


@pytest.mark.parametrize("cell", ["2010", "2010.0", " 2010 ", "2010年", "2010年度", "２０１０"])
def test_years_as_people_type_them(tmp_path, cell):
    path = write(tmp_path, f"city,year,gdp\nA,{cell},5\nB,2011,6\n")
    assert read_panel(path).frame["year"].tolist() == [2010, 2011]


def test_a_workbook_year_may_be_a_number_or_text(tmp_path):
    frame = pd.DataFrame(
        {"city": ["A", "B", "C"], "year": [2010, "2011", 2012.0], "gdp": [1, 2, 3]}
    )
    path = save(frame, tmp_path / "panel.xlsx")
    assert read_panel(path).frame["year"].tolist() == [2010, 2011, 2012]


def test_codes_as_city_names_keep_their_zeros(tmp_path):
    path = write(tmp_path, "fips,year,gdp\n01001,2010,5\n01003,2010,6\n")
    assert read_panel(path, Data(city="fips")).frame["city"].tolist() == ["01001", "01003"]


def test_whole_numbers_as_city_names_in_a_workbook(tmp_path):
    frame = pd.DataFrame({"code": [110000.0, 120000.0], "year": [2010, 2010], "gdp": [1, 2]})
    for name in ("panel.xlsx", "panel.parquet"):
        path = save(frame, tmp_path / name)
        assert read_panel(path, Data(city="code")).frame["city"].tolist() == ["110000", "120000"]


def test_a_city_called_na_is_a_city(tmp_path):
    path = write(tmp_path, "city,year,gdp\nNA,2010,5\n B ,2010,6\n")
    assert read_panel(path).frame["city"].tolist() == ["B", "NA"]


@pytest.mark.parametrize(
    ("header", "city", "province"),
    [
        ("region,year,gdp,note", "region", None),
        ("province,year,gdp,note", "province", None),
        ("state,year,gdp,note", "state", None),
        ("city,year,gdp,note", "city", None),
        ("city,year,gdp,province", "city", "province"),
        ("city,year,gdp,state", "city", "state"),
        ("province,year,gdp,region", "province", None),
    ],
)
def test_the_finest_unit_serves_as_the_city(tmp_path, header, city, province):
    panel = read_panel(write(tmp_path, f"{header}\nA,2010,5,P\nB,2010,6,P\n"))
    assert panel.frame["city"].tolist() == ["A", "B"]
    assert ("province" in panel.frame) == (province is not None)
    expected = [f"column {city!r} serves as the city"] * (city != "city")
    expected += ["column 'state' serves as the province"] * (province == "state")
    assert [note for note in panel.notes if "serves" in note] == expected


def test_declared_keys_win(tmp_path):
    path = write(tmp_path, "city,metro,t,yr,gdp\nx,A,2010,1,5\nx,B,2010,1,6\n")
    panel = read_panel(path, Data(city="metro", year="t"))
    assert panel.frame["city"].tolist() == ["A", "B"]
    assert panel.frame["year"].tolist() == [2010, 2010]


def test_declared_units_overrule_headers(tmp_path):
    path = write(tmp_path, "city,year,GDP (100m yuan),urbanisation\nA,2010,5,50\nB,2010,6,60\n")
    units = {"GDP (100m yuan)": "10k yuan", "urbanisation": "%"}
    frame = read_panel(path, Data(units=units)).frame
    np.testing.assert_allclose(frame["gdp_nominal"], [5e-4, 6e-4])
    np.testing.assert_allclose(frame["urbanisation"], [0.5, 0.6])


def test_declared_column_may_take_the_place_of_a_catalogue_variable(tmp_path):
    path = write(tmp_path, "city,year,output,money\nA,2010,5,1\nB,2010,6,2\n")
    columns = {
        "output": Column(family="control", id="gdp_real", unit="10k yuan"),
        "money": Column(family="control", id="loans", unit="million eur"),
    }
    panel = read_panel(path, Data(columns=columns), outcome="gdp_real")
    np.testing.assert_allclose(panel.frame["gdp_real"], [5e-4, 6e-4])
    assert panel.variables["gdp_real"].unit == "100m yuan"
    assert panel.variables["gdp_real"].kind == "volume"
    assert panel.frame["loans"].tolist() == [1.0, 2.0]
    assert panel.variables["loans"].unit == "million eur"


def test_column_with_a_unit_that_does_not_fit_is_left_out(tmp_path):
    path = write(tmp_path, "city,year,gdp,常住人口(吨)\nA,2010,5,1\nB,2010,6,2\n")
    panel = read_panel(path)
    assert list(panel.variables) == ["gdp_nominal"]
    assert panel.notes == (
        "column 'gdp' names no currency; its numbers are taken as they are",
        "column '常住人口(吨)': unit '吨' cannot be converted to '10k persons', the unit of "
        "population; declare its unit in [data.units] or its meaning in [data.columns]; left out",
    )


def test_blank_rows_are_left_out_and_do_not_shift_anything(tmp_path):
    path = write(tmp_path, "city,year,gdp\n\nA,2010,5\n,,\nB,2010,6\n\n")
    panel = read_panel(path)
    assert panel.frame["city"].tolist() == ["A", "B"]
    assert panel.notes[-1] == "3 blank rows left out"


def test_text_in_a_column_that_is_not_needed_does_no_harm(tmp_path):
    path = write(tmp_path, "city,year,gdp,extra\nA,2010,5,some\nB,2010,6,text\n")
    assert list(read_panel(path).variables) == ["gdp_nominal"]


def test_one_mistyped_cell_does_not_make_a_share_a_percentage(tmp_path):
    path = write(tmp_path, "city,year,第一产业占GDP比重\nA,2010,0.1\nB,2010,0.2\nC,2010,300\n")
    assert read_panel(path).frame["gdp_share_primary"].tolist() == [0.1, 0.2, 300.0]


@pytest.mark.parametrize(
    ("file", "outcome", "cities", "years", "variables", "groups"),
    [
        pytest.param(
            *(CITIES, "gdp_real", 296, (2000, 2023), 41, ()), marks=pytest.mark.real_data(CITIES)
        ),
        pytest.param(
            *(PROVINCES, "gdp_nominal", 31, (2013, 2022), 45, ("macro_region",)),
            marks=pytest.mark.real_data(PROVINCES),
        ),
    ],
)
def test_real_panels(file, outcome, cities, years, variables, groups):
    path = SHARED / file
    panel = read_panel(path, Data(groups=groups), outcome=outcome)
    assert (len(panel.cities), panel.years[0], panel.years[-1]) == (cities, *years)
    assert len(panel.variables) == variables
    assert set(panel.variables) <= set(load_catalogue().variables)
    assert not [note for note in panel.notes if "left out" in note]
    shares = [name for name, variable in panel.variables.items() if variable.kind == "share"]
    assert shares
    assert all(panel.frame[name].max() <= 1 for name in shares)
    assert "city" not in panel.variables


def test_the_grid_is_laid_out_once_and_a_masked_panel_keeps_it(panel):
    grid = panel.grid()
    assert panel.grid() is grid
    assert not any(array.flags.writeable for array in grid.values.values())
    mask = np.zeros(grid.shape, dtype=bool)
    mask[1, 2] = True
    masked = panel.mask({"gdp_real": mask}, ["甲市 2012"])
    assert (masked.masked, masked.notes) == (("甲市 2012",), (*panel.notes, "甲市 2012"))
    assert masked.grid() is masked.grid()
    assert masked.grid().values["loans"] is grid.values["loans"]
    again = replace(masked, source="laid out again").grid()
    for name in panel.variables:
        np.testing.assert_array_equal(masked.grid().values[name], again.values[name])
    assert masked.frame["gdp_real"].isna().tolist() == [False] * 4 + [True]
    assert panel.frame["gdp_real"].notna().all()


def test_a_frame_is_read_as_its_file_is(panel):
    other = read_panel(FRAME, DATA, outcome="gdp_real")
    assert_same(panel, other)
    assert (other.notes, other.source) == (panel.notes, "")
    assert_same(panel, read_panel(FRAME.set_index(["城市", "年份"]), DATA))
    assert_same(panel, read_panel(FRAME.sample(frac=1, random_state=0), DATA))
    narrow = FRAME.astype({"城市": "category", "年份": "Int64", "城镇化率(%)": "Float64"})
    assert_same(panel, read_panel(narrow, DATA))


def test_issues_of_a_frame_name_its_row_from_one():
    frame = FRAME.astype({"自有指标": object})
    frame.loc[1, "自有指标"] = "x"
    (issue,) = read_panel(frame, DATA).issues
    assert (issue.city, issue.years, issue.place.row) == ("甲市", (2010,), 2)


@pytest.mark.parametrize("mark", [";", "\t", "|"])
def test_a_table_of_another_separator(panel, tmp_path, mark):
    path = tmp_path / "panel.csv"
    FRAME.to_csv(path, index=False, sep=mark)
    assert_same(panel, read_panel(path, DATA))


def test_a_formula_without_its_value_is_no_blank(tmp_path):
    book = Workbook()
    for row in (["city", "year", "fdi"], ["A", 2010, "=1+1"], ["B", 2010, 2]):
        book.active.append(row)
    book.save(tmp_path / "panel.xlsx")
    (issue,) = read_panel(tmp_path / "panel.xlsx").issues
    assert "a formula without its value" in issue.reason
