"""A figure is one entry and its texts; its class is one that the style sheet knows."""

from __future__ import annotations

import re
from importlib.resources import files

import pytest

from city_resilience.evaluation.baselines import NAIVE
from city_resilience.report import figures, texts
from city_resilience.report.drawing import Bars, Chart, Step
from city_resilience.report.figures import FIGURES, FigureEntry, build_figures
from city_resilience.report.report_page import SECTIONS, render_report
from city_resilience.report.summary import Summary, summarise
from city_resilience.report.texts import Texts, model_name
from report_inputs import make_inputs


@pytest.fixture(scope="module")
def summary() -> Summary:
    return summarise(**make_inputs(cities=6, origins=range(2013, 2020), horizons=(1, 2)).all())


def _charts(summary: Summary) -> list[Chart]:
    drawn = build_figures(summary, Texts(summary["measure"]))
    shown = [figure for part in drawn.values() for figure in part.values() if figure]
    steps = [step for own in shown if isinstance(own, dict) for step in own.values()]
    assert all(isinstance(step, Step) for step in steps)
    return [own for own in shown if isinstance(own, Chart)] + [step.chart for step in steps]


def test_the_style_sheet_knows_every_class_of_a_figure(summary: Summary) -> None:
    rules = files("city_resilience.report").joinpath("assets", "charts.css").read_text("utf-8")
    known = set(re.findall(r"\.([a-z]\w*)", rules))
    for chart in _charts(summary):
        asked = {own.style for own in chart.series} | {mark.style for mark in chart.marks}
        assert asked - {"outcome", "served", "covered_90", "local_means", "shape_band"} <= known
    assert {entry.section for entry in FIGURES.values()} <= set(SECTIONS)


def test_errors_by_year_are_drawn_beside_the_zero_rule(summary: Summary) -> None:
    figures_at = build_figures(summary, Texts(summary["measure"]))
    for part in figures_at.values():
        chart = part["years"]
        assert isinstance(chart, Chart)
        drawn = [own.style for own in chart.series]
        assert drawn == ["other_0", "other_1", "history", "naive", "zero", "served"]
        names = [own.name["en"] for own in chart.series if own.name]
        assert {model_name(rule, "en") for rule in NAIVE} <= set(names)


def test_a_made_up_figure_needs_an_entry_and_its_texts(summary: Summary, monkeypatch) -> None:
    def draw(part, summary, say):
        return Bars.of([(say("mae"), part["headline"]["mae"])])

    own = {"en": "Error as a bar", "zh": "误差条形图"}
    known = {**texts.every_text(), "fig_error": own}
    monkeypatch.setattr(texts, "every_text", lambda: known)
    monkeypatch.setitem(figures.FIGURES, "error", FigureEntry("error", "skill", draw))
    page = render_report(summary)
    skill = page[page.index('<section id="skill"') : page.index('<section id="intervals"')]
    assert "<b lang=en>Error as a bar</b><b lang=zh>误差条形图</b>" in skill
    for part in summary["by_horizon"].values():
        assert f"<span class=num>{part['headline']['mae']:.2f}</span>" in skill
    assert "MAE（百分点）" in skill
