"""One reader: a cell means the same in `import` and in every verb that reads a panel."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from city_resilience.errors import InputError
from city_resilience.reading.column_cells import parse_column, read_numbers
from city_resilience.reading.read import read_panel
from city_resilience.reading.sheets.importer import import_sheets

NAMES = ("石家庄市", "唐山市", "太原市")
PLAIN = st.decimals(-1e6, 1e6, places=2, allow_nan=False).map(str)
COMMAS = st.integers(0, 10**9).map(lambda number: f"{number:,}")
WORDS = st.sampled_from(
    (
        "无",
        "…",
        "不详",
        "5,97",
        "abc",
        "12.5①",
        "5%",
        "＃",
        "１２．５",
        "inf",
        "-",
        "1 164.60",
        "TRUE",
    )
)
TEXTS = PLAIN | COMMAS | WORDS
OBJECTS = TEXTS | st.sampled_from(
    [None, float("nan"), float("inf"), 12, 12.5, True, Decimal("1.50"), dt.date(2010, 1, 1)]
)


@given(st.lists(OBJECTS, max_size=12))
@example([True, False, None])
@example(["1,234", "5,97"])
@example(["1,234", "987", "1,234,567"])
@example(["9" * 400, "1"])
def test_a_column_at_once_is_its_cells_one_by_one(cells):
    numbers = read_numbers(pd.Series(cells, dtype=object))
    parsed = parse_column(cells)
    np.testing.assert_array_equal(numbers.values, [cell.value for cell in parsed])
    assert numbers.percent.tolist() == [cell.percent for cell in parsed]
    # As text: from Python 3.13 a cell without a number equals no other, for its NaN does not.
    wrong = {at: repr(cell) for at, cell in enumerate(parsed) if cell.fault}
    assert {at: repr(cell) for at, cell in numbers.wrong.items()} == wrong


@pytest.mark.parametrize(
    ("cells", "values"),
    [
        (["1,234", "987", "12,345,678"], [1234.0, 987.0, 12345678.0]),
        (["1,234.5", "2,345"], [1234.5, 2345.0]),
        (["1,234", "2,345"], [1234.0, 2345.0]),
        (["1,234", "987", "12"], [np.nan, 987.0, 12.0]),
        (["1,234", "12,5"], [np.nan, np.nan]),
        (["1,234,567", "1,234", "5,97"], [1234567.0, np.nan, np.nan]),
        (["1,234,567", "1,234", "56789"], [1234567.0, np.nan, 56789.0]),
        (["1,234,567", "0,234"], [1234567.0, np.nan]),
        (["1,234,567", "2,345", "无", None, 99999], [1234567.0, 2345.0, np.nan, np.nan, 99999.0]),
    ],
)
def test_a_comma_groups_thousands_where_all_cells_of_the_column_agree(cells, values):
    np.testing.assert_array_equal([cell.value for cell in parse_column(cells)], values)


def save(frame: pd.DataFrame, path: Path) -> Path:
    if path.suffix == ".csv":
        frame.to_csv(path, index=False)
    elif path.suffix == ".xlsx":
        frame.to_excel(path, index=False)
    else:
        frame.to_parquet(path, index=False)
    return path


@pytest.mark.parametrize("suffix", [".csv", ".xlsx", ".parquet"])
@given(st.lists(TEXTS, min_size=3, max_size=3), st.lists(TEXTS, min_size=3, max_size=3))
@example(["无", "1,234,567", "1,234"], ["5%", "50%", "0.5"])
@example(["无", "5,97", "12*"], ["TRUE", "FALSE", ""])
@settings(max_examples=25)
def test_import_and_read_panel_read_the_same_numbers(tmp_path_factory, suffix, amounts, shares):
    frame = pd.DataFrame(
        {"城市": NAMES, "年份": "2010", "固定资产投资(万元)": amounts, "城镇化率(%)": shares}
    )
    path = save(frame, tmp_path_factory.mktemp("one") / f"panel{suffix}")
    panel = read_panel(path).frame.set_index("city")
    try:
        cells = import_sheets([path]).cells
    except InputError:
        cells = pd.DataFrame(columns=["city", "variable", "value"])
    for variable in ("fixed_asset_investment", "urbanisation"):
        for name in NAMES:
            same = cells[(cells["city"] == name) & (cells["variable"] == variable)]["value"]
            found = panel.loc[name, variable]
            assert np.isnan(found) == same.empty, (name, variable)
            assert same.empty or found == pytest.approx(same.iloc[0], rel=1e-12)


def test_headers_mean_the_same(tmp_path):
    frame = pd.DataFrame(
        {
            "城市": NAMES,
            "统计年度": [2010] * 3,
            "1.年末总人口（万人）": [1.0, 2.0, 3.0],
            "第二产业(2)制造业 Manufacturing": [4.0, 5.0, 6.0],
            "年末常住人口(男)(万人)": [7.0, 8.0, 9.0],
        }
    )
    path = save(frame, tmp_path / "panel.csv")
    panel, imported = read_panel(path), import_sheets([path])
    assert list(panel.variables) == ["employment_manufacturing", "registered_population"]
    assert set(imported.variables) == set(panel.variables)
    for text in (" ".join(panel.notes), " ".join(imported.listing()["reason"])):
        assert "'男' may mean another quantity than population; rename the header; left out" in text
