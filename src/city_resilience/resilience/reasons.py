"""Why a measure is missing: a table of reasons, and values that carry theirs beside them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from city_resilience.arrays import Float, Mask, Strings

__all__ = [
    "REASONS",
    "Codes",
    "Measured",
    "Reason",
    "Rule",
    "measured",
    "overruled",
    "reason_ids",
]

Codes = NDArray[np.int8]
Rule = tuple[str, Mask | np.bool_]


@dataclass(frozen=True)
class Reason:
    """Why a value is missing: its id in a table, and its words in a report."""

    id: str
    label_en: str
    label_zh: str


_TABLE = (
    Reason("", "known", "已知"),
    Reason("not_yet", "the window is not over in the panel", "窗口期在面板中尚未结束"),
    Reason(
        "vanished",
        "the city has values before and none from the window's end on",
        "城市此前有数据，窗口期末及以后均无数据",
    ),
    Reason("no_start", "no value at the start of the window", "窗口期初无数据"),
    Reason("no_end", "no value at the end of the window, but later ones", "窗口期末无数据"),
    Reason("not_positive", "zero or negative at either end", "期初或期末数值不为正"),
    Reason(
        "nation_still",
        "national growth is below the floor, a ratio to it has no meaning",
        "全国增长低于下限，比值无意义",
    ),
    Reason(
        "expected_zero",
        "the expected change of the city is below the floor",
        "城市的预期变化低于下限",
    ),
    Reason("no_industries", "an industry is missing at either end", "期初或期末缺少某一行业的数据"),
    Reason("no_recovery_window", "the window has no recovery", "窗口未设恢复期"),
    Reason(
        "no_trend", "too few years up to the start for a trend", "期初之前年份过少，无法拟合趋势"
    ),
    Reason("censored", "not recovered in the years observed", "观测期内尚未恢复"),
    Reason("no_components", "a component of the composite is missing", "综合指数缺少构成指标"),
    Reason("undefined", "the formula has no value", "公式无定义"),
)

REASONS: Mapping[str, Reason] = MappingProxyType({reason.id: reason for reason in _TABLE})
_IDS = np.array([reason.id for reason in _TABLE])
_CODES = {reason.id: code for code, reason in enumerate(_TABLE)}


@dataclass(frozen=True)
class Measured:
    """Values of a measure and why the missing ones are missing.

    Attributes
    ----------
    values : ndarray of float64, shape (cities, ...)
        NaN exactly where there is a reason.
    reasons : ndarray of int8, shape of values
        Position in `REASONS`; 0 = known. `reason_ids` gives the words.
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
