"""The claims K1 to K12 about digital economy and resilience, and what tests each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

__all__ = ["CLAIMS", "Claim", "group_of"]

_HEADERS: Mapping[str, str] = MappingProxyType(
    {
        **dict.fromkeys(("macro_region", "区域", "地区", "所属地区"), "region"),
        **dict.fromkeys(("city_rank", "行政等级", "城市等级"), "rank"),
        **dict.fromkeys(("city_size", "城市规模"), "size"),
        **dict.fromkeys(("smart_facility", "智慧设施"), "smart_facilities"),
    }
)
"""Headers of a user's own groups, folded → the group of a claim."""


def group_of(header: str) -> str:
    """Return the group of a claim that a header stands for, else the header, folded.

    Examples
    --------
    >>> group_of("Smart facilities")
    'smart_facilities'
    """
    folded = "_".join(header.casefold().split())
    return _HEADERS.get(folded, folded)


@dataclass(frozen=True)
class Claim:
    """One claim.

    Attributes
    ----------
    label_en, label_zh : str
    index : bool
        Tested by the relation of digital indices to the outcome: of all, or of those that are made
        of ``indicators`` alone where these are named.
    families : tuple of str
        Tested by the indirect relation through channels of these families.
    indicators : tuple of str
        Indicators that stand for what the claim names; those of them that are channels are tested
        as such.
    groups : tuple of str
        Tested by the equality of the relation across the levels of these groups.
    policies : tuple of str
        Tested by the timing of these policies too.
    """

    label_en: str
    label_zh: str
    index: bool = False
    families: tuple[str, ...] = ()
    indicators: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    policies: tuple[str, ...] = ()


_INFRASTRUCTURE = (
    *("base_stations_5g_per_10k", "base_stations_per_10k", "base_stations_growth"),
    *("data_centre_racks_per_10k", "ai_firms_per_10k", "cable_density"),
    *("broadband_ports_per_100", "broadband_ports_growth"),
)
_INDUSTRY = (
    *("ict_employment_share", "ict_location_quotient", "software_revenue_to_gdp"),
    *("software_revenue_per_head", "software_revenue_growth", "software_location_quotient"),
    *("telecom_relative", "post_telecom_relative", "ecommerce_to_gdp", "ecommerce_growth"),
    *("ecommerce_sales_per_head", "platform_firms_per_10k", "digital_trade_to_gdp"),
)
_COAGGLOMERATION = ("manufacturing_ict_coagglomeration", "ict_services_coagglomeration")
_NAMED_FIRST: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "innovation": ("patents_per_10k", "rd_to_gdp", "science_spending_share"),
        "green_innovation": ("green_patents_per_10k", "green_patent_share"),
        "talent": ("digital_talent_per_10k", "low_carbon_talent_per_10k", "rd_personnel_per_10k"),
        "structure": ("structure_upgrading", "layered_upgrading", "sector_imbalance"),
    }
)
"""Family → the indicators that are named where a panel has none of it."""


def _through(family: str, label_en: str, label_zh: str) -> Claim:
    return Claim(label_en, label_zh, families=(family,), indicators=_NAMED_FIRST[family])


CLAIMS: Mapping[str, Claim] = MappingProxyType(
    {
        "K1": Claim("Digital economy and resilience", "数字经济与经济韧性", index=True),
        "K2": _through("innovation", "Through innovation", "经由创新"),
        "K3": _through("green_innovation", "Through green innovation", "经由绿色创新"),
        "K4": _through(
            "talent", "Through talent, digital and low-carbon", "经由数字人才与低碳人才"
        ),
        "K5": Claim(
            "Innovation infrastructure and resilience",
            "创新基础设施与经济韧性",
            index=True,
            indicators=_INFRASTRUCTURE,
            policies=("broadband_china",),
        ),
        "K6": Claim(
            "Digital industry and resilience",
            "数字产业化与经济韧性",
            index=True,
            indicators=_INDUSTRY,
        ),
        "K7": _through(
            "structure",
            "Integration of digital and real economy, through structure",
            "数实融合经由产业结构",
        ),
        "K8": Claim(
            "Co-agglomeration of digital industry",
            "数字产业协同集聚",
            index=True,
            indicators=_COAGGLOMERATION,
        ),
        "K9": Claim(
            "Differences by location",
            "因区位而异",
            groups=("region", "yangtze_belt", "chengdu_chongqing", "census_region"),
        ),
        "K10": Claim("Differences by administrative rank", "因行政等级而异", groups=("rank",)),
        "K11": Claim(
            "Differences by smart facilities",
            "因智慧设施而异",
            groups=("broadband_china", "smart_facilities"),
        ),
        "K12": Claim("Differences by city size", "因城市规模而异", groups=("size", "size_class")),
    }
)
"""Id → claim, as METHODS numbers them; the direction of a relation is that of more resilience."""
