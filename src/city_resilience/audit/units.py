"""Doubts about units: magnitudes, fractions beside percent, years and cities a power of ten off.

The audit proposes; the experiment file decides.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache

import numpy as np

from city_resilience.audit import thresholds as limit
from city_resilience.audit.levels import year_moves
from city_resilience.audit.rule import PanelView, Rule, VariableView
from city_resilience.audit.trajectories import Float, median_of_known
from city_resilience.audit.wording import compared, correction_factor, shown, span, why_factor
from city_resilience.catalogue.variables import Range, load_catalogue
from city_resilience.reading.issues import Issue

__all__ = ["RULES", "plausible_power", "quantity", "unit_doubts", "unit_years"]

_POWERS = (-4, 4, -2, 2, -3, 3, -1, 1, -8, 8)
_DECADE = float(np.log(10.0))


def unit_years(view: VariableView) -> Iterator[Issue]:
    """Find years in which a whole variable is a power of ten off, and whether it returns."""
    moves = year_moves(view.trajectory.past.logs, view.observed())
    for one, year in enumerate(moves):
        power = round(year.move / _DECADE)
        if power == 0 or not _is_power(year.move, power) or year.within > limit.YEAR_TOGETHER:
            continue
        later = moves[one + 1 : one + 1 + limit.RETURNS_WITHIN]
        back = [other for other in later if _is_power(other.move, -power)]
        if back or abs(power) >= 2:
            last = back[0].at - 1 if back else len(view.years) - 1
            years = (int(view.years[year.at]), int(view.years[last]))
            yield view.issue(
                "error",
                "unit",
                f"all cities are {compared(power * _DECADE)} their usual level in {span(years)}: "
                f"{why_factor(power)}{'' if back else '; or the years before are in another unit'}",
                years=years,
                factor=10.0**power,
                cities=int(np.isfinite(view.values[:, year.at]).sum()),
                correct=correction_factor(power),
                surprise=abs(power) * 10.0,
            )
            return


def _is_power(move: float, power: int) -> bool:
    return abs(move - power * _DECADE) <= limit.YEAR_DECADES * _DECADE


def unit_doubts(view: PanelView) -> Iterator[Issue]:
    """Doubt units by magnitude: against wide bounds, other variables, and other cities."""
    doubted: set[str] = set()
    for rule in _ranges():
        named = {rule.variable, *rule.over}
        if named <= set(view.grid.values) and not doubted & named:
            found = list(_magnitude(view, rule))
            doubted |= {rule.variable for _ in found}
            yield from found
    yield from _shares(view)


@cache
def _ranges() -> list[Range]:
    """Return the ranges of the catalogue: of variables alone, over two others, over one other.

    So what is doubted by itself is no base of another doubt; second ranges come last.
    """
    ranges = [
        (at, own)
        for variable in load_catalogue().variables.values()
        for at, own in enumerate(variable.ranges)
    ]
    ranges.sort(key=lambda pair: ((0, 2, 1)[len(pair[1].over)], pair[0]))
    return [own for _, own in ranges]


def quantity(values: Mapping[str, Float], rule: Range) -> Float:
    """Return logarithms of what a rule bounds; NaN where anything is unknown or not positive."""
    size = values[rule.variable]
    if rule.over:
        base = values[rule.over[0]]
        if len(rule.over) == 2:
            over = values[rule.over[1]]
            base = np.where(over > 0, base / np.where(over > 0, over, 1.0), np.nan)
        size = np.where(base > 0, rule.per * size / np.where(base > 0, base, 1.0), np.nan)
    return np.where(size > 0, np.log(np.where(size > 0, size, 1.0)), np.nan)


def plausible_power(median: float, rule: Range) -> int:
    """Return the power of ten that a median is off its bounds by; 0 where it lies within.

    Examples
    --------
    >>> plausible_power(8000.0, Range("loans", 0.02, 30.0, ("gdp_nominal",)))
    4
    """
    if rule.least <= median <= rule.most or not median > 0:
        return 0
    for power in _POWERS:
        if rule.least <= median / 10.0**power <= rule.most:
            return power
    return 0


def _magnitude(view: PanelView, rule: Range) -> Iterator[Issue]:
    logs = quantity(view.grid.values, rule)
    known = logs[np.isfinite(logs)]
    if not known.size:
        return
    median = float(np.exp(np.median(known)))
    power = plausible_power(median, rule)
    if not power:
        yield from _other_cities(view, rule, logs)
        return
    base = f" over {' over '.join(rule.over)}" if rule.over else ""
    unit = view.variables[rule.variable].unit or "its unit"
    yield view.issue(
        "warning",
        "unit",
        f"the median of {rule.variable}{base} is {shown(median, 3)}, no plausible magnitude in "
        f"{unit} ({shown(rule.least, 3)} to {shown(rule.most, 3)}): is the unit of "
        f"{_header(view, rule.variable)!r} right? {why_factor(power)}?",
        variable=rule.variable,
        factor=10.0**power,
        cities=len(view.grid.cities),
        correct=correction_factor(power),
        surprise=abs(power) * 10.0,
    )


def _header(view: PanelView, variable: str) -> str:
    return view.panel.headers.get(variable, variable)


def _other_cities(view: PanelView, rule: Range, logs: Float) -> Iterator[Issue]:
    """Yield cities whose usual quantity is a hundred times that of the others, or so."""
    usual = median_of_known(logs)
    known = np.isfinite(usual)
    if known.sum() < limit.LEAST_CITIES:
        return
    middle = float(np.median(usual[known]))
    scatter = 1.4826 * float(np.median(np.abs(usual[known] - middle)))
    off = np.where(known, usual - middle, 0.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        found = limit.OTHER_CITY.reached(off, np.abs(off) / scatter)
    base = f" over {rule.over[0]}" if rule.over else ""
    for city in np.flatnonzero(found):
        power = round(off[city] / _DECADE)
        yield view.issue(
            "warning",
            "unit",
            f"{rule.variable}{base} is, in all years, {compared(off[city])} what it is in other "
            f"cities: {why_factor(power)}?",
            variable=rule.variable,
            city=view.grid.cities[city],
            factor=10.0**power,
            correct=correction_factor(power),
            surprise=float(abs(off[city])) / max(scatter, limit.LEAST_CITY_SCATTER),
        )


def _shares(view: PanelView) -> Iterator[Issue]:
    """Doubt shares that are fractions of a percent, and name those that state no unit."""
    shares = [name for name, variable in view.variables.items() if variable.kind == "share"]
    unstated = []
    for name in shares:
        known = view.grid.values[name][np.isfinite(view.grid.values[name])]
        if known.size and 0 < known.max() <= limit.TINY_SHARE:
            yield view.issue(
                "warning",
                "unit",
                f"no value of {name} is above {shown(100 * float(known.max()), 3)} %: are the "
                f"numbers under {_header(view, name)!r} fractions labelled percent?",
                variable=name,
                factor=0.01,
                cities=len(view.grid.cities),
                correct="*100",
                surprise=20.0,
            )
        elif known.size and _states_no_unit(view, name):
            unstated.append(name)
    if unstated and len(unstated) < len(shares):
        reason = (
            f"{', '.join(unstated)} state no unit and were read as fractions of one, beside shares "
            "in percent; their values lie between 0 and 1"
        )
        yield view.issue("note", "unit", reason, variable=unstated[0] if len(unstated) == 1 else "")


def _states_no_unit(view: PanelView, name: str) -> bool:
    header = view.panel.headers.get(name, "")
    match = load_catalogue().resolve(header) if header else None
    return match is not None and not match.unit_in_header


RULES = (Rule("unit", "Doubtful unit", "存疑的单位", unit_years, unit_doubts),)
