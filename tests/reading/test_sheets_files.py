"""Files that cannot be read, and files that take care to read."""

from __future__ import annotations

import datetime as dt
import zipfile
from dataclasses import replace
from decimal import Decimal

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from openpyxl import Workbook

from city_resilience.errors import InputError
from city_resilience.reading.opening import find_files, open_sheets
from city_resilience.reading.read import read_panel
from city_resilience.reading.sheet import Sheet
from city_resilience.reading.sheets.importer import import_sheets
from city_resilience.reading.sheets.options import Options
from workbook_inputs import read, values, write_xlsx, yearbook
from xls_writer import write_xls

EMPTY_SHEET = (
    '<?xml version="1.0" encoding="UTF-8"?><worksheet xmlns='
    '"http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
)


def refusal(path) -> str:
    with pytest.raises(InputError) as caught:
        import_sheets([path])
    message = str(caught.value)
    assert "\n" not in message
    assert path.name in message
    return message


def with_sheet(path, content: bytes):
    """A workbook whose sheet is replaced by other bytes."""
    plain = path.with_name("plain.xlsx")
    write_xlsx(plain, [yearbook()])
    with zipfile.ZipFile(plain) as old, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as new:
        for item in old.infolist():
            sheet = item.filename.startswith("xl/worksheets/")
            new.writestr(item.filename, content if sheet else old.read(item))
    plain.unlink()
    return path


def write_ods(path, rows):
    """A workbook of an open office, of numbers and texts."""

    def cell(value) -> str:
        if isinstance(value, int | float):
            return f'<table:table-cell office:value-type="float" office:value="{value}"/>'
        text = f"<text:p>{value}</text:p>" if value else ""
        return f'<table:table-cell office:value-type="string">{text}</table:table-cell>'

    names = ("office", "table", "text")
    spaces = " ".join(f'xmlns:{n}="urn:oasis:names:tc:opendocument:xmlns:{n}:1.0"' for n in names)
    lines = "".join(f"<table:table-row>{''.join(map(cell, row))}</table:table-row>" for row in rows)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr("META-INF/manifest.xml", "<manifest/>")
        archive.writestr(
            "content.xml",
            f"<office:document-content {spaces}><office:body><office:spreadsheet>"
            f'<table:table table:name="Sheet1">{lines}</table:table>'
            "</office:spreadsheet></office:body></office:document-content>",
        )
    return path


def test_a_pdf_by_another_name(tmp_path):
    path = tmp_path / "Data_2006.xlsx"
    path.write_bytes(b"%PDF-1.7\n%...")
    assert "a PDF, not a workbook" in refusal(path)


def test_an_encrypted_workbook(tmp_path):
    path = tmp_path / "Data_2006.xlsx"
    path.write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(2000))
    assert "locked by a password" in refusal(path)


def test_an_encrypted_workbook_of_the_older_kind(tmp_path):
    path = tmp_path / "Data_2006.xls"
    path.write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(2000))
    assert "locked by a password" in refusal(path)


def test_a_workbook_of_the_older_kind_cut_short(tmp_path):
    path = write_xls(tmp_path / "Data_2006.xls", [yearbook()])
    path.write_bytes(path.read_bytes()[:3000])
    assert "or damaged" in refusal(path)


def test_a_web_page_by_another_name(tmp_path):
    path = tmp_path / "Data_2006.xls"
    path.write_text("<html><table><tr><td>1</td></tr></table></html>")
    assert "not a readable XLS workbook; open it in a spreadsheet" in refusal(path)


def test_a_zip_bomb_is_refused_before_it_is_unpacked(tmp_path):
    path = with_sheet(tmp_path / "Data_2006.xlsx", EMPTY_SHEET.encode() + b" " * (300 << 20))
    assert path.stat().st_size < 1_000_000
    assert "unpacks to" in refusal(path)


@pytest.mark.slow
def test_a_million_empty_rows(tmp_path):
    rows = "".join(f'<row r="{row}"></row>' for row in range(1, 1_000_001))
    path = with_sheet(
        tmp_path / "Data_2006.xlsx", f"{EMPTY_SHEET}{rows}</sheetData></worksheet>".encode()
    )
    assert "no sheet holds a cell with text or a number" in refusal(path)


def test_a_stray_cell_far_from_the_table(tmp_path):
    cells = '<row r="1"><c r="A1"><v>1</v></c></row>'
    far = '<row r="1048576"><c r="XFD1048576"><v>1</v></c></row></sheetData></worksheet>'
    path = with_sheet(tmp_path / "Data_2006.xlsx", f"{EMPTY_SHEET}{cells}{far}".encode())
    assert "'Sheet1' spans 1,048,576 rows and 16,384 columns; delete the stray" in refusal(path)


def test_a_sheet_of_pictures(tmp_path):
    path = tmp_path / "Data_2006.xlsx"
    Workbook().save(path)
    assert "no sheet holds a cell" in refusal(path)


def test_a_damaged_workbook(tmp_path):
    path = write_xlsx(tmp_path / "Data_2006.xlsx", [yearbook()])
    path.write_bytes(path.read_bytes()[:-400])
    assert "not a readable XLSX workbook" in refusal(path)


def test_a_workbook_without_its_sheet(tmp_path):
    path = with_sheet(tmp_path / "Data_2006.xlsx", b"<not xml")
    assert "not a readable XLSX workbook" in refusal(path)


def test_a_csv_of_mixed_encodings(tmp_path):
    path = tmp_path / "Data_2006.csv"
    path.write_bytes(
        "城市,制造业\n石家庄市,1\n".encode() + "唐山市,2\n".encode("gb18030") + b"\xff\xff\n"
    )
    assert "not UTF-8, Windows-949, GB18030, EUC-JP, Shift-JIS, Big5, Wind" in refusal(path)


def test_an_empty_file(tmp_path):
    path = tmp_path / "Data_2006.csv"
    path.touch()
    assert "the file is empty" in refusal(path)


def test_a_sheet_without_cities(tmp_path):
    path = tmp_path / "Data_2006.csv"
    path.write_text("a,b\n1,2\n")
    assert "no column of city names" in refusal(path)


@pytest.mark.parametrize("name", ["sheet.xlsb", "sheet.docx", "sheet"])
def test_other_suffixes(tmp_path, name):
    path = tmp_path / name
    path.write_text("x")
    assert "is not supported; save it as .xlsx or .csv" in refusal(path)


def test_an_empty_folder_and_a_path_that_is_not_there(tmp_path):
    assert "holds no .csv, .tsv, .xlsx, .xls, .ods, .parquet or .dta file" in refusal(tmp_path)
    with pytest.raises(InputError, match="no such file or folder"):
        find_files([tmp_path / "none"])


def test_a_workbook_and_its_sheets_read_as_the_same_panel(tmp_path):
    path = write_xlsx(tmp_path / "Data_2006.xlsx", [yearbook()])
    assert values(import_sheets([tmp_path])) == values(read(yearbook()))
    (tmp_path / "~$Data_2006.xlsx").write_bytes(b"lock file of a spreadsheet")
    assert find_files([tmp_path, path]) == [path]


def test_rows_without_end_below_a_table_cost_nothing(tmp_path):
    sheet = yearbook()
    page = Workbook()
    for row in sheet.rows:
        page.active.append(list(row))
    page.active.cell(5000, 1).number_format = "0.00"
    page.save(tmp_path / "Data_2006.xlsx")
    assert values(import_sheets([tmp_path])) == values(read(sheet))


def test_a_formula_that_was_never_computed_is_listed(tmp_path):
    page = Workbook()
    for row in [("城市", "制造业", "金融业"), ("石家庄市", "=1+1", 2), ("唐山市", 3, "=C2")]:
        page.active.append(row)
    path = tmp_path / "Data_2006.xlsx"
    page.save(path)
    imported = import_sheets([path])
    assert sorted(values(imported).values()) == [2, 3]
    lost = imported.listing().query("level == 'lost'")
    assert (lost["row"] + lost["column"]).tolist() == ["2B", "3C"]
    assert lost["reason"].str.contains("a formula without its value").all()


def test_an_error_of_a_spreadsheet_is_listed(tmp_path):
    sheet = yearbook(changed={(2, 2): "#DIV/0!", (3, 4): "#N/A"})
    path = write_xlsx(tmp_path / "Data_2006.xlsx", [sheet])
    imported = import_sheets([path])
    assert values(imported) == values(read(sheet))
    (row,) = imported.listing().query("level == 'lost'").to_dict("records")
    assert (row["row"], row["column"], row["found"]) == ("3", "C", "#DIV/0!")
    assert "an error of the spreadsheet" in row["reason"]


def test_the_cells_of_a_workbook_stand_as_they_are_meant(tmp_path):
    page = Workbook()
    cells = [1, 2.5, 0.051, "007", True, None, dt.datetime(2010, 12, 31), "#REF!", "b"]
    page.active.append([])
    page.active.append([None, *cells])
    page.active["D2"].number_format = "0.0%"
    page.active.merge_cells("J2:K3")
    page.active["L3"] = 1
    page.save(tmp_path / "a.xlsx")
    (sheet,) = open_sheets(tmp_path / "a.xlsx")
    assert sheet.rows[1][1:10] == (*cells[:6], dt.date(2010, 12, 31), *cells[7:])
    assert sheet.covered == {(1, 10): (1, 9), (2, 9): (1, 9), (2, 10): (1, 9)}
    assert isinstance(sheet.rows[1][1], int)


def test_an_xls_workbook_reads_as_the_same_panel(tmp_path):
    sheet = yearbook(changed={(3, 4): True, (4, 2): "5,97"})
    title = (("2-1 人口 (2005年)", *[None] * 7),)
    merged = replace(
        sheet, rows=title + sheet.rows, covered={(0, at): (0, 0) for at in range(1, 8)}
    )
    imported = import_sheets([write_xls(tmp_path / "A.xls", [merged])])
    assert values(imported) == values(read(merged))
    listing = imported.listing().replace({"A.xls": "Data_2006.xlsx"})
    pd.testing.assert_frame_equal(listing, read(merged).listing())


def test_an_xls_workbook_by_another_suffix_is_read(tmp_path):
    path = write_xls(tmp_path / "Data_2006.xlsx", [yearbook()])
    assert values(import_sheets([path])) == values(read(yearbook()))


def test_an_ods_workbook(tmp_path):
    path = write_ods(tmp_path / "Data_2006.ods", yearbook().rows)
    assert values(import_sheets([path])) == values(read(yearbook()))


@pytest.mark.parametrize("mark", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8-sig", "gb18030"])
def test_separators(tmp_path, mark, encoding):
    rows = [("城市", "制造业", "金融业"), ("石家庄市", "5.97", "1"), ("唐山市", "2", "3")]
    path = tmp_path / "Data_2006.csv"
    path.write_text("\n".join(mark.join(row) for row in rows), encoding=encoding)
    assert sorted(values(import_sheets([path])).values()) == [1, 2, 3, 5.97]


def test_a_decimal_comma_between_semicolons_is_read_and_listed(tmp_path):
    path = tmp_path / "Data_2006.csv"
    path.write_text("城市;制造业;金融业\n石家庄市;5,97;1\n唐山市;2;3\n")
    imported = import_sheets([path])
    assert sorted(values(imported).values()) == [1, 2, 3, 5.97]
    assert any("decimal mark" in issue.reason for issue in imported.issues)


def test_utf_16_is_read(tmp_path):
    path = tmp_path / "Data_2006.csv"
    path.write_text("城市,制造业\n石家庄市,1\n", encoding="utf-16")
    assert list(values(import_sheets([path])).values()) == [1]


def test_files_of_one_name_are_told_apart_by_their_folders(tmp_path):
    for folder, figure in (("a", 100.0), ("b", 555.0)):
        (tmp_path / folder).mkdir()
        sheet = yearbook(changed={(2, 2): figure})
        write_xlsx(tmp_path / folder / "Data_2006.xlsx", [sheet])
    imported = import_sheets([tmp_path])
    assert imported.files == ("a/Data_2006.xlsx", "b/Data_2006.xlsx")
    assert set(imported.frame()["year"]) == {2005}
    reason = imported.listing().query("kind == 'conflict'")["reason"].iloc[0]
    assert "a/Data_2006.xlsx Sheet1 row 3, b/Data_2006.xlsx Sheet1 row 3 disagree" in reason
    preferred = import_sheets([tmp_path], Options(prefer=("b/*",)))
    assert 555.0 in values(preferred).values()
    again = import_sheets([tmp_path / "a", tmp_path / "b" / ".." / "a"])
    assert again.files == ("Data_2006.xlsx",)


def test_decimals_and_dates_of_a_parquet_file(tmp_path):
    table = pa.table(
        {
            "城市": ["石家庄市", "唐山市"],
            "年份": [dt.date(2010, 12, 31)] * 2,
            "常住人口": [Decimal("1.50"), None],
        }
    )
    pq.write_table(table, tmp_path / "p.parquet")
    imported = import_sheets([tmp_path])
    assert values(imported) == {("石家庄市", 2010, "whole_city", "population"): 1.5}


@pytest.mark.parametrize("suffix", ["xls", "ods"])
def test_panels_are_read_from_older_and_open_workbooks(tmp_path, suffix):
    rows = (("city", "year", "gdp_nominal"), ("Alba", 2018, 1.5), ("Born", 2018, 2.5))
    path = tmp_path / f"panel.{suffix}"
    if suffix == "xls":
        write_xls(path, [Sheet(path.name, "Panel", rows)])
    else:
        write_ods(path, rows)
    assert read_panel(path).frame["gdp_nominal"].tolist() == [1.5, 2.5]
