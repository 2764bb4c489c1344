"""A forecast as a workbook: one row a city, notes, a dictionary, and all rows in full precision."""

from __future__ import annotations

import io
import unicodedata
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from city_resilience.report.forecast_sheet import Column, ForecastSheet
from city_resilience.spreadsheet import check_rows, clean_text, settle_texts, settled_workbook

__all__ = ["fill_columns", "fill_texts", "write_forecast_workbook"]

FORMATS = {
    "figure": "+0.00;\u22120.00;0.00",
    "gap": "+0.0;\u22120.0;0.0",
    "part": "+0.00;\u22120.00;0.00",
    "change": "+0.000;\u22120.000;0.000",
    "error": "0.00",
    "one": "0.0",
    "share": "0%",
    "skill": "+0%;\u22120%;0%",
    "whole": "0",
    "value": "General",
    "text": "@",
}
"""How each kind of column is shown; the cells hold all digits."""
WIDEST, NARROWEST, LOOKED_AT = 46, 9, 200
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
    from openpyxl import Workbook

    check_rows(len(table), path)
    book = Workbook()
    forecast, notes, dictionary, rows = (
        book.active,
        *(book.create_sheet() for _ in sheet.titles[1:]),
    )
    for page, title in zip((forecast, notes, dictionary, rows), sheet.titles, strict=True):
        page.title = title
    fill_columns(forecast, sheet.columns)
    fill_texts(notes, sheet.notes)
    fill_texts(dictionary, [sheet.heads, *sheet.dictionary()], head=True)
    _fill_rows(rows, table)
    for page in book:
        settle_texts(page)
    made = io.BytesIO()
    book.save(made)
    path.write_bytes(settled_workbook(made.getvalue()))


def fill_columns(page: Any, columns: Sequence[Column]) -> None:
    """Fill a sheet with columns under a head that stands still, with a filter."""
    from openpyxl.utils import get_column_letter

    page.append([clean_text(own.head) for own in columns])
    for values in zip(*(own.values for own in columns), strict=True):
        page.append([_cell(value) for value in values])
    last = page.max_row
    for at, column in enumerate(columns, 1):
        letter = get_column_letter(at)
        page.column_dimensions[letter].width = _width([column.head, *map(_shown, column.values)])
        for cell in page[letter][1:]:
            cell.number_format = FORMATS[column.kind]
        if column.signed and last > 1:
            _colour(page, f"{letter}2:{letter}{last}")
    _head(page)
    page.freeze_panes = "B2"
    page.auto_filter.ref = f"A1:{get_column_letter(len(columns))}{last}"


def _colour(page: Any, cells: str) -> None:
    """Colour what is above zero and what is below."""
    from openpyxl.formatting.rule import CellIsRule
    from openpyxl.styles import PatternFill

    for operator, colour in (("greaterThan", ABOVE), ("lessThan", BELOW)):
        fill = PatternFill(bgColor=colour, fill_type="solid")
        page.conditional_formatting.add(cells, CellIsRule(operator, ["0"], fill=fill))


def _head(page: Any) -> None:
    from openpyxl.styles import Alignment, Font, PatternFill

    for cell in page[1]:
        cell.font = Font(bold=True)
        cell.fill = PatternFill("solid", fgColor=HEAD)
        cell.alignment = Alignment(wrap_text=True, vertical="top")
    page.row_dimensions[1].height = 45


def fill_texts(page: Any, rows: Iterable[Sequence[str]], *, head: bool = False) -> None:
    """Fill a sheet with rows of texts, the first of each bold."""
    from openpyxl.styles import Alignment, Font

    for row in rows:
        page.append([clean_text(str(own)) for own in row])
    for letter, width in zip("ABC", (38, 90, 24), strict=True):
        page.column_dimensions[letter].width = width
    for row in page.iter_rows():
        for cell in row:
            cell.alignment = Alignment(wrap_text=True, vertical="top")
        row[0].font = Font(bold=True)
    if head:
        _head(page)
        page.freeze_panes = "A2"


def _fill_rows(page: Any, table: pd.DataFrame) -> None:
    page.append([clean_text(str(name)) for name in table.columns])
    for row in table.itertuples(index=False, name=None):
        page.append([_cell(value) for value in row])
    _head(page)
    page.freeze_panes = "B2"


def _cell(value: Any) -> Any:
    if isinstance(value, str):
        return clean_text(value)
    if value is None or pd.isna(value):
        return None
    return value.item() if hasattr(value, "item") else value


def _shown(value: Any) -> str:
    return value if isinstance(value, str) else "+00.00"


def _width(texts: Sequence[str]) -> int:
    """Return the width that the texts need; a Chinese character takes two."""
    wide = (
        sum(2 if unicodedata.east_asian_width(own) in "WF" else 1 for own in text)
        for text in texts[1:LOOKED_AT]
    )
    return min(max(NARROWEST, 2 + max(wide, default=0)), WIDEST)
