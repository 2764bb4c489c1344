"""The page of a city in a real browser: it switches language, fits a phone, and loads nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from city_inputs import summary
from city_resilience.report.city_page import render_city
from city_resilience.report.html import write_page
from page_visits import findings_of

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_page(render_city(summary("firm")), tmp_path_factory.mktemp("city") / "city.html")


@pytest.mark.parametrize("width", [1280, 390])
def test_the_page_switches_fits_and_loads_nothing(browser: Any, city: Path, width: int) -> None:
    problems: list[str] = []
    requests: list[str] = []
    page = browser.new_page(viewport={"width": width, "height": 844})
    page.on("console", lambda message: problems.append(message.text))
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("request", lambda request: requests.append(request.url))
    page.goto(city.as_uri())
    assert page.evaluate("document.documentElement.scrollWidth") == width
    assert page.inner_text("h1") == "Alby"
    assert page.inner_text("#short-title") == "In short"
    assert page.title() == "Alby: forecast to 2021"
    bars = page.locator("#view-forecasting .falls").first.locator(".bar")
    assert bars.count() == 5
    assert all(bars.nth(k).bounding_box()["width"] >= 2 for k in range(5))
    opacity = "getComputedStyle(document.querySelector('#view-structural .falls svg')).opacity"
    assert float(page.evaluate(opacity)) < 0.6
    page.click("#language")
    assert page.inner_text("#short-title") == "核心结论"
    assert page.title() == "Alby：2021 年预测"
    page.close()
    assert problems == []
    assert [url for url in requests if not url.startswith(("file:", "data:"))] == []


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_axe_finds_nothing_above_minor(browser: Any, city: Path, lang: str) -> None:
    assert findings_of(browser, city, lang) == []
