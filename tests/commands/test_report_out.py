"""``report``: by the suffix a page in both languages, or a workbook in one."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from openpyxl import load_workbook

from city_resilience.commands.main import run
from city_resilience.report.summary import summarise
from report_inputs import make_inputs


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("results")
    summary = summarise(**make_inputs(cities=6, origins=range(2012, 2020)).all())
    (folder / "summary.json").write_text(json.dumps(summary), "utf-8")
    return folder


def report(results: Path, *words: str) -> int:
    return run(["report", "--results", str(results), *words])


def test_a_workbook_is_written_beside_the_page_and_again(results: Path) -> None:
    out = results / "report.xlsx"
    assert report(results, "--out", str(out)) == 0
    assert load_workbook(out).sheetnames[:2] == ["Notes", "Cities"]
    assert report(results, "--out", str(out), "--lang", "zh") == 0
    assert load_workbook(out).sheetnames[:2] == ["说明", "城市"]


def test_a_page_takes_no_language(results: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert report(results, "--out", str(results / "a.html"), "--lang", "zh") == 2
    assert "a page holds both languages; leave --lang out" in capsys.readouterr().err
    assert not (results / "a.html").exists()


def test_the_tests_of_the_claims_are_added_to_a_page(results: Path, tmp_path: Path) -> None:
    recipe = dict.fromkeys(("digest", "claims", "rules", "fingerprint", "version"), "x")
    found = {"format": 1, "experiment": "demo", **recipe, "simulated": True, "cities": 6}
    found["settings"] = {}
    found |= {"years": [2000, 2020], "labels": {}, "parts": {}}
    (tmp_path / "mechanisms.json").write_text(json.dumps(found), "utf-8")
    out = tmp_path / "report.html"
    assert report(results, "--mechanisms", str(tmp_path), "--out", str(out)) == 0
    assert '<section id="mechanisms"' in out.read_text("utf-8")
