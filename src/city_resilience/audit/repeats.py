"""Rows and series that stand twice under different names."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from city_resilience.arrays import Float, Int, Mask
from city_resilience.audit import thresholds as limit
from city_resilience.audit.rule import PanelView, Rule, VariableView
from city_resilience.audit.stack import Stack
from city_resilience.audit.trajectories import cells_of
from city_resilience.reading.issues import Issue

__all__ = ["RULES", "fingerprints", "repeated_rows", "repeated_series"]

_PRIME = np.uint64(1099511628211)


def repeated_rows(view: PanelView) -> Iterator[Issue]:
    """Find city-years with all the numbers of another city, or of the year before."""
    marks, known = fingerprints(view.grid.values)
    names, years = view.grid.cities, view.grid.years
    usable = known >= limit.COPIED_VARIABLES
    for at in range(marks.shape[1]):
        for first, second in _equal(marks[:, at], np.flatnonzero(usable[:, at])):
            one, two = names[first], names[second]
            reason = f"{two} has all the {years[at]} numbers of {one}: one row was copied"
            yield _copied(view, reason, at=(second, at), cities=2)
    again = usable[:, 1:] & usable[:, :-1] & (marks[:, 1:] == marks[:, :-1])
    for city, before in cells_of(again):
        year = int(years[before + 1])
        reason = f"all numbers of {names[city]} in {year} are those of {year - 1}: carried forward?"
        yield _copied(view, reason, at=(city, before + 1))


def _copied(view: PanelView, reason: str, **more: Any) -> Issue:
    return view.issue("warning", "duplicate", reason, surprise=limit.COPY_SURPRISE, **more)


def _equal(marks: NDArray[np.uint64], rows: Int) -> list[tuple[int, int]]:
    """Return neighbours among some rows, in the order of their marks, whose marks are equal."""
    order = rows[np.argsort(marks[rows], kind="stable")]
    same = np.flatnonzero(marks[order[1:]] == marks[order[:-1]])
    return [(int(order[one]), int(order[one + 1])) for one in same]


def fingerprints(values: Mapping[str, Float]) -> tuple[NDArray[np.uint64], NDArray[np.int16]]:
    """Return, for each city and year, a hash over all variables and the number of known values."""
    shape = next(iter(values.values())).shape if values else (0, 0)
    marks, known = np.zeros(shape, dtype=np.uint64), np.zeros(shape, dtype=np.int16)
    for array in values.values():
        bits = np.ascontiguousarray(np.where(np.isnan(array), np.nan, array + 0.0))
        marks = _mixed(marks, bits.view(np.uint64))
        known += np.isfinite(array)
    return marks, known


def _mixed(marks: NDArray[np.uint64], bits: NDArray[np.uint64]) -> NDArray[np.uint64]:
    mixed = (marks ^ (bits ^ (bits >> np.uint64(29)))) * _PRIME
    return np.asarray(mixed ^ (mixed >> np.uint64(32)))


def _series(values: Float, steps: Float) -> tuple[NDArray[np.uint64], Mask]:
    """Return a hash of each city's series, and whether it has numbers enough to be one's own."""
    least = np.maximum(steps, 1e-8)[..., None, :]
    fine = np.nan_to_num(values / least, nan=0.0) >= limit.COPIED_STEPS
    filled = np.nan_to_num(values, nan=-1.0)
    marks = np.zeros(values.shape[:-1], dtype=np.uint64)
    for at in range(values.shape[-1]):
        marks = _mixed(marks, np.ascontiguousarray(filled[..., at]).view(np.uint64))
    return marks, fine.sum(axis=-1) >= limit.COPIED_YEARS


def _may_repeat(stack: Stack) -> Mask:
    marks, long = _series(stack.values, stack.trajectory.past.steps)
    ordered = np.sort(np.where(long, marks, 0), axis=1)
    twice = (ordered[:, 1:] == ordered[:, :-1]) & (ordered[:, 1:] != 0)
    return np.asarray(twice.any(axis=1) | (long & (marks == 0)).any(axis=1))


def repeated_series(view: VariableView) -> Iterator[Issue]:
    """Find cities with the same values in all years of a variable."""
    marks, long = _series(view.values, view.trajectory.past.steps)
    for first, second in _equal(marks, np.flatnonzero(long)):
        if np.nanmin(view.values[first]) < np.nanmax(view.values[first]):
            one, two = view.panel_view.grid.cities[first], view.panel_view.grid.cities[second]
            reason = f"{two} has the {view.id} of {one} in every year"
            yield _copied(view.panel_view, reason, variable=view.id, city=two, cities=2)


RULES = (
    Rule(
        "duplicate",
        "Row or series given twice",
        "重复的行或序列",
        repeated_series,
        repeated_rows,
        _may_repeat,
    ),
)
