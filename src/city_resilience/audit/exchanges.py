"""Values of one year that stand in the wrong cities: the numbers are right, their rows are not."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from city_resilience.arrays import Float, Mask
from city_resilience.audit import thresholds as limit
from city_resilience.audit.expected import Trajectory
from city_resilience.audit.rule import Rule, VariableView
from city_resilience.audit.stack import Stack
from city_resilience.reading.issues import Issue

__all__ = ["RULES", "exchanged", "exchanges"]


def exchanges(view: VariableView) -> Iterator[Issue]:
    """Find years in which the cities off their trajectory hold one another's values."""
    trajectory = view.trajectory
    expected, surprise, far = _far_off(trajectory)
    for at in np.flatnonzero(far.sum(axis=0) >= 2):
        cities = np.flatnonzero(far[:, at])
        if len(cities) == 2 and surprise[cities, at].min() < limit.EXCHANGED_PAIR_MOVES:
            continue
        if exchanged(trajectory.past.logs[cities, at], expected[cities, at]):
            worst = cities[np.argsort(-surprise[cities, at], kind="stable")]
            year, n, named = int(view.years[at]), len(cities), view.panel_view.named(worst)
            reason = (
                f"the {year} values of {n} cities do not fit their own other years but fit those "
                f"of one another: they are in the wrong rows; {named}"
            )
            about = {"years": (year,), "cities": n, "surprise": surprise[worst[0], at]}
            yield view.issue("error", "exchange", reason, correct="drop", **about)


def _far_off(trajectory: Trajectory) -> tuple[Float, Float, Mask]:
    """Return what both sides let expect, how surprising each cell is, and whether it is far off."""
    expected = (trajectory.before + trajectory.after) / 2
    off = trajectory.past.logs - expected
    with np.errstate(invalid="ignore"):
        surprise = np.abs(off) / trajectory.usual_move
        return expected, surprise, limit.EXCHANGED.reached(off, surprise)


def _may_be_exchanged(stack: Stack) -> Mask:
    """Which have a year whose values, sorted, are near the expected ones, sorted."""
    expected, surprise, far = _far_off(stack.trajectory)
    count = far.sum(axis=1)
    least = np.where(far, surprise, np.inf).min(axis=1)
    asked = (count > 2) | (count == 2) & (least >= limit.EXCHANGED_PAIR_MOVES)
    found = np.zeros(len(asked), dtype=bool)
    own = np.flatnonzero(asked.any(axis=1))
    if not own.size:
        return found
    there = far[own]
    logs = np.sort(np.where(there, stack.trajectory.past.logs[own], np.inf), axis=1)
    likely = np.sort(np.where(there, expected[own], np.inf), axis=1)
    apart = np.abs(np.subtract(logs, likely, out=np.zeros(logs.shape), where=np.isfinite(logs)))
    most = np.where(count[own] == 2, limit.EXCHANGED_PAIR, limit.EXCHANGED_AT_MOST)
    found[own] = (asked[own] & (apart.max(axis=1) <= most)).any(axis=1)
    return found


def exchanged(logs: Float, expected: Float) -> bool:
    """Say whether values are those expected, in another order.

    Parameters
    ----------
    logs, expected : ndarray, shape (cities,)
        Natural logarithms.

    Examples
    --------
    >>> exchanged(np.log([54.0, 249.0, 124.0]), np.log([250.0, 124.2, 53.9]))
    True
    >>> exchanged(np.log([54.0, 249.0, 124.0]), np.log([250.0, 180.0, 80.0]))
    False
    """
    apart = np.abs(np.sort(logs) - np.sort(expected))
    moved = float(np.abs(logs - expected).mean())
    most = limit.EXCHANGED_PAIR if len(logs) == 2 else limit.EXCHANGED_AT_MOST
    fit = np.median(apart) <= limit.EXCHANGED_USUALLY and apart.max() <= most
    return bool(fit and moved >= limit.EXCHANGED_WORTH)


RULES = (
    Rule(
        "exchange",
        "Values in the wrong cities",
        "数值错位到其他城市",
        exchanges,
        may=_may_be_exchanged,
        may_err=_may_be_exchanged,
    ),
)
