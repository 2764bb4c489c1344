"""Values of one year that stand in the wrong cities: the numbers are right, their rows are not."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from city_resilience.audit.finding import Finding, correction_line
from city_resilience.audit.subject import Look
from city_resilience.audit.trajectories import Float

__all__ = ["exchanged", "exchanges"]

_LEAST_LOG, _SIGMAS, _PAIR_SIGMAS = np.log(1.1), 3.0, 8.0
_USUALLY, _AT_MOST, _PAIR = 0.02, 0.15, 0.05
_WORTH = 0.25


def exchanges(look: Look) -> Iterator[Finding]:
    """Find years in which the cities off their path hold one another's values."""
    path = look.path
    expected = (path.before + path.after) / 2
    off = path.past.logs - expected
    with np.errstate(invalid="ignore"):
        far = (np.abs(off) >= _LEAST_LOG) & (np.abs(off) >= _SIGMAS * path.spread)
        surprise = np.abs(off) / path.spread
    for at in np.flatnonzero(far.sum(axis=0) >= 2):
        cities = np.flatnonzero(far[:, at])
        pair = len(cities) == 2
        if pair and surprise[cities, at].min() < _PAIR_SIGMAS:
            continue
        if exchanged(path.past.logs[cities, at], expected[cities, at]):
            worst = cities[np.argsort(-surprise[cities, at], kind="stable")]
            yield _finding(look, int(at), [int(city) for city in worst], surprise[worst[0], at])


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
    most = _PAIR if len(logs) == 2 else _AT_MOST
    return bool(np.median(apart) <= _USUALLY and apart.max() <= most and moved >= _WORTH)


def _finding(look: Look, at: int, cities: list[int], surprise: float) -> Finding:
    year = int(look.years[at])
    return Finding(
        "exchange",
        "error",
        look.id,
        "",
        (year,),
        f"the {year} values of {len(cities)} cities are off their paths and fit the paths of one "
        f"another: they stand in the wrong rows; {look.subject.named(cities, 5)}",
        cities=len(cities),
        correction=correction_line(look.id, "*", year, "drop"),
        surprise=float(min(surprise, 999.0)),
    )
