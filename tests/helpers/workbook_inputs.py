"""Small sheets in the shapes, and with the faults, of published yearbooks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from openpyxl import Workbook

from city_resilience.reading.sheet import Sheet
from city_resilience.reading.sheets.importer import Imported, assemble
from city_resilience.reading.sheets.options import Options, parse_year_rules

# Made-up figures; the names are real so that the gazetteer knows them.
CITIES = {
    "石家庄市": "河北省",
    "唐山市": "河北省",
    "太原市": "山西省",
    "大同市": "山西省",
    "沈阳市": "辽宁省",
    "大连市": "辽宁省",
    "苏州市": "江苏省",
    "宿州市": "安徽省",
}
HEADERS = ("年末总人口(万人)", "制造业", "金融业")


def figure(city: int, variable: int, scope: int, year: int = 0) -> float:
    """A number that tells where it belongs: no two are alike."""
    return round(100 + 10 * city + variable + 0.5 * scope + 0.01 * year, 2)


def yearbook(
    headers: Sequence[str] = HEADERS,
    names: Sequence[str] = tuple(CITIES),
    *,
    file: str = "Data_2006.xlsx",
    changed: Mapping[tuple[int, int], object] | None = None,
    name: str = "Sheet1",
) -> Sheet:
    """A yearbook table: two header rows, each variable for the whole city and its districts."""
    top: list[object] = ["城市", None]
    scopes: list[object] = [None, None]
    for header in headers:
        top += [header, None]
        scopes += ["全市", "市辖区"]
    rows = [top, scopes]
    for city, text in enumerate(names):
        cells = [figure(city, v, s) for v in range(len(headers)) for s in (0, 1)]
        rows.append([text, "English", *cells])
    for (row, column), cell in (changed or {}).items():
        rows[row][column] = cell
    return Sheet(file, name, tuple(map(tuple, rows)))


def read(*sheets: Sheet, years: Sequence[str] = (), **options: object) -> Imported:
    return assemble(sheets, Options(years=parse_year_rules(years), **options))  # type: ignore[arg-type]


def values(imported: Imported) -> dict[tuple[str, int, str, str], float]:
    """The panel as a mapping, to compare whatever the order."""
    columns = ("city", "year", "scope", "variable", "value")
    rows = imported.cells[list(columns)].itertuples(index=False)
    return {(city, year, scope, variable): value for city, year, scope, variable, value in rows}


def write_xlsx(path: Path, sheets: Sequence[Sheet]) -> Path:
    book = Workbook()
    book.remove(book.active)
    for sheet in sheets:
        page = book.create_sheet(sheet.name or "Sheet1")
        for row in sheet.rows:
            page.append(list(row))
    book.save(path)
    return path
