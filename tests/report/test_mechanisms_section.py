"""The tests of the claims on the page: both languages, missing parts, another recipe, figures."""

from __future__ import annotations

import re
from copy import deepcopy
from typing import Any

import pytest

from city_resilience.errors import InputError
from city_resilience.mechanisms.claims import CLAIMS
from city_resilience.mechanisms.recipe import RULES
from city_resilience.report.mechanisms import mechanisms_part, with_mechanisms
from city_resilience.report.mechanisms_figures import FIGURES, mechanism_figures
from city_resilience.report.mechanisms_rows import figure_of, named_by
from city_resilience.report.mechanisms_tables import PARTS, mechanism_table
from city_resilience.report.mechanisms_verdicts import (
    claim_rows_table,
    claim_sentences,
    counted_sentence,
    refused_table,
    verdict_table,
)
from city_resilience.report.report_page import render_report
from city_resilience.report.summary import summarise
from city_resilience.report.texts import LANGUAGES, Texts, every_text
from claims_inputs import bare, small_run
from report_inputs import make_inputs

SAY = Texts()


@pytest.fixture(scope="module")
def found() -> dict[str, Any]:
    """What a run returns, in short."""
    return small_run()


def section_of(page: str) -> str:
    match = re.search(r'<section id="mechanisms".*?</section>', page, re.DOTALL)
    return match[0] if match else ""


def test_the_page_has_every_part_in_its_order_and_both_languages(found):
    section = section_of(render_report(with_mechanisms(bare(), found)))
    order = ["verdicts", *PARTS, "referee", "refused"]
    assert re.findall(r'data-part="(\w+)"', section) == order
    assert re.findall(r'data-figure="(\w+)"', section) == [
        own.id for part in PARTS for own in FIGURES if own.part == part
    ]
    for lang in LANGUAGES:
        assert every_text()["mech_lead"][lang] in section
    assert not re.search(
        r"mech_\w+|referee_\w+", re.sub(r'(id|data-\w+|for)="?[\w-]+"?', "", section)
    )


def test_a_run_hands_them_to_its_summary(found):
    inputs = make_inputs(cities=4, origins=range(2015, 2018), horizons=(1,))
    inputs.info["mechanisms"] = found
    assert summarise(**inputs.all())["mechanisms"] == with_mechanisms(bare(), found)["mechanisms"]


def test_a_page_without_them_has_no_section_and_says_nothing():
    page = render_report(bare())
    assert section_of(page) == ""
    assert 'href="#mechanisms"' not in page


@pytest.mark.parametrize("name", ["verdicts", *PARTS, "referee"])
def test_a_part_that_is_missing_or_empty_is_left_out(found, name):
    without, empty = deepcopy(found), deepcopy(found)
    del without["parts"][name]
    section = section_of(render_report(with_mechanisms(bare(), without)))
    assert f'data-part="{name}"' not in section
    assert "data-part" in section
    if name in PARTS:
        empty["parts"][name]["rows"] = []
        part = mechanisms_part(empty, {})
        assert mechanism_table(part, name, SAY) is None
        assert not any(
            own.part == name and own.id in mechanism_figures(part, SAY) for own in FIGURES
        )


def test_each_claim_has_its_verdict_and_one_sentence(found):
    part = mechanisms_part(found, {})
    table, sentences = verdict_table(part, SAY), claim_sentences(part, SAY)
    assert [row[0].text["en"] for row in table.rows] == list(CLAIMS)
    assert len(sentences) == len(CLAIMS)
    assert "supported in 1 of 1 tests" in sentences[1]["en"]
    assert "through Channel: +1.00 (+0.500 … +1.50)" in sentences[1]["en"]
    assert "Digital talent per 10,000 people" in sentences[3]["en"]
    numbers = list(map(int, re.findall(r"\d+", counted_sentence(part, SAY)["en"])))
    assert numbers[0] + sum(numbers[2:]) == numbers[1] == len(CLAIMS)
    assert sentences[3]["zh"].startswith("K4 经由数字人才与低碳人才：用这些数据无法检验")


def test_a_reason_says_how_many_of_several_tests_have_it(found):
    other = deepcopy(found)
    own = other["parts"]["verdicts"]["about"]["claims"][0]
    own |= {"verdict": "not_supported", "reasons": ["zero"], "counts": {"zero": 3}, "tested": 4}
    part = mechanisms_part(other, {})
    assert verdict_table(part, SAY).rows[0][1].lines[0]["en"] == "the interval includes zero (3/4)"
    assert "Why: the interval includes zero (3/4)." in claim_sentences(part, SAY)[0]["en"]
    own["tested"] = 1
    assert verdict_table(part, SAY).rows[0][1].lines[0]["zh"] == "区间包含零"


def test_a_column_in_which_nothing_stands_is_left_out(found):
    part = mechanisms_part(found, {})
    of_relation = claim_rows_table(part, "K1", SAY)
    of_channel = claim_rows_table(part, "K2", SAY)
    own = every_text()["mech_same_sign"]
    assert own in [head.text for head in of_relation.heads]
    assert own not in [head.text for head in of_channel.heads]
    assert all(len(row) == len(of_channel.heads) for row in of_channel.rows)
    assert of_channel.rows


def test_the_curve_has_its_joint_p_values_in_both_languages(found):
    other, key = deepcopy(found), found["parts"]["curve"]["rows"][0]
    tests = {"p_median": 0.8, "p_significant": 0.31, "p_stouffer": 0.0004}
    pair = {name: key[name] for name in ("outcome", "treatment")}
    other["parts"]["curve"]["about"]["curves"] = [pair | tests]
    table = mechanism_table(mechanisms_part(other, {}), "curve", SAY)
    assert table is not None
    told = str(table.rows[0][-1])
    assert "0.800" in told
    assert "of the share told from zero: 0.310; of the mean t: < 0.001" in told
    assert "显著比例：0.310；t 均值：< 0.001" in told


@pytest.mark.parametrize(
    "term",
    [
        *("to_mediator:m", "from_mediator:m", "share:m", "rho_zero:m", "indirect_at:-0.1:m"),
        *("r2_unexplained:m", "r2_all:m", "robustness_value"),
    ],
)
def test_a_term_of_a_table_has_words_in_both_languages(found, term):
    told = named_by(found, term, SAY)
    assert not any(term.partition(":")[0] in told[lang] for lang in LANGUAGES if "_" in term)
    assert told["en"] != told["zh"]


def test_refusals_stand_once_a_reason_with_the_way_out(found):
    table = refused_table(mechanisms_part(found, {}), SAY)
    assert table is not None
    (row,) = table.rows
    assert row[0].text == every_text()["mech_refused_few_rows"]
    assert row[2].text["en"] == "Outcome · Index · lag 2 (7 rows)"
    assert "（7 行）" in row[2].text["zh"]
    assert row[3].text == every_text()["mech_way_few_rows"]


@pytest.mark.parametrize(
    ("told", "words"),
    [
        ("20 places, 5 neighbours", "（20 个城市、5 个邻近）"),
        ("3 of 12 places", "（3/12 个城市）"),
        ("0 places by 2018", "（截至 2018 年 0 个城市）"),
        ("x, other", "（指数、other）"),
    ],
)
def test_the_figure_of_a_refusal_is_in_both_languages(found, told, words):
    other = deepcopy(found)
    other["labels"]["x"] = {"en": "Index", "zh": "指数", "unit": ""}
    refusal = {"reason": "few_places", "about": "space", "found": told}
    for part in other["parts"].values():
        part["refused"] = []
    other["parts"]["space"]["refused"] = [refusal]
    table = refused_table(mechanisms_part(other, {}), SAY)
    assert table is not None
    assert table.rows[0][2].text["zh"] == f"空间{words}"
    if "x" not in told:
        assert table.rows[0][2].text["en"] == f"Space ({told})"


def test_a_refusal_without_words_of_ours_shows_its_own(found):
    other = deepcopy(found)
    refusal = {"reason": "new", "about": "y", "found": "", "what": "too new", "way_out": "wait"}
    other["parts"]["space"]["refused"] = [refusal]
    table = refused_table(mechanisms_part(other, {}), SAY)
    assert table is not None
    assert table.rows[1][0].text == {"en": "too new", "zh": "too new"}


def test_other_experiments_are_refused_and_other_panels_told(found):
    with pytest.raises(InputError, match="about experiment 'other', the report about 'demo'"):
        with_mechanisms(bare(), {**found, "experiment": "other"})
    for run, same in (({}, True), ({"fingerprint": "fp"}, True), ({"digest": "e"}, False)):
        assert mechanisms_part(found, run)["same"] is same
    assert mechanisms_part({**found, "rules": RULES - 1}, {})["same"] is False
    summary = with_mechanisms(bare(), found)
    summary["mechanisms"]["same"] = False
    assert 'id="mechanisms-differs"' in render_report(summary)


@pytest.mark.parametrize(
    ("change", "same"),
    [({"draws": 999, "seed": 7}, True), ({"lags": [3]}, False), ({"controls": ["fdi"]}, False)],
)
def test_other_claims_are_told_and_other_draws_are_not(found, change, same):
    run = bare()["run"]
    other = {**found, "digest": run["digest"], "fingerprint": run["fingerprint"]}
    assert mechanisms_part(other, run)["same"]
    changed = {**other, "settings": other["settings"] | change}
    assert mechanisms_part(changed, run)["same"] is same


@pytest.mark.parametrize(
    ("value", "text"), [(150.4, "+150"), (-0.00004, "−4e−5"), (0.0, "0"), (1.0, "+1.00")]
)
def test_figures_keep_three_digits_that_count(value, text):
    assert figure_of(value) == text
