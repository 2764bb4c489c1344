"""Doubts about units: magnitudes, fractions beside percent, years and cities a power of ten off.

The audit proposes; the experiment file decides.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from city_resilience.audit.figures import compared, correction_factor, shown, span, why_factor
from city_resilience.audit.finding import Finding, Severity, correction_line
from city_resilience.audit.levels import year_moves
from city_resilience.audit.magnitudes import MAGNITUDES, Magnitude
from city_resilience.audit.subject import Look, Subject
from city_resilience.audit.trajectories import Float, median_of_known
from city_resilience.catalogue.variables import load_catalogue

__all__ = ["plausible_power", "quantity", "unit_doubts", "unit_years"]

_POWERS = (-4, 4, -2, 2, -3, 3, -1, 1, -8, 8)
_TINY_SHARE = 0.01
_DECADE = 0.2 * np.log(10.0)
_TIGHT = 0.35
_CITY_LOG, _CITY_SIGMAS = np.log(50.0), 8.0
_LEAST_CITIES = 10


def unit_years(look: Look) -> Iterator[Finding]:
    """Find years in which a whole variable is a power of ten off, and whether it returns."""
    moves = year_moves(look.path.past.logs, look.observed())
    for one, year in enumerate(moves):
        power = round(year.move / np.log(10.0))
        if power == 0 or abs(year.move - power * np.log(10.0)) > _DECADE or year.within > _TIGHT:
            continue
        back = [
            later
            for later in moves[one + 1 : one + 4]
            if abs(later.move + power * np.log(10.0)) <= _DECADE
        ]
        if back or abs(power) >= 2:
            last = back[0].at - 1 if back else len(look.years) - 1
            yield _unit_year(look, (year.at, last), power, returns=bool(back))
            return


def _unit_year(look: Look, at: tuple[int, int], power: int, *, returns: bool) -> Finding:
    years = (int(look.years[at[0]]), int(look.years[at[1]]))
    when = str(years[0]) if years[0] == years[1] else f"{years[0]}-{years[1]}"
    after = "" if returns else "; or the years before are in another unit"
    return Finding(
        "unit",
        "error",
        look.id,
        "",
        years,
        f"all cities are {compared(power * np.log(10.0))} their usual level in {span(*years)}: "
        f"{why_factor(power)}{after}",
        factor=10.0**power,
        cities=int(np.isfinite(look.values[:, at[0]]).sum()),
        correction=correction_line(look.id, "*", when, correction_factor(power)),
        surprise=abs(power) * 10.0,
    )


def unit_doubts(subject: Subject) -> Iterator[Finding]:
    """Doubt units by magnitude: against wide bounds, other variables, and other cities."""
    values = subject.grid.values
    doubted: set[str] = set()
    for rule in MAGNITUDES:
        if {rule.variable, *rule.over} <= set(values) and not doubted & {rule.variable, *rule.over}:
            found = list(_magnitude(subject, rule))
            doubted |= {rule.variable for _ in found}
            yield from found
    yield from _shares(subject)


def quantity(values: Mapping[str, Float], rule: Magnitude) -> Float:
    """Return logarithms of what a rule bounds; NaN where anything is unknown or not positive."""
    size = values[rule.variable]
    if rule.over:
        base = values[rule.over[0]]
        if len(rule.over) == 2:
            over = values[rule.over[1]]
            base = np.where(over > 0, base / np.where(over > 0, over, 1.0), np.nan)
        size = np.where(base > 0, rule.per * size / np.where(base > 0, base, 1.0), np.nan)
    return np.where(size > 0, np.log(np.where(size > 0, size, 1.0)), np.nan)


def plausible_power(median: float, rule: Magnitude) -> int:
    """Return the power of ten that a median is off its bounds by; 0 where it lies within.

    Examples
    --------
    >>> plausible_power(8000.0, Magnitude("loans", ("gdp_nominal",), 0.02, 30.0))
    4
    """
    if rule.least <= median <= rule.most or not median > 0:
        return 0
    for power in _POWERS:
        if rule.least <= median / 10.0**power <= rule.most:
            return power
    return 0


def _magnitude(subject: Subject, rule: Magnitude) -> Iterator[Finding]:
    logs = quantity(subject.grid.values, rule)
    known = logs[np.isfinite(logs)]
    if not known.size:
        return
    median = float(np.median(known))
    power = plausible_power(float(np.exp(median)), rule)
    if power:
        yield _doubted_magnitude(subject, rule, float(np.exp(median)), power)
    else:
        yield from _other_cities(subject, rule, logs)


def _doubted_magnitude(subject: Subject, rule: Magnitude, median: float, power: int) -> Finding:
    base = f" over {' over '.join(rule.over)}" if rule.over else ""
    unit = subject.variables[rule.variable].unit
    header = subject.panel.headers.get(rule.variable, rule.variable)
    return Finding(
        "unit",
        "warning",
        rule.variable,
        "",
        (),
        f"the median of {rule.variable}{base} is {shown(median, 3)}, no plausible magnitude in "
        f"{unit or 'its unit'} ({shown(rule.least, 3)} to {shown(rule.most, 3)}): is the unit of "
        f"{header!r} right? {why_factor(power)}?",
        factor=10.0**power,
        cities=len(subject.grid.cities),
        correction=correction_line(rule.variable, "*", "*", correction_factor(power)),
        surprise=abs(power) * 10.0,
    )


def _other_cities(subject: Subject, rule: Magnitude, logs: Float) -> Iterator[Finding]:
    """Yield cities whose usual quantity is a hundred times that of the others, or so."""
    usual = median_of_known(logs)
    known = np.isfinite(usual)
    if known.sum() < _LEAST_CITIES:
        return
    middle = float(np.median(usual[known]))
    scale = 1.4826 * float(np.median(np.abs(usual[known] - middle)))
    off = np.where(known, usual - middle, 0.0)
    for city in np.flatnonzero(np.abs(off) >= max(_CITY_LOG, _CITY_SIGMAS * scale)):
        power = round(off[city] / np.log(10.0))
        name = subject.grid.cities[city]
        yield Finding(
            "unit",
            "warning",
            rule.variable,
            name,
            (),
            f"{rule.variable}{f' over {rule.over[0]}' if rule.over else ''} is, in all years, "
            f"{compared(off[city])} what it is in other cities: {why_factor(power)}?",
            factor=10.0**power,
            correction=correction_line(rule.variable, name, "*", correction_factor(power)),
            surprise=float(abs(off[city])) / max(scale, 0.1),
        )


def _shares(subject: Subject) -> Iterator[Finding]:
    """Doubt shares that are fractions of a percent, and name those that state no unit."""
    unstated = []
    for name, variable in subject.variables.items():
        if variable.kind != "share":
            continue
        known = subject.grid.values[name][np.isfinite(subject.grid.values[name])]
        if known.size and 0 < known.max() <= _TINY_SHARE:
            yield _tiny_share(subject, name, float(known.max()))
        elif known.size and _states_no_unit(subject, name):
            unstated.append(name)
    if unstated and len(unstated) < sum(v.kind == "share" for v in subject.variables.values()):
        yield _unstated(unstated)


def _tiny_share(subject: Subject, name: str, most: float) -> Finding:
    header = subject.panel.headers.get(name, name)
    return Finding(
        "unit",
        "warning",
        name,
        "",
        (),
        f"no value of {name} is above {shown(100 * most, 3)} %: are the numbers under {header!r} "
        "fractions labelled percent?",
        factor=0.01,
        cities=len(subject.grid.cities),
        correction=correction_line(name, "*", "*", "*100"),
        surprise=20.0,
    )


def _states_no_unit(subject: Subject, name: str) -> bool:
    header = subject.panel.headers.get(name, "")
    match = load_catalogue().resolve(header) if header else None
    return match is not None and not match.unit_in_header


def _unstated(names: list[str]) -> Finding:
    severity: Severity = "note"
    return Finding(
        "unit",
        severity,
        names[0] if len(names) == 1 else "",
        "",
        (),
        f"{', '.join(names)} state no unit and were read as fractions of one, beside shares in "
        "percent; their values lie between 0 and 1",
    )
