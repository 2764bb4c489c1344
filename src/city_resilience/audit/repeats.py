"""Rows and series that stand twice under different names."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
from numpy.typing import NDArray

from city_resilience.audit.finding import Finding
from city_resilience.audit.subject import Look, Subject
from city_resilience.audit.trajectories import Float, rounding_steps

__all__ = ["fingerprints", "repeated_rows", "repeated_series"]

_LEAST_VARIABLES, _LEAST_YEARS, _LEAST_DIGITS = 3, 5, 100
_PRIME = np.uint64(1099511628211)


def repeated_rows(subject: Subject) -> Iterator[Finding]:
    """Find city-years with all the numbers of another city, or of the year before."""
    marks, known = fingerprints(subject.grid.values)
    usable = known >= _LEAST_VARIABLES
    for at in range(marks.shape[1]):
        rows = np.flatnonzero(usable[:, at])
        order = rows[np.argsort(marks[rows, at], kind="stable")]
        same = np.flatnonzero(marks[order[1:], at] == marks[order[:-1], at])
        for one in same:
            yield _twins(subject, int(order[one]), int(order[one + 1]), at)
    again = usable[:, 1:] & usable[:, :-1] & (marks[:, 1:] == marks[:, :-1])
    for city, at in zip(*np.nonzero(again), strict=True):
        yield _carried(subject, int(city), int(at) + 1)


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


def _twins(subject: Subject, first: int, second: int, at: int) -> Finding:
    year = int(subject.grid.years[at])
    one, two = subject.grid.cities[first], subject.grid.cities[second]
    position = int(subject.positions[second, at])
    return Finding(
        "duplicate",
        "warning",
        "",
        two,
        (year,),
        f"{two} has all the {year} numbers of {one}: one row was copied",
        cell=subject.panel.cell(position) if position >= 0 else "",
        cities=2,
        surprise=100.0,
    )


def _carried(subject: Subject, city: int, at: int) -> Finding:
    year, name = int(subject.grid.years[at]), subject.grid.cities[city]
    position = int(subject.positions[city, at])
    return Finding(
        "duplicate",
        "warning",
        "",
        name,
        (year,),
        f"all numbers of {name} in {year} are those of {year - 1}: carried forward?",
        cell=subject.panel.cell(position) if position >= 0 else "",
        surprise=100.0,
    )


def repeated_series(look: Look) -> Iterator[Finding]:
    """Find cities with the same values in all years of a variable."""
    steps = np.maximum(rounding_steps(look.values), 1e-8)
    fine = np.nan_to_num(look.values / steps, nan=0.0) >= _LEAST_DIGITS
    rows = np.flatnonzero(fine.sum(axis=1) >= _LEAST_YEARS)
    marks = np.zeros(len(rows), dtype=np.uint64)
    for at in range(look.values.shape[1]):
        column = np.ascontiguousarray(np.nan_to_num(look.values[rows, at], nan=-1.0))
        marks = _mixed(marks, column.view(np.uint64))
    order = np.argsort(marks, kind="stable")
    for one in np.flatnonzero(marks[order[1:]] == marks[order[:-1]]):
        first, second = int(rows[order[one]]), int(rows[order[one + 1]])
        if np.nanmin(look.values[first]) < np.nanmax(look.values[first]):
            names = look.subject.grid.cities[first], look.subject.grid.cities[second]
            yield Finding(
                "duplicate",
                "warning",
                look.id,
                names[1],
                (),
                f"{names[1]} has the {look.id} of {names[0]} in every year",
                cities=2,
                surprise=100.0,
            )
