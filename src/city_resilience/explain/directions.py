"""Directions fitted to place: what the literature advises for kinds of cities, with its source.

They stand beside the short boards of a city as the literature's direction. No model found them.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from city_resilience.catalogue.shipped import shipped_toml

__all__ = ["Direction", "directions_for", "load_directions"]


@dataclass(frozen=True)
class Direction:
    """A direction of the literature.

    Attributes
    ----------
    groups : mapping of str to tuple of str
        Grouping to the levels that it is for; empty for any place.
    families : tuple of str
        Families whose short boards it is about.
    en, zh : str
        What it says.
    source : mapping of str to str
        Language to who says it.
    claim : str
        Number of the claim in the methods of the project.
    """

    groups: Mapping[str, tuple[str, ...]]
    families: tuple[str, ...]
    en: str
    zh: str
    source: Mapping[str, str]
    claim: str

    def said(self) -> dict[str, Any]:
        """Return what it says and who says it, in both languages."""
        return {"en": self.en, "zh": self.zh, "source": dict(self.source)}

    def fits(self, groups: Mapping[str, str], families: Collection[str]) -> bool:
        """Whether it is for a city of some groups whose short boards are of some families."""
        place = not self.groups or any(
            groups.get(name) in levels for name, levels in self.groups.items()
        )
        return place and bool(set(self.families) & set(families))


@cache
def load_directions() -> tuple[Direction, ...]:
    """Return the directions that ship with the package."""
    return tuple(
        Direction(
            {name: tuple(levels) for name, levels in row["groups"].items()},
            tuple(row["families"]),
            row["en"],
            row["zh"],
            dict(zip(("en", "zh"), row["source"], strict=True)),
            row["claim"],
        )
        for row in shipped_toml("directions.toml", "explain")["directions"]
    )


def directions_for(groups: Mapping[str, str], families: Collection[str]) -> tuple[Direction, ...]:
    """Return the directions for a city.

    Parameters
    ----------
    groups : mapping of str to str
        Grouping to the level of the city, such as ``{"region": "West"}``.
    families : collection of str
        Families of its short boards.

    Examples
    --------
    >>> [one.groups["region"] for one in directions_for({"region": "West"}, ["talent"])]
    [('West',)]
    """
    return tuple(one for one in load_directions() if one.fits(groups, families))
