"""One table in any layout, encoding, separator and number style is one panel or is refused."""

from __future__ import annotations

import runpy
import tempfile
import time
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from city_resilience.errors import InputError
from city_resilience.reading.read import read_panel
from city_resilience.reading.sheets.importer import import_sheets
from city_resilience.reading.sheets.options import Options
from mutated_files import mutated_file
from places import ROOT

faults_of = runpy.run_path(str(ROOT / "scripts" / "fuzz_readers.py"))["faults_of"]

PLACES = ("Alba", "Born", "São Bento", "Münster")
YEARS = (2018, 2019, 2020)
VALUES = {
    (place, year): 1_000.5 + 2_345.25 * at + 10 * (year - 2018)
    for at, place in enumerate(PLACES)
    for year in YEARS
}
PLAIN = Options(country="none")
STYLES = {
    "point": "{:.2f}".format,
    "thousands": "{:,.2f}".format,
    "comma": lambda number: f"{number:.2f}".replace(".", ","),
    "dots": lambda number: f"{number:,.2f}".translate(str.maketrans(",.", ".,")),
    "spaces": lambda number: f"{number:,.2f}".replace(",", " "),
}


def long(style, total, code):
    rows = [[p, str(y), style(value)] for (p, y), value in VALUES.items()]
    if total:
        rows += [[total, str(y), style(sum(VALUES[p, y] for p in PLACES))] for y in YEARS]
    header = ["city", "year", "gdp_nominal"]
    return _coded([header, *rows], code)


def wide(style, total, code):
    rows = [[p, *(style(VALUES[p, y]) for y in YEARS)] for p in PLACES]
    if total:
        rows.append([total, *(style(sum(VALUES[p, y] for p in PLACES)) for y in YEARS)])
    return _coded([["city", *(f"gdp_nominal {y}" for y in YEARS)], *rows], code)


def bare(style, total, code):
    table = wide(style, total, code)
    return [[cell.removeprefix("gdp_nominal ") for cell in table[0]], *table[1:]]


def transposed(style, total, code):
    return [list(column) for column in zip(*bare(style, total, code), strict=True)]


def _coded(table, code):
    names = {name: f"{at:03}" for at, name in enumerate(sorted({row[0] for row in table[1:]}))}
    if not code:
        return table
    header, *rows = table
    return [[header[0], "code", *header[1:]], *([row[0], names[row[0]], *row[1:]] for row in rows)]


LAYOUTS = {"long": long, "wide": wide, "bare": bare, "transposed": transposed}


@given(
    st.sampled_from(list(LAYOUTS)),
    st.sampled_from(list(STYLES)),
    st.sampled_from(["", "TOTAL", "合计", "Whole Land"]),
    st.booleans(),
    st.sampled_from([",", ";", "\t", "|"]),
    st.sampled_from(
        ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252", "latin-1"]
    ),
)
@settings(max_examples=120)
def test_any_layout_is_the_same_panel_or_a_listed_refusal(
    layout, style, total, code, separator, encoding
):
    table = LAYOUTS[layout](STYLES[style], total, code)
    quote = '"' if separator == "," else ""
    text = "\n".join(separator.join(f"{quote}{cell}{quote}" for cell in row) for row in table)
    if total == "合计" and encoding in ("cp1252", "latin-1"):
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "GDP.csv"
        path.write_text(text, encoding=encoding, newline="")
        if layout == "transposed":
            with pytest.raises(InputError, match="transpose the table"):
                import_sheets([path], PLAIN)
            return
        imported = import_sheets([path], PLAIN)
        found = imported.cells.set_index(["city", "year"])["value"].to_dict()
        assert {key: v for key, v in found.items() if key[0] != total} == pytest.approx(VALUES)
        assert total == "Whole Land" or total not in set(imported.cells["city"])
        if layout == "long":
            frame = read_panel(path).frame
            values = frame.set_index(["city", "year"])["gdp_nominal"].to_dict()
            assert {key: v for key, v in values.items() if key[0] != total} == pytest.approx(VALUES)


@pytest.mark.parametrize(
    "first", [0, 40, 80, 120, 160, 200, 798, 1260, 13188, 30210, 206284, 207233, 608331, 630880]
)
def test_mutated_files_end_in_a_panel_or_in_an_error_for_the_user(tmp_path, first):
    (tmp_path / "out").mkdir()
    for seed in range(first, first + (40 if first <= 200 else 1)):
        suffix, content = mutated_file(seed)
        path = tmp_path / f"panel{suffix}"
        path.write_bytes(content)
        assert not faults_of(path), seed


@pytest.mark.parametrize("layout", ["long", "wide"])
def test_a_megabyte_is_read_in_two_seconds(tmp_path, layout):
    places = [f"Place {at}" for at in range(4000)]
    frame = pd.DataFrame({"city": places})
    for year in range(2000, 2024):
        frame[f"gdp_nominal {year}"] = [f"{1000 + at * 1.37:.4f}" for at in range(len(places))]
    if layout == "long":
        frame = frame.melt("city", var_name="year", value_name="gdp_nominal")
        frame["year"] = frame["year"].str[-4:]
    path = tmp_path / "panel.csv"
    frame.to_csv(path, index=False)
    size, began = path.stat().st_size / 1e6, time.process_time()
    if layout == "long":
        read_panel(path)
    else:
        import_sheets([path], PLAIN)
    assert time.process_time() - began < 2 * size + 2


def test_a_table_of_more_columns_than_can_be_meant_is_refused(tmp_path):
    path = tmp_path / "panel.csv"
    path.write_text("city,year," + ",".join(f"v{at}" for at in range(6000)) + "\nA,2010\n")
    with pytest.raises(InputError, match="6,002 columns, more than 5,000"):
        read_panel(path)
