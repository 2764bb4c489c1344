"""Doubt whether the outcome is a level that adds up, or a logarithm, a rate, an amount per head.

The nation of a level is the sum of its places. Of anything else that sum means nothing, and the
growth gap to it is wrong without a word. So an outcome whose scale nobody stated is looked at: its
name, its unit, its size, whether it goes with population, and whether it adds up to the rows of
larger units.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping

import numpy as np

from city_resilience.arrays import Float, Mask
from city_resilience.audit import thresholds as limit
from city_resilience.audit.rule import Rule, VariableView
from city_resilience.audit.stack import Stack
from city_resilience.audit.wording import shown
from city_resilience.catalogue.units import parse_unit
from city_resilience.catalogue.variables import load_catalogue
from city_resilience.reading.issues import Issue

__all__ = ["RULES", "scale_doubts"]

_NAMES: Mapping[str, re.Pattern[str]] = {
    "log": re.compile(r"(?<![a-z])(ln|log|logarithm)(?=[A-Z_\s(]|$)|(?<![a-z])(Ln|Log)|对数"),
    "per_head": re.compile(
        r"(?i)per[ _-]?(head|capita|person|inhabitant|worker|employee)|[a-z]pc$|_pc\b|人均|劳均"
    ),
    "rate": re.compile(
        r"(?i)(?<![a-z])(rate|share|ratio|percent|percentage|pct)(?![a-z])|率|比重|占比"
    ),
    "index": re.compile(r"(?i)(?<![a-z])index(?![a-z])|指数"),
}
_WORDS = {
    "log": "a logarithm",
    "per_head": "an amount per head",
    "rate": "a rate or share",
    "index": "an index",
}
_MORE = {
    "per_head": " and weight (the column of what it is per)",
    "rate": " and direction (1: more is better, -1: less is)",
}
_UNITS = {"log": "log", "ratio": "rate", "index": "index"}
_SIZES = ("population", "registered_population", "employment", "unit_employment")


def scale_doubts(view: VariableView) -> Iterator[Issue]:
    """Doubt an outcome that looks like no level, unless its scale is stated or known."""
    if not view.is_outcome or view.variable.scale:
        return
    known = view.id in load_catalogue().variables
    doubt = (None if known else _named(view)) or _sized(view, known)
    if doubt is None:
        return
    scale, why = doubt
    reason = (
        f"the outcome is taken as an amount that adds up over places, and it looks like "
        f'{_WORDS[scale]}: {why}; if it is, set scale = "{scale}"{_MORE.get(scale, "")} under '
        '[outcome]; if it does add up, set scale = "level" there'
    )
    cities = len(view.panel_view.grid.cities)
    yield view.issue("warning", "scale", reason, cities=cities, surprise=limit.MOST_SURPRISE)


def _named(view: VariableView) -> tuple[str, str] | None:
    """Return the scale that a unit or a name says."""
    unit = parse_unit(view.variable.unit) if view.variable.unit else None
    if unit is not None:
        scale = "per_head" if unit.denominator else _UNITS.get(unit.numerator, "")
        if scale:
            return scale, f"its unit is {view.variable.unit!r}"
    header = view.panel_view.panel.headers.get(view.id, "")
    for name in dict.fromkeys((header, view.id, view.variable.label_en, view.variable.label_zh)):
        for scale, words in _NAMES.items():
            if words.search(name):
                return scale, f"its name is {name!r}"
    return None


def _sized(view: VariableView, known: bool) -> tuple[str, str] | None:
    """Return the scale that the values say; of a known variable only a logarithm is looked for."""
    values = view.values[np.isfinite(view.values)]
    if len(view.values) < limit.SCALE_PLACES or not values.size or values.min() <= 0:
        return None
    logs = np.log(np.where(view.values > 0, view.values, np.nan))
    spread, move = _typical(np.nanstd, logs), _typical(np.nanmedian, np.abs(np.diff(logs)))
    least, most = float(values.min()), float(values.max())
    between = f"all values lie between {shown(least, 3)} and {shown(most, 3)}"
    small = least > 1 and most < limit.LARGEST_LOG
    if small and spread < limit.LOG_SPREAD and move < limit.LOG_MOVE:
        return "log", f"{between}, and move by {100 * move:.1f} % a year"
    if known:
        return None
    if most <= 1 and spread < limit.RATE_SPREAD:
        return "rate", between
    return _against_population(view, logs) or _against_provinces(view)


def _typical(of: Callable[..., Float], values: Float) -> float:
    """Return the median over the years of a statistic over the cities."""
    seen = values[:, np.isfinite(values).sum(axis=0) >= limit.SCALE_PLACES]
    return float(np.median(of(seen, axis=0))) if seen.size else np.inf


def _against_population(view: VariableView, logs: Float) -> tuple[str, str] | None:
    """An amount goes with how many people there are; an amount per head does not."""
    columns = view.panel_view.grid.values
    for name in _SIZES:
        if name not in columns or name == view.id:
            continue
        size = np.log(np.where(columns[name] > 0, columns[name], np.nan))
        both = np.isfinite(logs) & np.isfinite(size)
        year = int(both.sum(axis=0).argmax())
        at = both[:, year]
        if at.sum() < limit.SCALE_PLACES or np.std(size[at, year]) < limit.SIZE_SPREAD:
            continue
        slope = np.polyfit(size[at, year], logs[at, year], 1)[0]
        if slope < limit.SIZE_SLOPE:
            when = int(view.years[year])
            return "per_head", (
                f"in {when} places with ten times the {name} have {10**slope:.1f} times as much"
            )
        return None
    return None


def _against_provinces(view: VariableView) -> tuple[str, str] | None:
    """The row of a province holds the sum of its places' amounts, and a mean of all else."""
    grid = view.panel_view.grid
    if grid.province is None:
        return None
    sums, means = [], []
    for name in sorted(set(grid.cities) & set(grid.province.tolist())):
        inside = (grid.province == name) & (np.array(grid.cities) != name)
        if inside.sum() < limit.PROVINCE_PLACES:
            continue
        whole, parts = view.values[grid.cities.index(name)], view.values[inside]
        both = np.isfinite(whole) & np.isfinite(parts).all(axis=0)
        within = (whole >= parts.min(axis=0)) & (whole <= parts.max(axis=0))
        sums.append(int(both.sum()))
        means.append(int((both & within).sum()))
    if sum(means) <= limit.PROVINCE_SHARE * sum(sums) or not sum(sums):
        return None
    return "per_head", (
        f"in {sum(means)} of {sum(sums)} province-years the row of the province lies between its "
        "places and is not their sum"
    )


def _may_be_no_level(stack: Stack) -> Mask:
    return stack.is_outcome


RULES = (
    Rule(
        "scale", "Scale of the outcome", "结果变量的尺度", each=scale_doubts, may=_may_be_no_level
    ),
)
