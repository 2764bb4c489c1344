"""Large and odd files cost no more than their size: counted, so that no clock decides."""

from __future__ import annotations

import difflib
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from city_resilience.catalogue import header as headers
from city_resilience.catalogue.gazetteer.gazetteer import load_gazetteer
from city_resilience.catalogue.gazetteer.near_names import NearNames
from city_resilience.experiment.data import Data
from city_resilience.reading import cells, corrections
from city_resilience.reading import headers as layouts
from city_resilience.reading import sheet as sheet_module
from city_resilience.reading.corrections import apply_corrections
from city_resilience.reading.read import read_panel
from city_resilience.reading.sheet import Sheet
from city_resilience.reading.sheets import merge, split
from city_resilience.reading.sheets import rows as sheet_rows
from city_resilience.reading.sheets.importer import assemble, import_sheets
from city_resilience.reading.sheets.options import Options
from city_resilience.reading.sheets.table import Table

PLAIN = Options(country="none")


@pytest.fixture
def compared(monkeypatch) -> list[str]:
    """Names that were compared with all names of the catalogue."""
    asked: list[str] = []
    close = difflib.get_close_matches

    def counted(word: str, *known: object, **how: object) -> list[str]:
        asked.append(word)
        return close(word, *known, **how)  # type: ignore[arg-type]

    monkeypatch.setattr(difflib, "get_close_matches", counted)
    return asked


def unknown(count: int, first: int = 0) -> list[str]:
    return [f"smart pole {at:04d}" for at in range(first, first + count)]


def wide(path: Path, count: int) -> Path:
    frame = pd.DataFrame(
        7, index=range(4), columns=["city", "year", "gdp_nominal", *unknown(count)]
    )
    frame = frame.assign(city=["A", "A", "B", "B"], year=[2010, 2011] * 2)
    frame.to_csv(path, index=False)
    return path


@pytest.mark.parametrize("read", [read_panel, lambda path: import_sheets([path], PLAIN)])
def test_of_thousands_of_unknown_headers_few_are_compared_and_all_are_listed(
    tmp_path, compared, read: Callable[[Path], object]
):
    found = read(wide(tmp_path / "wide.csv", 900))
    assert 0 < len(compared) <= 50
    listed = getattr(found, "notes", ()) or [issue.found for issue in found.issues]  # type: ignore[attr-defined]
    assert sum("smart pole" in str(one) for one in listed) == 900


def test_the_headers_of_all_sheets_are_compared_as_those_of_one(compared):
    body = [("A", 2010, 5, *[1] * 20), ("B", 2010, 6, *[1] * 20)]
    sheets = [
        Sheet(
            "book.xlsx", f"S{at}", (("city", "year", "gdp_nominal", *unknown(20, 20 * at)), *body)
        )
        for at in range(12)
    ]
    imported = assemble(sheets, PLAIN)
    assert 0 < len(compared) <= 50
    assert sum(issue.found.startswith("smart pole") for issue in imported.issues) == 240


def test_a_header_of_many_words_is_looked_through_once(monkeypatch):
    looked: list[str] = []
    monkeypatch.setattr(headers, "parse_unit", looked.append)
    for words in (500, 1000):
        looked.clear()
        list(headers.readings_of(" ".join(["yuan"] * words)))
        assert sum(map(len, filter(None, looked))) < 5 * words + 2000


def test_a_unit_at_the_end_of_a_long_header_counts():
    name = "a long name of something " * 20
    assert [reading.unit for reading in headers.readings_of(f"{name} 100m yuan")][-2:] == [
        "100m yuan",
        "yuan",
    ]


def test_the_nearest_names_of_the_gazetteer_are_those_of_difflib():
    known = list(load_gazetteer("china").index)
    near = NearNames(known)
    for name in ("苏洲市", "吉林", "北京北京", "Suzhuo", "市", "龘龘", "呼和浩持", known[7] + "x"):
        exact = difflib.get_close_matches(name, known, n=6, cutoff=0.5)
        assert near.closest(name, most=6, alike=0.5) == exact


def test_many_corrections_look_at_the_table_once(monkeypatch, tmp_path):
    built: list[int] = []
    index = pd.MultiIndex.from_arrays
    monkeypatch.setattr(
        corrections.pd.MultiIndex, "from_arrays", lambda own: built.append(1) or index(own)
    )
    path = tmp_path / "panel.csv"
    rows = (f"C{at % 40},{2000 + at // 40},{'x' if at % 2 else at + 1}" for at in range(400))
    path.write_text("city,year,gdp_nominal\n" + "\n".join(rows) + "\n")
    panel = read_panel(path)
    assert len(panel.issues) == 200
    drops = {f"gdp_nominal/{issue.city}/{issue.years[0]}": "drop" for issue in panel.issues}
    settled = apply_corrections(panel, drops)
    assert settled.issues == ()
    assert len(settled.notes) == len(panel.notes) + 200
    assert len(built) == 1


def test_repeated_heads_cost_no_copy_of_what_stands_above_them():
    head = [("city", "year", "gdp_nominal"), ("city", "year", "population (10k persons)")]
    rows = [
        row for at in range(30) for row in (head[at % 2], ("A", 2000 + at, 5), ("B", 2000 + at, 6))
    ]
    imported = assemble([Sheet("a.csv", "", tuple(rows))], PLAIN)
    assert len(imported.cells) == 60
    assert set(imported.cells["row"]) == {at + 1 for at in range(90) if at % 3}


def test_declared_columns_are_found_without_reading_every_header_again(monkeypatch):
    asked: list[str] = []
    unspaced = layouts.unspaced
    monkeypatch.setattr(layouts, "unspaced", lambda text: asked.append(text) or unspaced(text))
    names = unknown(300)
    data = Data.model_validate({"columns": {name: {"family": "control"} for name in names}})
    layout = layouts.lay_out(("city", "year", "gdp_real", *names), data)
    assert len(layout.sources) == 301
    assert len(asked) < 5 * len(names)


@pytest.fixture
def calls(monkeypatch) -> Callable[..., list[tuple[object, ...]]]:
    """Give what a function of a module, or a method, is called with."""

    def count(owner: object, name: str) -> list[tuple[object, ...]]:
        asked: list[tuple[object, ...]] = []
        original = getattr(owner, name)
        monkeypatch.setattr(owner, name, lambda *of: asked.append(of) or original(*of))
        return asked

    return count


def test_a_row_is_looked_at_once_however_many_tables_the_sheet_holds(calls):
    heads = [("city", "year", name) for name in ("gdp_nominal", "population", "population")]
    rows = [
        row for at in range(90) for row in (heads[at % 3], ("A", 1950 + at, 5), ("B", 1950 + at, 6))
    ]
    looked = calls(sheet_module, "_holds_text")
    imported = assemble([Sheet("a.csv", "", tuple(rows))], PLAIN)
    assert len(imported.cells) == 180
    assert len(looked) == len(rows)


def test_a_row_of_a_place_is_no_head_without_a_look_at_its_other_cells(calls):
    head = ("city", "year", "gdp_nominal", *unknown(300))
    rows = [(f"C{at % 5}", str(2000 + at // 5), str(at + 1), *["word"] * 300) for at in range(40)]
    looked = calls(split, "_is_figure")
    assert len(assemble([Sheet("a.csv", "", (head, *rows))], PLAIN).cells) == 40
    assert not looked


def test_equal_texts_of_a_column_are_read_once(calls):
    rows = [(f"C{at % 40}", str(2000 + at // 40), f"x{at % 4}") for at in range(800)]
    head = ("city", "year", "gdp_nominal", "population")
    sheet = Sheet("a.csv", "", (head, *((*row, "7") for row in rows)))
    read = calls(cells, "_parse_text")
    imported = assemble([sheet], PLAIN)
    assert sum(issue.level == "lost" for issue in imported.issues) == 800
    assert len(read) < 60


def test_lines_of_text_that_begin_with_no_known_name_are_not_searched_for_units(calls):
    rows = [("city", "year", "gdp_nominal"), ("A", "2000", "5"), ("B", "2000", "6")]
    lines = [(f"remark {at} of the editor", "", "") for at in range(200)]
    searched = calls(headers, "parse_unit")
    imported = assemble([Sheet("a.csv", "", (*rows, *lines, ("A", "2001", "7")))], PLAIN)
    assert len(imported.cells) == 3
    assert not searched


def test_many_lines_of_units_below_a_table_look_through_its_rows_once(calls):
    rows = [("city", "year", "gdp_nominal"), *((f"C{at}", 2000, 5) for at in range(100))]
    lines = [("单位:人", "", "")] * 100
    looked = calls(Table, "numbers")
    assert len(assemble([Sheet("a.csv", "", (*rows, *lines))], PLAIN).cells) == 100
    assert len(looked) < 3 * (len(rows) + len(lines))


def test_a_name_that_is_no_city_is_tried_once_for_a_sum(calls):
    rows = [(f"龘{'甲乙丙丁'[at % 4]}", 2000 + at // 4, 5) for at in range(80)]
    tried = calls(sheet_rows, "is_total")
    assemble([Sheet("a.csv", "", (("城市", "年份", "gdp_nominal"), ("北京", 2000, 5), *rows))])
    assert len(tried) == 4


def test_cells_that_no_other_repeats_are_not_compared(calls):
    rows = [(f"C{at % 40}", 2000 + at // 40, at) for at in range(400)]
    ranked = calls(merge, "_rank")
    imported = assemble([Sheet("a.csv", "", (("city", "year", "gdp_nominal"), *rows))], PLAIN)
    assert len(imported.cells) == 400
    assert not ranked
