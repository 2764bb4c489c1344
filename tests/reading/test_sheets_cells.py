"""Cells of sheets as numbers, blanks and faults."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from city_resilience.reading.cells import cell_year, parse_cell

NUMBERS = [
    (12, 12.0),
    (12.5, 12.5),
    ("12.5", 12.5),
    ("  12.5 ", 12.5),
    ("１２．５", 12.5),
    ("237．52", 237.52),
    ("−3.5", -3.5),
    ("1 164.60", 1164.6),
    ("1,164.60", 1164.6),
    ("1,234,567", 1234567.0),
    ("12.5*", 12.5),
    ("12.5①", 12.5),
    ("12.5²", 12.5),
    ("12.5 [3]", 12.5),
    ("1e3", 1000.0),
    (".5", 0.5),
    ("12.5_x000D_\n", 12.5),
    ("12\u200b.5", 12.5),
]
BLANKS = [None, "", " ", "-", "—", "…", "……", "－", "..", "N/A", "nan", float("nan"), "未统计"]
FAULTS = [
    ("5,97", "5.97"),
    ("14,70", "14.70"),
    ("1,26", "1.26"),
    (",18.51", "18.51"),
    ("1.36,", "1.36"),
    ("0.05.", "0.05"),
    ("0:68", "0.68"),
    ("0．O9", "0.09"),
    ("1．O8", "1.08"),
    ("1,234", "1234 or 1.234"),
    ("0.0.20", ""),
    ("0.81_x000D_\n0.14", ""),
    ("#VALUE!", ""),
    ("=H13/10000", ""),
    ("很多", ""),
    (True, ""),
    (float("inf"), ""),
    (10**400, ""),
    ("(12.3)", ""),
]


@pytest.mark.parametrize(("cell", "value"), NUMBERS)
def test_numbers(cell, value):
    parsed = parse_cell(cell)
    assert parsed.value == value
    assert not parsed.fault


@pytest.mark.parametrize("cell", BLANKS)
def test_blanks_are_unknown_and_no_fault(cell):
    parsed = parse_cell(cell)
    assert math.isnan(parsed.value)
    assert not parsed.fault


@pytest.mark.parametrize(("cell", "likely"), FAULTS)
def test_faults_give_a_likely_reading_and_never_a_value(cell, likely):
    parsed = parse_cell(cell)
    assert math.isnan(parsed.value)
    assert parsed.fault
    assert parsed.likely == likely


def test_percent_signs_are_kept_apart():
    assert parse_cell("5.3%").percent
    assert parse_cell("5.3％").value == 5.3


@given(st.floats(-1e9, 1e9).map(lambda x: round(x, 4)))
def test_a_number_and_its_full_width_text_are_one(number):
    wide = str.maketrans("0123456789.-", "０１２３４５６７８９．−")
    text = f"{number:.4f}"
    assert parse_cell(text.translate(wide)).value == float(text) == number


@given(st.text(max_size=12))
def test_any_text_is_a_number_a_blank_or_a_fault(text):
    parsed = parse_cell(text)
    assert parsed.known != bool(parsed.fault or math.isnan(parsed.value))


@pytest.mark.parametrize(
    ("cell", "year"),
    [(2010, 2010), (2010.0, 2010), ("2010年", 2010), ("２０１０", 2010), ("2010年度", 2010)],
)
def test_years(cell, year):
    assert cell_year(cell) == year


@pytest.mark.parametrize("cell", [None, "", "2010-2012", 201, 20105, "全市", True])
def test_no_years(cell):
    assert cell_year(cell) is None
