"""The evidence: dots with their intervals, numbers of figures as tables, shocks, audit, methods."""

from __future__ import annotations

import math
from types import SimpleNamespace
from typing import Any

import pytest

from city_resilience.models.intervals import EVENTS
from city_resilience.report.audit_part import audit_checks, audit_table
from city_resilience.report.drawing import Chart, WhiskerRow, Whiskers
from city_resilience.report.figure_tables import covered_numbers, outcome_numbers, year_numbers
from city_resilience.report.figures import FIGURES, draw_reliability
from city_resilience.report.methods import METHODS, methods_of
from city_resilience.report.report_page import render_report
from city_resilience.report.shock_part import shocks_part, shocks_table
from city_resilience.report.study_figures import draw_added, draw_left_out, draw_ranks
from city_resilience.report.summary import summarise, with_study
from city_resilience.report.texts import Texts
from report_inputs import make_inputs
from study_inputs import small_study

NAME = {"en": "A", "zh": "A"}


@pytest.fixture(scope="module")
def summary() -> Any:
    inputs = make_inputs(cities=12, origins=range(2013, 2020), horizons=(1, 2), intervals=True)
    return with_study(summarise(**inputs.all()), small_study())


def test_whiskers_stand_on_one_scale_around_zero() -> None:
    rows = (WhiskerRow(NAME, "1", (-1.0, 1.0, 3.0)), WhiskerRow(NAME, "0", (0.0, 0.0, 0.0)))
    drawn = Whiskers.of(rows, NAME, None)
    assert drawn is not None
    first, second = drawn.rows
    assert (first.low, first.at, first.high) == (2.0, 50.0, 98.0)
    assert second.at == drawn.zero == 26.0
    assert Whiskers.of((), NAME, None) is None


def test_ablation_is_drawn_with_its_intervals_and_all_families_first(summary: Any) -> None:
    say = Texts(summary["measure"])
    rows = [row for row in summary["study"]["parts"]["ablation"]["rows"] if row["horizon"] == 1]
    left, added = (draw("1", summary, say) for draw in (draw_left_out, draw_added))
    assert left is not None
    assert added is not None
    assert len(left.rows) == len({row["family"] for row in rows if row["variant"] == "without"})
    for drawn in (left, added):
        assert all(row.low <= row.at <= row.high for row in drawn.rows)
    assert draw_left_out("3", summary, say) is None


def test_ranks_are_drawn_for_a_study_of_the_same_recipe_alone(summary: Any) -> None:
    say, study = Texts(summary["measure"]), summary["study"]
    same = {**summary, "study": {**study, "same": True}}
    other = {**summary, "study": {**study, "same": False}}
    view = study["parts"]["stability"]["rows"][0]["view"]
    drawn = draw_ranks(view, "1", same, say)
    assert drawn is not None
    assert {row.note["en"] for row in drawn.rows if row.note} <= {"firm", "likely", "unstable"}
    assert draw_ranks(view, "1", other, say) is None
    assert draw_ranks(view, "1", {**summary, "study": None}, say) is None


def test_numbers_of_figures_are_those_of_the_summary(summary: Any) -> None:
    say, part = Texts(summary["measure"]), summary["by_horizon"]["1"]
    years = year_numbers(part, summary, say)
    assert years is not None
    found = part["years"]
    assert [row[0].text["en"] for row in years.rows] == [str(y) for y in reversed(found["years"])]
    newest = {own["model"]: own["mae"][-1] for own in found["errors"]}
    shown = [cell.text["en"] for cell in years.rows[0][2:]]
    assert shown == [f"{own:.2f}" for own in newest.values()]
    skill = 1 - newest[summary["served"]] / newest["zero"]
    assert found["skill_zero"][-1] == pytest.approx(skill, abs=1e-3)
    outcomes = outcome_numbers(part, summary, say)
    assert outcomes is not None
    assert len(outcomes.rows) == len(part["outcomes"])


def test_the_worst_years_of_coverage_come_first() -> None:
    years = {"year": [2010, 2011, 2012], "coverage": [0.9, 0.7, 0.8], "coverage_80": [0.8] * 3}
    table = covered_numbers({"intervals": {"years": years}}, {}, Texts())
    assert table is not None
    assert [row[0].text["en"] for row in table.rows] == ["2011", "2012", "2010"]


def test_reliability_is_a_curve_without_thin_bins() -> None:
    bins = [
        {"low": 0.0, "high": 0.1, "events": {EVENTS[0]: _told(0.05, 0.04, 100)}},
        {"low": 0.1, "high": 0.2, "events": {EVENTS[0]: _told(0.15, 0.2, 19)}},
    ]
    drawn = draw_reliability({"intervals": {"chances": bins}}, {}, Texts())
    assert isinstance(drawn, Chart)
    assert [(own.style, list(own.x), list(own.y)) for own in drawn.series] == [
        (EVENTS[0], [0.05], [0.04])
    ]
    assert draw_reliability({"intervals": None}, {}, Texts()) is None


def _told(stated: float, found: float, n: int) -> dict[str, float]:
    return {"probability": stated, "frequency": found, "n": n}


def test_shocks_say_who_fell_behind_and_who_came_back() -> None:
    pairs = [(-2.0, 1.0), (-1.0, -1.0), (1.0, 2.0), (None, 3.0)]
    cities = [
        {"shocks": [_shock(gap, after)]}
        for gap, after in (*pairs, *((float(k), float(k)) for k in range(2, 10)))
    ]
    years, growth = [2017, 2018, 2019, 2020], [6.0, 7.0, 8.0, 2.0]
    (own,) = shocks_part(cities, years, growth)
    assert (own["n"], own["growth"], own["before"]) == (11, 2.0, 7.0)
    assert own["behind"] == pytest.approx(2 / 11, abs=1e-4)
    assert own["back"] == 0.5
    assert own["goes_on"] is not None
    assert 0.8 < own["goes_on"] <= 1.0
    row = shocks_table({"shocks": [own]}, Texts()).rows[0]
    assert row[0].text["en"] == "2019–2020"
    assert shocks_part([{"shocks": []}], years, growth) == []


def _shock(gap: float | None, after: float) -> dict[str, Any]:
    return {
        "start": 2019,
        "end": 2020,
        "recovery_end": 2022,
        "gap": gap,
        "recovery_gap": after,
        "resistance": math.nan,
        "recovery": math.nan,
    }


def test_checks_are_counted_and_accepted_issues_apart() -> None:
    def issue(id: str, level: str, city: str, cities: int = 1) -> Any:
        return SimpleNamespace(id=id, kind="jump", level=level, city=city, cities=cities)

    issues = [
        issue("a", "warning", "A"),
        issue("b", "warning", "A"),
        issue("c", "error", "B"),
        issue("d", "note", "", 7),
    ]
    checks = audit_checks(issues, {"c": "true"})
    assert checks == [
        {"kind": "jump", "error": 0, "warning": 2, "note": 1, "accepted": 1, "cities": 7}
    ]
    table = audit_table({"run": {"checks": checks}}, Texts())
    assert [cell.text["en"] for cell in table.rows[0][1:]] == ["0", "2", "1", "1", "7"]


@pytest.mark.parametrize("rule", ["split", "year", ""])
def test_methods_are_those_of_the_recipe(summary: Any, rule: str) -> None:
    intervals = {"rule": rule} if rule else None
    found = methods_of({"by_horizon": {"1": {"intervals": intervals}}}, Texts(summary["measure"]))
    names = [own["name"]["en"] for own in found if isinstance(own["name"], dict)]
    assert len(names) == len(METHODS) - (0 if rule else 3)
    text = " ".join(str(own["text"]) for own in found)
    assert ("Split conformal" in text) is (rule == "split")
    assert ("in four years of five" in text) is (rule == "year")


def test_every_figure_of_the_evidence_has_its_numbers_on_the_page(summary: Any) -> None:
    page = render_report(summary)
    for name in ("years", "outcome"):
        figure = page[page.index(f'data-figure="{name}"') :]
        assert 'class="numbers"' in figure[: figure.index("</figure>")]
    assert {entry.section for entry in FIGURES.values()} >= {"skill", "intervals", "study"}
