"""Parts and their wholes, sectors that should sum: which cells contradict each other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from city_resilience.audit.expectation import Past, know_past
from city_resilience.audit.trajectories import Float, Mask

__all__ = ["PARTS", "SUMS", "Sum", "exceeding", "off_sum", "parts_of", "wrong_side"]

_INDUSTRIES = (
    *("agriculture", "mining", "manufacturing", "utilities", "construction", "transport", "ict"),
    *("trade", "hospitality", "finance", "real_estate", "leasing_business", "research"),
    *("public_facilities", "resident_services", "education", "health", "culture"),
    "public_administration",
)
PARTS: tuple[tuple[str, str], ...] = (
    *((f"employment_{industry}", "unit_employment") for industry in _INDUSTRIES),
    *((f"employment_{sector}", "employment") for sector in ("primary", "secondary", "tertiary")),
    *((f"value_added_{sector}", "gdp_nominal") for sector in ("primary", "secondary", "tertiary")),
    ("industrial_value_added", "gdp_nominal"),
    ("urban_population", "population"),
    ("science_spending", "fiscal_expenditure"),
    ("education_spending", "fiscal_expenditure"),
    ("graduates", "college_students"),
    ("base_stations_5g", "mobile_base_stations"),
)
"""Variables that cannot be larger than another; compared where the panel has both."""

TOLERANCE = 0.01
_COMMON = 0.05
_WRONG_LOG, _WRONG_SIGMAS = np.log(3.0), 8.0


@dataclass(frozen=True)
class Sum:
    """Parts that add up to a whole, or to one where ``whole`` is empty.

    ``usual`` is the relative difference that rounding and definitions explain.
    """

    parts: tuple[str, ...]
    whole: str
    usual: float


SUMS: tuple[Sum, ...] = (
    Sum(("gdp_share_primary", "gdp_share_secondary", "gdp_share_tertiary"), "", 0.03),
    Sum(("employment_primary", "employment_secondary", "employment_tertiary"), "employment", 0.04),
    Sum(
        ("value_added_primary", "value_added_secondary", "value_added_tertiary"),
        "gdp_nominal",
        0.03,
    ),
    Sum(tuple(f"employment_{industry}" for industry in _INDUSTRIES), "unit_employment", 0.1),
)


def parts_of(values: Mapping[str, Float]) -> Iterator[tuple[str, str]]:
    """Yield the pairs of part and whole that a panel has."""
    return ((part, whole) for part, whole in PARTS if part in values and whole in values)


def exceeding(part: Float, whole: Float) -> Mask:
    """Return the cells in which a part is larger than its whole by more than 1 %.

    A year in which more than 5 % of the cells are (and more than one) is left out: there the two
    are of different scope or unit, and no cell is mistyped.

    Parameters
    ----------
    part, whole : ndarray, shape (cities, years)
    """
    larger = (part > whole * (1 + TOLERANCE)) & (whole > 0)
    both = (np.isfinite(part) & np.isfinite(whole)).sum(axis=0)
    return np.asarray(larger & (larger.sum(axis=0) <= np.maximum(1, _COMMON * both)))


def off_sum(values: Mapping[str, Float], rule: Sum) -> Float:
    """Return the sum of the parts over the whole, less one; NaN where any is unknown."""
    total = np.zeros_like(values[rule.parts[0]])
    for part in rule.parts:
        total = total + values[part]
    whole = values[rule.whole] if rule.whole else np.ones_like(total)
    return np.asarray(np.where(whole > 0, total / np.where(whole > 0, whole, 1.0), np.nan) - 1)


def wrong_side(part: Float, whole: Float) -> tuple[Mask, Mask]:
    """Say, as of each cell's own year, which of a contradicting pair left its path.

    Parameters
    ----------
    part, whole : ndarray, shape (cities, years)

    Returns
    -------
    part_wrong, whole_wrong : ndarray of bool, shape of part
        Both False where there is no contradiction, or neither's past tells.
    """
    at = exceeding(part, whole)
    if not at.any():
        return at, at
    up, down = _off(know_past(part), at, 1.0), _off(know_past(whole), at, -1.0)
    return at & (up > 0) & (up >= down), at & (down > 0) & (down > up)


def _off(past: Past, at: Mask, sign: float) -> Float:
    """Return how far cells left their path in the direction that contradicts; 0 if not certain."""
    off = np.where(at, sign * past.departure, np.nan)
    certain = (off >= _WRONG_LOG) & (off >= _WRONG_SIGMAS * past.spread) & (past.seen >= 2)
    return np.where(certain, off, 0.0)
