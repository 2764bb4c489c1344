"""Doubts about units: magnitudes, fractions beside percent, years and cities a power of ten off.

The audit proposes; the experiment file decides.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

import numpy as np

from city_resilience.arrays import Float, Mask
from city_resilience.audit import thresholds as limit
from city_resilience.audit.rule import PanelView, Rule, VariableView
from city_resilience.audit.stack import Stack
from city_resilience.audit.trajectories import median_of_known
from city_resilience.audit.wording import compared, correction_factor, shown, span, why_factor
from city_resilience.catalogue.variables import Range, load_catalogue
from city_resilience.reading.issues import Issue

__all__ = ["RULES", "plausible_power", "quantity", "unit_doubts", "unit_years"]

_POWERS = (-4, 4, -2, 2, -3, 3, -1, 1, -8, 8)
_DECADE = float(np.log(10.0))


def unit_years(view: VariableView) -> Iterator[Issue]:
    """Find years in which a whole variable is a power of ten off, and whether it returns."""
    moves = view.year_moves
    for one, year in enumerate(moves):
        power = round(year.move / _DECADE)
        if power == 0 or not _is_power(year.move, power) or year.within > limit.YEAR_TOGETHER:
            continue
        later = moves[one + 1 : one + 1 + limit.RETURNS_WITHIN]
        back = [other for other in later if _is_power(other.move, -power)]
        if back or abs(power) >= 2:
            last = back[0].at - 1 if back else len(view.years) - 1
            years = (int(view.years[year.at]), int(view.years[last]))
            reason = (
                f"all cities are {compared(power * _DECADE)} their usual level in {span(years)}: "
                f"{why_factor(power)}{'' if back else '; or the years before are in another unit'}"
            )
            cities = int(np.isfinite(view.values[:, year.at]).sum())
            yield view.issue("error", "unit", reason, years=years, cities=cities, **_off_by(power))
            return


def _off_by(power: int) -> dict[str, Any]:
    """Return the factor, its correction and the surprise of a power of ten."""
    factor, surprise = 10.0**power, abs(power) * limit.POWER_SURPRISE
    return {"factor": factor, "correct": correction_factor(power), "surprise": surprise}


def _is_power(move: float, power: int) -> bool:
    return abs(move - power * _DECADE) <= limit.YEAR_DECADES * _DECADE


def unit_doubts(view: PanelView) -> Iterator[Issue]:
    """Doubt units by magnitude: against wide bounds, other variables, and other cities."""
    doubted: set[str] = set()
    for rule in _ranges():
        named = {rule.variable, *rule.over}
        if named <= set(view.grid.values) and not doubted & named and _in_units(view, named):
            found = list(_magnitude(view, rule))
            doubted |= {rule.variable for _ in found}
            yield from found
    yield from _shares(view)


def _in_units(view: PanelView, names: set[str]) -> bool:
    """Whether variables are in the catalogue's units; one in another currency has no bounds."""
    known = load_catalogue().variables
    return all(view.variables[name].unit == known[name].unit for name in names)


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
    named = [values[name] for name in (rule.variable, *rule.over)]
    size, *over = [np.log(np.where(value > 0, value, np.nan)) for value in named]
    base = over[0] - sum(over[1:]) - np.log(rule.per) if over else 0.0
    return np.asarray(size - base)


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
    reason = (
        f"the median of {rule.variable}{base} is {shown(median, 3)}, which does not fit "
        f"{unit} ({shown(rule.least, 3)} to {shown(rule.most, 3)}): is the unit of "
        f"{_header(view, rule.variable)!r} right? {why_factor(power)}?"
    )
    cities = len(view.grid.cities)
    yield view.issue(
        "warning", "unit", reason, variable=rule.variable, cities=cities, **_off_by(power)
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
    scatter = limit.MAD_DEVIATIONS * float(np.median(np.abs(usual[known] - middle)))
    off = np.where(known, usual - middle, 0.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        found = limit.OTHER_CITY.reached(off, np.abs(off) / scatter)
    base = f" over {rule.over[0]}" if rule.over else ""
    for city in np.flatnonzero(found):
        power = round(off[city] / _DECADE)
        reason = (
            f"{rule.variable}{base} is, in all years, {compared(off[city])} what it is in other "
            f"cities: {why_factor(power)}?"
        )
        surprise = float(abs(off[city])) / max(scatter, limit.LEAST_CITY_SCATTER)
        more = _off_by(power) | {"city": view.grid.cities[city], "surprise": surprise}
        yield view.issue("warning", "unit", reason, variable=rule.variable, **more)


def _shares(view: PanelView) -> Iterator[Issue]:
    """Doubt shares that are fractions of a percent, and name those that state no unit."""
    shares = [name for name, variable in view.variables.items() if variable.kind == "share"]
    unstated = []
    for name in shares:
        known = view.grid.values[name][np.isfinite(view.grid.values[name])]
        if known.size and 0 < known.max() <= limit.TINY_SHARE:
            reason = (
                f"no value of {name} is above {shown(100 * float(known.max()), 3)} %: are the "
                f"numbers under {_header(view, name)!r} fractions labelled percent?"
            )
            cities = len(view.grid.cities)
            yield view.issue("warning", "unit", reason, variable=name, cities=cities, **_off_by(-2))
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


def _may_be_a_unit(stack: Stack) -> Mask:
    """Which moved, cities together, by a power of ten into a year."""
    moves = stack.year_moves
    move = np.where(moves.kept, moves.move, 0.0)
    power = np.rint(move / _DECADE)
    near = np.abs(move - power * _DECADE) <= limit.YEAR_DECADES * _DECADE
    found = np.asarray(moves.kept & (power != 0) & near)
    if found.any():
        found &= ~(moves.within > limit.YEAR_TOGETHER)
    return np.asarray(found.any(axis=1))


RULES = (
    Rule(
        "unit",
        "Doubtful unit",
        "存疑的单位",
        unit_years,
        unit_doubts,
        may=_may_be_a_unit,
        may_err=_may_be_a_unit,
    ),
)
