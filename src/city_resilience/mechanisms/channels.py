"""Channels: how far the relation of outcome and digital index runs through another variable.

The model
---------
With the index ``x``, the mediator ``m``, controls ``z`` and effects of city and year::

    m = a x      + z'c1 + city + year + e2
    y = d x + b m + z'c2 + city + year + e3
    y = t x      + z'c3 + city + year + e1

The indirect part is ``a b``, the direct one ``d``; as all three are least squares on the same
rows, they add up to the total ``t``. All of them, and every draw of the bootstrap, follow from the
products of the columns (`resampling`).

What identifies, and what does not
----------------------------------
``a b`` is the part that runs through ``m`` only under sequential ignorability (Imai, Keele and
Yamamoto 2010, Statistical Science 25): beside the controls and the effects of city and year nothing
moves index and outcome together, nor mediator and outcome once the index is given; and no control
is itself an outcome of the index. Data cannot test this: the sensitivity says how strongly ``e2``
and ``e3`` must be correlated to undo the estimate. Slopes are the same for all places, the slope of
the mediator for all values of the index. Index and mediator are those of the same year: their order
in time is assumed. Each mediator is taken alone: parts of mediators that move together overlap and
do not add up.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from itertools import product

import numpy as np

from city_resilience.arrays import Float
from city_resilience.mechanisms.baseline import usable_controls
from city_resilience.mechanisms.context import Context, Part, Refusal
from city_resilience.mechanisms.design import Design
from city_resilience.mechanisms.estimate import Estimate, counted
from city_resilience.mechanisms.refusals import (
    LEAST_CLUSTERS,
    least_years,
    refusal_of,
    shared_components,
)
from city_resilience.mechanisms.resampling import (
    Moments,
    clusters_of,
    moments_of,
    percentiles,
    pseudo_inverse,
)
from city_resilience.mechanisms.sample import sample_of

__all__ = ["ADJUSTED", "BATCH", "BATCHES", "LEAST_DRAWS", "RHOS", "Paths", "channels", "paths_of"]

RHOS = (-0.3, -0.1, 0.1, 0.3)
"""Correlations of the two errors at which the indirect part is given."""
ADJUSTED = "benjamini_hochberg"
TOTAL_NEAR_ZERO = "total_near_zero"
LEAST_DRAWS, ENOUGH, BATCH, BATCHES = 1999, 10, 19_800, 5
"""Draws need no fit. Where fewer than ``ENOUGH`` are beyond zero, batches follow, so that a p-value
can stand a correction for more than a hundred tests."""


@dataclass(frozen=True)
class Paths:
    """Estimates of one channel, each of shape (1 + draws,): the sample, then the bootstrap.

    Attributes
    ----------
    to_mediator, from_mediator : ndarray
        ``a`` and ``b``.
    total : ndarray
    rho_zero : ndarray
        Correlation of ``e1`` and ``e2``.
    scale : ndarray
        Ratio of the standard deviations of ``e1`` and ``e2``.
    unexplained : ndarray
        (1 - R2 of the mediator)(1 - R2 of the outcome), of the variance within cities and years.
    """

    to_mediator: Float
    from_mediator: Float
    total: Float
    rho_zero: Float
    scale: Float
    unexplained: Float

    @property
    def indirect(self) -> Float:
        """The product of the two paths."""
        return np.asarray(self.to_mediator * self.from_mediator)

    @property
    def direct(self) -> Float:
        """What is left of the total."""
        return np.asarray(self.total - self.indirect)

    @property
    def share(self) -> Float:
        """The indirect part of the total."""
        return np.asarray(self.indirect / self.total)

    def and_draws_of(self, more: Sequence[Paths]) -> Paths:
        """Return the paths with the draws of others too."""
        return Paths(
            **{
                own.name: np.concatenate(
                    [getattr(self, own.name), *(getattr(one, own.name)[1:] for one in more)]
                )
                for own in fields(self)
            }
        )

    def indirect_at(self, rho: float) -> Float:
        """Return the indirect part if the errors of mediator and outcome are correlated.

        Parameters
        ----------
        rho : float
            Correlation of ``e2`` and ``e3``; 0 is sequential ignorability.

        Notes
        -----
        Imai, Keele and Yamamoto 2010, theorem 4::

            a (s1 / s2) (r - rho sqrt((1 - r^2) / (1 - rho^2)))

        ``s1`` and ``s2`` are the standard deviations of ``e1`` and ``e2``, ``r`` their correlation.
        It is zero where ``rho = r``.
        """
        spread = np.sqrt((1 - self.rho_zero**2) / (1 - rho**2))
        return np.asarray(self.to_mediator * self.scale * (self.rho_zero - rho * spread))

    @property
    def r2_unexplained(self) -> Float:
        """Product of the shares of the unexplained variances of mediator and outcome.

        That an omitted variable must explain to undo the indirect part: ``rho_zero`` squared.
        """
        return np.asarray(self.rho_zero**2)

    @property
    def r2_all(self) -> Float:
        """The same product, as shares of the variances within cities and years."""
        return np.asarray(self.rho_zero**2 * self.unexplained)


def paths_of(products: Float) -> Paths:
    """Return the estimates from products of outcome, mediator, index and controls.

    Parameters
    ----------
    products : ndarray, shape (draws, 3 + controls, 3 + controls)
        Effects of city and year out.
    """
    both, across = products[:, :2, :2], products[:, 2:, :2]
    slopes = pseudo_inverse(products[:, 2:, 2:]) @ across
    left = both - across.transpose(0, 2, 1) @ slopes
    y, m, shared = left[:, 0, 0], left[:, 1, 1], left[:, 0, 1]
    rho = shared / np.sqrt(y * m)
    return Paths(
        to_mediator=slopes[:, 0, 1],
        from_mediator=shared / m,
        total=slopes[:, 0, 0],
        rho_zero=rho,
        scale=np.sqrt(y / m),
        unexplained=m / both[:, 1, 1] * y * (1 - rho**2) / both[:, 0, 0],
    )


def channels(context: Context) -> Part:
    """Split the relation of each outcome and digital index by each mediator.

    Returns
    -------
    Part
        Terms ``KIND:MEDIATOR``: ``to_mediator`` first, ``from_mediator``, ``indirect``, ``direct``,
        ``total`` (on the rows of that mediator), ``share`` (note ``total_near_zero`` where the
        interval of the total holds zero, so that a share says little); of the sensitivity
        ``rho_zero``, ``indirect_at:RHO`` and the products ``r2_unexplained`` and ``r2_all``.
        Intervals by a bootstrap of whole provinces, or of cities where there are few. ``indirect``
        stands again with p-values adjusted over the mediators of an outcome and an index
        (Benjamini and Hochberg 1995).
    """
    design, found, refused = context.design, list[Estimate](), list[Refusal]()
    asked = list(product(design.outcomes, design.treatments))
    for done, (outcome, treatment) in enumerate(asked):
        context.progress("channels", done, len(asked))
        own = list[Estimate]()
        for mediator in design.mediators:
            got = _channel(context, outcome, treatment, mediator)
            if isinstance(got, Refusal):
                refused.append(got)
            else:
                own.extend(got)
        found += [*own, *_adjusted(own)]
    context.progress("channels", len(asked), len(asked))
    return Part(found, refused, {"draws": _draws(context), "rhos": RHOS})


def _draws(context: Context) -> int:
    return max(context.settings.draws, LEAST_DRAWS)


def _channel(
    context: Context, outcome: str, treatment: str, mediator: str
) -> list[Estimate] | Refusal:
    """Return the estimates of one channel, or why there are none."""
    design, about = context.design, f"{outcome}, {treatment}, {mediator}"
    if shared := _shared(design, outcome, treatment, mediator):
        return Refusal("component", about, ", ".join(sorted(shared)))
    controls = [c for c in usable_controls(design, outcome, treatment) if c != mediator]
    samples = [
        sample_of(design, outcome, [*pair, *controls])
        for pair in ((treatment, mediator), (mediator, treatment))
    ]
    for sample in samples:
        if why := refusal_of(sample, about, least_years(design, outcome)):
            return why
    sample = samples[1]
    name, clusters = clusters_of(sample)
    moments = moments_of(sample, np.column_stack([sample.y, sample.x]), clusters)
    if len(moments) < LEAST_CLUSTERS:
        return Refusal("few_clusters", about, f"{len(moments)} places")
    paths = _drawn(moments, _draws(context), context.settings.seed)
    like = Estimate("channels", outcome, treatment, "", np.nan)
    like = replace(counted(like, sample), inference=f"bootstrap_{name}", clusters=len(moments))
    return _terms(paths, mediator, like)


def _drawn(moments: Moments, draws: int, seed: int) -> Paths:
    """Return the paths of the sample and of draws, of many where few are beyond zero."""
    paths = paths_of(moments.drawn(draws, seed))
    indirect = paths.indirect[1:]
    if min((indirect <= 0).sum(), (indirect >= 0).sum()) >= ENOUGH:
        return paths
    seeds = ((seed, batch) for batch in range(1, BATCHES + 1))
    return paths.and_draws_of([paths_of(moments.drawn(BATCH, own)) for own in seeds])


def _shared(design: Design, outcome: str, treatment: str, mediator: str) -> frozenset[str]:
    """Return what two of them share; the name of a mediator that is the index."""
    index = design.treatments[treatment]
    same = {mediator} & {treatment, *index.components}
    pairs = ((outcome, treatment), (outcome, mediator), (treatment, mediator))
    shared = (shared_components(design, *pair) for pair in pairs)
    return frozenset(same).union(*shared)


def _terms(paths: Paths, mediator: str, like: Estimate) -> list[Estimate]:
    """Return the rows of one channel."""
    kinds = {
        "to_mediator": paths.to_mediator,
        "from_mediator": paths.from_mediator,
        "indirect": paths.indirect,
        "direct": paths.direct,
        "total": paths.total,
        "share": paths.share,
        "rho_zero": paths.rho_zero,
        **{f"indirect_at:{rho}": paths.indirect_at(rho) for rho in RHOS},
    }
    rows = {kind: _row(f"{kind}:{mediator}", draws, like) for kind, draws in kinds.items()}
    if rows["total"].low <= 0 <= rows["total"].high:
        rows["share"] = replace(rows["share"], note=TOTAL_NEAR_ZERO)
    rows["share"] = replace(rows["share"], se=np.nan, p=np.nan)
    products = {"r2_unexplained": paths.r2_unexplained, "r2_all": paths.r2_all}
    plain = [
        replace(like, term=f"{kind}:{mediator}", estimate=float(draws[0]), inference="")
        for kind, draws in products.items()
    ]
    return [*rows.values(), *plain]


def _row(term: str, draws: Float, like: Estimate) -> Estimate:
    """Return a term with the interval of its draws; the first of them is the estimate."""
    low, high, p = percentiles(draws[1:], like.clusters)
    se = float(draws[1:].std(ddof=1))
    return replace(like, term=term, estimate=float(draws[0]), se=se, low=low, high=high, p=p)


def _adjusted(rows: Sequence[Estimate]) -> list[Estimate]:
    """Return the indirect parts with p-values adjusted over the mediators."""
    from scipy.stats import false_discovery_control

    own = [row for row in rows if row.term.startswith("indirect:")]
    if not own:
        return []
    adjusted = false_discovery_control([row.p for row in own], method="bh")
    return [
        replace(row, se=np.nan, low=np.nan, high=np.nan, p=float(p), inference=ADJUSTED)
        for row, p in zip(own, adjusted, strict=True)
    ]
