"""Workbooks and tables of strangers: what would fill the memory is refused before it is opened."""

from __future__ import annotations

import io
import resource
import struct
import time
import zipfile
from pathlib import Path

import numpy as np
import openpyxl
import pytest

from city_resilience.errors import InputError
from city_resilience.foreign import decoding, read_bytes, read_json, read_table
from city_resilience.models.arrays import pack_arrays, unpack_arrays
from city_resilience.reading.opening import _check_texts, open_sheets, open_table
from city_resilience.reading.workbook_limits import check_memory, is_small
from workbook_inputs import yearbook
from xls_writer import write_xls

FAR = "spans|needs more than 1 GB to be opened"


@pytest.fixture(autouse=True)
def frugal():
    """A file that is refused takes next to no memory and time."""
    before, began = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.process_time()
    yield
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 300_000  # kB
    assert time.process_time() - began < 8


def workbook(path: Path, old: bytes, new: bytes, part: str = "xl/worksheets/sheet1.xml") -> Path:
    book, out = openpyxl.Workbook(), io.BytesIO()
    for row in (("city", "year", "gdp_real"), ("A", 2000, 1.0), ("B", 2000, 2.0)):
        book.active.append(row)
    book.save(out)
    with zipfile.ZipFile(out) as archive, zipfile.ZipFile(path, "w", 8) as changed:
        for name in archive.namelist():
            content = archive.read(name)
            assert name != part or old in content
            changed.writestr(name, content.replace(old, new, 1) if name == part else content)
    return path


STRAY = {
    "as programs write it": b'<row r="1048576"><c r="XFD1048576"><v>1</v></c></row></sheetData>',
    "in other quotes": b"<row r='1048576'><c r='XFD1048576'><v>1</v></c></row></sheetData>",
    "in a row without a number": b'<row><c r = "XFD1048576"><v>1</v></c></row></sheetData>',
    "in small letters": b'<row r="9"><c r="xfd1048576"><v>1</v></c></row></sheetData>',
    "not so far": b'<row r="60000"><c r="ABC60000"><v>1</v></c></row></sheetData>',
    "by its place alone": b'<row r="1048576"><c/>'
    + b"<c><v>1</v></c>" * 9000
    + b"</row></sheetData>",
}


@pytest.mark.parametrize("case", STRAY)
def test_a_stray_cell_is_refused_however_it_is_written(case, tmp_path):
    path = workbook(tmp_path / "a.xlsx", b"</sheetData>", STRAY[case])
    assert path.stat().st_size < 10_000
    with pytest.raises(InputError, match=FAR + "|not a readable XLSX"):
        open_sheets(path)


def test_a_stray_cell_of_an_older_workbook_is_refused(tmp_path):
    path = write_xls(tmp_path / "a.xls", [yearbook()])
    assert open_sheets(path)
    content = bytearray(path.read_bytes())
    at = content.rfind(struct.pack("<HH", 0x0203, 14))
    struct.pack_into("<HH", content, at + 4, 65535, 65535)
    path.write_bytes(content)
    with pytest.raises(InputError, match=FAR):
        open_sheets(path)


def test_a_long_sheet_and_one_with_far_styles_are_read(tmp_path):
    rows = "".join(f'<row r="{r}"><c r="A{r}"><v>{r}</v></c></row>' for r in range(5, 12_000))
    path = workbook(tmp_path / "a.xlsx", b"</sheetData>", f"{rows}</sheetData>".encode())
    assert len(open_sheets(path)[0].rows) == 11_999
    styled = b'<row r="1048576"><c r="XFD1048576" s="0"/></row></sheetData>'
    path = workbook(tmp_path / "b.xlsx", b"</sheetData>", styled)
    assert len(open_sheets(path)[0].rows) == 3


def test_one_long_text_of_many_cells_is_not_small():
    sheet = b'<c r="A1" t="s"><v>0</v></c>' * 1000
    assert is_small([sheet], b"<si>short</si>" * 1000)
    assert not is_small([sheet], b"<si>" + b"x" * 1_000_000 + b"</si>")


def test_merged_cells_without_end_are_refused(tmp_path):
    rows = "".join(f'<row r="{r}"><c r="Z{r}"><v>{r}</v></c></row>' for r in range(5, 900))
    merged = '<mergeCell ref="A1:XFD1048576"/>' * 1000
    text = f"{rows}</sheetData><mergeCells>{merged}</mergeCells>"
    path = workbook(tmp_path / "a.xlsx", b"</sheetData>", text.encode())
    with pytest.raises(InputError, match=r"merges 2\d,\d{3},000 cells; take the merging off"):
        open_sheets(path)


def test_a_file_that_says_it_has_millions_of_rows_is_refused(tmp_path):
    pa, parquet = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    codes = pa.array(np.zeros(20_000_000, "int8"))
    column = pa.DictionaryArray.from_arrays(codes, pa.array(["x"]))
    path = tmp_path / "a.parquet"
    parquet.write_table(pa.table({"city": column}), path)
    assert path.stat().st_size < 1_000_000
    del codes, column
    with pytest.raises(InputError, match="20,000,000 rows of 1 columns in"):
        open_table(path)


def test_a_long_text_that_stands_in_many_rows_is_refused(tmp_path):
    pa, parquet = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    codes = pa.array([0, 1, None] * 20_000, "int32")
    for length, read in ((10, True), (100_000, False)):
        names = pa.DictionaryArray.from_arrays(codes, pa.array(["x" * length, "y"]))
        path = tmp_path / f"{length}.parquet"
        parquet.write_table(pa.table({"city": names}), path, store_schema=False)
        assert path.stat().st_size < 100_000
        if read:
            assert len(open_table(path).load(())) == 60_000
            continue
        with pytest.raises(InputError, match="texts of column 'city' take more than 500 MB"):
            open_table(path)


def test_damaged_metadata_of_a_column_end_no_process(tmp_path):
    """pyarrow ends the process where they are asked for, so no test may wait for an error."""
    pa, parquet = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    path = tmp_path / "a.parquet"
    parquet.write_table(pa.table({"city": ["A", "B"] * 30_000}), path)

    class Watched:
        num_rows, num_row_groups, num_columns = 60_000, 1, 1
        schema = parquet.ParquetFile(path).schema

        def row_group(self, _):
            return type("Group", (), {"total_byte_size": 10**6})  # has no columns to ask for

    _check_texts(path, Watched())


def test_a_workbook_is_opened_as_a_rule_without_a_second_process(tmp_path, monkeypatch):
    called = []
    monkeypatch.setattr("subprocess.run", lambda *_, **__: called.append(1))
    open_sheets(workbook(tmp_path / "a.xlsx", b"<row", b"<row"))
    assert not called


def test_where_no_second_process_can_be_had_the_workbook_is_opened_all_the_same(
    tmp_path, monkeypatch
):
    def none(*_, **__):
        raise OSError("no process")

    monkeypatch.setattr("subprocess.run", none)
    check_memory(tmp_path / "a.xls", 10)


def panel():
    return decoding("a.bin", "no panel", "bring one")


class PanicException(BaseException):
    """As a library in Rust ends."""


@pytest.mark.parametrize(
    "error",
    [ValueError(), KeyError("x"), RecursionError(), NotImplementedError(), PanicException()],
)
def test_whatever_a_library_raises_is_an_error_for_the_user(error):
    with pytest.raises(InputError, match=r"a\.bin: no panel; bring one"), panel():
        raise error


def test_what_the_system_says_and_what_is_no_fault_of_the_file():
    with pytest.raises(InputError, match=r"a\.bin: cannot be read: No such file"), panel():
        Path("/nowhere/a.bin").read_bytes()
    with pytest.raises(InputError, match="larger than the memory"), panel():
        raise MemoryError
    with pytest.raises(KeyboardInterrupt), panel():
        raise KeyboardInterrupt
    with pytest.raises(InputError, match="own words"), panel():
        raise InputError("own words")


def test_files_that_commands_wrote_may_be_damaged(tmp_path):
    for name, content in {"a.parquet": b"PAR1", "a.csv": b"\xff\xfe\x00\x00\xd8"}.items():
        (tmp_path / name).write_bytes(content)
        with pytest.raises(InputError, match=f"{name}: not as a command wrote it"):
            read_table(tmp_path / name)
    for text in ("{", "[" * 100_000, "9" * 5000):
        (tmp_path / "a.json").write_text(text)
        with pytest.raises(InputError, match=r"a\.json: not valid JSON"):
            read_json(tmp_path / "a.json", "write it again")
    with pytest.raises(InputError, match=r"a\.json: larger than 10 bytes"):
        read_bytes(tmp_path / "a.json", 10, "write it again")


@pytest.mark.parametrize(
    "header",
    ["{'descr': '<f8', 'fortran_order': False, 'shape': (10000000000,), }", "{'descr': (", "9"],
)
def test_a_damaged_npz_is_no_model(header):
    name = np.lib.format.magic(1, 0) + struct.pack("<H", len(header)) + header.encode()
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("x.npy", name)
    with pytest.raises(InputError, match=r"w: (not a readable npz|says that it is larger)"):
        unpack_arrays(out.getvalue(), "w", {"x": ("f8", "n")})
    content = bytearray(pack_arrays({"x": np.arange(50.0)}))
    content[60:90] = b"\xff" * 30
    with pytest.raises(InputError, match="w: not a readable npz"):
        unpack_arrays(bytes(content), "w", {"x": ("f8", "n")})
