"""The industries of urban-unit employment and their broad groups, as the catalogue names them.

Industries of a group share suppliers, skills or customers. The three sectors are those of the
national accounts (mining counts as industry); services are parted by who pays for them: firms,
households, the public budget.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from city_resilience.catalogue.variables import load_catalogue

__all__ = ["broad_groups", "broad_positions", "industry_ids"]


def industry_ids(*names: str) -> tuple[str, ...]:
    """Return the variable ids of industries, of all nineteen by default.

    Examples
    --------
    >>> industry_ids("ict")
    ('employment_ict',)
    """
    if names:
        return tuple(f"employment_{name}" for name in names)
    return tuple(v.id for v in load_catalogue().variables.values() if v.industry)


@cache
def broad_groups() -> Mapping[str, tuple[str, ...]]:
    """Return the variable ids of the industries of each broad group; every industry is in one.

    Examples
    --------
    >>> list(broad_groups())[:3]
    ['primary', 'industry and construction', 'producer services']
    """
    groups: dict[str, tuple[str, ...]] = {}
    for variable in load_catalogue().variables.values():
        if variable.industry:
            groups[variable.industry] = (*groups.get(variable.industry, ()), variable.id)
    return groups


def broad_positions() -> list[list[int]]:
    """Return the positions of the industries of each broad group among `industry_ids`."""
    ids = industry_ids()
    return [[ids.index(name) for name in group] for group in broad_groups().values()]
