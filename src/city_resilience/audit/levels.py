"""Levels that shift and stay: in one city, or in many cities in the same year."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from city_resilience.audit.expectation import Path
from city_resilience.audit.figures import compared, likely_power, shown
from city_resilience.audit.finding import Finding
from city_resilience.audit.subject import Look
from city_resilience.audit.trajectories import Float, Mask

__all__ = ["YearMove", "breaks", "jumps", "shifts", "year_moves"]

_JUMP_LOG, _JUMP_SIGMAS = np.log(1.2), 8.0
_OUTCOME_LOG, _OUTCOME_SIGMAS = np.log(1.1), 5.0
_STAYS = 1 / 3
_BREAK_LOG, _BREAK_SIGMAS = np.log(1.1), 5.0
_TOGETHER_LOG, _TOGETHER, _SAME_WAY = np.log(1.5), np.log(1.2), 0.75
_WIDER, _LEAST_DECILE = 3.0, 0.01
_LEAST_YEARS, _LEAST_SCALE = 4, 0.02


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


def jumps(look: Look) -> Iterator[Finding]:
    """Find cities whose level shifts from one year to the next and stays there."""
    outcome = look.id == look.subject.outcome
    least, sigmas = (_OUTCOME_LOG, _OUTCOME_SIGMAS) if outcome else (_JUMP_LOG, _JUMP_SIGMAS)
    shift = shifts(look.path)
    with np.errstate(invalid="ignore"):
        surprise = np.abs(shift) / look.path.spread
        found = (np.abs(shift) >= least) & (surprise >= sigmas)
    for city, at in zip(*np.nonzero(found), strict=True):
        yield _jump(look, (int(city), int(at)), float(shift[city, at]), surprise[city, at])


def shifts(path: Path) -> Float:
    """Return by how much each cell's level shifts for good; 0 where it does not.

    A shift needs two known years before it that agree; the level after it, where known, must lie
    with the cell and not with the level before.
    """
    away, later = path.from_before, _later(path)
    left = np.where(np.isfinite(later), later, away)
    size = np.where(away * left > 0, np.sign(away) * np.minimum(np.abs(away), np.abs(left)), 0.0)
    settled = np.abs(path.nearest_before - path.before) <= _STAYS * np.abs(size)
    stays = np.abs(away - left) <= _STAYS * np.maximum(np.abs(away), np.abs(left))
    usable = settled & stays & (path.known_before >= 2) & np.isfinite(size)
    return np.asarray(np.where(usable, size, 0.0))


def _later(path: Path) -> Float:
    """Return how far the level after each cell is beyond the level before it."""
    return np.asarray(np.maximum(path.after, path.floor) - np.maximum(path.before, path.floor))


def _jump(look: Look, at: tuple[int, int], shift: float, surprise: float) -> Finding:
    value = float(look.values[at])
    expected = float(np.exp(look.path.before[at]))
    newest = look.path.known_after[at] == 0
    stays = "; there is no later year to compare" if newest else ", and stays there"
    return look.subject.cell(
        "jump",
        "warning",
        look.id,
        at,
        f"{shown(value)}{look.unit} is {compared(shift)} what the years before let expect "
        f"({shown(expected, 3)}){stays}: restated, redrawn or redefined?",
        expected=expected,
        surprise=float(min(surprise, 999.0)),
    )


def breaks(look: Look) -> Iterator[Finding]:
    """Find years into which many cities of a variable moved otherwise than usual."""
    for year in year_moves(look.path.past.logs, look.observed()):
        together = abs(year.move) >= _BREAK_LOG and year.surprise >= _BREAK_SIGMAS
        together |= abs(year.move) >= _TOGETHER_LOG and year.same_way >= _SAME_WAY
        wider = year.width >= _WIDER and year.far >= max(3, year.cities // 20)
        if together or wider:
            yield _break(look, year, together=together)


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
    changes = changes[:, np.isfinite(changes).sum(axis=0) >= 2]
    kept = observed[1:][np.isfinite(np.diff(logs[:, observed], axis=1)).sum(axis=0) >= 2]
    if len(kept) < _LEAST_YEARS:
        return []
    median = np.nanmedian(changes, axis=0)
    usual = float(np.median(median))
    scale = max(1.4826 * float(np.median(np.abs(median - usual))), _LEAST_SCALE)
    apart = np.abs(changes - median)
    decile = np.nanquantile(apart, 0.9, axis=0)
    reach = max(float(np.median(decile)), _LEAST_DECILE)
    far: Mask = np.abs(changes - usual) > _WIDER * reach
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
    return float(np.mean(side * beyond_usual >= _TOGETHER))


def _break(look: Look, year: YearMove, *, together: bool) -> Finding:
    when = int(look.years[year.at])
    if together:
        reason = (
            f"the {year.cities} cities are, in the median, {compared(year.move)} what the usual "
            f"change into {when} lets expect: re-based, restated, in another unit, or a shock?"
        )
        if likely_power(np.array([year.move]))[0] != 0:
            reason += " The factor is close to a power of ten"
    else:
        reason = (
            f"{year.far} of {year.cities} cities move far more into {when} than cities usually "
            "do: restated or redefined?"
        )
    return Finding(
        "break",
        "warning",
        look.id,
        "",
        (when,),
        reason,
        factor=float(np.exp(year.move)) if together else None,
        cities=year.cities if together else year.far,
        surprise=float(min(year.surprise if together else year.width, 999.0)),
    )
