"""The page is one whole file that needs nothing from outside, whatever the data hold."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from city_resilience.report import html
from city_resilience.report.html import render_report, write_report
from city_resilience.report.summary import summarise
from report_inputs import make_inputs

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


def test_hostile_names_stay_data(page: Page) -> None:
    data = json.loads(page.scripts["data"])
    assert {entry["city"] for entry in data["cities"]} >= set(HOSTILE)
    assert page.tags.count("script") == 4
    assert "img" not in page.tags


def test_hostile_texts_in_the_static_part_are_escaped() -> None:
    inputs = make_inputs(cities=4, origins=range(2015, 2018), horizons=(1,))
    inputs.info["notes"] = [HOSTILE[1]]
    inputs.info["absent"] = {HOSTILE[0]: HOSTILE[1]}
    page = Page(render_report(summarise(**inputs.all())))
    assert "img" not in page.tags
    assert page.tags.count("script") == 4


@pytest.mark.parametrize("simulated", [True, False])
def test_banner_is_there_only_for_simulated_data(simulated: bool) -> None:
    inputs = make_inputs(cities=4, origins=range(2015, 2018), horizons=(1,), simulated=simulated)
    assert ('id="banner"' in render_report(summarise(**inputs.all()))) is simulated


def test_file_appears_whole_or_not_at_all(tmp_path: Path, monkeypatch) -> None:
    summary = summarise(**make_inputs(cities=4, origins=range(2015, 2018), horizons=(1,)).all())
    target = tmp_path / "new" / "report.html"
    assert write_report(summary, target) == target
    before = target.read_bytes()
    assert [path.name for path in target.parent.iterdir()] == ["report.html"]

    def fail(*_args: object, **_kwargs: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(html.Path, "replace", fail)
    with pytest.raises(OSError, match="disk full"):
        write_report(summary, target)
    assert target.read_bytes() == before
    assert [path.name for path in target.parent.iterdir()] == ["report.html"]
