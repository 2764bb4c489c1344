"""The gazetteer: names to official units, and what is known of each unit."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, cached_property

from city_resilience.catalogue.gazetteer.cities import (
    BEYOND,
    City,
    read_changes,
    read_cities,
    read_table,
)
from city_resilience.catalogue.gazetteer.groups import (
    COMPUTED_GROUPS,
    GROUPS,
    Pilot,
    group_label,
    read_pilots,
    unit_groups,
)
from city_resilience.catalogue.gazetteer.lookup import (
    Entry,
    Match,
    NotFound,
    base_key,
    build_index,
    normalise,
    province_names,
)
from city_resilience.catalogue.gazetteer.near_names import NearNames
from city_resilience.errors import InputError, check_known

__all__ = ["Gazetteer", "load_gazetteer"]

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
    pilots: Mapping[str, Sequence[Pilot]]
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
        if not (entries := self._entries(name)):
            return self._unknown(name)
        left = self.readings(name, year, province)
        if not left:
            return _elsewhere(name, entries, self._province(province))
        if {entry.kind for entry in left} == {"county"}:
            return _county(name, left)
        if len(left) > 1:
            shown = tuple(_shown(entry) for entry in left)
            return NotFound(name, f"ambiguous: {' or '.join(shown)}", shown)
        return self.match(left[0], name, year)

    def readings(self, name: str, year: int | None = None, province: str = "") -> list[Entry]:
        """Return all that a name may mean, as far as year and province do not rule it out."""
        if not (entries := self._entries(name)):
            return []
        within = self._province(province)
        left = [entry for entry in entries if not within or entry.province in ("", within)]
        left = _in_force(left, year, self.cities)
        return _most_likely(left, year, within=bool(within))

    def match(self, entry: Entry, name: str, year: int | None, why: str = "") -> Match:
        """Return a reading as the answer to a name; ``why`` if the name alone does not say so."""
        name = name.strip()
        notes = [f"{name} taken for {entry.name}: {why}"] if why else _corrections(entry, name)
        if entry.kind == "city":
            notes += self._status(self.cities[entry.adcode], year)
        return Match(
            entry.adcode,
            entry.name,
            entry.name_en,
            entry.province,
            entry.kind,
            "table" if why else entry.how,
            "; ".join(notes),
        )

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
            ``chengdu_chongqing`` (inside, outside), ``rank``, ``resource_type`` (or none);
            ``broadband_china``, ``low_carbon`` and ``innovative_city``: first year (``by 2016``
            where only that is known), or None unless the whole unit is covered; each with its
            ``_level``: ``city``, ``cluster``, ``province``, ``partial`` (a county or district of
            the unit is a pilot) or None.

        Raises
        ------
        InputError
            If there is no such unit.
        """
        return unit_groups(self.groups[self._known(adcode)], self.pilots.get(adcode, ()), year)

    def group_label(self, adcode: str, group: str) -> str:
        """Return the value of one of `GROUPS` as scores are sliced by it.

        A pilot policy is ``pilot`` for a unit that was ever covered as a whole, else ``none``.

        Raises
        ------
        InputError
            If there is no such unit or group, or the group is computed from a panel (``size``).
        """
        groups = self.groups_of(adcode)
        if group in COMPUTED_GROUPS:
            raise InputError(f"group {group!r} is computed from a panel's population; read a panel")
        check_known(group, GROUPS, "gazetteer: no group")
        return group_label(groups, group)

    def boundary_changes(self, adcode: str) -> list[tuple[int, str]]:
        """Return the major changes of a unit's area: data year affected, and what moved.

        Growth from the year before to that year is an artefact of the change. A change at the
        turn of two years, which some series show in the one and some in the other, stands in both.
        """
        return list(self.changes.get(self._known(adcode), ()))

    def coordinates(self, adcode: str) -> tuple[float, float]:
        """Return longitude and latitude of a unit's seat, in degrees."""
        city = self.cities[self._known(adcode)]
        return city.lon, city.lat

    def locate(self, name: str, province: str = "") -> tuple[float, float]:
        """Return longitude and latitude of a unit or a province by name, in degrees.

        A province lies where its capital does. A name that a province shares with one of its
        cities means the city.

        Returns
        -------
        tuple of float
            NaN for a name that is no unit, or several, or had to be corrected.

        Examples
        --------
        >>> gazetteer = load_gazetteer("china")
        >>> gazetteer.locate("河北省") == gazetteer.locate("石家庄市")
        True
        """
        if not (readings := self.readings(name, None, province)):
            return math.nan, math.nan
        cities = [entry for entry in readings if entry.kind == "city"]
        whole = [entry for entry in readings if entry.kind == "province"]
        own = {entry.name for entry in whole} <= {entry.province for entry in cities}
        if len(readings) > len(cities) + len(whole) or len(cities) > 1:
            return math.nan, math.nan
        if not (cities and own) and len(readings) != 1:
            return math.nan, math.nan
        found = cities[0] if cities else whole[0]
        capital = found.adcode if found.kind == "city" else f"{found.adcode[:2]}0100"
        if found.how == "confusable" or capital not in self.cities:
            return math.nan, math.nan
        return self.coordinates(capital)

    def knows(self, name: str) -> bool:
        """Tell whether any unit may bear a name; unlike `resolve` it looks for none near it."""
        return bool(self._entries(name))

    def _known(self, adcode: str) -> str:
        if adcode not in self.cities:
            raise InputError(f"gazetteer: no unit {adcode!r}; use the code that resolve() gives")
        return adcode

    def _entries(self, name: str) -> list[Entry]:
        """Return every reading of a name, corrected ones only where there is no other."""
        key = normalise(name)
        return list(self.index.get(key, ())) or self._without_kind(key) or self._corrected(key)

    def _province(self, name: str) -> str:
        """Return the full name of a province, "" where it is none."""
        return self.provinces.get(base_key(normalise(name)), "")

    def _without_kind(self, key: str) -> list[Entry]:
        """Return the cities of an English name that says City, Prefecture or the like."""
        base = base_key(key)
        found = self.index.get(base, ()) if base != key else ()
        return [entry for entry in found if entry.kind == "city"]

    def _corrected(self, key: str) -> list[Entry]:
        """Return cities that differ from a key by one character known to be mistaken."""
        if self._mistaken.isdisjoint(key):
            return []
        found = {
            entry.adcode: replace(entry, how="confusable", last=BEYOND)
            for at, character in enumerate(key)
            for right in self.confusables.get(character, ())
            for entry in self.index.get(key[:at] + right + key[at + 1 :], ())
            if entry.kind == "city"
        }
        return list(found.values())

    @cached_property
    def _mistaken(self) -> frozenset[str]:
        return frozenset(self.confusables)

    @cached_property
    def _near(self) -> NearNames:
        return NearNames(self.index)

    def _unknown(self, name: str) -> Match | NotFound:
        key = normalise(name)
        if len(key) > 1 and key.endswith(_COUNTY_ENDINGS) and not key.endswith("地区"):
            return Match("", key, "", "", "county", "form", "a county by the end of its name")
        close = self._near.closest(key, most=6, alike=0.5)
        shown = dict.fromkeys(_shown(entry) for near in close for entry in self.index[near])
        return NotFound(name, "unknown", tuple(shown)[:3])

    def _status(self, city: City, year: int | None) -> list[str]:
        if year is not None and year > city.last:
            heirs = ", ".join(self.cities[code].name for code in city.successors)
            return [f"{city.name} ended with {city.last}; successor: {heirs}"]
        if year is not None and year < city.first:
            return [f"{city.name} is of prefecture level from {city.first} on"]
        return []


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
        pilots=read_pilots(country),
        changes=read_changes(country),
    )


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


def _corrections(entry: Entry, name: str) -> list[str]:
    if entry.how == "confusable":
        return [f"{name} read as {entry.name}"]
    return [f"{name} is a former name of {entry.name}"] if entry.how == "former name" else []


def _county(name: str, entries: Sequence[Entry]) -> Match:
    """Return a county; of which province stays open where several have one of that name."""
    if len(entries) == 1:
        one = entries[0]
        return Match(one.adcode, one.name, one.name_en, one.province, "county", one.how)
    where = " or ".join(entry.province for entry in entries)
    return Match("", normalise(name), "", "", "county", entries[0].how, f"a county of {where}")


def _elsewhere(name: str, entries: Sequence[Entry], within: str) -> NotFound:
    shown = tuple(_shown(entry) for entry in entries if entry.kind != "county" or entry.contested)
    return NotFound(name, f"not in {within}, but {' or '.join(shown)}", shown)


def _shown(entry: Entry) -> str:
    return entry.name if entry.province in ("", entry.name) else f"{entry.name} ({entry.province})"
