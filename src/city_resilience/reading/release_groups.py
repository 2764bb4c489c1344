"""The groups that a release is about, found in the panel by their names."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from city_resilience.arrays import Positions
from city_resilience.catalogue.gazetteer.gazetteer import load_gazetteer
from city_resilience.catalogue.gazetteer.lookup import (
    Match,
    base_key,
    normalise,
    province_names,
)
from city_resilience.errors import InputError, check_known, nearest
from city_resilience.experiment.early import CITY, NATION
from city_resilience.reading.panel import Panel

__all__ = ["group_levels", "group_names", "place_groups"]

_SHOWN = 3
_COUNTRY = "china"


def group_names(panel: Panel) -> tuple[str, ...]:
    """Return the groups of a panel that a release can be about."""
    return tuple(dict.fromkeys((*panel.slices(), CITY, NATION)))


def group_levels(panel: Panel, group: str, name: str) -> tuple[tuple[str, ...], Positions]:
    """Return the values of a group, sorted, and which of them each city belongs to.

    The nation is one group without a name, unless the panel tells several.

    Raises
    ------
    InputError
        If the panel has no such group.
    """
    slices = panel.slices()
    if group == CITY:
        return tuple(panel.cities), np.arange(len(panel.cities), dtype=np.intp)
    if group == NATION and group not in slices:
        return ("",), np.zeros(len(panel.cities), dtype=np.intp)
    then = f"choose among {', '.join(group_names(panel))}, or name the column as groups in [data]"
    check_known(group, slices, f"early.{name}.group: the panel has no group", then=then)
    levels, member = np.unique(slices[group], return_inverse=True)
    return tuple(levels.tolist()), member.astype(np.intp)


def place_groups(
    names: Sequence[str], years: Sequence[int], levels: Sequence[str], group: str, gazetteer: str
) -> tuple[Positions, tuple[str, ...]]:
    """Find the groups of a release among those of the panel.

    Names are compared without capitals, spaces and forms of width; those of provinces also by their
    full, short and English forms, and those of cities as the panel's gazetteer has them.

    Returns
    -------
    position : ndarray of int, shape (names,)
        In ``levels``; -1 for a name that the panel does not have.
    notes : tuple of str
        Names that were not found, with the nearest, and groups that have no figure.

    Raises
    ------
    InputError
        If no name is found.
    """
    known = {normalise(level): at for at, level in reversed(list(enumerate(levels))) if level}
    further = _further(group, gazetteer)
    for at, level in enumerate(levels):
        if level and (full := further(level, 0)):
            known.setdefault(full, at)
    found: dict[tuple[str, int], int] = {}
    for name, year in set(zip(names, years, strict=True)):
        key = normalise(name)
        found[name, year] = known[key] if key in known else known.get(further(name, year), -1)
    position = np.array([found[key] for key in zip(names, years, strict=True)], dtype=np.intp)
    missed = list(dict.fromkeys(name for name, at in zip(names, position, strict=True) if at < 0))
    if not (position >= 0).any():
        raise InputError(
            f"no {group} of the release is one of the panel, the first is {missed[0]!r}"
            f"{nearest(missed[0], levels) or f'; the panel has {_listed(levels)}'}; name the "
            "column that names the groups as key, or correct group"
        )
    return position, _notes(missed, levels, position, group)


def _notes(
    missed: Sequence[str], levels: Sequence[str], position: Positions, group: str
) -> tuple[str, ...]:
    notes = []
    if missed:
        shown = ", ".join(f"{name!r}{nearest(name, levels, most=1)}" for name in missed[:_SHOWN])
        more = f" and {len(missed) - _SHOWN} more" if len(missed) > _SHOWN else ""
        notes.append(f"{len(missed)} names are no {group} of the panel, left out: {shown}{more}")
    silent = [level for at, level in enumerate(levels) if level and at not in set(position)]
    if silent and group != CITY:
        notes.append(f"no figure of {len(silent)} of {len(levels)} groups: {_listed(silent)}")
    return tuple(notes)


def _listed(names: Sequence[str]) -> str:
    stated = [name for name in names if name]
    more = f" and {len(stated) - _SHOWN} more" if len(stated) > _SHOWN else ""
    return ", ".join(map(repr, stated[:_SHOWN])) + more


def _further(group: str, gazetteer: str) -> Callable[[str, int], str]:
    """Return what else a name is compared by: its official form, "" where there is none."""
    if group == CITY and gazetteer != "none":
        return lambda name, year: _city(gazetteer, name, year)
    provinces: Mapping[str, str] = province_names(_COUNTRY) if group == "province" else {}
    return lambda name, _: normalise(provinces.get(base_key(normalise(name)), ""))


def _city(country: str, name: str, year: int) -> str:
    gazetteer = load_gazetteer(country)
    if not gazetteer.knows(name):
        return ""
    match = gazetteer.resolve(name, year or None)
    return normalise(match.name) if isinstance(match, Match) and match.kind == "city" else ""
