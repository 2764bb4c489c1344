"""The workbook of a report: every figure is the summary's, in one language, and none a formula."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook

from city_resilience.report.report_workbook import write_report_workbook
from city_resilience.report.summary import Summary, summarise
from city_resilience.report.texts import Texts
from report_inputs import make_inputs

CHINESE = re.compile(r"[\u4e00-\u9fff]")
HOSTILE = '=HYPERLINK("http://x","y")'
HELD: dict[str, Any] = {
    "coverage": 0.91,
    "coverage_80": 0.82,
    "width": 5.7,
    "width_80": 4.0,
    "code": "better",
    "difference": -0.4,
    "low": -0.6,
    "high": -0.2,
    "rule": "split",
    "unbroken": None,
    "worst": {"year": 2010, "coverage": 0.9, "coverage_80": 0.8},
    "periods": [{"origins": "2010–2018", "coverage": 0.93, "coverage_80": 0.87, "width": 5.5}],
    "years": {"year": [2010, 2011], "coverage": [0.9, 0.97], "coverage_80": [0.8, 0.85]},
}
SHEETS = {
    "en": ["Notes", "Cities", "Provinces and groups", "Drivers", "Drivers by city"],
    "zh": ["说明", "城市", "省份与分组", "主要依据", "各城市主要依据"],
}


@pytest.fixture(scope="module")
def summary() -> Summary:
    inputs = make_inputs(cities=12, origins=range(2010, 2022), intervals=True, names=(HOSTILE,))
    made = summarise(**inputs.all())
    for city in made["cities"]:
        for own in city["h"].values():
            own |= {"p_below_0": 0.4, "tier": "open"}
    problem = {"level": "warning", "kind": "jump", "variable": {"en": "Real GDP", "zh": "实际GDP"}}
    problem |= {"first": 2015, "last": 2015, "masked": True, "artefact": False}
    made["cities"][1] |= {"problems": [problem], "problem_count": 1}
    for part in made["by_horizon"].values():
        part["intervals"] = HELD
    return made


@pytest.fixture(scope="module", params=["en", "zh"])
def book(request: Any, summary: Summary, tmp_path_factory: pytest.TempPathFactory) -> Any:
    path = tmp_path_factory.mktemp("book") / "report.xlsx"
    write_report_workbook(summary, path, request.param)
    return request.param, load_workbook(path)


def rows_of(page: Any) -> list[dict[str, Any]]:
    heads, *rows = page.iter_rows(values_only=True)
    return [dict(zip(heads, row, strict=True)) for row in rows]


def test_sheets_are_named_in_the_language(book: Any) -> None:
    lang, found = book
    assert found.sheetnames[:5] == SHEETS[lang]
    assert len(found.sheetnames) == 10


def test_a_row_is_a_city_with_its_forecasts_and_its_record(book: Any, summary: Summary) -> None:
    lang, found = book
    say, rows = Texts(summary["measure"]), rows_of(found[SHEETS[lang][1]])
    assert [row[say("city")[lang]] for row in rows] == [own["city"] for own in summary["cities"]]
    for row, own in zip(rows, summary["cities"], strict=True):
        for h in map(str, summary["horizons"]):
            ahead = say.count("horizon_years", int(h))
            assert row[say("passed_forecast", ahead=ahead)[lang]] == own["h"][h]["forecast"]
            assert row[say("passed_below_zero", ahead=ahead)[lang]] == own["h"][h]["p_below_0"]
        record = summary["by_horizon"]["1"]["outlook"]["records"][own["city"]]
        ahead = say.count("horizon_years", 1)
        assert row[say("book_own_mae", ahead=ahead)[lang]] == record["mae"]


def test_scores_and_past_forecasts_are_those_of_the_summary(book: Any, summary: Summary) -> None:
    lang, found = book
    say = Texts(summary["measure"])
    scores = rows_of(found[say("book_sheet_scores")[lang]])
    part = summary["by_horizon"]["2"]
    every = say.count("view_years", part["skill"][0]["years"])[lang]
    heads = [say(key)[lang] for key in ("book_horizon", "book_span", "book_model", "mae")]
    told = {
        (row[heads[2]]): row[heads[3]]
        for row in scores
        if [row[h] for h in heads[:2]] == [2, every]
    }
    assert told == {say.name("model", row["model"])[lang]: row["mae"] for row in part["skill"]}
    past, names = rows_of(found[say("book_sheet_past")[lang]]), summary["outcome_cities"]
    places = [say(key)[lang] for key in ("city", "origin")]
    for h, own in summary["by_horizon"].items():
        ahead = say.count("horizon_years", int(h))
        columns = [say(f"book_past_{key}", ahead=ahead)[lang] for key in ("forecast", "truth")]
        written = {tuple(row[key] for key in (*places, *columns)) for row in past}
        told = {
            (names[at], int(origin), forecast, truth)
            for origin, year in own["outcomes"].items()
            for at, forecast, truth in zip(
                *(year[key] for key in ("city", "forecast", "truth")), strict=True
            )
        }
        assert {row for row in written if row[2] is not None} == told


def test_coverage_stands_by_period_and_year(book: Any, summary: Summary) -> None:
    lang, found = book
    say = Texts(summary["measure"])
    keys = ("book_horizon", "book_span", "book_coverage", "book_coverage_80")
    heads = [say(key)[lang] for key in keys]
    rows = rows_of(found[say("book_sheet_intervals")[lang]])
    held = {tuple(row[head] for head in heads) for row in rows}
    for h, part in summary["by_horizon"].items():
        years = part["intervals"]["years"]
        for year, wide, narrow in zip(*years.values(), strict=True):
            assert (int(h), str(year), wide, narrow) in held


def test_every_column_is_explained_and_in_one_language(book: Any) -> None:
    lang, found = book
    heads = [f"{page.title} · {cell.value}" for page in found.worksheets[1:-1] for cell in page[1]]
    dictionary = rows_of(found.worksheets[-1])
    first, meaning, _ = dictionary[0]
    assert [row[first] for row in dictionary] == heads
    assert all(row[meaning] for row in dictionary)
    if lang == "en":
        assert [head for head in heads if CHINESE.search(head)] == []
    else:
        said = [row[meaning] for row in dictionary]
        assert [text for text in said if not CHINESE.search(text)] == []


def test_nothing_is_a_formula_and_figures_are_numbers(book: Any) -> None:
    _, found = book
    cells = [cell for page in found for row in page.iter_rows() for cell in row]
    assert [cell.coordinate for cell in cells if cell.data_type == "f"] == []
    assert any(cell.value == HOSTILE for cell in cells)
    assert sum(cell.data_type == "n" for cell in cells) > 500


def test_matters_of_the_data_and_notes_are_there(book: Any) -> None:
    lang, found = book
    say = Texts()
    (row,) = rows_of(found[say("book_sheet_audit")[lang]])
    assert row[say("book_variable")[lang]] == {"en": "Real GDP", "zh": "实际GDP"}[lang]
    assert row[say("book_masked")[lang]] == say("book_yes")[lang]
    notes = dict(found.worksheets[0].iter_rows(values_only=True))
    assert notes[say("passed_note_simulated")[lang]] == say("banner_simulated")[lang]
    assert notes[say("fingerprint")[lang]] == "0f3a9c1be8d24766"


def test_places_are_called_by_their_word(summary: Summary, tmp_path: Path) -> None:
    counties = {**summary, "measure": {**summary["measure"], "noun": "county"}}
    found = load_workbook(write_report_workbook(counties, tmp_path / "a.xlsx"))
    texts = [
        str(cell.value) for page in found.worksheets[1:] for row in page.iter_rows() for cell in row
    ]
    assert [text for text in texts if re.search(r"(?i)\bcit(y|ies)\b", text)] == []
    assert "Level shift in one county" in texts


def test_what_is_true_of_every_row_is_said_once(summary: Summary, tmp_path: Path) -> None:
    cities = [
        {**city, "h": {h: {**own, "flags": ["target_year_over"]} for h, own in city["h"].items()}}
        for city in summary["cities"]
    ]
    cities[0]["h"]["1"]["flags"] = ["target_year_over", "stale"]
    told: Summary = {**summary, "cities": cities}
    found = load_workbook(write_report_workbook(told, tmp_path / "a.xlsx"))
    assert [row["Flags"] for row in rows_of(found["Cities"])] == ["stale"] + [None] * 11
    notes = dict(found["Notes"].iter_rows(values_only=True))
    assert notes["True of every forecast"] == "target year over"


def test_the_same_summary_gives_the_same_bytes(summary: Summary, tmp_path: Path) -> None:
    paths = [write_report_workbook(summary, tmp_path / f"{k}.xlsx") for k in (1, 2)]
    assert paths[0].read_bytes() == paths[1].read_bytes()
    assert load_workbook(paths[0]).sheetnames[0] == "Notes"
