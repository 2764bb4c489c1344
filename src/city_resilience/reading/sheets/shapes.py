"""Sheets that hold figures of cities in a shape that is not read, and what to do about them."""

from __future__ import annotations

from itertools import islice

from city_resilience.catalogue.gazetteer.gazetteer import Gazetteer
from city_resilience.reading.cells import cell_year
from city_resilience.reading.sheet import Sheet
from city_resilience.reading.sheets.keys import Keys
from city_resilience.reading.wording import match_header, place_name, single_line

__all__ = ["unreadable"]

_SCAN = 40
_LONGEST = 12


def unreadable(sheet: Sheet, keys: Keys | None, gazetteer: Gazetteer | None) -> str:
    """Say why the figures of a sheet are not read, and what to do; "" where they are."""
    across = _cities_across(sheet, gazetteer) if gazetteer else 0
    down = _cities_down(sheet, keys, gazetteer) if gazetteer and keys else 0
    if across > max(down, 1):
        return f"{across} cities stand side by side in one row; transpose the table"
    if keys is None:
        return (
            "no column of city names found; left out, write the city's name into each row, in a "
            "column headed 城市"
        )
    header = "" if "year" in keys.places else _years_unnamed(sheet, keys)
    return f"column {header!r} holds the years of its rows; head it 年份" if header else ""


def _cities_across(sheet: Sheet, gazetteer: Gazetteer) -> int:
    """Return the most different cities in one of the first rows."""
    filled = (cells for cells in sheet.rows if any(map(single_line, cells)))
    return max((len(_cities(cells, gazetteer)) for cells in islice(filled, _SCAN)), default=0)


def _cities_down(sheet: Sheet, keys: Keys | None, gazetteer: Gazetteer) -> int:
    if keys is None:
        return 0
    column = tuple(sheet.at(row, keys.names) for row in range(len(sheet.rows)))
    return len(_cities(column[: keys.body + _SCAN * 10], gazetteer))


def _cities(cells: tuple[object, ...], gazetteer: Gazetteer) -> set[str]:
    """Return the codes of the cities that cells name beyond doubt."""
    found = set()
    for text in {single_line(cell) for cell in cells if isinstance(cell, str)}:
        if text and len(text) <= _LONGEST:
            entries = gazetteer.readings(place_name(text))
            codes = {entry.adcode for entry in entries if entry.kind == "city"}
            found |= codes if len(codes) == 1 else set()
    return found


def _years_unnamed(sheet: Sheet, keys: Keys) -> str:
    """Return the unknown header of a column of years, in a table whose cities come repeatedly."""
    rows = range(keys.body, len(sheet.rows))
    names = [text for row in rows if (text := single_line(sheet.at(row, keys.names)))]
    if len(names) < 2 or len(names) < 1.5 * len(set(names)):
        return ""
    for at in range(sheet.width):
        cells = [cell for row in rows if single_line(cell := sheet.at(row, at))]
        dated = [cell for cell in cells if cell_year(cell)]
        if at in keys.positions or len(dated) * 2 <= len(names):
            continue
        heads = [text for row in range(keys.body) if (text := single_line(sheet.at(row, at)))]
        if not any(match_header(text, {}).match for text in heads):
            return heads[-1] if heads else "without a header"
    return ""
