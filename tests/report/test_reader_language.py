"""A page opens in the language of its browser, else of the names on it, unless one is asked for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from city_inputs import summary
from city_resilience.report.city_page import render_city
from city_resilience.report.html import write_page
from city_resilience.report.texts import language_of

pytestmark = pytest.mark.browser


@pytest.mark.parametrize(
    ("locale", "name", "asked", "opens"),
    [
        ("en-GB", "郑州市", "", "en"),
        ("zh-CN", "Alby", "", "zh"),
        ("zh-TW", "Alby", "", "zh"),
        ("fr-FR", "Alby", "", "en"),
        ("fr-FR", "郑州市", "", "zh"),
        ("en-US", "Alby", "zh", "zh"),
        ("zh-CN", "郑州市", "en", "en"),
    ],
)
def test_a_page_opens_in_the_language_of_its_reader(
    browser: Any, tmp_path: Path, locale: str, name: str, asked: str, opens: str
) -> None:
    made = write_page(render_city(summary("firm") | {"city": name}, asked), tmp_path / "city.html")
    page = browser.new_context(locale=locale).new_page()
    page.goto(made.as_uri())
    heading = {"en": "In short", "zh": "核心结论"}
    assert page.inner_text("#short-title") == heading[opens]
    page.click("#language")
    other = "zh" if opens == "en" else "en"
    assert page.inner_text("#short-title") == heading[other]
    page.reload()
    assert page.inner_text("#short-title") == heading[other]
    page.context.close()


def test_names_of_places_tell_their_language() -> None:
    assert language_of(["郑州市", "Macao", "洛阳市"]) == "zh"
    assert language_of(["Ohio", "郑州市"]) == "en"
