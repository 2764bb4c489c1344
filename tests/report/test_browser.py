"""The report in a real browser: it draws, sorts, switches, and asks the network for nothing."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np
import pytest

from city_resilience.explain.slices import drivers_by_group
from city_resilience.report.cities import driver_groups
from city_resilience.report.report_page import write_report
from city_resilience.report.study_tables import BLOCKS
from city_resilience.report.summary import summarise
from page_visits import HOSTILE, Visit, placed_inputs, placed_report
from report_inputs import make_inputs
from study_inputs import small_study

pytestmark = pytest.mark.browser


@pytest.fixture
def visit(browser: Any) -> Iterator[Visit]:
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    seen = Visit(page)
    yield seen
    seen.close()


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return placed_report(tmp_path_factory.mktemp("report"))


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


def test_page_shows_cities_first_and_every_figure_and_loads_nothing(
    visit: Visit, report: Path
) -> None:
    visit.open(report)
    assert visit.page.locator("#banner").is_visible()
    assert visit.page.locator("#map circle").count() == 48
    assert visit.page.locator(".list li:visible").count() == 20
    assert "by chance 10" in visit.page.inner_text("#first")
    for name in ("years", "families", "indicators", "outcome"):
        assert visit.page.locator(f'[data-figure="{name}"]:visible').count() == 0
    visit.unfold()
    for name in ("years", "families", "indicators", "outcome"):
        assert visit.page.locator(f'[data-figure="{name}"]:visible').count() == 1
    assert "no effect of the indicators was found" in visit.page.inner_text("#sentence")
    assert visit.page.locator("tr.served:visible").count() == 1
    assert visit.page.locator("#coverage-table tr.live").count() == 1
    assert [url for url in visit.requests if url.startswith("file:")] == [report.as_uri()]


@pytest.fixture(scope="module")
def provinces(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A report of 31 provinces and three lists, as many as China has."""
    inputs = placed_inputs(cities=62)
    ordered = sorted(inputs.forecast["city"].unique())
    levels = {city: f"Province {k % 31}" for k, city in enumerate(ordered)}
    inputs.forecast["province"] = inputs.forecast["city"].map(levels)
    return placed_report(tmp_path_factory.mktemp("provinces"), inputs)


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_first_screen_needs_no_scrolling(visit: Visit, provinces: Path, lang: str) -> None:
    visit.page.set_viewport_size({"width": 1440, "height": 900})
    visit.open(provinces, f"#/?lang={lang}")
    assert visit.page.locator(".strip li:visible").count() == 31
    assert visit.page.locator(".list li:visible").count() == 20
    banner = visit.page.evaluate("document.querySelector('#banner').offsetHeight")
    foot = visit.page.evaluate("document.querySelector('#first').getBoundingClientRect().bottom")
    assert foot - banner <= 900  # a page of real data has no banner


def test_table_sorts_by_mouse_and_key_turns_pages_and_searches(visit: Visit, report: Path) -> None:
    visit.open(report)
    heading = visit.page.locator('[data-sort="forecast"]')
    heading.click()
    values = _numbers(visit.column('[data-column="forecast"]'))
    assert values == sorted(values, reverse=True)
    assert heading.locator("..").get_attribute("aria-sort") == "descending"
    visit.page.keyboard.press("Enter")
    values = _numbers(visit.column('[data-column="forecast"]'))
    assert values == sorted(values)
    assert heading.locator("..").get_attribute("aria-sort") == "ascending"
    assert len(visit.column("tr")) == 20
    visit.page.click("#next")
    assert "21–40 of 48" in visit.page.inner_text("#shown")
    visit.page.fill("#search", "north  AL")
    found = visit.page.locator("#city-table tbody tr").all_inner_texts()
    assert found
    assert all("North" in text and "al" in text.lower() for text in found)
    visit.page.fill("#search", "zzz")
    assert visit.page.inner_text("#shown") == "No city matches the search."


def test_filters_columns_and_their_address(visit: Visit, report: Path) -> None:
    visit.open(report)
    visit.page.select_option("#filter-province", "North")
    visit.page.select_option("#filter-tier", "open")
    tiers = set(visit.column("td.kind-tier"))
    assert tiers == {"open"}
    assert set(visit.column('[data-column="province"]')) == {"North"}
    visit.page.click(".columns summary")
    visit.page.check('#columns input[value="rank"]')
    assert visit.column('[data-column="rank"]')
    address, shown = visit.page.url, visit.column("tr")
    assert "province=North" in address
    visit.page.goto("about:blank")
    visit.page.goto(address)
    assert visit.column("tr") == shown
    visit.page.click("#reset")
    assert "of 48" in visit.page.inner_text("#shown")


def test_download_holds_what_is_shown_and_no_formula(visit: Visit, report: Path) -> None:
    visit.open(report)
    visit.page.select_option("#filter-province", "North")
    with visit.page.expect_download() as waiting:
        visit.page.click("#download")
    rows = list(csv.reader(io.StringIO(waiting.value.path().read_text("utf-8-sig"))))
    heads = visit.page.locator("#city-table thead th[aria-sort]").count()
    assert len(rows[0]) == heads + 1  # an interval is two columns
    assert f"of {len(rows) - 1}" in visit.page.inner_text("#shown")
    assert not any(cell.startswith(("=", "@", "+")) for row in rows for cell in row)


def test_map_opens_a_city_and_back_returns(visit: Visit, report: Path) -> None:
    visit.open(report)
    dot = visit.page.locator("#map circle").last
    box = dot.bounding_box()
    visit.page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    name = visit.page.inner_text(".tip").split(" · ")[0]
    visit.page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    visit.arrive(name)
    assert not visit.page.locator("#home").is_visible()
    assert visit.page.locator("#place .falls li").count() <= 8
    before = visit.page.inner_text("#place [data-slot=if-nation]")
    visit.page.fill("#place [data-slot=nation] input", "9")
    assert visit.page.inner_text("#place [data-slot=if-nation]") != before
    visit.page.go_back()
    visit.page.wait_for_selector("#map")
    assert visit.page.locator("#home").is_visible()


def test_city_group_and_comparison_have_addresses(visit: Visit, report: Path) -> None:
    visit.open(report, f"#/city/{quote(HOSTILE[0], safe='')}?h=2")
    assert visit.page.inner_text("#place h2") == HOSTILE[0]
    assert visit.page.locator("img").count() == 0
    assert "chance of coming out below zero" in visit.page.inner_text("#place")
    assert visit.page.locator('#horizons [aria-pressed="true"]').inner_text() == "2023"
    crumb = visit.page.locator("#place .crumbs a").nth(1)
    province = crumb.text_content()
    crumb.click()
    visit.arrive(province)
    assert visit.page.locator("#place tbody tr").count() == 16
    visit.page.click("#place .crumbs a")
    for box in visit.page.locator("#city-table .pick").all()[:3]:
        box.check()
    visit.page.click("#compare")
    visit.page.wait_for_selector("#place .fans .fan")
    assert visit.page.locator("#place .fans .fan").count() == 3
    visit.page.reload()
    assert visit.page.locator("#place .fans .fan").count() == 3


def test_my_place_is_found_by_a_part_and_by_pinyin(visit: Visit, report: Path) -> None:
    visit.open(report)
    visit.page.select_option("#my-group", "North")
    assert visit.page.inner_text(".sentences:visible .mine").startswith("North: ")
    said = visit.page.inner_text(".sentences:visible .mine")
    assert f"of {visit.page.locator('#map .mine').count()} cities" in said
    visit.page.fill("#my-city", "akesu")
    visit.page.keyboard.press("Enter")
    visit.arrive(HOSTILE[2])


def test_an_unknown_address_says_so_and_breaks_nothing(visit: Visit, report: Path) -> None:
    visit.open(report, "#/city/Atlantis?h=9&lang=xx&sort=%F0&cols=nothing")
    assert "no forecast" in visit.page.inner_text("#place")
    visit.page.goto(report.as_uri() + "#/compare/,,%E0%A4%A")
    visit.page.goto(report.as_uri() + "#skill")
    assert visit.page.locator("#skill-table").is_visible()


def test_language_switches_and_is_remembered(visit: Visit, report: Path) -> None:
    visit.open(report)
    visit.page.click("#language")
    assert visit.page.inner_text("#cities-title").startswith("城市")
    visit.unfold()
    assert "未发现各项指标有可识别的影响" in visit.page.inner_text("#sentence")
    assert "自身历史" in visit.page.inner_text('[data-figure="families"]:visible')
    assert "lang=zh" in visit.page.url
    visit.page.reload()
    assert visit.page.inner_text("#cities-title").startswith("城市")
    assert visit.page.evaluate("document.documentElement.lang") == "zh-Hans"
    visit.page.click("#language")
    assert visit.page.inner_text("#cities-title").startswith("Cities")


def test_horizon_and_origin_switch_verdict_table_and_figures(visit: Visit, report: Path) -> None:
    visit.open(report)
    visit.unfold()
    before = visit.page.inner_text("#skill-table"), visit.page.inner_text("#first")
    visit.page.click('#horizons [data-horizon="3"]')
    assert visit.page.inner_text("#sentence").startswith("3 years ahead")
    after = visit.page.inner_text("#skill-table"), visit.page.inner_text("#first")
    assert all(old != new for old, new in zip(before, after, strict=True))
    pressed = visit.page.locator('#horizons [aria-pressed="true"]').all_inner_texts()
    assert pressed == ["2024"]
    box = visit.page.locator('[data-figure="outcome"]:visible')
    assert box.locator("select").input_value() == "2020"
    box.locator(".back").click()
    assert box.locator("select").input_value() == "2019"
    assert box.locator(".step:visible").get_attribute("data-step") == "2019"
    cloud = box.locator(".step:visible .cloud").get_attribute("d")
    assert cloud.count("z") == 48


def test_a_rank_is_among_the_cities_of_the_own_nation(visit: Visit, tmp_path: Path) -> None:
    inputs = make_inputs(cities=5, origins=range(2015, 2019), horizons=(1,))
    inputs.forecast["nation"] = ["Arland", "Arland", "Borland", "Arland", "Borland"]
    inputs.forecast["rank"] = [1, 2, 1, 3, 2]
    visit.open(write_report(summarise(**inputs.all()), tmp_path / "r.html"))
    visit.page.fill("#search", "Borland")
    visit.page.click("#city-table tbody a")
    visit.page.wait_for_selector("#place h2")
    assert re.search(r"Rank [12] of 2\.", visit.page.inner_text("#place"))


def test_real_data_have_no_banner_but_intervals(visit: Visit, real: Path) -> None:
    visit.open(real)
    assert visit.page.locator("#banner").count() == 0
    assert visit.page.locator('[data-sort="province"]').count() == 0
    assert not visit.page.locator("#groups-box").is_visible()
    assert "…" in visit.column('[data-column="range"]')[0]


def test_printing_shows_all_cities_and_unfolds_the_evidence(visit: Visit, report: Path) -> None:
    visit.open(report)
    visit.page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    assert len(visit.column("tr")) == 48
    assert visit.page.locator("details:not([open]):not(.columns)").count() == 0
    visit.page.evaluate("window.dispatchEvent(new Event('afterprint'))")
    assert len(visit.column("tr")) == 20
    assert len(visit.page.pdf(format="A4")) > 20_000


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("wide", [1440, 768, 360])
def test_no_width_scrolls_sideways(
    visit: Visit, report: Path, wide: int, scheme: str, lang: str
) -> None:
    visit.page.emulate_media(color_scheme=scheme)
    visit.page.set_viewport_size({"width": wide, "height": 800})
    visit.open(report, f"#/?lang={lang}")
    visit.unfold()
    assert visit.page.evaluate("document.documentElement.scrollWidth") <= wide
    visit.page.click(".list a")
    visit.page.wait_for_selector("#place .fan")
    assert visit.page.evaluate("document.documentElement.scrollWidth") <= wide


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
    last = inputs.forecast["city"] == inputs.forecast["city"].max()
    inputs.forecast.loc[last, "flags"] = ""
    visit.open(write_report(summarise(**inputs.all()), tmp_path / "r.html"))
    first = visit.page.locator("#city-table tbody tr").first.locator("td.kind-list")
    carried = "years carried: Digital 3, Green innovation 12"
    assert first.inner_text() == f"target year over; {carried}"
    box = visit.page.locator("#city-table").evaluate(
        "t => { const b = t.closest('.table-box'); return [b.scrollWidth, b.clientWidth]; }"
    )
    assert box[0] <= box[1]
    visit.page.click("#language")
    assert "沿用旧值年数：" in first.inner_text()


def test_a_flag_of_all_cities_stands_once_above_the_table(visit: Visit, tmp_path: Path) -> None:
    inputs = make_inputs(cities=5, origins=range(2015, 2019), horizons=(1, 2))
    flags = inputs.forecast["horizon"].map({1: "target_year_over;stale", 2: "stale"})
    inputs.forecast["flags"] = flags
    first = inputs.forecast["city"].min()
    inputs.forecast.loc[inputs.forecast["city"] == first, "flags"] += ";carried:digital(3)"
    visit.open(write_report(summarise(**inputs.all()), tmp_path / "r.html"))
    above = "#cities > .foot:visible"
    assert visit.page.inner_text(above).endswith("in their rows: target year over; stale.")
    assert visit.column("td.kind-list") == ["years carried: Digital 3", "", "", "", ""]
    visit.page.click('#horizons [data-horizon="2"]')
    assert "target year over" not in visit.page.inner_text(above)
    visit.page.click("#city-table tbody tr:first-child a")
    visit.page.wait_for_selector("#place h2")
    assert "years carried: Digital 3" in visit.page.inner_text("#place")


def test_groups_have_names_in_both_languages_and_withhold_few(visit: Visit, grouped: Path) -> None:
    visit.open(grouped)
    visit.unfold()
    for table in ("groups-table", "driver-groups-table"):
        rows = visit.page.locator(f"#{table} tbody tr").all_inner_texts()
        assert "Digital facilities (Broadband China pilot)" in rows[0]
        assert "no pilot" in rows[0]
        assert len(rows) == 1
        few = visit.page.locator(f"#{table} .foot:visible").inner_text()
        assert few == "One more group has too few cities for figures."
    assert visit.page.locator("#driver-groups-table tbody tr").first.inner_text().count(".") == 4
    visit.page.click("#language")
    for table in ("groups-table", "driver-groups-table"):
        rows = visit.page.locator(f"#{table} tbody tr").all_inner_texts()
        assert "数字设施（宽带中国试点）" in rows[0]
        few = visit.page.locator(f"#{table} .foot:visible").inner_text()
        assert few == "另有 1 组城市过少，不显示数值。"
    assert visit.page.locator("#driver-groups-table").count() == 1


@pytest.fixture(scope="module")
def with_study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    inputs = make_inputs(cities=5, origins=range(2015, 2019), horizons=(1, 2))
    inputs.info["study"] = small_study()
    return write_report(summarise(**inputs.all()), tmp_path_factory.mktemp("study") / "r.html")


def test_study_is_shown_in_both_languages_and_says_its_horizon(
    visit: Visit, with_study: Path
) -> None:
    visit.open(with_study)
    visit.unfold()
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
    visit.unfold()
    text = visit.page.inner_text("#study-none")
    assert "city-resilience study experiments/demo/experiment.toml" in text
    assert "{" not in text


def test_study_fits_a_phone(visit: Visit, with_study: Path) -> None:
    visit.page.set_viewport_size({"width": 375, "height": 800})
    visit.open(with_study, "#/?lang=zh")
    visit.unfold()
    assert visit.page.evaluate("document.documentElement.scrollWidth") <= 375
