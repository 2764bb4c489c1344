"""Shapes and places in the report: tables, curves and counts; no driver named in a sentence."""

from __future__ import annotations

import re

import pandas as pd
import pytest

from city_resilience.explain.ale import Effect
from city_resilience.explain.held_tables import held_tables
from city_resilience.models.rows import FORECASTING
from city_resilience.report.places import (
    places_part,
    places_sentence,
    places_table,
    skill_by_group_table,
)
from city_resilience.report.report_page import render_report
from city_resilience.report.shapes import draw_shapes, pairs_table, shapes_part, shapes_table
from city_resilience.report.summary import summarise
from city_resilience.report.texts import Texts, measure_words
from held_inputs import large, made_up, provinces
from report_inputs import make_inputs

SAY = Texts(measure_words("growth_gap"))
LABELS = {"a": ("Alpha", "甲", "digital", "%"), "b": ("Beta", "乙", "innovation", "")}


def stepped(values, steep):
    return 2.0 * (values["a"] > 0.3) + 3.0 * steep * values["b"]


@pytest.fixture(scope="module")
def tables() -> dict[str, pd.DataFrame]:
    held = made_up(stepped)
    few = {city: "few" if k < 5 else "many" for k, city in enumerate(large())}
    groups = {"size_class": large(), "rank": few, "province": provinces()}

    def effects(view, horizon, edges):
        ones = {name: pd.Series(0.0, index=range(len(own) - 1)) for name, own in edges.items()}
        return {
            name: Effect(own.to_numpy(), own.to_numpy().astype(int)) for name, own in ones.items()
        }

    drivers = held.drivers.assign(view=FORECASTING, horizon=1)
    return held_tables(drivers, held.truth.assign(horizon=1), groups, effects=effects)


def test_the_table_of_shapes_has_the_threshold_with_its_interval_and_the_grade(tables):
    part = shapes_part(tables, 1, LABELS)
    assert not shapes_part(tables, 2, LABELS)
    grade = {"view": FORECASTING, "horizon": 1, "level": "indicator", "name": "a", "grade": "firm"}
    study = {"same": True, "parts": {"stability": {"rows": [grade]}}}
    rows = {row[0].text["en"]: row for row in shapes_table(part, FORECASTING, study, "1", SAY).rows}
    assert rows["Alpha"][0].lines[0] == SAY("study_grade_firm")
    assert rows["Beta"][0].lines[0] == SAY("view_not_graded")
    assert rows["Alpha"][-1].text == SAY("shape_form_step")
    assert re.search(
        r"at 0\.\d+ % \(−?\d\.\d+ to 0\.\d+\), q = 0\.0", rows["Alpha"][-1].lines[0]["en"]
    )
    assert len(pairs_table(part, FORECASTING, SAY).rows) == 3


def test_each_indicator_is_drawn_with_band_effects_and_threshold(tables):
    drawn = draw_shapes({"shapes": shapes_part(tables, 1, LABELS)}, FORECASTING, SAY)
    first = next(own for own in drawn.values() if own.label["en"] == "Alpha")
    assert [own.style for own in first.chart.series] == [
        "shape_band",
        "local_means",
        "local_effects",
    ]
    band, mean, _ = first.chart.series
    assert all(a <= b <= c for a, b, c in zip(band.y, mean.y, band.top, strict=True))
    assert {mark.style for mark in first.chart.marks} == {"zero", "threshold", "threshold_range"}
    assert not any(name in first.note["en"] for name in ("Alpha", "Beta"))
    assert draw_shapes({"shapes": {}}, FORECASTING, SAY) is None


def test_differences_are_counted_shown_and_small_groups_withheld(tables):
    own = places_part(tables["places"], 1, LABELS)[FORECASTING]
    said = places_sentence(own, SAY)
    assert f"Of {own['looked_at']} differences looked at, {own['found_count']} stand" in said["en"]
    assert said["en"].endswith(". 2 of 4 groups were too small and are withheld.")
    one, none = (places_sentence({**own, "few": few}, SAY) for few in (1, 0))
    assert one["en"].endswith(". 1 of 4 groups was too small and is withheld.")
    assert one["zh"].endswith("。4 个组中有 1 个过小，不予显示。")
    assert none["en"].endswith("drivers/places.csv.")
    assert "过小" not in none["zh"]
    assert not any(name in said["en"] for name in ("Alpha", "Beta"))
    shown = places_table(own, SAY).rows
    assert "Beta" in {row[0].text["en"] for row in shown}
    assert len(shown) == min(own["found_count"], 12)
    of_data = [row["figure"] in ("skill", "steepness") for row in own["found"]]
    assert of_data == sorted(of_data, reverse=True)
    assert of_data[0]
    by_group = skill_by_group_table(own, SAY).rows
    assert len(own["skill"]) == 4
    assert len(by_group) == 2
    assert not any(cell.text == {"en": "–", "zh": "–"} for row in by_group for cell in row)


def test_none_found_is_said(tables):
    nothing = tables["places"].assign(q_value=0.5)
    own = places_part(nothing, 1, LABELS)[FORECASTING]
    assert not own["found"]
    assert places_sentence(own, SAY)["en"].startswith("None found")
    few = tables["places"].assign(q_value=float("nan"), p_value=float("nan"), looked_at=0)
    said = places_sentence(places_part(few, 1, LABELS)[FORECASTING], SAY)
    assert said == SAY("places_few")


def test_the_page_has_them_where_the_run_has_the_tables(tables):
    inputs = make_inputs(cities=6, origins=range(2015, 2020), horizons=(1,)).all()
    page = render_report(summarise(**inputs))
    assert SAY("places_title")["en"] not in page
    inputs["tables"] = {**inputs["tables"], **tables}
    page = render_report(summarise(**inputs))
    drivers = page[page.index('<section id="drivers"') : page.index('<section id="coverage"')]
    for key in ("shapes_title", "pairs_title", "places_title", "places_skill_title"):
        assert drivers.count(SAY(key)["zh"]) == 1
    figure = drivers[drivers.index('data-figure="shapes"') :]
    figure = figure[: figure.index("</figure>")]
    assert re.findall(r'data-step="(\d+)"', figure) == ["00", "01", "02"]
