"""A figure is one entry and its texts; what it looks like stands in one file."""

from __future__ import annotations

import json
import re
from importlib.resources import files

import pytest

from city_resilience.report import figures, texts
from city_resilience.report.figures import FIGURES, FigureEntry, build_figures, figure_styles
from city_resilience.report.report_page import SECTIONS, render_report
from city_resilience.report.summary import Summary, summarise
from city_resilience.report.texts import Texts
from report_inputs import make_inputs


@pytest.fixture(scope="module")
def summary() -> Summary:
    return summarise(**make_inputs(cities=6, origins=range(2013, 2020), horizons=(1, 2)).all())


def test_every_style_that_a_figure_names_exists(summary: Summary) -> None:
    styles = figure_styles()
    drawn = build_figures(summary, Texts(summary["measure"]))
    shown = [figure for part in drawn.values() for figure in part.values() if figure]
    shown += [own for figure in shown if "data" not in figure for own in figure.values()]
    for figure in (figure for figure in shown if "data" in figure):
        assert figure["layout"]["style"] in styles["layouts"]
        assert {trace["style"] for trace in figure["data"]} <= set(styles["traces"])
        shapes = figure["layout"].get("shapes", [])
        assert {shape["style"] for shape in shapes} <= set(styles["shapes"])
    assert {entry.section for entry in FIGURES.values()} <= set(SECTIONS)


def test_a_made_up_figure_needs_an_entry_and_its_texts(summary: Summary, monkeypatch) -> None:
    def draw(part, summary, say):
        mae = part["headline"]["mae"]
        return {
            "data": [{"style": "bars", "x": [mae], "y": [0]}],
            "layout": {"style": "bars", "yaxis": {"tickvals": [0], "ticktext": [say("mae")]}},
        }

    own = {"en": "Error as a bar", "zh": "误差条形图"}
    known = {**texts.every_text(), "fig_error": own}
    monkeypatch.setattr(texts, "every_text", lambda: known)
    monkeypatch.setitem(figures.FIGURES, "error", FigureEntry("error", "skill", draw))
    page = render_report(summary)
    skill = page[page.index('<section id="skill"') : page.index('<section id="intervals"')]
    assert 'id="fig-error"' in skill
    assert '<span lang="en">Error as a bar</span><span lang="zh">误差条形图</span>' in skill
    data = json.loads(re.search(r'id="data">(.*?)</script>', page, re.S)[1])
    for horizon, part in summary["by_horizon"].items():
        bars = data["figures"][horizon]["error"]
        assert bars["data"][0]["x"] == [part["headline"]["mae"]]
        assert bars["layout"]["yaxis"]["ticktext"] == [{"en": "MAE, pp", "zh": "MAE（百分点）"}]


def test_the_script_and_the_styles_agree() -> None:
    script = files("city_resilience.report").joinpath("assets", "figures.js").read_text("utf-8")
    asked = set(re.findall(r"DATA\.styles\.(\w+)", script))
    asked |= {"layout", "axis", "layouts", "shapes"}
    assert asked == set(figure_styles())
