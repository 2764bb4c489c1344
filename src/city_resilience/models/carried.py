"""Families of which rows read carried values, and how old those are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from city_resilience.arrays import Float, Positions

__all__ = ["Carried"]


@dataclass(frozen=True)
class Carried:
    """Families with carried values, of many rows that differ little in them.

    Attributes
    ----------
    which : ndarray of int, shape (rows,)
        Position of each row's among the kinds.
    kinds : tuple of mapping of str to int
        Family to the oldest age of its values, years.
    """

    which: Positions
    kinds: tuple[Mapping[str, int], ...]

    @classmethod
    def none(cls, rows: int) -> Carried:
        """Return that of rows without any."""
        return cls(np.zeros(rows, dtype=np.intp), ({},))

    @classmethod
    def of(cls, families: tuple[str, ...], ages: Float) -> Carried:
        """Return that of ages of shape (rows, indicators), NaN = no value, by their families."""
        owner = np.array(families, dtype=np.str_)
        oldest, which = {}, np.zeros(len(ages), dtype=np.intp)
        for family in dict.fromkeys(families):
            own = np.nan_to_num(ages[:, owner == family]).max(axis=1, initial=0)
            oldest[family] = years = own.astype(np.intp)
            if years.any():
                which = _numbered(which * (years.max() + 1) + years)
        _, first = np.unique(which, return_index=True)
        kinds = ({k: int(own[row]) for k, own in oldest.items() if own[row] > 0} for row in first)
        return cls(which, tuple(kinds))

    def then(self, longer: Carried) -> Carried:
        """Return that of what reads both, the older of their ages counting."""
        pairs = self.which * len(longer.kinds) + longer.which
        found, first = np.unique(pairs, return_index=True)
        kinds = (_oldest(self.kinds[self.which[k]], longer.kinds[longer.which[k]]) for k in first)
        return Carried(np.searchsorted(found, pairs), tuple(kinds))


def _numbered(codes: Positions) -> Positions:
    return np.unique(codes, return_inverse=True)[1].astype(np.intp)


def _oldest(first: Mapping[str, int], second: Mapping[str, int]) -> dict[str, int]:
    """Return the families of both with the older of their ages."""
    names = dict.fromkeys((*first, *second))
    return {name: max(first.get(name, 0), second.get(name, 0)) for name in names}
