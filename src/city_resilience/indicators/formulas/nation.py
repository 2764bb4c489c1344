"""The nation that places are compared with: their sum, or a weighted mean of them.

Every comparison with the nation comes from here, in the history indicators, the labels, the naive
rules and the measures over shocks, so that all mean the same nation. It is made of the places
present in both years compared: a total over whichever places happen to be there would turn a
missing place into a contraction.

A panel may hold several nations. Formulas know one: whatever depends on the other places of the
nation is computed for the places of each nation by themselves, through `Nation.apart` or
`Nation.parts`, so that a panel of several gives what the panel of each alone would.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np

from city_resilience.arrays import Float, Int, Mask, Positions, Strings
from city_resilience.indicators.formulas.ratios import log_level, log_ratio, ratio
from city_resilience.indicators.formulas.together import totals, totals_by
from city_resilience.indicators.formulas.years import lag, lead

__all__ = ["SUM", "SUM_BETWEEN", "Between", "Nation", "Way"]

Way = Literal["sum", "mean", "mean_of_logs", "mean_growth"]


@dataclass(frozen=True)
class Between:
    """The nation between two years compared.

    Attributes
    ----------
    way : {"sum", "mean", "mean_of_logs", "mean_growth"}
        See `Nation`.
    before, after : ndarray, optional
        Weights of the cities in both years, of the shape of the values; None = all alike.
    groups : ndarray of str, shape (cities,), optional
        See `by`.
    """

    way: Way = "sum"
    before: Float | None = None
    after: Float | None = None
    groups: Strings | None = None

    def by(self, groups: Strings) -> Between:
        """Return each city's group in place of the nation, as its cities make it up.

        What has one value for the nation then has one for each city, shape (cities, ...).
        """
        return replace(self, groups=groups)

    def rate(self, start: Float, end: Float) -> Float:
        """Growth of the nation as a fraction, over the cities present in both years.

        Parameters
        ----------
        start, end : ndarray, shape (cities, ...)

        Returns
        -------
        ndarray, shape (...)
            NaN where no city has both.

        Examples
        --------
        >>> Between().rate(np.array([100.0, 100.0, 50.0]), np.array([90.0, 104.0, np.nan]))
        array(-0.03)
        """
        if self.way in ("mean_of_logs", "mean_growth"):
            return np.expm1(self.log_growth(start, end))
        before, now = self._levels(start, end)
        # The difference first: growth keeps its last digits where the nation stands almost still.
        return ratio(now - before, before)

    def log_growth(self, start: Float, end: Float) -> Float:
        """Growth of the nation in logs, over the cities present in both years.

        Parameters and shapes as `rate`.

        Examples
        --------
        Two provinces with 10 and 1 as output per head and a population of 1 and 9:

        >>> people = np.array([1.0, 9.0])
        >>> nation = Between("mean", people, people)
        >>> nation.log_growth(np.array([10.0, 1.0]), np.array([10.0, 2.0])).round(4)
        np.float64(0.3878)
        """
        if self.way in ("sum", "mean"):
            before, now = self._levels(start, end)
            return log_ratio(now, before)
        first, last = self._weights(start, end)
        before, now = self._means((log_level(start), first), (log_level(end), last))
        return now - before

    def _levels(self, start: Float, end: Float) -> tuple[Float, Float]:
        """Level of the nation in both years."""
        if self.way == "sum":
            both = (start > 0) & (end > 0)
            before, now = self._totals(np.where(both, start, np.nan), np.where(both, end, np.nan))
            return before, now
        first, last = self._weights(start, end)
        return self._means((start, first), (end, last))

    def _weights(self, start: Float, end: Float) -> tuple[Float, Float]:
        """Weights in both years, NaN for cities that do not count."""
        before = np.ones(start.shape) if self.before is None else self.before
        after = np.ones(end.shape) if self.after is None else self.after
        if self.way == "mean_growth":
            after = before
        counts = (start > 0) & (end > 0) & (before > 0) & (after > 0)
        return np.where(counts, before, np.nan), np.where(counts, after, np.nan)

    def _means(self, *weighed: tuple[Float, Float]) -> tuple[Float, Float]:
        """Weighted means of both years; NaN weights do not count, none gives NaN."""
        (x, first), (y, last) = weighed
        before, of_first, now, of_last = self._totals(first * x, first, last * y, last)
        return ratio(before, of_first), ratio(now, of_last)

    def _totals(self, *arrays: Float) -> list[Float]:
        return totals(*arrays) if self.groups is None else totals_by(self.groups, *arrays)


@dataclass(frozen=True)
class Nation:
    """How the places of a panel make up their nation.

    Attributes
    ----------
    way : {"sum", "mean", "mean_of_logs", "mean_growth"}
        ``sum``: levels add up. ``mean``: the nation is the weighted mean of the levels, each year
        with its own weights, as output per head is. ``mean_of_logs``: the same of the logarithms,
        as a rate is that enters as the exponential of its points. ``mean_growth``: the nation
        grows as the places do in the weighted mean, with the weights of the first year, as
        indices whose levels have no common base do.
    weight : ndarray, shape (cities, years), optional
        Weights; where none is known or positive a city is not part of the nation. None = all
        cities count alike.
    own : ndarray of int, shape (cities,), optional
        Number of the nation of each city, from 0; None = all are of one. With several, growth is
        asked of each by itself, see `apart`.
    """

    way: Way = "sum"
    weight: Float | None = None
    own: Int | None = None

    @property
    def id(self) -> str:
        """Name of it, for words: the way, whether cities are weighted, whether there are several.

        Weights are named where they need not be there.
        """
        weighted = self.weight is not None and self.way.startswith("mean_")
        return (
            f"{'own_' if self.own is not None else ''}{self.way}{'_weighted' if weighted else ''}"
        )

    def past(self, years: int) -> Between:
        """Return the nation between each year and the one ``years`` years before."""
        return self.at(lambda weight: (lag(weight, years), weight))

    def ahead(self, years: int) -> Between:
        """Return the nation between each year and the one ``years`` years later."""
        return self.at(lambda weight: (weight, lead(weight, years)))

    def at(self, read: Callable[[Float], tuple[Float, Float]]) -> Between:
        """Return the nation between two years, with their weights as ``read`` picks them.

        Raises
        ------
        ValueError
            If there are several nations.
        """
        if self.own is not None:
            raise ValueError("several nations grow each by itself; go through Nation.apart")
        return Between(self.way) if self.weight is None else Between(self.way, *read(self.weight))

    def until(self, end: int) -> Nation:
        """Return the nation as it is known before column ``end``."""
        return self if self.weight is None else replace(self, weight=self.weight[:, :end])

    def of(self, cities: Mask | Positions | slice) -> Nation:
        """Return the nation, or nations, that some of the cities make up."""
        weight = None if self.weight is None else self.weight[cities]
        own = None if self.own is None else self.own[cities]
        return Nation(self.way, weight, own if own is not None and (own != own[:1]).any() else None)

    def within(self, names: Strings | None) -> Nation:
        """Return it with a nation of its own for the cities of each name.

        Parameters
        ----------
        names : ndarray of str, shape (cities,), optional
            Nation of each city; None, or one name for all, is one nation.

        Examples
        --------
        >>> SUM.within(np.array(["B", "A", "B"])).own.tolist()
        [1, 0, 1]
        """
        found = np.empty(0) if names is None else np.unique(names, return_inverse=True)[1]
        return replace(self, own=found.astype(np.int64) if np.any(found) else None)

    def parts(self) -> Iterator[tuple[Positions | slice, Nation]]:
        """Yield the cities of each nation and that nation; all of them where there is one."""
        if self.own is None:
            yield slice(None), self
            return
        for number in np.unique(self.own):
            cities = np.flatnonzero(self.own == number)
            yield cities, self.of(cities)

    def apart(self, function: Callable[..., Any], *arrays: Any) -> Any:
        """Apply a function to the cities of each nation, and put what it returns in their rows.

        Parameters
        ----------
        function : callable
            Of the nation and the arrays, to an array; the cities come first in all of them.
        *arrays : ndarray, shape (cities, ...)

        Returns
        -------
        ndarray, shape (cities, ...)

        Examples
        --------
        >>> nations = SUM.within(np.array(["A", "B", "A"]))
        >>> nations.apart(lambda _, x: x / x.sum(), np.array([1.0, 5.0, 3.0]))
        array([0.25, 1.  , 0.75])
        """
        if self.own is None:
            return function(self, *arrays)
        found: Any = None
        for cities, nation in self.parts():
            part = function(nation, *(array[cities] for array in arrays))
            if found is None:
                found = np.empty((len(self.own), *part.shape[1:]), dtype=part.dtype)
            found[cities] = part
        return found


SUM = Nation()
SUM_BETWEEN = Between()
