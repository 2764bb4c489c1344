"""Digital infrastructure, digital industry and digital finance."""

from __future__ import annotations

from functools import partial

import numpy as np

from city_resilience.indicators.agglomeration import (
    employment_quotient,
    employment_share,
    location_quotient,
)
from city_resilience.indicators.indicator import Float, Indicator
from city_resilience.indicators.ratios import (
    log_growth,
    log_relative,
    per_head,
    ratio,
    relative_growth,
)
from city_resilience.indicators.table.industries import TOTAL

__all__ = ["ENTRIES", "ict_share"]


def ict_share(stated: Float, ict: Float, *total: Float) -> Float:
    """Share of information services in employment, percent.

    The stated share (a fraction) where the panel has it, else staff of the industry over
    employment of all industries (`employment_share`).
    """
    return np.where(np.isfinite(stated), 100.0 * stated, employment_share(ict, *total))


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
        ("ict_employment_share", "employment_ict", *TOTAL),
    ),
    Indicator(
        "ict_location_quotient",
        "digital",
        "ICT location quotient",
        "信息服务业区位商",
        "nation = 1",
        ("employment_ict",),
        employment_quotient,
        1,
        TOTAL,
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
    _per_head(
        "base_stations_5g_per_10k",
        "base_stations_5g",
        "5G base stations per 10,000 people",
        "每万人5G基站",
        per=1e4,
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
    Indicator(
        "software_revenue_growth",
        "digital",
        "Growth of software revenue",
        "软件业务收入增长",
        "log points",
        ("software_revenue",),
        log_growth,
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
    Indicator(
        "broadband_ports_growth",
        "digital",
        "Growth of broadband ports",
        "宽带接入端口增长",
        "log points",
        ("broadband_ports",),
        log_growth,
        1,
    ),
    Indicator(
        "base_stations_growth",
        "digital",
        "Growth of mobile base stations",
        "移动电话基站增长",
        "log points",
        ("mobile_base_stations",),
        log_growth,
        1,
    ),
)
