"""Why a measure is missing: the reasons, and values that carry theirs beside them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from city_resilience.arrays import Float, Mask, Strings

__all__ = ["REASONS", "Codes", "Measured", "Rule", "measured", "overruled", "reason_ids"]

Codes = NDArray[np.int8]
Rule = tuple[str, Mask | np.bool_]


REASONS = (
    *("", "not_yet", "vanished", "no_start", "no_end", "not_positive", "nation_still"),
    *("expected_zero", "no_industries", "no_recovery_window", "no_trend", "censored"),
    *("no_components", "undefined"),
)
"""Ids; the report has their words. The first stands for a value that is known."""
_IDS = np.array(REASONS)
_CODES = {id: code for code, id in enumerate(REASONS)}


@dataclass(frozen=True)
class Measured:
    """Values of a measure and why the missing ones are missing.

    Attributes
    ----------
    values : ndarray of float64, shape (cities, ...)
        NaN exactly where there is a reason.
    reasons : ndarray of int8, shape of values
        Position in `REASONS`; 0 = known. `reason_ids` gives the ids.
    beside : mapping of str to ndarray, shape of values
        Further columns of the same measure, by the suffix of their names.
    """

    values: Float
    reasons: Codes
    beside: Mapping[str, NDArray[Any]] = field(default_factory=dict)


def measured(
    values: Float, *rules: Rule, beside: Mapping[str, NDArray[Any]] | None = None
) -> Measured:
    """Join values to the first rule that takes each of them away.

    Parameters
    ----------
    values : ndarray, shape (cities, ...)
    *rules : pairs (reason id, ndarray of bool that broadcasts to values)
        In order of precedence. A value that is not finite although no rule holds is
        ``"undefined"``.
    beside : mapping of str to ndarray, optional
        Further columns, see `Measured`.

    Examples
    --------
    >>> found = measured(np.array([1.0, np.nan, 2.0]), ("no_end", np.array([False, False, True])))
    >>> found.values, reason_ids(found.reasons).tolist()
    (array([ 1., nan, nan]), ['', 'undefined', 'no_end'])
    """
    codes = np.where(np.isfinite(values), 0, _CODES["undefined"]).astype(np.int8)
    for reason, applies in reversed(rules):
        codes[np.broadcast_to(applies, codes.shape)] = _CODES[reason]
    return Measured(np.where(codes == 0, values, np.nan), codes, beside or {})


def overruled(found: Measured, *rules: Rule) -> Measured:
    """Return what was measured with further rules that go before the reasons it has."""
    own = tuple((id_, found.reasons == code) for id_, code in _CODES.items() if code)
    return measured(found.values, *rules, *own, beside=found.beside)


def reason_ids(codes: Codes) -> Strings:
    """Return the reason ids of an array of codes; "" = known."""
    return np.asarray(_IDS[codes])
