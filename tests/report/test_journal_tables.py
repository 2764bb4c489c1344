"""Tests of the claims as tables of a journal: columns, errors, stars, and the files."""

from __future__ import annotations

import io
import re
from dataclasses import asdict, replace
from typing import Any

import numpy as np
import openpyxl
import pytest
from docx import Document

from city_resilience.mechanisms.estimate import COLUMNS, Estimate
from city_resilience.report.journal_files import FILES, latex, write_journal_tables
from city_resilience.report.journal_tables import MOST_COLUMNS, journal_tables
from city_resilience.report.texts import Texts

LIKE = Estimate(
    model="alone",
    outcome="y",
    treatment="x",
    term="x",
    estimate=1.234,
    se=0.5,
    low=0.2,
    high=2.3,
    p=0.02,
    inference="city",
    n=1200,
    cities=80,
    years=15,
    clusters=80,
    r2=0.25,
)
PROVINCE = replace(LIKE, se=0.6, low=-0.1, high=2.5, p=0.07, inference="province", clusters=20)
LABELS = {"x": {"en": "Index & 5 %", "zh": "指数"}, "y": {"en": "=gap", "zh": "差距"}}


def found(*estimates: Estimate, part: str = "baseline") -> dict[str, Any]:
    rows = [
        {key: None if value != value else value for key, value in asdict(one).items()}
        for one in estimates
    ]
    own = {"about": {}, "columns": list(COLUMNS), "rows": rows, "refused": []}
    return {"parts": {part: own}, "labels": LABELS, "controls": ["k"], "noun": "city"}


def lines(table: Any) -> dict[str, tuple[str, ...]]:
    return {line[0]: line[1:] for line in (*table.rows, *table.foot)}


def test_a_column_has_its_error_its_stars_and_the_other_inference() -> None:
    control = replace(LIKE, model="controls", term="k", estimate=-0.5, p=0.001)
    own = [LIKE, PROVINCE, replace(PROVINCE, model="controls"), control]
    (table,) = journal_tables(found(*own), Texts(), "en")
    assert table.heads == (("", "(1)", "(2)"), ("", "alone", "controls"))
    assert table.rows[0] == ("Index & 5 %", "1.23*", "1.23*")
    assert table.rows[1] == ("", "(0.600)", "(0.600)")
    told = lines(table)
    assert told["SE, clusters of cities"] == ("[0.500]", "")
    assert told["k"] == ("", "−0.500***")
    assert told["Controls"] == ("no", "yes")
    assert told["Clusters"] == ("20", "20")
    assert told["Observations"] == ("1,200", "1,200")
    assert told["R², within cities"] == ("0.250", "0.250")
    assert "=gap" in table.caption["en"]
    assert "差距" in table.caption["zh"]


def test_no_table_has_more_columns_than_a_page() -> None:
    own = [replace(LIKE, model="subsample", part_of=f"size={k}") for k in range(8)]
    tables = journal_tables(found(*own, part="places"), Texts(), "zh")
    assert [len(table.heads[0]) - 1 for table in tables] == [MOST_COLUMNS, 2]
    for table in tables:
        every = (*table.heads, *table.rows, *table.foot)
        assert {len(line) for line in every} == {len(table.heads[0])}


def test_a_bootstrap_without_an_error_shows_its_interval() -> None:
    own = replace(PROVINCE, model="channels", term="share:m", se=np.nan, p=np.nan)
    (table,) = journal_tables(found(own, part="channels"), Texts(), "en")
    assert table.rows[1] == ("", "[−0.100 … 2.50]")


def test_all_files_hold_every_table_and_escape_what_they_must(tmp_path) -> None:
    own = found(LIKE, PROVINCE, replace(LIKE, outcome="x_2"), replace(PROVINCE, outcome="x_2"))
    write_journal_tables(own, tmp_path)
    tex = (tmp_path / "tables.tex").read_text("utf-8")
    assert {path.name for path in tmp_path.iterdir()} == set(FILES)
    rows = [line for line in tex.splitlines() if line.endswith(r"\\")]
    columns = re.findall(r"\\begin\{tabular\}\{(\w+)\}", tex)
    assert len(columns) == tex.count(r"\toprule") == tex.count(r"\bottomrule") > 0
    assert {len(re.findall(r"(?<!\\)&", line)) for line in rows} == {len(columns[0]) - 1}
    assert r"Index \& 5 \%" in tex
    assert "1.23$^{*}$" in tex
    assert not [line for line in rows if re.match(r"\s*\[", line)]
    assert len(re.findall(r"(?<!\\)\{", tex)) == len(re.findall(r"(?<!\\)\}", tex))
    document = Document(str(tmp_path / "tables.docx"))
    assert len(document.tables) == len(columns)
    assert "1.23*" in [cell.text for row in document.tables[0].rows for cell in row.cells]
    book = openpyxl.load_workbook(io.BytesIO((tmp_path / "tables.xlsx").read_bytes()))
    cells = [cell for row in book["baseline"].iter_rows() for cell in row if cell.value]
    assert {cell.data_type for cell in cells} == {"s"}
    assert "1.23*" in {cell.value for cell in cells}
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    write_journal_tables(own, tmp_path)
    assert before == {path.name: path.read_bytes() for path in tmp_path.iterdir()}


def test_a_run_without_an_estimate_has_its_files(tmp_path) -> None:
    write_journal_tables(found(), tmp_path)
    assert not Document(str(tmp_path / "tables.docx")).tables
    assert openpyxl.load_workbook(tmp_path / "tables.xlsx").sheetnames == ["tables"]


@pytest.mark.parametrize(
    ("text", "printed"), [("a_b~^\\", r"a\_b\textasciitilde{}\textasciicircum{}\textbackslash{}")]
)
def test_latex_escapes(text: str, printed: str) -> None:
    assert latex(text) == printed
