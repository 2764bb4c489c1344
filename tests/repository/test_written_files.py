"""Written tables: no formulas, no control characters, the same bytes; files come together."""

from __future__ import annotations

import datetime as dt
import time
from pathlib import Path

import numpy as np
import openpyxl
import pandas as pd
import pytest

from city_resilience.errors import InputError
from city_resilience.files import appearing, write_table
from city_resilience.spreadsheet import check_rows, clean_text, csv_text, plain_text

HOSTILE = ["=cmd()", "+1+1", "-2+3", "@SUM(A1)", "\tx", "＝1+1", "=HYPERLINK(0)"]
HARMLESS = ["甲市", "-", "-5", "+0.25", "-12.5 %", "-1e-05", "St. John's", "broadband: +0.42", ""]


@pytest.mark.parametrize("text", HOSTILE)
def test_a_formula_becomes_a_text(text):
    assert plain_text(text) == f"'{text}"


@pytest.mark.parametrize("text", HARMLESS)
def test_numbers_and_words_stay(text):
    assert plain_text(text) == text


def test_control_characters_are_shown():
    assert clean_text("a\x00b\x1b[31mc\ud800\ufffe") == "a\ufffdb\ufffd[31mc\ufffd\ufffd"
    assert clean_text("two\nlines\tand a tab") == "two\nlines\tand a tab"


def test_csv_has_no_formula_and_keeps_every_digit(tmp_path):
    frame = pd.DataFrame({"=city": ["=cmd()", "b\x07"], "x": [-0.1 - 0.2, 1.0], "n": [1, -2]})
    text = write_table(frame, tmp_path / "a.csv").read_text("utf-8-sig")
    assert text == "'=city,x,n\n'=cmd(),-0.30000000000000004,1\nb\ufffd,1.0,-2\n"
    assert frame.columns[0] == "=city"


@pytest.mark.parametrize("text", ["甲市", "", None, "a,b", 'a"b', "two\nlines", "\r"])
def test_many_rows_are_written_as_pandas_writes_them(text):
    rng = np.random.default_rng(5)
    wide = rng.normal(size=5000) * 10.0 ** rng.integers(-320, 308, 5000)
    wide[:9] = [np.nan, np.inf, -np.inf, -0.0, 1e-3, 1e-4, 1e9, 1e16, 2.0]
    ranks = pd.array(rng.integers(0, 9, 5000), dtype="Int64")
    ranks[3] = pd.NA
    known = {"x": wide, "y": rng.normal(size=5000), "n": ranks, "k": np.arange(5000) - 9}
    frame = pd.DataFrame({"=a,b": ["乙 city"] * 4999 + [text], **known})
    for header in (True, False):
        own = frame.to_csv(index=False, header=header, lineterminator="\n")
        assert csv_text(frame, header) == own


def test_workbook_has_no_formula_and_no_control_character(tmp_path):
    frame = pd.DataFrame({"=city": ["=cmd()", "b\x07\ufffe"]})
    sheet = openpyxl.load_workbook(write_table(frame, tmp_path / "a.xlsx")).active
    cells = [(cell.value, cell.data_type) for row in sheet.iter_rows() for cell in row]
    assert cells == [("=city", "s"), ("=cmd()", "s"), ("b\ufffd\ufffd", "s")]


def test_workbook_holds_numbers_truths_texts_and_blanks_below_a_head_that_stands_still(tmp_path):
    values = [0.1 + 0.2, float("nan"), float("inf"), 1e300]
    mixed = [np.float64(2.5), np.int64(3), None, " <a> & \n"]
    frame = pd.DataFrame({"x": values, "n": [1, 2, 3, -4], "b": [True, False] * 2, "m": mixed})
    sheet = openpyxl.load_workbook(write_table(frame, tmp_path / "a.xlsx")).active
    assert [[cell.value for cell in row] for row in sheet.iter_rows()] == [
        ["x", "n", "b", "m"],
        [0.3, 1, True, 2.5],
        [None, 2, False, 3],
        ["inf", 3, True, None],
        [1e300, -4, False, " <a> & \n"],
    ]
    assert (sheet.title, sheet.freeze_panes, sheet.dimensions) == ("forecast", "A2", "A1:D5")
    empty = openpyxl.load_workbook(write_table(frame[:0], tmp_path / "b.xlsx")).active
    assert [[cell.value for cell in row] for row in empty.iter_rows()] == [["x", "n", "b", "m"]]


@pytest.mark.parametrize("suffix", [".csv", ".xlsx", ".parquet"])
def test_same_table_same_bytes(suffix, tmp_path, monkeypatch):
    frame = pd.DataFrame({"city": ["a", "b"], "x": [0.1, float("nan")]})
    first = write_table(frame, tmp_path / f"a{suffix}").read_bytes()
    monkeypatch.setattr("openpyxl.writer.excel.datetime.datetime", Later)
    later = time.time() + 86_400
    monkeypatch.setattr(time, "time", lambda: later)
    assert write_table(frame, tmp_path / f"b{suffix}").read_bytes() == first


class Later(dt.datetime):
    @classmethod
    def now(cls, tz=None):
        return cls(2031, 2, 3, 4, 5, 6, tzinfo=tz)


def test_a_table_longer_than_a_sheet_is_refused():
    check_rows(1_048_575, Path("a.xlsx"))
    with pytest.raises(InputError, match=r"a\.xlsx: 1,048,576 rows, and a sheet holds"):
        check_rows(1_048_576, Path("a.xlsx"))


def fail(paths: list[Path]) -> None:
    with appearing(paths) as places:
        places[0].write_text("two")
        raise RuntimeError


def test_files_appear_together_or_not_at_all(tmp_path):
    paths = [tmp_path / "table", tmp_path / "sign"]
    with appearing(paths) as places:
        for place in places:
            place.write_text("one")
    with pytest.raises(RuntimeError):
        fail(paths)
    assert [path.read_text() for path in paths] == ["one", "one"]
    with pytest.raises(InputError, match="cannot be written"), appearing(paths):
        pass  # nothing was written
    assert sorted(path.name for path in tmp_path.iterdir()) == ["sign", "table"]
    assert [path.read_text() for path in paths] == ["one", "one"]
