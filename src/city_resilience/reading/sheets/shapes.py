"""Sheets that hold figures of cities in a shape that is not read, and what to do about them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from itertools import islice

from city_resilience.catalogue.gazetteer.gazetteer import Gazetteer
from city_resilience.reading.cells import cell_year
from city_resilience.reading.sheet import Sheet
from city_resilience.reading.sheets.keys import Keys
from city_resilience.reading.wording import match_header, place_name

__all__ = ["unread_shape"]

_ACROSS, _DOWN = 40, 400
_LONGEST = 12


def unread_shape(sheet: Sheet, keys: Keys | None, gazetteer: Gazetteer | None) -> str:
    """Say why the figures of a sheet are not read, and what to do; "" where they are."""
    if gazetteer is not None:
        rows = (sheet.texts(row) for row in islice(sheet.filled(), _ACROSS))
        across = max((len(_cities(texts, gazetteer)) for texts in rows), default=0)
        last = keys.body + _DOWN if keys else 0
        names = sheet.lines(keys.names, sheet.filled(0, last)) if keys else iter(())
        if across > max(len(_cities(names, gazetteer)), 1):
            return f"{across} cities stand side by side in one row; transpose the table"
    if keys is None:
        return (
            "no column of city names found; left out, write the city's name into each row, in a "
            "column headed city or 城市"
        )
    stated = Counter(filter(None, sheet.lines(keys.names, sheet.filled(keys.body))))
    years = sum(count for name, count in stated.items() if cell_year(name) is not None)
    if years * 2 > stated.total():
        return "the column of names holds years; transpose the table, so that each place has a row"
    header = "" if "year" in keys.places else _unnamed_years(sheet, keys)
    return f"column {header!r} holds the years of its rows; head it 年份" if header else ""


def _cities(texts: Iterable[str], gazetteer: Gazetteer) -> set[str]:
    """Return the codes of the cities that texts name beyond doubt."""
    found = set()
    for text in {t for t in texts if len(t) <= _LONGEST and any(map(str.isalpha, t))}:
        entries = gazetteer.readings(place_name(text))
        codes = {entry.adcode for entry in entries if entry.kind == "city"}
        found |= codes if len(codes) == 1 else set()
    return found


def _unnamed_years(sheet: Sheet, keys: Keys) -> str:
    """Return the unknown header of a column of years, in a table whose cities come repeatedly."""
    rows = list(sheet.filled(keys.body))
    names = list(filter(None, sheet.lines(keys.names, rows)))
    if len(names) < 2 or len(names) < 1.5 * len(set(names)):
        return ""
    for at in range(sheet.width):
        dated = sum(cell_year(sheet.text(row, at)) is not None for row in rows)
        if at in keys.positions or dated * 2 <= len(names):
            continue
        heads = [text for row in range(keys.body) if (text := sheet.text(row, at))]
        if not any(match_header(text, {}).match for text in heads):
            return heads[-1] if heads else "without a header"
    return ""
