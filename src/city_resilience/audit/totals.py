"""Parts and their totals, sectors that should sum: which cells contradict each other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache

import numpy as np

from city_resilience.arrays import Float, Mask, Strings
from city_resilience.audit import thresholds as limit
from city_resilience.audit.expected import Past, past_of
from city_resilience.catalogue.variables import Variable, load_catalogue

__all__ = ["Sum", "exceeding", "larger_than", "load_sums", "off_sum", "parts_of", "wrong_side"]


@dataclass(frozen=True)
class Sum:
    """Parts that add up to a total, or to one where ``total`` is empty.

    ``usual`` is the relative difference that rounding and definitions explain.
    """

    parts: tuple[str, ...]
    total: str = ""
    usual: float = Variable.sum_slack


def parts_of(values: Mapping[str, Float]) -> Iterator[tuple[str, str]]:
    """Yield the pairs of part and total of the catalogue that a panel has."""
    for variable in load_catalogue().variables.values():
        if variable.id in values and variable.total in values:
            yield variable.id, variable.total


@cache
def load_sums() -> tuple[Sum, ...]:
    """Return the sums of the catalogue."""
    known = load_catalogue().variables
    parts: dict[str, tuple[str, ...]] = {}
    for variable in known.values():
        if variable.sums_to:
            parts[variable.sums_to] = (*parts.get(variable.sums_to, ()), variable.id)
    return tuple(
        Sum(own, known[total].id, known[total].sum_slack) if total in known else Sum(own)
        for total, own in parts.items()
    )


def larger_than(part: Float, total: Float) -> Mask:
    """Return the cells in which a part is larger than its total by more than 1 %.

    Parameters
    ----------
    part, total : ndarray, shape (cities, years)
    """
    return np.asarray((part > total * (1 + limit.EXCEEDS)) & (total > 0))


def exceeding(part: Float, total: Float) -> Mask:
    """Return the cells in which a part is larger, but for years in which that is common.

    A year in which more than 5 % of the cells are (and more than one) is left out: there the two
    are of different scope or unit, and no cell is mistyped.
    """
    larger = larger_than(part, total)
    both = (np.isfinite(part) & np.isfinite(total)).sum(axis=0)
    most = np.maximum(1, limit.EXCEEDS_COMMONLY * both)
    return np.asarray(larger & (larger.sum(axis=0) <= most))


def off_sum(values: Mapping[str, Float], rule: Sum) -> Float:
    """Return the sum of the parts over the total, less one; NaN where any is unknown."""
    summed = np.sum([values[part] for part in rule.parts], axis=0)
    total = values[rule.total] if rule.total else np.ones_like(summed)
    return np.asarray(np.where(total > 0, summed / np.where(total > 0, total, 1.0), np.nan) - 1)


def wrong_side(part: Float, total: Float, nation: Strings | None = None) -> tuple[Mask, Mask]:
    """Say, as of each cell's own year, which of a contradicting pair left its trajectory.

    Parameters
    ----------
    part, total : ndarray, shape (cities, years)
    nation : ndarray of str, shape (cities,), optional
        Nation of each city; None when all are of one.

    Returns
    -------
    part_wrong, total_wrong : ndarray of bool, shape of part
        Both False where there is no contradiction, or neither's past tells.
    """
    at = exceeding(part, total)
    if not at.any():
        return at, at
    up = _off(past_of(part, nation), at, 1.0)
    down = _off(past_of(total, nation), at, -1.0)
    return at & (up > 0) & (up >= down), at & (down > 0) & (down > up)


def _off(past: Past, at: Mask, sign: float) -> Float:
    """Return how far cells left in the direction that contradicts; 0 where that is not certain."""
    certain = at & past.left(limit.CONTRADICTS) & (past.known >= limit.CONTRADICTS_KNOWN)
    return np.where(certain, np.maximum(sign * past.departure, 0.0), 0.0)
