"""What a forecast leans on."""

from city_resilience.drivers.contributions import (
    BASE,
    DRIVER_COLUMNS,
    contributions,
    family_sums,
    leading,
)
from city_resilience.drivers.slices import GROUP_COLUMNS, drivers_by_group

__all__ = [
    "BASE",
    "DRIVER_COLUMNS",
    "GROUP_COLUMNS",
    "contributions",
    "drivers_by_group",
    "family_sums",
    "leading",
]
