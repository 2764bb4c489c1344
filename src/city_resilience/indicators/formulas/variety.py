"""Related and unrelated variety, and how related a city's industries are to one another.

Frenken, van Oort & Verburg 2007; relatedness as in the R package EconGeo (Balland 2017).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from city_resilience.arrays import Float
from city_resilience.catalogue.industries import broad_positions
from city_resilience.indicators.formulas.ratios import ratio
from city_resilience.indicators.formulas.together import counts

__all__ = [
    "co_occurrence",
    "mean_densities",
    "related_variety",
    "relatedness",
    "relatedness_density",
    "specialised",
    "unrelated_variety",
]

Groups = Sequence[Sequence[int]]
_AT_PAR = 1e-9
_BLOCK = 512


def unrelated_variety(shares: Float, groups: Groups | None = None) -> Float:
    """Entropy between broad groups of industries: sum over g of ``P_g ln(1 / P_g)``.

    Parameters
    ----------
    shares : ndarray, shape (industries, cities, years)
        Fractions of each city-year that add to 1.
    groups : sequence of sequences of int, optional
        Positions of the industries of each group; every industry is in one. By default the five
        broad groups.

    Examples
    --------
    >>> quarters = np.full((4, 1, 1), 0.25)
    >>> unrelated_variety(quarters, [(0, 1), (2, 3)]).round(4)
    array([[0.6931]])
    """
    return np.asarray(
        sum(_information(_group_share(shares, g)) for g in groups or broad_positions())
    )


def related_variety(shares: Float, groups: Groups | None = None) -> Float:
    """Entropy within broad groups: sum over g of ``P_g`` times the entropy inside g.

    That is the sum over industries of ``p_i ln(P_g / p_i)``; with `unrelated_variety` it adds up
    to the entropy of all industries.

    Parameters
    ----------
    shares, groups
        As in `unrelated_variety`.

    Examples
    --------
    >>> related_variety(np.full((4, 1, 1), 0.25), [(0, 1), (2, 3)]).round(4)
    array([[0.6931]])
    """
    within = np.zeros(shares.shape[1:])
    for group in groups or broad_positions():
        whole = _group_share(shares, group)
        for at in group:
            part = shares[at]
            positive = part > 0
            logs = np.log(np.where(positive, whole, 1.0) / np.where(positive, part, 1.0))
            within += part * logs
    return within


def _group_share(shares: Float, group: Sequence[int]) -> Float:
    return np.asarray(sum(shares[at] for at in group))


def _information(share: Float) -> Float:
    """``p ln(1 / p)`` with 0 ln 0 = 0."""
    return -share * np.log(np.where(share > 0, share, 1.0))


def specialised(shares: Float, nation: Float) -> Float:
    """Industries that a city has more of than the nation: revealed comparative advantage above 1.

    Parameters
    ----------
    shares : ndarray, shape (industries, cities, years)
        Each city's shares; NaN = unknown.
    nation : ndarray, shape (industries, years)
        The nation's.

    Returns
    -------
    ndarray, shape (industries, cities, years)
        1.0 or 0.0; NaN where the shares are unknown. A share equal to the nation's to nine digits
        is none: EconGeo leaves it at 1, which rounding would decide.
    """
    quotient = ratio(shares, np.broadcast_to(nation[:, None, :], shares.shape))
    present = np.where(quotient > 1.0 + _AT_PAR, 1.0, 0.0)
    return np.where(np.isfinite(shares), present, np.nan)


def co_occurrence(present: Float) -> Float:
    """Number of cities that have both of two industries, year by year; 0 on the diagonal.

    Parameters
    ----------
    present : ndarray, shape (industries, cities, years)
        1 = present, 0 = absent, NaN = unknown (left out).

    Returns
    -------
    ndarray, shape (industries, industries, years)
    """
    there = present > 0
    count = len(present)
    pairs = np.zeros((count, count, present.shape[2]), dtype=np.int64)
    for first in range(count):
        for second in range(first + 1, count):
            both = np.count_nonzero(there[first] & there[second], axis=0)
            pairs[first, second] = pairs[second, first] = both
    return counts(pairs).astype(np.float64)


def relatedness(pairs: Float) -> Float:
    """Relatedness of industries from their co-occurrence: EconGeo's default, method "prob".

    ``c_ij / (t/2 * [s_i/t * s_j/(t - s_i) + s_j/t * s_i/(t - s_j)])`` with ``s`` the row sums and
    ``t`` the sum of all: co-occurrences over those to be expected if industries met at random
    (van Eck & Waltman 2009, corrected by Steijn 2017). 0 where it has no value.

    Parameters
    ----------
    pairs : ndarray, shape (industries, industries, years)
        Symmetric, 0 on the diagonal.
    """
    total = pairs.sum(axis=(0, 1))
    own = pairs.sum(axis=0)
    first, second = own[:, None, :], own[None, :, :]
    others = ratio(np.ones(own.shape), total - own)
    expected = 0.5 * first * second * (others[:, None, :] + others[None, :, :])
    return np.where(pairs > 0, pairs / np.where(pairs > 0, expected, 1.0), 0.0)


def relatedness_density(present: Float, related: Float) -> Float:
    """Relatedness around each industry in each city, percent.

    ``100 * sum_i M_ci phi_ij / sum_i phi_ij``: the share of what is related to industry j that the
    city has (Hidalgo et al. 2007; EconGeo's ``relatedness_density``, without its rounding). An
    industry that is related to none has 0.

    Parameters
    ----------
    present : ndarray, shape (industries, cities, years)
    related : ndarray, shape (industries, industries, years)

    Returns
    -------
    ndarray, shape (industries, cities, years)
    """
    whole = related.sum(axis=0)
    weight = np.where(whole > 0, 100.0 * related / np.where(whole > 0, whole, 1.0), 0.0)
    density = np.zeros(present.shape)
    for first in range(len(present)):
        for second in range(len(present)):
            if first != second:
                density[second] += present[first] * weight[first, second]
    return density


def mean_densities(shares: Float, nation: Float) -> Float:
    """Mean relatedness density of the industries a city is specialised in, and of the others.

    The first is its coherence, EconGeo's ``relatedness_density_int_avg``; the second its
    flexibility, ``relatedness_density_ext_avg``: what is related to the missing industries is
    there already (Balland, Rigby & Boschma 2015, on the resilience of cities). Neither is rounded.

    Parameters
    ----------
    shares, nation
        As in `specialised`; relatedness is that among the cities of the same year.

    Returns
    -------
    ndarray, shape (2, cities, years)
        Percent; missing where there is no such industry.
    """
    present = specialised(shares, nation)
    related = relatedness(co_occurrence(present))
    means = np.full((2, *shares.shape[1:]), np.nan)
    for start in range(0, shares.shape[1], _BLOCK):  # cities no longer depend on one another
        block = present[:, start : start + _BLOCK]
        density = relatedness_density(block, related)
        for at, wanted in enumerate((1.0, 0.0)):
            chosen = block == wanted
            total = np.where(chosen, density, 0.0).sum(axis=0)
            means[at, start : start + _BLOCK] = ratio(total, chosen.sum(axis=0))
    return means
