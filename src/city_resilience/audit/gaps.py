"""Where series start, stop, have holes, or never move."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from city_resilience.audit.cells import runs
from city_resilience.audit.figures import shown, span
from city_resilience.audit.finding import Finding, Severity
from city_resilience.audit.subject import Look
from city_resilience.reading.panel import Grid

__all__ = ["coverage", "coverage_table", "dead", "holes"]

_THIN = 0.5
_TOGETHER = 3


def coverage_table(grid: Grid) -> pd.DataFrame:
    """Return the share of cities with a value.

    Returns
    -------
    DataFrame
        ``variable`` (str), ``year`` (int), ``share`` (0 to 1), one row for each variable and
        year.
    """
    shares = {name: np.isfinite(values).mean(axis=0) for name, values in grid.values.items()}
    return pd.DataFrame(
        {
            "variable": np.repeat(list(shares), len(grid.years)),
            "year": np.tile(grid.years, len(shares)),
            "share": np.concatenate([*shares.values(), np.empty(0)]),
        }
    )


def coverage(look: Look) -> Iterator[Finding]:
    """Note where a variable starts and stops, and how much of it there is."""
    observed = look.observed()
    if not observed.size:
        return
    first, last = int(look.years[observed[0]]), int(look.years[observed[-1]])
    known = np.isfinite(look.values)
    share = float(known[:, observed[0] : observed[-1] + 1].mean())
    whole = (first, last) == look.subject.years
    if whole and share >= 0.995:
        return
    extent = "all years" if whole else span(first, last)
    yield Finding(
        "coverage",
        "note",
        look.id,
        "",
        (first, last),
        f"{extent}, {100 * share:.0f} % of the city-years between have a value",
        cities=int(known.any(axis=1).sum()),
    )


def dead(look: Look) -> Iterator[Finding]:
    """Find variables without a value, with one value only, or that stop before the newest year."""
    observed, newest = look.observed(), look.subject.years[1]
    if not observed.size:
        yield _dead(look, (), "has no value in any city and year")
        return
    known = look.values[np.isfinite(look.values)]
    if known.min() == known.max() and len(known) > 1:
        yield _dead(look, (), f"has the same value, {shown(float(known[0]))}, everywhere")
    last = int(look.years[observed[-1]])
    if last < newest:
        yield _dead(
            look, (last + 1, newest), f"stops with {last}: no value from {last + 1} to {newest}"
        )
        return
    shares = np.isfinite(look.values).mean(axis=0)
    usual = float(np.median(shares[observed]))
    fading = shares[-1] < _THIN * usual and usual > 0
    if fading:
        yield _dead(
            look,
            (newest,),
            f"has a value for {100 * shares[-1]:.0f} % of the cities in {newest}, usually for "
            f"{100 * usual:.0f} %: it is fading out",
        )


def _dead(look: Look, years: tuple[int, ...], what: str) -> Finding:
    severity: Severity = "error" if look.id == look.subject.outcome and not years else "warning"
    return Finding(
        "dead", severity, look.id, "", years, f"{look.id} {what}", cities=len(look.values)
    )


def holes(look: Look) -> Iterator[Finding]:
    """Find years inside a variable's run in which most cities lose it, and cities with holes."""
    observed = look.observed()
    if len(observed) < 3:
        return
    known = np.isfinite(look.values)[:, observed[0] : observed[-1] + 1]
    years = look.years[observed[0] : observed[-1] + 1]
    shares = known.mean(axis=0)
    beside = np.minimum(np.maximum.accumulate(shares), np.maximum.accumulate(shares[::-1])[::-1])
    missing = shares < _THIN * beside
    for first, last in runs(missing & (np.arange(len(years)) > 0)):
        yield _year_hole(look, (int(years[first]), int(years[last])), shares[first : last + 1])
    inner = _inner_holes(known) & ~missing
    if inner.any():
        yield _city_holes(look, inner, years)


def _inner_holes(known: NDArray[np.bool_]) -> NDArray[np.bool_]:
    before = np.maximum.accumulate(known, axis=1)
    after = np.maximum.accumulate(known[:, ::-1], axis=1)[:, ::-1]
    return np.asarray(~known & before & after)


def _year_hole(look: Look, years: tuple[int, int], shares: Sequence[float]) -> Finding:
    most = max(shares)
    many = "no city" if most == 0 else f"at most {100 * most:.0f} % of the cities"
    have = "has" if most == 0 else "have"
    return Finding(
        "hole",
        "warning",
        look.id,
        "",
        years,
        f"{many} {have} a value in {span(*years)}, though there are values before and after",
        cities=len(look.values),
    )


def _city_holes(look: Look, inner: NDArray[np.bool_], years: NDArray[np.int64]) -> Finding:
    cities = np.flatnonzero(inner.any(axis=1))
    when = years[np.flatnonzero(inner.any(axis=0))]
    worst = cities[np.argsort(-inner[cities].sum(axis=1), kind="stable")]
    severity: Severity = "warning" if look.id == look.subject.outcome else "note"
    return Finding(
        "hole",
        severity,
        look.id,
        look.subject.grid.cities[cities[0]] if len(cities) == 1 else "",
        (int(when[0]), int(when[-1])),
        f"{int(inner.sum())} values missing inside the series of {len(cities)} "
        f"cit{'y' if len(cities) == 1 else 'ies'}: {look.subject.named([int(c) for c in worst])}",
        cities=len(cities),
    )
