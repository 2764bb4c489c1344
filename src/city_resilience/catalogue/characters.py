"""The Chinese characters of the names and headers that the package knows."""

from __future__ import annotations

from functools import cache

from city_resilience.catalogue.gazetteer.gazetteer import load_gazetteer
from city_resilience.catalogue.shipped import shipped_toml

__all__ = ["chinese_characters"]

_TABLES = ("variables.toml", "sheets.toml", "families.toml", "units.toml")


@cache
def chinese_characters() -> frozenset[str]:
    """Return about 800 characters: most of what stands in a Chinese table is among them."""
    names = "".join(load_gazetteer("china").index)
    words = "".join(repr(shipped_toml(table)) for table in _TABLES)
    return frozenset(letter for letter in names + words if "\u3400" <= letter <= "\u9fff")
