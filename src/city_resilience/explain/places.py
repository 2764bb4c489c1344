"""Whether drivers differ by place: each level of a group of cities against all others.

Four figures, all of rows that no model learnt from: how large the contributions are, which way they
go, how steeply the truth follows them, and how good the view is. Each difference has an interval of
draws of the provinces, the years as they were, a p-value, and the q-value of Benjamini and Hochberg
over all that were looked at, since among two hundred differences ten look remarkable by chance.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from city_resilience.arrays import Float, Int, Mask
from city_resilience.explain.held_rows import HeldOut
from city_resilience.explain.resampling import LEVEL, stratified_weights, with_q_values
from city_resilience.explain.thresholds import normal_scores

__all__ = [
    "FIGURES",
    "PLACE_COLUMNS",
    "SKILL",
    "STAND_INS",
    "STEEPNESS",
    "VIEW",
    "place_differences",
]

IMPORTANCE, DIRECTION, STEEPNESS, SKILL = FIGURES = (
    *("importance", "direction", "steepness", "skill"),
)
"""Mean absolute contribution and mean contribution, pp; slope of what the truth leaves to the
family of an indicator on the normal score of its value, pp per standard deviation; share of the
error of no gap that the view saves."""
STAND_INS: Mapping[str, str] = {"broadband_china": "smart_facility"}
"""Groups that stand in for one that the panel lacks: reported under their own name, and named."""
VIEW = "(view)"
Columns = dict[str, NDArray[Any]]
FEWEST_PROVINCES, FEWEST_VALUES = 3, 8
PLACE_COLUMNS = (
    *("group", "stands_in_for", "level", "kind", "name", "figure", "n", "rest", "provinces"),
    *("value", "value_rest", "difference", "low", "high", "p_value", "q_value", "looked_at"),
    "withheld",
)


def place_differences(
    held: HeldOut,
    groups: Mapping[str, Mapping[str, str]],
    *,
    min_group: int = 10,
    indicators: int = 15,
    draws: int = 200,
    seed: int = 0,
) -> pd.DataFrame:
    """Compare each level of each group with the other cities whose level is known.

    Parameters
    ----------
    groups : mapping of str to mapping of str to str
        Group to the level of each city; "" = not known, then the city is left out.
    min_group : int
        Fewest cities on either side.
    indicators : int
        How many leading indicators are looked at beside the families.

    Returns
    -------
    DataFrame
        ``PLACE_COLUMNS``. ``n`` and ``rest`` are cities. Figures are NaN where ``withheld`` says
        why. ``q_value`` and ``looked_at``, how many differences have a p-value, are of this table.
        ``skill`` and ``steepness`` are left out without
        a truth.
    """
    measured = _Measured(held, indicators, draws, seed)
    parts = [
        part
        for name, levels in groups.items()
        for part in _group(measured, name, levels, min_group)
    ]
    if not parts:
        return pd.DataFrame(columns=list(PLACE_COLUMNS))
    columns = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    return with_q_values(pd.DataFrame(columns)).reindex(columns=list(PLACE_COLUMNS))


@dataclass(frozen=True)
class _Measured:
    """Everything that is summed over the rows of a level, one column each.

    Attributes
    ----------
    indicators : int
        Leading indicators that are looked at.
    draws, seed : int
        How many draws of the provinces.
    """

    held: HeldOut
    indicators: int
    draws: int
    seed: int

    @cached_property
    def known(self) -> bool:
        """Whether any truth is known."""
        return bool(np.isfinite(self.held.miss).any())

    @cached_property
    def leading(self) -> list[str]:
        """The indicators that are looked at."""
        return self.held.leading(self.indicators)

    @cached_property
    def contributions(self) -> tuple[list[tuple[str, str]], Float]:
        """Kind and name of each column, and contributions, shape (rows, columns)."""
        families = list(self.held.families)
        leading = self.leading
        wide = self.held.wide[1][leading].fillna(0.0)
        names = [("family", name) for name in families] + [("indicator", k) for k in leading]
        by_family = self.held.by_family[families].to_numpy()
        return names, np.column_stack([by_family, wide.to_numpy()])

    @cached_property
    def moments(self) -> Float:
        """Sizes, contributions, slope moments (1, x, r, xx, xr) and errors, side by side."""
        values = self.contributions[1]
        parts = [np.ones((len(values), 1)), np.abs(values), values]
        if self.known:
            parts += [*self._slope_moments(), self._errors()]
        return np.column_stack(parts)

    def _slope_moments(self) -> list[Float]:
        """Return 1, x, r, xx, xr: normal scores of the leading indicators and what is left them."""
        shape = len(self.held.index), len(self.leading)
        one, x, r = np.zeros(shape), np.zeros(shape), np.zeros(shape)
        for k, name in enumerate(self.leading):
            own = self.held.one(name)
            known = np.isfinite(own.residuals)
            if np.unique(own.values[known]).size < FEWEST_VALUES:
                continue
            left = own.residuals[known] - _yearly_means(own.residuals[known], own.years[known])
            rows = own.rows[known]
            one[rows, k], x[rows, k], r[rows, k] = 1.0, normal_scores(own.values[known]), left
        return [one, x, r, x * x, x * r]

    def _errors(self) -> Float:
        miss = self.held.miss
        errors: Float = np.column_stack([np.abs(miss), np.abs(miss + self.held.forecast)])
        return np.where(np.isfinite(errors), errors, 0.0)

    def sums(self, rows: Mask) -> Float:
        """Sum the moments of some rows by cluster, shape (clusters, columns)."""
        every = self.held.clusters.of
        inside = np.arange(int(every.max()) + 1)[:, None] == every[rows]
        return np.asarray(inside.astype(np.float64) @ self.moments[rows])

    def figures(self, sums: Float, weights: Float) -> dict[str, Float]:
        """Return each figure in every draw of the clusters, shape (draws, columns)."""
        total, leading = weights @ sums, len(self.leading)
        width = len(self.contributions[0])
        count, at = total[:, :1], 1 + 2 * width
        found = {
            IMPORTANCE: _over(total[:, 1 : 1 + width], count),
            DIRECTION: _over(total[:, 1 + width : at], count),
        }
        if self.known:
            one, x, r, xx, xr = np.split(total[:, at : at + 5 * leading], 5, axis=1)
            found[STEEPNESS] = _over(one * xr - x * r, one * xx - x * x)
            found[SKILL] = 1.0 - _over(total[:, -2:-1], total[:, -1:])
        return found

    def names(self, figure: str) -> list[tuple[str, str]]:
        """Return kind and name of the columns of a figure."""
        if figure == SKILL:
            return [("view", VIEW)]
        names = self.contributions[0]
        return names[len(self.held.families) :] if figure == STEEPNESS else names


def _group(
    measured: _Measured, name: str, levels: Mapping[str, str], min_group: int
) -> Iterator[Columns]:
    level = np.array([levels.get(city, "") for city in measured.held.cities])
    for own in sorted(set(level) - {""}):
        sides = (level == own, (level != own) & (level != ""))
        n, others = (np.unique(measured.held.cities[rows]).size for rows in sides)
        provinces = [measured.held.clusters.rows(rows).count for rows in sides]
        reason = _too_few(min(n, others), min(provinces), min_group)
        found = _withheld(measured, reason) if reason else _compared(measured, *sides)
        about = {"group": name, "stands_in_for": STAND_INS.get(name, ""), "level": own}
        about |= {"n": n, "rest": others, "provinces": provinces[0]}
        yield {**found, **{key: _repeated(value, found) for key, value in about.items()}}


def _too_few(cities: int, provinces: int, min_group: int) -> str:
    if cities < min_group:
        return f"fewer than {min_group} cities on one side"
    if provinces < FEWEST_PROVINCES:
        return f"in fewer than {FEWEST_PROVINCES} provinces on one side"
    return ""


def _repeated(value: str | int, beside: Columns) -> NDArray[Any]:
    return np.full(len(beside["name"]), value, dtype=object if isinstance(value, str) else np.int64)


def _compared(measured: _Measured, inside: Mask, rest: Mask) -> Columns:
    """Compare two sides in the draws of `stratified_weights`."""
    sums = [measured.sums(rows) for rows in (inside, rest)]
    present = [own[:, 0] > 0 for own in sums]
    drawn = stratified_weights(2 * present[0] + present[1], measured.draws, measured.seed)
    weights = np.vstack([np.ones(drawn.shape[1]), drawn])
    own, others = (measured.figures(side, weights) for side in sums)
    counts = (int(present[0].sum()), int(present[1].sum()))
    found = [_differences(values, others[figure], counts) for figure, values in own.items()]
    columns = {name: np.concatenate([part[name] for part in found]) for name in found[0]}
    return {**_named(measured, tuple(own)), **columns}


def _named(measured: _Measured, figures: Sequence[str]) -> Columns:
    """Return kind, name and figure of the columns of figures."""
    rows = [(*name, figure) for figure in figures for name in measured.names(figure)]
    return dict(zip(("kind", "name", "figure"), np.array(rows, dtype=object).T, strict=True))


def _differences(own: Float, rest: Float, clusters: tuple[int, int]) -> Columns:
    """Return differences of two sides, one a column, their first draws being the estimates.

    The standard error is that of the draws, enlarged by sqrt(G / (G - 1)) for the G clusters of
    the smaller side; the degrees of freedom are those of Welch and Satterthwaite, each side with
    its clusters less one.
    """
    from scipy.stats import t

    estimates, fewest = own[0] - rest[0], min(clusters)
    known = np.isfinite(estimates)
    drawn = [np.where(known, side[1:], 0.0) for side in (own, rest)]
    spread = [np.nanvar(side, axis=0) for side in drawn]
    error = np.nanstd(drawn[0] - drawn[1], axis=0, ddof=1) * np.sqrt(fewest / (fewest - 1))
    shares = [part**2 / (count - 1) for part, count in zip(spread, clusters, strict=True)]
    freedom = (spread[0] + spread[1]) ** 2 / np.maximum(shares[0] + shares[1], 1e-300)
    told = known & (error > 1e-9)
    safe = np.where(told, error, 1.0)
    reach = np.where(told, t.ppf(0.5 + LEVEL / 2, freedom) * safe, np.nan)
    p_value = np.where(told, 2 * t.sf(np.abs(estimates) / safe, freedom), np.nan)
    why = np.where(known, "no difference in any draw", "too few different values")
    return {
        "value": own[0],
        "value_rest": rest[0],
        "difference": estimates,
        "low": estimates - reach,
        "high": estimates + reach,
        "p_value": p_value,
        "withheld": np.where(told, "", why).astype(object),
    }


def _withheld(measured: _Measured, reason: str) -> Columns:
    named = _named(measured, FIGURES if measured.known else FIGURES[:2])
    unknown = np.full(len(named["name"]), np.nan)
    return {
        **named,
        **dict.fromkeys(("value", "value_rest", "difference", "low", "high", "p_value"), unknown),
        "withheld": _repeated(reason, named),
    }


def _over(above: Float, below: Float) -> Float:
    nothing = np.full(above.shape, np.nan)
    return np.asarray(np.divide(above, below, out=nothing, where=np.abs(below) > 1e-12))


def _yearly_means(values: Float, years: Int) -> Float:
    """Return the mean of each year, NaN left out, on every row."""
    return np.asarray(pd.Series(values).groupby(years).transform("mean"), dtype=np.float64)
