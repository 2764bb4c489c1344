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

INDUSTRIES = (
    "agriculture",
    "mining",
    "manufacturing",
    "utilities",
    "construction",
    "transport",
    "ict",
    "trade",
    "hospitality",
    "finance",
    "real_estate",
    "leasing_business",
    "research",
    "public_facilities",
    "resident_services",
    "education",
    "health",
    "culture",
    "public_administration",
)


def industry_ids(*names: str) -> tuple[str, ...]:
    """Return the variable ids of industries, of all of them by default.

    Examples
    --------
    >>> industry_ids("ict")
    ('employment_ict',)
    """
    return tuple(f"employment_{name}" for name in names or INDUSTRIES)


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
BROAD_POSITIONS: tuple[tuple[int, ...], ...] = tuple(
    tuple(map(INDUSTRIES.index, members)) for members in BROAD_GROUPS.values()
)

PRODUCER_SERVICE_IDS = industry_ids(*BROAD_GROUPS["producer services"])
TOTAL = ("unit_employment", "employment", *industry_ids())
