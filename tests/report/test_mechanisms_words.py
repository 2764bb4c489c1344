"""No id of a term, model, way of inference or group stands on the page or in a journal's table."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import asdict
from functools import cache
from pathlib import Path
from typing import Any

import pytest

import city_resilience.mechanisms
from city_resilience.report.journal_tables import journal_tables
from city_resilience.report.mechanisms import with_mechanisms
from city_resilience.report.mechanisms_rows import model_of, named_by
from city_resilience.report.report_page import render_report
from city_resilience.report.texts import LANGUAGES, Texts
from claims_inputs import bare, row, small_run

SAY = Texts()
SOURCES = sorted(Path(city_resilience.mechanisms.__file__).parent.glob("*.py"))
RAW = re.compile(r"\b[a-z0-9]+(?:_[a-z0-9]+)+\b|\b[a-z_]+:[\w−-]+")
"""An id such as ``robust_lm_lag`` or ``event:-2``."""
MODELS = {
    "baseline": ("alone", "controls", "lag:2", "winsorised", "province_year"),
    "timing": (
        *("two_way", "callaway_santanna", "not_yet", "imputation", "anticipation"),
        *("without_concurrent", "without_neighbours", "neighbours"),
    ),
    "space": ("moran", "slx", "durbin", "lagrange"),
    "double_learning": tuple(
        f"double_learning:{own}" for own in ("linear", "xgboost", "extra_trees")
    ),
    "channels": ("channels",),
    "thresholds": ("threshold",),
    "places": ("subsample", "interacted", "interacted_own_years"),
}
TERMS = {
    "baseline": ("x",),
    "timing": (
        *("att", "event:-2", "event:0", "pre_trend", "honest:0.5", "breakdown"),
        *("forbidden", "negative"),
    ),
    "space": (
        *("moran:pooled", "moran:2011", "x", "neighbours:x", "rho", "direct", "indirect", "total"),
        *("lm_lag", "lm_error", "robust_lm_lag", "robust_lm_error"),
    ),
    "double_learning": (
        *("x", "split:lowest", "split:highest", "r2:outcome", "r2:index"),
        *("robustness_value", "robustness_value:interval"),
    ),
    "channels": tuple(
        f"{kind}:ln:m"
        for kind in (
            *("to_mediator", "from_mediator", "indirect", "direct", "total", "share", "rho_zero"),
            *("indirect_at:-0.3", "r2_unexplained", "r2_all"),
        )
    ),
    "thresholds": (
        *(f"threshold:{k}:ln:m" for k in (1, 2)),
        *(f"regime:{k}:ln:m" for k in (1, 2, 3)),
    ),
    "places": ("x", "difference:none", "equality:yangtze_belt", "change:ln:m"),
}
"""Terms of each part; ``ln:m`` stands for a column whose name holds a colon."""
WAYS = (
    *("city", "province", "province_cr2", "province_year", "wild_province", "wild_cluster"),
    *("driscoll_kraay", "conley", "bootstrap_province", "bootstrap_city", "permutation"),
    *("likelihood", "chi_squared", "benjamini_hochberg"),
)
GROUPS = ("yangtze_belt=inside", "resource_type=none", "chengdu_chongqing=outside")


def _said(name: str, node: ast.Call) -> Iterator[str]:
    """What a call gives as an argument; of a text with fields the part before the first."""
    for keyword in node.keywords:
        value = keyword.value
        if keyword.arg == name and isinstance(value, ast.Constant):
            yield str(value.value)
        elif keyword.arg == name and isinstance(value, ast.JoinedStr) and len(value.values):
            first = value.values[0]
            if isinstance(first, ast.Constant):
                yield str(first.value)


def ids(name: str) -> set[str]:
    """Ids that the code of the parts writes as an argument."""
    calls = (
        node
        for path in SOURCES
        if path.stem != "planted"
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Call)
    )
    return {own for node in calls for own in _said(name, node)} - {""}


@cache
def every_run() -> dict[str, Any]:
    """A run with every term, model, way of inference and kind of group."""
    found = deepcopy(small_run())
    found |= {"controls": ["k"], "noun": "city"}
    found["labels"] |= {"ln:m": {"en": "Patents", "zh": "专利", "unit": ""}}
    found["labels"] |= {"x": {"en": "Index", "zh": "指数", "unit": ""}}
    found["labels"] |= {"y": {"en": "Outcome", "zh": "结果", "unit": ""}}
    for part, terms in TERMS.items():
        rows = []
        for term in terms:
            for model in MODELS[part]:
                groups = GROUPS if part == "places" and term in ("x", "difference:none") else ("",)
                for group in groups:
                    for way in WAYS:
                        for note in ("", "holm") if part == "places" else ("",):
                            own = row(model, term, part_of=group, inference=way, note=note)
                            rows.append(asdict(own))
        kept = {key: None if value != value else value for key, value in rows[0].items()}
        found["parts"][part]["rows"] = [
            {key: kept[key] if kept[key] is None else value for key, value in own.items()}
            for own in rows
        ]
    return found


@pytest.mark.parametrize("lang", LANGUAGES)
def test_no_table_of_a_journal_shows_an_id(lang: str) -> None:
    tables = journal_tables(every_run(), SAY, lang)
    assert {table.part for table in tables} >= set(TERMS)
    cells = {
        cell
        for table in tables
        for line in (*table.heads, *table.rows, *table.foot, (table.caption[lang], table.note))
        for cell in line
    }
    assert not [cell for cell in cells if RAW.search(cell)]
    assert not any(cell.endswith((", ", "，")) for cell in cells)


def test_the_page_shows_no_id() -> None:
    page = render_report(with_mechanisms(bare(), every_run()))
    match = re.search(r'<section id="mechanisms".*?</section>', page, re.DOTALL)
    assert match is not None
    texts = re.split(r"<[^>]*>", match[0])
    assert not [text for text in texts if RAW.search(text)]


def test_every_term_model_and_way_has_words() -> None:
    found: dict[str, Any] = {"labels": {}}
    kinds = {term.removesuffix(":ln:m") for terms in TERMS.values() for term in terms} - {"x"}
    written = {f"{term}1" if term.endswith(":") else term for term in ids("term")}
    terms = {term: named_by(found, term, SAY)["zh"] for term in kinds | written}
    assert not [term for term, told in terms.items() if told == term or RAW.search(told)]
    models = {own for part in MODELS.values() for own in part}
    models |= {f"{own}linear" if own.endswith(":") else own for own in ids("model")}
    assert not [own for own in models if model_of(own, SAY)["zh"] in (own, own.partition(":")[2])]
    ways = {f"{own}city" if own.endswith("_") else own for own in ids("inference")} | {*WAYS}
    assert not [own for own in ways if SAY.find(f"mech_inference_{own}") is None]


def test_the_code_writes_ids_that_this_test_reads() -> None:
    assert {"att", "threshold:"} <= ids("term")
    assert {"slx", "double_learning:"} <= ids("model")
    assert {"conley", "bootstrap_"} <= ids("inference")
