"""City-years whose growth is an artefact of a redrawn boundary."""

from __future__ import annotations

from collections.abc import Iterator

from city_resilience.audit.finding import Finding
from city_resilience.audit.subject import Subject
from city_resilience.catalogue.gazetteer.gazetteer import Gazetteer, load_gazetteer
from city_resilience.catalogue.gazetteer.lookup import Match

__all__ = ["boundaries"]

_SURE = ("exact", "alias", "former name")
_LEAST_KNOWN = 0.5
_SAMPLED = 50


def boundaries(subject: Subject) -> Iterator[Finding]:
    """Note the boundary changes that the gazetteer knows, where it knows the panel's cities.

    Names it does not know are left out; a panel of which it knows fewer than half is of another
    country.
    """
    gazetteer = load_gazetteer("china")
    cities = range(len(subject.grid.cities))
    sample = cities[:: max(1, len(cities) // _SAMPLED)]
    if sum(bool(_unit(gazetteer, subject, row)) for row in sample) < _LEAST_KNOWN * len(sample):
        return
    units = {subject.grid.cities[row]: _unit(gazetteer, subject, row) for row in cities}
    first, last = subject.years
    for city, adcode in units.items():
        by_year: dict[int, list[str]] = {}
        for year, what in gazetteer.boundary_changes(adcode) if adcode else ():
            if first < year <= last:
                by_year.setdefault(year, []).append(what)
        for year in sorted(by_year):
            yield _finding(city, year, "; ".join(by_year[year]))


def _unit(gazetteer: Gazetteer, subject: Subject, row: int) -> str:
    """Return the code of a city, empty where its name is not surely one unit's."""
    province = "" if subject.grid.province is None else str(subject.grid.province[row])
    found = gazetteer.resolve(subject.grid.cities[row], province=province)
    if isinstance(found, Match) and found.kind == "city" and found.how in _SURE:
        return found.adcode
    return ""


def _finding(city: str, year: int, what: str) -> Finding:
    return Finding(
        "boundary",
        "note",
        "",
        city,
        (year,),
        f"{what}: growth from {year - 1} to {year} is an artefact unless the series were restated",
    )
