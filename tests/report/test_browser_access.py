"""The report for every reader: axe, keyboard, sizes of targets, texts of drawings, both themes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from city_resilience.report.study_tables import BLOCKS
from page_visits import HOSTILE, Visit, placed_inputs, placed_report
from study_inputs import small_study

pytestmark = pytest.mark.browser
WIDTHS = (1440, 768, 360)
SCREENS = {
    "first": "#/",
    "city": f"#/city/{quote(HOSTILE[2], safe='')}",
    "group": "#/group/North",
    "compare": f"#/compare/{','.join(quote(name, safe='') for name in HOSTILE)}",
    "evidence": "#/",
}
ALWAYS = 'resultTypes: ["violations"], preload: false'
EVERY_RULE = f'{{{ALWAYS}, rules: {{"target-size": {{enabled: true}}}}}}'
CONTRAST = f'{{{ALWAYS}, runOnly: ["color-contrast"]}}'
NARROW = f'{{{ALWAYS}, runOnly: ["target-size", "scrollable-region-focusable", "region"]}}'
"""What can change with the width; a new browser page for each would take minutes."""


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    inputs = placed_inputs(cities=9, origins=range(2015, 2019), horizons=(1, 2))
    inputs.info["study"] = small_study()
    return placed_report(tmp_path_factory.mktemp("access"), inputs)


@pytest.fixture(scope="module")
def visit(browser: Any, report: Path) -> Iterator[Visit]:
    seen = Visit(browser.new_page(viewport={"width": 1440, "height": 900}))
    yield seen
    seen.close()


def _show(visit: Visit, report: Path, screen: str, lang: str = "en") -> None:
    visit.page.goto("about:blank")
    visit.page.emulate_media(color_scheme="light")
    visit.page.set_viewport_size({"width": 1440, "height": 900})
    visit.open(report, f"{SCREENS[screen]}?lang={lang}")
    if screen == "evidence":
        visit.unfold()
        visit.page.evaluate(
            "['first', 'cities'].forEach(id => document.getElementById(id).remove())"
        )
    elif screen == "first":
        visit.page.click(".columns summary")
        visit.page.evaluate("document.querySelectorAll('.part').forEach(s => s.remove())")
    else:
        visit.page.evaluate("document.getElementById('home').replaceChildren()")


def _axe(page: Any, options: str) -> list[str]:
    """Return what axe finds above minor, each rule with the first element."""
    found = page.evaluate(f"axe.run({options})")["violations"]
    return [
        f"{one['id']} ({one['impact']}): {one['nodes'][0]['html'][:200]}"
        for one in found
        if one["impact"] != "minor"
    ]


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("screen", SCREENS)
def test_axe_finds_nothing_above_minor(visit: Visit, report: Path, screen: str, lang: str) -> None:
    axe = pytest.importorskip("axe_playwright_python.base", reason="axe is not installed")
    page = visit.page
    _show(visit, report, screen, lang)
    page.evaluate(axe.AXE_SCRIPT)
    for width, options in zip(WIDTHS, (EVERY_RULE, NARROW, NARROW), strict=True):
        page.set_viewport_size({"width": width, "height": 900})
        assert _axe(page, options) == [], width
        assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.emulate_media(color_scheme="dark")
    assert _axe(page, CONTRAST) == []


def test_the_evidence_of_these_tests_has_a_study(visit: Visit, report: Path) -> None:
    _show(visit, report, "evidence")
    assert visit.page.locator("#study-blocks [data-part]").count() == len(BLOCKS)


TOO_SMALL = """() => [...document.querySelectorAll(
  'a[href], button, input, select, summary, [role="link"], [tabindex="0"]:not(.table-box)')]
  .filter((node) => node.checkVisibility({visibilityProperty: true}))
  .filter((node) => !node.closest('p, .sentences, .skip'))
  .map((node) => [(node.closest('label') || node).getBoundingClientRect(), node])
  .filter(([box]) => box.width && (box.height < 24 || box.width < 24))
  .map(([box, node]) => `${node.outerHTML.slice(0, 90)} ${box.width} × ${box.height}`)"""


@pytest.mark.parametrize("screen", SCREENS)
def test_targets_outside_sentences_have_24_pixels(visit: Visit, report: Path, screen: str) -> None:
    _show(visit, report, screen)
    for width in (1440, 360):
        visit.page.set_viewport_size({"width": width, "height": 900})
        assert visit.page.evaluate(TOO_SMALL) == []
