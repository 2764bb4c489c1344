"""Inference beyond that of linearmodels: the wild cluster bootstrap, and errors shared over space.

Both work on what is left of outcome and variables without the effects of city and year, which
leaves coefficients and scores as they are (Frisch and Waugh).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from city_resilience.arrays import Float
from city_resilience.mechanisms.estimate import LEVEL, Estimate, counted, normal_interval
from city_resilience.mechanisms.projected import Projected, numbered
from city_resilience.mechanisms.sample import Sample, within
from city_resilience.mechanisms.staggered import quiet

__all__ = ["REACH_KM", "bell_mccaffrey", "conley", "wild_provinces"]

REACH_KM = 500.0
"""Distance at which errors of two places are taken as unrelated."""
ALL_YEARS = 10**6
"""Years at which those of one place would be: none, so that all its years count in full, where the
kernel of a bandwidth of the panel's own years would give half a weight to the second of two."""


def wild_provinces(sample: Sample, like: Estimate, *, draws: int, seed: int) -> Estimate:
    """Return the first coefficient with the wild cluster bootstrap over provinces.

    Notes
    -----
    ``diff_diff.wild_bootstrap_se``: the null is imposed, the statistic studentised, the interval is
    that of the values which the test does not reject (Cameron, Gelbach and Miller 2008; Roodman,
    MacKinnon, Nielsen and Webb 2019). The number of draws is made odd.
    """
    from diff_diff import wild_bootstrap_se

    y, x, units = _alike(*_left(sample))
    fitted = np.linalg.lstsq(x, y, rcond=None)[0]
    found = wild_bootstrap_se(
        x, y, y - x @ fitted, sample.province, 0, n_bootstrap=draws | 1, alpha=1 - LEVEL, seed=seed
    )
    one = replace(
        like,
        term=sample.names[0],
        estimate=float(fitted[0]) * units[0],
        se=float(found.se) * units[0],
        low=float(found.ci_lower) * units[0],
        high=float(found.ci_upper) * units[0],
        p=float(found.p_value),
        inference="wild_province",
        clusters=len(np.unique(sample.province)),
    )
    return counted(one, sample)


def bell_mccaffrey(left: Projected, terms: Sequence[str], like: Estimate) -> list[Estimate]:
    """Return terms with clusters by province, corrected for how few and how uneven these are.

    Notes
    -----
    ``diff_diff.linalg.compute_robust_vcov``: CR2 covariance, t with the degrees of freedom of Bell
    and McCaffrey 2002 (Imbens and Kolesar 2016; Pustejovsky and Tipton 2018), for each term its
    own. Terms of which it finds none have no interval.
    """
    from diff_diff.linalg import compute_robust_vcov

    clusters = numbered(left.sample.province)
    y, x, units = _alike(left.y, left.x)
    fitted = np.linalg.lstsq(x, y, rcond=None)[0]
    with quiet():
        covariance, freedom = compute_robust_vcov(
            x, y - x @ fitted, clusters, vcov_type="hc2_bm", return_dof=True
        )
    found = []
    for term in terms:
        at = left.sample.names.index(term)
        value = float(fitted[at]) * units[at]
        se = float(np.sqrt(max(covariance[at, at], 0.0))) * units[at]
        own = float(freedom[at])
        low, high, p = normal_interval(value, se, own) if own > 0 else (np.nan,) * 3
        one = replace(like, term=term, estimate=value, se=se, low=low, high=high, p=p, freedom=own)
        one = replace(one, inference="province_cr2", clusters=int(clusters.max()) + 1)
        found.append(counted(one, left.sample))
    return found


def conley(sample: Sample, coordinates: Float, like: Estimate, reach: float = REACH_KM) -> Estimate:
    """Return the first coefficient with errors shared over space and over the years of a place.

    Parameters
    ----------
    coordinates : ndarray, shape (cities of the design, 2)
        Longitude and latitude in degrees, known for all places of the sample.
    reach : float
        Kilometres at which the Bartlett kernel ends.

    Notes
    -----
    Conley 1999, by ``diff_diff.linalg.compute_robust_vcov``: errors within a year by distance,
    those of one place over all its years, as in a cluster of its own.
    """
    from diff_diff.linalg import compute_robust_vcov

    y, x = _left(sample)
    fitted = np.linalg.lstsq(x, y, rcond=None)[0]
    with quiet():
        covariance = compute_robust_vcov(
            x,
            y - x @ fitted,
            vcov_type="conley",
            conley_coords=coordinates[sample.city][:, ::-1],
            conley_cutoff_km=reach,
            conley_time=sample.year,
            conley_unit=sample.city,
            conley_lag_cutoff=ALL_YEARS,
        )
    value, se = float(fitted[0]), float(np.sqrt(max(covariance[0, 0], 0.0)))
    low, high, p = normal_interval(value, se)
    one = replace(like, term=sample.names[0], estimate=value, se=se, low=low, high=high, p=p)
    return counted(replace(one, inference="conley"), sample)


def _alike(y: Float, x: Float) -> tuple[Float, Float, Float]:
    """Return outcome and variables of spread 1, and what a coefficient of theirs is to be times.

    The tolerances of diff-diff are absolute: with units far apart it finds no degrees of freedom.
    """
    spread, own = x.std(axis=0), y.std()
    spread, own = np.where(spread > 0, spread, 1.0), own if own > 0 else 1.0
    return y / own, x / spread, own / spread


def _left(sample: Sample) -> tuple[Float, Float]:
    """Return outcome and variables without the effects of city and year."""
    left = within(sample, np.column_stack([sample.y, sample.x]))
    return left[:, 0], left[:, 1:]
