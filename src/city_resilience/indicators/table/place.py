"""Size, wealth, urbanisation and public capital."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from city_resilience.indicators.formulas.ratios import (
    log_growth,
    log_level,
    log_ratio,
    log_relative,
    ratio,
    value,
)
from city_resilience.indicators.formulas.spatial import spatial_lag
from city_resilience.indicators.indicator import NEIGHBOURS, OUTCOME, Float, Indicator

__all__ = ["ENTRIES"]


def _relative_per(outcome: Float, base: Float) -> Float:
    """Log of the outcome per head or worker, relative to the cities' mean (`log_relative`)."""
    return log_relative(ratio(outcome, base))


def _neighbours_relative_per(outcome: Float, base: Float, neighbours: Any) -> Float:
    return spatial_lag(_relative_per(outcome, base), neighbours)


def urban_share(stated: Float, urban: Float, population: Float) -> Float:
    """Urbanisation, percent: the stated fraction, else urban over resident population."""
    return 100.0 * np.where(np.isfinite(stated), stated, ratio(urban, population))


def _capital(id: str, variable: str, label_en: str, label_zh: str) -> tuple[Indicator, ...]:
    return (
        Indicator(
            f"{id}_per_output",
            "place",
            f"{label_en} over output",
            f"{label_zh}与产出之比",
            "ratio",
            (variable, "gsp"),
            ratio,
        ),
        Indicator(
            f"log_{id}_per_worker",
            "place",
            f"Log of {label_en[0].lower()}{label_en[1:]} per worker",
            f"人均{label_zh}对数",
            "log 100 usd per worker",
            (variable, "employment"),
            log_ratio,
        ),
        Indicator(
            f"{id}_growth",
            "place",
            f"Growth of {label_en[0].lower()}{label_en[1:]}",
            f"{label_zh}增长",
            "log points",
            (variable,),
            log_growth,
        ),
    )


ENTRIES: tuple[Indicator, ...] = (
    Indicator(
        "log_size",
        "place",
        "Log size: output relative to the cities' mean",
        "经济规模对数（相对城市均值）",
        "log ratio",
        (OUTCOME,),
        log_relative,
    ),
    Indicator(
        "log_output_per_head",
        "place",
        "Log output per head, relative to the cities' mean",
        "人均产出对数（相对城市均值）",
        "log ratio",
        (OUTCOME, "population"),
        _relative_per,
        1,
    ),
    Indicator(
        "neighbours_output_per_head",
        "place",
        "Log output per head of neighbouring cities, relative to the cities' mean",
        "邻近城市人均产出对数（相对城市均值）",
        "log ratio",
        (OUTCOME, "population", NEIGHBOURS),
        _neighbours_relative_per,
        1,
    ),
    Indicator(
        "log_output_per_worker",
        "place",
        "Log output per worker, relative to the cities' mean",
        "劳均产出对数（相对城市均值）",
        "log ratio",
        (OUTCOME, "employment"),
        _relative_per,
        1,
    ),
    Indicator(
        "log_population",
        "place",
        "Log population",
        "人口对数",
        "log 10k persons",
        ("population",),
        log_level,
    ),
    Indicator(
        "population_growth",
        "place",
        "Population growth",
        "人口增长",
        "log points",
        ("population",),
        log_growth,
        1,
    ),
    Indicator(
        "log_land_area",
        "place",
        "Log land area",
        "土地面积对数",
        "log km²",
        ("land_area",),
        log_level,
    ),
    Indicator(
        "urbanisation",
        "place",
        "Urbanisation",
        "城镇化率",
        "%",
        (),
        urban_share,
        1,
        ("urbanisation", "urban_population", "population"),
    ),
    Indicator(
        "road_area_per_head",
        "place",
        "Road area per head",
        "人均道路面积",
        "m² per person",
        ("road_area_per_head",),
        value,
        1,
    ),
    *_capital("highways", "highways", "Highway capital", "公路资本"),
    *_capital("water_sewer", "water_sewer", "Water and sewer capital", "供排水资本"),
    *_capital(
        "other_public_capital", "other_public_capital", "Other public capital", "其他公共资本"
    ),
    Indicator(
        "unit_employment_per_100",
        "place",
        "Urban-unit employees per 100 people",
        "每百人单位从业人员",
        "per 100 people",
        ("unit_employment", "population"),
        partial(ratio, per=100.0),
        1,
    ),
)
