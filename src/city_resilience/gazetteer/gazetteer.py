"""The gazetteer: names to official units, and what is known of each unit."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from city_resilience.errors import InputError
from city_resilience.gazetteer.lookup import (
    Entry,
    Match,
    NotFound,
    build_index,
    province_names,
)
from city_resilience.gazetteer.tables import BEYOND, City, base_key, fold, read_cities, read_table

__all__ = ["GROUPS", "Gazetteer", "load_gazetteer"]

GROUPS = (
    "region",
    "yangtze_belt",
    "chengdu_chongqing",
    "rank",
    "resource_type",
    "broadband_china",
)

_COUNTRIES = ("china",)
_COUNTY_ENDINGS = ("县", "旗", "区")


@dataclass(frozen=True)
class Gazetteer:
    """Units of prefecture level of one country, found by any of their names.

    Attributes
    ----------
    cities : mapping of str to City
        By code, dissolved units included.
    """

    cities: Mapping[str, City]
    index: Mapping[str, Sequence[Entry]]
    provinces: Mapping[str, str]
    confusables: Mapping[str, Sequence[str]]
    groups: Mapping[str, Mapping[str, str]]
    changes: Mapping[str, Sequence[tuple[int, str]]]

    def resolve(self, name: str, year: int | None = None, province: str = "") -> Match | NotFound:
        """Find the unit that a name means.

        Parameters
        ----------
        name : str
            Full, short, former or English name, with or without 市, spaced or mistyped.
        year : int, optional
            Year of the data; decides between units that followed each other and notes units
            that had ended.
        province : str
            Province of the row, where known; one that is no province's name is ignored.

        Returns
        -------
        Match or NotFound
            Never a guess: a name of several units is `NotFound` and names them.
        """
        key = fold(name)
        entries = list(self.index.get(key, ())) or self._without_kind(key) or self._corrected(key)
        if not entries:
            return self._unknown(name, key)
        within = self.provinces.get(base_key(fold(province)), "")
        left = [entry for entry in entries if not within or entry.province in ("", within)]
        if not left:
            return _elsewhere(name, entries, within)
        left = _in_force(left, year, self.cities)
        left = _most_likely(left, year, within=bool(within))
        if len(left) > 1:
            shown = tuple(_shown(entry) for entry in left)
            return NotFound(name, f"ambiguous: {' or '.join(shown)}", shown)
        return self._match(left[0], name, year)

    def groups_of(self, adcode: str, year: int | None = None) -> dict[str, str | int | None]:
        """Return the groups of a unit.

        Parameters
        ----------
        adcode : str
            Code of the unit.
        year : int, optional
            Pilots that had not begun by then are None; without it, all that ever were.

        Returns
        -------
        dict
            ``region`` (East, Central, West, Northeast), ``yangtze_belt`` and
            ``chengdu_chongqing`` (inside, outside), ``rank``, ``resource_type`` (or none),
            ``broadband_china`` and ``low_carbon`` (first year or None), ``low_carbon_level``
            (city, province), ``innovative_city`` (``by 2016``, ``2018`` or None). Only pilots
            that cover the whole unit count.

        Raises
        ------
        InputError
            If there is no such unit.
        """
        row = self.groups[self._known(adcode)]
        broadband, carbon = _since(row["broadband_china"], year), _since(row["low_carbon"], year)
        innovative = _since(row["innovative_city"].removeprefix("by "), year)
        return {
            "region": row["region"],
            "yangtze_belt": _side(row["yangtze_belt"]),
            "chengdu_chongqing": _side(row["chengdu_chongqing"]),
            "rank": row["rank"],
            "resource_type": row["resource_type"] or "none",
            "broadband_china": broadband,
            "low_carbon": carbon,
            "low_carbon_level": row["low_carbon_level"] if carbon else None,
            "innovative_city": row["innovative_city"] if innovative else None,
        }

    def group_label(self, adcode: str, group: str) -> str:
        """Return the value of one of `GROUPS` as scores are sliced by it.

        ``broadband_china`` is ``pilot`` for a unit that ever was one, else ``none``.
        """
        value = self.groups_of(adcode)[group]
        return ("pilot" if value else "none") if group == "broadband_china" else str(value)

    def boundary_changes(self, adcode: str) -> list[tuple[int, str]]:
        """Return the major changes of a unit's area: first data year affected, and what moved.

        Growth from the year before to that year is an artefact of the change.
        """
        return list(self.changes.get(self._known(adcode), ()))

    def coordinates(self, adcode: str) -> tuple[float, float]:
        """Return longitude and latitude of a unit's seat, in degrees."""
        city = self.cities[self._known(adcode)]
        return city.lon, city.lat

    def _known(self, adcode: str) -> str:
        if adcode not in self.cities:
            raise InputError(f"gazetteer: no unit {adcode!r}; use the code that resolve() gives")
        return adcode

    def _without_kind(self, key: str) -> list[Entry]:
        """Return the cities of an English name that says City, Prefecture or the like."""
        base = base_key(key)
        found = self.index.get(base, ()) if base != key else ()
        return [entry for entry in found if entry.kind == "city"]

    def _corrected(self, key: str) -> list[Entry]:
        """Return cities that differ from a key by one character known to be mistaken."""
        found = {
            entry.adcode: Entry(
                entry.adcode, entry.name, entry.name_en, entry.province, "city", "confusable"
            )
            for at, character in enumerate(key)
            for right in self.confusables.get(character, ())
            for entry in self.index.get(key[:at] + right + key[at + 1 :], ())
            if entry.kind == "city"
        }
        return list(found.values())

    def _unknown(self, name: str, key: str) -> Match | NotFound:
        if len(key) > 1 and key.endswith(_COUNTY_ENDINGS) and not key.endswith("地区"):
            return Match("", key, "", "", "county", "form", "a county by the end of its name")
        close = difflib.get_close_matches(key, self.index, n=6, cutoff=0.5)
        shown = dict.fromkeys(_shown(entry) for near in close for entry in self.index[near])
        return NotFound(name, "unknown", tuple(shown)[:3])

    def _match(self, entry: Entry, name: str, year: int | None) -> Match:
        notes = []
        if entry.how == "confusable":
            notes.append(f"{name} read as {entry.name}")
        if entry.how == "former name":
            notes.append(f"{name} is a former name of {entry.name}")
        city = self.cities.get(entry.adcode) if entry.kind == "city" else None
        if city and year is not None and year > city.last:
            heirs = ", ".join(self.cities[code].name for code in city.successors)
            notes.append(f"{city.name} ended with {city.last}; successor: {heirs}")
        if city and year is not None and year < city.first:
            notes.append(f"{city.name} is of prefecture level from {city.first} on")
        return Match(
            entry.adcode,
            entry.name,
            entry.name_en,
            entry.province,
            entry.kind,
            entry.how,
            "; ".join(notes),
        )


@cache
def load_gazetteer(country: str) -> Gazetteer:
    """Return a shipped gazetteer, read once.

    Parameters
    ----------
    country : str
        ``china``: 342 units of prefecture level, 2000–2024.

    Raises
    ------
    InputError
        If there is no gazetteer of that name.

    Examples
    --------
    >>> load_gazetteer("china").resolve("襄樊", 2008).name
    '襄阳市'
    >>> load_gazetteer("china").resolve("Suzhou").reason
    'ambiguous: 苏州市 (江苏省) or 宿州市 (安徽省)'
    """
    if country not in _COUNTRIES:
        raise InputError(f"gazetteer {country!r} does not exist; use one of: china")
    cities = read_cities(country)
    confusables: dict[str, list[str]] = {}
    for row in read_table(country, "confusables"):
        confusables.setdefault(row["misread"], []).append(row["right"])
    return Gazetteer(
        cities=cities,
        index=build_index(country, cities),
        provinces=province_names(country),
        confusables=confusables,
        groups={row["adcode"]: row for row in read_table(country, "groups")},
        changes=_changes(country),
    )


def _changes(country: str) -> dict[str, list[tuple[int, str]]]:
    changes: dict[str, list[tuple[int, str]]] = {}
    for row in read_table(country, "boundary_changes"):
        year, units = int(row["first_data_year_affected"]), row["units"]
        origin = row["from_name"] or "direct rule of the province"
        if row["from_adcode"]:
            lost = (year, f"{units} went to {row['to_name']}")
            changes.setdefault(row["from_adcode"], []).append(lost)
        changes.setdefault(row["to_adcode"], []).append((year, f"{units} came from {origin}"))
    return changes


def _in_force(entries: list[Entry], year: int | None, cities: Mapping[str, City]) -> list[Entry]:
    """Leave out units that did not exist in the year, if that leaves any."""
    if year is None or len(entries) == 1:
        return entries
    alive = [
        entry
        for entry in entries
        if entry.kind != "city" or cities[entry.adcode].first <= year <= cities[entry.adcode].last
    ]
    current = [entry for entry in alive if entry.kind != "county" or entry.contested]
    return alive if any(entry.kind == "city" for entry in current) else entries


def _most_likely(entries: list[Entry], year: int | None, *, within: bool) -> list[Entry]:
    """Leave out counties that only a province can mean, and a province beside its own city.

    A former name in a year in which it was official means the city alone.
    """
    cities = [entry for entry in entries if entry.kind == "city"]
    if year is not None and any(year <= entry.last < BEYOND for entry in cities):
        return cities
    if cities and within:
        entries = [entry for entry in entries if entry.kind != "province"]
    if cities:
        entries = [entry for entry in entries if entry.kind != "county" or entry.contested]
    return entries


def _elsewhere(name: str, entries: Sequence[Entry], within: str) -> NotFound:
    shown = tuple(_shown(entry) for entry in entries if entry.kind != "county" or entry.contested)
    return NotFound(name, f"not in {within}, but {' or '.join(shown)}", shown)


def _shown(entry: Entry) -> str:
    return entry.name if entry.province in ("", entry.name) else f"{entry.name} ({entry.province})"


def _since(first: str, year: int | None) -> int | None:
    return int(first) if first and (year is None or int(first) <= year) else None


def _side(flag: str) -> str:
    return "inside" if flag == "1" else "outside"
