"""Checks of a panel's keys and values; each yields what is wrong, with its place.

A row without a usable key, a name that is no city's and a row given twice are settled in the file
alone, a share without a unit also by its unit in ``[data.units]``; a cell that cannot be read or
used also by a correction that drops or replaces it, or by accepting that it is unknown. Marks that
may group thousands or begin decimals are settled by ``decimal`` in ``[data]``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from difflib import get_close_matches
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from city_resilience.catalogue.variables import load_catalogue
from city_resilience.errors import InputError, nearest
from city_resilience.experiment.added_lines import toml_string
from city_resilience.reading.cells import UNCLEAR
from city_resilience.reading.issues import Issue, Place, correction_line

__all__ = [
    "cell_issue",
    "check_cities",
    "check_city_names",
    "check_duplicates",
    "check_filled",
    "check_outcome",
    "check_positive",
    "check_scopes",
    "check_share",
    "check_years",
    "is_year",
    "outcome_lines",
]

SHOWN = 3
_USUAL = ("gdp_real", "gdp_nominal", "gsp", "employment")
EARLIEST_YEAR, LATEST_YEAR = 1800, 2200
_DECIMAL = 'set decimal = "," or decimal = "." under [data] in the experiment, or correct the cell'
_CORRECT = "correct the cell or leave it blank"
_WITHIN_YEAR = re.compile(r"(1[89]|20|21)\d\d[\s年/_-]*[QqMmHhSs第]?\d{1,2}([\s/-].*|季度?|月.*)?")
_BY_YEAR = "sum or average quarters, months and days by year, so that each city has one row a year"
Mask = NDArray[np.bool_]


def cell_issue(
    kind: str,
    reason: str,
    found: Any,
    place: Place,
    variable: str,
    key: tuple[str, int],
) -> Issue:
    """Return what is wrong with the cell of a city and year.

    Parameters
    ----------
    kind : str
        ``unreadable`` or ``outcome``.
    reason : str
        What was expected, such as ``number expected``.
    """
    city, year = key
    unclear = reason == UNCLEAR  # a setting reads all such cells, and dropping them loses all
    return Issue(
        "error",
        kind,
        f"{reason}, found {_shown(found)}",
        _DECIMAL if unclear else _CORRECT,
        place=place,
        found=_found(found),
        variable=variable,
        city=city,
        years=(year,),
        correction="" if unclear else correction_line(variable, city, year, "drop"),
        acceptable=not unclear,
    )


def check_city_names(header: str, cities: pd.Series) -> Iterator[Issue]:
    """Find rows without a city."""
    for row in cities.index[cities == ""]:
        yield _row_issue(header, row, "blank city", "fill it in or delete the row")


def check_years(header: str, cells: pd.Series, years: NDArray[np.int64]) -> Iterator[Issue]:
    """Find cells that hold no year (0), or one that no statistics can be of."""
    for at in np.flatnonzero(~is_year(years)).tolist():
        within = _WITHIN_YEAR.fullmatch(str(cells.iloc[at]).strip())
        reason, hint = "year", _BY_YEAR if within else "write a year such as 2010 or delete the row"
        if years[at]:
            reason, hint = f"year from {EARLIEST_YEAR} to {LATEST_YEAR}", "correct the cell"
        cell = cells.iloc[at]
        yield _row_issue(header, cells.index[at], f"{reason} expected, found {_shown(cell)}", hint)


def is_year(years: NDArray[np.int64]) -> Mask:
    """Tell which numbers are years that statistics can be of."""
    return (years >= EARLIEST_YEAR) & (years <= LATEST_YEAR)


def check_scopes(header: str, words: pd.Series) -> Iterator[Issue]:
    """Say that cells of a column of scopes hold none."""
    for row, word in words.items():
        reason = f"scope 全市 or 市辖区 expected, found {_shown(word)}"
        yield _row_issue(header, row, reason, "correct the cell or delete the row")


def check_share(header: str, variable: str, values: NDArray[np.float64]) -> Iterator[Issue]:
    """Find a share without a stated unit whose usual value is no fraction."""
    known = values[np.isfinite(values)]
    median = float(np.median(known)) if known.size else 0.0
    if median > 1:
        yield Issue(
            "error",
            "unit",
            f"states no unit and has a median of {median:g}, so it is no fraction of 1",
            "write the unit into the header or into [data.units], for example '%'",
            place=Place(header=header),
            variable=variable,
            acceptable=False,
        )


def check_duplicates(frame: pd.DataFrame) -> Iterator[Issue]:
    """Find city-years that stand in several rows; ``frame`` has columns city and year."""
    twice = frame[frame[["city", "year"]].duplicated(keep=False)]
    if twice.empty:
        return
    rows = pd.Series(twice.index, index=twice.index).astype(str)
    groups = rows.groupby([twice["city"], twice["year"]], sort=True).agg(", ".join)
    shown = ", ".join(f"{city} {year} (rows {at})" for (city, year), at in groups[:3].items())
    count = f"{len(groups)} city-years stand" if len(groups) > 1 else "1 city-year stands"
    more = ", …" if len(groups) > 3 else ""
    yield Issue(
        "error",
        "duplicate",
        f"{count} in more than one row: {shown}{more}",
        "keep one row for each city and year, or name the column that tells places of one name "
        "apart as code or province in [data]",
        acceptable=False,
    )


def check_cities(cities: Iterable[str], issues: Sequence[Issue]) -> None:
    """Refuse a panel of one city: there is no nation to compare it with.

    Where rows were left out, their first issues are what is said.
    """
    names = sorted(set(cities))
    if len(names) > 1:
        return
    if not (names or issues):
        raise InputError(
            "no row is left: every row is a total or has no city and year; correct the file"
        )
    if issues:
        said = [str(issue) for issue in issues[:SHOWN]]
        more = [f"and {len(issues) - SHOWN} more"] if len(issues) > SHOWN else []
        raise InputError("; ".join(said + more))
    raise InputError(
        f"only one city, found {names[0]!r}; resilience is relative to a nation, bring at least "
        "two cities"
    )


def check_outcome(outcome: str, variables: Iterable[str], left_out: Sequence[str]) -> None:
    """Refuse a panel without the outcome, with the lines that name it.

    Parameters
    ----------
    left_out : sequence of str
        Headers of columns that were not read; one of them may be meant.
    """
    known = sorted(variables)
    if outcome in known:
        return
    rest = len(left_out) - SHOWN
    headers = ", ".join(map(repr, left_out[:SHOWN])) + (f" and {rest} more" if rest > 0 else "")
    unread = f"; columns left out: {headers}" if left_out else ""
    raise InputError(
        f"no column holds the outcome {outcome!r}{nearest(outcome, known)}; variables found: "
        f"{', '.join(known) or 'none'}{unread}; set variable in [outcome] to one of them or "
        "rename the column",
        paste=outcome_lines(outcome, known, left_out),
    )


def outcome_lines(outcome: str, known: Sequence[str], left_out: Sequence[str]) -> str:
    """Return the lines of an experiment file that name the outcome, as far as can be told.

    A column that was left out and is called much as the outcome is declared, else a usual outcome
    is named, else the first column that was left out is declared; "" where there is none.
    """
    variable = load_catalogue().variables.get(outcome)
    names = [outcome, *((variable.label_en, variable.label_zh) if variable else ())]
    folded = {_folded(name): name for name in left_out}
    near = (get_close_matches(_folded(name), folded, n=1, cutoff=0.75) for name in names)
    meant = [folded[found] for each in near for found in each]
    usual = [name for name in _USUAL if name in known]
    if usual and not meant:
        return f'[outcome]\nvariable = "{usual[0]}"'
    if not (meant or left_out):
        return f'[outcome]\nvariable = "{known[0]}"' if known else ""
    header = (meant or list(left_out))[0]
    column = toml_string(header)
    id = re.sub(r"\W+", "_", header).strip("_").lower() or "outcome"
    return (
        f'[outcome]\nvariable = "{id}"\ncolumn = {column}\n'
        'unit = ""        # as in the file, such as million EUR\n'
        'scale = "level"  # or log, per_head, rate, index'
    )


def _folded(name: str) -> str:
    return re.sub(r"[\W_]+|\(.*\)", "", name.casefold())


def check_filled(header: str, outcome: str, frame: pd.DataFrame) -> Iterator[Issue]:
    """Find an outcome without any value."""
    if frame[outcome].isna().all():
        yield Issue(
            "error",
            "outcome",
            "the outcome has no value in any row",
            "fill it in",
            place=Place(header=header),
            variable=outcome,
            acceptable=False,
        )


def check_positive(
    header: str, outcome: str, frame: pd.DataFrame, cells: pd.Series
) -> Iterator[Issue]:
    """Find outcomes that are zero or negative, or an outcome without any value.

    Parameters
    ----------
    frame : DataFrame
        Columns ``city``, ``year`` and the outcome; its index is the row in the file.
    cells : Series
        The outcome as the file has it, by row.
    """
    yield from check_filled(header, outcome, frame)
    wrong = frame.loc[frame[outcome] <= 0, ["city", "year"]]
    for (row, city, year), cell in zip(wrong.itertuples(), cells[wrong.index], strict=True):
        place, key = Place(row=int(row), header=header), (str(city), int(year))
        issue = cell_issue("outcome", "positive outcome expected", cell, place, outcome, key)
        yield replace(issue, reason=f"{issue.reason} for {city} in {year}")


def _row_issue(header: str, row: int, reason: str, hint: str) -> Issue:
    place = Place(row=int(row), header=header)
    return Issue("error", "unreadable", reason, hint, place=place, acceptable=False)


def _found(cell: Any) -> str:
    return "" if pd.isna(cell) else str(cell).strip()


def _shown(cell: Any) -> str:
    text = repr(str(cell)) if _found(cell) else "a blank cell"
    return text if len(text) <= 40 else text[:36] + "…'"
