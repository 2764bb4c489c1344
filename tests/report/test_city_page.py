"""The page of a city: what is greyed, what its figures say, and no causal word in its own texts."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import Any

import pytest

from city_resilience.report.city_figures import past_columns, waterfall
from city_resilience.report.city_page import render_city, render_markdown
from city_resilience.report.sentences import causal_words
from city_resilience.report.texts import LANGUAGES, Texts, measure_words

SAY = Texts(measure_words("growth_gap"))
FORECAST = {
    "horizon": 1,
    "target": 2021,
    "forecast": 0.5,
    "lower": -1.0,
    "upper": 2.0,
    "lower_80": -0.5,
    "upper_80": 1.5,
    "coverage": 0.9,
    "rank": 3,
    "of": 40,
    "province_rank": 1,
    "province_of": 4,
    "peers_rank": 2,
    "peers_of": 11,
    "p_below_0": 0.3,
    "flags": ["stale"],
    "information": "forecast",
    "early_release": None,
}
NAMES = {"en": "Leading indicator that raises hopes", "zh": "促进指标"}
"""A name is quoted as it stands, whatever its words."""


def row_of(**own: Any) -> dict[str, Any]:
    every = {"slice": "all", "level": "", "years": 9, "wins": 5, "mae": 1.4}
    errors = {f"mae_{name}": 1.5 for name in ("zero", "group_median", "forecasting")}
    skills = {f"skill_{name}": 0.07 for name in ("zero", "group_median", "forecasting")}
    return every | errors | skills | {"difference": -0.1, "low": -0.2, "high": -0.01} | own


def view(name: str, grade: str = "", **own: Any) -> dict[str, Any]:
    indicator = {"id": "x", "label": NAMES, "family": "digital", "unit": "%", "value": -1.5}
    return {
        "view": name,
        "horizon": 1,
        "forecast": 0.5,
        "lower": -1.0,
        "upper": 2.0,
        "coverage": 0.9,
        "rank": 3,
        "of": 40,
        "skill": None,
        "nil": False,
        "base": 0.1,
        "missing": 0.05,
        "missing_count": 1,
        "rest": -0.05,
        "rest_count": 2,
        "families": [
            {"family": "digital", "contribution": 0.4, "grade": grade},
            {"family": "talent", "contribution": -0.05, "grade": "unstable" if grade else ""},
        ],
        "indicators": [{**indicator, "contribution": 0.4, "grade": grade}],
        "ordered": {"family": False, "indicator": False},
        **own,
    }


def summary(grade: str = "", **own: Any) -> dict[str, Any]:
    nil = {"rows": [row_of(high=0.1)], "shown": False}
    analogues = [{"city": "Elford", "year": 2010, "target": 2011, "distance": 0.4, "outcome": -1.0}]
    changed = {"id": "x", "label": NAMES, "family": "digital", "unit": "%"}
    return {
        "format": 1,
        "city": "Alby",
        "groups": [{"group": "region", "level": "East"}],
        "horizon": 1,
        "origin": 2020,
        "target": 2021,
        "model": "demo",
        "simulated": True,
        "title": {"en": "Demo", "zh": "演示"},
        "outcome": {"en": "real GDP", "zh": "实际地区生产总值"},
        "measure": measure_words("growth_gap"),
        "forecasts": [FORECAST],
        "past": [{"year": 2019, "outcome": 3.0}, {"year": 2020, "outcome": -1.0}],
        "record": {
            "years": 1,
            "first": 2019,
            "last": 2019,
            "mae": 1.0,
            "zero_mae": 2.0,
            "forecasts": [{"year": 2020, "forecast": 0.0}],
        },
        "views": [view("forecasting", grade), view("structural", grade, skill=nil, nil=True)],
        "changed": {
            "origin": 2019,
            "before": 0.1,
            "now": 0.5,
            "change": 0.4,
            "missing": 0.0,
            "families": [{"family": "digital", "change": 0.4, "grade": grade}],
            "indicators": [{**changed, "value_before": -1.0, "value": -1.5, "change": 0.4}],
        },
        "peers": {
            "groupings": ["region"],
            "indicators": 7,
            "rows": [
                {
                    "city": "Bren|dale",
                    "province": "P",
                    "distance": 0.2,
                    "groups": 0.0,
                    "size": 0.1,
                    "structure": None,
                    "forecast": 1.0,
                    "rank": 2,
                }
            ],
        },
        "analogues": {
            "median": -1.0,
            "low": -1.0,
            "high": -1.0,
            "compared": 90,
            "every": 0.1,
            "indicators": 30,
            "rows": analogues,
        },
        "graded": {"why": "" if grade else "no_study", "refits": 50 if grade else None},
        "notes": [],
        "missing": [],
        **own,
    }


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
