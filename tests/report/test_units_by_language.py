"""Units in the reader's language: each that ships has a Chinese name, others stay as they are."""

from __future__ import annotations

import re

from city_resilience.catalogue.variables import load_catalogue
from city_resilience.indicators.table import load_indices, load_table
from city_resilience.report.shapes import draw_shapes
from city_resilience.report.texts import Texts, measure_words, unit_words

CHINESE = re.compile(r"[\u4e00-\u9fff]|^%$")


def test_every_unit_that_ships_has_a_chinese_name() -> None:
    units = {own.unit for own in load_catalogue().variables.values()}
    units |= {own.unit for own in (*load_table(), *load_indices())}
    assert len(units) > 40
    assert sorted(u for u in units if u and not CHINESE.search(unit_words(u)["zh"])) == []
    assert [unit for unit in units if re.search(r"m2|m3", unit_words(unit)["en"])] == []


def test_a_unit_of_the_user_is_written_as_it_is() -> None:
    assert unit_words("盏") == {"en": "盏", "zh": "盏"}
    assert unit_words("") == {"en": "", "zh": ""}


def test_the_axis_of_a_curve_has_its_unit_in_both_languages() -> None:
    curve = {name: [0.0, 1.0] for name in ("from", "to", "value", "contribution", "low", "high")}
    own = {
        "id": "b",
        "en": "Broadband",
        "zh": "宽带",
        "unit": "per 100 people",
        "n": 9,
        "cities": 3,
        "clusters": 2,
        "withheld": False,
        "threshold": None,
        "curve": curve | {"ale": [None, None]},
    }
    part = {"shapes": {"forecasting": {"indicators": [own]}}}
    drawn = draw_shapes(part, "forecasting", Texts(measure_words("growth_gap")))
    assert drawn is not None
    title = drawn["00"].chart.x.title
    assert title == {"en": "Broadband (per 100 people)", "zh": "宽带（每百人）"}
