"""Two-way fixed effects of each outcome on each digital index."""

from __future__ import annotations

from city_resilience.mechanisms.context import Context, Part

__all__ = ["baseline"]


def baseline(context: Context) -> Part:
    """Fit each outcome on each digital index, see the module."""
    raise NotImplementedError
