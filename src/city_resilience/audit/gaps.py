"""Where series start, stop, have holes, or never move."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from city_resilience.arrays import Float, Mask
from city_resilience.audit import thresholds as limit
from city_resilience.audit.rule import Rule, VariableView
from city_resilience.audit.stack import Stack
from city_resilience.audit.trajectories import runs
from city_resilience.audit.wording import shown, span
from city_resilience.reading.issues import Issue, Level
from city_resilience.reading.panel import Grid

__all__ = ["RULES", "coverage", "coverage_rows", "dead", "holes"]

_CITIES_AT_ONCE = 50_000
_NO_OUTCOME = "correct its cells or name another outcome; there is nothing to forecast"


def coverage_rows(grid: Grid) -> list[dict[str, Any]]:
    """Return ``variable``, ``year`` and the ``share`` of the cities with a value, 0 to 1."""
    return [
        {"variable": name, "year": int(year), "share": float(share)}
        for name, values in grid.values.items()
        for year, share in zip(grid.years, _known_by_year(values), strict=True)
    ]


def _known_by_year(values: Float) -> Float:
    """Return the share of the cities with a value, some cities at a time; shape (years,)."""
    parts = range(0, len(values), _CITIES_AT_ONCE)
    known = [np.isfinite(values[at : at + _CITIES_AT_ONCE]).sum(axis=0) for at in parts]
    return np.asarray(np.sum(known, axis=0) / len(values))


def coverage(view: VariableView) -> Iterator[Issue]:
    """Note where a variable starts and stops, and how much of it there is."""
    observed = view.observed()
    if not observed.size:
        return
    years = (int(view.years[observed[0]]), int(view.years[observed[-1]]))
    known = view.known
    share = float(known[:, observed[0] : observed[-1] + 1].mean())
    whole = years == view.panel_view.years
    if whole and share >= limit.WHOLE:
        return
    when = "all years" if whole else span(years)
    reason = f"{when}, {100 * share:.0f} % of the city-years between have a value"
    cities = int(known.any(axis=1).sum())
    yield view.issue("note", "coverage", reason, years=years, cities=cities)


def dead(view: VariableView) -> Iterator[Issue]:
    """Find variables without a value, with one value only, or that stop before the newest year."""
    observed, newest = view.observed(), view.panel_view.years[1]
    if not observed.size:
        issue = _dead(view, (), "has no value in any city and year")
        yield replace(issue, hint=_NO_OUTCOME, acceptable=False) if view.is_outcome else issue
        return
    least, most = view.span
    if least == most and view.known.sum() > 1:
        yield _dead(view, (), f"has the same value, {shown(least)}, everywhere")
    last = int(view.years[observed[-1]])
    if last < newest:
        what = f"stops with {last}: no value from {last + 1} to {newest}"
        yield _dead(view, (last + 1, newest), what)
        return
    shares = view.known.mean(axis=0)
    usual = float(np.median(shares[observed]))
    if shares[-1] < limit.THIN * usual:
        what = (
            f"has a value for {100 * shares[-1]:.0f} % of the cities in {newest}, usually for "
            f"{100 * usual:.0f} %: the series is ending"
        )
        yield _dead(view, (newest,), what)


def _dead(view: VariableView, years: tuple[int, ...], what: str) -> Issue:
    level: Level = "error" if view.is_outcome and not years else "warning"
    return view.issue(level, "dead", f"{view.id} {what}", years=years, cities=len(view.known))


def holes(view: VariableView) -> Iterator[Issue]:
    """Find years inside a variable's run in which most cities lose it, and cities with holes."""
    observed = view.observed()
    if len(observed) < 3:
        return
    known = view.known
    shares = known.mean(axis=0)
    beside = np.minimum(np.maximum.accumulate(shares), np.maximum.accumulate(shares[::-1])[::-1])
    missing = shares < limit.THIN * beside
    for first, last in runs(missing):
        yield _year_hole(view, first, last, float(shares[first : last + 1].max()))
    before = np.maximum.accumulate(known, axis=1)
    after = np.maximum.accumulate(known[:, ::-1], axis=1)[:, ::-1]
    inner = ~known & before & after & ~missing
    if inner.any():
        yield _city_holes(view, inner)


def _year_hole(view: VariableView, first: int, last: int, most: float) -> Issue:
    years = (int(view.years[first]), int(view.years[last]))
    many = f"at most {100 * most:.0f} % of the cities have" if most else "no city has"
    reason = f"{many} a value in {span(years)}, though there are values before and after"
    return view.issue("warning", "hole", reason, years=years, cities=len(view.known))


def _city_holes(view: VariableView, inner: Mask) -> Issue:
    cities = np.flatnonzero(inner.any(axis=1))
    worst = cities[np.argsort(-inner[cities].sum(axis=1), kind="stable")]
    one = len(cities) == 1
    reason = (
        f"{int(inner.sum())} values missing inside the series of {len(cities)} "
        f"cit{'y' if one else 'ies'}: {view.panel_view.named(worst, limit.NAMED_HOLES)}"
    )
    about = view.panel_view.reach(inner)
    about["city"] = view.panel_view.grid.cities[cities[0]] if one else ""
    return view.issue("warning" if view.is_outcome else "note", "hole", reason, **about)


def _may_be_dead(stack: Stack) -> Mask:
    known, values = stack.known, stack.values
    least = np.where(known, values, np.inf).min(axis=(1, 2), initial=np.inf)
    most = np.where(known, values, -np.inf).max(axis=(1, 2), initial=-np.inf)
    shares = known.mean(axis=1)
    thin = shares[:, -1] < limit.THIN * shares.max(axis=1)
    return np.asarray((least >= most) | ~stack.observed[:, -1] | thin)


def _may_be_no_outcome(stack: Stack) -> Mask:
    return np.asarray(stack.is_outcome & ~stack.observed.any(axis=1))


def _may_have_holes(stack: Stack) -> Mask:
    return np.asarray(~stack.known.all(axis=(1, 2)) & (stack.observed.sum(axis=1) >= 3))


def _may_be_partial(stack: Stack) -> Mask:
    return np.asarray(~stack.known.all(axis=(1, 2)))


RULES = (
    Rule(
        "dead",
        "Variable that stops",
        "已中断的变量",
        dead,
        may=_may_be_dead,
        may_err=_may_be_no_outcome,
    ),
    Rule("hole", "Missing years in a series", "序列中的缺失年份", holes, may=_may_have_holes),
    Rule("coverage", "Start and end of a series", "序列的起止", coverage, may=_may_be_partial),
)
