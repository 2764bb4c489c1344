"""The nation of each place of a panel: one in all years, and none of too few places."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from city_resilience.errors import InputError
from city_resilience.reading.account import Aside

__all__ = ["NationsAside", "nation_of_rows", "nations_aside"]


@dataclass(frozen=True)
class NationsAside:
    """Rows that are left out for their nation.

    Attributes
    ----------
    why : str
        ``no_nation`` or ``small_nation``.
    rows : ndarray of bool, shape (rows,)
    names : tuple of str
        The places without a nation, or the nations with the number of their places.
    note : str
        The same as a sentence.
    """

    why: Aside
    rows: NDArray[np.bool_]
    names: tuple[str, ...]
    note: str


def nation_of_rows(cities: pd.Series, nations: pd.Series, header: str) -> pd.Series:
    """Return the nation of each row, that of the place's other rows where its own is blank.

    Parameters
    ----------
    cities, nations : Series of str
        Their index is the row in the file.
    header : str
        Header of the column of nations.

    Raises
    ------
    InputError
        If a place changes its nation, with the rows.
    """
    known = pd.DataFrame({"city": cities, "nation": nations})[nations != ""]
    first = known.drop_duplicates("city")
    own = cities.map(first.set_index("city")["nation"]).fillna("")
    moved = nations.index[(nations != "") & (nations != own)]
    if len(moved):
        row, city = moved[0], cities[moved[0]]
        before = first.index[first["city"] == city][0]
        others = cities[moved].nunique() - 1
        raise InputError(
            f"row {row}, column {header!r}: {city!r} is of {nations[row]!r}, and of "
            f"{nations[before]!r} in row {before}{f' (and {others} more)' if others else ''}; a "
            "place has one nation in all years: correct the cell, or name a column that tells "
            "places of one name apart as code in [data]"
        )
    return own


def nations_aside(frame: pd.DataFrame, least: int, outcome: str = "") -> list[NationsAside]:
    """Find the rows of places without a nation, and of nations with too few places.

    Parameters
    ----------
    frame : DataFrame
        Columns ``city`` and ``nation``, and the outcome.
    least : int
        Fewest places with an outcome.
    outcome : str
        Its column; every place counts where the panel has none.

    Raises
    ------
    InputError
        If no nation has enough places.
    """
    counted = frame[frame[outcome].notna()] if outcome in frame else frame
    sizes = counted.groupby("nation")["city"].nunique().drop("", errors="ignore")
    sizes = sizes.reindex(sorted(set(frame["nation"]) - {""}), fill_value=0)
    small = sizes[sizes < least]
    if len(small) == len(sizes):
        most = f"; {sizes.idxmax()} has most, {sizes.max()}" if len(sizes) else ""
        raise InputError(
            f"no nation has {least} places with an outcome{most}; lower nation_min_cities in "
            "[data], or remove nation, so that all are compared with all"
        )
    nowhere = (frame["nation"] == "").to_numpy(dtype=bool)
    cities = tuple(sorted(set(frame.loc[nowhere, "city"])))
    few = tuple(f"{name} ({count})" for name, count in small.items())
    found = [
        NationsAside("no_nation", nowhere, cities, "places without a nation left out: "),
        NationsAside(
            "small_nation",
            frame["nation"].isin(small.index).to_numpy(dtype=bool),
            few,
            f"nations of fewer than {least} places with an outcome left out: ",
        ),
    ]
    return [
        NationsAside(one.why, one.rows, one.names, one.note + ", ".join(one.names))
        for one in found
        if one.names
    ]
