"""The gazetteer's tables as shipped, and names folded so that spellings compare."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass

from city_resilience.catalogue.shipped import shipped_rows

__all__ = ["BEYOND", "City", "base_key", "fold", "read_cities", "read_table"]

_ENGLISH_KIND = re.compile(
    r"\(?(?:city|municipality|autonomousprefecture|prefecture|region|league|areas"
    r"|administrativeoffices)\)?$"
)
_MARKS = str.maketrans("", "", "'’‘`-")
BEYOND = 9999


@dataclass(frozen=True)
class City:
    """A unit of prefecture level.

    Attributes
    ----------
    adcode, name, short, name_en, province : str
        Current code and names; the last ones of a dissolved unit.
    kind : str
        ``municipality``, ``prefecture_level_city``, ``autonomous_prefecture``, ``prefecture`` or
        ``league``.
    lon, lat : float
        Seat of the government in degrees; the datum is not declared, take ± 0.7 km.
    first, last : int
        Years at whose end the unit existed; 0 and 9999 where open.
    successors : tuple of str
        Codes of the units a dissolved one went to.
    """

    adcode: str
    name: str
    short: str
    name_en: str
    kind: str
    province: str
    lon: float
    lat: float
    first: int
    last: int
    successors: tuple[str, ...]


def fold(name: str) -> str:
    """Return a name as it is compared: NFKC, lower case, no spaces or invisible characters.

    Examples
    --------
    >>> fold("哈 密\u200b市"), fold("Ma’anshan (City)")
    ('哈密市', 'maanshan(city)')
    """
    text = unicodedata.normalize("NFKC", name).casefold()
    seen = (c for c in text if not c.isspace() and unicodedata.category(c) not in ("Cf", "Cc"))
    return "".join(seen).translate(_MARKS)


def base_key(key: str) -> str:
    """Return a folded English name without the word for the kind of unit."""
    return _ENGLISH_KIND.sub("", key)


def read_table(country: str, name: str) -> list[Mapping[str, str]]:
    """Return the rows of a shipped table."""
    return shipped_rows(f"{name}.csv", f"catalogue/gazetteer/{country}")


def read_cities(country: str) -> dict[str, City]:
    """Return the units of a country by code."""
    return {row["adcode"]: _city(row) for row in read_table(country, "cities")}


def _city(row: Mapping[str, str]) -> City:
    return City(
        adcode=row["adcode"],
        name=row["name"],
        short=row["short"],
        name_en=row["name_en"],
        kind=row["type"],
        province=row["province"],
        lon=float(row["lon"]),
        lat=float(row["lat"]),
        first=int(row["valid_from"] or 0),
        last=int(row["valid_to"] or BEYOND),
        successors=tuple(row["successor"].split(";")) if row["successor"] else (),
    )
