"""Parts larger than their whole, and sectors that do not sum to it."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from city_resilience.audit.figures import shown, span
from city_resilience.audit.finding import Finding
from city_resilience.audit.subject import Subject
from city_resilience.audit.totals import SUMS, TOLERANCE, Sum, exceeding, off_sum, parts_of
from city_resilience.audit.trajectories import Float, Mask

__all__ = ["contradictions"]

_EACH = 5


def contradictions(subject: Subject) -> Iterator[Finding]:
    """Find cells that contradict a whole: errors where one of two must be wrong."""
    values = subject.grid.values
    for part, whole in parts_of(values):
        single = exceeding(values[part], values[whole])
        for city, at in zip(*np.nonzero(single), strict=True):
            yield from _larger(subject, part, whole, (int(city), int(at)))
        larger = (values[part] > values[whole] * (1 + TOLERANCE)) & (values[whole] > 0)
        if (larger & ~single).any():
            yield _of_other_scope(subject, part, whole, larger & ~single)
    for rule in SUMS:
        if {*rule.parts, *([rule.whole] if rule.whole else [])} <= set(values):
            yield from _sums(subject, rule)


def _larger(subject: Subject, part: str, whole: str, at: tuple[int, int]) -> Iterator[Finding]:
    values = subject.grid.values
    wrong = whole if subject.masked_by(whole, "contradiction")[at] else part
    unit = f" {subject.variables[part].unit}".rstrip()
    yield subject.cell(
        "contradiction",
        "error",
        wrong,
        at,
        f"{part} is {shown(values[part][at])}{unit}, more than {whole}, "
        f"{shown(values[whole][at])}; {wrong} is "
        + ("off its path" if subject.masked_by(wrong, "contradiction")[at] else "doubted first"),
        surprise=float(min(np.log(values[part][at] / values[whole][at]) / TOLERANCE, 999.0)),
    )


def _of_other_scope(subject: Subject, part: str, whole: str, larger: Mask) -> Finding:
    years = subject.grid.years[np.flatnonzero(larger.any(axis=0))]
    return Finding(
        "contradiction",
        "warning",
        part,
        "",
        (int(years[0]), int(years[-1])),
        f"{part} is larger than {whole} in {int(larger.sum())} city-years: another unit or scope?",
        cities=int(larger.any(axis=1).sum()),
        surprise=50.0,
    )


def _sums(subject: Subject, rule: Sum) -> Iterator[Finding]:
    """Yield cities whose parts do not sum: one by one if few, else together."""
    off = off_sum(subject.grid.values, rule)
    far = np.abs(off) > rule.usual
    cities = np.flatnonzero(far.any(axis=1))
    groups = [[city] for city in cities] if len(cities) <= _EACH else [list(cities)]
    for group in groups:
        yield _off(subject, rule, off, far, [int(city) for city in group])


def _off(subject: Subject, rule: Sum, off: Float, far: Mask, cities: list[int]) -> Finding:
    worst = sorted(cities, key=lambda city: -float(np.nanmax(np.abs(off[city]))))
    named = [_worst(subject, off, city) for city in worst[:_EACH]]
    years = subject.grid.years[np.flatnonzero(far[cities].any(axis=0))]
    first, last = int(years[0]), int(years[-1])
    parts = f"{rule.parts[0]} … {rule.parts[-1]}"
    one = subject.grid.cities[cities[0]] if len(cities) == 1 else ""
    more = f" and {len(cities) - _EACH} more cities" if len(cities) > _EACH else ""
    return Finding(
        "contradiction",
        "warning",
        rule.parts[0] if not rule.whole else rule.whole,
        one,
        (first, last),
        f"the {len(rule.parts)} parts {parts} do not sum to {rule.whole or 'one'} in "
        f"{int(far[cities].sum())} city-years of {span(first, last)}: {', '.join(named)}{more}",
        cities=len(cities),
        surprise=float(np.nanmax(np.abs(off[cities]))) / rule.usual,
    )


def _worst(subject: Subject, off: Float, city: int) -> str:
    at = int(np.nanargmax(np.abs(off[city])))
    percent = 100 * (1 + off[city, at])
    return f"{subject.grid.cities[city]} {percent:.0f} % in {subject.grid.years[at]}"
