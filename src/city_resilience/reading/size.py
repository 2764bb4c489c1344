"""The size class of each city of a panel, as a label that scores are sliced by."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import pandas as pd

from city_resilience.catalogue.gazetteer.groups import size_bases, size_class

__all__ = ["newest_known", "size_columns", "size_labels", "size_of_cities"]

_ENOUGH = 0.5
_SCOPED = {
    "district_population": ("population", "districts"),
    "district_registered_population": ("registered_population", "districts"),
    "population": ("population", "whole_city"),
    "registered_population": ("registered_population", "whole_city"),
}


def size_labels(
    frame: pd.DataFrame, variables: Collection[str], *, scope: str = "whole_city"
) -> tuple[pd.Series, str]:
    """Classify the cities of a panel by the newest population that is known of each.

    One population is used for all cities: the best that is known of at least half of them,
    else the one that is known of most. The label may rest on years after an origin, so it is
    for slices of scores alone and never an input of a forecast.

    Parameters
    ----------
    frame : DataFrame
        Columns ``city``, ``year`` and populations in 10,000 persons.
    variables : collection of str
        Ids of the variables of the panel.
    scope : str
        Territory the panel is about, ``whole_city`` or ``districts``.

    Returns
    -------
    labels : Series of str
        The class of the row's city, "" where unknown; index of the frame.
    note : str
        Which population of which years was used, what that does to the classes, and how many
        cities stay without one.
    """
    columns = size_columns(variables, scope)
    newest = {basis: newest_known(frame, column) for basis, column in columns.items()}
    classes, note = size_of_cities(newest, frame["city"].nunique())
    labels = [classes.get(city, "") for city in frame["city"]]
    return pd.Series(labels, index=frame.index, dtype="str"), note


def size_of_cities(newest: Mapping[str, pd.DataFrame], cities: int) -> tuple[dict[str, str], str]:
    """Classify cities by the newest population that is known of each, see `size_labels`.

    Parameters
    ----------
    newest : mapping of str to DataFrame
        Basis to what `newest_known` returns, the best first.
    cities : int
        How many there are.
    """
    newest = {basis: known for basis, known in newest.items() if len(known)}
    if not newest:
        return {}, "size: no population in this panel, so no city has a size class"
    enough = [name for name, known in newest.items() if len(known) >= _ENOUGH * cities]
    basis = enough[0] if enough else max(newest, key=lambda name: len(newest[name]))
    known = newest[basis]
    classes, note = size_class(known["population"].to_numpy(dtype="float64"), basis)
    labels = dict(zip(known.index, classes.tolist(), strict=True))
    first, last = int(known["year"].min()), int(known["year"].max())
    years = f"{first}" if first == last else f"{first}-{last}"
    without = cities - len(known)
    gaps = f"; {without} cities have none" if without else ""
    return labels, f"{note}; newest year known of each city, {years}{gaps}"


def size_columns(variables: Collection[str], scope: str) -> dict[str, str]:
    """Return the populations on offer, the best basis first, with the column of each."""
    bases = {basis: _SCOPED.get(basis, (basis, scope)) for basis in size_bases()}
    return {
        basis: column
        for basis, (column, about) in bases.items()
        if column in variables and about == scope
    }


def newest_known(frame: pd.DataFrame, column: str) -> pd.DataFrame:
    """Return year and population of the newest year known, by city."""
    known = frame.loc[frame[column].notna(), ["city", "year", column]]
    known = known.sort_values(["city", "year"]).drop_duplicates("city", keep="last")
    return known.set_index("city").rename(columns={column: "population"})
