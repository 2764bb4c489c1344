"""The glossary is the rule: what users read has no other name for its terms."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from city_resilience.report.texts import every_text
from places import ROOT

GLOSSARY = ROOT / "docs" / "glossary.md"
FIGURES = re.compile(r"\{\w+\}")
PAGES = [
    *(ROOT / name for name in ("README.md", "README.zh.md", "CONTRIBUTING.md")),
    *(page for page in sorted((ROOT / "docs").glob("*.md")) if page != GLOSSARY),
    *sorted((ROOT / "experiments").glob("*/README.md")),
]


def terms() -> Iterator[tuple[str, str, str, str]]:
    for line in GLOSSARY.read_text("utf-8").splitlines()[8:]:
        term, chinese, meaning, other = (cell.strip() for cell in line.strip("|").split("|"))
        yield term, chinese, meaning, other


def other_names() -> re.Pattern[str]:
    names = [name.strip() for *_, other in terms() for name in other.split(",")]
    words = "|".join(re.escape(name) for name in names if name.isascii())
    chinese = "|".join(name for name in names if not name.isascii())
    return re.compile(rf"\b(?:{words})s?\b|{chinese}", re.IGNORECASE)


def test_every_term_stands_once_in_both_languages():
    for position in (0, 1):
        names = [name for row in terms() for name in re.split("[,、] *", row[position])]
        assert len(names) == len(set(names)) > 35
        assert all(names)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_no_page_has_another_name_for_a_term(page):
    assert other_names().findall(page.read_text("utf-8")) == []


def test_no_text_of_the_report_has_another_name_for_a_term():
    found = {
        key: other
        for key, text in every_text().items()
        if (other := other_names().findall(FIGURES.sub("", " ".join(text.values()))))
    }
    assert found == {}
