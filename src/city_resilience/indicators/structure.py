"""Structure of output by sector: upgrading, layers, balance with employment."""

from __future__ import annotations

import numpy as np

from city_resilience.indicators.indicator import Float
from city_resilience.indicators.ratios import ratio

__all__ = ["layered_upgrading", "rationalisation", "sector_ratio"]


def sector_ratio(tertiary: Float, secondary: Float) -> Float:
    """Structure upgrading ``Y3 / Y2``: services over industry (Gan, Zheng & Yu 2011)."""
    return ratio(tertiary, secondary)


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
