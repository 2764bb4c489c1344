"""Every name of the real files resolves, or is listed with its reason."""

from __future__ import annotations

from collections import Counter

import pandas as pd
import pytest

from city_resilience.catalogue.gazetteer.gazetteer import load_gazetteer
from city_resilience.catalogue.gazetteer.lookup import Match, NotFound
from city_resilience.catalogue.gazetteer.resolve_table import resolve_table
from places import SHARED

REAL = SHARED / "china_prefecture"
FDI = REAL / "raw/1996-2023年地级市外商直接投资FDI.xlsx"
OUTPUT = REAL / "raw/296个地级市GDP相关数据（以2000年为基期）.xlsx"
CHINA = load_gazetteer("china")

pytestmark = pytest.mark.real_data("china_prefecture")


def _sheets(edition: int) -> dict[str, list[str]]:
    """Return the labelled rows of each yearbook sheet."""
    path = REAL / f"raw/Data_{edition}.xlsx"
    sheets = pd.read_excel(
        path, sheet_name=None, header=None, usecols=[0], dtype=str, engine="openpyxl"
    )
    return {str(name): sheet[0].dropna().tolist() for name, sheet in sheets.items()}


def test_names_of_the_panel_resolve_one_to_one():
    columns = ["城市", "城市代码"]
    rows = pd.read_csv(REAL / "city_panel.csv", usecols=columns).drop_duplicates()
    found = [CHINA.resolve(name) for name in rows["城市"]]
    assert [match.adcode for match in found] == rows["城市代码"].astype(str).tolist()
    assert len({match.adcode for match in found}) == len(rows) == 296


def test_every_row_of_the_yearbook_sheets_resolves():
    kinds: Counter[str] = Counter()
    decided: list[tuple[int, str]] = []
    for edition in range(2006, 2018):
        for names in _sheets(edition).values():
            answers = resolve_table(CHINA, names, [edition - 1] * len(names))
            assert not [answer for answer in answers if isinstance(answer, NotFound)]
            kinds.update(answer.kind for answer in answers)
            codes = [answer.adcode for answer in answers if answer.kind == "city"]
            assert len(codes) == len(set(codes))
            decided += [(edition - 1, a.note) for a in answers if a.how == "table"]
    assert kinds == {"city": 4610, "province": 54, "header": 15, "total": 13}
    note = "宜城市 taken for 宣城市: no row is a county, and no other row of its year is 宣城市"
    assert decided == [(year, note) for year in range(2005, 2011)]


def test_names_without_their_kind_resolve_in_a_column_of_prefecture_level_cities():
    rows = pd.read_excel(FDI, usecols=["year", "地级市"], engine="openpyxl")
    names, years = rows["地级市"].tolist(), rows["year"].tolist()
    answers = resolve_table(CHINA, names, years, level="city")
    assert all(isinstance(answer, Match) for answer in answers)
    assert {answer.name for answer in answers if answer.kind != "city"} == {"中国"}
    by_table = {answer.note for answer in answers if answer.how == "table"}
    assert by_table == {
        "吉林 taken for 吉林市: the column holds prefecture-level cities",
        "朝阳 taken for 朝阳市: the column holds prefecture-level cities",
    }
    assert len({answer.adcode for answer in answers}) == rows["地级市"].nunique()


def test_the_footer_of_the_output_series_is_listed():
    rows = pd.read_excel(OUTPUT, usecols=["省份", "城市", "年份"], engine="openpyxl")
    rows = rows[rows["城市"].notna()]
    years = [None if pd.isna(year) else int(year) for year in rows["年份"]]
    answers = resolve_table(CHINA, rows["城市"].tolist(), years, rows["省份"].fillna("").tolist())
    left = [(answer.name, answer.reason) for answer in answers if isinstance(answer, NotFound)]
    assert left == [("更多数据，关注淘宝店【行行文库】", "unknown")]
    assert len({answer.adcode for answer in answers if isinstance(answer, Match)}) == 296
