"""The account of a panel: every column and every row of the file is in it, with its reason."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from city_resilience.experiment.data import Data
from city_resilience.reading.account import Account, spans_of
from city_resilience.reading.read import read_panel

ROWS = [
    ("石家庄市", 2019, 100.0, 5, "a"),
    ("石家庄市", 2020, 110.0, 6, "a"),
    ("唐山市", 2019, 200.0, 7, "b"),
    ("唐山市", 2020, 210.0, 8, "b"),
    ("河北省", 2019, 900.0, 9, "b"),
    ("全国", 2019, 9000.0, 9, "b"),
    ("石家壮市", 2019, 1.0, 1, "b"),
    (None, None, None, None, None),
    ("唐山市", "soon", 1.0, 1, "b"),
    ("唐山市", 2020, 210.0, 8, "b"),
]
HEADERS = ["城市", "年份", "地区生产总值(万元)", "灯光指数", "belt"]


def account_of(tmp_path: Path, **data: object) -> Account:
    path = tmp_path / "panel.csv"
    pd.DataFrame(ROWS, columns=HEADERS).to_csv(path, index=False, encoding="utf-8")
    return read_panel(path, Data(**data)).account


def test_every_column_and_every_row_has_its_reason(tmp_path: Path) -> None:
    account = account_of(tmp_path, gazetteer="china", groups=("belt",))
    found = {column.header: (column.use, column.variable, column.why) for column in account.columns}
    assert found == {
        "城市": ("city", "", ""),
        "年份": ("year", "", ""),
        "地区生产总值(万元)": ("variable", "gdp_nominal", ""),
        "灯光指数": ("", "", "unknown"),
        "belt": ("group", "", ""),
    }
    (gdp,) = [column for column in account.columns if column.use == "variable"]
    assert (gdp.written, gdp.unit, gdp.factor) == ("万元", "100m yuan", 1e-4)
    aside = {one.why: (one.rows, one.spans, one.names) for one in account.aside}
    assert aside == {
        "blank": (1, ((9, 9),), ()),
        "keys": (1, ((10, 10),), ()),
        "territory": (2, ((6, 7),), ("河北省", "全国")),
        "name": (1, ((8, 8),), ("石家壮市",)),
        "duplicate": (1, ((11, 11),), ()),
    }
    assert (account.rows, account.kept) == (10, 4)


def test_rows_of_another_scope_and_columns_of_another_unit_are_told(tmp_path: Path) -> None:
    path = tmp_path / "panel.csv"
    text = 'city,year,统计范围,gdp_real,年末总人口(公斤),"地区生产总值(万元)(市辖区)"\n'
    for city in ("A", "B"):
        for scope in ("全市", "市辖区"):
            text += f"{city},2019,{scope},1,2,3\n"
    path.write_text(text, encoding="utf-8")
    account = read_panel(path).account
    assert {one.why: one.rows for one in account.aside} == {"scope": 2}
    left = {column.header: column.why for column in account.left_out}
    assert left == {"年末总人口(公斤)": "unit", "地区生产总值(万元)(市辖区)": "scope"}


@pytest.mark.parametrize("seed", range(5))
def test_spans_hold_the_rows_and_no_others(seed: int) -> None:
    rows = np.random.default_rng(seed).choice(50, size=20, replace=False)
    held = [row for first, last in spans_of(rows) for row in range(first, last + 1)]
    assert held == sorted(rows.tolist())
    assert spans_of([]) == ()


@pytest.mark.parametrize("gazetteer", ["none", "china"])
@pytest.mark.parametrize("seed", range(4))
def test_rows_of_the_panel_and_rows_set_aside_are_all_rows_of_the_file(tmp_path, seed, gazetteer):
    random = np.random.default_rng(seed)
    names = np.array(["石家庄市", "唐山市", "全国", "河北省", "石家壮市", "合计", "TOTAL", None])
    years = np.array([2019, 2020, "soon", None], dtype=object)
    size = 200
    frame = pd.DataFrame(
        {
            "城市": random.choice(names, size),
            "年份": random.choice(years, size),
            "地区生产总值(万元)": random.choice([1.0, 2.0, None], size),
        }
    )
    path = tmp_path / "panel.csv"
    frame.to_csv(path, index=False, encoding="utf-8")
    panel = read_panel(path, Data(gazetteer=gazetteer))
    held = [r for one in panel.account.aside for a, b in one.spans for r in range(a, b + 1)]
    assert panel.rows is not None
    assert len(held) == len(set(held)) == panel.account.rows - len(panel.frame)
    assert not {*held} & {*panel.rows.tolist()}
    assert sorted([*held, *panel.rows.tolist()]) == list(range(2, panel.account.rows + 2))
    assert panel.account.kept == len(panel.frame)
