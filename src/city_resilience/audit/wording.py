"""Numbers, factors, years and names as an auditor would say them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from city_resilience.arrays import Float
from city_resilience.audit import thresholds as limit

__all__ = [
    "compared",
    "correction_factor",
    "likely_power",
    "listed",
    "shown",
    "span",
    "why_factor",
    "with_unit",
]

_PERCENT_BELOW = 1.8  # "170 % above" is read more slowly than "1.8 times"
_REASONS = {
    1: "a digit too many or a decimal point moved",
    2: "a decimal point lost, or percent for a fraction",
    3: "a decimal point lost, or thousands",
    4: "the plain unit given for 万, or 万 for 亿",
    8: "the plain unit given for 亿",
    -1: "a digit lost or a decimal point moved",
    -2: "a decimal point too far left, or a fraction for percent",
    -3: "a decimal point too far left, or thousands",
    -4: "万 given for the plain unit",
    -8: "亿 given for the plain unit",
}


def likely_power(log_ratio: Float) -> Float:
    """Return the power of ten, not zero, that a ratio is close to; 0 where there is none.

    Parameters
    ----------
    log_ratio : ndarray
        Natural logarithm of value over expectation.

    Examples
    --------
    >>> likely_power(np.log([874.0, 0.1, 4.0, 1.1]))
    array([ 3., -1.,  0.,  0.])
    """
    decades = np.where(np.isfinite(log_ratio), log_ratio, 0.0) / np.log(10.0)
    power = np.round(decades)
    near = np.abs(decades - power) <= limit.POWER_TOLERANCE
    return np.asarray(np.where(near, power, 0.0)) + 0.0


def correction_factor(power: int) -> str:
    """Return the correction that takes a power of ten out of a cell.

    Examples
    --------
    >>> correction_factor(3), correction_factor(-2)
    ('*0.001', '*100')
    """
    return f"*{np.format_float_positional(10.0**-power, trim='-')}"


def why_factor(power: int) -> str:
    """Return what may have happened to a cell that is off by a power of ten."""
    return _REASONS.get(power, "another unit")


def compared(log_ratio: float) -> str:
    """Return how a number compares with another, to be followed by the other.

    Examples
    --------
    >>> compared(np.log(1000.0)), compared(np.log(0.1)), compared(np.log(0.83))
    ('1,000 times', '1/10 of', '17 % below')
    """
    ratio = float(np.exp(min(abs(log_ratio), 700.0)))
    if ratio < _PERCENT_BELOW:
        share = 100 * abs(float(np.expm1(log_ratio)))
        return f"{share:.0f} % {'above' if log_ratio > 0 else 'below'}"
    number = f"{float(f'{ratio:.2g}'):,.10g}"
    return f"{number} times" if log_ratio > 0 else f"1/{number} of"


def shown(value: float, digits: int = 6) -> str:
    """Return a number without an exponent, rounded to so many digits that count.

    Examples
    --------
    >>> shown(1121.0), shown(15999.762), shown(0.0649), shown(1.1283, 3)
    ('1121', '15999.8', '0.0649', '1.13')
    """
    return str(np.format_float_positional(float(f"{value:.{digits}g}"), trim="-"))


def with_unit(value: float, unit: str, digits: int = 6) -> str:
    """Return a number with its unit where that can follow a number.

    Examples
    --------
    >>> with_unit(12.5, "km"), with_unit(12.5, "10k persons"), with_unit(12.5, "index")
    ('12.5 km', '12.5 × 10k persons', '12.5')
    """
    if unit in ("", "index", "log", "fraction", "count"):
        return shown(value, digits)
    return f"{shown(value, digits)} {'× ' * unit[0].isdigit()}{unit}"


def span(years: Sequence[int], dash: str = "–") -> str:
    """Return one year, or the first and the last of several; "" for none.

    Examples
    --------
    >>> span((2013, 2013)), span((2011, 2014)), span((2011, 2014), "-"), span(())
    ('2013', '2011–2014', '2011-2014', '')
    """
    return dash.join(dict.fromkeys(str(year) for year in (*years[:1], *years[-1:])))


def listed(names: Sequence[str], most: int = limit.NAMED) -> str:
    """Return the first names, and how many more there are.

    Examples
    --------
    >>> listed(["a", "b", "c"], 2)
    'a, b and 1 more'
    """
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more
