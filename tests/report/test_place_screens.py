"""The pages of a city, a group and a comparison in a browser, beside the summary they are of."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from city_resilience.report.report_page import write_report
from city_resilience.report.summary import Summary, summarise, with_study
from page_visits import Visit, placed_inputs

pytestmark = pytest.mark.browser
YEARS = list(range(2010, 2021))
ISSUED = "Alham"
GRADED = ("gap_last", "gap_mean5", "density", "upgrading")
"""Indicators that the study grades; it finds all others unstable."""


def address(name: str) -> str:
    """Return a name as an address has it."""
    return quote(name, safe="")


@pytest.fixture(scope="module")
def summary() -> Summary:
    inputs = placed_inputs(cities=24)
    places = inputs.info["places"]
    places["past_years"], places["nation_growth"] = YEARS, [6.0] * len(YEARS)
    for k, own in enumerate(places["cities"].values()):
        own["past"] = [0.3 * k - 2 + 0.1 * i for i in range(len(YEARS))]
        own["peers_past"] = [0.2] * len(YEARS)
        own["shocks"] = [
            {"start": 2008, "end": 2009, "recovery_end": 2011, "gap": -1.0, "recovery_gap": 2.0}
            | {"resistance": 0.14, "recovery": None}
        ]
    for name, by in (("lower_80", -1.4), ("upper_80", 1.4)):
        inputs.forecast[name] = inputs.forecast["forecast"] + by
    figures = {"value": 12.0, "median": 20.0, "best_quartile": 31.0, "to_median": 8.0}
    about = {"indicator": "students", "year": 2019, "sd_to_median": 1.25, "old": False, "why": ""}
    inputs.info["levers"] = {
        "indicators": {"students": {"en": "Students", "zh": "在校学生", "unit": "per 10k people"}},
        "rows": {next(iter(places["cities"])): [{**about, **figures, "short": True}]},
    }
    summary = summarise(**inputs.all())
    summary["by_horizon"]["1"]["issued"] = {  # type: ignore[typeddict-unknown-key]
        "id": "2019-forecast-1",
        "day": "2021-04-02",
        "origin": 2019,
        "target": 2020,
        "live": False,
        "rows": {ISSUED: {"forecast": 1.24, "lower": -2.0, "upper": 4.5, "truth": -0.34}},
    }
    return with_study(summary, graded_study(summary))


def graded_study(summary: Summary) -> dict[str, Any]:
    """Return a study of the same recipe that grades the indicators one year ahead."""
    about: dict[str, Any] = {"view": "forecasting", "horizon": 1, "level": "indicator"}
    names = [entry["id"] for entry in summary["indicators"]]
    figures = ("size", "share", "rank", "rank_low", "rank_high", "sign", "sign_share")
    about |= dict.fromkeys((*figures, "shadow_share", "loss", "p_value", "q_value"), 1.0)
    about |= {"family": "history", "ordered": False, "loss_low": 0.0, "loss_high": 1.0}
    rows = [
        {**about, "name": name, "grade": "firm" if name in GRADED else "unstable"} for name in names
    ]
    labels = {own["id"]: [own["en"], own["zh"]] for own in summary["indicators"]}
    told = {"refits": 30, "rows": 40, "repeats": 10, "labels": labels}
    told |= {"origins": {"forecasting": [2018, 2019]}, "clusters": "city", "clusters_count": 24}
    return {
        "experiment": "demo",
        "measure": summary["measure"]["id"],
        "origins": [2010, 2019],
        "digest": summary["run"]["digest"],
        "cities": 30,
        "version": "1",
        "served": "blend",
        "naive": {},
        "fingerprint": summary["run"]["fingerprint"],
        "parts": {"stability": {"created": "2026-01-01", "about": told, "rows": rows}},
    }


@pytest.fixture(scope="module")
def report(summary: Summary, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_report(summary, tmp_path_factory.mktemp("places") / "r.html")


@pytest.fixture(scope="module")
def shared(browser: Any) -> Iterator[Visit]:
    own = Visit(browser.new_page(viewport={"width": 1280, "height": 900}, locale="en-US"))
    yield own
    own.close()


def test_what_the_scripts_read_is_what_the_summary_says(
    shared: Visit, report: Path, summary: Summary
) -> None:
    """Rows are short on the page; unpacked they hold what they were made of."""
    shared.open(report)
    cities = json.loads(shared.page.evaluate("JSON.stringify(DATA.cities)"))
    parts = json.loads(shared.page.evaluate("JSON.stringify(DATA.parts)"))
    assert [own["city"] for own in cities] == [own["city"] for own in summary["cities"]]
    for found, own in zip(cities, summary["cities"], strict=True):
        for name in ("province", "origin", "groups", "keys", "peers"):
            assert found[name] == own[name]
        assert found["past"] == pytest.approx(own["past"], abs=0.051)
        assert found["shocks"] == own["shocks"]
        for h, at in own["h"].items():
            assert found["h"][h]["target"] == at["target"]
            assert found["h"][h]["tier"] == at["tier"]
            assert found["h"][h]["clear"] == at["clear"]
            assert found["h"][h]["rank"] == at["rank"]
            for name, near in (("forecast", 0.0051), ("upper", 0.0051), ("p_below_0", 0.00051)):
                assert found["h"][h][name] == pytest.approx(at[name], abs=near)
            told = summary["by_horizon"][h]["parts"][own["city"]]["families"]
            assert parts[h][own["city"]]["families"] == pytest.approx(told, abs=0.0051)


def test_a_city_has_its_past_its_fan_and_at_most_six_bars(
    shared: Visit, report: Path, summary: Summary
) -> None:
    own = summary["cities"][5]
    shared.open(report, f"#/city/{address(own['city'])}")
    page = shared.page.locator(".city-page")
    assert page.locator("svg.fan .band").count() == 2
    drawn = page.locator("svg.fan .dot.past").get_attribute("d")
    assert str(drawn).count("M") == len(YEARS)
    outcomes = summary["by_horizon"]["1"]["outcomes"]
    assert page.locator("svg.fan circle.before").count() == len(outcomes)
    assert page.locator("svg.fan circle.now").count() == 3
    assert 3 <= page.locator(".falls li").count() <= 6
    bars = [float(t.replace("−", "-")) for t in page.locator(".falls .figure").all_inner_texts()]
    assert sum(bars[:-1]) == pytest.approx(bars[-1], abs=0.021)
    assert page.locator("svg.fan").first.get_attribute("aria-label").startswith(own["city"])


def test_reasons_are_graded_and_have_their_values(
    shared: Visit, report: Path, summary: Summary
) -> None:
    labels = {own["en"]: own["id"] for own in summary["indicators"]}
    found: set[str] = set()
    made = summary["by_horizon"]["1"]["parts"]
    for own in [own for own in summary["cities"] if own["city"] in made][:6]:
        shared.open(report, f"#/city/{address(own['city'])}")
        shared.page.locator(".place h2", has_text=own["city"]).wait_for()
        said = shared.page.locator(".reasons li").all_inner_texts()
        assert 1 <= len(said) <= 3
        found |= {labels[name[1]] for text in said if (name := re.search("“(.*?)”", text))}
    assert found
    assert found <= set(GRADED)
    shared.open(report, f"#/city/{address(own['city'])}?h=2")
    shared.page.locator(".reasons li", has_text="another horizon").wait_for()


@pytest.mark.parametrize("h", ["1", "3"])
def test_growth_is_that_of_the_nation_and_the_gap(
    shared: Visit, report: Path, summary: Summary, h: str
) -> None:
    own = summary["cities"][7]
    shared.open(report, f"#/city/{address(own['city'])}?h={h}")
    box = shared.page.locator('[data-slot="nation"]')
    assert box.locator("input").input_value() == "6.0"
    box.locator("input").fill("5")
    at, years = own["h"][h], int(h)
    wanted = [
        100 * (((1.05**years) * math.exp(at[name] / 100)) ** (1 / years) - 1)
        for name in ("forecast", "lower", "upper")
    ]
    text = box.inner_text().replace("−", "-").replace("\u00a0", " ")
    found = [float(value) for value in re.findall(r"(-?[\d.]+)(?: %| to )", text)]
    assert found == pytest.approx(wanted, abs=0.056)
    assert ("a year until" in text) is (years > 1)


def test_peers_stand_beside_the_city_with_values_and_their_median(
    shared: Visit, report: Path, summary: Summary
) -> None:
    own = summary["cities"][4]
    shared.open(report, f"#/city/{address(own['city'])}")
    rows = shared.page.locator('[data-slot="peers"] tbody th').all_inner_texts()
    assert rows == [own["city"], *own["peers"]]
    leading = summary["levels"]["indicators"][0]
    heads = shared.page.locator('[data-slot="peers"] thead th').all_inner_texts()
    assert any(summary["indicators"][leading]["en"] in head for head in heads)
    assert "median of its peers" in shared.page.locator('[data-slot="peers"] tfoot').inner_text()
    shared.page.click('[data-slot="nearest"]')
    shared.page.wait_for_selector(".compare-page")
    heads = shared.page.locator(".compare-page thead th").all_inner_texts()
    assert heads[1:] == [own["city"], *own["peers"]]


def test_a_comparison_is_added_to_and_taken_from(
    shared: Visit, report: Path, summary: Summary
) -> None:
    names = [own["city"] for own in summary["cities"][6:9]]
    shared.open(report, f"#/compare/{','.join(map(address, names[:2]))}")
    page = shared.page
    assert page.locator(".fans svg").count() == 2
    boxes = [one.get_attribute("viewBox") for one in page.locator(".fans svg").all()]
    texts = [one.locator("text.side").all_inner_texts() for one in page.locator(".fans svg").all()]
    assert boxes[0] == boxes[1]
    assert texts[0] == texts[1], "one scale"
    page.fill(".compare-page input", names[2])
    page.keyboard.press("Enter")
    page.wait_for_function("document.querySelectorAll('.fans svg').length === 3")
    page.locator(".drop").first.click()
    page.wait_for_function("document.querySelectorAll('.fans svg').length === 2")
    assert page.locator(".compare-page thead th").all_inner_texts()[1:] == names[1:]
    page.go_back()
    page.wait_for_function("document.querySelectorAll('.fans svg').length === 3")


def test_a_group_has_its_cities_their_ranges_and_its_past(
    shared: Visit, report: Path, summary: Summary
) -> None:
    row = summary["by_horizon"]["2"]["outlook"]["group"]["rows"][0]
    shared.open(report, f"#/group/{address(row['level'])}?h=2")
    page = shared.page.locator(".group-page")
    assert page.locator(".ranges a").all_inner_texts() == row["cities"]
    assert page.locator("tbody th").all_inner_texts() == row["cities"]
    assert f"{row['below']} of {row['n']} cities" in page.locator(".verdict").inner_text()
    drawn = page.locator("svg.fan .dot.past").get_attribute("d")
    assert str(drawn).count("M") == len(YEARS)
    counts = page.locator(".tier-counts b").all_inner_texts()
    assert sorted(map(int, counts)) == sorted(row["tiers"].values())


def test_the_last_issue_stands_beside_its_outcome(
    shared: Visit, report: Path, summary: Summary
) -> None:
    shared.open(report, f"#/city/{address(ISSUED)}")
    shared.page.locator(".place h2", has_text=ISSUED).wait_for()
    text = shared.page.locator('[data-slot="issued"]').inner_text().replace("\u00a0", " ")
    assert "Issued on 2021-04-02 for 2020: +1.2 pp; it came out at −0.3 pp." in text
    assert "from −2.0 to +4.5 pp" in text
    assert "already be known" in text
    shared.open(report, f"#/city/{address(ISSUED)}?h=2")
    shared.page.wait_for_function("state.h === 2")
    assert shared.page.locator('[data-slot="issued"]').inner_text() == ""


def test_levers_stand_where_an_experiment_marks_some(
    shared: Visit, report: Path, summary: Summary
) -> None:
    first, other = next(iter(summary["levers"]["rows"])), summary["cities"][9]["city"]
    shared.open(report, f"#/city/{address(first)}")
    row = shared.page.locator('[data-slot="levers"] tbody tr')
    row.wait_for()
    text = row.inner_text().replace("\u00a0", " ")
    for part in ("Students (2019 · short board)", "12.0 per 10k people", "20.0", "+8.00 (1.3 sd)"):
        assert part in text
    shared.open(report, f"#/city/{address(other)}")
    shared.page.locator(".place h2", has_text=other).wait_for()
    assert not shared.page.locator('[data-slot="levers-box"]').is_visible()


@pytest.mark.parametrize("kind", ["city", "group", "compare"])
def test_a_place_is_printed_on_one_upright_page(
    shared: Visit, report: Path, summary: Summary, kind: str
) -> None:
    names = [own["city"] for own in summary["cities"][5:10]]
    level = summary["by_horizon"]["1"]["outlook"]["group"]["rows"][0]["level"]
    asked = {"city": names[:1], "group": [level], "compare": names}[kind]
    shared.open(report, f"#/{kind}/{','.join(map(address, asked))}")
    printed = shared.page.pdf(prefer_css_page_size=True)
    boxes = re.findall(rb"/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]", printed)
    assert [[round(float(side)) for side in box] for box in boxes] == [[595, 842]]
