"""Single cells that leave a city's trajectory and return to it; the outcome looked at hard."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from city_resilience.arrays import Float, Int, Mask, Positions
from city_resilience.audit import thresholds as limit
from city_resilience.audit.expected import Past, Trajectory
from city_resilience.audit.rule import Rule, VariableView
from city_resilience.audit.stack import Stack
from city_resilience.audit.thresholds import Departure
from city_resilience.audit.wording import likely_power, why_factor
from city_resilience.reading.issues import Issue, Level

__all__ = ["RULES", "Evidence", "outcome_spikes", "spikes", "weigh"]

Cells = tuple[Positions, ...]
"""Rows and columns of cells, and of several variables their positions before them."""


@dataclass(frozen=True)
class Evidence:
    """What speaks for a wrong cell; one entry for each cell that is doubted.

    Attributes
    ----------
    at : tuple of ndarray of int
        Rows and columns; before them the variables, where there are several.
    off : ndarray
        ln of how far the cell is beyond the nearer of its two sides, signed.
    expected : ndarray
        ln of what both sides let expect, or the one that there is.
    surprise : ndarray
        ``off`` in usual moves of the neighbours in rank.
    disagreement : ndarray
        Distance of the two sides from each other, relative to ``off``.
    likeness : ndarray of int
        Number of the city's other years whose level is nearer to the cell than to its path.
    own : ndarray
        ``off`` in the upper quartile of the city's own other moves.
    power : ndarray
        Likely power of ten, 0 where none fits.
    edge : ndarray of bool
        Whether one side only is known.
    leaving : ndarray of int
        How many variables leave their trajectory in its city and year.
    masked : ndarray of bool
        Whether its past alone condemns it.
    """

    at: Cells
    off: Float
    expected: Float
    surprise: Float
    disagreement: Float
    likeness: Int
    own: Float
    power: Float
    edge: Mask
    leaving: NDArray[np.int16]
    masked: Mask

    def returned(self, least: Departure, apart: float) -> Mask:
        """Return cells between two sides that agree, far off in both yardsticks."""
        far = least.reached(self.off, self.surprise) & (self.own >= limit.OWN_MOVES)
        agree = ~self.edge & (self.disagreement <= apart) & (self.likeness <= 1)
        return np.asarray(far & agree)

    @property
    def certain(self) -> Mask:
        """Which cells are almost certainly wrong.

        Those that leave by a factor of five or more and return, further than eight usual moves of
        their neighbours (six if a power of ten puts them back on the trajectory) and four of their
        own; or, where one side only is known, by a power of ten and alone among the variables.
        """
        typed = (self.power != 0) & (self.likeness == 0)
        returned = self.returned(limit.WRONG, limit.SIDES_AGREE)
        shifted = self.returned(limit.WRONG_POWER, limit.SIDES_AGREE_POWER) & typed
        far = limit.WRONG_EDGE.reached(self.off, self.surprise) & (self.own >= limit.OWN_MOVES)
        edge = self.edge & far & typed & (self.leaving <= limit.EDGE_LEAVING)
        return np.asarray(returned | shifted | edge)


def spikes(view: VariableView) -> Iterator[Issue]:
    """Find single cells off the trajectory of their city, and those masked for it."""
    evidence = _weighed(view, limit.DOUBTED)
    wrong, masked = evidence.certain, evidence.masked
    warned = ~evidence.edge & (evidence.disagreement <= limit.SIDES_AGREE_WARNING)
    for one in range(len(wrong)):
        if wrong[one]:
            yield _off_both_sides(view, evidence, one, "spike", "error")
        elif masked[one]:
            yield _as_of_then(view, (int(evidence.at[0][one]), int(evidence.at[1][one])))
        elif warned[one] and not view.is_amount:
            yield _off_both_sides(view, evidence, one, "spike", "warning")


def outcome_spikes(view: VariableView) -> Iterator[Issue]:
    """Find cells of the outcome off its trajectory by less than other variables are allowed."""
    if not view.is_amount:
        return
    evidence = _weighed(view, limit.DOUBTED_OUTCOME)
    spike = evidence.certain | evidence.masked
    wrong = evidence.returned(limit.WRONG_OUTCOME, limit.SIDES_AGREE)
    doubted = wrong | (evidence.disagreement <= limit.SIDES_AGREE)
    for one in np.flatnonzero(doubted & ~spike & ~evidence.edge):
        level: Level = "error" if wrong[one] else "warning"
        yield _off_both_sides(view, evidence, int(one), "outcome", level)


def _weighed(view: VariableView, least: Departure) -> Evidence:
    leaving = view.panel_view.masked.leaving
    return weigh(view.trajectory, view.masked_by("spike"), leaving, least)


def weigh(
    trajectory: Trajectory, masked: Mask, leaving: NDArray[np.int16], least: Departure
) -> Evidence:
    """Collect what speaks for and against each cell that is off by so much or masked.

    Parameters
    ----------
    trajectory : Trajectory
        Of one variable, or of several at once.
    masked : ndarray of bool
        Cells that their past condemns, in the shape of the trajectory.
    leaving : ndarray of int16, shape (cities, years)
        How many variables leave their trajectory.
    least : Departure
    """
    past = trajectory.past
    with np.errstate(invalid="ignore", divide="ignore"):
        off = _off(trajectory)
        at = np.nonzero(least.reached(off, np.abs(off) / trajectory.usual_move) | masked)
        off, logs, both = off[at], past.logs[at], trajectory.both_known[at]
        before, after = trajectory.before[at], trajectory.after[at]
        year = (*at[:-2], at[-1])
        floor = trajectory.floor[year]
        apart = np.abs(np.maximum(before, floor) - np.maximum(after, floor))
        expected = np.where(both, (before + after) / 2, np.fmax(before, after))
        usual = trajectory.usual_move[at]  # of one side alone, no less than this very year's
        usual = np.where(both, usual, np.fmax(usual, past.usual_move[at]))
        return Evidence(
            at=at,
            off=off,
            expected=expected,
            surprise=np.abs(off) / usual,
            disagreement=np.where(both, apart / np.abs(off), 0.0),
            likeness=_likeness(past, at, off),
            own=np.abs(off) / np.maximum(_own_moves(past, at), limit.LEAST_OWN_MOVE),
            power=_whole_numbers(past.steps[year], logs, likely_power(logs - expected)),
            edge=~both,
            leaving=leaving[at[-2:]],
            masked=masked[at],
        )


def _off(trajectory: Trajectory) -> Float:
    """Return how far each cell is beyond the nearer side, or the one that is known.

    0 where the cell lies between its two sides, or the one side is short.
    """
    left, right = trajectory.from_before, trajectory.from_after
    nearer = np.minimum(np.abs(left), np.abs(right))
    two_sided = np.where(left * right > 0, np.sign(left) * nearer, 0.0)
    left = np.where(trajectory.known_before >= limit.EDGE_KNOWN, left, 0.0)
    right = np.where(trajectory.known_after >= limit.EDGE_KNOWN, right, 0.0)
    one_sided = np.where(trajectory.known_before > 0, left, right)
    return np.asarray(np.where(trajectory.both_known, two_sided, one_sided))


def _whole_numbers(steps: Float, logs: Float, power: Float) -> Float:
    """Leave out powers of ten that would make a fraction of what is counted in whole numbers."""
    units = np.exp(logs) / 10.0**power / np.maximum(steps, 1.0)
    broken = np.abs(units - np.round(units)) > 1e-6 * np.maximum(units, 1.0)
    return np.where(broken & (steps >= 1) & (power > 0), 0.0, power)


def _likeness(past: Past, at: Cells, off: Float) -> Int:
    rows = np.arange(len(off))
    detrended = (past.logs - past.national)[at[:-1]]
    distance = np.abs(detrended - detrended[rows, at[-1]][:, None])
    distance[rows, at[-1]] = np.inf
    near: Int = (distance < np.abs(off)[:, None] / 2).sum(axis=1)
    return near


def _own_moves(past: Past, at: Cells) -> Float:
    """Return the upper quartile of a city's moves, those into and out of the cell left out."""
    rows, year = np.arange(len(at[0])), at[-1]
    moves = np.abs(past.moves[at[:-1]])
    later = np.isfinite(moves) & (np.arange(moves.shape[1]) > year[:, None])
    following = np.where(later.any(axis=1), later.argmax(axis=1), year)
    moves[rows, year] = np.nan
    moves[rows, following] = np.nan
    ordered, known = np.sort(moves, axis=1), np.isfinite(moves).sum(axis=1)
    quartile = ordered[rows, np.maximum(np.ceil(0.75 * known).astype(int) - 1, 0)]
    return np.asarray(np.where(known > 0, quartile, np.inf))


def _off_both_sides(
    view: VariableView, evidence: Evidence, one: int, kind: str, level: Level
) -> Issue:
    at = (int(evidence.at[0][one]), int(evidence.at[1][one]))
    others = max(int(evidence.leaving[one]) - 1, 0)
    power = int(evidence.power[one]) if others < limit.OTHERS_LEAVING else 0
    why = f": {why_factor(power)}?" if power and level == "error" else ""
    if others >= limit.OTHERS_LEAVING:
        why += f"; {others} other variables of the city do not fit in that year either"
    expected, surprise = float(np.exp(evidence.expected[one])), evidence.surprise[one]
    named = _witnesses(view, at)
    return view.off(level, kind, at, named, expected, why=why, power=power, surprise=surprise)


def _as_of_then(view: VariableView, at: tuple[int, int]) -> Issue:
    """Return the issue of a cell that its past alone condemns, whatever came after."""
    past = view.trajectory.past
    power = int(likely_power(past.logs - past.expected)[at])
    power = power or int(likely_power(past.logs - past.last)[at])
    why = f": {why_factor(power) if power else 'mistyped'}? The years after do not return"
    expected, then = float(np.exp(past.expected[at])), "the years before"
    surprise = past.surprise[at]
    return view.off("error", "spike", at, then, expected, why=why, power=power, surprise=surprise)


def _witnesses(view: VariableView, at: tuple[int, int]) -> str:
    """Name the years on both sides that the expectation comes from."""
    known = np.flatnonzero(np.isfinite(view.trajectory.past.logs[at[0]]))
    before, after = known[known < at[1]][-1:], known[known > at[1]][:1]
    named = [str(view.years[year]) for year in (*before, *after)]
    return " and ".join(named) if len(named) > 1 else f"{named[0]} and its neighbours"


def _may_be_off(stack: Stack) -> Mask:
    with np.errstate(invalid="ignore", divide="ignore"):
        off = _off(stack.trajectory)
        far = limit.DOUBTED.reached(off, np.abs(off) / stack.trajectory.usual_move)
    return np.asarray(far.any(axis=(1, 2)) | stack.masked_by("spike"))


def _may_be_wrong(stack: Stack) -> Mask:
    cells = stack.cells_masked_by("spike")
    evidence = weigh(stack.trajectory, cells, stack.masked.leaving, limit.DOUBTED)
    found = np.zeros(len(stack.variables), dtype=bool)
    found[evidence.at[0][evidence.certain | evidence.masked]] = True
    return found


def _may_be_doubtful(stack: Stack) -> Mask:
    return stack.is_outcome


RULES = (
    Rule(
        "spike",
        "Value that does not fit other years",
        "与其他年份不符的数值",
        spikes,
        may=_may_be_off,
        may_err=_may_be_wrong,
    ),
    Rule(
        "outcome",
        "Doubtful outcome",
        "存疑的结果变量",
        outcome_spikes,
        may=_may_be_doubtful,
        may_err=_may_be_doubtful,
    ),
)
