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
from city_resilience.catalogue.gazetteer.table import resolve_table
from city_resilience.errors import InputError
from city_resilience.reading.faults import Fault, Faults

__all__ = ["Places", "place_cities"]

_SHOWN = 3


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
    """

    keys: Mapping[str, Any]
    kept: NDArray[np.bool_]
    notes: tuple[str, ...]


def place_cities(
    faults: Faults,
    keys: Mapping[str, Any],
    country: str,
    groups: tuple[str, ...],
    *,
    level: str = "",
) -> Places:
    """Resolve the city names of a panel.

    Parameters
    ----------
    faults : Faults
        Takes the names that are unknown or ambiguous; their rows are not kept.
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
        If a name is unknown or ambiguous, or no row is a city.
    """
    gazetteer, cities = load_gazetteer(country), keys["city"]
    years = np.asarray(keys["year"])
    provinces = keys.get("province", pd.Series("", index=cities.index))
    answers = resolve_table(
        gazetteer, cities.tolist(), years.tolist(), provinces.tolist(), level=level
    )
    faults.take(_unplaced(cities, answers))
    found = [answer for answer in answers if isinstance(answer, Match)]
    kept = np.array([isinstance(a, Match) and a.kind == "city" for a in answers])
    if not kept.any():
        raise InputError(
            f"{faults.path}: no row is a city of the gazetteer {country!r}, the first is "
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
    return Places(placed, kept, (*_set_aside(found), *_remarks(units)))


def _unplaced(cities: pd.Series, answers: list[Match | NotFound]) -> Iterator[Fault]:
    """Find names that mean no unit or several; of each name the first row, a few in one fault."""
    failed: dict[str, tuple[int, str]] = {}
    for row, city, answer in zip(cities.index, cities, answers, strict=True):
        if isinstance(answer, NotFound):
            failed.setdefault(city, (row + 2, _failure(row + 2, answer)))
    hint = (
        "correct the names, add a province column, delete the rows or set "
        'gazetteer = "none" in [data]'
    )
    rows = list(failed.values())
    for at in range(0, len(rows), _SHOWN):
        some = rows[at : at + _SHOWN]
        yield Fault("name", "; ".join(text for _, text in some), hint, some[0][0])


def _failure(row: int, answer: NotFound) -> str:
    near = ", ".join(answer.candidates)
    hint = f", nearest: {near}" if near and answer.reason == "unknown" else ""
    return f"row {row}: city {answer.name!r} is {answer.reason}{hint}"


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
