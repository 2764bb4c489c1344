"""Words about drivers: no causal verb, a driver below likely in no sentence, figures that bind."""

from __future__ import annotations

import re
from importlib.resources import files
from pathlib import Path
from string import Formatter

import pytest

from city_resilience.evaluation.grades import GRADES
from city_resilience.evaluation.study.parts import PARTS
from city_resilience.evaluation.study.stability_table import STABILITY_COLUMNS
from city_resilience.evaluation.study.study import RECIPE
from city_resilience.report.grading import NAMED, PART, Grades, grades_of
from city_resilience.report.sentences import (
    FORBIDDEN,
    causal_words,
    changed_sentences,
    skill_sentence,
    view_sentences,
)
from city_resilience.report.texts import LANGUAGES, Texts, every_text, measure_words

ASSETS = Path(str(files("city_resilience.report"))) / "assets"
SAY = Texts(measure_words("growth_gap"))
SKILL = {
    "mae": 1.1,
    "naive": "zero",
    "naive_mae": 1.6,
    "skill": 0.3,
    "wins": 8,
    "of": 9,
}


OF_ERRORS = {"tile_worth_note", "tile_worth_change", "study_answer_overlap"}
"""Texts about the errors of models, which may get better."""
OF_VERSIONS = {"gate_newer_data", "gate_revised_data", "verdict_promote"}
"""Texts about versions of a model, one of which the command promote puts in use."""


def keys_of(*sections: str) -> set[str]:
    """Keys that the page of a city and sections of the report ask for."""
    report = (ASSETS / "evidence.html.j2").read_text("utf-8")
    patterns = [rf'<section id="{name}".*?</section>' for name in sections]
    found = [re.search(one, report, re.DOTALL) for one in patterns]
    assert all(found)
    texts = [one[0] for one in found if one]
    texts += [(ASSETS / f"{name}.html.j2").read_text("utf-8") for name in ("outlook", "places")]
    texts += [path.read_text("utf-8") for path in ASSETS.glob("city*.j2")]
    asked = {key for text in texts for key in re.findall(r'"(\w+)#?"', text)}
    return asked & set(every_text())


def test_no_text_says_that_one_thing_makes_another():
    found = {
        key: words
        for key, text in every_text().items()
        if key not in OF_ERRORS | OF_VERSIONS
        for lang in LANGUAGES
        if (words := causal_words(text[lang], lang))
    }
    assert found == {}


def test_no_text_of_drivers_is_left_out_of_that():
    about_drivers = keys_of("drivers", "structural")
    assert len(about_drivers) > 80
    assert not about_drivers & OF_ERRORS


@pytest.mark.parametrize(
    "text",
    [
        *("Broadband raises growth", "it drove growth", "patents boost it", "this leads to growth"),
        *("that improved growth", "promotes recovery", "growth was caused by it", "due to patents"),
        *("it results in growth", "which spurs growth", "enhancing resilience", "is driven by"),
        *(
            "宽带提高增速",
            "促进复苏",
            "推动增长",
            "导致下降",
            "带动就业",
            "拉动经济",
            "使得增速更高",
        ),
    ],
)
def test_causal_words_are_found(text):
    lang = "en" if text.isascii() else "zh"
    assert len(causal_words(text, lang)) == 1


@pytest.mark.parametrize(
    "text",
    ["a driver of the forecast", "drivers are not causes", "promoted 2 of them", "与预测相关"],
)
def test_other_words_are_not(text):
    lang = "en" if text.isascii() else "zh"
    expected = ["promoted"] if "promoted" in text else []
    assert causal_words(text, lang) == expected
    assert set(FORBIDDEN) == set(LANGUAGES)


def view(*grades: str, nil: bool = False, ordered: bool = False) -> dict:
    names = ("digital", "innovation", "talent", "structure")
    families = [
        {"family": name, "contribution": 0.4 - 0.3 * i, "grade": grade}
        for i, (name, grade) in enumerate(zip(names, grades, strict=False))
    ]
    skill = SKILL | ({"skill": -0.1} if nil else {}) | {"shown": not nil}
    return {
        "view": "forecasting",
        "families": families,
        "indicators": [],
        "skill": skill,
        "nil": nil,
        "ordered": {"family": ordered, "indicator": False},
    }


def said(found) -> str:
    return " ".join(own.text["en"] for own in found)


GRADED = {"why": "", "refits": 50}


def test_a_sentence_names_firm_and_likely_drivers_with_figure_and_grade():
    found = view_sentences(view("firm", "likely", "unstable"), GRADED, SAY)
    text = said(found)
    assert "Digital is associated with a forecast +0.40 pp from the base value (firm)." in text
    assert "Innovation is associated with a forecast +0.10 pp" in text
    assert "(likely)" in text
    assert "Talent" not in text
    assert "1 of the 3 families are unstable" in text
    named = [own for own in found if own.grade]
    assert [own.grade for own in named] == ["firm", "likely"]
    assert named[0].figures["contribution"] == 0.4
    assert "cannot be ordered" in text
    assert "cannot be ordered" not in said(
        view_sentences(view("firm", "firm", ordered=True), GRADED, SAY)
    )


def test_a_view_without_skill_names_no_driver_and_says_so_first():
    found = view_sentences(view("firm", "firm", nil=True), GRADED, SAY)
    assert len(found) == 1
    assert found[0].text["en"].startswith("No skill: ")
    assert found[0].text["zh"].startswith("没有预测能力")
    assert "Digital" not in said(found)


@pytest.mark.parametrize("why", ["no_study", "other_recipe", "no_part"])
def test_without_grades_no_driver_is_named(why):
    found = view_sentences(view("", ""), {"why": why, "refits": None}, SAY)
    assert "study --refits 50" in said(found)
    assert "Digital" not in said(found)
    assert all("study --refits 50" in own.text["zh"] for own in found[1:])


def test_skill_is_not_claimed_where_none_was_scored():
    assert "not known" in skill_sentence({"view": "structural", "skill": None}, SAY).text["en"]


def test_changes_name_graded_families_only():
    changed = {
        "origin": 2018,
        "before": 0.1,
        "now": 0.6,
        "change": 0.5,
        "families": [
            {"family": "digital", "change": 0.4, "grade": "unstable"},
            {"family": "talent", "change": 0.1, "grade": "likely"},
        ],
    }
    text = said(changed_sentences({"changed": changed, "views": [view()]}, SAY))
    assert "Talent +0.10 pp" in text
    assert "Digital" not in text
    without = said(changed_sentences({"changed": changed, "views": [view(nil=True)]}, SAY))
    assert "Talent" not in without
    assert "+0.50 pp" in without


def row(name: str, grade: str, low: float, high: float) -> dict:
    about = {"view": "structural", "horizon": 1, "level": "family", "name": name}
    return {**about, "grade": grade, "rank_low": low, "rank_high": high}


def test_grades_come_from_a_study_of_the_same_recipe_only():
    rows = [
        row("digital", "firm", 1, 2),
        row("talent", "unstable", 3, 5),
        row("place", "likely", 2, 4),
    ]
    study = {
        "parts": {"stability": {"rows": rows, "about": {"refits": 50}}},
        **dict.fromkeys(RECIPE),
    }
    grades = grades_of(study, same=True)
    assert grades.of("structural", 1, "family", "digital") == "firm"
    assert grades.of("forecasting", 1, "family", "digital") == ""
    assert grades.ordered("structural", 1, "family", ["digital", "talent"])
    assert not grades.ordered("structural", 1, "family", ["digital", "place"])
    assert not grades.ordered("structural", 1, "family", ["digital", "history"])
    assert grades_of(study, same=False) == Grades({}, "other_recipe")
    assert grades_of(None, same=False) == Grades({}, "no_study")
    assert grades_of({"parts": {}}, same=True) == Grades({}, "no_part")


def test_the_table_of_a_study_has_what_grades_are_read_from():
    assert {"view", "horizon", "level", "name", "grade", "rank_low", "rank_high"} <= set(
        STABILITY_COLUMNS
    )
    assert {*NAMED, "unstable"} == set(GRADES)
    assert PART in PARTS


def test_every_figure_of_a_sentence_is_in_both_languages():
    for key, text in every_text().items():
        if key.startswith("city_said_"):
            fields = [
                {name for _, name, _, _ in Formatter().parse(text[lang]) if name}
                for lang in LANGUAGES
            ]
            assert fields[0] == fields[1], key
