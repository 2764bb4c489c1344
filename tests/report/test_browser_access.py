"""The report for every reader: axe, keyboard, sizes of targets, texts of drawings, both themes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from city_resilience.report.study_tables import BLOCKS
from page_visits import ALWAYS, EVERY_RULE, HOSTILE, Visit, findings, placed_inputs, placed_report
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
    visit.open(report, f"{SCREENS.get(screen, '#/')}?lang={lang}")
    if screen == "evidence":
        visit.unfold()
        visit.page.evaluate(
            "['first', 'cities'].forEach(id => document.getElementById(id).remove())"
        )
        visit.page.evaluate(
            "document.querySelectorAll('tr:nth-child(n+4)').forEach(r => r.remove())"
        )
    elif screen == "first":
        visit.page.click(".columns summary")
        visit.page.evaluate("document.querySelectorAll('.part').forEach(s => s.remove())")
    elif screen != "all":
        visit.page.evaluate("document.getElementById('home').replaceChildren()")


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("screen", SCREENS)
def test_axe_finds_nothing_above_minor(visit: Visit, report: Path, screen: str, lang: str) -> None:
    axe = pytest.importorskip("axe_playwright_python.base", reason="axe is not installed")
    page = visit.page
    _show(visit, report, screen, lang)
    page.evaluate(axe.AXE_SCRIPT)
    for width, options in zip(WIDTHS, (EVERY_RULE, NARROW, NARROW), strict=True):
        page.set_viewport_size({"width": width, "height": 900})
        assert findings(page, options) == [], width
        assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.emulate_media(color_scheme="dark")
    assert findings(page, CONTRAST) == []


def test_the_evidence_of_these_tests_has_a_study(visit: Visit, report: Path) -> None:
    _show(visit, report, "evidence")
    assert visit.page.locator("#study-blocks [data-part]").count() == len(BLOCKS)


# A dot of the map is opened by a click within 14 pixels of its edge, and by keys.
TOO_SMALL = """() => [...document.querySelectorAll(
  'a[href], button, input, select, summary, [role="link"], [tabindex="0"]:not(.table-box)')]
  .filter((node) => node.checkVisibility({visibilityProperty: true}))
  .filter((node) => !node.closest('p, .sentences, .skip, #map'))
  .map((node) => [(node.closest('label') || node).getBoundingClientRect(), node])
  .filter(([box]) => box.width && (box.height < 24 || box.width < 24))
  .map(([box, node]) => `${node.outerHTML.slice(0, 90)} ${box.width} × ${box.height}`)"""


@pytest.mark.parametrize("screen", SCREENS)
def test_targets_outside_sentences_have_24_pixels(visit: Visit, report: Path, screen: str) -> None:
    _show(visit, report, screen)
    for width in (1440, 360):
        visit.page.set_viewport_size({"width": width, "height": 900})
        assert visit.page.evaluate(TOO_SMALL) == []


def test_the_map_is_read_and_opened_by_keyboard(visit: Visit, report: Path) -> None:
    _show(visit, report, "first")
    page = visit.page
    dot = page.locator('#map [tabindex="0"]')
    assert dot.count() == 1
    assert dot.get_attribute("role") == "link"
    assert page.locator("#map").get_attribute("role") == "group"
    assert "arrow keys" in page.inner_text(
        f"#{page.locator('#map').get_attribute('aria-describedby')}"
    )
    dot.focus()
    name = dot.get_attribute("aria-label")
    assert page.inner_text(".tip") == name
    page.keyboard.press("Escape")
    assert not page.locator(".tip").is_visible()
    page.keyboard.press("ArrowDown")
    moved = dot.get_attribute("aria-label")
    assert moved != name
    assert page.inner_text(".tip") == moved
    page.keyboard.press("ArrowUp")
    assert dot.get_attribute("aria-label") == name
    for _ in range(9):
        page.keyboard.press("ArrowRight")
    name = dot.get_attribute("aria-label")
    page.keyboard.press("Enter")
    page.wait_for_selector("#place h2")
    assert name.startswith(page.inner_text("#place h2"))
    assert page.evaluate("document.activeElement.tagName") == "H2"


def test_every_dot_of_the_map_is_reached_by_arrows(visit: Visit, report: Path) -> None:
    _show(visit, report, "first")
    reached = visit.page.evaluate("""() => {
      const dots = [...document.querySelectorAll('#map circle')], seen = new Set([dots[0]]);
      for (const dot of seen) for (const way of Object.values(WAYS)) {
        const next = nextDot(dot, way);
        if (next) seen.add(next);
      }
      return [seen.size, dots.length];
    }""")
    assert reached[0] == reached[1]


def test_tabs_follow_the_page_and_focus_is_seen(visit: Visit, report: Path) -> None:
    _show(visit, report, "all")
    page, seen = visit.page, []
    for _ in range(60):
        page.keyboard.press("Tab")
        seen.append(page.evaluate(FOCUSED))
    assert seen[0]["class"] == "skip"
    assert [one["text"] for one in seen if not one["marked"]] == []
    tops = [one["part"] for one in seen]
    order = ["head", "tools", "first", "cities"]
    assert [part for part in tops if part in order] == sorted(
        (part for part in tops if part in order), key=order.index
    )
    assert set(order) <= set(tops)


FOCUSED = """() => {
  const node = document.activeElement, style = getComputedStyle(node);
  const parts = {head: '.top', tools: '.toolbar', first: '#first', cities: '#cities'};
  const part = Object.keys(parts).find((name) => node.closest(parts[name]));
  const outlined = style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2;
  const stroked = node.tagName === 'circle' && parseFloat(style.strokeWidth) >= 3;
  return {part, class: node.getAttribute('class'), text: node.outerHTML.slice(0, 120),
    marked: node === document.body || outlined || stroked};
}"""


def test_escape_closes_the_columns_and_returns_to_their_button(visit: Visit, report: Path) -> None:
    _show(visit, report, "first")
    visit.page.focus("#columns input >> nth=0")
    visit.page.keyboard.press("Escape")
    assert visit.page.locator(".columns[open]").count() == 0
    assert visit.page.evaluate("document.activeElement.tagName") == "SUMMARY"


@pytest.mark.parametrize("screen", SCREENS)
def test_drawings_are_named_or_hidden_from_those_who_hear(
    visit: Visit, report: Path, screen: str
) -> None:
    _show(visit, report, screen)
    unnamed = visit.page.evaluate(UNNAMED)
    assert unnamed == []
    untold = visit.page.evaluate(UNTOLD)
    assert untold == []


UNNAMED = """() => [...document.querySelectorAll('svg:not([aria-hidden="true"])')]
  .filter((node) => node.checkVisibility())
  .filter((node) => !node.getAttribute('role') || !(node.getAttribute('aria-label')
    || node.querySelector(':scope > title') || document.getElementById(
      (node.getAttribute('aria-labelledby') || '').split(' ')[0])))
  .map((node) => node.outerHTML.slice(0, 120))"""
UNTOLD = """() => [...document.querySelectorAll('svg.chart[aria-hidden="true"]')]
  .filter((node) => node.checkVisibility() && !node.closest('figure, .figure'))
  .map((node) => node.outerHTML.slice(0, 120))"""


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_the_first_screen_is_printed_on_one_page_across(
    visit: Visit, report: Path, lang: str
) -> None:
    _show(visit, report, "all", lang)
    visit.page.evaluate("window.print = () => {}")
    visit.page.click("#print-one")
    printed = visit.page.pdf(prefer_css_page_size=True)
    boxes = re.findall(rb"/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]", printed)
    assert [[round(float(side)) for side in box] for box in boxes] == [[842, 595]]
