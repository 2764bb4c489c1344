"""The audit's page in a real browser: it filters, copies, switches, and loads nothing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from city_resilience.reading.issues import Issue
from city_resilience.report.audit_page import write_audit
from page_visits import findings_of
from report_audit_inputs import GAP, ROWS, SPIKE, make_audit

pytestmark = pytest.mark.browser
HOSTILE = Issue(
    "error",
    "spike",
    "</script><b>why</b>",
    variable="gdp_real",
    city="<img src=x onerror=alert(1)>",
    years=(2001,),
)


@pytest.fixture(scope="module")
def audit(tmp_path_factory: pytest.TempPathFactory) -> Path:
    plain = make_audit(
        [SPIKE, HOSTILE, GAP, ROWS],
        {"jump/population/City 001/2010": "counted anew"},
        more=48,
    )
    return write_audit(plain, tmp_path_factory.mktemp("audit") / "audit.html")


@pytest.fixture
def page(browser: Any, audit: Path) -> Iterator[Any]:
    problems: list[str] = []
    requests: list[str] = []
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.on("console", lambda message: problems.append(message.text))
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("request", lambda request: requests.append(request.url))
    page.goto(audit.as_uri())
    yield page
    page.close()
    assert problems == []
    assert [url for url in requests if url.startswith("http")] == []
    assert len([url for url in requests if url == audit.as_uri()]) >= 1


def _shown(page: Any) -> int:
    return int(page.locator("#issue-table tbody tr:visible").count())


def test_findings_come_by_pages_and_all_at_once(page: Any) -> None:
    assert page.inner_text("#shown") == "1–20 of 51 issues"
    assert _shown(page) == 20
    page.click("#next")
    page.click("#next")
    assert page.inner_text("#shown") == "41–51 of 51 issues"
    assert _shown(page) == 11
    assert page.is_disabled("#next")
    page.click("#whole")
    assert _shown(page) == 51


def test_filters_narrow_together_and_clear(page: Any) -> None:
    page.click('#severity [data-severity="error"]')
    assert _shown(page) == 2
    page.select_option("#variable", "employment_finance")
    assert _shown(page) == 1
    assert "severity=error" in page.url
    page.reload()
    assert _shown(page) == 1
    page.click("#reset")
    assert page.inner_text("#shown") == "1–20 of 51 issues"
    page.select_option("#check", "jump")
    page.fill("#search", "city 04")
    assert _shown(page) == 8
    page.fill("#search", "zzz")
    assert page.inner_text("#shown") == "No issue matches the filters."
    page.fill("#search", "常住人口")
    assert page.inner_text("#shown") == "1–20 of 47 issues"


def test_map_and_verdict_lead_to_findings(page: Any) -> None:
    page.click('#map a[data-value="unit_employment"]')
    assert _shown(page) == 1
    assert "No city has a value" in page.inner_text("#issue-table tbody tr:visible")
    assert page.input_value("#variable") == "unit_employment"
    page.click('#short .refused a:has-text("达州市")')
    assert _shown(page) == 1
    assert str(SPIKE.place) in page.inner_text("#issue-table tbody tr:visible")
    assert page.input_value("#variable") == ""


def test_cells_are_read_by_mouse_and_by_arrow_keys(page: Any) -> None:
    cells = page.locator('#map tr[data-variable="unit_employment"] td')
    cells.nth(8).hover()
    readout = page.inner_text("#readout").replace("\u00a0", " ")
    assert readout == "Employment in units · 2008: 96 % of the cities have a value"
    page.locator("#map td[tabindex='0']").focus()
    page.keyboard.press("ArrowRight")
    readout = page.inner_text("#readout").replace("\u00a0", " ")
    assert readout == "Real GDP · 2001: 100 % of the cities have a value"
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowDown")
    assert page.inner_text("#readout") == "Digital finance index · 2000: no city has a value"
    assert page.locator("#map td[tabindex='0']").count() == 1


def test_language_switches_and_is_remembered(page: Any) -> None:
    page.click("#language")
    assert page.inner_text("#issues-title") == "问题"
    assert page.inner_text(".verdict").startswith("2 处错误：全部更正或接受之前")
    assert "金融业从业人员" in page.inner_text("#issue-table tbody tr:first-child")
    assert "296 个城市" in page.inner_text("#issue-table")
    assert page.evaluate("document.documentElement.lang") == "zh-Hans"
    page.reload()
    assert page.inner_text("#issues-title") == "问题"
    page.click("#language")
    assert page.inner_text("#issues-title") == "Issues"


def test_settings_are_copied_one_by_one_and_together(page: Any) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    first = page.locator("#issue-table tbody tr").first
    first.locator(".acceptance .copy").click()
    assert page.evaluate("navigator.clipboard.readText()") == SPIKE.acceptance
    assert first.locator(".acceptance .copy").inner_text() == "Copied"
    page.click("#copy-shown")
    lines = page.evaluate("navigator.clipboard.readText()").splitlines()
    assert len(lines) == 48
    assert lines[0] == SPIKE.correction


def test_hostile_names_are_text(page: Any) -> None:
    assert page.locator("img").count() == 0
    assert "onerror" in page.inner_text("#issue-table tbody tr:nth-child(2)")


@pytest.mark.parametrize("width", [375, 420, 900, 1280])
def test_page_needs_no_sideways_scrolling(page: Any, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    for language in ("en", "zh"):
        page.evaluate(f"location.hash = 'lang={language}'")
        assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.locator("#map td:visible").count() >= 6 * 24


def test_page_reads_without_scripts(browser: Any, audit: Path) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(audit.as_uri())
    assert _shown(page) == 51
    assert page.locator("button:visible, select:visible, input:visible").count() == 0
    note = page.inner_text("noscript .note")
    assert "without JavaScript" in note
    assert "不启用 JavaScript" in note
    assert "counted anew" in page.inner_text("#accepted")
    context.close()


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_axe_finds_nothing_above_minor(browser: Any, audit: Path, lang: str) -> None:
    assert findings_of(browser, audit, lang) == []
