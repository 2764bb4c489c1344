"""Coverage of a panel's series: which years they reach, and where they have holes."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from typing import Any

from city_resilience.audit.wording import span

__all__ = ["STEPS", "THIN", "percent", "series_by_variable", "step"]

STEPS = (0.25, 0.50, 0.75, 0.90, 0.995)
THIN = 0.75


def series_by_variable(
    rows: Iterable[Mapping[str, Any]], variables: Iterable[str], years: Sequence[int]
) -> dict[str, dict[str, Any]]:
    """Return how each variable covers consecutive years.

    Parameters
    ----------
    rows : iterable of mapping
        ``variable``, ``year``, ``share``; a pair that is not listed has no value.

    Returns
    -------
    dict
        Variable → ``cells`` (``step``, ``percent`` of each year), ``reach`` (years from the first
        to the last with a value, "" for none), ``late`` and ``early`` (the first year where it is
        not that of the panel, the last likewise, else None), ``whole`` (every year has a value),
        ``gaps`` (years without any value in between) and ``thin`` (years in which some, but fewer
        than 75 % of the cities have one).
    """
    shares = {(row["variable"], int(row["year"])): float(row["share"]) for row in rows}
    return {
        variable: _series({year: shares.get((variable, year), 0.0) for year in years})
        for variable in variables
    }


def _series(shares: Mapping[int, float]) -> dict[str, Any]:
    years = list(shares)
    seen = [year for year in years if shares[year] > 0]
    first, last = (seen[0], seen[-1]) if seen else (years[0], years[-1])
    gaps = _runs(year for year in range(first, last + 1) if seen and year not in seen)
    late, early = first > years[0], last < years[-1]
    return {
        "cells": [{"step": step(own), "percent": percent(own)} for own in shares.values()],
        "reach": span((first, last)) if seen else "",
        "late": first if late else None,
        "early": last if early else None,
        "whole": bool(seen) and not (late or early or gaps),
        "gaps": gaps,
        "thin": _runs(year for year in seen if shares[year] < THIN),
    }


def _runs(years: Iterable[int]) -> list[str]:
    """Write runs of consecutive years as spans."""
    runs = groupby(enumerate(years), key=lambda pair: pair[1] - pair[0])
    found = ([year for _, year in run] for _, run in runs)
    return [span((run[0], run[-1])) for run in found]


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
