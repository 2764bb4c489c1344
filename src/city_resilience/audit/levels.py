"""Levels that shift and stay: in one city, or in many cities in the same year."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from city_resilience.audit import thresholds as limit
from city_resilience.audit.expected import Trajectory
from city_resilience.audit.rule import Rule, VariableView
from city_resilience.audit.trajectories import Float, Mask, cells_of
from city_resilience.audit.wording import compared, likely_power
from city_resilience.reading.issues import Issue

__all__ = ["RULES", "YearMove", "breaks", "jumps", "shifts", "year_moves"]


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


def jumps(view: VariableView) -> Iterator[Issue]:
    """Find cities whose level shifts from one year to the next and stays there."""
    trajectory, shift = view.trajectory, shifts(view.trajectory)
    with np.errstate(invalid="ignore"):
        surprise = np.abs(shift) / trajectory.usual_move
        least = limit.JUMP_OUTCOME if view.is_outcome else limit.JUMP
        found = least.reached(shift, surprise)
    for at in cells_of(found):
        stays = ", and stays there"
        if trajectory.known_after[at] == 0:
            stays = "; there is no later year to compare"
        why = f"{stays}: restated, redrawn or redefined?"
        expected, then = float(np.exp(trajectory.before[at])), "the years before"
        yield view.off(
            "warning", "jump", at, then, expected, ratio=shift[at], why=why, surprise=surprise[at]
        )


def shifts(trajectory: Trajectory) -> Float:
    """Return by how much each cell's level shifts for good; 0 where it does not.

    A shift needs two known years before it that agree; the level after it, where known, must lie
    with the cell and not with the level before.
    """
    floor, before = trajectory.floor, trajectory.before
    away = trajectory.from_before
    later = np.maximum(trajectory.after, floor) - np.maximum(before, floor)
    left = np.where(np.isfinite(later), later, away)
    size = np.where(away * left > 0, np.sign(away) * np.minimum(np.abs(away), np.abs(left)), 0.0)
    settled = np.abs(trajectory.nearest_before - before) <= limit.STAYS * np.abs(size)
    stays = np.abs(away - left) <= limit.STAYS * np.maximum(np.abs(away), np.abs(left))
    usable = settled & stays & (trajectory.known_before >= 2) & np.isfinite(size)
    return np.asarray(np.where(usable, size, 0.0))


def breaks(view: VariableView) -> Iterator[Issue]:
    """Find years into which many cities of a variable moved otherwise than usual."""
    for year in year_moves(view.trajectory.past.logs, view.observed()):
        if year.together or year.apart:
            yield _break(view, year)


def year_moves(logs: Float, observed: NDArray[np.int64]) -> list[YearMove]:
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
    scale = max(1.4826 * float(np.median(np.abs(median - usual))), limit.LEAST_YEAR_MOVE)
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


def _break(view: VariableView, year: YearMove) -> Issue:
    when = int(view.years[year.at])
    if not year.together:
        reason = (
            f"{year.far} of {year.cities} cities move far more into {when} than cities usually "
            "do: restated or redefined?"
        )
        return view.issue(
            "warning", "break", reason, years=(when,), cities=year.far, surprise=year.width
        )
    reason = (
        f"the {year.cities} cities are, in the median, {compared(year.move)} what the usual "
        f"change into {when} lets expect: re-based, restated, in another unit, or a shock?"
    )
    if likely_power(np.array([year.move]))[0] != 0:
        reason += " The factor is close to a power of ten"
    factor, cities = float(np.exp(year.move)), year.cities
    return view.issue(
        "warning",
        "break",
        reason,
        years=(when,),
        factor=factor,
        cities=cities,
        surprise=year.surprise,
    )


RULES = (
    Rule("break", "Level break in many cities", "多城市水平断裂", breaks),
    Rule("jump", "Level shift in one city", "单个城市水平突变", jumps),
)
