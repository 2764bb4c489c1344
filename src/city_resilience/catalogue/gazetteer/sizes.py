"""Size classes of cities by population, and what each kind of population does to them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from city_resilience.catalogue.gazetteer.tables import read_table
from city_resilience.errors import InputError, nearest

__all__ = ["SizeBasis", "size_bases", "size_class"]


@dataclass(frozen=True)
class SizeBasis:
    """A population that sizes may be read from.

    Attributes
    ----------
    variable : str
        Id of the variable.
    population : str
        Which population it is, in words.
    caveat : str
        What reading sizes from it does to them.
    """

    variable: str
    population: str
    caveat: str

    @property
    def note(self) -> str:
        """The sentence that goes with sizes read from it."""
        return f"size by {self.population}: {self.caveat}"


@cache
def size_bases(country: str = "china") -> Mapping[str, SizeBasis]:
    """Return the populations that sizes may be read from by variable id, the best first."""
    rows = read_table(country, "size_bases")
    return {
        row["variable"]: SizeBasis(row["variable"], row["population"], row["caveat"])
        for row in rows
    }


def size_class(
    population: NDArray[np.float64], basis: str, country: str = "china"
) -> tuple[NDArray[np.str_], str]:
    """Classify cities by the standard of 2014, 国发〔2014〕51号.

    Parameters
    ----------
    population : ndarray, shape (cities,)
        10,000 persons; NaN = unknown. The standard is about residents of the urban area.
    basis : str
        Which population it is: an id of `size_bases`.

    Returns
    -------
    labels : ndarray of str, shape (cities,)
        ``II_small`` (below 200,000), ``I_small``, ``medium``, ``II_large``, ``I_large``,
        ``very_large`` or ``super`` (10 million and more), the lower bound of each belonging to
        it; "" where the population is unknown or negative.
    note : str
        Which population was used, and what that does to the classes.

    Raises
    ------
    InputError
        If there is no such basis.

    Examples
    --------
    >>> labels, note = size_class(np.array([19.9, 20.0, 1000.0, np.nan]), "population")
    >>> labels.tolist()
    ['II_small', 'I_small', 'super', '']
    """
    bases = size_bases(country)
    if basis not in bases:
        raise InputError(
            f"size class: no population {basis!r}{nearest(basis, bases)}; "
            f"use one of: {', '.join(bases)}"
        )
    rows = read_table(country, "size_classes")
    names = np.array(["", *(row["size"] for row in rows)])
    bounds = np.array([float(row["from"]) for row in rows])
    known = np.nan_to_num(np.asarray(population, dtype=np.float64), nan=-1.0)
    return names[np.searchsorted(bounds, known, side="right")], bases[basis].note
