"""The tests of the claims in a real browser: what axe says, and what fits a phone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from city_resilience.report.html import write_page
from city_resilience.report.mechanisms import with_mechanisms
from city_resilience.report.report_page import render_report
from claims_inputs import bare, small_run
from page_visits import EVERY_RULE, findings

pytestmark = pytest.mark.browser
ONLY_CLAIMS = """() => {
  document.querySelectorAll('.part:not(#mechanisms)').forEach(part => part.remove());
  ['first', 'cities'].forEach(id => document.getElementById(id)?.remove());
  document.querySelectorAll('#mechanisms details').forEach(own => { own.open = true; });
}"""
WIDER = """() => [...document.querySelectorAll('#mechanisms *')]
  .filter(node => !node.closest('.table-box, svg') && node.getBoundingClientRect().width)
  .filter(node => node.getBoundingClientRect().right > innerWidth + 1)
  .map(node => node.outerHTML.slice(0, 90))"""


@pytest.fixture(scope="module")
def claims(tmp_path_factory: pytest.TempPathFactory) -> Path:
    page = render_report(with_mechanisms(bare(), small_run()))
    return write_page(page, tmp_path_factory.mktemp("claims") / "report.html")


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_the_section_is_for_every_reader_and_fits_a_phone(
    browser: Any, claims: Path, lang: str
) -> None:
    axe = pytest.importorskip("axe_playwright_python.base", reason="axe is not installed")
    page = browser.new_page(viewport={"width": 1400, "height": 900})
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.goto(f"{claims.as_uri()}#/?lang={lang}")
    page.evaluate(ONLY_CLAIMS)
    title = {"en": "Which claims hold in these data?", "zh": "哪些论断在这些数据中成立？"}[lang]
    assert page.inner_text("#mechanisms-title") == title
    page.evaluate(axe.AXE_SCRIPT)
    assert findings(page, EVERY_RULE) == []
    page.set_viewport_size({"width": 390, "height": 844})
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    assert page.evaluate(WIDER) == []
    page.close()
    assert problems == []
