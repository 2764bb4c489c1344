"""A row that is the sum of all others is a total, whatever its name: no place of the panel."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from city_resilience.arrays import Float, Mask
from city_resilience.audit import thresholds as limit
from city_resilience.audit.rule import Rule, VariableView
from city_resilience.audit.stack import Stack
from city_resilience.reading.issues import Issue

__all__ = ["RULES", "row_sums"]

_ADD_UP = ("level", "volume")


def row_sums(view: VariableView) -> Iterator[Issue]:
    """Doubt a place whose values are those of all others together in most years."""
    if view.variable.kind not in _ADD_UP:
        return
    values = view.values
    asked = np.isfinite(values).sum(axis=0) > limit.ROW_SUM_OTHERS
    is_sum = _is_sum_of_others(values) & asked
    for city in np.flatnonzero(is_sum.sum(axis=1) > limit.ROW_SUM_YEARS * asked.sum()).tolist():
        found = np.flatnonzero(is_sum[city]).tolist()
        name = view.panel_view.grid.cities[city]
        reason = (
            f"{name} is the sum of all other places in {len(found)} of {int(asked.sum())} years; "
            "if it is a total, delete its rows or drop its values"
        )
        years = (int(view.years[found[0]]), int(view.years[found[-1]]))
        yield view.issue("error", "row_sum", reason, city=name, years=years, correct="drop")


def _is_sum_of_others(values: Float, apart: float = limit.ROW_SUM) -> Mask:
    """Return the cells that are half of what their year adds up to; shape (cities, years)."""
    halves = values / 2
    half = np.nansum(halves, axis=-2, keepdims=True) / 2
    return np.asarray((np.abs(halves - half) <= apart * half) & (half > 0))


def _may_be_a_sum(stack: Stack) -> Mask:
    enough = stack.known.sum(axis=1, keepdims=True) > limit.ROW_SUM_OTHERS
    return np.asarray(
        (_is_sum_of_others(stack.values, 2 * limit.ROW_SUM) & enough).any(axis=(1, 2))
    )


RULES = (
    Rule(
        "row_sum",
        "Row that is the sum of the others",
        "等于其余各行之和的行",
        each=row_sums,
        may=_may_be_a_sum,
        may_err=_may_be_a_sum,
    ),
)
