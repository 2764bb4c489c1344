"""The report in a real browser: it draws, sorts, switches, and asks the network for nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from city_resilience.explain.slices import drivers_by_group
from city_resilience.report.cities import driver_groups
from city_resilience.report.report_page import write_report
from city_resilience.report.study_tables import BLOCKS
from city_resilience.report.summary import summarise
from report_inputs import make_inputs
from study_inputs import small_study

pytestmark = pytest.mark.browser
HOSTILE = ("<img src=x onerror=alert(1)>", "</script><b>Bold</b>", "阿克苏 & 'co'")


@dataclass
class Visit:
    """An open page and everything it complained of or asked for."""

    page: Any
    problems: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)

    def open(self, path: Path, fragment: str = "") -> None:
        self.page.on("console", lambda message: self.problems.append(message.text))
        self.page.on("pageerror", lambda error: self.problems.append(str(error)))
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.goto(path.as_uri() + fragment)
        self.page.wait_for_selector("#fig-years .main-svg")

    def column(self, css: str) -> list[str]:
        return self.page.locator(f"#city-table tbody {css}").all_inner_texts()


@pytest.fixture
def visit(browser: Any) -> Iterator[Visit]:
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    seen = Visit(page)
    yield seen
    page.close()
    assert seen.problems == []
    assert [url for url in seen.requests if not url.startswith(("file:", "data:", "blob:"))] == []


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    inputs = make_inputs(cities=48, origins=range(2013, 2020), names=HOSTILE)
    return write_report(summarise(**inputs.all()), tmp_path_factory.mktemp("report") / "r.html")


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Path:
    inputs = make_inputs(
        cities=5,
        origins=range(2015, 2019),
        horizons=(1,),
        simulated=False,
        intervals=True,
        provinces=False,
        groups=False,
    )
    return write_report(summarise(**inputs.all()), tmp_path_factory.mktemp("real") / "r.html")


def _numbers(texts: list[str]) -> list[float]:
    return [float(text.replace("−", "-")) for text in texts]


def test_page_draws_every_figure_and_loads_nothing(visit: Visit, report: Path) -> None:
    visit.open(report)
    for name in ("years", "families", "indicators", "outcome"):
        visit.page.wait_for_selector(f"#fig-{name} .main-svg", state="attached")
    assert visit.page.locator("#banner").is_visible()
    assert "no effect of the indicators was found" in visit.page.inner_text("#sentence")
    assert visit.page.locator("tr.served:visible").count() == 1
    assert visit.page.locator("#coverage-table tr.live").count() == 1
    assert [url for url in visit.requests if url.startswith("file:")] == [report.as_uri()]


def test_table_sorts_by_mouse_and_key_turns_pages_and_searches(visit: Visit, report: Path) -> None:
    visit.open(report)
    heading = visit.page.locator('[data-sort="forecast1"]')
    heading.click()
    values = _numbers(visit.column("td.forecast.current"))
    assert values == sorted(values, reverse=True)
    assert heading.locator("..").get_attribute("aria-sort") == "descending"
    visit.page.locator('[data-sort="forecast1"]').focus()
    visit.page.keyboard.press("Enter")
    values = _numbers(visit.column("td.forecast.current"))
    assert values == sorted(values)
    assert heading.locator("..").get_attribute("aria-sort") == "ascending"
    assert len(visit.column("tr")) == 20
    visit.page.click("#next")
    assert "21–40 of 48" in visit.page.inner_text("#shown")
    visit.page.fill("#search", "stale")
    assert len(visit.column("tr")) == 1
    visit.page.fill("#search", "zzz")
    assert visit.page.inner_text("#shown") == "No city matches the search."


def test_language_switches_and_is_remembered(visit: Visit, report: Path) -> None:
    visit.open(report)
    visit.page.click("#language")
    assert visit.page.inner_text("#cities-title") == "城市"
    assert "未发现各项指标有可识别的影响" in visit.page.inner_text("#sentence")
    assert "增长差距" in "".join(visit.column("td.drivers"))
    assert "自身历史" in visit.page.inner_text("#fig-families")
    assert "lang=zh" in visit.page.url
    visit.page.reload()
    assert visit.page.inner_text("#cities-title") == "城市"
    assert visit.page.evaluate("document.documentElement.lang") == "zh-Hans"
    visit.page.click("#language")
    assert visit.page.inner_text("#cities-title") == "Cities"


def test_horizon_and_origin_switch_verdict_table_and_figures(visit: Visit, report: Path) -> None:
    visit.open(report)
    before = visit.page.inner_text("#skill-table"), visit.page.inner_text("#origin-outcome")
    visit.page.click('#horizons [data-horizon="3"]')
    assert visit.page.inner_text("#sentence").startswith("3 years ahead")
    after = visit.page.inner_text("#skill-table"), visit.page.inner_text("#origin-outcome")
    assert all(old != new for old, new in zip(before, after, strict=True))
    pressed = visit.page.locator('#horizons [aria-pressed="true"]').all_inner_texts()
    assert pressed == ["3 years"]
    assert visit.page.input_value("#origin-outcome") == "2019"
    visit.page.click('[data-figure="outcome"] .back')
    assert visit.page.input_value("#origin-outcome") == "2018"
    visit.page.wait_for_function(
        "() => document.querySelectorAll('#fig-outcome .point').length === 48"
    )


def test_row_opens_the_city_and_escape_closes_it(visit: Visit, report: Path) -> None:
    visit.open(report)
    visit.page.fill("#search", "onerror")
    visit.page.click("#city-table tbody tr")
    visit.page.wait_for_selector("#fig-city-families .main-svg")
    assert visit.page.inner_text("#city-title").startswith(f"{HOSTILE[0]}: forecast")
    labels = visit.page.inner_text("#fig-city-families")
    assert "Own history" in labels
    assert "Forecast" in labels
    assert visit.page.locator("img").count() == 0
    visit.page.keyboard.press("Escape")
    assert not visit.page.locator("#city").is_visible()
    # a dialog tells of its closing in an event of its own, a moment later
    visit.page.wait_for_function("() => !location.hash.includes('city=')")


def test_a_rank_is_among_the_cities_of_the_own_nation(visit: Visit, tmp_path: Path) -> None:
    inputs = make_inputs(cities=5, origins=range(2015, 2019), horizons=(1,))
    inputs.forecast["nation"] = ["Arland", "Arland", "Borland", "Arland", "Borland"]
    inputs.forecast["rank"] = [1, 2, 1, 3, 2]
    visit.open(write_report(summarise(**inputs.all()), tmp_path / "r.html"))
    visit.page.fill("#search", "Borland")
    visit.page.click("#city-table tbody tr")
    assert re.search(r"Rank [12] of 2\.", visit.page.inner_text("#city"))


def test_real_data_have_no_banner_but_intervals(visit: Visit, real: Path) -> None:
    visit.open(real)
    assert visit.page.locator("#banner").count() == 0
    assert visit.page.locator('[data-sort="province"]').count() == 0
    assert not visit.page.locator("#groups-box").is_visible()
    assert "…" in visit.column("td.forecast")[0]


@pytest.fixture(scope="module")
def grouped(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A report with gazetteer groups, one of them too small for figures."""
    inputs = make_inputs(cities=24, origins=range(2013, 2020), horizons=(1,))
    chosen = inputs.scores["slice"] == "group:region"
    inputs.scores.loc[chosen, "slice"] = "group:broadband_china"
    names = {"East": "pilot", "West": "none"}
    inputs.scores.loc[chosen, "level"] = inputs.scores.loc[chosen, "level"].map(names)
    few = chosen & (inputs.scores["level"] == "pilot")
    kept = ["model", "horizon", "slice", "level", "n", "years"]
    inputs.scores.loc[few, [name for name in inputs.scores if name not in kept]] = np.nan
    cities = sorted(inputs.forecast["city"].unique())
    levels = {city: "pilot" if k < 4 else "none" for k, city in enumerate(cities)}
    table = drivers_by_group(inputs.drivers, {"broadband_china": levels}, 10)
    summary = summarise(**inputs.all())
    rows = driver_groups(table, 1, ["digital", "history"])
    summary["by_horizon"]["1"]["driver_groups"] = rows
    return write_report(summary, tmp_path_factory.mktemp("grouped") / "r.html")


def test_carried_families_share_one_flag_that_fits_the_table(visit: Visit, tmp_path: Path) -> None:
    inputs = make_inputs(cities=5, origins=range(2015, 2019), horizons=(1,))
    inputs.forecast["flags"] = "target_year_over;carried:digital(3);carried:green_innovation(12)"
    visit.open(write_report(summarise(**inputs.all()), tmp_path / "r.html"))
    first = visit.page.locator("#city-table tbody tr").first.locator(".tag.flag")
    carried = "years carried: Digital 3, Green innovation 12"
    assert first.all_inner_texts() == ["target year over", carried]
    box = visit.page.locator("#city-table").evaluate(
        "t => { const b = t.closest('.table-box'); return [b.scrollWidth, b.clientWidth]; }"
    )
    assert box[0] <= box[1]
    visit.page.click("#language")
    assert "沿用旧值年数：" in first.all_inner_texts()[1]


def test_groups_have_names_in_both_languages_and_withhold_few(visit: Visit, grouped: Path) -> None:
    visit.open(grouped)
    for table in ("groups-table", "driver-groups-table"):
        rows = visit.page.locator(f"#{table} tbody tr").all_inner_texts()
        assert "Digital facilities (Broadband China pilot)" in rows[0]
        assert "no pilot" in rows[0]
        assert "pilot" in rows[1]
        assert "too few cities, not shown" in rows[1]
    assert visit.page.locator("#driver-groups-table tbody tr").first.inner_text().count(".") == 4
    visit.page.click("#language")
    for table in ("groups-table", "driver-groups-table"):
        rows = visit.page.locator(f"#{table} tbody tr").all_inner_texts()
        assert "数字设施（宽带中国试点）" in rows[0]
        assert "城市过少，不显示数值" in rows[1]
    assert visit.page.locator("#driver-groups-table").count() == 1


def test_phone_width_needs_no_sideways_scrolling(visit: Visit, report: Path) -> None:
    visit.page.set_viewport_size({"width": 375, "height": 800})
    visit.open(report, "#lang=zh&h=2")
    assert visit.page.evaluate("document.documentElement.scrollWidth") <= 375
    assert visit.page.locator("#city-table tbody tr").first.is_visible()


@pytest.fixture(scope="module")
def with_study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    inputs = make_inputs(cities=5, origins=range(2015, 2019), horizons=(1, 2))
    inputs.info["study"] = small_study()
    return write_report(summarise(**inputs.all()), tmp_path_factory.mktemp("study") / "r.html")


def test_study_is_shown_in_both_languages_and_says_its_horizon(
    visit: Visit, with_study: Path
) -> None:
    visit.open(with_study)
    assert visit.page.locator("#study-blocks [data-part]").count() == len(BLOCKS)
    assert "leaving it out changes the error by" in visit.page.inner_text("#study-answer")
    rows = visit.page.locator('[data-part="ablation"] tbody tr').all_inner_texts()
    assert rows[0].startswith("All indicators, beyond history")
    assert visit.page.locator("#study-differs").is_visible()
    assert "one year ahead only" not in visit.page.inner_text("#study")
    visit.page.click("#language")
    assert visit.page.inner_text("#study-title") == "数字化指标能否改进预测？"
    assert "去掉后误差变化" in visit.page.inner_text("#study-answer")
    visit.page.click('#horizons [data-horizon="2"]')
    assert visit.page.inner_text("#study").count("仅测量了提前 1 年") == len(BLOCKS) + 1
    assert "@" not in visit.page.inner_text("#study")


def test_report_without_a_study_says_how_to_get_one(visit: Visit, report: Path) -> None:
    visit.open(report)
    text = visit.page.inner_text("#study-none")
    assert "city-resilience study experiments/demo/experiment.toml" in text
    assert "{" not in text


def test_study_fits_a_phone(visit: Visit, with_study: Path) -> None:
    visit.page.set_viewport_size({"width": 375, "height": 800})
    visit.open(with_study, "#lang=zh")
    assert visit.page.evaluate("document.documentElement.scrollWidth") <= 375
