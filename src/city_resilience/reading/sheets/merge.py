"""Cells of many sheets as one panel: what agrees is one value, what does not is none."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from operator import itemgetter

import numpy as np
import pandas as pd

from city_resilience.reading.issues import Issue, Place
from city_resilience.reading.opening import fits

__all__ = ["KEYS", "merge_cells"]

KEYS = ("code", "city", "year", "scope", "variable")
_AGREE = 0.005
_ROUNDED = 0.5 + 1e-6


def merge_cells(
    cells: pd.DataFrame, prefer: Sequence[str] = ()
) -> tuple[pd.DataFrame, list[Issue]]:
    """Reduce cells to one for each city, year, scope and variable.

    Cells that agree within half a percent, or within the rounding of the coarser one (a whole
    number of a workbook has none), are one value: the one with most decimal places. Where they do
    not agree there is no value, and all are listed, unless a preferred file decides.

    Parameters
    ----------
    cells : DataFrame
        ``CELL_COLUMNS``.
    prefer : sequence of str
        Patterns of file names, the most trusted first.

    Returns
    -------
    cells : DataFrame
        One row for each key, sorted by key; independent of the order of files, sheets and rows.
    issues : list of Issue
    """
    if not cells.duplicated(list(KEYS)).any():
        return cells.sort_values(list(KEYS), ignore_index=True), []
    order = [*KEYS, "rank", "step", "value", "file", "sheet", "row", "column"]
    ranks = cells["file"].map({file: _rank(file, prefer) for file in cells["file"].unique()})
    ranked = cells.assign(rank=ranks).sort_values(order)
    best = ranked.groupby(list(KEYS), sort=False)["rank"].transform("min")
    ranked = ranked[ranked["rank"] == best]
    groups = ranked.groupby(list(KEYS), sort=False)
    low, high = groups["value"].transform("min"), groups["value"].transform("max")
    allowed = np.maximum(
        _AGREE * np.maximum(low.abs(), high.abs()), _ROUNDED * groups["rounding"].transform("max")
    )
    apart = (high - low) > allowed
    issues = _conflicts(ranked[apart])
    merged = ranked[~apart].drop_duplicates(list(KEYS)).drop(columns="rank")
    return merged.reset_index(drop=True), issues


def _rank(file: str, prefer: Sequence[str]) -> int:
    places = (at for at, pattern in enumerate(prefer) if fits(file, pattern))
    return next(places, len(prefer))


def _conflicts(cells: pd.DataFrame) -> list[Issue]:
    """Return an issue for each key of some cells, which are sorted by it."""
    issues = []
    stand = cells[[*KEYS, "value", "file", "sheet", "row", "column"]]
    rows = stand.itertuples(index=False, name=None)
    for (_, city, year, scope, variable), alike in groupby(rows, key=itemgetter(*range(len(KEYS)))):
        values, files, sheets, lines, columns = zip(
            *(row[len(KEYS) :] for row in alike), strict=True
        )
        found = " or ".join(f"{value:g}" for value in dict.fromkeys(values))
        places = (
            f"{file} {sheet} row {row}"
            for file, sheet, row in zip(files, sheets, lines, strict=True)
        )
        issues.append(
            Issue(
                "lost",
                "conflict",
                f"{scope}: {', '.join(dict.fromkeys(places))} disagree; no value, correct one or "
                "give --prefer FILE",
                place=Place(files[0], sheets[0], int(lines[0]), int(columns[0])),
                found=found,
                variable=str(variable),
                city=str(city),
                years=(int(year),),
            )
        )
    return issues
