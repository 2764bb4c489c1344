"""Single cells that leave a city's path and return to it; the outcome under a stricter eye."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from city_resilience.audit.expectation import Path
from city_resilience.audit.figures import (
    compared,
    correction_factor,
    likely_power,
    shown,
    why_factor,
)
from city_resilience.audit.finding import Finding, Severity
from city_resilience.audit.subject import Look
from city_resilience.audit.trajectories import Float, Mask

__all__ = ["Evidence", "certain", "outcome_spikes", "spikes", "weigh"]

_LEAST_LOG, _LEAST_SIGMAS = np.log(1.3), 6.0
_OUTCOME_LOG, _OUTCOME_SIGMAS = np.log(1.1), 4.0
_OUTCOME_ERROR_LOG, _OUTCOME_ERROR_SIGMAS = np.log(1.25), 8.0
_ERROR_LOG, _ERROR_SIGMAS, _POWER_SIGMAS, _EDGE_SIGMAS = np.log(5.0), 8.0, 6.0, 15.0
_EDGE_COMPANY, _EDGE_KNOWN, _EDGE_TOLERANCE = 2, 3, 0.1
_OWN_MOVES = 4.0
_LEAST_OWN = 0.005
_COMPANY = 3


@dataclass(frozen=True)
class Evidence:
    """What speaks for a wrong cell; one entry for each cell that is doubted.

    Attributes
    ----------
    city, at : ndarray of int
        Row and column.
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
    """

    city: NDArray[np.int64]
    at: NDArray[np.int64]
    off: Float
    expected: Float
    surprise: Float
    disagreement: Float
    likeness: NDArray[np.int64]
    own: Float
    power: Float
    edge: Mask


def spikes(look: Look) -> Iterator[Finding]:
    """Find single cells off the path of their city, and those held out for it."""
    strict = look.id == look.subject.outcome
    evidence = weigh(look.path, _doubted(look, _LEAST_LOG, _LEAST_SIGMAS))
    company = look.subject.company[evidence.city, evidence.at]
    wrong = certain(evidence, company)
    masked = look.subject.masked_by(look.id, "spike")[evidence.city, evidence.at]
    for one in range(len(evidence.city)):
        if wrong[one]:
            yield _finding(look, evidence, one, "spike", "error")
        elif masked[one]:
            yield _as_of_then(look, (int(evidence.city[one]), int(evidence.at[one])))
        elif not strict and _warned(evidence, one):
            yield _finding(look, evidence, one, "spike", "warning")


def outcome_spikes(look: Look) -> Iterator[Finding]:
    """Find cells of the outcome off their path by less than other variables are allowed."""
    if look.id != look.subject.outcome:
        return
    evidence = weigh(look.path, _doubted(look, _OUTCOME_LOG, _OUTCOME_SIGMAS))
    company = look.subject.company[evidence.city, evidence.at]
    spike = certain(evidence, company)
    spike |= look.subject.masked_by(look.id, "spike")[evidence.city, evidence.at]
    wrong = _returns(evidence, _OUTCOME_ERROR_LOG, _OUTCOME_ERROR_SIGMAS, 0.5)
    for one in np.flatnonzero(~spike & ~evidence.edge):
        severity: Severity = "error" if wrong[one] else "warning"
        if wrong[one] or evidence.disagreement[one] <= 0.5:
            yield _finding(look, evidence, int(one), "outcome", severity)


def weigh(path: Path, cells: Mask) -> Evidence:
    """Collect what speaks for and against each cell of a mask, shape (cities, years)."""
    city, at = np.nonzero(cells)
    logs, both = path.past.logs[city, at], _both_known(path)[city, at]
    before, after = path.before[city, at], path.after[city, at]
    with np.errstate(invalid="ignore", divide="ignore"):
        off = np.where(both, _two_sided(path)[city, at], _one_sided(path)[city, at])
        apart = np.abs(np.maximum(before, path.floor[at]) - np.maximum(after, path.floor[at]))
        expected = np.where(both, (before + after) / 2, np.fmax(before, after))
        return Evidence(
            city=city,
            at=at,
            off=off,
            expected=expected,
            surprise=np.abs(off) / _yardstick(path, city, at, both),
            disagreement=np.where(both, apart / np.abs(off), 0.0),
            likeness=_likeness(path, city, at, off),
            own=np.abs(off) / np.maximum(_own_moves(path, city, at), _LEAST_OWN),
            power=_whole_numbers(path, at, logs, likely_power(logs - expected)),
            edge=~both,
        )


def certain(evidence: Evidence, company: NDArray[np.int16]) -> Mask:
    """Say which cells are almost certainly wrong.

    A cell that leaves by a factor of five or more and returns, further than eight usual moves of
    its neighbours (six if a power of ten puts it back on the path) and four of its own; or, where
    one side only is known, by a power of ten and alone among the city's variables.

    Parameters
    ----------
    evidence : Evidence
    company : ndarray of int
        For each cell, how many variables leave their path in its city and year.
    """
    size = np.abs(evidence.off)
    typed = evidence.power != 0
    returned = _returns(evidence, _ERROR_LOG, _ERROR_SIGMAS, 0.5)
    shifted = _returns(evidence, _ERROR_LOG, _POWER_SIGMAS, 0.3) & typed & (evidence.likeness == 0)
    edge = evidence.edge & (size >= _ERROR_LOG) & (evidence.surprise >= _EDGE_SIGMAS) & typed
    edge &= (evidence.own >= _OWN_MOVES) & (evidence.likeness == 0) & (company <= _EDGE_COMPANY)
    return np.asarray(returned | shifted | edge)


def _returns(evidence: Evidence, least: float, sigmas: float, apart: float) -> Mask:
    """Return cells between two sides that agree, far off in both yardsticks."""
    return np.asarray(
        ~evidence.edge
        & (np.abs(evidence.off) >= least)
        & (evidence.surprise >= sigmas)
        & (evidence.own >= _OWN_MOVES)
        & (evidence.disagreement <= apart)
        & (evidence.likeness <= 1)
    )


def _warned(evidence: Evidence, one: int) -> bool:
    return bool(not evidence.edge[one] and evidence.disagreement[one] <= 0.6)


def _doubted(look: Look, least: float, sigmas: float) -> Mask:
    """Return the cells worth weighing, those held out for leaving their path included."""
    path = look.path
    off = np.abs(np.where(_both_known(path), _two_sided(path), _one_sided(path)))
    with np.errstate(invalid="ignore"):
        far = (off >= least) & (off >= sigmas * path.spread)
    return np.asarray(far | look.subject.masked_by(look.id, "spike"))


def _both_known(path: Path) -> Mask:
    return np.asarray((path.known_before > 0) & (path.known_after > 0))


def _two_sided(path: Path) -> Float:
    """Return the nearer of both distances, 0 where the sides lie on either side of the cell."""
    left, right = path.from_before, path.from_after
    nearer = np.minimum(np.abs(left), np.abs(right))
    return np.asarray(np.where(left * right > 0, np.sign(left) * nearer, 0.0))


def _one_sided(path: Path) -> Float:
    left = np.where(path.known_before >= _EDGE_KNOWN, path.from_before, 0.0)
    return np.asarray(
        np.where(
            path.known_before > 0,
            left,
            np.where(path.known_after >= _EDGE_KNOWN, path.from_after, 0.0),
        )
    )


def _yardstick(path: Path, city: NDArray[np.int64], at: NDArray[np.int64], both: Mask) -> Float:
    """Return the usual move; where one side only is known, no less than this very year's."""
    usual = path.spread[city, at]
    return np.asarray(np.where(both, usual, np.fmax(usual, path.past.spread[city, at])))


def _whole_numbers(path: Path, at: NDArray[np.int64], logs: Float, power: Float) -> Float:
    """Leave out powers of ten that would make a fraction of what is counted in whole numbers."""
    units = np.exp(logs) / 10.0**power / np.maximum(path.past.steps[at], 1.0)
    broken = np.abs(units - np.round(units)) > 1e-6 * np.maximum(units, 1.0)
    return np.where(broken & (path.past.steps[at] >= 1) & (power > 0), 0.0, power)


def _likeness(
    path: Path, city: NDArray[np.int64], at: NDArray[np.int64], off: Float
) -> NDArray[np.int64]:
    rows = np.arange(len(city))
    detrended = (path.past.logs - path.past.national)[city]
    distance = np.abs(detrended - detrended[rows, at][:, None])
    distance[rows, at] = np.inf
    near: NDArray[np.int64] = (distance < np.abs(off)[:, None] / 2).sum(axis=1)
    return near


def _own_moves(path: Path, city: NDArray[np.int64], at: NDArray[np.int64]) -> Float:
    """Return the upper quartile of a city's moves, those into and out of the cell left out."""
    rows = np.arange(len(city))
    moves = np.abs(path.past.moves[city])
    later = np.isfinite(moves) & (np.arange(moves.shape[1]) > at[:, None])
    following = np.where(later.any(axis=1), later.argmax(axis=1), at)
    moves[rows, at] = np.nan
    moves[rows, following] = np.nan
    ordered, known = np.sort(moves, axis=1), np.isfinite(moves).sum(axis=1)
    quartile = ordered[rows, np.maximum(np.ceil(0.75 * known).astype(int) - 1, 0)]
    return np.asarray(np.where(known > 0, quartile, np.inf))


def _finding(look: Look, evidence: Evidence, one: int, check: str, severity: Severity) -> Finding:
    at = (int(evidence.city[one]), int(evidence.at[one]))
    power, others = int(evidence.power[one]), max(int(look.subject.company[at]) - 1, 0)
    power = power if others < _COMPANY else 0
    value, expected = float(look.values[at]), float(np.exp(evidence.expected[one]))
    reason = (
        f"{shown(value)}{look.unit} is {compared(np.log(value / expected))} what "
        f"{_witnesses(look, at)} let expect ({shown(expected, 3)})"
    )
    if power and severity == "error":
        reason += f": {why_factor(power)}?"
    if others >= _COMPANY:
        reason += f"; {others} other variables leave their path in that city and year"
    return look.subject.cell(
        check,
        severity,
        look.id,
        at,
        reason,
        expected=expected,
        factor=10.0**power if power else None,
        correction=correction_factor(power) if power else "drop",
        surprise=float(min(evidence.surprise[one], 999.0)),
    )


def _as_of_then(look: Look, at: tuple[int, int]) -> Finding:
    """Return the finding of a cell that its past alone condemns, whatever came after."""
    past, value = look.path.past, float(look.values[at])
    power = int(likely_power(past.logs - past.expected)[at])
    power = power or int(likely_power(past.logs - past.last)[at])
    expected = float(np.exp(past.expected[at]))
    return look.subject.cell(
        "spike",
        "error",
        look.id,
        at,
        f"{shown(value)}{look.unit} is {compared(np.log(value / expected))} what the years before "
        f"let expect ({shown(expected, 3)}): {why_factor(power) if power else 'mistyped'}? "
        "The years after do not return",
        expected=expected,
        factor=10.0**power if power else None,
        correction=correction_factor(power) if power else "drop",
        surprise=float(min(abs(past.departure[at]) / past.spread[at], 999.0)),
    )


def _witnesses(look: Look, at: tuple[int, int]) -> str:
    """Name the years on both sides that the expectation comes from."""
    known = np.flatnonzero(np.isfinite(look.path.past.logs[at[0]]))
    before, after = known[known < at[1]][-1:], known[known > at[1]][:1]
    named = [str(look.years[year]) for year in (*before, *after)]
    return " and ".join(named) if len(named) > 1 else f"{named[0]} and its neighbours"
