"""Digital infrastructure, digital industry and digital finance."""

from __future__ import annotations

from functools import partial

import numpy as np
from numpy.typing import NDArray

from city_resilience.indicators.formulas.agglomeration import (
    employment_quotient,
    employment_share,
    location_quotient,
)
from city_resilience.indicators.formulas.ratios import (
    log_growth,
    log_relative,
    per_head,
    ratio,
    relative_growth,
)
from city_resilience.indicators.formulas.spatial import spatial_lag
from city_resilience.indicators.indicator import (
    EMPLOYMENT_TOTAL,
    NEIGHBOURS,
    YEARS,
    Float,
    Indicator,
)

__all__ = ["ENTRIES", "FIRST_5G_YEAR", "ict_share", "stations_5g"]

FIRST_5G_YEAR = 2019


def ict_share(stated: Float, ict: Float, whole: Float) -> Float:
    """Share of information services in employment, percent.

    The stated share (a fraction) where the panel has it, else staff of the industry over
    employment of all industries (`employment_share`).
    """
    return np.where(np.isfinite(stated), 100.0 * stated, employment_share(ict, whole))


def stations_5g(stations: Float, population: Float, years: NDArray[np.int64]) -> Float:
    """5G base stations per 10,000 people; missing before 2019, when there were none to count.

    Panels often print 0 for the years before the licences of June 2019. That is no
    low value of a city, so it is missing.

    Parameters
    ----------
    stations, population : ndarray, shape (cities, years)
        In 10k.
    years : ndarray of int, shape (years,)
    """
    return np.where(years >= FIRST_5G_YEAR, per_head(stations, population, per=1e4), np.nan)


def _per_head(id: str, variable: str, label_en: str, label_zh: str, *, per: float) -> Indicator:
    return Indicator(
        id,
        "digital",
        label_en,
        label_zh,
        "per 100 people" if per == 100 else "per 10k people",
        (variable, "population"),
        partial(per_head, per=per),
        1,
    )


def _yuan_per_head(variable: str, label_en: str, label_zh: str) -> Indicator:
    """Yuan per person of a variable in 100m yuan, the population being in 10k persons."""
    return Indicator(
        f"{variable}_per_head",
        "digital",
        label_en,
        label_zh,
        "yuan per person",
        (variable, "population"),
        partial(per_head, per=1e4),
        1,
    )


def _count(variable: str, label_en: str, label_zh: str) -> Indicator:
    """Per 10,000 people of a plain count, the population being in 10k persons."""
    return _per_head(
        f"{variable}_per_10k",
        variable,
        f"{label_en} per 10,000 people",
        f"每万人{label_zh}",
        per=1.0,
    )


def _growth(id: str, variable: str, label_en: str, label_zh: str) -> Indicator:
    return Indicator(id, "digital", label_en, label_zh, "log points", (variable,), log_growth, 1)


def _relative(id: str, variable: str, label_en: str, label_zh: str) -> Indicator:
    """Per head relative to the nation: a re-based volume tells nothing but its distribution."""
    return Indicator(
        id,
        "digital",
        label_en,
        label_zh,
        "nation = 1",
        (variable, "population"),
        location_quotient,
        1,
    )


def _value(id: str, label_en: str, label_zh: str, unit: str, per: float = 1.0) -> Indicator:
    return Indicator(id, "digital", label_en, label_zh, unit, (id,), partial(_scaled, per=per), 1)


def _scaled(x: Float, per: float) -> Float:
    """``per * x``: a fraction in percent, for instance."""
    return per * x


ENTRIES: tuple[Indicator, ...] = (
    Indicator(
        "ict_employment_share",
        "digital",
        "ICT share of employment",
        "信息服务业就业占比",
        "%",
        (),
        ict_share,
        1,
        ("ict_employment_share", "employment_ict", EMPLOYMENT_TOTAL),
    ),
    Indicator(
        "ict_location_quotient",
        "digital",
        "ICT location quotient",
        "信息服务业区位商",
        "nation = 1",
        ("employment_ict", EMPLOYMENT_TOTAL),
        employment_quotient,
        1,
    ),
    # The index rises everywhere by construction: only a city's place in the year tells.
    Indicator(
        "digital_finance_index",
        "digital",
        "Digital inclusive finance, relative to the year's mean",
        "数字普惠金融指数（相对当年均值）",
        "log ratio",
        ("digital_finance_index",),
        log_relative,
        1,
    ),
    Indicator(
        "digital_finance_growth",
        "digital",
        "Growth of digital inclusive finance, relative to the mean",
        "数字普惠金融指数增长（相对当年均值）",
        "log points",
        ("digital_finance_index",),
        relative_growth,
        1,
    ),
    _per_head(
        "broadband_ports_per_100",
        "broadband_ports",
        "Broadband ports per 100 people",
        "每百人宽带接入端口",
        per=100.0,
    ),
    _per_head(
        "broadband_subscribers_per_100",
        "broadband_subscribers",
        "Broadband subscribers per 100 people",
        "每百人互联网宽带用户",
        per=100.0,
    ),
    _per_head(
        "base_stations_per_10k",
        "mobile_base_stations",
        "Mobile base stations per 10,000 people",
        "每万人移动电话基站",
        per=1e4,
    ),
    Indicator(
        "base_stations_5g_per_10k",
        "digital",
        "5G base stations per 10,000 people",
        "每万人5G基站",
        "per 10k people",
        ("base_stations_5g", "population", YEARS),
        stations_5g,
        1,
    ),
    _per_head(
        "domains_per_10k",
        "internet_domains",
        "Internet domains per 10,000 people",
        "每万人互联网域名",
        per=1e4,
    ),
    _per_head(
        "ipv4_per_100",
        "ipv4_addresses",
        "IPv4 addresses per 100 people",
        "每百人IPv4地址",
        per=100.0,
    ),
    _per_head(
        "websites_per_10k",
        "websites",
        "Websites per 10,000 people",
        "每万人网站",
        per=1e4,
    ),
    _per_head(
        "mobile_subscribers_per_100",
        "mobile_subscribers",
        "Mobile subscribers per 100 people",
        "每百人移动电话用户",
        per=100.0,
    ),
    _per_head(
        "mobile_internet_per_100",
        "mobile_internet_users",
        "Mobile internet users per 100 people",
        "每百人移动互联网用户",
        per=100.0,
    ),
    _per_head(
        "digital_tv_per_100",
        "digital_tv_subscribers",
        "Digital television households per 100 people",
        "每百人数字电视用户",
        per=100.0,
    ),
    Indicator(
        "cable_density",
        "digital",
        "Long-distance cable per 100 km²",
        "每百平方公里长途光缆",
        "km per 100 km²",
        ("long_distance_cable", "land_area"),
        partial(ratio, per=100.0),
        1,
    ),
    Indicator(
        "software_revenue_to_gdp",
        "digital",
        "Software revenue over GDP",
        "软件业务收入占GDP比重",
        "%",
        ("software_revenue", "gdp_nominal"),
        partial(ratio, per=100.0),
        1,
    ),
    _growth(
        "software_revenue_growth",
        "software_revenue",
        "Growth of software revenue",
        "软件业务收入增长",
    ),
    _yuan_per_head("software_revenue", "Software revenue per head", "人均软件业务收入"),
    Indicator(
        "software_location_quotient",
        "digital",
        "Software revenue over GDP, relative to the nation",
        "软件业务收入区位商",
        "nation = 1",
        ("software_revenue", "gdp_nominal"),
        location_quotient,
        1,
    ),
    Indicator(
        "ecommerce_to_gdp",
        "digital",
        "E-commerce sales over GDP",
        "电子商务销售额占GDP比重",
        "%",
        ("ecommerce_sales", "gdp_nominal"),
        partial(ratio, per=100.0),
        1,
    ),
    _relative(
        "telecom_relative",
        "telecom_revenue",
        "Telecom business per head, relative to the nation",
        "人均电信业务量（相对全国）",
    ),
    _relative(
        "post_telecom_relative",
        "post_telecom_volume",
        "Post and telecom business per head, relative to the nation",
        "人均邮电业务量（相对全国）",
    ),
    _value(
        "computers_per_100_people", "Computers per 100 people", "每百人计算机数", "per 100 people"
    ),
    _value("websites_per_100_firms", "Websites per 100 firms", "每百家企业网站数", "per 100 firms"),
    _value("ecommerce_firm_share", "Firms with e-commerce", "有电子商务的企业比重", "%", 100.0),
    _growth(
        "broadband_ports_growth", "broadband_ports", "Growth of broadband ports", "宽带接入端口增长"
    ),
    _growth(
        "base_stations_growth",
        "mobile_base_stations",
        "Growth of mobile base stations",
        "移动电话基站增长",
    ),
    _growth(
        "mobile_internet_growth",
        "mobile_internet_users",
        "Growth of mobile internet users",
        "移动互联网用户增长",
    ),
    _growth(
        "ecommerce_growth", "ecommerce_sales", "Growth of e-commerce sales", "电子商务销售额增长"
    ),
    _yuan_per_head("ecommerce_sales", "E-commerce sales per head", "人均电子商务销售额"),
    _relative(
        "mobile_internet_relative",
        "mobile_internet_users",
        "Mobile internet users per head, relative to the nation",
        "人均移动互联网用户（相对全国）",
    ),
    _relative(
        "websites_relative",
        "websites",
        "Websites per head, relative to the nation",
        "人均网站数（相对全国）",
    ),
    _count("smart_facilities", "Smart facilities", "智慧化基础设施"),
    _count("data_centre_racks", "Data centre racks", "数据中心机架"),
    _count("ai_firms", "Artificial-intelligence firms", "人工智能企业"),
    Indicator(
        "neighbours_ict_share",
        "digital",
        "ICT share of employment in neighbouring cities",
        "邻近城市信息服务业就业占比",
        "%",
        ("employment_ict", EMPLOYMENT_TOTAL, NEIGHBOURS),
        lambda ict, whole, neighbours: spatial_lag(employment_share(ict, whole), neighbours),
        1,
    ),
    Indicator(
        "neighbours_digital_finance",
        "digital",
        "Digital inclusive finance of neighbouring cities, relative to the year's mean",
        "邻近城市数字普惠金融指数（相对当年均值）",
        "log ratio",
        ("digital_finance_index", NEIGHBOURS),
        lambda index, neighbours: spatial_lag(log_relative(index), neighbours),
        1,
    ),
)
