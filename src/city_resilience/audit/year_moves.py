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
    """The same of each year of several variables, shape (..., years); see `YearMove`.

    Attributes
    ----------
    kept : ndarray of bool
        Years with a move, of variables that have enough of them; elsewhere is NaN or zero.
    """

    kept: Mask
    move: Float
    surprise: Float
    within: Float
    width: Float
    same_way: Float
    far: Int
    cities: Int

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
    median = median_of_known(changes)
    usual = median_of_known(median)[..., None]
    deviation = limit.MAD_DEVIATIONS * median_of_known(np.abs(median - usual))[..., None]
    apart = np.abs(changes - median[..., None])
    decile = quantile_of_known(apart, 0.9)
    reach = np.fmax(median_of_known(decile), limit.LEAST_SCATTER)[..., None]
    further = changes - usual[..., None]
    side = np.sign(median_of_known(further))
    same = side[..., None] * further >= np.log(limit.MOVED)
    return YearMoves(
        kept=kept,
        move=median - usual,
        surprise=np.abs(median - usual) / np.fmax(deviation, limit.LEAST_YEAR_MOVE),
        within=quantile_of_known(apart, 0.75),
        width=decile / reach,
        same_way=same.sum(axis=-1) / np.maximum(known, 1),
        far=(np.abs(further) > limit.WIDER * reach[..., None]).sum(axis=-1),
        cities=np.where(kept, known, 0),
    )


def _changes(logs: Float, observed: Mask) -> Float:
    """Return the changes since the last year with values, shape (variables, years, cities)."""
    years = np.arange(logs.shape[-1])
    newest = np.maximum.accumulate(np.where(observed, years, -1), axis=-1)
    before = np.concatenate([np.full((len(newest), 1), -1), newest[:, :-1]], axis=-1)
    by_year = np.ascontiguousarray(np.swapaxes(logs, -1, -2))
    earlier = np.take_along_axis(by_year, np.maximum(before, 0)[..., None], axis=-2)
    follows = (observed & (before >= 0))[..., None]
    return np.where(follows, by_year - earlier, np.nan)
