"""Gazetteers: which official unit a name means, and the groups it belongs to."""

from city_resilience.gazetteer.gazetteer import GROUPS, Gazetteer, load_gazetteer
from city_resilience.gazetteer.lookup import Match, NotFound

__all__ = ["GROUPS", "Gazetteer", "Match", "NotFound", "load_gazetteer"]
