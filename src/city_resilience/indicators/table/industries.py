"""The nineteen industries of urban-unit employment, their groups, and what gives their total."""

from __future__ import annotations

from collections.abc import Mapping

__all__ = [
    "BROAD_GROUPS",
    "BROAD_POSITIONS",
    "INDUSTRIES",
    "PRODUCER_SERVICE_IDS",
    "TOTAL",
    "industry_ids",
]

INDUSTRIES: tuple[tuple[str, str, str], ...] = (
    ("agriculture", "agriculture, forestry and fishing", "农林牧渔业"),
    ("mining", "mining", "采矿业"),
    ("manufacturing", "manufacturing", "制造业"),
    ("utilities", "electricity, gas and water", "电力燃气及水业"),
    ("construction", "construction", "建筑业"),
    ("transport", "transport, storage and post", "交通运输仓储邮政业"),
    ("ict", "information, computer services and software", "信息传输计算机服务软件业"),
    ("trade", "wholesale and retail trade", "批发零售业"),
    ("hospitality", "hotels and restaurants", "住宿餐饮业"),
    ("finance", "finance", "金融业"),
    ("real_estate", "real estate", "房地产业"),
    ("leasing_business", "leasing and business services", "租赁商务服务业"),
    ("research", "research and technical services", "科学研究技术服务业"),
    ("public_facilities", "water, environment and public facilities", "水利环境公共设施业"),
    ("resident_services", "resident services", "居民服务业"),
    ("education", "education", "教育"),
    ("health", "health and social security", "卫生社会保障业"),
    ("culture", "culture, sports and entertainment", "文化体育娱乐业"),
    ("public_administration", "public administration", "公共管理社会组织"),
)


def industry_ids(*names: str) -> tuple[str, ...]:
    """Return the variable ids of industries, of all of them by default.

    Examples
    --------
    >>> industry_ids("ict")
    ('employment_ict',)
    """
    return tuple(f"employment_{name}" for name in names or [name for name, *_ in INDUSTRIES])


# Industries of a group share suppliers, skills or customers. The three sectors are those of the
# national accounts (mining counts as industry); services are parted by who pays for them: firms,
# households, the public budget.
BROAD_GROUPS: Mapping[str, tuple[str, ...]] = {
    "primary": ("agriculture",),
    "industry and construction": ("mining", "manufacturing", "utilities", "construction"),
    "producer services": ("transport", "ict", "finance", "leasing_business", "research"),
    "consumer services": ("trade", "hospitality", "real_estate", "resident_services", "culture"),
    "public services": ("public_facilities", "education", "health", "public_administration"),
}
_NAMES = [name for name, *_ in INDUSTRIES]
BROAD_POSITIONS: tuple[tuple[int, ...], ...] = tuple(
    tuple(map(_NAMES.index, members)) for members in BROAD_GROUPS.values()
)

PRODUCER_SERVICE_IDS = industry_ids(*BROAD_GROUPS["producer services"])
TOTAL = ("unit_employment", "employment", *industry_ids())
