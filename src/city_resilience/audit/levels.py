"""Levels that shift and stay: in one city, or in many cities in the same year."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from city_resilience.arrays import Float, Mask, Strings
from city_resilience.audit import thresholds as limit
from city_resilience.audit.expected import Trajectory, trajectory_of
from city_resilience.audit.rule import Rule, VariableView
from city_resilience.audit.stack import Stack
from city_resilience.audit.trajectories import cells_of
from city_resilience.audit.wording import compared, likely_power
from city_resilience.audit.year_moves import YearMove
from city_resilience.reading.issues import Issue

__all__ = ["RULES", "breaks", "jumps", "level_shifts", "shifts"]


def jumps(view: VariableView) -> Iterator[Issue]:
    """Find cities whose level shifts from one year to the next and stays there."""
    trajectory = view.trajectory
    shift, surprise, found = _jumped(trajectory, view.is_amount)
    for at in cells_of(found):
        stays = ", and stays there"
        if trajectory.known_after[at] == 0:
            stays = "; there is no later year to compare"
        why = f"{stays}: restated, redrawn or redefined?"
        expected, then = float(np.exp(trajectory.before[at])), "the years before"
        yield view.off(
            "warning", "jump", at, then, expected, ratio=shift[at], why=why, surprise=surprise[at]
        )


def level_shifts(outcome: Float, nation: Strings | None = None, *, is_amount: bool = True) -> Float:
    """Return by how much the level of an outcome jumps for good into a year, by the rule ``jump``.

    Parameters
    ----------
    outcome : ndarray, shape (cities, years)
        Consecutive years up to the one in which this is asked; a later one is not looked at.
    nation : ndarray of str, shape (cities,), optional
        Nation of each city; None when all are of one.
    is_amount : bool
        Whether it moves in percent, as all but a rate does.

    Returns
    -------
    ndarray, shape (cities, years)
        In logarithms; 0 where there is no jump.
    """
    shift, _, found = _jumped(trajectory_of(outcome, nation), is_amount)
    return np.asarray(np.where(found, shift, 0.0))


def _jumped(trajectory: Trajectory, is_amount: bool) -> tuple[Float, Float, Mask]:
    """Return the shift of each cell, its surprise in usual moves, and whether it is a jump."""
    shift = shifts(trajectory)
    with np.errstate(invalid="ignore"):
        surprise = np.abs(shift) / trajectory.usual_move
        least = limit.JUMP_OUTCOME if is_amount else limit.JUMP
        return shift, surprise, least.reached(shift, surprise)


def shifts(trajectory: Trajectory) -> Float:
    """Return by how much each cell's level shifts for good; 0 where it does not.

    A shift needs two known years before it that agree; the level after it, where known, must lie
    with the cell and not with the level before.
    """
    floor, before = trajectory.floor[..., None, :], trajectory.before
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
    for year in view.year_moves:
        if year.together or year.apart:
            yield _break(view, year)


def _break(view: VariableView, year: YearMove) -> Issue:
    when = int(view.years[year.at])
    if not year.together:
        reason = (
            f"{year.far} of {year.cities} cities change far more in {when} than cities usually "
            "do: restated or redefined?"
        )
        return view.issue(
            "warning", "break", reason, years=(when,), cities=year.far, surprise=year.width
        )
    reason = (
        f"the {year.cities} cities are, in the median, {compared(year.move)} the level expected "
        f"for {when}: re-based, restated, in another unit, or a shock?"
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


def _may_break(stack: Stack) -> Mask:
    moves = stack.year_moves
    return np.asarray((moves.together | moves.apart).any(axis=1))


def _may_jump(stack: Stack) -> Mask:
    _, _, found = _jumped(stack.trajectory, is_amount=False)
    return np.asarray(found.any(axis=(1, 2)) | stack.is_outcome)


RULES = (
    Rule("break", "Level break in many cities", "多城市口径变动", breaks, may=_may_break),
    Rule("jump", "Level shift in one city", "单个城市水平突变", jumps, may=_may_jump),
)
