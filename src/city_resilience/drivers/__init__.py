"""What a forecast leans on."""

from city_resilience.drivers.contributions import (
    BASE,
    DRIVER_COLUMNS,
    contributions,
    family_sums,
    leading,
)

__all__ = ["BASE", "DRIVER_COLUMNS", "contributions", "family_sums", "leading"]
