"""The first screen: reasons with their values, families, the strip, links to files beside it."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest

from city_resilience.report.dot_drawings import strip_of
from city_resilience.report.first_screen import first_screens, list_rows, shown_screens
from city_resilience.report.found_families import families_sentence
from city_resilience.report.outlook import nowcast_outlook
from city_resilience.report.page_data import TEXTS
from city_resilience.report.reasons import driver_name, reason_words
from city_resilience.report.report_page import render_report
from city_resilience.report.summary import summarise
from city_resilience.report.texts import Texts
from page_visits import placed_inputs


def reason(id: str, value: float | None, unit: str = "pp", size: float = -0.5) -> dict[str, Any]:
    names = {"en": id.upper(), "zh": id}
    return {"level": "indicator", "id": id, **names, "value": value, "unit": unit} | {
        "contribution": size
    }


@pytest.fixture(scope="module")
def summary() -> dict[str, Any]:
    return summarise(**placed_inputs(cities=30, horizons=(1, 2)).all())


@pytest.mark.parametrize(
    ("own", "said"),
    [
        (reason("gap", -3.94), "gap 2023 −3.9"),
        (reason("gap_lag2", 1.0), "gap 2021 +1.0"),
        (reason("gap_mean3", -6.8), "mean 21–23 −6.8"),
        (reason("gap_cumulative2", 0.0), "sum 22–23 0.0"),
        (reason("students", 1234.4, "per 10k people"), "STUDENTS 1,234"),
        (reason("share", 12.34, "%"), "SHARE 12.3 %"),
        (reason("gap", None, size=0.651), "gap 2023 +0.65"),
        (None, ""),
    ],
)
def test_a_reason_is_said_with_its_value(own: dict[str, Any] | None, said: str) -> None:
    assert reason_words(own, 2023, Texts())["en"] == said


def test_what_most_of_a_list_have_in_common_stands_above_it() -> None:
    row = {"chance": 0.3, "change": None, "before": None}
    gap, other = reason("gap", -3.9), reason("loans", 2.0)
    rows = [
        {**row, "city": "A", "reason": gap, "also": other},
        {**row, "city": "B", "reason": gap, "also": None},
        {**row, "city": "C", "reason": other, "also": gap},
    ]
    lists = {"risk": rows, "promising": [], "changed": [], "shared": {"risk": "gap"}}
    at = {"p_below_0": 0.7, "forecast": -1.0, "lower": -3.0, "upper": 1.0}
    names = {city: {"en": city, "zh": city} for city in "ABC"}
    own = list_rows({"lists": lists}, dict.fromkeys("ABC", at), names, 2023, Texts())["risk"]
    assert own["shared"] == driver_name(gap, 2023, Texts())
    told = [(row["common"], row["reason"], row["value"]) for row in own["rows"]]
    both = [dict.fromkeys(("en", "zh"), text) for text in ("−3.9", "+2.0")]
    loans = {"en": "LOANS", "zh": "loans"}
    assert told == [(both[0], loans, both[1]), (both[0], "", ""), ("", loans, both[1])]


def test_a_city_without_the_common_driver_keeps_its_reason_in_line(
    summary: dict[str, Any],
) -> None:
    told = deepcopy(summary)
    for screen in told["by_horizon"].values():
        rows = screen["outlook"]["lists"]["risk"]
        for row in rows:
            row |= {"reason": reason("gap", -3.9), "also": None}
        rows[-1]["reason"] = reason("loans", 2.0)
        screen["outlook"]["lists"]["shared"] = {"risk": "gap"}
    page = render_report(told)
    assert '<span class="reason"><b></b><i>' in page
    assert '<span class="reason"><i>' not in page.split('id="list-risk-')[1].split("</section>")[0]


def test_a_strip_says_whether_its_figures_are_totals_or_means(summary: dict[str, Any]) -> None:
    outlook = summary["by_horizon"]["1"]["outlook"]
    found = strip_of(outlook, summary["cities"], "1", Texts())
    assert found["totals"] is False
    first = outlook["group"]["rows"][0]
    assert found["rows"][0]["low"] is None
    total = {"forecast": 0.5, "lower": -0.5, "upper": 1.5}
    rows = [{**row, **total} for row in outlook["group"]["rows"]]
    told = strip_of({**outlook, "group": {"group": "province", "rows": rows}}, [], "1", Texts())
    assert told["totals"] is True
    assert {row["figure"] for row in told["rows"]} == {"+0.5"}
    dots = "".join(path for _, path in found["rows"][0]["dots"])
    assert dots.count("M") == first["n"]


def ablation(**outcomes: str) -> dict[str, Any]:
    rows = [
        {"horizon": 1, "family": family, "variant": variant, "origin": "all", "outcome": outcome}
        for family, outcome in outcomes.items()
        for variant in ("without", "added")
        if (family, variant) != ("history", "added")
    ]
    return {"same": True, "answer": {"1": ""}, "parts": {"ablation": {"rows": rows}}}


def test_families_are_said_to_help_where_the_forecast_is_worse_without_them() -> None:
    part = {"headline": {"worth": "none"}}
    found = {"by_horizon": {"1": part, "2": part}}
    found["study"] = ablation(digital="nothing", history="helps", place="nothing")
    said = families_sentence(found, "1", Texts())["en"]
    assert said == (
        "Digital indicators: no gain in accuracy found. "
        "A gain found: own history; none: 1 other families."
    )
    assert families_sentence(found, "2", Texts())["en"].endswith("(Measured one year ahead.)")
    alone = families_sentence({**found, "study": None}, "1", Texts())["en"]
    assert alone.startswith("All indicators together: no gain")


def test_a_nowcast_has_a_screen_of_its_own(summary: dict[str, Any]) -> None:
    cities = [{**city, "h": dict(city["h"])} for city in summary["cities"]]
    own = next(city for city in cities if city["origin"] == summary["origin"])
    at = own["h"]["1"]
    own["h"]["1"] = {**at, "nowcast": {**at, "forecast": -9.0, "p_worst_tenth": 0.99, "moved": -8}}
    part = summary["by_horizon"]["1"]
    part = {**part, "nowcast_outlook": nowcast_outlook(cities, part["outlook"], 1)}
    told = {**summary, "cities": cities, "by_horizon": {**summary["by_horizon"], "1": part}}
    shown = shown_screens(first_screens(told, Texts()))
    assert [(h, of) for h, of, _ in shown] == [("1", "forecast"), ("1", "nowcast"), ("2", "")]
    assert own["city"] in shown[1][2]["sentences"]["risk"]["en"]
    assert [row["city"] for row in shown[1][2]["lists"]["changed"]["rows"]] == [own["city"]]
    page = render_report(told)
    assert 'data-set="nowcast"' in page
    assert page.count('data-h="1" data-of="nowcast"') == 5  # sentences, strip, tiers, lists, onward


def test_a_page_links_to_what_was_written_beside_it(summary: dict[str, Any]) -> None:
    assert " download>" not in render_report(summary)
    page = render_report(summary, beside=("report.xlsx", "other.html"))
    assert '<a href="report.xlsx" download>' in page
    assert "other.html" not in page
    assert "brief.docx" not in page


def test_texts_for_the_scripts_have_the_words_of_the_measure(summary: dict[str, Any]) -> None:
    say = Texts(summary["measure"])
    for key in TEXTS.values():
        for text in say.unfilled(say.special(key)).values():
            assert "{nation" not in text
            assert "{unit" not in text
