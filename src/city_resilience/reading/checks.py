"""Checks of a panel's keys and values; each yields what is wrong, with the place.

Rows are counted as a spreadsheet shows them: the header is row 1.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from city_resilience.errors import InputError, nearest
from city_resilience.reading.faults import Fault

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


def check_city_names(header: str, cities: pd.Series) -> Iterator[Fault]:
    """Find rows without a city."""
    for at in np.flatnonzero((cities == "").to_numpy(dtype=bool)).tolist():
        row = int(cities.index[at]) + 2
        problem = f"row {row}, column {header!r}: blank city"
        yield Fault("row", problem, "fill it in or delete the row", row)


def check_years(header: str, cells: pd.Series, bad: Mask) -> Iterator[Fault]:
    """Find cells that are not a year."""
    for at in np.flatnonzero(bad).tolist():
        row = int(cells.index[at]) + 2
        problem = f"row {row}, column {header!r}: year expected, found {_shown(cells, at)}"
        yield Fault("row", problem, "write a year such as 2010 or delete the row", row)


def check_year_range(header: str, cells: pd.Series, years: NDArray[np.float64]) -> Iterator[Fault]:
    """Find years that no statistics can be of."""
    for at in np.flatnonzero((years < EARLIEST_YEAR) | (years > LATEST_YEAR)).tolist():
        row = int(cells.index[at]) + 2
        problem = (
            f"row {row}, column {header!r}: year from {EARLIEST_YEAR} to {LATEST_YEAR} expected, "
            f"found {_shown(cells, at)}"
        )
        yield Fault("row", problem, "correct the cell", row)


def check_numbers(header: str, variable: str, cells: pd.Series, bad: Mask) -> Iterator[Fault]:
    """Find cells that are not a number."""
    for at in np.flatnonzero(bad).tolist():
        row = int(cells.index[at]) + 2
        problem = f"row {row}, column {header!r}: number expected, found {_shown(cells, at)}"
        yield Fault("cell", problem, "correct the cell or leave it blank", row, variable)


def check_finite(
    header: str, variable: str, cells: pd.Series, values: NDArray[np.float64]
) -> Iterator[Fault]:
    """Find infinite values."""
    for at in np.flatnonzero(np.isinf(values)).tolist():
        row = int(cells.index[at]) + 2
        problem = f"row {row}, column {header!r}: infinite value, found {_shown(cells, at)}"
        yield Fault("cell", problem, "correct the cell or leave it blank", row, variable)


def check_share(header: str, variable: str, values: NDArray[np.float64]) -> Iterator[Fault]:
    """Find a share without a stated unit whose usual value is no fraction."""
    known = values[np.isfinite(values)]
    median = float(np.median(known)) if known.size else 0.0
    if median > 1:
        problem = (
            f"column {header!r} states no unit and has a median of {median:g}, so it is no "
            "fraction of 1"
        )
        hint = "write the unit into the header or into [data.units], for example '%'"
        yield Fault("unit", problem, hint, 0, variable)


def check_duplicates(frame: pd.DataFrame) -> Iterator[Fault]:
    """Find city-years that stand in several rows; ``frame`` has columns city and year."""
    twice = frame[frame.duplicated(["city", "year"], keep=False)]
    if twice.empty:
        return
    rows = pd.Series(twice.index + 2, index=twice.index).astype(str)
    groups = rows.groupby([twice["city"], twice["year"]], sort=True).agg(", ".join)
    shown = ", ".join(f"{city} {year} (rows {at})" for (city, year), at in groups[:3].items())
    count = f"{len(groups)} city-years stand" if len(groups) > 1 else "1 city-year stands"
    more = ", …" if len(groups) > 3 else ""
    problem = f"{count} in more than one row: {shown}{more}"
    yield Fault(
        "duplicate", problem, "keep one row for each city and year", int(twice.index[0]) + 2
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
    header: str, variable: str, keys: pd.DataFrame, cells: pd.Series, values: NDArray[np.float64]
) -> Iterator[Fault]:
    """Find outcomes that are zero or negative, or an outcome without any value."""
    if np.isnan(values).all():
        problem = f"column {header!r}: the outcome has no value in any row"
        yield Fault("outcome", problem, "fill it in", 0, variable)
    for at in np.flatnonzero(values <= 0).tolist():
        row = int(cells.index[at]) + 2
        city, year = keys[["city", "year"]].iloc[at]
        problem = (
            f"row {row}, column {header!r}: positive outcome expected, found {_shown(cells, at)} "
            f"for {city} in {year}"
        )
        yield Fault("outcome", problem, "correct the cell or leave it blank", row, variable)


def _shown(cells: pd.Series, at: int) -> str:
    value = cells.iloc[at]
    text = "a blank cell" if pd.isna(value) or str(value).strip() == "" else repr(str(value))
    return text if len(text) <= 40 else text[:36] + "…'"
