"""A city beside its peers: their median forecast, and in which families of drivers it differs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import fmean, median
from typing import Any, TypedDict

from city_resilience.evaluation.driver_sizes import FAMILY
from city_resilience.models.rows import FORECASTING
from city_resilience.report.formatting import rounded
from city_resilience.report.grading import NAMED, Grades

__all__ = ["Beside", "beside_peers", "peers_values"]

MOST = 2
"""Families that are named."""
LEAST = 0.005
"""A difference that is written as zero is none."""

Row = Mapping[str, Any]


class Beside(TypedDict):
    """A city beside its peers at a horizon.

    ``of``: peers with a forecast; ``median``: of these; ``below``: how many of them are forecast
    lower; ``families``: of those that a study grades firm or likely, the ones in which the
    contribution differs most from the peers' mean, with the difference.
    """

    of: int
    median: float | None
    below: int
    families: list[tuple[str, float]]


def beside_peers(
    cities: Sequence[Row], parts: Mapping[str, Row], grades: Grades, horizon: int
) -> dict[str, Beside]:
    """Return each city that has a forecast and peers beside them.

    Parameters
    ----------
    cities : sequence of mapping
        Of the summary, with ``peers``.
    parts : mapping
        City to what its forecast is made of, see `contributions`.
    grades : Grades
    horizon : int
    """
    h = str(horizon)
    told = {
        own["city"]: float(own["h"][h]["forecast"])
        for own in cities
        if h in own["h"] and own["h"][h]["forecast"] is not None
    }
    found: dict[str, Beside] = {}
    for own in cities:
        near = [name for name in own["peers"] if name in told]
        if near and own["city"] in told:
            theirs = [told[name] for name in near]
            found[own["city"]] = {
                "of": len(near),
                "median": rounded(median(theirs)),
                "below": sum(value < told[own["city"]] for value in theirs),
                "families": _differing(own["city"], near, parts, grades, horizon),
            }
    return found


def peers_values(
    peers: Sequence[str], values: Mapping[str, Sequence[float | None]]
) -> list[float | None] | None:
    """Return the medians of some values over the peers, None where no peer has any.

    Examples
    --------
    >>> peers_values(["a", "b", "c"], {"a": [1.0, None], "b": [3.0, None], "d": [9.0, 9.0]})
    [2.0, None]
    """
    rows = [values[name] for name in peers if name in values]
    columns = [
        [value for value in column if value is not None] for column in zip(*rows, strict=True)
    ]
    return [float(f"{median(own):.4g}") if own else None for own in columns] or None


def _differing(
    city: str, near: Sequence[str], parts: Mapping[str, Row], grades: Grades, horizon: int
) -> list[tuple[str, float]]:
    """Return the graded families in which a city differs most from the mean of its peers."""
    others = [parts[name]["families"] for name in near if name in parts]
    if city not in parts or not others:
        return []
    apart = [
        (name, size - fmean(other.get(name) or 0.0 for other in others))
        for name, size in parts[city]["families"].items()
        if size is not None and grades.of(FORECASTING, horizon, FAMILY, name) in NAMED
    ]
    kept = [(name, round(size, 4)) for name, size in apart if abs(size) >= LEAST]
    return sorted(kept, key=lambda row: (-abs(row[1]), row[0]))[:MOST]
