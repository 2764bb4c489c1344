"""Structure of output by sector: upgrading, layers, balance with employment."""

from __future__ import annotations

import numpy as np

from city_resilience.arrays import Float, Mask
from city_resilience.errors import InputError
from city_resilience.indicators.formulas.ratios import ratio

__all__ = [
    "balance_of_sectors",
    "layered_upgrading",
    "oriented_theil",
    "rationalisation",
    "urban_share",
]


def urban_share(stated: Float, urban: Float, population: Float) -> Float:
    """Urbanisation, percent: the stated fraction, else urban over resident population."""
    return 100.0 * np.where(np.isfinite(stated), stated, ratio(urban, population))


def layered_upgrading(primary: Float, secondary: Float, tertiary: Float) -> Float:
    """Layered structure index ``1 s1 + 2 s2 + 3 s3``, from 1 (farming only) to 3 (services only).

    The three shares are divided by their sum, so fractions and percent give the same.

    Examples
    --------
    >>> layered_upgrading(np.array([[10.0]]), np.array([[40.0]]), np.array([[50.0]]))
    array([[2.4]])
    """
    return ratio(primary + 2.0 * secondary + 3.0 * tertiary, primary + secondary + tertiary)


def rationalisation(outputs: Float, staff: Float) -> Float:
    """Theil index of the balance of sectors ``TL = sum of y ln(y / l)``; 0 = balanced.

    The original orientation: more is worse. ``y`` and ``l`` are the sectors' shares in output and
    in employment (Gan, Zheng & Yu 2011). Circulating data often publish 1 / TL.

    Parameters
    ----------
    outputs, staff : ndarray, shape (sectors, cities, years)

    Returns
    -------
    ndarray, shape (cities, years)
        At least 0; missing where a sector is missing, or has output and no staff.

    Examples
    --------
    >>> rationalisation(np.array([[[1.0]], [[3.0]]]), np.array([[[2.0]], [[2.0]]])).round(4)
    array([[0.1308]])
    """
    y = np.stack([ratio(sector, np.sum(outputs, axis=0)) for sector in outputs])
    staff_share = np.stack([ratio(sector, np.sum(staff, axis=0)) for sector in staff])
    logs = np.log(np.where(y > 0, ratio(y, staff_share), 1.0))
    return np.asarray(np.sum(y * logs, axis=0))


def balance_of_sectors(*sectors: Float) -> Float:
    """Theil index of three sectors: output shares, then employment (see `rationalisation`)."""
    return rationalisation(np.stack(sectors[:3]), np.stack(sectors[3:]))


def oriented_theil(index: Float, reciprocal: Float, negative: Float) -> Float:
    """Return a published Theil index in the original orientation: 0 = balanced, more is worse.

    Circulating data call TL, 1/TL and -TL all "rationalisation". Which one a column holds is
    declared by the variable it is read as; where several are known, the first counts.

    Parameters
    ----------
    index, reciprocal, negative : ndarray, shape (cities, years)
        ``theil_index`` (TL >= 0), ``theil_reciprocal`` (1/TL > 0), ``theil_negative`` (-TL <= 0).

    Returns
    -------
    ndarray, shape (cities, years)

    Raises
    ------
    InputError
        If a value contradicts the declared orientation.

    Examples
    --------
    >>> none = np.full((1, 1), np.nan)
    >>> oriented_theil(none, np.array([[4.0]]), none)
    array([[0.25]])
    """
    _refuse("theil_index", index, index < 0, "TL is never negative")
    _refuse("theil_reciprocal", reciprocal, reciprocal <= 0, "1/TL is always positive")
    _refuse("theil_negative", negative, negative > 0, "-TL is never positive")
    theil = np.where(np.isfinite(index), index, ratio(np.ones(reciprocal.shape), reciprocal))
    return np.where(np.isfinite(theil), theil, 0.0 - negative)


def _refuse(name: str, x: Float, wrong: Mask, rule: str) -> None:
    if wrong.any():
        raise InputError(
            f"column {name!r}: {np.count_nonzero(wrong)} of {np.count_nonzero(np.isfinite(x))} "
            f"values contradict its orientation, such as {x[wrong][0]:g}: {rule}; read the column "
            "as theil_index (TL), theil_reciprocal (1/TL) or theil_negative (-TL), or correct it"
        )
