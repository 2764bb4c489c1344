"""City names of a panel as official units of a gazetteer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from city_resilience.catalogue.gazetteer.gazetteer import load_gazetteer
from city_resilience.catalogue.gazetteer.groups import COMPUTED_GROUPS
from city_resilience.catalogue.gazetteer.lookup import Match, NotFound
from city_resilience.catalogue.gazetteer.resolve_table import resolve_table
from city_resilience.errors import InputError
from city_resilience.reading.issues import Issue, Place

__all__ = ["Places", "place_cities"]


@dataclass(frozen=True)
class Places:
    """What became of the rows.

    Attributes
    ----------
    keys : mapping of str to Series
        ``city`` (current full name), ``year``, ``province`` and the groups looked up, for the
        rows kept.
    kept : ndarray of bool, shape (rows,)
        False for provinces, totals, counties and repeated headers.
    notes : tuple of str
        What was set aside, corrected or renamed, and units that had ended.
    issues : tuple of Issue
        Names that are unknown or ambiguous, each where it stands first; their rows are not kept.
    """

    keys: Mapping[str, Any]
    kept: NDArray[np.bool_]
    notes: tuple[str, ...]
    issues: tuple[Issue, ...]


def place_cities(
    path: str,
    keys: Mapping[str, Any],
    country: str,
    groups: tuple[str, ...],
    *,
    level: str = "",
) -> Places:
    """Resolve the city names of a panel.

    Parameters
    ----------
    path : str
        The file, for errors.
    keys : mapping
        ``city`` (Series of str, its index the row in the file), ``year`` and perhaps
        ``province``.
    country : str
        Which gazetteer.
    groups : tuple of str
        Groups of the gazetteer to add; those computed from the panel's values are left out.
    level : str
        ``city`` if the header says that the column holds prefecture-level cities.

    Raises
    ------
    InputError
        If no row is a city.
    """
    gazetteer, cities = load_gazetteer(country), keys["city"]
    years = np.asarray(keys["year"])
    provinces = keys.get("province", pd.Series("", index=cities.index))
    answers = resolve_table(
        gazetteer, cities.tolist(), years.tolist(), provinces.tolist(), level=level
    )
    found = [answer for answer in answers if isinstance(answer, Match)]
    kept = np.array([isinstance(a, Match) and a.kind == "city" for a in answers])
    if not kept.any():
        raise InputError(
            f"{path}: no row is a city of the gazetteer {country!r}, the first is "
            f"{cities.iloc[0]!r}; name the column of cities as city in [data]"
        )
    units = [match for match in found if match.kind == "city"]
    index = cities.index[kept]
    placed: dict[str, Any] = {
        "city": pd.Series([unit.name for unit in units], index=index),
        "year": years[kept],
        "province": provinces[kept].mask(
            provinces[kept] == "", pd.Series([unit.province for unit in units], index=index)
        ),
    }
    for group in (name for name in groups if name not in COMPUTED_GROUPS):
        labels = {unit.adcode: gazetteer.group_label(unit.adcode, group) for unit in units}
        placed[group] = pd.Series([labels[unit.adcode] for unit in units], index=index)
    notes = (*_set_aside(found), *_remarks(units))
    return Places(placed, kept, notes, tuple(_unplaced(cities, answers)))


def _unplaced(cities: pd.Series, answers: list[Match | NotFound]) -> Iterator[Issue]:
    """Find names that mean no unit or several, each where it stands first."""
    failed: dict[str, tuple[int, NotFound]] = {}
    for row, city, answer in zip(cities.index, cities, answers, strict=True):
        if isinstance(answer, NotFound):
            failed.setdefault(city, (int(row), answer))
    for city, (row, answer) in failed.items():
        near = ", ".join(answer.candidates) if answer.reason == "unknown" else ""
        yield Issue(
            "error",
            "unreadable",
            f"city {answer.name!r} is {answer.reason}{near and f', nearest: {near}'}",
            "correct the name, add a province column, delete the rows or set "
            'gazetteer = "none" in [data]',
            place=Place(row=row),
            found=city,
            acceptable=False,
        )


def _set_aside(matches: list[Match]) -> list[str]:
    counts = Counter((m.kind, m.name) for m in matches if m.kind != "city")
    notes = []
    for kind in sorted({kind for kind, _ in counts}):
        names = {name: count for (of, name), count in counts.items() if of == kind}
        shown = ", ".join(f"{name} ({count})" for name, count in sorted(names.items()))
        notes.append(f"{sum(names.values())} rows of kind {kind} set aside: {shown}")
    return notes


def _remarks(units: list[Match]) -> list[str]:
    counts = Counter(unit.note for unit in units if unit.note)
    return [f"{note} ({count} rows)" for note, count in sorted(counts.items())]
