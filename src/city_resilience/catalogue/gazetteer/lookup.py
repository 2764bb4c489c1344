"""What a name may stand for, and what a lookup answers."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, cast

from city_resilience.catalogue.gazetteer.cities import BEYOND, City, read_table

__all__ = [
    "Entry",
    "How",
    "Kind",
    "Match",
    "NotFound",
    "base_key",
    "build_index",
    "normalise",
    "province_names",
]

Kind = Literal["city", "province", "total", "county", "header"]
How = Literal["exact", "alias", "former name", "pinyin", "confusable", "form", "table"]
_KINDS = (
    *("city", "municipality", "autonomousprefecture", "prefecture", "region", "league"),
    *("areas", "administrativeoffices"),
)
_ENGLISH_KIND = re.compile(rf"\(?(?:{'|'.join(_KINDS)})\)?$")
_ENDS = (*_KINDS, *(f"{kind})" for kind in _KINDS))
_MARKS = str.maketrans("", "", "'’‘`-")
_ASCII_MARKS = str.maketrans("", "", "".join(map(chr, range(33))) + "\x7f'`-")


@dataclass(frozen=True)
class Match:
    """The one unit that a name means.

    Attributes
    ----------
    adcode : str
        Six digits; empty for totals, headers and counties known by their form only.
    name, name_en, province : str
        Current full Chinese name, English name and full Chinese name of the province.
    kind : str
        ``city`` (any unit of prefecture level), ``province``, ``total``, ``county`` or
        ``header`` (a word of a table's head).
    how : str
        ``exact``, ``alias``, ``former name``, ``pinyin``, ``confusable`` (a character that
        reading machines or typists mistake was corrected), ``form`` (county by its last
        character) or ``table`` (ambiguous alone, decided by the table; see `resolve_table`).
    note : str
        What the user should know: a unit that had ended or not begun, a corrected character.
    """

    adcode: str
    name: str
    name_en: str
    province: str
    kind: Kind
    how: How
    note: str = ""


@dataclass(frozen=True)
class NotFound:
    """A name that means no unit, or more than one.

    Attributes
    ----------
    name : str
        As asked.
    reason : str
        ``unknown``, ``ambiguous: A or B``, or that the unit lies in another province.
    candidates : tuple of str
        Names it could mean, or the nearest known ones, with their provinces.
    """

    name: str
    reason: str
    candidates: tuple[str, ...] = ()

    @property
    def ambiguous(self) -> bool:
        """Whether the name means several units."""
        return self.reason.startswith("ambiguous")


@dataclass(frozen=True)
class Entry:
    """One reading of a key.

    ``last`` is the last year in which the name was official (former names). A county that is
    not ``contested`` is meant only where the province rules the city out.
    """

    adcode: str
    name: str
    name_en: str
    province: str
    kind: Kind
    how: How
    last: int = BEYOND
    contested: bool = True


Index = dict[str, list[Entry]]


def normalise(name: str) -> str:
    """Return a name as it is compared: NFKC, lower case, no spaces or invisible characters.

    Examples
    --------
    >>> normalise("哈 密\u200b市"), normalise("Ma’anshan (City)")
    ('哈密市', 'maanshan(city)')
    """
    if name.isascii():
        return name.lower().translate(_ASCII_MARKS)
    text = unicodedata.normalize("NFKC", name).casefold()
    if text.isalnum():
        return text
    seen = (c for c in text if not c.isspace() and unicodedata.category(c) not in ("Cf", "Cc"))
    return "".join(seen).translate(_MARKS)


def base_key(key: str) -> str:
    """Return a normalised English name without the word for the kind of unit."""
    return _ENGLISH_KIND.sub("", key) if key.endswith(_ENDS) else key


def build_index(country: str, cities: Mapping[str, City]) -> Index:
    """Return every normalised name with its readings, one for each unit."""
    index: Index = {}
    for city in cities.values():
        for name in (city.name, city.short):
            _add(index, name, _city_entry(city, "exact"))
    for row in read_table(country, "aliases"):
        last = int(row["to_year"] or BEYOND)
        _add(index, row["key"], _city_entry(cities[row["adcode"]], cast(How, row["how"]), last))
    _add_provinces(index, country, cities)
    _add_counties(index, country)
    for row in read_table(country, "labels"):
        kind: Kind = "total" if row["kind"] == "total" else "header"
        _add(index, row["label"], Entry("", row["label"], "", "", kind, "exact"))
    return index


def province_names(country: str) -> dict[str, str]:
    """Return normalised names of provinces, full, short and English, to the full name."""
    known: dict[str, str] = {}
    for row in read_table(country, "provinces"):
        english = base_key(normalise(row["name_en"]))
        spellings = [row["name"], english, f"{english}province"]
        spellings += [row["short"] + suffix for suffix in ("", "省", "自治区")]
        known |= {normalise(name): row["name"] for name in spellings}
    return known


def _city_entry(city: City, how: How, last: int = BEYOND) -> Entry:
    return Entry(city.adcode, city.name, city.name_en, city.province, "city", how, last)


def _add_provinces(index: Index, country: str, cities: Mapping[str, City]) -> None:
    for row in read_table(country, "provinces"):
        if row["adcode"] in cities:
            continue
        english = normalise(row["name_en"])
        chinese: dict[str, How] = {row["short"] + "省": "alias", row["short"] + "自治区": "alias"}
        chinese |= {row["name"]: "exact", row["short"]: "exact"}
        pinyin: dict[str, How] = dict.fromkeys(
            (english, f"{english}province", f"{english}(province)"), "pinyin"
        )
        unit = (row["adcode"], row["name"], row["name_en"], row["name"])
        for name, how in (chinese | pinyin).items():
            _add(index, name, Entry(*unit, "province", how))


def _add_counties(index: Index, country: str) -> None:
    for row in read_table(country, "counties"):
        unit = (row["adcode"], row["name"], "", row["province"])
        if row["bare"] != row["name"]:
            _add(index, row["name"], Entry(*unit, "county", "exact"), only_new=True)
        if row["bare"]:
            contested = row["contested"] == "1"
            _add(index, row["bare"], Entry(*unit, "county", "alias", contested=contested))


def _add(index: Index, name: str, entry: Entry, *, only_new: bool = False) -> None:
    entries = index.setdefault(normalise(name), [])
    if only_new and any(known.kind == "city" for known in entries):
        return
    if all(known.adcode != entry.adcode or known.kind != entry.kind for known in entries):
        entries.append(entry)
