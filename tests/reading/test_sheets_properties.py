"""The panel does not depend on order, spacing, width or encoding, and faults stay where they are.

Row order is information only where rows of provinces head the rows of their cities; these sheets
have none.
"""

from __future__ import annotations

import random
import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from city_resilience.reading.sheet import Sheet
from city_resilience.reading.sheets.importer import import_sheets
from workbook_inputs import CITIES, HEADERS, read, values, yearbook

PLAIN = yearbook()
EXPECTED = values(read(PLAIN))
WIDE = str.maketrans(
    {chr(code): chr(code + 0xFEE0) for code in range(0x21, 0x7F)} | {" ": "\u3000"}
)
VARIABLES = ("registered_population", "employment_manufacturing", "employment_finance")
CORRUPT = (None, "5,97", "#VALUE!", "abc", "-", "1e9", 0, -5, 12345678, "0.81\n0.14", "5%")
STRAY = ("城市", "合计", "制造业", "2011年", "单位：人", "市辖区", "续表", "甲", "-", "注")
seeds = st.integers(0, 10_000)


@given(st.permutations(range(len(CITIES))))
@settings(max_examples=25)
def test_any_order_of_rows(order):
    head, body = PLAIN.rows[:2], PLAIN.rows[2:]
    assert values(read(Sheet(PLAIN.file, "", (*head, *(body[at] for at in order))))) == EXPECTED


@given(st.permutations(range(len(HEADERS))), st.booleans())
@settings(max_examples=12)
def test_any_order_of_columns(order, names_last):
    groups = [slice(2 + 2 * at, 4 + 2 * at) for at in order]
    rows = [[cell for part in groups for cell in row[part]] for row in PLAIN.rows]
    keys = [list(row[:2]) for row in PLAIN.rows]
    joined = (row + key if names_last else key + row for row, key in zip(rows, keys, strict=True))
    assert values(read(Sheet(PLAIN.file, "", tuple(map(tuple, joined))))) == EXPECTED


@given(seeds)
@settings(max_examples=20)
def test_any_order_of_single_columns_where_each_has_its_header(seed):
    full = list(map(list, PLAIN.rows))
    full[0] = [full[0][at] or full[0][at - 1] for at in range(len(full[0]))]
    full[0][1] = "English name"
    order = random.Random(seed).sample(range(len(full[0])), len(full[0]))
    rows = tuple(tuple(row[at] for at in order) for row in full)
    assert values(read(Sheet(PLAIN.file, "", rows))) == EXPECTED


@given(st.permutations(range(4)))
@settings(max_examples=12)
def test_any_order_of_files(order):
    sheets = [
        yearbook(file="Data_2006.xlsx"),
        yearbook(file="Data_2007.xlsx", changed={(4, 4): "5,97"}),
        yearbook(("制造业",), file="A_2006.xlsx", changed={(2, 2): 999.0}),
        yearbook(("建筑业",), file="B_2006.xlsx", names=tuple(CITIES)[:3]),
    ]
    shuffled = read(*(sheets[at] for at in order))
    assert values(shuffled) == values(read(*sheets))
    assert shuffled.listing().equals(read(*sheets).listing())


@given(seeds)
@settings(max_examples=25)
def test_spacing_and_width_of_headers_and_names_and_figures(seed):
    chance = random.Random(seed)

    def disguised(cell):
        if cell is None:
            return None
        text = str(cell)
        if chance.random() < 0.5:
            text = text.translate(WIDE)
        if chance.random() < 0.5 and not text[0].isascii() and isinstance(cell, str):
            at = chance.randrange(1, len(text) + 1)
            text = text[:at] + chance.choice([" ", "\u3000", "\n", "_x000D_\n"]) + text[at:]
        return chance.choice(["", " ", "\u3000  "]) + text

    rows = tuple(tuple(disguised(cell) for cell in row) for row in PLAIN.rows)
    assert values(read(Sheet(PLAIN.file, "", rows))) == EXPECTED


@given(st.sampled_from(["utf-8", "utf-8-sig", "gb18030"]))
@settings(max_examples=3)
def test_encodings(encoding):
    lines = (",".join("" if cell is None else str(cell) for cell in row) for row in PLAIN.rows)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "Data_2006.csv"
        path.write_text("\n".join(lines) + "\n", encoding=encoding)
        assert values(import_sheets([path])) == EXPECTED


@given(
    st.integers(2, len(CITIES) + 1),
    st.integers(2, 1 + 2 * len(HEADERS)),
    st.sampled_from(CORRUPT),
)
@settings(max_examples=60)
def test_a_corrupted_cell_changes_no_other(row, column, cell):
    imported = read(yearbook(changed={(row, column): cell}))
    scope = ("whole_city", "districts")[column % 2]
    variable = VARIABLES[(column - 2) // 2]
    touched = (tuple(CITIES)[row - 2], 2005, scope, variable)
    got = values(imported)
    assert {k: v for k, v in got.items() if k != touched} == {
        k: v for k, v in EXPECTED.items() if k != touched
    }
    if touched not in got and cell not in (None, "-"):
        listed = imported.listing().query("level == 'lost'")
        assert listed["row"].tolist() == [str(row + 1)]


@given(st.integers(2, len(CITIES) + 1), st.sampled_from(["乱码", "", "Suzhou", "石家庄县", 7]))
@settings(max_examples=20)
def test_a_corrupted_name_loses_its_row_alone(row, name):
    imported = read(yearbook(changed={(row, 0): name}))
    city = tuple(CITIES)[row - 2]
    assert values(imported) == {k: v for k, v in EXPECTED.items() if k[0] != city}
    assert len(imported.listing().query("kind in ('name', 'row')")) == 1


@given(seeds)
@settings(max_examples=20)
def test_any_order_of_many_columns(seed):
    rows = [[*row, *(None for _ in range(14))] for row in PLAIN.rows]
    filled = [PLAIN.rows[0][at] or PLAIN.rows[0][at - 1] for at in range(len(PLAIN.rows[0]))]
    rows[0] = [*filled, *(f"备注{at}" for at in range(14))]
    rows[0][1] = "English name"
    order = random.Random(seed).sample(range(len(rows[0])), len(rows[0]))
    shuffled = tuple(tuple(row[at] for at in order) for row in rows)
    assert values(read(Sheet(PLAIN.file, "", shuffled))) == EXPECTED


@given(
    st.sampled_from(
        ["城市", "合计", "制造业", "2011年", "单位：人", "市辖区", "续表", "甲", "-", "注"]
    ),
    st.integers(2, len(CITIES) + 1),
    st.integers(0, 1 + 2 * len(HEADERS)),
)
@settings(max_examples=80)
def test_a_stray_word_in_a_row_changes_no_other_row(word, row, column):
    got = values(read(yearbook(changed={(row, column): word})))
    city = tuple(CITIES)[row - 2]
    rest = {key: value for key, value in EXPECTED.items() if key[0] != city}
    assert {key: value for key, value in got.items() if key[0] != city} == rest
