"""The page of a city: what is greyed, what its figures say, and no causal word in its own texts."""

from __future__ import annotations

import re
from html import unescape
from html.parser import HTMLParser

import pytest

from city_inputs import LEVERS, NAMES, summary
from city_resilience.report.city_figures import past_columns, waterfall
from city_resilience.report.city_page import render_city, render_markdown
from city_resilience.report.levers import lever_curves, lever_sentences
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
    found = summary(grade, levers=LEVERS)
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


@pytest.mark.parametrize("lang", LANGUAGES)
def test_levers_are_shown_with_the_literature_apart_from_the_model(lang):
    found = summary(levers=LEVERS)
    page = render_city(found)
    section = page[page.index('<section id="levers"') :]
    section = unescape(section[: section.index("</section>")])
    text = render_markdown([found], lang)
    for shown in (section, text):
        for words in ("city_said_levers", "city_directions_lead"):
            assert SAY(words)[lang] in shown
        assert "1.2" in shown
        assert LEVERS["directions"][0]["source"][lang] in shown
        assert LEVERS["directions"][0][lang] in shown
        assert LEVERS["absent"][0]["label"][lang] in shown
        assert SAY("city_lever_unread")[lang] in shown
    quoted = re.findall(r"<li><span data-quoted>(.*?)</li>", section)
    assert any(LEVERS["directions"][0][lang] in one for one in quoted)
    assert '<section id="levers"' not in render_city(summary())


def test_the_curves_of_levers_are_on_one_scale_and_mark_the_city():
    first, second = lever_curves(summary(levers=LEVERS), SAY)
    assert (first["top"], second["top"]) == (0.5, 0.5)
    assert [line["view"] for line in first["lines"]] == ["forecasting", "structural"]
    assert [line["view"] for line in second["lines"]] == ["structural"]
    ends = [tuple(map(float, p.split(","))) for p in first["lines"][0]["points"].split()]
    assert ends[0][0] < first["own"] < first["median"] < ends[-1][0]
    assert ends[0][1] > first["zero"] > ends[-1][1]
    assert first["far"] == [ends[-1][0]]
    assert second["own"] is None


def test_short_boards_and_drivers_are_named_in_quotation_marks():
    (boards, note) = lever_sentences(summary(levers=LEVERS), SAY)
    assert "“Students”" in boards.text["en"]
    assert "“学生”" in boards.text["zh"]
    assert "not an effect" in note.text["en"]
    assert boards.figures == {"students_per_10k": 1.25}
    found = summary("firm")
    name = found["views"][0]["indicators"][0]["label"]
    page = render_city(found)
    assert f"“{name['en']}” is associated with" in page
    assert f"“{name['zh']}”与较" in page
