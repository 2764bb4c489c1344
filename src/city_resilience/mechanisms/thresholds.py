"""Hansen's panel threshold: a relation that changes where another variable passes a value.

The model
---------
With effects of city and year, controls ``z`` and the threshold variable ``q``::

    y = below x 1(q <= g) + above x 1(q > g) + z'c + city + year + e

``g`` minimises the sum of squares ``S(g)`` over the values of ``q`` that leave a share of the rows
on each side. A second threshold is searched with the first one given, and the first again with the
second given (Hansen 1999, Journal of Econometrics 93, sections 3 to 5). With the effects, ``x`` and
``z`` projected out, ``S(g) = S0 - (d'y)^2 / (d'd)`` for ``d = x 1(q <= g)``, so that the whole grid
and all draws of the bootstrap are products of matrices.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import product

import numpy as np

from city_resilience.arrays import Float, Int, Mask
from city_resilience.mechanisms.baseline import usable_controls
from city_resilience.mechanisms.context import Context, Part, Refusal
from city_resilience.mechanisms.estimate import LEVEL, Estimate, counted
from city_resilience.mechanisms.fixed_effects import both_clusters, terms_of, two_way
from city_resilience.mechanisms.refusals import (
    least_years,
    refusal_of,
    shared_components,
)
from city_resilience.mechanisms.resampling import clusters_of
from city_resilience.mechanisms.sample import Sample, sample_of, within

__all__ = ["LEAST_SIDE", "Threshold", "critical_ratio", "find_threshold", "thresholds"]

LEAST_SIDE = 0.1
"""Share of the rows that each regime keeps."""
MOST_VALUES = 400
"""Values of the threshold variable that are tried: its quantiles where it has more."""


@dataclass(frozen=True)
class Threshold:
    """A threshold, given those found before it.

    Attributes
    ----------
    value, low, high : float
        In units of the threshold variable; ``low`` and ``high`` bound the values that the
        likelihood ratio does not reject.
    f : float
        (S without it - S with it) / (S with it / rows).
    p : float
        Share of bootstrap draws without this threshold whose largest ``f`` is as large.
    """

    value: float
    low: float
    high: float
    f: float
    p: float


def critical_ratio(level: float = LEVEL) -> float:
    """Return the likelihood ratio that bounds the interval of a threshold (Hansen 1999, eq. 9).

    Examples
    --------
    >>> round(critical_ratio(0.95), 2)
    7.35
    """
    return float(-2 * np.log(1 - np.sqrt(level)))


@dataclass(frozen=True)
class _Grid:
    """What the search needs, effects of city and year out.

    Attributes
    ----------
    y : ndarray, shape (rows,)
    base : ndarray, shape (rows, 1 + controls)
        The treatment and the controls.
    steps : ndarray, shape (rows, values)
        ``x 1(q <= g)`` for each value g that is tried.
    values : ndarray, shape (values,)
    below : ndarray, shape (values,)
        Share of the rows at or below each value.
    clusters : ndarray of int64, shape (rows,)
    """

    y: Float
    base: Float
    steps: Float
    values: Float
    below: Float
    clusters: Int

    def apart(self, given: Sequence[int]) -> Mask:
        """Return the values that leave each regime enough rows, beside some others."""
        cuts = np.sort(np.asarray([0.0, 1.0, *self.below[list(given)]]))
        gaps = np.abs(self.below[:, None] - cuts).min(axis=1)
        return np.asarray(gaps >= LEAST_SIDE - 1e-12)


def find_threshold(
    sample: Sample, q: Float, *, most: int = 2, draws: int = 200, seed: int = 0
) -> list[Threshold]:
    """Find up to ``most`` thresholds, one after the other.

    Parameters
    ----------
    sample : Sample
        The treatment is its first variable.
    q : ndarray, shape (rows,)
        Threshold variable.
    most : int
        1 or 2.
    draws, seed : int
        Of the bootstrap: residuals of whole clusters change their sign at random (provinces, where
        there are ten; else cities), so that what the rows of a cluster share stays. The residuals
        are those without this threshold (Cameron, Gelbach and Miller 2008, where the null is
        imposed): the best of many values takes up errors that a cluster shares, and residuals of
        the fit with it are too small.

    Returns
    -------
    list of Threshold
        In the order in which they were found; the first refined where a second is found. Empty
        where ``q`` has no value that leaves enough rows on each side.
    """
    grid = _grid_of(sample, q)
    if not len(grid.values) or not grid.apart(()).any():
        return []
    rng = np.random.default_rng(seed)
    first = _best(grid, ())
    found = [_tested(grid, (), first, draws, rng)]
    if most > 1 and grid.apart([first]).any():
        second = _best(grid, [first])
        tested = _tested(grid, [first], second, draws, rng)
        if grid.apart([second]).any():
            low, high = _interval(grid, [second], first := _best(grid, [second]))
            single = found[0]
            found[0] = Threshold(float(grid.values[first]), low, high, single.f, single.p)
        found.append(tested)
    return found


def _grid_of(sample: Sample, q: Float) -> _Grid:
    values = np.unique(q)[:-1]
    if len(values) > MOST_VALUES:
        shares = np.linspace(0, 1, MOST_VALUES + 2)[1:-1]
        values = np.unique(np.quantile(q, shares, method="inverted_cdf"))
    below = np.searchsorted(np.sort(q), values, side="right") / len(q)
    kept = (below >= LEAST_SIDE) & (below <= 1 - LEAST_SIDE)
    values, below = values[kept], below[kept]
    steps = sample.x[:, :1] * (q[:, None] <= values)
    left = within(sample, np.column_stack([sample.y, sample.x, steps]))
    _, clusters = clusters_of(sample)
    k = sample.x.shape[1]
    return _Grid(left[:, 0], left[:, 1 : 1 + k], left[:, 1 + k :], values, below, clusters)


def _projected(grid: _Grid, given: Sequence[int], y: Float) -> tuple[Float, Float]:
    """Return outcomes and steps less the base and the thresholds that are given."""
    basis, _ = np.linalg.qr(np.column_stack([grid.base, grid.steps[:, list(given)]]))
    return y - basis @ (basis.T @ y), grid.steps - basis @ (basis.T @ grid.steps)


def _gains(y: Float, steps: Float, usable: Mask) -> Float:
    """Return how much each step lowers the sum of squares, shape (values, outcomes)."""
    size = np.einsum("ij,ij->j", steps, steps)
    varies = usable & (size > 1e-10 * max(size.max(), 1e-300))
    gains = np.zeros((steps.shape[1], y.shape[1]))
    gains[varies] = (steps[:, varies].T @ y) ** 2 / size[varies, None]
    return gains


def _best(grid: _Grid, given: Sequence[int]) -> int:
    y, steps = _projected(grid, given, grid.y[:, None])
    return int(_gains(y, steps, grid.apart(given))[:, 0].argmax())


def _interval(grid: _Grid, given: Sequence[int], best: int) -> tuple[float, float]:
    """Return the bounds of the values whose likelihood ratio is not rejected.

    A value between two that are tried parts the rows no better than these: the bounds are the
    rejected neighbours of the values that are not rejected.
    """
    y, steps = _projected(grid, given, grid.y[:, None])
    usable = grid.apart(given)
    squares = float(y[:, 0] @ y[:, 0]) - _gains(y, steps, usable)[:, 0]
    ratio = (squares - squares[best]) / (squares[best] / len(y))
    inside = np.flatnonzero(usable & (ratio <= critical_ratio()))
    low, high = max(inside[0] - 1, 0), min(inside[-1] + 1, len(grid.values) - 1)
    return float(grid.values[low]), float(grid.values[high])


def _tested(
    grid: _Grid, given: Sequence[int], best: int, draws: int, rng: np.random.Generator
) -> Threshold:
    """Return a threshold with its statistic, its p-value and its interval."""
    y, steps = _projected(grid, given, grid.y[:, None])
    usable = grid.apart(given)
    gain = _gains(y, steps, usable)[best, 0]
    f = _statistic(np.asarray([gain]), np.asarray([float(y[:, 0] @ y[:, 0])]), len(y))[0]
    signs = rng.choice([-1.0, 1.0], (grid.clusters.max() + 1, draws))
    drawn, _ = _projected(grid, given, y * signs[grid.clusters])
    gains = _gains(drawn, steps, usable).max(axis=0)
    under = _statistic(gains, np.einsum("ij,ij->j", drawn, drawn), len(y))
    p = float((1 + (under >= f).sum()) / (1 + draws))
    return Threshold(float(grid.values[best]), *_interval(grid, given, best), float(f), p)


def _statistic(gain: Float, squares: Float, rows: int) -> Float:
    return np.asarray(gain / ((squares - gain) / rows))


def thresholds(context: Context) -> Part:
    """Search thresholds of each outcome, digital index and threshold variable.

    Returns
    -------
    Part
        Terms ``threshold:K:VARIABLE`` with their interval and bootstrap p-value, and
        ``regime:K:VARIABLE``, the slopes from the lowest regime up, as far as thresholds are not
        rejected at 5 %: of one regime where none is kept.
    """
    design, found, refused = context.design, list[Estimate](), list[Refusal]()
    named = context.settings.thresholds is not None
    asked = [
        (outcome, treatment, name)
        for outcome, treatment, name in product(
            design.outcomes, design.treatments, design.thresholds
        )
        if named or name == treatment or name not in design.treatments
    ]
    for done, names in enumerate(asked):
        context.progress("thresholds", done, len(asked))
        got = _estimates(context, *names)
        if isinstance(got, Refusal):
            refused.append(got)
        else:
            found.extend(got)
    context.progress("thresholds", len(asked), len(asked))
    return Part(found, refused, {"draws": context.settings.draws, "least_side": LEAST_SIDE})


def _estimates(
    context: Context, outcome: str, treatment: str, name: str
) -> list[Estimate] | Refusal:
    """Return the thresholds and slopes of one variable, or why there are none."""
    design, about = context.design, f"{outcome}, {treatment}, {name}"
    shared = frozenset[str]().union(
        *(shared_components(design, outcome, own) for own in (treatment, name))
    )
    if shared:
        return Refusal("component", about, ", ".join(sorted(shared)))
    fitted = (treatment, *usable_controls(design, outcome, treatment))
    names = tuple(dict.fromkeys((*fitted, name)))
    sample = sample_of(design, outcome, names)
    if refusal := refusal_of(sample, about, least_years(design, outcome)):
        return refusal
    q = sample.x[:, names.index(name)]
    if name not in fitted:
        sample = replace(sample, x=sample.x[:, :-1], names=names[:-1])
    settings = context.settings
    steps = find_threshold(sample, q, draws=settings.draws, seed=settings.seed)
    if not steps:
        return Refusal("no_threshold_values", about, f"{len(np.unique(q))} values")
    like = counted(Estimate("threshold", outcome, treatment, "", np.nan), sample)
    found = [
        replace(
            like,
            term=f"threshold:{k}:{name}",
            estimate=step.value,
            low=step.low,
            high=step.high,
            p=step.p,
            inference="wild_cluster",
        )
        for k, step in enumerate(steps, 1)
    ]
    kept = [step.value for step in steps[: _kept(steps)]]
    return [*found, *_slopes(sample, q, kept, name, like)]


def _kept(steps: Sequence[Threshold]) -> int:
    """Return how many thresholds are kept: those before the first that may be chance."""
    return next((k for k, step in enumerate(steps) if step.p > 1 - LEVEL), len(steps))


def _slopes(
    sample: Sample, q: Float, cuts: Sequence[float], name: str, like: Estimate
) -> list[Estimate]:
    """Return the slope of each regime, by both clusters."""
    regime = np.searchsorted(np.sort(np.asarray(cuts)), q, side="left")
    parts = [sample.x[:, 0] * (regime == k) for k in range(len(cuts) + 1)]
    terms = tuple(f"regime:{k}:{name}" for k in range(1, len(parts) + 1))
    x = np.column_stack([*parts, sample.x[:, 1:]])
    split = replace(sample, x=x, names=(*terms, *sample.names[1:]))
    fits = [two_way(split, inference) for inference in both_clusters(sample)]
    return [one for fit in fits for one in terms_of(fit, terms, like)]
