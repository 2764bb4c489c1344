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
from city_resilience.report.journal_layouts import MOST_COLUMNS
from city_resilience.report.journal_tables import journal_tables
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
    assert ("SE, clusters of cities", "[0.500]", "") in table.rows
    assert ("SE, clusters of cities", "", "(0.500)") in table.rows
    assert told["k"] == ("", "−0.500***")
    assert told["Controls"] == ("no", "yes")
    assert told["Clusters"] == ("20", "20")
    assert told["Observations"] == ("1,200", "1,200")
    assert told["R², effects taken out"] == ("0.250", "0.250")
    assert "=gap" in table.caption["en"]
    assert "差距" in table.caption["zh"]


def test_no_table_has_more_columns_than_a_page() -> None:
    own = [
        replace(LIKE, model="subsample", part_of=f"{group}={k}")
        for group, levels in (("size", 7), ("rank", 4), ("region", 2))
        for k in range(levels)
    ]
    tables = journal_tables(found(*own, part="places"), Texts(), "zh")
    assert [len(table.heads[0]) - 1 for table in tables] == [MOST_COLUMNS, 5, 2]
    assert tables[1].heads[1][1:] == ("城市规模等级", *["行政等级"] * 4)
    assert "第 2 部分（共 3 部分）" in tables[1].caption["zh"]
    for table in tables:
        every = (*table.heads, *table.rows, *table.foot)
        assert {len(line) for line in every} == {len(table.heads[0])}


def test_a_bootstrap_without_an_error_shows_its_interval() -> None:
    own = replace(PROVINCE, model="channels", term="share:m", se=np.nan, p=np.nan)
    (table,) = journal_tables(found(own, part="channels"), Texts(), "en")
    assert table.rows[1] == ("", "[−0.100, 2.50]")


def test_a_channel_is_a_column_and_has_its_own_counts_and_adjusted_p() -> None:
    like = replace(LIKE, model="channels", inference="bootstrap_province", clusters=20)
    own = [
        replace(like, term=f"{kind}:{name}", n=n)
        for name, n in (("m", 900), ("ln:q", 800))
        for kind in ("to_mediator", "indirect")
    ]
    adjusted = [
        replace(one, inference="benjamini_hochberg", se=np.nan, low=np.nan, high=np.nan, p=0.5)
        for one in own
        if one.term.startswith("indirect")
    ]
    (table,) = journal_tables(found(*own, *adjusted, part="channels"), Texts(), "en")
    assert table.heads[1] == ("", "m", "ln:q")
    told = lines(table)
    assert told["Indirect part"] == ("1.23**", "1.23**")
    assert told["p, Benjamini–Hochberg"] == ("[0.500]", "[0.500]")
    assert told["Observations"] == ("900", "800")


@pytest.mark.parametrize(
    ("part", "term"),
    [
        *(("channels", f"{term}:m") for term in ("rho_zero", "share", "indirect_at:0.1", "r2_all")),
        *(("timing", term) for term in ("breakdown", "honest:1", "forbidden", "negative")),
        *(("double_learning", term) for term in ("r2:index", "split:lowest", "robustness_value")),
        ("thresholds", "threshold:1:m"),
    ],
)
def test_a_term_that_no_test_is_about_has_no_stars(part: str, term: str) -> None:
    own = replace(LIKE, term=term, p=0.001)
    (table,) = journal_tables(found(own, part=part), Texts(), "en")
    assert not any("*" in cell for row in table.rows for cell in row)
    (starred,) = journal_tables(found(replace(own, term="x"), part="baseline"), Texts(), "en")
    assert "***" in starred.rows[0][1]


def test_an_error_of_another_inference_than_the_column_says_so() -> None:
    other = replace(PROVINCE, term="k", inference="wild_province", se=0.7)
    (table,) = journal_tables(found(PROVINCE, other), Texts(), "en")
    told = lines(table)
    assert told["Inference"] == ("clusters of provinces",)
    assert told["SE, wild bootstrap of provinces"] == ("(0.700)",)


def test_slopes_of_groups_have_their_p_values_adjusted_beside_the_raw_ones() -> None:
    own = replace(PROVINCE, model="interacted", part_of="region=East", term="difference:West")
    holm = replace(own, p=0.3, low=np.nan, high=np.nan, note="holm")
    (table,) = journal_tables(found(own, holm, part="places"), Texts(), "en")
    told = lines(table)
    assert told["Difference to the level with most cities, interacted"] == ("1.23*",)
    assert told["p, Holm"] == ("[0.300]",)


def test_lines_stand_by_the_number_of_their_term() -> None:
    own = [
        replace(LIKE, term=f"event:{k}", model=model, p=0.5)
        for model, years in (("not_yet", (0, 10)), ("imputation", (-2, 0)))
        for k in years
    ]
    (table,) = journal_tables(found(*own, part="timing"), Texts(), "en")
    assert [row[0] for row in table.rows if row[0]] == [
        f"Year {k} since joining" for k in ("−2", "0", "10")
    ]


def test_all_files_hold_every_table_and_escape_what_they_must(tmp_path) -> None:
    own = found(LIKE, PROVINCE, replace(LIKE, outcome="x_2"), replace(PROVINCE, outcome="x_2"))
    write_journal_tables(own, tmp_path)
    tex = (tmp_path / "tables.tex").read_text("utf-8")
    assert {path.name for path in tmp_path.iterdir()} == set(FILES)
    rows = [line for line in tex.splitlines() if line.endswith(r"\\")]
    columns = [
        line.count("arraybackslash") for line in tex.splitlines() if r"\begin{tabular}" in line
    ]
    assert len(columns) == tex.count(r"\toprule") == tex.count(r"\bottomrule") > 0
    assert {len(re.findall(r"(?<!\\)&", line)) for line in rows} == {columns[0] - 1}
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


def test_lists_go_on_over_pages_and_wrap_in_the_workbook(tmp_path) -> None:
    own = found(LIKE)
    answer = {"id": "shocks_only", "outcome": "y", "treatment": "", "policy": "", "found": True}
    answer |= {"grave": True, "names": [], "figures": {"shocks": 2}}
    own["parts"]["referee"] = {"about": {"answers": [answer]}, "rows": []}
    curve = [replace(LIKE, model="curve", part_of=f"lag={k}", estimate=k / 9) for k in range(3)]
    own["parts"]["curve"] = found(*curve, part="curve")["parts"]["curve"]
    joint = {"outcome": "", "treatment": "x", "specifications": 3, "same_sign": 1.0, "median": 0.1}
    joint |= {"above": 0.0, "below": 0.0, "p_median": 0.04}
    own["parts"]["curve"]["about"] = {"curves": [joint]}
    write_journal_tables(own, tmp_path, "zh")
    tex = (tmp_path / "tables.tex").read_text("utf-8")
    assert tex.count(r"\begin{longtable}") == tex.count(r"\endhead") == 2
    assert "全部结果变量（以韧性更强为正）" in tex
    book = openpyxl.load_workbook(tmp_path / "tables.xlsx")
    assert {"baseline", "referee", "curve"} == set(book.sheetnames)
    assert book["referee"]["B3"].alignment.wrap_text
    assert not book["baseline"]["B4"].alignment.wrap_text


def test_a_run_without_an_estimate_has_its_files(tmp_path) -> None:
    write_journal_tables(found(), tmp_path)
    assert not Document(str(tmp_path / "tables.docx")).tables
    assert openpyxl.load_workbook(tmp_path / "tables.xlsx").sheetnames == ["tables"]


@pytest.mark.parametrize(
    ("text", "printed"), [("a_b~^\\", r"a\_b\textasciitilde{}\textasciicircum{}\textbackslash{}")]
)
def test_latex_escapes(text: str, printed: str) -> None:
    assert latex(text) == printed
