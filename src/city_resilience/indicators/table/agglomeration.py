"""Specialisation, variety, co-agglomeration, relatedness, density and market potential."""

from __future__ import annotations

from functools import partial
from operator import itemgetter
from typing import Any

import numpy as np

from city_resilience.indicators.formulas.agglomeration import (
    employment_quotient,
    entropy,
    hhi,
    joint_employment,
    krugman_specialisation,
    paired_co_agglomeration,
)
from city_resilience.indicators.formulas.ratios import log_level, log_ratio, log_relative, ratio
from city_resilience.indicators.formulas.spatial import foreign_potential, market_potential
from city_resilience.indicators.formulas.variety import (
    related_variety,
    unrelated_variety,
)
from city_resilience.indicators.indicator import (
    EMPLOYMENT_TOTAL,
    INDUSTRY_SHARES,
    NATIONAL_MIX,
    NEIGHBOURS,
    OUTCOME,
    PRODUCER_SERVICES,
    RELATEDNESS_DENSITY,
    Float,
    Function,
    Indicator,
)
from city_resilience.indicators.table.industries import BROAD_POSITIONS, industry_ids

__all__ = ["ENTRIES", "urban_land"]

_SERVICES_BUT_ICT = industry_ids("transport", "finance", "leasing_business", "research")


def _ict_services(ict: Float, *rest: Float) -> Float:
    *services, whole = rest
    return paired_co_agglomeration(ict, joint_employment(*services), whole)


def urban_land(built_up: Float, construction: Float) -> Float:
    """Built-up area, else land used for urban construction, km²."""
    return np.where(built_up > 0, built_up, construction)


def _urban_density(population: Float, built_up: Float, construction: Float) -> Float:
    return log_ratio(1e4 * population, urban_land(built_up, construction))


def _per_urban_land(outcome: Float, built_up: Float, construction: Float) -> Float:
    return log_relative(ratio(outcome, urban_land(built_up, construction)))


def _per_land(outcome: Float, area: Float) -> Float:
    return log_relative(ratio(outcome, area))


def _potential(outcome: Float, area: Float, neighbours: Any) -> Float:
    return log_relative(market_potential(outcome, area, neighbours))


def _foreign_potential(outcome: Float, neighbours: Any) -> Float:
    return log_relative(foreign_potential(outcome, neighbours))


def _entry(
    id: str,
    label_en: str,
    label_zh: str,
    unit: str,
    inputs: tuple[str, ...],
    function: Function,
    direction: int = 0,
    optional: tuple[str, ...] = (),
) -> Indicator:
    return Indicator(
        id, "agglomeration", label_en, label_zh, unit, inputs, function, direction, optional
    )


ENTRIES: tuple[Indicator, ...] = (
    _entry(
        "manufacturing_location_quotient",
        "Manufacturing location quotient",
        "制造业区位商",
        "nation = 1",
        ("employment_manufacturing", EMPLOYMENT_TOTAL),
        employment_quotient,
    ),
    _entry(
        "producer_services_location_quotient",
        "Producer services location quotient",
        "生产性服务业区位商",
        "nation = 1",
        (PRODUCER_SERVICES, EMPLOYMENT_TOTAL),
        employment_quotient,
        1,
    ),
    _entry(
        "manufacturing_services_coagglomeration",
        "Co-agglomeration of manufacturing and producer services",
        "制造业与生产性服务业协同集聚",
        "index",
        ("employment_manufacturing", PRODUCER_SERVICES, EMPLOYMENT_TOTAL),
        paired_co_agglomeration,
        1,
    ),
    _entry(
        "manufacturing_ict_coagglomeration",
        "Co-agglomeration of manufacturing and ICT (digital and real economy)",
        "制造业与信息服务业协同集聚（数实融合）",
        "index",
        ("employment_manufacturing", "employment_ict", EMPLOYMENT_TOTAL),
        paired_co_agglomeration,
        1,
    ),
    # ICT is a producer service itself: the others stand against it.
    _entry(
        "ict_services_coagglomeration",
        "Co-agglomeration of ICT and the other producer services",
        "信息服务业与其他生产性服务业协同集聚",
        "index",
        ("employment_ict", *_SERVICES_BUT_ICT, EMPLOYMENT_TOTAL),
        _ict_services,
        1,
    ),
    _entry(
        "industry_hhi",
        "Concentration of industries (HHI)",
        "产业集中度（HHI）",
        "index",
        (INDUSTRY_SHARES,),
        hhi,
    ),
    _entry(
        "industry_entropy",
        "Variety of industries (entropy)",
        "产业多样化（熵）",
        "nats",
        (INDUSTRY_SHARES,),
        entropy,
    ),
    _entry(
        "unrelated_variety",
        "Unrelated variety: between five broad groups of industries",
        "无关多样化（五大类之间）",
        "nats",
        (INDUSTRY_SHARES,),
        partial(unrelated_variety, groups=BROAD_POSITIONS),
    ),
    _entry(
        "related_variety",
        "Related variety: within five broad groups of industries",
        "相关多样化（五大类之内）",
        "nats",
        (INDUSTRY_SHARES,),
        partial(related_variety, groups=BROAD_POSITIONS),
    ),
    _entry(
        "krugman_specialisation",
        "Krugman specialisation",
        "克鲁格曼专业化指数",
        "index",
        (INDUSTRY_SHARES, NATIONAL_MIX),
        krugman_specialisation,
    ),
    _entry(
        "relatedness_density_present",
        "Relatedness density of the industries a city is specialised in (coherence)",
        "专业化产业的关联密度（产业协调性）",
        "%",
        (RELATEDNESS_DENSITY,),
        itemgetter(0),
    ),
    _entry(
        "relatedness_density_absent",
        "Relatedness density of the industries a city is not specialised in (flexibility)",
        "非专业化产业的关联密度（产业灵活性）",
        "%",
        (RELATEDNESS_DENSITY,),
        itemgetter(1),
        1,
    ),
    _entry(
        "log_population_density",
        "Log population density",
        "人口密度对数",
        "log persons per km²",
        ("population_density",),
        log_level,
    ),
    _entry(
        "log_urban_density",
        "Log urban population per built-up or construction land",
        "单位建成区（建设用地）城镇人口对数",
        "log persons per km²",
        ("urban_population",),
        _urban_density,
        0,
        ("built_up_area", "construction_land"),
    ),
    _entry(
        "log_urban_population_per_area",
        "Log urban population per land area",
        "单位土地面积城镇人口对数",
        "log 10k persons per km²",
        ("urban_population", "land_area"),
        log_ratio,
    ),
    _entry(
        "output_per_built_up_area",
        "Log output per built-up or construction land, relative to the cities' mean",
        "单位建成区（建设用地）产出对数（相对城市均值）",
        "log ratio",
        (OUTCOME,),
        _per_urban_land,
        0,
        ("built_up_area", "construction_land"),
    ),
    _entry(
        "output_per_land_area",
        "Log output per land area, relative to the cities' mean",
        "单位土地面积产出对数（相对城市均值）",
        "log ratio",
        (OUTCOME, "land_area"),
        _per_land,
    ),
    _entry(
        "market_potential",
        "Log market potential, relative to the cities' mean",
        "市场潜能对数（相对城市均值）",
        "log ratio",
        (OUTCOME, "land_area", NEIGHBOURS),
        _potential,
    ),
    _entry(
        "foreign_market_potential",
        "Log market potential of the other cities, relative to the cities' mean",
        "外部市场潜能对数（相对城市均值）",
        "log ratio",
        (OUTCOME, NEIGHBOURS),
        _foreign_potential,
    ),
)
