"""The report inside a frame that may run scripts and nothing else, as MLflow shows an artifact."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from page_visits import HOSTILE, placed_inputs, placed_report

pytestmark = pytest.mark.browser
FRAME = """html => new Promise(done => {
  const frame = document.createElement("iframe");
  frame.setAttribute("sandbox", "allow-scripts");
  frame.style.cssText = "width: 900px; height: 800px";
  frame.onload = () => done();
  frame.src = URL.createObjectURL(new Blob([html], { type: "text/html" }));
  document.body.append(frame);
})"""


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    inputs = placed_inputs(cities=9, origins=range(2015, 2019), horizons=(1, 2))
    return placed_report(tmp_path_factory.mktemp("framed"), inputs)


def test_places_open_and_close_in_a_frame_without_addresses(browser: Any, report: Path) -> None:
    page, problems = browser.new_page(), []
    page.on("console", lambda message: problems.append(message.text))
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.evaluate(FRAME, report.read_text("utf-8"))
    frame = page.frames[1]
    frame.wait_for_selector("#city-table tbody tr")
    frame.evaluate("document.querySelector('#city-table tbody a').click()")
    assert frame.locator("#place h2").is_visible()
    frame.locator(".crumbs a").first.click()
    assert frame.locator("#first").is_visible()
    frame.fill("#my-city", HOSTILE[2])
    frame.locator("#my-city").dispatch_event("change")
    assert HOSTILE[2] in frame.locator("#place h2").inner_text()
    frame.locator(".crumbs a").first.click()
    frame.select_option("#filter-tier", index=1)
    assert frame.locator(".framed-only").is_visible()
    assert not frame.locator("#copy-link, #download").first.is_visible()
    page.close()
    assert problems == []


def test_a_page_of_its_own_does_not_speak_of_frames(browser: Any, report: Path) -> None:
    page = browser.new_page()
    page.goto(report.as_uri())
    assert not page.locator(".framed-only").is_visible()
    page.close()
