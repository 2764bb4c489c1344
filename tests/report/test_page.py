"""The page is one whole file that needs nothing from outside, whatever the data hold."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from city_resilience import files
from city_resilience.errors import InputError
from city_resilience.evaluation.interval_scores import reliability, score_intervals
from city_resilience.evaluation.sums import score_sums
from city_resilience.explain.slices import drivers_by_group
from city_resilience.models.intervals import EVENTS
from city_resilience.report.formatting import interval, percent, signed, unsigned
from city_resilience.report.report_page import render_report, write_report
from city_resilience.report.study_tables import BLOCKS, block_table
from city_resilience.report.summary import summarise, with_study
from city_resilience.report.texts import Texts
from report_inputs import Inputs, make_inputs
from study_inputs import small_study

HOSTILE = ("<script>alert(1)</script>", "</script><img src=x>", 'O\'Neil & "Sons" <b>', "北京")


class Page(HTMLParser):
    """Collect references, script bodies and tags of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.references: list[tuple[str, str]] = []
        self.tags: list[str] = []
        self.scripts: dict[str, str] = {}
        self._script: str | None = None
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs) -> None:
        self.tags.append(tag)
        values = dict(attrs)
        for name in ("src", "href", "srcset", "poster", "action", "data", "background"):
            if name in values:
                self.references.append((tag, values[name]))
        if tag == "script":
            self._script = values.get("id", f"script{len(self.scripts)}")
            self.scripts[self._script] = ""

    def handle_endtag(self, tag) -> None:
        if tag == "script":
            self._script = None

    def handle_data(self, data) -> None:
        if self._script:
            self.scripts[self._script] += data


class Cells(HTMLParser):
    """Collect the texts of a page between its tags."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.texts: set[str] = set()
        spaced = text.replace("<i>\u00a0</i>", "\u00a0")
        self.feed(text.replace("<i>\u00a0</i>", "") + spaced)  # as each language shows it

    def handle_data(self, data) -> None:
        self.texts.add(data.strip().replace("\u00a0", " "))


def groups_of(inputs: Inputs) -> pd.DataFrame:
    cities = sorted(inputs.forecast["city"].unique())
    region = {city: "West" if k < 8 else "East" for k, city in enumerate(cities)}
    return drivers_by_group(inputs.drivers, {"region": region}, 5)


def interval_inputs() -> dict[str, pd.DataFrame]:
    """Made-up scores and reliability of intervals at two horizons."""
    rng = np.random.default_rng(0)
    cities = [f"c{k}" for k in range(40)]
    frames = []
    for horizon in (1, 2):
        rows = pd.DataFrame({"city": cities * 6, "horizon": horizon})
        rows["origin"] = np.repeat(range(2010, 2016), 40)
        rows["truth"], rows["forecast"] = rng.standard_normal(240), 0.0
        rows["unbroken"] = rows["truth"]
        for name, half in (("", 1.7), ("_80", 1.3)):
            rows[f"lower{name}"], rows[f"upper{name}"] = -half, half
        rows["plain_lower"], rows["plain_upper"] = -2.5, 2.5
        rows[list(EVENTS)], rows["crps"] = 0.25, 0.5
        frames.append(rows)
    rows = pd.concat(frames, ignore_index=True)
    groups = {"region": {city: "East" if k < 30 else "West" for k, city in enumerate(cities)}}
    return {"intervals": score_intervals(rows, groups, 5), "reliability": reliability(rows)}


def total_inputs() -> dict[str, pd.DataFrame]:
    """Made-up forecasts and scores of the totals of two regions at two horizons."""
    keys = pd.DataFrame({"level": ["East", "West"] * 2, "horizon": [1, 1, 2, 2]})
    made = keys.assign(group="region", cities=[7, 8, 7, 8], forecast=[0.31, -0.42, 0.53, -0.64])
    live = made.assign(lower=made["forecast"] - 1.2, upper=made["forecast"] + 1.2)
    years = pd.concat([made.assign(origin=o) for o in range(2010, 2016)], ignore_index=True)
    years = years.assign(truth=years["origin"] % 3 * 0.6, lower=-1.0, upper=1.0)
    return {"forecast_groups": live, "sums": score_sums(years)}


@pytest.fixture(scope="module")
def text() -> str:
    inputs = make_inputs(cities=10, origins=range(2015, 2019), horizons=(1, 2), names=HOSTILE)
    return render_report(summarise(**inputs.all()))


@pytest.fixture(scope="module")
def page(text: str) -> Page:
    return Page(text)


def test_page_refers_to_nothing_outside(text: str, page: Page) -> None:
    assert page.references
    assert [ref for ref in page.references if not re.match(r"#|data:", ref[1])] == []
    style = re.search(r"<style>(.*?)</style>", text, re.S)[1]
    assert "url(" not in style
    assert "@import" not in style
    assert "default-src 'none'" in text


def test_policy_allows_the_own_style_and_script_alone(text: str) -> None:
    """No attribute may hold a style or a handler, as the policy would refuse it."""
    policy = re.search(r'Content-Security-Policy" content="(.*?)"', text)[1]
    for tag, name in (("style", "style-src"), ("script", "script-src")):
        [own] = re.findall(rf"<{tag}>(.*?)</{tag}>", text, re.S)
        digest = base64.b64encode(hashlib.sha256(own.encode()).digest()).decode()
        assert f"{name} 'sha256-{digest}'" in policy
    assert "unsafe" not in policy
    static = re.sub(r"<(script|style)\b.*?</\1>", "", text, flags=re.S)
    assert not re.search(r"<[^>]*\s(style|on\w+)=", static)


def test_page_stays_light() -> None:
    inputs = make_inputs(cities=300, origins=range(2010, 2023), intervals=True)
    assert len(render_report(summarise(**inputs.all())).encode()) < 2_000_000


def test_hostile_names_stay_data(page: Page) -> None:
    data = json.loads(page.scripts["data"])
    assert {row[0] for row in data["cities"]["rows"]} >= set(HOSTILE)
    assert page.tags.count("script") == 2
    assert "img" not in page.tags


def test_hostile_texts_in_the_static_part_are_escaped() -> None:
    inputs = make_inputs(cities=4, origins=range(2015, 2018), horizons=(1,))
    inputs.info["notes"] = [HOSTILE[1]]
    inputs.info["absent"] = {HOSTILE[0]: HOSTILE[1]}
    page = Page(render_report(summarise(**inputs.all())))
    assert "img" not in page.tags
    assert page.tags.count("script") == 2


def test_every_table_can_be_read_without_scripts() -> None:
    inputs = make_inputs(cities=24, origins=range(2016, 2022), horizons=(1, 2), intervals=True)
    tables = {**interval_inputs(), **total_inputs(), "drivers_by_group": groups_of(inputs)}
    summary = summarise(**inputs.all(**tables))
    summary = with_study(summary, small_study())
    page = render_report(summary)
    cells = Cells(re.sub(r"<(script|style).*?</\1>", "", page, flags=re.S)).texts
    say = Texts(summary["measure"])
    wanted = list(expected_figures(summary))
    for part in summary["by_horizon"].values():
        wanted += expected_at_horizon(part)
        names = [("model", row["model"]) for row in part["skill"]]
        names += [("group", row["group"]) for row in part["groups"]]
        names += [
            ("family", family) for row in part["driver_groups"] for family, *_ in row["families"]
        ]
        wanted += [text for kind, id in names for text in say.name(kind, id).values()]
    for name in BLOCKS:
        table = block_table(summary["study"], name, "1", say)
        assert table.rows
        for text in (
            text for row in table.rows for cell in row for text in (cell.text, *cell.lines)
        ):
            wanted += [text] if isinstance(text, str) else text.values()
        wanted += [text for head in table.heads for text in head.text.values()]
    missing = {text for text in wanted if text and text.replace("\u00a0", " ") not in cells}
    assert missing == set()


def expected_at_horizon(part: dict[str, Any]) -> Iterator[str]:
    """Yield what the tables of a horizon must show, figure by figure."""
    for row in part["skill"]:
        yield from (unsigned(row[name]) for name in ("mae", "rmse", "rank_correlation"))
        yield from (percent(row[name], sign=True) for name in ("skill_naive", "skill_history"))
        yield percent(row["sign_hit_rate"])
        if row["difference_high"] is not None:
            yield interval(row["difference_low"], row["difference_high"], 3)
    for row in part["periods"]["rows"]:
        yield from map(unsigned, row["mae"])
        yield percent(row["standing"]["skill"], sign=True)
        yield f"{row['first']}–{row['last']}"
    for own in part["years"]["errors"]:
        yield from map(unsigned, own["mae"])
    for row in part["groups"]:
        yield from (unsigned(row[name]) for name in ("mae", "mae_naive", "mae_history"))
        yield str(row["n"])
    for row in part["driver_groups"]:
        yield from (
            f(size)
            for _, *sizes in row["families"]
            for f, size in zip((unsigned, signed), sizes, strict=True)
        )
    for row in part["intervals"]["groups"]:
        yield from (
            percent(row["coverage"]),
            unsigned(row["width"], 1),
            percent(row["coverage_80"]),
        )
    for row in (*part["intervals"]["groups"], *part["intervals"]["periods"]):
        yield from (percent(row["worst"][name]) for name in ("coverage", "coverage_80"))
        yield str(row["worst"]["year"])
    assert len(part["totals"]["rows"]) == 2
    for row in part["totals"]["rows"]:
        yield from (signed(row["forecast"]), interval(row["lower"], row["upper"], 1))
    for row in part["intervals"]["chances"]:
        for own in row["events"].values():
            yield from (percent(own["probability"]), percent(own["frequency"]), f"n = {own['n']}")


def expected_figures(summary: dict[str, Any]) -> Iterator[str]:
    """Yield what the tables of cities, data coverage and weights must show."""
    for entry in summary["cities"]:
        yield from (entry["city"], entry["province"])
        for h, own in entry["h"].items():
            yield signed(own["forecast"])
            yield interval(own["lower"], own["upper"], 1)
            parts = summary["by_horizon"][h]["parts"][entry["city"]]
            yield percent(parts["observed"])
            for index, _, size in parts["top"][:3]:
                yield from (signed(size), summary["indicators"][index]["id"])
    yield from ("stale", "滞后", "target year over", "目标年份已结束")
    for row in summary["coverage"]["origins"]:
        yield from (percent(cell["share"]) for cell in row["cells"] if cell)
    yield from ("not observed since 2016", "自 2016 年后无观测")
    for row in summary["run"]["weights"]:
        yield from map(unsigned, row["weights"])


@pytest.mark.parametrize("simulated", [True, False])
def test_banner_is_there_only_for_simulated_data(simulated: bool) -> None:
    inputs = make_inputs(cities=4, origins=range(2015, 2018), horizons=(1,), simulated=simulated)
    assert ('id="banner"' in render_report(summarise(**inputs.all()))) is simulated


def test_page_says_at_which_share_of_its_size_a_horizon_is_taken() -> None:
    inputs = make_inputs(cities=4, origins=range(2015, 2018), horizons=(1, 2)).all()
    inputs["info"]["slopes"] = {1: 0.618, 2: 0.997}
    summary = summarise(**inputs)
    assert summary["run"]["slopes"] == [{"horizon": 1, "percent": 62}]
    page = render_report(summary).replace("\u00a0", " ")
    said = "is taken at 62 % of its size, because that is what the last origins deserved."
    assert page.count(said) == page.count("按其大小的 62% 计入") == 2
    assert "100 % of its size" not in page


def test_page_says_that_gaps_and_ranks_are_of_the_own_nation() -> None:
    inputs = make_inputs(cities=4, origins=range(2015, 2018), horizons=(1,))
    plain = render_report(summarise(**inputs.all()))
    inputs.forecast["nation"] = ["Arland", "Borland", "Arland", "Borland"]
    inputs.info["nation"] = "own_sum"
    page = render_report(summarise(**inputs.all()))
    for words in ("all cities of its own nation together", "所属国家全部样本城市合计", ">Borland<"):
        assert words in page, words
        assert words not in plain, words
    assert "a rank is its place among the cities of that nation" in page
    assert "a rank is its place among" not in plain


def test_file_appears_whole_or_not_at_all(tmp_path: Path, monkeypatch) -> None:
    summary = summarise(**make_inputs(cities=4, origins=range(2015, 2018), horizons=(1,)).all())
    target = tmp_path / "new" / "report.html"
    assert write_report(summary, target) == target
    before = target.read_bytes()
    assert [path.name for path in target.parent.iterdir()] == ["report.html"]

    def fail(*_args: object, **_kwargs: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(files.os, "replace", fail)
    with pytest.raises(InputError, match=r"cannot be written \(disk full\)"):
        write_report(summary, target)
    assert target.read_bytes() == before
    assert [path.name for path in target.parent.iterdir()] == ["report.html"]
