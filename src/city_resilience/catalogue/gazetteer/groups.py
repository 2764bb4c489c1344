"""The groups of a unit: where it lies, its rank, resources and pilots, and its size."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache

import numpy as np

from city_resilience.arrays import Float, Strings
from city_resilience.catalogue.gazetteer.cities import read_table
from city_resilience.errors import check_known

__all__ = [
    "COMPUTED_GROUPS",
    "GROUPS",
    "Pilot",
    "group_label",
    "read_pilots",
    "size_bases",
    "size_class",
    "unit_groups",
]

_PILOTS = ("broadband_china", "low_carbon", "innovative_city")
COMPUTED_GROUPS = ("size",)
GROUPS = (
    "region",
    "yangtze_belt",
    "chengdu_chongqing",
    "rank",
    "resource_type",
    *(name for pilot in _PILOTS for name in (pilot, f"{pilot}_level")),
    *COMPUTED_GROUPS,
)
_PARTIAL = "partial"


@dataclass(frozen=True)
class Pilot:
    """A unit's part in a pilot policy.

    Attributes
    ----------
    name : str
        ``broadband_china``, ``low_carbon`` or ``innovative_city``.
    since : str
        First year, or ``by 2016`` where only that is known.
    level : str
        ``city``, ``cluster`` (of cities) or ``province``: the whole unit is covered; ``partial``:
        counties or districts of it are.
    parts : str
        The counties or districts, where partial.
    """

    name: str
    since: str
    level: str
    parts: str

    def begun(self, year: int | None) -> bool:
        """Whether it is known to have begun by a year; always, without a year."""
        return year is None or int(self.since.removeprefix("by ")) <= year


def read_pilots(country: str) -> dict[str, list[Pilot]]:
    """Return the pilots of each unit by code."""
    pilots: dict[str, list[Pilot]] = {}
    for row in read_table(country, "pilots"):
        pilot = Pilot(row["pilot"], row["since"], row["level"], row["parts"])
        pilots.setdefault(row["adcode"], []).append(pilot)
    return pilots


def unit_groups(
    row: Mapping[str, str], pilots: Iterable[Pilot], year: int | None
) -> dict[str, str | int | None]:
    """Return the groups of a unit from its row and its pilots that had begun by a year."""
    groups: dict[str, str | int | None] = {
        "region": row["region"],
        "yangtze_belt": _side(row["yangtze_belt"]),
        "chengdu_chongqing": _side(row["chengdu_chongqing"]),
        "rank": row["rank"],
        "resource_type": row["resource_type"] or "none",
    }
    begun = [pilot for pilot in pilots if pilot.begun(year)]
    for name in _PILOTS:
        own = {pilot.level == _PARTIAL: pilot for pilot in begun if pilot.name == name}
        whole, part = own.get(False), own.get(True)
        groups[name] = _year(whole.since) if whole else None
        groups[f"{name}_level"] = whole.level if whole else part.level if part else None
    return groups


def group_label(groups: Mapping[str, str | int | None], group: str) -> str:
    """Return one of the groups as scores are sliced by it."""
    value = groups[group]
    return ("pilot" if value else "none") if group in _PILOTS else str(value or "none")


def _year(since: str) -> int | str:
    return int(since) if since.isdigit() else since


def _side(flag: str) -> str:
    return "inside" if flag == "1" else "outside"


@cache
def size_bases(country: str = "china") -> Mapping[str, str]:
    """Return the populations that sizes may be read from, by variable id, the best first.

    The note says which population it is, and what reading sizes from it does to them.
    """
    return {
        row["variable"]: f"size by {row['population']}: {row['caveat']}"
        for row in read_table(country, "size_bases")
    }


def size_class(population: Float, basis: str, country: str = "china") -> tuple[Strings, str]:
    """Classify cities by the standard of 2014, 国发〔2014〕51号.

    Parameters
    ----------
    population : ndarray, shape (cities,)
        10,000 persons; NaN = unknown. The standard is about residents of the urban area.
    basis : str
        Which population it is: an id of `size_bases`.

    Returns
    -------
    labels : ndarray of str, shape (cities,)
        ``II_small`` (below 200,000), ``I_small``, ``medium``, ``II_large``, ``I_large``,
        ``very_large`` or ``super`` (10 million and more), the lower bound of each belonging to
        it; "" where the population is unknown or negative.
    note : str
        Which population was used, and what that does to the classes.

    Raises
    ------
    InputError
        If there is no such basis.

    Examples
    --------
    >>> labels, note = size_class(np.array([19.9, 20.0, 1000.0, np.nan]), "population")
    >>> labels.tolist()
    ['II_small', 'I_small', 'super', '']
    """
    bases = size_bases(country)
    check_known(basis, bases, "size class: no population")
    rows = read_table(country, "size_classes")
    names = np.array(["", *(row["size"] for row in rows)])
    bounds = np.array([float(row["from"]) for row in rows])
    known = np.nan_to_num(np.asarray(population, dtype=np.float64), nan=-1.0)
    return names[np.searchsorted(bounds, known, side="right")], bases[basis]
