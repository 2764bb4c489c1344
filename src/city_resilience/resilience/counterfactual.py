"""What a city would have done in step with the nation, and how far it did otherwise.

Resistance over the contraction and recovery over the expansion are the same arithmetic over two
windows; their signs give the quadrant. The shift-share effects split the same difference.
"""

from __future__ import annotations

import numpy as np

from city_resilience.arrays import Float, Mask
from city_resilience.indicators.formulas.nation import SUM_BETWEEN, Between
from city_resilience.indicators.formulas.ratios import ratio
from city_resilience.indicators.formulas.together import totals
from city_resilience.resilience.growth import FLOOR, pair_rules, still
from city_resilience.resilience.reasons import Measured, Rule, measured

__all__ = [
    "QUADRANTS",
    "agency_effect",
    "excess_change",
    "excess_over_mix",
    "industries_known",
    "industry_rates",
    "quadrant",
    "structure_effect",
]


QUADRANTS = (
    "not resistant, not recovered",
    "not resistant, recovered",
    "resistant, not recovered",
    "resistant, recovered",
)


def excess_change(
    start: Float,
    end: Float,
    floor: float = FLOOR,
    gone: Mask | None = None,
    nation: Between = SUM_BETWEEN,
) -> Measured:
    """Change over what growth with the nation would bring, ``(ΔE_i - g_N E_i) / |g_N E_i|``.

    Resistance over the contraction, recovery over the expansion; above 0 = better than expected.

    Parameters
    ----------
    start, end : ndarray, shape (cities,) or (cities, comparisons)
    floor : float
        Least ``|g_N|``, as a fraction, for which the ratio is given.
    gone : ndarray of bool, optional
        See `growth.pair_rules`.
    nation : Between
        How the cities make up the nation in both years.

    Notes
    -----
    Martin, Sunley, Gardiner & Tyler 2016, *How regions react to recessions*.
    """
    grown = nation.rate(start, end)
    expected = grown * start
    values = ratio(end - start - expected, np.abs(expected))
    return measured(values, *pair_rules(start, end, gone), ("nation_still", still(grown, floor)))


def industries_known(start: Float, end: Float) -> Mask:
    """Cities with every industry known (zero or more) in both years, shape (cities,)."""
    both = np.isfinite(start) & np.isfinite(end) & (start >= 0) & (end >= 0)
    return np.asarray(both.all(axis=1))


def industry_rates(start: Float, end: Float) -> tuple[Float, float]:
    """Growth of each industry in the nation, and of all of them, as fractions.

    The nation is the sum over the cities with every industry known in both years.

    Parameters
    ----------
    start, end : ndarray, shape (cities, industries)

    Returns
    -------
    rates : ndarray, shape (industries,)
        0 for an industry that the nation has none of at the start: every city's part in it then
        counts as its own doing.
    nation : float
        NaN where no city has every industry.
    """
    known = industries_known(start, end)[:, None]
    before, change = totals(np.where(known, start, np.nan), np.where(known, end - start, np.nan))
    rates = np.where(before > 0, ratio(change, before), 0.0)
    return rates, float(ratio(change.sum(), before.sum()))


def excess_over_mix(start: Float, end: Float, floor: float = FLOOR) -> Measured:
    """Change over what the industry mix would bring, ``(ΔE_i - Σ_j g_Nj E_ij) / |Σ_j g_Nj E_ij|``.

    Parameters
    ----------
    start, end : ndarray, shape (cities, industries)
        ``E_i`` is the sum of the industries.
    floor : float
        Least ``|g_N|``, and least expected change over ``E_i``, as fractions.

    Notes
    -----
    The second counterfactual of Martin, Sunley, Gardiner & Tyler 2016.
    """
    rates, nation = industry_rates(start, end)
    base = start.sum(axis=1)
    expected = (rates * start).sum(axis=1)
    values = ratio(end.sum(axis=1) - base - expected, np.abs(expected))
    return measured(
        values,
        *_industry_rules(start, end),
        ("nation_still", still(np.array(nation), floor)),
        ("expected_zero", np.abs(expected) < floor * base),
    )


def structure_effect(start: Float, end: Float) -> Measured:
    """Part of the difference to the nation that the industry mix accounts for.

    ``Σ_j (g_Nj - g_N) E_ij``, in the unit of the industries; ``beside["pp"]`` in percent of the
    city's total at the start. Above 0: a mix that did better than the nation's.

    Parameters
    ----------
    start, end : ndarray, shape (cities, industries)
        ``E_i`` is the sum of the industries.

    Notes
    -----
    With `agency_effect` it adds up to ``ΔE_i - g_N E_i``: the shift-share identity.
    """
    rates, nation = industry_rates(start, end)
    return _effect(((rates - nation) * start).sum(axis=1), start, end)


def agency_effect(start: Float, end: Float) -> Measured:
    """Part of the difference to the nation that the industry mix does not account for.

    ``Σ_j (g_ij - g_Nj) E_ij``, written ``Σ_j (ΔE_ij - g_Nj E_ij)`` so that an industry which the
    city had none of at the start counts too. Parameters as `structure_effect`; above 0: the
    city's industries did better than the same industries of the nation.
    """
    rates, _ = industry_rates(start, end)
    return _effect((end - start - rates * start).sum(axis=1), start, end)


def quadrant(resistance: Measured, recovery: Measured) -> Measured:
    """Quadrant of the signs of resistance and recovery, a position in `QUADRANTS`.

    A city at its expected change counts as resistant, or recovered. Missing where either is,
    with the reason of the resistance first.
    """
    values = 2.0 * (resistance.values >= 0) + (recovery.values >= 0)
    reasons = np.where(resistance.reasons != 0, resistance.reasons, recovery.reasons)
    return Measured(np.where(reasons == 0, values, np.nan), reasons)


def _effect(effect: Float, start: Float, end: Float) -> Measured:
    rules = _industry_rules(start, end)
    percent = measured(ratio(effect, start.sum(axis=1), per=100.0), *rules).values
    return measured(effect, *rules, beside={"pp": percent})


def _industry_rules(start: Float, end: Float) -> tuple[Rule, ...]:
    base = start.sum(axis=1)
    return (("no_industries", ~industries_known(start, end)), ("expected_zero", base == 0))
