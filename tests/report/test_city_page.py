"""The page of a city: what is greyed, what its figures say, and no causal word in its own texts."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest

from city_inputs import NAMES, summary
from city_resilience.report.city_figures import past_columns, waterfall
from city_resilience.report.city_page import render_city, render_markdown
from city_resilience.report.sentences import causal_words
from city_resilience.report.texts import LANGUAGES, Texts, measure_words

SAY = Texts(measure_words("growth_gap"))


def body(page: str) -> str:
    return page[page.index("<body>") : page.index('<script type="application/json"')]


class _Own(HTMLParser):
    """Collects the words of a page in one language, without what is quoted."""

    def __init__(self, lang: str) -> None:
        super().__init__()
        self.other, self.open, self.words = {"en": "zh", "zh": "en"}[lang], [], []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        about = dict(attrs)
        if tag not in ("br", "input"):
            self.open.append("data-quoted" in about or about.get("lang") == self.other)

    def handle_endtag(self, tag: str) -> None:
        self.open.pop()

    def handle_data(self, data: str) -> None:
        if not any(self.open):
            self.words.append(data)


def own_texts(page: str, lang: str) -> str:
    parser = _Own(lang)
    parser.feed(body(page))
    return " ".join(parser.words)


@pytest.mark.parametrize("grade", ["", "firm", "unstable"])
def test_no_word_of_the_page_says_that_one_thing_makes_another(grade):
    found = summary(grade)
    if grade == "firm":  # a sentence has the name of the indicator among its own words
        for own in found["views"]:
            own["indicators"][0]["label"] = {"en": "Broadband", "zh": "宽带"}
    page = render_city(found)
    for lang in LANGUAGES:
        text = own_texts(page, lang)
        assert len(text) > 1000
        assert causal_words(text, lang) == []
    assert page.count("data-quoted") > 10


def test_a_view_without_skill_is_greyed_and_names_no_driver():
    page = render_city(summary("firm"))
    served, structural = re.findall(
        r'<div class="view[^"]*" id="view-(?:forecasting|structural)"', page
    )
    assert ("nil" in served, "nil" in structural) == (False, True)
    part = page[page.index('id="view-structural"') : page.index('<section id="changed"')]
    assert "show no skill" in part
    assert part.index("show no skill") < part.index("Digital")
    assert "is associated with" not in part
    before = page[: page.index('id="view-structural"')]
    assert "Digital is associated with a forecast +0.40" in before.replace("\u00a0", " ")
    assert "Talent is associated" not in page


def test_grades_stand_in_tables_only_where_a_study_gives_them():
    assert 'class="grade unstable"' in render_city(summary("firm"))
    page = render_city(summary())
    assert 'class="grade' not in body(page)
    assert "study --refits 50" in page
    for grade in ("", "firm"):
        text = render_markdown([summary(grade)])
        rows = [row for row in text.splitlines() if row.startswith("|")]
        assert r"Bren\|dale" in text
        widths = [row.replace(r"\|", "").count("|") for row in rows]
        tables = re.findall(r"(?:^\|.*\n)+", text, re.MULTILINE)
        assert all(
            len({r.replace(r"\|", "").count("|") for r in t.splitlines()}) == 1 for t in tables
        )
        assert min(widths) >= 3


def test_sections_without_values_are_left_out_and_said():
    page = render_city(
        summary(changed=None, peers=None, analogues=None, past=[], record=None, missing=["peers"])
    )
    assert '<section id="peers"' not in page
    assert 'href="#peers"' not in page
    assert "its peers and its rank among them" in page
    assert 'class="past"' not in page


def test_names_of_places_cannot_break_the_page():
    page = render_city(summary(city="<img src=x onerror=alert(1)>"))
    assert "<img" not in page


def test_a_waterfall_ends_at_the_forecast():
    parts = [(NAMES, 0.4, ""), (NAMES, -0.9, ""), (NAMES, 0.001, ""), (NAMES, None, "")]
    rows = waterfall(parts, 0.1, -0.4, SAY)
    assert [row["kind"] for row in rows] == ["base", "part", "part", "total"]
    base, first, second, total = rows
    assert first["left"] == pytest.approx(base["left"] + base["width"], abs=0.02)
    assert second["left"] + second["width"] == pytest.approx(
        first["left"] + first["width"], abs=0.02
    )
    assert total["left"] == pytest.approx(second["left"], abs=0.02)
    assert total["left"] + total["width"] == pytest.approx(total["zero"], abs=0.02)
    assert all(row["left"] >= 0 and row["left"] + row["width"] <= 100 for row in rows)


def test_the_past_shows_outcomes_forecasts_and_the_interval():
    first, second, target = past_columns(summary())
    assert (first["dot"], second["dot"]) == (None, second["zero"])
    assert first["top"] + first["height"] == pytest.approx(first["zero"], abs=0.02)
    assert second["top"] == second["zero"]
    assert (target["year"], target["outcome"]) == (2021, None)
    assert target["top"] < target["dot"] < target["top"] + target["height"]


def test_levers_are_shown_with_the_literature_apart_from_the_model():
    lever = {
        "indicator": "students_per_10k",
        "label": {"en": "Students", "zh": "学生"},
        "unit": "per 10k people",
        "cost_unit": "",
        "short": True,
        "value": 12.0,
        "median": 20.0,
        "best_quartile": 30.0,
        "to_median": 8.0,
        "sd_to_median": 1.25,
        "years_to_median": None,
        "cost_to_median": None,
        "changes": {"forecasting": 0.25, "structural": None},
    }
    advice = {"en": "wider financing", "zh": "拓宽融资", "source": "somebody, 2020"}
    page = render_city(summary(levers={"rows": [lever], "directions": [advice]}))
    section = page[page.index('<section id="levers"') :]
    section = section[: section.index("</section>")]
    assert "not an effect" in section
    assert "No model found them" in section
    assert "somebody, 2020" in section
    assert "1.25" in section
    assert '<section id="levers"' not in render_city(summary())
