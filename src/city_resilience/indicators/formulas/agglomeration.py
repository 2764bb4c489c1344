"""Specialisation, diversity and co-agglomeration of employment.

National shares are sums over the cities that have both values in that year.
"""

from __future__ import annotations

import numpy as np

from city_resilience.arrays import Float
from city_resilience.indicators.formulas.ratios import log_ratio, ratio
from city_resilience.indicators.formulas.together import counts, independent, totals
from city_resilience.indicators.formulas.years import lag, newest

__all__ = [
    "checked_industries",
    "co_agglomeration",
    "co_agglomeration_with_sum",
    "employment_quotient",
    "employment_share",
    "employment_total",
    "entropy",
    "hhi",
    "industry_shares",
    "joint_employment",
    "krugman_specialisation",
    "location_quotient",
    "national_mix",
    "paired_co_agglomeration",
    "stated_share",
]

JUMP = 2.0


def location_quotient(part: Float, whole: Float) -> Float:
    """Location quotient ``(e_ij / e_i) / (e_j / e)``; 1 = the nation's share.

    Parameters
    ----------
    part, whole : ndarray, shape (cities, years)
        Employment of the industry and of all industries, in the same unit.

    Returns
    -------
    ndarray, shape (cities, years)
        Missing where either value is missing, the whole is not positive, or the nation has none
        of the part.

    Notes
    -----
    Florence 1939, as in Isard et al. 1998, *Methods of Interregional and Regional Analysis*.

    Examples
    --------
    >>> staff, rest = np.array([[1714.0], [879213.0 - 1714.0]]), 15593224.0 - 79006.0
    >>> location_quotient(staff, np.array([[79006.0], [rest]]))[0].round(7)
    array([0.3847623])
    """
    both = np.isfinite(part) & (whole > 0)
    part, whole = np.where(both, part, np.nan), np.where(both, whole, np.nan)
    of_nation, of_all = totals(part, whole)
    nation = ratio(of_nation, of_all)
    return ratio(ratio(part, whole), np.broadcast_to(nation, part.shape))


def co_agglomeration(first: Float, second: Float) -> Float:
    """Co-agglomeration of two industries from their location quotients.

    ``[1 - |a - b| / (a + b)] + (a + b)``: how alike the two specialisations are, plus how strong.
    Two industries that a city has none of have no co-agglomeration: missing.

    Notes
    -----
    The form of the Chinese literature on manufacturing and producer services (Chen, Chen 2016,
    after Ellison & Glaeser 1997); it needs no plants.

    Examples
    --------
    >>> a, b = np.array([[1.0, 1.2, 0.2, 2.0, 0.0]]), np.array([[1.0, 0.8, 0.2, 0.1, 0.0]])
    >>> co_agglomeration(a, b).round(3)
    array([[3.   , 2.8  , 1.4  , 2.195,   nan]])
    """
    strength = first + second
    return 1.0 - ratio(np.abs(first - second), strength) + strength


def employment_total(unit: Float, employment: Float, *industries: Float) -> Float:
    """Employment of all industries of a city, from the best of three statements.

    The stated staff of urban units; where it is missing, the sum of all industries (only where
    every industry is known, and not where it is over twice or under half of the city's last
    total before, the mark of a mistyped cell); in a year in which no city has either, total
    employment.

    Parameters
    ----------
    unit, employment : ndarray, shape (cities, years)
        Staff of urban units; total employment. All NaN when the panel has none.
    *industries : ndarray, shape (cities, years)
        Staff of each industry; together they are exhaustive.
    """
    if industries:
        known = np.where(unit > 0, unit, np.nan)
        added = np.sum(np.stack(industries), axis=0)
        jump = np.abs(log_ratio(added, newest(lag(known, 1))))
        added = np.where(np.isnan(jump) | (jump <= np.log(JUMP)), added, np.nan)
        unit = np.where(np.isfinite(known), known, added)
    none = counts(np.isfinite(unit).sum(axis=0)) == 0
    return np.where(none, employment, unit)


def _consistent(part: Float, whole: Float) -> Float:
    return np.where((part >= 0) & (part <= 1.01 * whole), part, np.nan)


def employment_share(part: Float, whole: Float) -> Float:
    """Share of an industry in the city's employment, percent; the whole as `employment_total`.

    An industry larger than the whole is a contradiction in the source: missing.
    """
    return ratio(_consistent(part, whole), whole, per=100.0)


def employment_quotient(part: Float, whole: Float) -> Float:
    """Location quotient of an industry in employment.

    As `location_quotient`, the whole being `employment_total`. A city whose industry is larger
    than its whole is missing and left out of the nation's share, which it would corrupt for every
    city.
    """
    return location_quotient(_consistent(part, whole), whole)


def checked_industries(*arrays: Float) -> Float:
    """Stack the industries, leaving out city-years whose sum contradicts the stated total.

    One cell typed a thousand times too large would otherwise decide a city's specialisation, and
    through the national shares everybody else's.

    Parameters
    ----------
    *arrays : ndarray, shape (cities, years)
        Every industry, and last the stated staff of urban units.

    Returns
    -------
    ndarray, shape (industries, cities, years)
        Missing where the sum is over twice or under half of `employment_total`.
    """
    *industries, unit = arrays
    total = employment_total(unit, np.full(unit.shape, np.nan), *industries)
    stacked = np.stack(industries)
    apart = np.abs(log_ratio(np.sum(stacked, axis=0), total))
    return np.where(apart <= np.log(JUMP), stacked, np.nan)


def joint_employment(*industries: Float) -> Float:
    """Sum of several industries; missing where one is."""
    return np.asarray(np.sum(np.stack(industries), axis=0))


def stated_share(stated: Float, part: Float, whole: Float) -> Float:
    """Share of an industry in employment, percent: as stated (a fraction), else from its staff."""
    return np.where(np.isfinite(stated), 100.0 * stated, employment_share(part, whole))


def co_agglomeration_with_sum(first: Float, *rest: Float) -> Float:
    """Co-agglomeration of one industry with the sum of others; the whole comes last."""
    *others, whole = rest
    return paired_co_agglomeration(first, joint_employment(*others), whole)


def paired_co_agglomeration(first: Float, second: Float, whole: Float) -> Float:
    """Co-agglomeration of two industries, or groups of them, from their employment."""
    quotients = independent(
        lambda: employment_quotient(first, whole), lambda: employment_quotient(second, whole)
    )
    return co_agglomeration(*quotients)


def industry_shares(industries: Float) -> Float:
    """Share of each industry in the city's sum over industries.

    Parameters
    ----------
    industries : ndarray, shape (industries, cities, years)

    Returns
    -------
    ndarray, shape (industries, cities, years)
        Fractions; missing for a city-year in which an industry is missing or negative.
    """
    known = np.where(
        np.isfinite(industries).all(axis=0) & (industries >= 0).all(axis=0), industries, np.nan
    )
    whole = np.sum(known, axis=0)
    return np.stack([ratio(industry, whole) for industry in known])


def national_mix(industries: Float, shares: Float) -> Float:
    """Share of each industry in the nation: the cities with every industry known in that year.

    Parameters
    ----------
    industries, shares : ndarray, shape (industries, cities, years)
        Employment, and the cities' shares in it (`industry_shares`).

    Returns
    -------
    ndarray, shape (industries, years)
        Fractions; missing in a year without such a city.
    """
    known = np.isfinite(shares[0])
    added = np.stack(totals(*(np.where(known, industry, np.nan) for industry in industries)))
    return ratio(added, np.sum(added, axis=0))


def hhi(shares: Float) -> Float:
    """Herfindahl-Hirschman index of industries ``sum of s_j^2``, in (0, 1]; 1 = one industry.

    Parameters
    ----------
    shares : ndarray, shape (industries, cities, years)
        As `industry_shares` returns them.

    Examples
    --------
    >>> hhi(np.array([[[0.5]], [[0.5]]]))
    array([[0.5]])
    """
    return np.asarray(np.sum(shares**2, axis=0))


def entropy(shares: Float) -> Float:
    """Entropy (total variety) of industries ``-sum of s_j ln s_j``, with 0 ln 0 = 0.

    0 = one industry, ln(industries) = equal shares. Frenken, van Oort & Verburg 2007.

    Parameters
    ----------
    shares : ndarray, shape (industries, cities, years)
        As `industry_shares` returns them.

    Examples
    --------
    >>> entropy(np.array([[[0.5]], [[0.5]], [[0.0]]])).round(4)
    array([[0.6931]])
    """
    terms = shares * np.log(np.where(shares > 0, shares, 1.0))
    return np.asarray(-np.sum(terms, axis=0))


def krugman_specialisation(shares: Float, nation: Float) -> Float:
    """Krugman specialisation index ``sum of |s_ij - s_j|``, in [0, 2); 0 = the nation's mix.

    Krugman 1991, *Geography and Trade*.

    Parameters
    ----------
    shares : ndarray, shape (industries, cities, years)
        As `industry_shares` returns them.
    nation : ndarray, shape (industries, years)
        As `national_mix` returns it.
    """
    return np.asarray(np.sum(np.abs(shares - nation[:, None, :]), axis=0))
