"""The brief of a report: two pages, every figure the summary's, in one language."""

from __future__ import annotations

import math
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from city_resilience.commands.main import run
from city_resilience.report.brief import brief_of
from city_resilience.report.brief_document import write_brief
from city_resilience.report.brief_map import draw_map
from city_resilience.report.forecast_workbook import wide_of
from city_resilience.report.formatting import percent, signed
from city_resilience.report.summary import Summary, summarise
from city_resilience.report.texts import Texts
from report_inputs import make_inputs

docx = pytest.importorskip("docx")
HOSTILE = ("=1+1", "</script>", "甲" * 500, "a\x07b\u202ec")
LINE, PAGE = 1.25, 25.5
"""Height of a line in sizes of its text, and what a page holds besides its margins, cm."""


@pytest.fixture(scope="module")
def summary() -> Summary:
    inputs = make_inputs(cities=40, origins=range(2010, 2022), intervals=True, names=HOSTILE)
    made = summarise(**inputs.all())
    outlook = made["by_horizon"]["1"]["outlook"]
    for at, city in enumerate(made["cities"]):
        chance = round(0.02 * at, 2)
        city["h"]["1"] |= {"p_below_0": chance, "p_worst_tenth": chance, "tier": "open"}
        city |= {"lon": 100 + at % 7, "lat": 30 + at % 5, "output": 10.0 + at}
    reasonless = {"reason": None, "also": None, "change": None, "before": None}
    for name, ten in (("risk", made["cities"][:10]), ("promising", made["cities"][-10:])):
        outlook["lists"][name] = [
            {"city": city["city"], "chance": 0.3, **reasonless} for city in ten
        ]
    return made


def texts_of(path: Path) -> list[str]:
    body = docx.Document(str(path)).element.body
    return [
        "".join(node.text or "" for node in paragraph.iter() if node.tag.endswith("}t"))
        for paragraph in body.iter()
        if paragraph.tag.endswith("}p")
    ]


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_lists_and_record_are_those_of_the_summary(
    summary: Summary, tmp_path: Path, lang: str
) -> None:
    told = texts_of(write_brief(summary, tmp_path / "brief.docx", lang))
    outlook = summary["by_horizon"]["1"]["outlook"]
    for row in outlook["lists"]["risk"]:
        own = next(city for city in summary["cities"] if city["city"] == row["city"])
        assert signed(own["h"]["1"]["forecast"], 1) in told
        assert percent(row["chance"], lang=lang) in told
    for period in outlook["trust"]["periods"]:
        assert f"{period['first']}–{period['last']}" in told
        assert f"{period['wins']}/{period['years']}" in told
    say = Texts(summary["measure"])
    for key in ("brief_firm", "brief_sure", "brief_limits", "banner_simulated"):
        assert say(key)[lang] in told


def test_names_of_any_kind_are_texts_and_cut(summary: Summary, tmp_path: Path) -> None:
    told = texts_of(write_brief(summary, tmp_path / "brief.docx", "en"))
    assert {"=1+1", "</script>", "甲" * 15 + "…"} <= set(told)
    assert not [text for text in told if "\x07" in text or len(text) > 900]


def test_the_same_summary_gives_the_same_bytes(summary: Summary, tmp_path: Path) -> None:
    first, again = (write_brief(summary, tmp_path / f"{k}.docx", "zh") for k in (1, 2))
    assert first.read_bytes() == again.read_bytes()


def test_the_map_has_a_dot_for_each_place_and_says_who_is_listed(summary: Summary) -> None:
    placed = brief_of(summary, Texts(summary["measure"]), "en").map
    assert placed is not None
    assert len(placed["dots"]) == 40
    assert sum(dot["list"] != "" for dot in placed["dots"]) == 20
    picture, wide = draw_map(placed)
    assert picture.startswith(b"\x89PNG")
    assert 2 < wide < 6.7


def test_without_positions_there_is_no_map(summary: Summary, tmp_path: Path) -> None:
    nowhere: Summary = {
        **summary,
        "cities": [{**city, "lon": None, "lat": None} for city in summary["cities"]],
    }
    path = write_brief(nowhere, tmp_path / "brief.docx", "en")
    assert not docx.Document(str(path)).inline_shapes


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_either_page_has_room_by_its_lines(summary: Summary, tmp_path: Path, lang: str) -> None:
    document = docx.Document(str(write_brief(summary, tmp_path / "brief.docx", lang)))
    heights, page = [0.0, 0.0], 0
    for block in document.iter_inner_content():
        if hasattr(block, "rows"):
            heights[page] += _table_height(block)
            continue
        page = 1 if block.paragraph_format.page_break_before else page
        heights[page] += _height(block, 17.6)
    heights[0] += sum(shape.height.cm for shape in document.inline_shapes)
    assert max(heights) < PAGE


def _table_height(table: Any) -> float:
    tall = 0.0
    for row in table.rows:
        cells = (
            sum(
                _table_height(part) if hasattr(part, "rows") else _height(part, cell.width.cm)
                for part in cell.iter_inner_content()
            )
            for cell in row.cells
        )
        tall += max(cells) + 0.02
    return tall


def _height(paragraph: Any, wide: float) -> float:
    """Return the height of a paragraph, cm; a letter takes half the size of its text."""
    sizes = [run.font.size.cm for run in paragraph.runs if run.font.size]
    size = max(sizes, default=0.35 if paragraph.text else 0.1)
    lines = math.ceil(max(1, wide_of(paragraph.text)) * size * 0.53 / max(wide - 0.3, 0.5))
    form = paragraph.paragraph_format
    space = sum(own.cm for own in (form.space_before, form.space_after) if own)
    return lines * size * LINE + space


def _as_wide_as_calibri() -> bool:
    """Whether the font that stands for Calibri has its widths."""
    if shutil.which("fc-match") is None:
        return False
    found = subprocess.run(["fc-match", "Calibri"], capture_output=True, text=True, check=True)
    return any(name in found.stdout for name in ("Calibri", "Carlito"))


@pytest.mark.skipif(shutil.which("soffice") is None, reason="LibreOffice is not installed")
@pytest.mark.skipif(not _as_wide_as_calibri(), reason="neither Calibri nor Carlito is installed")
@pytest.mark.parametrize("lang", ["en", "zh"])
def test_an_office_lays_out_two_pages(summary: Summary, tmp_path: Path, lang: str) -> None:
    path = write_brief(summary, tmp_path / "brief.docx", lang)
    profile = f"-env:UserInstallation=file://{tmp_path}/profile"
    convert = ["soffice", profile, "--headless", "--convert-to", "pdf", "--outdir", str(tmp_path)]
    subprocess.run([*convert, str(path)], check=True, capture_output=True, timeout=120)
    pdf = path.with_suffix(".pdf").read_bytes()
    assert pdf.count(b"/Type/Page/") + pdf.count(b"/Type /Page\n") == 2


def test_the_command_writes_it_in_a_language(summary: Summary, tmp_path: Path) -> None:
    import json

    (tmp_path / "summary.json").write_text(json.dumps(summary), "utf-8")
    words = ["report", "--results", str(tmp_path), "--out", str(tmp_path / "brief.docx")]
    assert run([*words, "--lang", "zh"]) == 0
    assert "局限" in texts_of(tmp_path / "brief.docx")
    assert run(words) == 0
    assert "Limits" in texts_of(tmp_path / "brief.docx")
