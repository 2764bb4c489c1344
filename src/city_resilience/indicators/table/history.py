"""The outcome's own past."""

from __future__ import annotations

from functools import partial

import numpy as np

from city_resilience.indicators.formulas import history
from city_resilience.indicators.formulas.ratios import value
from city_resilience.indicators.indicator import (
    GAP,
    NEIGHBOURS_GAP,
    OUTCOME,
    PROVINCE,
    Function,
    Indicator,
)

__all__ = ["ENTRIES"]


def _own(
    id: str, label_en: str, label_zh: str, function: Function, direction: int = 1
) -> Indicator:
    return Indicator(id, "history", label_en, label_zh, "pp", (OUTCOME,), function, direction)


def _province(id: str, label_en: str, label_zh: str, function: Function) -> Indicator:
    inputs = (OUTCOME, PROVINCE)
    return Indicator(id, "history", label_en, label_zh, "pp", inputs, function, 1)


ENTRIES: tuple[Indicator, ...] = (
    _own("gap", "Last gap", "上年增长差", history.gap_lag),
    *(
        _own(
            f"gap_lag{years}",
            f"Gap {years} year{'s' * (years > 1)} before the last",
            f"上年之前第{years}年增长差",
            partial(history.gap_lag, years=years),
        )
        for years in (1, 2, 3, 4)
    ),
    *(
        _own(
            f"gap_mean{years}",
            f"Mean gap of {years} years",
            f"近{years}年平均增长差",
            partial(history.gap_mean, years=years),
        )
        for years in (2, 3, 5)
    ),
    _own("gap_sd5", "Volatility of the gap, 5 years", "近5年增长差标准差", history.gap_sd, 0),
    _own("gap_min5", "Smallest gap of 5 years", "近5年最小增长差", history.gap_min),
    _own("gap_max5", "Largest gap of 5 years", "近5年最大增长差", history.gap_max),
    _own("gap_median5", "Median gap of 5 years", "近5年增长差中位数", history.gap_median),
    *(
        _own(
            f"gap_cumulative{years}",
            f"Gap over {years} years",
            f"近{years}年累计增长差",
            partial(history.growth_gap_past, h=years),
        )
        for years in (2, 3)
    ),
    _province("province_gap", "Last gap of the province", "本省上年增长差", history.province_gap),
    _province(
        "province_gap_lag1",
        "Gap of the province 1 year before the last",
        "本省上年之前第1年增长差",
        partial(history.province_gap_lag, years=1),
    ),
    _province(
        "province_gap_mean3",
        "Mean gap of the province, 3 years",
        "本省近3年平均增长差",
        history.province_gap_mean,
    ),
    _province(
        "gap_less_province",
        "Last gap minus the province's",
        "上年增长差减本省增长差",
        history.gap_less_province,
    ),
    Indicator(
        "neighbours_gap",
        "history",
        "Last gap of neighbouring cities",
        "邻近城市上年增长差",
        "pp",
        (NEIGHBOURS_GAP,),
        value,
        1,
    ),
    Indicator(
        "gap_less_neighbours",
        "history",
        "Last gap less that of neighbouring cities",
        "上年增长差（减邻近城市）",
        "pp",
        (GAP, NEIGHBOURS_GAP),
        np.subtract,
        1,
    ),
)
