"""Specialisation, diversity, co-agglomeration and density."""

from __future__ import annotations

from city_resilience.indicators.agglomeration import (
    checked_industries,
    employment_quotient,
    entropy,
    hhi,
    joint_employment,
    krugman_specialisation,
    paired_co_agglomeration,
)
from city_resilience.indicators.indicator import Float, Indicator
from city_resilience.indicators.ratios import log_level
from city_resilience.indicators.table.industries import PRODUCER_SERVICES, TOTAL, industry_ids

__all__ = ["ENTRIES"]


def _manufacturing_services(manufacturing: Float, *rest: Float) -> Float:
    services, total = rest[: len(PRODUCER_SERVICES)], rest[len(PRODUCER_SERVICES) :]
    return paired_co_agglomeration(manufacturing, services, *total)


def _manufacturing_ict(manufacturing: Float, ict: Float, *total: Float) -> Float:
    return paired_co_agglomeration(manufacturing, (ict,), *total)


def _services_quotient(*arrays: Float) -> Float:
    services, total = arrays[: len(PRODUCER_SERVICES)], arrays[len(PRODUCER_SERVICES) :]
    return employment_quotient(joint_employment(*services), *total)


ENTRIES: tuple[Indicator, ...] = (
    Indicator(
        "manufacturing_location_quotient",
        "agglomeration",
        "Manufacturing location quotient",
        "制造业区位商",
        "nation = 1",
        ("employment_manufacturing",),
        employment_quotient,
        0,
        TOTAL,
    ),
    Indicator(
        "producer_services_location_quotient",
        "agglomeration",
        "Producer services location quotient",
        "生产性服务业区位商",
        "nation = 1",
        PRODUCER_SERVICES,
        _services_quotient,
        1,
        TOTAL,
    ),
    Indicator(
        "manufacturing_services_coagglomeration",
        "agglomeration",
        "Co-agglomeration of manufacturing and producer services",
        "制造业与生产性服务业协同集聚",
        "index",
        ("employment_manufacturing", *PRODUCER_SERVICES),
        _manufacturing_services,
        1,
        TOTAL,
    ),
    Indicator(
        "manufacturing_ict_coagglomeration",
        "agglomeration",
        "Co-agglomeration of manufacturing and ICT (digital and real economy)",
        "制造业与信息服务业协同集聚（数实融合）",
        "index",
        ("employment_manufacturing", "employment_ict"),
        _manufacturing_ict,
        1,
        TOTAL,
    ),
    Indicator(
        "industry_hhi",
        "agglomeration",
        "Concentration of industries (HHI)",
        "产业集中度（HHI）",
        "index",
        industry_ids(),
        lambda *arrays: hhi(checked_industries(*arrays)),
        0,
        ("unit_employment",),
    ),
    Indicator(
        "industry_entropy",
        "agglomeration",
        "Variety of industries (entropy)",
        "产业多样化（熵）",
        "nats",
        industry_ids(),
        lambda *arrays: entropy(checked_industries(*arrays)),
        0,
        ("unit_employment",),
    ),
    Indicator(
        "krugman_specialisation",
        "agglomeration",
        "Krugman specialisation",
        "克鲁格曼专业化指数",
        "index",
        industry_ids(),
        lambda *arrays: krugman_specialisation(checked_industries(*arrays)),
        0,
        ("unit_employment",),
    ),
    Indicator(
        "log_population_density",
        "agglomeration",
        "Log population density",
        "人口密度对数",
        "log persons per km²",
        ("population_density",),
        log_level,
    ),
)
