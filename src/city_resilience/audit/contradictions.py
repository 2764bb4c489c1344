"""Parts larger than their total, and sectors that do not sum to it."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from city_resilience.arrays import Float
from city_resilience.audit import thresholds as limit
from city_resilience.audit.rule import PanelView, Rule
from city_resilience.audit.totals import Sum, exceeding, larger_than, load_sums, off_sum, parts_of
from city_resilience.audit.trajectories import cells_of
from city_resilience.audit.wording import shown, span
from city_resilience.reading.issues import Issue

__all__ = ["RULES", "contradictions"]


def contradictions(view: PanelView) -> Iterator[Issue]:
    """Find cells that contradict a total: errors where one of two must be wrong."""
    values = view.grid.values
    for part, total in parts_of(values):
        single = exceeding(values[part], values[total])
        for at in cells_of(single):
            yield _larger(view, part, total, at)
        common = larger_than(values[part], values[total]) & ~single
        if common.any():
            reason = (
                f"{part} is larger than {total} in {int(common.sum())} city-years: another unit or "
                "scope?"
            )
            reach = view.reach(common)
            yield view.issue(
                "warning",
                "contradiction",
                reason,
                variable=part,
                surprise=limit.SCOPE_SURPRISE,
                **reach,
            )
    for rule in load_sums():
        if {*rule.parts, *([rule.total] if rule.total else [])} <= set(values):
            yield from _sums(view, rule)


def _larger(view: PanelView, part: str, total: str, at: tuple[int, int]) -> Issue:
    part_value, total_value = view.grid.values[part][at], view.grid.values[total][at]
    wrong = total if view.masked.found_by(total, "contradiction")[at] else part
    sure = view.masked.found_by(wrong, "contradiction")[at]
    unit = f" {view.variables[part].unit}".rstrip()
    reason = (
        f"{part} is {shown(part_value)}{unit}, more than {total}, {shown(total_value)}; {wrong} "
        f"{'does not fit its other years' if sure else 'is the more doubtful one'}"
    )
    surprise = np.log(part_value / total_value) / limit.EXCEEDS
    return view.issue(
        "error", "contradiction", reason, variable=wrong, at=at, correct="drop", surprise=surprise
    )


def _sums(view: PanelView, rule: Sum) -> Iterator[Issue]:
    """Yield cities whose parts do not sum: one by one if few, else together."""
    off = off_sum(view.grid.values, rule)
    cities = np.flatnonzero((np.abs(off) > rule.usual).any(axis=1)).tolist()
    groups = [[city] for city in cities] if len(cities) <= limit.SUMS_EACH else [cities]
    for group in groups:
        yield _off(view, rule, off, group)


def _off(view: PanelView, rule: Sum, off: Float, cities: list[int]) -> Issue:
    far = np.zeros(off.shape, dtype=bool)
    far[cities] = np.abs(off[cities]) > rule.usual
    worst = sorted(cities, key=lambda city: -float(np.nanmax(np.abs(off[city]))))
    reach = view.reach(far)
    more = f" and {len(cities) - limit.NAMED} more cities" if len(cities) > limit.NAMED else ""
    reason = (
        f"the {len(rule.parts)} parts {rule.parts[0]} … {rule.parts[-1]} do not sum to "
        f"{rule.total or 'one'} in {int(far.sum())} city-years of {span(reach['years'])}: "
        f"{', '.join(_worst(view, off, city) for city in worst[: limit.NAMED])}{more}"
    )
    reach["surprise"] = float(np.nanmax(np.abs(off[cities]))) / rule.usual
    city = view.grid.cities[cities[0]] if len(cities) == 1 else ""
    variable = rule.total or rule.parts[0]
    return view.issue("warning", "contradiction", reason, variable=variable, city=city, **reach)


def _worst(view: PanelView, off: Float, city: int) -> str:
    at = int(np.nanargmax(np.abs(off[city])))
    return f"{view.grid.cities[city]} {100 * (1 + off[city, at]):.0f} % in {view.grid.years[at]}"


RULES = (
    Rule(
        "contradiction",
        "Parts against their whole",
        "部分与总体矛盾",
        whole=contradictions,
        whole_errs=True,
    ),
)
