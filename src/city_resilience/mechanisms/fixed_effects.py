"""Two-way fixed effects of one outcome, with the ways of inference that the rows allow."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np

from city_resilience.arrays import Float, Int
from city_resilience.mechanisms.estimate import Estimate, counted, normal_interval
from city_resilience.mechanisms.refusals import LEAST_PROVINCES
from city_resilience.mechanisms.sample import Sample

__all__ = ["Time", "TwoWay", "both_clusters", "free_effects", "terms_of", "two_way"]

Time = Literal["year", "province_year", "none"]
NESTING = ("city", "province", "province_year")
"""Ways of inference whose clusters hold all rows of a city."""


@dataclass(frozen=True)
class TwoWay:
    """A fit with effects of city and year.

    Attributes
    ----------
    names : tuple of str
    coefficients : ndarray, shape (variables,)
    covariance : ndarray, shape (variables, variables)
    residuals : ndarray, shape (rows,)
    clusters : int
        Clusters of the inference; the years for Driscoll-Kraay.
    r2 : float
        Share that the variables explain of the variance that the effects leave.
    sample : Sample
    inference : str
    """

    names: tuple[str, ...]
    coefficients: Float
    covariance: Float
    residuals: Float
    clusters: int
    r2: float
    sample: Sample
    inference: str

    def se(self, name: str) -> float:
        """Return the standard error of a variable; NaN where the variance is below zero.

        Clusters of two ways may give such a variance (Cameron, Gelbach and Miller 2011).
        """
        at = self.names.index(name)
        variance = float(self.covariance[at, at])
        return float(np.sqrt(variance)) if variance >= 0 else float("nan")

    def coefficient(self, name: str) -> float:
        """Return the coefficient of a variable."""
        return float(self.coefficients[self.names.index(name)])


def two_way(sample: Sample, inference: str = "city", *, time: Time = "year") -> TwoWay:
    """Fit an outcome on variables with effects of city and year.

    Parameters
    ----------
    sample : Sample
    inference : {"city", "province", "year", "province_year", "driscoll_kraay"}
        ``province_year``: clusters of two ways; the variances by province and by year are added,
        less that by both together, whose clusters may have one row.
    time : {"year", "province_year", "none"}
        What has effects beside the city: each year, each province in each year, nothing. Effects
        absorb a row that is alone in one, which then counts as a row and a cluster all the same:
        leave such rows out before, see `without_singletons`.

    Raises
    ------
    ValueError
        If a variable does not vary within city and year, or two are collinear; `refusals` finds
        both before a fit.

    Notes
    -----
    ``linearmodels.PanelOLS``, absorbed variables refused; clusters with the small-sample factor
    G/(G-1) (n-1)/(n-k), where ``k`` counts the effects that are not inside a cluster: those of
    cities are, and would widen the intervals by a factor of the root of T/(T-1) (Cameron and Miller
    2015, section II.B). A single cluster gives no covariance: it is NaN. Driscoll and Kraay 1998:
    Bartlett kernel, its bandwidth by the rule of Newey and West.
    """
    import pandas as pd
    from linearmodels.panel import PanelOLS

    index = pd.MultiIndex.from_arrays([sample.city, sample.year], names=["city", "year"])
    x = pd.DataFrame(sample.x, index=index, columns=list(sample.names))
    y = pd.Series(sample.y, index=index, name="y")
    effects: dict[str, Any] = {"time_effects": time == "year"}
    if time == "province_year":
        _, number = np.unique(
            np.column_stack([sample.province, sample.year]), axis=0, return_inverse=True
        )
        effects = {"other_effects": pd.Series(number.ravel(), index=index, name="province_year")}
    model = PanelOLS(y, x, entity_effects=True, **effects)
    options, clusters = _covariance(sample, inference, index)
    nested = inference in NESTING
    fit: Any = model.fit(**options, auto_df=False, count_effects=not nested)
    factor = _freedom(sample) / _freedom(sample, free_effects(sample, inference, time))
    covariance = fit.cov.to_numpy() * (factor if nested else 1.0)
    return TwoWay(
        names=sample.names,
        coefficients=fit.params.to_numpy(),
        covariance=covariance if clusters > 1 else np.full_like(covariance, np.nan),
        residuals=fit.resids.to_numpy(),
        clusters=clusters,
        r2=float(fit.rsquared),
        sample=sample,
        inference=inference,
    )


def both_clusters(sample: Sample) -> tuple[str, ...]:
    """Return the clusters that errors are given by: of cities, and of provinces unless few."""
    many = len(np.unique(sample.province)) >= LEAST_PROVINCES
    return ("city", "province") if many else ("city",)


def _freedom(sample: Sample, effects: int = 0) -> int:
    return int(len(sample) - sample.x.shape[1] - effects)


def free_effects(sample: Sample, inference: str, time: Time = "year") -> int:
    """Return how many effects are not inside the clusters, those of cities being inside."""
    inside = inference == "province_year" or (time, inference) == ("province_year", "province")
    if time == "none" or inside:
        return 0
    if time == "year":
        return len(np.unique(sample.year)) - 1
    cells = np.unique(np.column_stack([sample.province, sample.year]), axis=0)
    return len(cells) - len(np.unique(sample.province))


def _covariance(sample: Sample, inference: str, index: Any) -> tuple[dict[str, Any], int]:
    """Return the options of a fit and the number of clusters."""
    import pandas as pd

    if inference == "driscoll_kraay":
        return {"cov_type": "kernel", "kernel": "bartlett"}, len(np.unique(sample.year))
    keys = _keys(sample, inference)
    frame = pd.DataFrame(
        {f"cluster{k}": key for k, key in enumerate(keys)}, index=index, dtype="int64"
    )
    clusters = min(len(np.unique(key)) for key in keys)
    if clusters < 2:
        return {"cov_type": "unadjusted"}, clusters
    return {"cov_type": "clustered", "clusters": frame, "group_debias": True}, clusters


def _keys(sample: Sample, inference: str) -> Sequence[Int]:
    if inference == "province_year":
        return sample.province, sample.year
    return ({"city": sample.city, "province": sample.province, "year": sample.year}[inference],)


def terms_of(fit: TwoWay, terms: Iterable[str], like: Estimate) -> list[Estimate]:
    """Return terms of a fit as estimates.

    Parameters
    ----------
    fit : TwoWay
    terms : iterable of str
        Among the names of the fit.
    like : Estimate
        What else the rows hold: model, outcome, treatment, ``part_of``, ``note``.

    Notes
    -----
    Intervals are of the t distribution with as many degrees of freedom as clusters, less one.
    """
    found = []
    for term in terms:
        value, se = fit.coefficient(term), fit.se(term)
        low, high, p = normal_interval(value, se, fit.clusters - 1)
        one = replace(like, term=term, estimate=value, se=se, low=low, high=high, p=p)
        one = replace(one, inference=fit.inference, clusters=fit.clusters, r2=fit.r2)
        one = replace(one, freedom=float(fit.clusters - 1))
        found.append(counted(one, fit.sample))
    return found
