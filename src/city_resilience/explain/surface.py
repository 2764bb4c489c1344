"""Two indicators at once: mean contributions over a grid, and whether they work together."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import numpy as np
import pandas as pd

from city_resilience.arrays import Float, Positions
from city_resilience.explain.held_rows import HeldOut, OneIndicator
from city_resilience.explain.resampling import FEWEST_CLUSTERS, RowClusters, bounds, p_from_draws
from city_resilience.explain.thresholds import normal_scores, products

__all__ = ["PAIR_COLUMNS", "SURFACE_COLUMNS", "leading_pairs", "surface"]

GRID, FEWEST_IN_CELL, FEWEST_ROWS = 4, 10, 160
SURFACE_COLUMNS = (
    *("first", "second", "first_from", "first_to", "second_from", "second_to", "n"),
    *("contribution", "additive", "withheld"),
)
PAIR_COLUMNS = (
    *("first", "second", "n", "corner", "corner_low", "corner_high"),
    *("product", "product_low", "product_high", "p_value", "withheld"),
)


def leading_pairs(held: HeldOut, most: int = 3) -> list[tuple[str, str]]:
    """Return the pairs among the leading indicators of different families.

    One indicator a family: those of a family say much the same.
    """
    leaders: dict[str, str] = {}
    for name in held.leading(len(held.family_of)):
        leaders.setdefault(held.family_of[name], name)
    return list(combinations(list(leaders.values())[:most], 2))


def surface(
    held: HeldOut, first: str, second: str, draws: int = 200, seed: int = 0
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Average the contributions of two indicators together over a grid of their values.

    SHAP gives each of two indicators half of what they add only together, so the sum of the two
    holds it whole.

    Returns
    -------
    cells : DataFrame
        ``SURFACE_COLUMNS``, four by four quantiles; ``additive`` is what rows and columns of the
        grid add up to, so that the rest is theirs together. A cell of fewer than 10 rows is
        withheld.
    pair : DataFrame
        ``PAIR_COLUMNS``, one row. ``corner`` is high-high plus low-low less the two others (pp);
        ``product`` is the slope of what the truth leaves to the two families on the product of the
        normal scores (pp per product of standard deviations), with ``p_value``; empty without a
        truth.
    """
    one, other, rows = _both(held, first, second)
    clusters = held.clusters.rows(rows)
    reason = _too_few(len(rows), clusters.count)
    about = {"first": first, "second": second}
    if reason:
        cells = pd.DataFrame([{**about, "n": len(rows), "withheld": reason}])
        return cells.reindex(columns=list(SURFACE_COLUMNS)), cells.reindex(
            columns=list(PAIR_COLUMNS)
        )
    weights = np.vstack([np.ones(len(rows)), clusters.weights(draws, seed)])
    edges = [np.quantile(own.values, np.linspace(0, 1, GRID + 1)) for own in (one, other)]
    place = [
        np.clip(np.searchsorted(edge, own.values, side="left") - 1, 0, GRID - 1)
        for edge, own in zip(edges, (one, other), strict=True)
    ]
    both = one.contributions + other.contributions
    cells = _cells(place, both, edges).assign(**about)
    pair = {**about, "n": len(rows), "withheld": "", **_corner(place, both, weights)}
    response = held.residuals(sorted({one.family, other.family}))[rows]
    pair |= _product(one, other, response, weights, clusters)
    table = pd.DataFrame([pair]).reindex(columns=list(PAIR_COLUMNS))
    return cells.reindex(columns=list(SURFACE_COLUMNS)), table


def _both(held: HeldOut, *names: str) -> tuple[OneIndicator, OneIndicator, Positions]:
    """Return two indicators on the rows where both have a value, and these rows."""
    found = [held.one(name) for name in names]
    common = np.intersect1d(found[0].rows, found[1].rows)
    one, other = (own.only(np.searchsorted(own.rows, common)) for own in found)
    return one, other, common


def _too_few(rows: int, clusters: int) -> str:
    if rows < FEWEST_ROWS:
        return f"{rows} rows, at least {FEWEST_ROWS} are needed"
    if clusters < FEWEST_CLUSTERS:
        return f"{clusters} provinces, at least {FEWEST_CLUSTERS} are needed"
    return ""


def _cells(place: Sequence[Positions], both: Float, edges: Sequence[Float]) -> pd.DataFrame:
    cell = place[0] * GRID + place[1]
    counts = np.bincount(cell, minlength=GRID**2)
    enough = counts >= FEWEST_IN_CELL
    means = np.where(
        enough, np.bincount(cell, both, minlength=GRID**2) / np.maximum(counts, 1), np.nan
    )
    first, second = np.divmod(np.arange(GRID**2), GRID)
    return pd.DataFrame(
        {
            "first_from": edges[0][first],
            "first_to": edges[0][first + 1],
            "second_from": edges[1][second],
            "second_to": edges[1][second + 1],
            "n": counts,
            "contribution": means,
            "additive": np.where(enough, _additive(place, both), np.nan),
            "withheld": np.where(enough, "", f"fewer than {FEWEST_IN_CELL} rows"),
        }
    )


def _additive(place: Sequence[Positions], both: Float) -> Float:
    """Return the additive fit of every cell, shape (GRID ** 2,)."""
    rows = [(np.arange(GRID) == own[:, None]).astype(np.float64) for own in place]
    design = np.column_stack([rows[0], rows[1][:, 1:]])
    fitted = np.linalg.lstsq(design, both, rcond=None)[0]
    across = np.concatenate([[0.0], fitted[GRID:]])
    return np.asarray((fitted[:GRID, None] + across).ravel())


def _corner(place: Sequence[Positions], both: Float, weights: Float) -> dict[str, float]:
    """Contrast the corners of the grid cut in two by two."""
    halves = [own >= GRID // 2 for own in place]
    total = np.zeros(len(weights))
    for first in (False, True):
        for second in (False, True):
            inside = (halves[0] == first) & (halves[1] == second)
            count = weights[:, inside].sum(axis=1)
            mean = np.divide(
                weights[:, inside] @ both[inside],
                count,
                out=np.full(len(count), np.nan),
                where=count > 0,
            )
            total = total + (1.0 if first == second else -1.0) * mean
    low, high = bounds(total[1:])
    return {"corner": float(total[0]), "corner_low": low, "corner_high": high}


def _product(
    one: OneIndicator, other: OneIndicator, response: Float, weights: Float, clusters: RowClusters
) -> dict[str, float]:
    """Regress what the truth leaves on both scores, their squares, and their product."""
    known = np.isfinite(response)
    if known.sum() < FEWEST_ROWS:
        return {}
    x, z = (normal_scores(own.values[known]) for own in (one, other))
    years = (one.years[known][:, None] == np.unique(one.years[known])).astype(np.float64)
    design = np.column_stack([x * z, x, z, x**2, z**2, years])
    slopes = _first_slopes(design, response[known], weights[:, known])
    low, high = bounds(slopes[1:])
    p_value = p_from_draws(float(slopes[0]), slopes[1:], clusters.count)
    return {
        "product": float(slopes[0]),
        "product_low": low,
        "product_high": high,
        "p_value": p_value,
    }


def _first_slopes(design: Float, response: Float, weights: Float) -> Float:
    """Return the slope on the first column in weighted regressions, shape (draws,)."""
    wide = design.shape[1]
    moments = (weights @ products(design, design)).reshape(-1, wide, wide)
    known = (weights @ (design * response[:, None]))[:, :, None]
    inverse = np.linalg.pinv(moments, rcond=1e-10, hermitian=True)
    return np.asarray((inverse @ known)[:, 0, 0])
