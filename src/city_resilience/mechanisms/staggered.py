"""Estimates of a policy that places join in different years, by diff-diff.

The first year of a place is the first column of the outcome that the policy can move; the years
before it stand for what the place would have seen, together with the places that join later or
never.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from city_resilience.arrays import Int
from city_resilience.mechanisms.design import NEVER
from city_resilience.mechanisms.estimate import Estimate, counted, normal_interval
from city_resilience.mechanisms.fixed_effects import terms_of, two_way
from city_resilience.mechanisms.sample import Sample

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "EVENTS",
    "LEADS",
    "LEAST_COHORT",
    "STEPS",
    "Cluster",
    "Control",
    "Paths",
    "Staggered",
    "both_ways",
    "callaway_santanna",
    "honest",
    "imputation",
    "mean_after",
    "pre_trend",
    "quiet",
]

Cluster = Literal["city", "province"]
Control = Literal["never_treated", "not_yet_treated"]
LEADS, STEPS = 4, 5
"""Years before and after joining that the test of trends and the honest bounds read."""
EVENTS = (-5, 8)
"""First and last year since joining of which the event study has a row."""
LEAST_COHORT = 5
"""Places that join in a year below which their spread tells no error of their effect."""
MOST_BREAKDOWN = 10.0
"""Relative magnitude at which the search for the breakdown value ends."""


@dataclass(frozen=True)
class Staggered:
    """Rows of one outcome and one policy.

    Attributes
    ----------
    sample : Sample
        Its one variable is 1 from the first affected year of a place on.
    since : ndarray of int64, shape (rows,)
        First affected year of the place of each row; `NEVER` where it did not join by the last.
    ahead : int
        Years before it in which the outcome already reaches beyond the joining: neither
        affected in full nor a year before.
    """

    sample: Sample
    since: Int
    ahead: int = 0

    @property
    def clear(self) -> Staggered:
        """The rows without the years that are affected in part."""
        event = self.sample.year - self.since
        rows = (self.since == NEVER) | (event < -self.ahead) | (event >= 0)
        return Staggered(self.sample.of(rows), self.since[rows])

    def clusters(self, inference: Cluster) -> int:
        """Return the number of clusters."""
        key = self.sample.city if inference == "city" else self.sample.province
        return len(np.unique(key))

    @property
    def small_cohorts(self) -> tuple[int, int]:
        """Places that joined in years in which fewer than `LEAST_COHORT` did, and all that did."""
        since = self.since[np.unique(self.sample.city, return_index=True)[1]]
        years, counts = np.unique(since[since != NEVER], return_counts=True)
        small = years[counts < LEAST_COHORT]
        return int(np.isin(since, small).sum()), int((since != NEVER).sum())

    def freedom(self, inference: Cluster) -> int:
        """Return the degrees of freedom: clusters of the smaller side, less one.

        One side are the clusters with places that joined, the other those with places that never
        did, or that joined last where all did.
        """
        key = self.sample.city if inference == "city" else self.sample.province
        joined = self.since != NEVER
        last = self.since == self.since.max() if joined.all() else ~joined
        sides = (len(np.unique(key[joined])), len(np.unique(key[last])))
        return max(min(sides) - 1, 1)

    def frame(self) -> pd.DataFrame:
        """Return the rows as diff-diff reads them."""
        import pandas as pd

        own = self.sample
        return pd.DataFrame(
            {
                "city": own.city,
                "year": own.year,
                "y": own.y,
                "since": self.since,
                "province": own.province,
            }
        )


@dataclass(frozen=True)
class Paths:
    """Estimates by years since joining, and their mean.

    Attributes
    ----------
    estimates : sequence of Estimate
        ``att`` and ``event:K``.
    surface : object
        ``EventStudyResults`` of diff-diff, with the joint covariance for Callaway and Sant'Anna.
    cells : mapping
        Effects of each cohort in each year, as diff-diff gives them; empty for the imputation.
    """

    estimates: Sequence[Estimate]
    surface: Any
    cells: Mapping[Any, Any] = field(default_factory=dict)


def both_ways(
    rows: Staggered, like: Estimate, ways: Sequence[Cluster] = ("city", "province")
) -> list[Estimate]:
    """Return two-way effects, with each way of clusters.

    They weight the effects of places and years by how the timing falls, and use places that joined
    as controls of those that join later: biased where effects differ.
    """
    clear = rows.clear.sample
    fits = (two_way(clear, inference) for inference in ways)
    found = [one for fit in fits for one in terms_of(fit, clear.names, like)]
    return [replace(one, term="att") for one in found]


def callaway_santanna(
    rows: Staggered, inference: Cluster, control: Control, like: Estimate
) -> Paths:
    """Return the estimates of Callaway and Sant'Anna 2021, without covariates.

    Parameters
    ----------
    rows : Staggered
    inference : {"city", "province"}
    control : {"never_treated", "not_yet_treated"}
    like : Estimate

    Notes
    -----
    ``att`` is the mean over the affected years of all places that joined (their ``simple``
    aggregation). Every effect is the change since the last year that is not affected. Intervals
    are of the t distribution with the degrees of freedom of `Staggered.freedom`, and errors have
    the factor G/(G-1) of clusters, by city too: without clusters diff-diff weights years by the
    places known in them, with clusters cohorts by their places, as R's did. Its errors need cohorts
    of some size, see `Staggered.small_cohorts`.
    """
    from diff_diff import CallawaySantAnna

    with quiet():
        fit = CallawaySantAnna(
            control_group=control,
            anticipation=rows.ahead,
            cluster=inference,
            base_period="universal",
        ).fit(rows.frame(), "y", "city", "year", "since")
        surface = fit.aggregate("event_study")
    att, se = float(fit.overall_att), float(fit.overall_se)
    if rows.ahead:
        att, se = mean_after(surface, fit.group_time_effects)
    row = replace(like, inference=inference, clusters=rows.clusters(inference))
    return Paths(_rows(rows, (att, se), surface, row), surface, fit.group_time_effects)


def mean_after(surface: Any, cells: Mapping[Any, Any]) -> tuple[float, float]:
    """Return the mean effect from the first affected year on, and its standard error.

    Parameters
    ----------
    surface, cells : object, mapping
        Of `Paths`, of Callaway and Sant'Anna.

    Notes
    -----
    The ``simple`` aggregation of diff-diff counts the years of anticipation as affected. Weights,
    the places of each year since joining, are taken as given.
    """
    events = surface.event_time.tolist()
    weights = np.zeros(len(events))
    for (since, year), cell in cells.items():
        if year >= since and np.isfinite(_of(cell, "effect")):
            weights[events.index(year - since)] += _of(cell, "n_treated")
    weights /= weights.sum()
    used = np.flatnonzero(weights)
    at = [surface.vcov_index.tolist().index(events[k]) for k in used]
    own = weights[used]
    variance = own @ surface.vcov[np.ix_(at, at)] @ own
    return float(own @ surface.att[used]), float(np.sqrt(max(variance, 0.0)))


def _of(cell: Any, name: str) -> float:
    return float(cell[name] if isinstance(cell, Mapping) else getattr(cell, name))


def imputation(rows: Staggered, inference: Cluster, like: Estimate) -> Paths:
    """Return the imputation estimates of Borusyak, Jaravel and Spiess 2024.

    Effects of place and year are fitted where no place is affected; ``att`` is the mean gap to
    them over the affected years. Standard errors are those of their theorem 3: around the means
    of each cohort and year since joining; of each year since joining, which is more cautious,
    where cohorts are small.
    """
    from diff_diff import ImputationDiD

    clear = rows.clear
    with quiet():
        fit = ImputationDiD(
            cluster="city" if inference == "city" else "province",
            aux_partition="horizon" if rows.small_cohorts[0] else "cohort_horizon",
        ).fit(clear.frame(), "y", "city", "year", "since")
        surface = fit.aggregate("event_study")
    row = replace(like, inference=inference, clusters=clear.clusters(inference))
    found = _rows(clear, (float(fit.overall_att), float(fit.overall_se)), surface, row)
    return Paths(found, surface)


def _rows(
    rows: Staggered, att: tuple[float, float], surface: Any, like: Estimate
) -> list[Estimate]:
    """Return ``att`` and the events of a fit."""
    like = counted(like, rows.sample)
    freedom = rows.freedom("city" if like.inference == "city" else "province")
    found = [_valued(replace(like, term="att"), *att, freedom)]
    events = zip(surface.event_time, surface.att, surface.se, strict=True)
    for event, value, se in events:
        if EVENTS[0] <= event <= EVENTS[1] and np.isfinite(value) and se > 0:
            found.append(_valued(replace(like, term=f"event:{event}"), value, se, freedom))
    return found


def _valued(like: Estimate, value: float, se: float, freedom: int) -> Estimate:
    low, high, p = normal_interval(float(value), float(se), freedom)
    own = replace(like, estimate=float(value), se=float(se), low=low, high=high, p=p)
    return replace(own, freedom=float(freedom))


def pre_trend(paths: Paths, ahead: int) -> Estimate | None:
    """Return the joint test of the years before joining; None where there are none.

    Parameters
    ----------
    paths : Paths
        Of Callaway and Sant'Anna, whose covariance is joint.
    ahead : int

    Returns
    -------
    Estimate
        Term ``pre_trend``: the F statistic and its p-value.

    Notes
    -----
    The Wald statistic W of q years with G clusters is read as Hotelling's: ``W (G - q) / (q (G -
    1))`` follows F(q, G - q), which keeps the level where clusters are few.
    """
    from scipy import stats

    like, surface = paths.estimates[0], paths.surface
    index = surface.vcov_index.tolist()
    leads = [e for e in index if -LEADS - 1 - ahead <= e < -1 - ahead]
    leads = [e for e in leads if surface.se[surface.event_time.tolist().index(e)] > 0]
    q, clusters = len(leads), like.clusters
    if not q or clusters <= q + 1:
        return None
    at = [index.index(e) for e in leads]
    values = np.asarray([surface.att[surface.event_time.tolist().index(e)] for e in leads])
    wald = float(values @ np.linalg.pinv(surface.vcov[np.ix_(at, at)]) @ values)
    f = wald * (clusters - q) / (q * (clusters - 1))
    p = float(stats.f(q, clusters - q).sf(f))
    bare = replace(like, term="pre_trend", estimate=f, se=np.nan, low=np.nan, high=np.nan)
    return replace(bare, p=p, freedom=float(clusters - q))


def honest(
    paths: Paths, ahead: int, magnitudes: Sequence[float] = (0.5, 1.0)
) -> list[Estimate] | None:
    """Return what holds if trends differ as much as before joining; None where it has no bounds.

    Parameters
    ----------
    paths : Paths
        Of Callaway and Sant'Anna.
    ahead : int
    magnitudes : sequence of float
        Largest change of the difference in trends from one year to the next, in multiples of the
        largest one before joining.

    Returns
    -------
    list of Estimate
        ``honest:M``, the mean effect of the first five years with the interval that holds under
        M; and ``breakdown``, the M from which the interval holds zero.

    Notes
    -----
    Rambachan and Roth 2023, by ``diff_diff.HonestDiD``: the estimated changes before joining
    are taken as they are and the identified set is widened by the sampling error of the mean, not
    by the conditional test of their paper.
    """
    from diff_diff import HonestDiD

    surface = _window(paths.surface, ahead)
    used = ~surface.is_reference & (surface.se > 0)
    after = surface.event_time[used & (surface.event_time >= -ahead)]
    weights = (after >= 0) / max((after >= 0).sum(), 1)
    like, found = replace(paths.estimates[0], freedom=np.nan), list[Estimate]()
    try:
        with quiet():
            method = HonestDiD(method="relative_magnitude", l_vec=weights)
            for m in magnitudes:
                got = method.fit(surface, M=m)
                row = replace(like, term=f"honest:{m:g}", estimate=float(got.original_estimate))
                row = replace(row, se=float(got.original_se), p=np.nan)
                found.append(replace(row, low=float(got.ci_lb), high=float(got.ci_ub)))
            value = method.breakdown_value(surface)
    except ValueError:
        return None
    reach = MOST_BREAKDOWN if value is None else float(value)
    bare = replace(like, term="breakdown", estimate=reach, se=np.nan, p=np.nan)
    return [*found, replace(bare, low=np.nan, high=np.nan)]


def _window(surface: Any, ahead: int) -> Any:
    """Return an event study of the years that the bounds read."""
    events = surface.event_time
    kept = (events >= -LEADS - 1 - ahead) & (events < STEPS)
    names = ("event_time", "att", "se", "t_stat", "p_value", "conf_int_lower", "conf_int_upper")
    own = {name: getattr(surface, name)[kept] for name in (*names, "is_reference", "n")}
    at = np.isin(surface.vcov_index, events[kept])
    own["vcov"], own["vcov_index"] = surface.vcov[np.ix_(at, at)], surface.vcov_index[at]
    return replace(surface, **own, df=None, cband_lower=None, cband_upper=None)


@contextmanager
def quiet() -> Iterator[None]:
    """Keep remarks of diff-diff on years without controls off the screen."""
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        yield
