"""Values that no city can have, and zeros where a blank was meant."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from city_resilience.arrays import Mask
from city_resilience.audit import thresholds as limit
from city_resilience.audit.masking import out_of_range
from city_resilience.audit.rule import Rule, VariableView
from city_resilience.audit.stack import Stack
from city_resilience.audit.trajectories import cells_of, runs
from city_resilience.audit.wording import shown, span, with_unit
from city_resilience.reading.issues import Issue, correction_line

__all__ = ["RULES", "impossible", "zeros"]


def impossible(view: VariableView) -> Iterator[Issue]:
    """Find negative values and shares above one; many in a variable are one issue."""
    masked = view.masked_by("impossible")
    for at in cells_of(masked):
        value = float(view.values[at])
        what = "is negative" if value < 0 else "is a share above one"
        yield view.issue("error", "impossible", f"{shown(value)} {what}", at=at, correct="drop")
    rest = out_of_range(view.values, view.variable) & ~masked
    if rest.any():
        yield _doubtful(view, rest)


def _doubtful(view: VariableView, cells: Mask) -> Issue:
    share = view.variable.kind == "share"
    worst = float(view.values[cells][np.argmax(np.abs(view.values[cells]))])
    many = share and float(cells.sum()) > limit.ODD_SHARE * float(np.isfinite(view.values).sum())
    reason = (
        f"{view.id} {'lies outside 0 to 1' if share else 'is negative'} in {int(cells.sum())} "
        f"city-years, up to {shown(worst)}: is it what its header says, in that unit?"
    )
    more = view.panel_view.reach(cells)
    if many and worst > 1:
        more |= {"factor": 100.0, "correction": correction_line(view.id, "*", "*", "*0.01")}
    return view.issue("error" if many else "warning", "impossible", reason, **more)


def zeros(view: VariableView) -> Iterator[Issue]:
    """Find zeros that the city's trajectory contradicts: one issue for each run of years."""
    masked, past = view.masked_by("zero"), view.trajectory.past
    for city in np.flatnonzero(masked.any(axis=1)):
        for first, last in runs(masked[city]):
            at = (int(city), first)
            years = (int(view.years[first]), int(view.years[last]))
            expected = float(np.exp(past.expected[at]))
            reason = (
                f"0 in {span(years)}, where {with_unit(expected, view.variable.unit, 3)} is "
                "expected from the years before: a blank written as zero?"
            )
            surprise = (past.expected - past.floor)[at] / past.usual_move[at]
            yield view.issue(
                "error",
                "zero",
                reason,
                at=at,
                years=years,
                expected=expected,
                correct="drop",
                surprise=surprise,
            )


def _may_be_impossible(stack: Stack) -> Mask:
    odd = (stack.values < 0) | (stack.values > limit.MOST_SHARE)
    return np.asarray(odd.any(axis=(1, 2)) | stack.masked_by("impossible"))


def _may_be_wrong(stack: Stack) -> Mask:
    """Which have cells that are masked, or are shares of which many lie above one."""
    share = np.array([variable.kind == "share" for variable in stack.variables], dtype=bool)
    odd = stack.values[share]
    found = stack.masked_by("impossible")
    found[share] |= ((odd < 0) | (odd > limit.MOST_SHARE)).any(axis=(1, 2))
    return found


def _may_be_blank(stack: Stack) -> Mask:
    return stack.masked_by("zero")


RULES = (
    Rule(
        "impossible",
        "Impossible value",
        "不可能的数值",
        impossible,
        may=_may_be_impossible,
        may_err=_may_be_wrong,
    ),
    Rule(
        "zero",
        "Zero in place of a blank",
        "以零代替空白",
        zeros,
        may=_may_be_blank,
        may_err=_may_be_blank,
    ),
)
