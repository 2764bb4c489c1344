"""Series of an as-of view, its composite indices among them: as observed, and carried forward.

A series is read ``shift`` years late and at most ``limit`` years old; see ``features``. A tall
panel keeps what was carried and ranked on disk, for all origins.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from city_resilience.arrays import Float, Int
from city_resilience.indicators.formulas.nation import Nation
from city_resilience.indicators.formulas.ratios import within_year_rank
from city_resilience.tasks.dataset import AsOf
from city_resilience.tasks.indices import FittedIndex, index_series, with_indices
from city_resilience.tasks.tall import on_disk

__all__ = ["Series", "carried", "ranks_of"]


def carried(values: Float, shifts: Int, limits: Int, first: int = 0) -> tuple[Float, Float]:
    """Read each series ``shift`` years late, bridging a city's holes from its past only.

    Parameters
    ----------
    values : ndarray, shape (cities, years, k)
    shifts, limits : ndarray of int, shape (k,)
        Youngest and oldest age that is read, in years.
    first : int
        Position of the first year that is asked for.

    Returns
    -------
    values, age : ndarray, shape (cities, years asked for, k)
        The value as of each year and its age in years; NaN where none is young enough.
    """
    count = values.shape[1]
    filled = np.full_like(values[:, first:], np.nan)
    age = np.full_like(filled, np.nan)
    for years in range(min(int(limits.max(initial=0)) + 1, count)):
        start = max(first, years)
        old, empty = values[:, start - years : count - years], filled[:, start - first :]
        take = np.isnan(empty) & ~np.isnan(old) & (years >= shifts) & (years <= limits)
        np.copyto(empty, old, where=take)
        np.copyto(age[:, start - first :], years, where=take)
    return filled, age


def ranks_of(values: Float, nation: Nation) -> Float:
    """Return ranks of the cities within their nation, of the shape of the values."""
    ranks: Float = nation.apart(lambda _, x: within_year_rank(x), values)
    return ranks


class Series:
    """Series of a view, read one by one.

    Parameters
    ----------
    view : AsOf
    indices : sequence of FittedIndex
        Composite indices of a task.

    Attributes
    ----------
    ids, families : tuple of str
        Of the indicators of the view, and of the indices.
    """

    def __init__(self, view: AsOf, indices: Sequence[FittedIndex]) -> None:
        self.view = view
        self.ids = (*view.ids, *(index.id for index in indices))
        self.families = (*view.families, *(index.family for index in indices))
        self._indices = indices
        self._made = {index.id: index_series(view, index) for index in indices}

    def observed(self, k: int) -> Float:
        """Return a series as it is, shape (cities, years)."""
        name = self.ids[k]
        return self._made[name] if name in self._made else self.view.indicators[:, :, k]

    def carried(self, shifts: Sequence[int], limits: Sequence[int]) -> Callable[[int, str], Float]:
        """Return what gives (position, ``value`` or ``age``) of series that are read so late."""
        if self.view.kept is not None:
            return lambda k, form: self.kept(self.ids[k], form, shifts[k], limits[k])
        values = with_indices(self.view, self._indices).indicators
        values, ages = carried(values, np.array(shifts), np.array(limits))
        return lambda k, form: (ages if form == "age" else values)[:, :, k]

    def kept(self, name: str, form: str, shift: int, limit: int) -> Float:
        """Return a column of a tall panel, shape (cities, years).

        An index is fitted anew at each origin: its columns last as long as the task.
        """

        def made() -> Float:
            if form == "rank":
                value = self.kept(name, "value", shift, limit)
                return ranks_of(value, self.view.nation)
            series = self.observed(self.ids.index(name))[:, :, None]
            read = carried(series, np.array([shift]), np.array([limit]))
            return np.asarray(read[form == "age"][:, :, 0])

        if name in self._made:
            return on_disk(made())
        assert self.view.kept is not None
        return self.view.kept.column((name, form, shift, limit), len(self.view.years), made)
