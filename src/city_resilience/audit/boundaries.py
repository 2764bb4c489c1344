"""City-years whose growth is an artefact of a redrawn boundary."""

from __future__ import annotations

from collections.abc import Iterator

from city_resilience.audit import thresholds as limit
from city_resilience.audit.rule import PanelView, Rule
from city_resilience.catalogue.gazetteer.gazetteer import Gazetteer, load_gazetteer
from city_resilience.catalogue.gazetteer.lookup import Match
from city_resilience.reading.issues import Issue

__all__ = ["RULES", "boundaries"]

_SURE = ("exact", "alias", "former name")


def boundaries(view: PanelView) -> Iterator[Issue]:
    """Note the boundary changes that the gazetteer knows, where it knows the panel's cities.

    Names it does not know are left out; a panel of which it knows fewer than half is of another
    country.
    """
    gazetteer, names = load_gazetteer("china"), view.grid.cities
    sample = range(0, len(names), max(1, len(names) // limit.NAMES_ASKED))
    if sum(bool(_unit(gazetteer, view, row)) for row in sample) < limit.KNOWN_NAMES * len(sample):
        return
    first, last = view.years
    for row, city in enumerate(names):
        adcode = _unit(gazetteer, view, row)
        by_year: dict[int, list[str]] = {}
        for year, what in gazetteer.boundary_changes(adcode) if adcode else ():
            if first < year <= last:
                by_year.setdefault(year, []).append(what)
        for year, changes in sorted(by_year.items()):
            reason = (
                f"{'; '.join(changes)}: growth from {year - 1} to {year} is that of another area "
                "unless the series were restated"
            )
            yield view.issue("note", "boundary", reason, city=city, years=(year,))


def _unit(gazetteer: Gazetteer, view: PanelView, row: int) -> str:
    """Return the code of a city, empty where its name is not surely one unit's."""
    if not gazetteer.knows(city := view.grid.cities[row]):
        return ""
    province = "" if view.grid.province is None else str(view.grid.province[row])
    found = gazetteer.resolve(city, province=province)
    if isinstance(found, Match) and found.kind == "city" and found.how in _SURE:
        return found.adcode
    return ""


RULES = (Rule("boundary", "Redrawn boundary", "行政区划调整", whole=boundaries),)
