"""The structural view in the report: its skill first, and greyed where none is shown."""

from __future__ import annotations

import pandas as pd
import pytest

from city_resilience.evaluation.view_skill import VIEW_COLUMNS
from city_resilience.report.report_page import render_report
from city_resilience.report.summary import summarise
from city_resilience.report.texts import Texts, measure_words
from city_resilience.report.views import (
    view_drivers_table,
    view_sentence,
    view_skill_table,
    views_part,
)
from report_inputs import make_inputs

SAY = Texts(measure_words("growth_gap"))
LABELS = {"broadband": ("Broadband", "宽带", "digital", "%")}


def skill(mae: float, low: float, high: float, forecasting: float = 1.2) -> pd.DataFrame:
    row = dict.fromkeys(VIEW_COLUMNS, 0.5) | {
        "horizon": 1,
        "slice": "all",
        "level": "",
        "years": 8,
        "n": 800,
        "wins": 6,
        "mae": mae,
        "mae_zero": 1.6,
        "mae_group_median": 1.5,
        "mae_forecasting": forecasting,
        "skill_zero": 1 - mae / 1.6,
        "skill_group_median": 1 - mae / 1.5,
        "skill_forecasting": 1 - mae / forecasting,
        "worst_year": 2012,
        "difference": mae - 1.6,
        "low": low,
        "high": high,
    }
    return pd.DataFrame([row])


def drivers() -> pd.DataFrame:
    own = {"city": ["a", "b"], "origin": 2019, "horizon": 1, "indicator": "broadband"}
    rows = pd.DataFrame({**own, "family": "digital", "value": [1.0, 2.0], "age": 0.0})
    rows["contribution"] = [0.3, -0.5]
    base = rows.assign(indicator="(base)", family="base", value=float("nan"), contribution=0.1)
    return pd.concat([rows, base], ignore_index=True)


@pytest.mark.parametrize(
    ("table", "is_shown", "words"),
    [
        (skill(1.5, -0.2, -0.01), True, "smaller than that of no gap"),
        (skill(1.59, -0.1, 0.08), False, "show no skill"),
        (skill(1.7, 0.05, 0.2), False, "are worse than no gap"),
        (skill(1.5, float("nan"), float("nan")), False, "in a single scored year"),
    ],
)
def test_what_the_indicators_are_worth_is_said_first(table, is_shown, words):
    part = views_part(table, drivers(), LABELS)
    assert part["1"]["shown"] is is_shown
    sentence = view_sentence(part, "1", SAY)
    assert words in sentence["en"]
    assert sentence["zh"]
    assert "1.20" in sentence["en"]
    assert view_skill_table(part, "1", SAY).rows


def test_sizes_are_of_families_and_indicators_and_grades_come_from_a_study_of_the_same_recipe():
    part = views_part(skill(1.5, -0.2, -0.01), drivers(), LABELS)
    assert part["1"]["families"] == [{"id": "digital", "size": 0.4}]
    assert part["1"]["indicators"][0] | {"en": "Broadband"} == part["1"]["indicators"][0]
    grade = {"grade": "firm", "ordered": True, "rank": 1, "rank_low": 1, "rank_high": 1}
    row = {"view": "structural", "horizon": 1, "level": "family", "name": "digital", **grade}
    study = {"same": True, "parts": {"stability": {"rows": [row]}}}
    graded = view_drivers_table(part, study, "1", SAY).rows
    assert graded[0][2].text == SAY("study_grade_firm")
    other = view_drivers_table(part, {**study, "same": False}, "1", SAY).rows
    assert other[0][2].text == SAY("view_not_graded")


def test_a_run_without_the_view_shows_nothing_of_it():
    assert views_part(None, None, {}) is None
    assert views_part(skill(1.5, -0.2, -0.1)[:0], None, {}) is None


@pytest.mark.parametrize(
    ("table", "grey"), [(skill(1.5, -0.2, -0.01), 0), (skill(1.7, 0.05, 0.2), 1)]
)
def test_curves_of_a_view_without_skill_are_greyed(table, grey):
    inputs = make_inputs(cities=6, origins=range(2015, 2020), horizons=(1,)).all()
    inputs["tables"] = {**inputs["tables"], "structural.csv": table}
    page = render_report(summarise(**inputs))
    assert page.count('[data-horizon="1"] [data-figure="structural_shapes"]') == grey
