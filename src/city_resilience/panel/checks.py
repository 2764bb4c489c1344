"""Checks of a panel's keys and values; each raises an `InputError` that names the place.

Rows are counted as a spreadsheet shows them: the header is row 1.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from city_resilience.errors import InputError, nearest

__all__ = [
    "check_cities",
    "check_city_names",
    "check_duplicates",
    "check_finite",
    "check_numbers",
    "check_outcome",
    "check_positive",
    "check_share",
    "check_year_range",
    "check_years",
]

EARLIEST_YEAR, LATEST_YEAR = 1800, 2200
Mask = NDArray[np.bool_]


def check_city_names(path: str, header: str, cities: pd.Series) -> None:
    """Refuse a row without a city."""
    row = _first((cities == "").to_numpy(dtype=bool), cities.index)
    if row is not None:
        raise InputError(
            f"{path}: row {row}, column {header!r}: blank city; fill it in or delete the row"
        )


def check_years(path: str, header: str, cells: pd.Series, bad: Mask) -> None:
    """Refuse a cell that is not a year."""
    row = _first(bad, cells.index)
    if row is not None:
        raise InputError(
            f"{path}: row {row}, column {header!r}: year expected, found "
            f"{_shown(cells, bad)}; write a year such as 2010 or delete the row"
        )


def check_year_range(path: str, header: str, cells: pd.Series, years: NDArray[np.float64]) -> None:
    """Refuse a year that no statistics can be of."""
    bad = np.asarray((years < EARLIEST_YEAR) | (years > LATEST_YEAR))
    row = _first(bad, cells.index)
    if row is not None:
        raise InputError(
            f"{path}: row {row}, column {header!r}: year from {EARLIEST_YEAR} to {LATEST_YEAR} "
            f"expected, found {_shown(cells, bad)}; correct the cell"
        )


def check_numbers(path: str, header: str, cells: pd.Series, bad: Mask) -> None:
    """Refuse a cell that is not a number."""
    row = _first(bad, cells.index)
    if row is not None:
        raise InputError(
            f"{path}: row {row}, column {header!r}: number expected, found {_shown(cells, bad)}; "
            "correct the cell or leave it blank"
        )


def check_finite(path: str, header: str, cells: pd.Series, values: NDArray[np.float64]) -> None:
    """Refuse an infinite value."""
    bad = np.isinf(values)
    row = _first(bad, cells.index)
    if row is not None:
        raise InputError(
            f"{path}: row {row}, column {header!r}: infinite value, found {_shown(cells, bad)}; "
            "correct the cell or leave it blank"
        )


def check_share(path: str, header: str, values: NDArray[np.float64]) -> None:
    """Refuse a share without a stated unit whose usual value is no fraction."""
    known = values[np.isfinite(values)]
    median = float(np.median(known)) if known.size else 0.0
    if median > 1:
        raise InputError(
            f"{path}: column {header!r} states no unit and has a median of {median:g}, so "
            "it is no fraction of 1; write the unit into the header or into [data.units], for "
            "example '%'"
        )


def check_duplicates(path: str, frame: pd.DataFrame) -> None:
    """Refuse city-years that stand in several rows; ``frame`` has columns city and year."""
    twice = frame[frame.duplicated(["city", "year"], keep=False)]
    if twice.empty:
        return
    rows = pd.Series(twice.index + 2, index=twice.index).astype(str)
    groups = rows.groupby([twice["city"], twice["year"]], sort=True).agg(", ".join)
    shown = ", ".join(f"{city} {year} (rows {at})" for (city, year), at in groups[:3].items())
    count = f"{len(groups)} city-years stand" if len(groups) > 1 else "1 city-year stands"
    raise InputError(
        f"{path}: {count} in more than one row: {shown}{', …' if len(groups) > 3 else ''}; keep "
        "one row for each city and year"
    )


def check_cities(path: str, cities: Iterable[str]) -> None:
    """Refuse a panel of one city: there is no nation to compare it with."""
    names = sorted(set(cities))
    if len(names) == 1:
        raise InputError(
            f"{path}: only one city, found {names[0]!r}; resilience is relative to a nation, bring "
            "at least two cities"
        )


def check_outcome(path: str, outcome: str, variables: Iterable[str]) -> None:
    """Refuse a panel without the outcome."""
    known = sorted(variables)
    if outcome not in known:
        raise InputError(
            f"{path}: no column holds the outcome {outcome!r}{nearest(outcome, known)}; variables "
            f"found: {', '.join(known) or 'none'}; set variable in [outcome] to one of them or "
            "rename the column"
        )


def check_positive(
    path: str, header: str, keys: pd.DataFrame, cells: pd.Series, values: NDArray[np.float64]
) -> None:
    """Refuse an outcome that is zero or negative somewhere, or has no value at all."""
    if np.isnan(values).all():
        raise InputError(
            f"{path}: column {header!r}: the outcome has no value in any row; fill it in"
        )
    bad = values <= 0
    row = _first(bad, cells.index)
    if row is not None:
        city, year = keys[["city", "year"]].iloc[int(bad.argmax())]
        raise InputError(
            f"{path}: row {row}, column {header!r}: positive outcome expected, found "
            f"{_shown(cells, bad)} for {city} in {year}; correct the cell or leave it blank"
        )


def _first(bad: Mask, index: pd.Index) -> int | None:
    return int(index[int(bad.argmax())]) + 2 if bad.any() else None


def _shown(cells: pd.Series, bad: Mask) -> str:
    value = cells.iloc[int(bad.argmax())]
    text = "a blank cell" if pd.isna(value) or str(value).strip() == "" else repr(str(value))
    return text if len(text) <= 40 else text[:36] + "…'"
