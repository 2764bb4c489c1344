"""Texts of ours, written of cities, in the word that an experiment has for a place."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache

from city_resilience.catalogue.shipped import shipped_toml

__all__ = ["Noun", "load_nouns", "of_places", "of_places_beside", "of_places_zh"]

_CITY = re.compile(r"(?i)\bcit(?:y|ies)\b(?![- ]resilience)(?![^{]*\})")
_CITY_ZH = re.compile(r"城市(?!经济韧性)(?!经济结构)")


@dataclass(frozen=True)
class Noun:
    """What a place is called: one and many in English, and in Chinese."""

    one: str
    many: str
    zh: str


@cache
def load_nouns() -> Mapping[str, Noun]:
    """Return the words of each noun that an experiment may name."""
    return {name: Noun(*words) for name, words in shipped_toml("nouns.toml").items()}


def of_places(text: str, noun: str) -> str:
    """Return an English text, written of cities, with another word for a place.

    Not for texts that hold names of places or words of the user's own.

    Examples
    --------
    >>> of_places("Cities and the city", "county")
    'Counties and the county'
    """
    if noun == "city":
        return text
    words = load_nouns()[noun]

    def other(found: re.Match[str]) -> str:
        word = words.one if found[0].casefold() == "city" else words.many
        return word.capitalize() if found[0][0].isupper() else word

    return _CITY.sub(other, text)


def of_places_beside(text: str, noun: str, names: Iterable[str]) -> str:
    """Return an English text, written of cities, with another word for a place, but in names.

    Examples
    --------
    >>> of_places_beside("Kansas City is larger than other cities", "county", ["Kansas City"])
    'Kansas City is larger than other counties'
    """
    told = sorted((name for name in names if _CITY.search(name)), key=len, reverse=True)
    if noun == "city" or not told:
        return of_places(text, noun)
    parts = re.split(f"({'|'.join(map(re.escape, told))})", text)
    return "".join(part if k % 2 else of_places(part, noun) for k, part in enumerate(parts))


def of_places_zh(text: str, noun: str) -> str:
    """Return a Chinese text, written of cities, with another word for a place.

    Examples
    --------
    >>> of_places_zh("各城市", "county")
    '各县'
    """
    return text if noun == "city" else _CITY_ZH.sub(load_nouns()[noun].zh, text)
