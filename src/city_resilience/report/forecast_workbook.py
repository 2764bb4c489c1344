"""A forecast as a workbook: one row a city, notes, a dictionary, and all rows in full precision."""

from __future__ import annotations

import io
import math
import unicodedata
from collections.abc import Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd

from city_resilience.report.forecast_sheet import Column, ForecastSheet
from city_resilience.spreadsheet import check_rows, clean_text, settled_workbook

__all__ = [
    "bytes_of",
    "fill_columns",
    "fill_texts",
    "new_book",
    "wide_of",
    "write_forecast_workbook",
]

FORMATS = {
    "figure": "+0.00;\u22120.00;0.00",
    "gap": "+0.0;\u22120.0;0.0",
    "part": "+0.00;\u22120.00;0.00",
    "change": "+0.000;\u22120.000;0.000",
    "error": "0.00",
    "one": "0.0",
    "share": "0%",
    "skill": "+0%;\u22120%;0%",
    "whole": "",
    "value": "",
    "text": "",
}
"""How each kind of column is shown, "" for as it is; the cells hold all digits."""
WIDEST, NARROWEST, LOOKED_AT = 46, 9, 200
TEXT_WIDTHS = {"A": 38, "B": 90, "C": 24}
LINE = 16
"""Height of a line, points."""
# Blue and orange, which nearly everyone tells apart.
ABOVE, BELOW, HEAD = "DCEAF7", "FBE3D0", "EDEFF2"


def write_forecast_workbook(table: pd.DataFrame, sheet: ForecastSheet, path: Path) -> None:
    """Write the workbook of a forecast; the same forecast gives the same bytes.

    Parameters
    ----------
    table : DataFrame
        All rows, as in a Parquet file.
    sheet : ForecastSheet
        What a reader sees first.

    Raises
    ------
    InputError
        If there are more rows than a sheet holds.
    """
    check_rows(len(table), path)
    book = new_book()
    pages = [book.create_sheet(title) for title in sheet.titles]
    fill_columns(pages[0], sheet.columns)
    fill_texts(pages[1], sheet.notes)
    fill_texts(pages[2], [sheet.heads, *sheet.dictionary()], head=True)
    _fill_rows(pages[3], table)
    path.write_bytes(bytes_of(book))


def new_book() -> Any:
    """Return a workbook whose sheets are filled from top to bottom, and kept in no memory."""
    from openpyxl import Workbook

    return Workbook(write_only=True)


def bytes_of(book: Any) -> bytes:
    """Return a workbook as the bytes of its file, which the same content gives again."""
    made = io.BytesIO()
    book.save(made)
    return settled_workbook(made.getvalue())


def fill_columns(page: Any, columns: Sequence[Column]) -> None:
    """Fill a sheet with columns under a head that stands still, with a filter."""
    from openpyxl.utils import get_column_letter

    last = 1 + max((len(own.values) for own in columns), default=0)
    for at, column in enumerate(columns, 1):
        letter = get_column_letter(at)
        page.column_dimensions[letter].width = _width([column.head, *map(_shown, column.values)])
        if column.signed and last > 1:
            _colour(page, f"{letter}2:{letter}{last}")
    page.freeze_panes = "B2"
    _for_paper(page)
    page.auto_filter.ref = f"A1:{get_column_letter(len(columns))}{last}"
    _head(page, [own.head for own in columns])
    filled = (_filled(page, own) for own in columns)
    for row in zip(*filled, strict=True):
        page.append(row)


def _for_paper(page: Any, *, head: bool = True) -> None:
    """Print a sheet across, all columns on a page, with its head on each."""
    page.page_setup.orientation = "landscape"
    page.page_setup.fitToHeight = 0
    page.sheet_properties.pageSetUpPr.fitToPage = True
    if head:
        page.print_title_rows = "1:1"


def _filled(page: Any, column: Column) -> Iterable[Any]:
    """Yield the cells of a column; a sheet writes a cell at once, so one can be filled again."""
    form = FORMATS[column.kind]
    put = partial(_put, _styled(page, number_format=form)) if form else partial(_plain, page)
    return map(put, column.values)


def _put(cell: Any, value: Any) -> Any:
    """Return a cell with a value, None for none; what begins like a formula is a text."""
    found = _cell(value)
    if found is None:
        return None
    cell.value = found
    if cell.data_type == "f":
        cell.data_type = "s"
    return cell


def _plain(page: Any, value: Any) -> Any:
    """Return a value as a sheet takes it fastest: without a style it needs no cell."""
    found = _cell(value)
    return _put(_styled(page), found) if isinstance(found, str) and found[:1] == "=" else found


def _styled(page: Any, number_format: str = "", **styles: Any) -> Any:
    """Return a cell of a sheet in a style, to be filled again and again."""
    from openpyxl.cell import WriteOnlyCell

    cell = WriteOnlyCell(page)
    for name, style in styles.items():
        setattr(cell, name, style)
    if number_format:
        cell.number_format = number_format
    return cell


def _colour(page: Any, cells: str) -> None:
    """Colour what is above zero and what is below."""
    from openpyxl.formatting.rule import CellIsRule
    from openpyxl.styles import PatternFill

    for operator, colour in (("greaterThan", ABOVE), ("lessThan", BELOW)):
        fill = PatternFill(bgColor=colour, fill_type="solid")
        page.conditional_formatting.add(cells, CellIsRule(operator, ["0"], fill=fill))


def _head(page: Any, names: Iterable[str]) -> None:
    from openpyxl.styles import Alignment, Font, PatternFill

    cell = _styled(
        page,
        font=Font(name="Calibri", size=11, bold=True),
        fill=PatternFill("solid", fgColor=HEAD),
        alignment=Alignment(wrap_text=True, vertical="top"),
    )
    page.row_dimensions[1].height = 45
    page.append(_put(cell, name) for name in names)


def fill_texts(page: Any, rows: Iterable[Sequence[str]], *, head: bool = False) -> None:
    """Fill a sheet with rows of texts, the first of each bold."""
    from openpyxl.styles import Alignment, Font

    for letter, width in TEXT_WIDTHS.items():
        page.column_dimensions[letter].width = width
    _for_paper(page, head=head)
    found = [list(map(str, row)) for row in rows]
    if head:
        page.freeze_panes = "A2"
        _head(page, found.pop(0))
    wrapped = Alignment(wrap_text=True, vertical="top")
    first = _styled(page, alignment=wrapped, font=Font(name="Calibri", size=11, bold=True))
    cell = _styled(page, alignment=wrapped)
    for at, row in enumerate(found, 1 + head):
        widths = zip(row, TEXT_WIDTHS.values(), strict=False)
        lines = max(math.ceil(1.15 * wide_of(text) / width) for text, width in widths)
        page.row_dimensions[at].height = LINE * max(1, lines)
        page.append(_put(cell if k else first, text) for k, text in enumerate(row))


def _fill_rows(page: Any, table: pd.DataFrame) -> None:
    page.freeze_panes = "B2"
    _head(page, map(str, table.columns))
    for row in table.itertuples(index=False, name=None):
        page.append([_plain(page, value) for value in row])


def _cell(value: Any) -> Any:
    if isinstance(value, str):
        return clean_text(value)
    if value is None or (math.isnan(value) if isinstance(value, float) else pd.isna(value)):
        return None
    return value.item() if hasattr(value, "item") else value


def _shown(value: Any) -> str:
    return value if isinstance(value, str) else "+00.00"


def _width(texts: Sequence[str]) -> int:
    """Return the width that the texts need."""
    return min(max(NARROWEST, 2 + max(map(wide_of, texts[1:LOOKED_AT]), default=0)), WIDEST)


def wide_of(text: str) -> int:
    """Return the width of a text; a Chinese character takes two."""
    return sum(2 if unicodedata.east_asian_width(own) in "WF" else 1 for own in text)
