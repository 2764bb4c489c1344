"""How the cities of a variable moved into each year, against its other years."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from city_resilience.arrays import Float, Int, Mask
from city_resilience.audit import thresholds as limit

__all__ = ["YearMove", "year_moves"]


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
    """

    at: int
    move: float
    surprise: float
    within: float
    width: float
    same_way: float
    far: int
    cities: int

    @property
    def together(self) -> bool:
        """Whether the cities moved by much in the median, surprisingly or all the same way."""
        move, least = abs(self.move), limit.BREAK
        surprising = move >= np.log(least.factor) and self.surprise >= least.moves
        alike = self.same_way >= limit.SAME_WAY
        return bool(surprising or (move >= np.log(limit.BREAK_ALIKE) and alike))

    @property
    def apart(self) -> bool:
        """Whether the cities moved far further apart than usual."""
        least = max(limit.WIDER_CITIES, self.cities // limit.WIDER_ONE_IN)
        return self.width >= limit.WIDER and self.far >= least


def year_moves(logs: Float, observed: Int) -> list[YearMove]:
    """Compare the cities' changes into each year with those into the others.

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
    changes = np.diff(logs[:, observed], axis=1)
    known = np.isfinite(changes).sum(axis=0)
    changes, kept = changes[:, known >= 2], observed[1:][known >= 2]
    if len(kept) < limit.LEAST_CHANGES:
        return []
    median = np.nanmedian(changes, axis=0)
    usual = float(np.median(median))
    scale = max(
        limit.MAD_DEVIATIONS * float(np.median(np.abs(median - usual))), limit.LEAST_YEAR_MOVE
    )
    apart = np.abs(changes - median)
    decile = np.nanquantile(apart, 0.9, axis=0)
    reach = max(float(np.median(decile)), limit.LEAST_SCATTER)
    far: Mask = np.abs(changes - usual) > limit.WIDER * reach
    return [
        YearMove(
            at=int(kept[one]),
            move=float(median[one] - usual),
            surprise=float(abs(median[one] - usual)) / scale,
            within=float(np.nanquantile(apart[:, one], 0.75)),
            width=float(decile[one]) / reach,
            same_way=_same_way(changes[:, one], usual),
            far=int(far[:, one].sum()),
            cities=int(np.isfinite(changes[:, one]).sum()),
        )
        for one in range(len(kept))
    ]


def _same_way(changes: Float, usual: float) -> float:
    beyond_usual = changes[np.isfinite(changes)] - usual
    side = np.sign(np.median(beyond_usual))
    return float(np.mean(side * beyond_usual >= np.log(limit.MOVED)))
