"""Which columns of a sheet hold names, provinces, years and units, and where its body begins."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import islice
from typing import Any

from city_resilience.catalogue.gazetteer.gazetteer import Gazetteer
from city_resilience.catalogue.sheets import load_sheet_rules, plain
from city_resilience.catalogue.words import load_words, met, words_of
from city_resilience.reading.cells import cell_year, parse_cell
from city_resilience.reading.places import is_place
from city_resilience.reading.sheet import Sheet
from city_resilience.reading.wording import key_of

__all__ = ["NAMES", "Keys", "find_keys", "key_headers"]

NAMES = ("name", "city_only")
_KEYS = ("province", "code", "year", "scope", "unit", "indicator", "value")
_FIRST_ROWS, _SAMPLE, _HEADER_ROWS, _SCAN = 300, 60, 6, 40
_MOST_WORDS = 2  # of a header that only says what a place is: county, county name


@dataclass(frozen=True)
class Keys:
    """Positions of the key columns of a sheet, from 0.

    Attributes
    ----------
    names : int
        Column of the cities' names.
    body : int
        First row of the table's body.
    level : str
        ``city`` where the header of the names says that they are of prefecture level.
    places : mapping of str to int
        ``province``, ``code``, ``year``, ``scope``, ``unit``, ``indicator`` and ``value``, where
        there are such.
    others : frozenset of int
        Further columns that hold no variable: English names, codes, sources.
    """

    names: int
    body: int
    level: str = ""
    places: Mapping[str, int] = field(default_factory=dict)
    others: frozenset[int] = frozenset()

    @cached_property
    def positions(self) -> frozenset[int]:
        """All of them, the column of values left out."""
        kept = {at for key, at in self.places.items() if key != "value"}
        return frozenset({self.names, *kept, *self.others})


def find_keys(sheet: Sheet, gazetteer: Gazetteer | None) -> Keys | None:
    """Find the key columns of a sheet; None where no column holds names of cities."""
    known = _known_places(sheet, gazetteer) if gazetteer else {}
    headed = {at for at, key in key_headers(sheet, None).items() if key in NAMES}
    counts = {at: sum(places.values()) for at, places in known.items()}
    found = counts if gazetteer else dict.fromkeys(headed, 1) or _of_places(sheet)
    likely = {at: n for at, n in found.items() if n}
    if not likely:
        return None
    names = max(likely, key=lambda at: (likely[at] * (1 + (at in headed)), -at))
    body = _find_body(sheet, names, known.get(names, {}))
    above = key_headers(sheet, body)
    places: dict[str, int] = {}
    for at, key in above.items():
        if at != names and key in _KEYS:
            places.setdefault(key, at)
    for key in ("year", "scope"):
        if key in places and not sheet.has_text(places[key], body):
            del places[key]
    others = {at for at, key in above.items() if key in ("ignored", *NAMES)}
    others |= {at for at, count in counts.items() if count * 2 > likely[names]}
    level = "city" if above.get(names) == "city_only" else ""
    return Keys(names, body, level, places, frozenset(others - {names, *places.values()}))


def key_headers(sheet: Sheet, body: int | None) -> dict[int, str]:
    """Return the columns whose header is a key's.

    Parameters
    ----------
    body : int or None
        First row below the headers; None where it is not known: then the first rows count.
    """
    found: dict[int, str] = {}
    for row in islice(sheet.filled(0, body), _HEADER_ROWS if body is None else None):
        for at, text in enumerate(sheet.texts(row)):
            if key := key_of(text):
                found.setdefault(at, key)
    return found


def _of_places(sheet: Sheet) -> dict[int, int]:
    """Return the columns that are headed as places of some kind are called, and how many they name.

    The one of most names holds the places, any other the larger units that they belong to.
    """
    nouns = load_words().nouns
    headed = {
        at
        for row in islice(sheet.filled(), _HEADER_ROWS)
        for at, text in enumerate(sheet.texts(row))
        if len(words := words_of(text).split()) <= _MOST_WORDS and met(nouns, " ".join(words))
    }
    rows = list(islice(sheet.filled(), _FIRST_ROWS))
    names = {
        at: {sheet.text(r, at) for r in rows if not parse_cell(sheet.at(r, at)).known}
        for at in headed
    }
    return {at: len(each - {""}) for at, each in names.items() if len(each - {""}) > 2}


def _known_places(sheet: Sheet, gazetteer: Gazetteer) -> dict[int, dict[str, bool]]:
    """Tell which texts of each column the gazetteer knows, from a sample of them."""
    rows = list(islice(sheet.filled(), _FIRST_ROWS))
    known = {}
    for at in range(max((len(sheet.cells(row)) for row in rows), default=0)):
        texts = (sheet.text(r, at) for r in rows if isinstance(sheet.at(r, at), str))
        named = dict.fromkeys(text for text in texts if any(map(str.isalpha, text)))
        known[at] = {text: is_place(text, gazetteer) for text in islice(named, _SAMPLE)}
    return known


def _find_body(sheet: Sheet, names: int, is_unit_name: Mapping[str, bool]) -> int:
    """Return the first row of the table's body, from 0.

    It is the first row whose name is that of a city, province or total, or most of whose other
    cells are numbers and not a row of years or of column counts.
    """
    for row in islice(sheet.filled(), _SCAN):
        name = sheet.text(row, names)
        if is_unit_name.get(name, False):
            return row
        texts = sheet.texts(row)
        others = [at for at, text in enumerate(texts) if text and at != names]
        cells = [sheet.at(row, at) for at in others]
        if _are_figures(cells) and not _is_header(name, [texts[at] for at in others]):
            return row
    return min(sheet.end, next(sheet.filled(), -1) + 1)


def _are_figures(cells: Sequence[Any]) -> bool:
    """Tell whether most cells are, or may be meant as, numbers."""
    words = 0
    for cell in map(parse_cell, cells):
        words += not (cell.known or not cell.fault or cell.likely)
        if words * 2 >= len(cells):
            return False
    return bool(cells)


def _is_number(text: str) -> bool:
    return parse_cell(text).known


def _is_header(name: str, others: Sequence[str]) -> bool:
    """Tell a row of years, or one that counts the columns, from a row of figures."""
    rules, years, distinct = load_sheet_rules(), list(map(cell_year, others)), set(others)
    if all(years) and (not name or plain(name) in rules.keys):
        return True
    if all(years) and len(set(years)) == len(years) > 1:
        return True
    dated = list(filter(None, years))
    words = [text for text, year in zip(others, years, strict=True) if not year]
    headed = not name or bool(key_of(name))
    if headed and len(set(dated)) == len(dated) > 1 and not any(map(_is_number, words)):
        return True
    return all(map(rules.counting.match, others)) and len(distinct) == len(others) > 2
