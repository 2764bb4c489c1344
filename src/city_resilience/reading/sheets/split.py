"""Sheets that hold several tables: one below the other under a head of its own, or side by side.

Each table becomes a sheet in which everything else is blank, so that rows and columns keep their
addresses.
"""

from __future__ import annotations

import re
from dataclasses import replace
from functools import lru_cache
from itertools import chain

from city_resilience.catalogue.gazetteer.gazetteer import Gazetteer
from city_resilience.catalogue.sheets import load_sheet_rules, plain
from city_resilience.reading.cells import cell_year, parse_cell
from city_resilience.reading.places import is_place
from city_resilience.reading.sheet import Sheet, part_of
from city_resilience.reading.sheets.context import units_stated
from city_resilience.reading.sheets.header_rows import split_header
from city_resilience.reading.sheets.keys import NAMES, Keys, find_keys, key_headers
from city_resilience.reading.wording import match_header, place_name, single_line

__all__ = ["split_tables"]


_FIGURE = re.compile(r"[0-9]{1,3}(?:\.[0-9]+)?|[0-9]{5,15}(?:\.[0-9]+)?")  # and no year
Headed = tuple[Sheet, Keys | None]


def split_tables(sheet: Sheet, gazetteer: Gazetteer | None) -> list[Headed]:
    """Return the tables of a sheet with their keys, the sheet itself where it holds one.

    A head below rows of the table begins another, which keeps the titles of the first; a head that
    only repeats the one above it is left out. A second column of cities with values of its own
    begins a table beside the first.
    """
    tables = _one_below_the_other(sheet, gazetteer)
    return [part for table, keys in tables for part in _side_by_side(table, keys, gazetteer)]


def _one_below_the_other(sheet: Sheet, gazetteer: Gazetteer | None) -> list[Headed]:
    tables: list[Headed] = []
    keys, again = find_keys(sheet, gazetteer), list[range]()
    row = keys.body if keys else 0
    while keys and (head := _next_head(sheet, row, keys.names)) is not None:
        clear = again[-1].stop if again else keys.body
        start = _with_titles(sheet, keys, range(max(clear, keys.body), head), gazetteer)
        rest = part_of(sheet, start)
        further = find_keys(rest, gazetteer)
        if further is None:
            break
        row = max(further.body, head + 1)
        if further.names == keys.names and _repeats(sheet, keys, rest, further):
            again.append(range(start, row))
            continue
        above = part_of(sheet, 0, start, left_out=chain(*again))
        tables.append((above, find_keys(above, gazetteer)))
        sheet, keys, again = part_of(rest, 0, above=_titles(sheet, keys)), further, []
    if not again:
        return [*tables, (sheet, keys)]
    sheet = part_of(sheet, 0, left_out=chain(*again))
    return [*tables, (sheet, find_keys(sheet, gazetteer))]


def _titles(sheet: Sheet, keys: Keys) -> tuple[str, ...]:
    return split_header(sheet, keys)[0] or sheet.above


def _next_head(sheet: Sheet, start: int, names: int) -> int | None:
    """Return the next row that heads columns: without figures, and naming cities or a variable."""
    rows = range(start, sheet.end)
    for row, name in zip(rows, sheet.lines(names, rows), strict=True):
        if name and not _is_of_names(name):
            continue
        texts = sheet.words(row)
        if len(texts) < 2 or any(
            _is_figure(c) for c in reversed(sheet.cells(row)) if c is not None
        ):
            continue
        if name or any(map(_is_of_names, texts)) or any(match_header(t, {}).match for t in texts):
            return row
    return None


@lru_cache(maxsize=1 << 14)
def _is_of_names(text: str) -> bool:
    """Tell whether a header is that of a column of cities."""
    return load_sheet_rules().keys.get(plain(text)) in NAMES


def _is_figure(cell: object) -> bool:
    if isinstance(cell, str) and _FIGURE.fullmatch(cell):
        return True
    read = parse_cell(cell)
    return (read.known or bool(read.likely)) and cell_year(cell) is None


def _with_titles(sheet: Sheet, keys: Keys, rows: range, gazetteer: Gazetteer | None) -> int:
    """Return the first of the lines above a head that belong to it: no rows and no footers.

    Parameters
    ----------
    rows : range
        Rows of the table above the head, as far up as such lines may stand.
    """
    start = rows.stop
    for row in reversed(rows):
        cells = [cell for cell in sheet.cells(row) if single_line(cell)]
        texts = sheet.words(row)
        if not texts:
            continue
        footer = texts[0].startswith(load_sheet_rules().junk) and not units_stated(texts)
        figures = any(_is_figure(cell) or not parse_cell(cell).fault for cell in cells)
        if footer or (figures and not all(map(cell_year, cells))):
            break
        if is_place(sheet.text(row, keys.names), gazetteer):
            break
        start = row
    return start


def _repeats(sheet: Sheet, keys: Keys, rest: Sheet, further: Keys) -> bool:
    """Tell whether a head says nothing that the one above it does not."""
    first, again = _lines(sheet, keys.body), _lines(rest, further.body)
    return first[-len(again) :] == again


def _lines(sheet: Sheet, body: int) -> list[list[str]]:
    lines = []
    for row in sheet.filled(0, body):
        texts, words = list(map(plain, sheet.texts(row))), sheet.words(row)
        while texts and not texts[-1]:
            texts.pop()
        if not (len(words) == 1 and load_sheet_rules().continued.match(words[0])):
            lines.append(texts)
    return lines


def _side_by_side(sheet: Sheet, keys: Keys | None, gazetteer: Gazetteer | None) -> list[Headed]:
    if keys is None:
        return [(sheet, None)]
    above = key_headers(sheet, keys.body)
    starts = _starts(sheet, keys, above, gazetteer)
    if len(starts) < 2:
        return [(sheet, keys)]
    ends, titles = [*starts[1:], sheet.width], _titles(sheet, keys)
    parts = []
    for first, last in zip(starts, ends, strict=True):
        own = {above.get(at) for at in range(first, last)}
        shared = {at for at in range(starts[0]) if above.get(at) not in own}
        part = _only_columns(sheet, shared | set(range(first, last)))
        parts.append((replace(part, above=titles), find_keys(part, gazetteer)))
    return parts


def _starts(
    sheet: Sheet,
    keys: Keys,
    above: dict[int, str],
    gazetteer: Gazetteer | None,
) -> list[int]:
    """Return where tables begin: at cities behind values, or at the keys in front of them."""
    heads = [at for at, key in above.items() if key in NAMES] if gazetteer else []
    if len(heads) < 2:
        return []
    starts, values = list[int](), True
    for at in range(sheet.width):
        if above.get(at) in NAMES and _holds_cities(sheet, at, keys.body, gazetteer):
            begin = at
            while starts and begin - 1 > starts[-1] and above.get(begin - 1) not in (None, *NAMES):
                begin -= 1
            if values:
                starts.append(begin)
            values = False
        elif not values and at not in above and _is_filled(sheet, at, keys.body):
            values = True
    return starts if values else starts[:-1]


def _holds_cities(sheet: Sheet, at: int, body: int, gazetteer: Gazetteer | None) -> bool:
    """Tell whether most names of a column are Chinese ones of cities."""
    texts = {sheet.text(row, at) for row in sheet.filled(body)} - {""}
    names = sorted(place_name(text) for text in texts if not text.isascii())[:60]
    if gazetteer is None or not names:
        return False
    cities = [any(e.kind == "city" for e in gazetteer.readings(name)) for name in names]
    return sum(cities) * 2 > len(cities)


def _is_filled(sheet: Sheet, at: int, body: int) -> bool:
    return any(parse_cell(sheet.at(row, at)).known for row in range(body, sheet.end))


def _only_columns(sheet: Sheet, kept: set[int]) -> Sheet:
    stand = map(sheet.cells, range(sheet.first, sheet.end))
    rows = (tuple(c if at in kept else None for at, c in enumerate(cells)) for cells in stand)
    covered = {at: anchor for at, anchor in sheet.covered.items() if anchor[1] in kept}
    return replace(sheet, rows=((),) * sheet.first + tuple(rows), covered=covered)
