"""City names of a panel as official units of a gazetteer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from city_resilience.errors import InputError
from city_resilience.gazetteer import Gazetteer, Match, NotFound, load_gazetteer

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
    path: str, keys: Mapping[str, Any], country: str, groups: tuple[str, ...]
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
        Groups of the gazetteer to add.

    Raises
    ------
    InputError
        If a name is unknown or ambiguous, or no row is a city.
    """
    gazetteer, cities = load_gazetteer(country), keys["city"]
    years = np.asarray(keys["year"])
    provinces = keys.get("province", pd.Series("", index=cities.index))
    matches = _matches(path, gazetteer, cities, years, provinces)
    kept = np.array([match.kind == "city" for match in matches])
    if not kept.any():
        raise InputError(
            f"{path}: no row is a city of the gazetteer {country!r}, the first is "
            f"{cities.iloc[0]!r}; name the column of cities as city in [data]"
        )
    units = [match for match in matches if match.kind == "city"]
    index = cities.index[kept]
    placed: dict[str, Any] = {
        "city": pd.Series([unit.name for unit in units], index=index),
        "year": years[kept],
        "province": provinces[kept].mask(
            provinces[kept] == "", pd.Series([unit.province for unit in units], index=index)
        ),
    }
    for group in groups:
        labels = {unit.adcode: gazetteer.group_label(unit.adcode, group) for unit in units}
        placed[group] = pd.Series([labels[unit.adcode] for unit in units], index=index)
    return Places(placed, kept, (*_set_aside(matches), *_remarks(units)))


def _matches(
    path: str,
    gazetteer: Gazetteer,
    cities: pd.Series,
    years: NDArray[np.int64],
    provinces: pd.Series,
) -> list[Match]:
    """Look every row up; equal rows share one look-up, and the third failure ends it."""
    known: dict[tuple[str, int, str], Match] = {}
    failed: dict[str, str] = {}
    matches = []
    rows = zip(cities.index, cities, years.tolist(), provinces, strict=True)
    for row, city, year, province in rows:
        found = known.get((city, year, province))
        if found is None and city not in failed:
            answer = gazetteer.resolve(city, year, province)
            if isinstance(answer, NotFound):
                failed[city] = _failure(row + 2, answer)
                if len(failed) == _SHOWN:
                    break
                continue
            found = known[city, year, province] = answer
        if found is not None:
            matches.append(found)
    if failed:
        raise InputError(
            f"{path}: {'; '.join(failed.values())}; correct the names, add a province column, "
            'delete the rows or set gazetteer = "none" in [data]'
        )
    return matches


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
