"""Gazetteers: which official unit a name means, and the groups it belongs to."""

from city_resilience.gazetteer.gazetteer import Gazetteer, load_gazetteer
from city_resilience.gazetteer.groups import COMPUTED_GROUPS, GROUPS
from city_resilience.gazetteer.lookup import Match, NotFound
from city_resilience.gazetteer.sizes import SizeBasis, size_bases, size_class
from city_resilience.gazetteer.table import resolve_table

__all__ = [
    "COMPUTED_GROUPS",
    "GROUPS",
    "Gazetteer",
    "Match",
    "NotFound",
    "SizeBasis",
    "load_gazetteer",
    "resolve_table",
    "size_bases",
    "size_class",
]
