"""Coverage of a panel's series: which years they reach, and where they have holes.

Works on rows ``{"variable", "year", "share"}`` as `audit.AuditResult.as_dict` gives them; a pair
that is not listed has no value.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

__all__ = ["STEPS", "THIN", "Series", "percent", "series_by_variable", "step"]

STEPS = (0.25, 0.50, 0.75, 0.90, 0.995)
THIN = 0.75


@dataclass(frozen=True)
class Series:
    """How one variable covers the years of the panel.

    Attributes
    ----------
    shares : tuple of float
        Share of the cities with a value, one a year of the panel.
    years : tuple of int
        First and last year with any value; empty where there is none.
    late, early : bool
        It begins after the panel's first year; it stops before its last.
    gaps : tuple of (int, int)
        Runs of years without any value in between.
    thin : tuple of (int, int)
        Runs of years in which some, but fewer than 75 % of the cities have a value.
    """

    shares: tuple[float, ...]
    years: tuple[int, ...]
    late: bool
    early: bool
    gaps: tuple[tuple[int, int], ...]
    thin: tuple[tuple[int, int], ...]

    @property
    def whole(self) -> bool:
        """Tell whether every year of the panel has a value."""
        return bool(self.years) and not (self.late or self.early or self.gaps)


def series_by_variable(
    rows: Iterable[Mapping[str, Any]], variables: Iterable[str], years: Sequence[int]
) -> dict[str, Series]:
    """Return the coverage of each variable over the given consecutive years."""
    shares = {(row["variable"], int(row["year"])): float(row["share"]) for row in rows}
    return {
        variable: _series([shares.get((variable, year), 0.0) for year in years], years)
        for variable in variables
    }


def _series(shares: Sequence[float], years: Sequence[int]) -> Series:
    seen = [year for year, share in zip(years, shares, strict=True) if share > 0]
    reach = (seen[0], seen[-1]) if seen else ()
    inside = set(range(seen[0], seen[-1] + 1)) if seen else set()
    return Series(
        shares=tuple(shares),
        years=reach,
        late=bool(seen) and seen[0] > years[0],
        early=bool(seen) and seen[-1] < years[-1],
        gaps=_runs(sorted(inside.difference(seen))),
        thin=_runs([y for y, share in zip(years, shares, strict=True) if 0 < share < THIN]),
    )


def _runs(years: Sequence[int]) -> tuple[tuple[int, int], ...]:
    runs: list[tuple[int, int]] = []
    for year in years:
        if runs and year == runs[-1][1] + 1:
            runs[-1] = (runs[-1][0], year)
        else:
            runs.append((year, year))
    return tuple(runs)


def step(share: float) -> int:
    """Return the step of the colour scale, 0 (no value) to 6 (all cities).

    Examples
    --------
    >>> [step(share) for share in (0, 0.001, 0.61, 0.96, 1)]
    [0, 1, 3, 5, 6]
    """
    return 0 if share <= 0 else 1 + bisect_right(STEPS, share)


def percent(share: float) -> str:
    """Write a share in percent so that only a full one reads 100 and only an empty one 0.

    Examples
    --------
    >>> [percent(share) for share in (0, 0.0001, 0.614, 0.9966, 0.99999, 1)]
    ['0', '0.1', '61', '99.7', '99.9', '100']
    """
    if share <= 0 or share >= 1:
        return "0" if share <= 0 else "100"
    value = min(max(100 * share, 0.1), 99.9)
    return f"{value:.0f}" if 1 <= value < 99.5 else f"{value:.1f}"
