"""Which columns of a sheet hold names, provinces, years and units, and which name the rest."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import islice

from city_resilience.catalogue.gazetteer.gazetteer import Gazetteer
from city_resilience.catalogue.sheets import load_sheet_rules, plain
from city_resilience.errors import InputError
from city_resilience.reading.sheet import Sheet
from city_resilience.reading.sheets.bounds import find_body
from city_resilience.reading.wording import place_name, single_line

__all__ = ["Keys", "find_keys", "headers_of", "is_place"]

_FIRST_ROWS = 300
_SAMPLE = 60
_HEAD_ROWS = 6
_KEY_VARIABLES = {
    "city": "name",
    "province": "province",
    "year": "year",
    "scope": "scope",
    "city_code": "ignored",
}
_KEYS = ("province", "year", "scope", "unit", "indicator", "value")
_NOT_A_HEADER = frozenset(["region", "macro_region", "province_code"])


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
        ``province``, ``year``, ``scope``, ``unit``, ``indicator`` and ``value``, where there are
        such.
    others : frozenset of int
        Further columns that hold no variable: English names, codes, sources.
    """

    names: int
    body: int
    level: str = ""
    places: Mapping[str, int] = field(default_factory=dict)
    others: frozenset[int] = frozenset()

    @property
    def positions(self) -> frozenset[int]:
        """All of them, the column of values left out."""
        kept = {at for key, at in self.places.items() if key != "value"}
        return frozenset({self.names, *kept, *self.others})


def find_keys(sheet: Sheet, gazetteer: Gazetteer | None) -> Keys | None:
    """Find the key columns of a sheet; None where no column holds names of cities."""
    known = _known_places(sheet, gazetteer)
    headers = headers_of(sheet)
    counts = {at: sum(places.values()) for at, places in known.items()}
    wanted = {at: key for at, key in headers.items() if key in ("name", "city_only")}
    if gazetteer is None:
        candidates = dict.fromkeys(wanted, 1)
    else:
        candidates = {at: count for at, count in counts.items() if count}
    if not candidates:
        return None
    names = max(candidates, key=lambda at: (candidates[at] * (1 + (at in wanted)), -at))
    body = find_body(sheet, names, known.get(names, {}))
    above = headers_of(sheet, body)
    places: dict[str, int] = {}
    for at, key in above.items():
        if at != names and key in _KEYS:
            places.setdefault(key, at)
    for key in ("year", "scope"):
        if key in places and _is_blank(sheet, places[key], body):
            del places[key]
    others = {at for at, key in above.items() if key in ("ignored", "name", "city_only")}
    english = {at for at, count in counts.items() if count * 2 > candidates[names] and at != names}
    level = "city" if above.get(names) == "city_only" else ""
    taken = {names, *places.values()}
    return Keys(names, body, level, places, frozenset((others | english) - taken))


def _known_places(sheet: Sheet, gazetteer: Gazetteer | None) -> dict[int, dict[str, bool]]:
    """Tell which texts of each column the gazetteer knows, from a sample of them."""
    known: dict[int, dict[str, bool]] = {}
    if gazetteer is None:
        return known
    filled = (row for row, cells in enumerate(sheet.rows) if cells)
    rows = list(islice(filled, _FIRST_ROWS))
    for at in range(sheet.width):
        texts: dict[str, None] = {}
        for row in rows:
            cell = sheet.at(row, at)
            if isinstance(cell, str) and any(c.isalpha() for c in cell):
                texts[single_line(cell)] = None
            if len(texts) == _SAMPLE:
                break
        known[at] = {text: is_place(text, gazetteer) for text in texts}
    return known


def is_place(text: str, gazetteer: Gazetteer) -> bool:
    """Tell whether a row of that name is a city, a province or a total."""
    name = place_name(text)
    kinds = {entry.kind for entry in gazetteer.readings(name)}
    return bool(kinds & {"city", "total", "province"} or load_sheet_rules().totals.search(name))


def headers_of(sheet: Sheet, body: int | None = None) -> dict[int, str]:
    """Return the columns whose header is a key's, from the rows above the body."""
    found: dict[int, str] = {}
    above = range(len(sheet.rows) if body is None else min(body, len(sheet.rows)))
    filled = (row for row in above if any(map(single_line, sheet.rows[row])))
    for row in list(islice(filled, _HEAD_ROWS if body is None else None)):
        for at in range(sheet.width):
            key = _key_of(single_line(sheet.at(row, at)))
            if key:
                found.setdefault(at, key)
    return found


def _key_of(text: str) -> str:
    rules = load_sheet_rules()
    if not text or plain(text) in rules.keys:
        return rules.keys.get(plain(text), "")
    try:
        match = rules.catalogue.resolve(text)
    except InputError:  # a known name in a unit that does not fit: a variable
        return ""
    if match is None or match.variable.family != "key":
        return ""
    name = match.variable.id
    return "ignored" if name in _NOT_A_HEADER else _KEY_VARIABLES.get(name, "")


def _is_blank(sheet: Sheet, at: int, body: int) -> bool:
    return not any(single_line(sheet.at(row, at)) for row in range(body, len(sheet.rows)))
