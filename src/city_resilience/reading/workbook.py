"""Workbooks as they lie on disk: the sheets of .xlsx, .xls and .ods files."""

from __future__ import annotations

import posixpath
import re
import zipfile
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import fromstring

from city_resilience.errors import InputError
from city_resilience.foreign import decoding
from city_resilience.reading.sheet import Position, Sheet, trimmed
from city_resilience.reading.workbook_limits import (
    MOST_CELLS,
    check_archive,
    check_memory,
    check_merged,
    is_small,
)

__all__ = ["WORKBOOKS", "read_workbook"]

WORKBOOKS = (".xlsx", ".xls", ".ods")
_ZIP, _OLE, _PDF = b"PK\x03\x04", b"\xd0\xcf\x11\xe0", b"%PDF"
_STRINGS = "xl/sharedStrings.xml"
_TWO_LETTERS, _THREE_LETTERS = 702, 16_384
_EXACT = 2.0**53
_CELL = re.compile(rb"<(?:\w+:)?c\b([^>]*)(?<!/)>(.*?)</(?:\w+:)?c>", re.DOTALL)
_FORMULA = re.compile(rb"<(?:\w+:)?f[ />]")
_VALUE = re.compile(rb"<(?:\w+:)?v>([^<]+)<")
_ROW = re.compile(rb'\br="(\d{1,7})"')
_FAR = re.compile(rb'\br="[A-Z]{3}\d')
_ADDRESS = re.compile(rb'\br="([A-Z]{1,3})(\d{1,7})"')


def read_workbook(path: Path, choose: Callable[[list[str]], Collection[str]] = list) -> list[Sheet]:
    """Read sheets of a workbook; its content and not its suffix says of which kind it is.

    Parameters
    ----------
    choose : callable
        From the titles of the sheets to those that are read.

    Returns
    -------
    list of Sheet
        A formula that was never computed stands as ``=``. An error such as ``#DIV/0!`` stands as
        it is written; in an .xls or .ods file it is blank.

    Raises
    ------
    InputError
        If it is of another kind, locked by a password, damaged, or a zip bomb.
    """
    import python_calamine

    with path.open("rb") as handle:
        magic = handle.read(4)
        if magic == _PDF:
            raise InputError(f"{path}: a PDF, not a workbook; export the table as .xlsx or .csv")
        with decoding(path, *_unreadable(path, magic)):
            if magic == _OLE:
                check_memory(path, path.stat().st_size)
            unsaid = _unsaid_cells(path) if magic == _ZIP else {}
            handle.seek(0)
            book = python_calamine.load_workbook(handle)
            kind = python_calamine.SheetTypeEnum.WorkSheet
            titles = [each.name for each in book.sheets_metadata if each.typ == kind]
            chosen = choose(titles)
            pages = [_page(book, title) for title in titles if title in chosen]
    return [_sheet(path, page, unsaid.get(page.title, {})) for page in pages]


@dataclass(frozen=True)
class _Page:
    title: str
    rows: list[list[Any]]
    merged: Sequence[tuple[Position, Position]]


def _page(book: Any, title: str) -> _Page:
    page = book.get_sheet_by_name(title)
    rows = page.to_python(skip_empty_area=False)
    return _Page(page.name, rows, tuple(page.merged_cell_ranges or ()))


def _unreadable(path: Path, magic: bytes) -> tuple[str, str]:
    """Return what a damaged workbook is not, and what to do about it."""
    if magic == _OLE:
        return (
            "locked by a password, or damaged",
            "open it in a spreadsheet, take the password off and save it as .xlsx",
        )
    kind = path.suffix[1:].upper()
    return f"not a readable {kind} workbook", "open it in a spreadsheet and save it again"


def _sheet(path: Path, page: _Page, unsaid: Mapping[Position, str]) -> Sheet:
    rows = [list(map(_cell, row)) for row in page.rows]
    width = max(map(len, rows), default=0)
    check_merged(path, page.title, page.merged, len(rows), width)
    covered = dict(_covered(page.merged, len(rows), width))
    for (row, column), text in (*unsaid.items(), *((at, None) for at in covered)):
        if row < len(rows) and column < len(rows[row]):
            rows[row][column] = text
    return Sheet(path.name, page.title, trimmed(map(tuple, rows)), covered)


def _cell(value: Any) -> Any:
    """Return None for a blank cell, and a whole number as such."""
    if value == "":
        return None
    if type(value) is float and value.is_integer() and abs(value) < _EXACT:
        return int(value)
    return value


def _covered(
    ranges: Iterable[tuple[Position, Position]], height: int, width: int
) -> Iterator[tuple[Position, Position]]:
    for (top, left), (bottom, right) in ranges:
        for row in range(top, min(bottom + 1, height)):
            for column in range(left, min(right + 1, width)):
                if (row, column) != (top, left):
                    yield (row, column), (top, left)


def _unsaid_cells(path: Path) -> dict[str, dict[Position, str]]:
    """Return the cells of an .xlsx file that would be taken for blank, by the sheet's title.

    Those are errors and formulas that were never computed. Refuses what unpacks to more, or spans
    more cells, than can be meant. Nothing for an archive of another kind.
    """
    with zipfile.ZipFile(path) as archive:
        check_archive(path, archive)
        names = archive.namelist()
        unpacked = sum(item.file_size for item in archive.infolist())
        if "xl/workbook.xml" not in names:
            check_memory(path, unpacked)
            return {}
        parts = {title: archive.read(part) for title, part in _parts(archive).items()}
        strings = archive.read(_STRINGS) if _STRINGS in names else b""
    for title, content in parts.items():
        _refuse_far_cells(path, title, content)
    if not is_small(parts.values(), strings):
        check_memory(path, unpacked)
    return {title: dict(_unsaid(content)) for title, content in parts.items()}


def _parts(archive: zipfile.ZipFile) -> dict[str, str]:
    """Return the title of each sheet with the part of the archive that holds it."""
    links = fromstring(archive.read("xl/_rels/workbook.xml.rels"))
    targets = {link.attrib["Id"]: posixpath.join("/xl", link.attrib["Target"]) for link in links}
    sheets = [
        {name.rpartition("}")[2]: value for name, value in each.attrib.items()}
        for each in fromstring(archive.read("xl/workbook.xml")).iter()
        if each.tag.rpartition("}")[2] == "sheet"
    ]
    parts = {each["name"]: posixpath.normpath(targets[each["id"]])[1:] for each in sheets}
    return {title: part for title, part in parts.items() if part.startswith("xl/worksheets/")}


def _refuse_far_cells(path: Path, title: str, content: bytes) -> None:
    """Refuse a sheet whose cells lie so far apart that the blanks between them fill the memory."""
    last = max(content.rfind(b"<row "), content.rfind(b":row "))
    found = _ROW.search(content, last) if last >= 0 else None
    rows = int(found[1]) if found else 0
    if rows * (_THREE_LETTERS if _FAR.search(content) else _TWO_LETTERS) <= MOST_CELLS:
        return
    filled = (_ADDRESS.search(cell[1]) for cell in _CELL.finditer(content) if cell[2])
    corners = [(int(at[2]), _column(at[1]) + 1) for at in filled if at]
    rows, columns = (max(ends) for ends in zip(*corners, (1, 1), strict=True))
    if rows * columns > MOST_CELLS:
        raise InputError(
            f"{path}: the sheet {title!r} spans {rows:,} rows and {columns:,} columns; delete the "
            "stray cells far from the table, or save its data as .csv or .parquet"
        )


def _unsaid(content: bytes) -> Iterator[tuple[Position, str]]:
    if b't="e"' not in content and not _FORMULA.search(content):
        return
    for cell in _CELL.finditer(content):
        at, value = _ADDRESS.search(cell[1]), _VALUE.search(cell[2])
        if at is None:
            continue
        position = (int(at[2]) - 1, _column(at[1]))
        if b't="e"' in cell[1] and value:
            yield position, value[1].decode()
        elif not value and b't="str"' not in cell[1] and _FORMULA.search(cell[2]):
            yield position, "="


def _column(letters: bytes) -> int:
    at = 0
    for letter in letters:
        at = at * 26 + letter - ord("A") + 1
    return at - 1
