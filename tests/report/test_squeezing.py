"""Squeezed markup says the same: tags, texts and attributes as a reader of HTML finds them."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest

from city_resilience.report.report_page import render_report
from city_resilience.report.squeezing import squeezed
from city_resilience.report.summary import summarise
from report_inputs import make_inputs

ROW = (
    '<tr><th scope="row">A</th><td class="">1</td>\n   <td class="t up">x &lt; "y" = 2</td></tr>'
    '<tr><th scope="row"><span lang="en">21\u00a0%</span><span lang="zh">21%</span></th></tr>'
)


class Read(HTMLParser):
    """Collect tags with their attributes, and the text."""

    def __init__(self, markup: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(markup)

    def handle_starttag(self, tag, attrs) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data) -> None:
        self.text += data


def test_only_what_html_puts_in_is_left_out() -> None:
    read = Read(str(squeezed(ROW)))
    assert [tag for tag, _ in read.tags if tag != "i"] == ["tr", "th", "td", "td", "tr", "th"]
    assert dict(read.tags[1][1]) == {"scope": "row"}
    assert read.tags[3][1] == {"class": "t up"}
    assert 'x < "y" = 2' in read.text
    assert read.text.endswith("21\u00a0%")


def test_a_share_is_written_once_and_other_texts_in_both_languages() -> None:
    assert str(squeezed('<span lang="en">−4\u00a0%</span><span lang="zh">−4%</span>')) == (
        "−4<i>\u00a0</i>%"
    )
    other = str(squeezed('<span lang="en">none</span><span lang="zh">无</span>'))
    assert other == "<b lang=en>none</b><b lang=zh>无</b>"


@pytest.mark.parametrize("value", ['a"b', "a b", "x>y", ""])
def test_a_value_that_needs_its_quotation_marks_keeps_them(value: str) -> None:
    escaped = value.replace('"', "&#34;").replace(">", "&gt;")
    read = Read(str(squeezed(f'<td data-x="{escaped}" class="{escaped}">1</td>')))
    assert read.tags[0][1]["data-x"] == value


def test_the_evidence_is_squeezed_and_what_the_scripts_seek_is_not() -> None:
    page = render_report(summarise(**make_inputs(cities=6, origins=range(2013, 2019)).all()))
    evidence = page[page.index('<section id="evidence"') : page.index("<template")]
    assert "</td>" not in evidence
    assert 'data-figure="years"' in evidence
    assert "</b>" in evidence
