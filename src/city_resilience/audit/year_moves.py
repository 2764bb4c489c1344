"""How the cities of a variable moved into each year, against its other years."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from city_resilience.arrays import Float, Int, Mask
from city_resilience.audit import thresholds as limit
from city_resilience.audit.trajectories import median_of_known, quantile_of_known

__all__ = ["YearMove", "YearMoves", "moves_of", "year_moves"]


@dataclass(frozen=True)
class YearMove:
    """How the cities of a variable moved into one year, against its other years.

    Attributes
    ----------
    at : int
        Column.
    move : float
        Median change of the logarithm less the usual one.
    surprise : float
        The same in median absolute deviations of the years.
    within : float
        Upper quartile of the cities' distance from the median change.
    width : float
        Ninth decile of that distance, relative to its median over the years.
    same_way : float
        Share of the cities that moved clearly, by a fifth, to the median's side of the usual.
    far : int
        Number of cities further from the usual change than nine in ten usually are.
    cities : int
        Number of cities with a change.
    together : bool
        Whether the cities moved by much in the median, surprisingly or all the same way.
    apart : bool
        Whether the cities moved far further apart than usual.
    """

    at: int
    move: float
    surprise: float
    within: float
    width: float
    same_way: float
    far: int
    cities: int
    together: bool
    apart: bool


@dataclass(frozen=True)
class YearMoves:
    """The same of each year of several variables, each computed when it is first asked for.

    All but ``changes`` are of shape (variables, years); see `YearMove`.

    Attributes
    ----------
    changes : ndarray, shape (variables, years, cities)
        Changes of the logarithm into the years with a move; NaN in the others.
    kept : ndarray of bool
        Years with a move, of variables that have enough of them; elsewhere is NaN or zero.
    known : ndarray of int
        Number of cities with a change, of any year.
    """

    changes: Float
    kept: Mask
    known: Int

    @cached_property
    def median(self) -> Float:
        """Median change."""
        return median_of_known(self.changes)

    @cached_property
    def usual(self) -> Float:
        """The usual one of each variable, shape (variables, 1)."""
        return median_of_known(self.median)[..., None]

    @cached_property
    def move(self) -> Float:
        """Median change less the usual one."""
        return self.median - self.usual

    @cached_property
    def surprise(self) -> Float:
        """The same in median absolute deviations."""
        deviation = limit.MAD_DEVIATIONS * median_of_known(np.abs(self.move))[..., None]
        return np.abs(self.move) / np.fmax(deviation, limit.LEAST_YEAR_MOVE)

    @cached_property
    def _distances(self) -> Float:
        return np.abs(self.changes - self.median[..., None])

    @cached_property
    def within(self) -> Float:
        """Upper quartile of the distances from the median change."""
        return quantile_of_known(self._distances, 0.75)

    @cached_property
    def _decile(self) -> Float:
        return quantile_of_known(self._distances, 0.9)

    @cached_property
    def _reach(self) -> Float:
        return np.fmax(median_of_known(self._decile), limit.LEAST_SCATTER)[..., None]

    @cached_property
    def width(self) -> Float:
        """Ninth decile of the distances, relative to its median over the years."""
        return np.asarray(self._decile / self._reach)

    @cached_property
    def _further(self) -> Float:
        return self.changes - self.usual[..., None]

    @cached_property
    def same_way(self) -> Float:
        """Share of the cities that moved clearly to the median's side."""
        side = np.sign(median_of_known(self._further))
        same = side[..., None] * self._further >= np.log(limit.MOVED)
        return np.asarray(same.sum(axis=-1) / np.maximum(self.known, 1))

    @cached_property
    def far(self) -> Int:
        """Number of cities that are far from the usual change."""
        far = np.abs(self._further) > limit.WIDER * self._reach[..., None]
        return np.asarray(far.sum(axis=-1))

    @cached_property
    def cities(self) -> Int:
        """Number of cities with a change."""
        return np.where(self.kept, self.known, 0)

    @cached_property
    def together(self) -> Mask:
        """Where the cities moved by much in the median, surprisingly or all the same way."""
        move, least = np.abs(self.move), limit.BREAK
        surprising = (move >= np.log(least.factor)) & (self.surprise >= least.moves)
        alike = (move >= np.log(limit.BREAK_ALIKE)) & (self.same_way >= limit.SAME_WAY)
        return np.asarray(self.kept & (surprising | alike))

    @cached_property
    def apart(self) -> Mask:
        """Where the cities moved far further apart than usual."""
        least = np.maximum(limit.WIDER_CITIES, self.cities // limit.WIDER_ONE_IN)
        return np.asarray(self.kept & (self.width >= limit.WIDER) & (self.far >= least))

    def of(self, variable: int) -> list[YearMove]:
        """Return those of one variable."""
        at = np.flatnonzero(self.kept[variable]).tolist()
        numbers = (self.move, self.surprise, self.within, self.width, self.same_way)
        counts = (self.far, self.cities, self.together, self.apart)
        own = [array[variable, at].tolist() for array in (*numbers, *counts)]
        return [YearMove(*one) for one in zip(at, *own, strict=True)]


def year_moves(logs: Float, observed: Int) -> list[YearMove]:
    """Compare the cities' changes into each year of a variable with those into the others.

    Parameters
    ----------
    logs : ndarray, shape (cities, years)
    observed : ndarray of int
        The years with values; changes are between neighbours among them.

    Returns
    -------
    list of YearMove
        Empty for a variable with fewer than five years.
    """
    seen = np.isin(np.arange(logs.shape[1]), observed)
    return moves_of(logs[None], seen[None]).of(0)


def moves_of(logs: Float, observed: Mask) -> YearMoves:
    """Return the same of several variables.

    Parameters
    ----------
    logs : ndarray, shape (variables, cities, years)
    observed : ndarray of bool, shape (variables, years)
        The years with values.
    """
    changes = _changes(logs, observed)
    known = np.isfinite(changes).sum(axis=-1)
    kept = known >= 2
    kept &= kept.sum(axis=-1, keepdims=True) >= limit.LEAST_CHANGES
    changes = np.where(kept[..., None], changes, np.nan)
    return YearMoves(changes, kept, known)


def _changes(logs: Float, observed: Mask) -> Float:
    """Return the changes since the last year with values, shape (variables, years, cities)."""
    years = np.arange(logs.shape[-1])
    newest = np.maximum.accumulate(np.where(observed, years, -1), axis=-1)
    before = np.concatenate([np.full((len(newest), 1), -1), newest[:, :-1]], axis=-1)
    by_year = np.ascontiguousarray(np.swapaxes(logs, -1, -2))
    earlier = np.take_along_axis(by_year, np.maximum(before, 0)[..., None], axis=-2)
    follows = (observed & (before >= 0))[..., None]
    return np.where(follows, by_year - earlier, np.nan)
