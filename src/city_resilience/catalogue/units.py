"""Units as they are written in headers, and the factor from one to another.

A unit is a scale times a dimension, a dimension a numerator over a denominator: ``亿元`` is
1e8 yuan, ``人/平方公里`` one count per km². Persons and things are both counts, so that a bare
``10k`` fits either.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, lru_cache

from city_resilience.catalogue.shipped import shipped_toml

__all__ = ["CURRENCIES", "Unit", "conversion_factor", "is_amount", "is_scale", "parse_unit"]

CURRENCIES = frozenset(
    [
        *("yuan", "usd", "eur", "gbp", "jpy", "krw", "inr", "idr", "brl", "mxn", "rub", "vnd"),
        *("thb", "other_currency"),
    ]
)
"""Dimensions that are money: one is never converted to another."""


@dataclass(frozen=True)
class Unit:
    """A scale and what it is a scale of.

    Attributes
    ----------
    numerator, denominator : str
        Base dimensions, for example ``"yuan"`` and ``"count"``; the denominator is empty in a
        plain unit.
    scale : float
        How many base units one unit is: 1e8 for ``亿元``.
    """

    numerator: str
    scale: float
    denominator: str = ""


@lru_cache(maxsize=4096)
def parse_unit(text: str) -> Unit | None:
    """Read a unit as headers write it; None where it is not a unit.

    Examples
    --------
    >>> parse_unit("亿元")
    Unit(numerator='yuan', scale=100000000.0, denominator='')
    >>> parse_unit("100m yuan") == parse_unit("亿元")
    True
    >>> parse_unit("per km2")
    Unit(numerator='count', scale=1.0, denominator='area')
    >>> parse_unit("2000年价") is None
    True
    """
    text = unicodedata.normalize("NFKC", text).casefold().replace("_", " ").strip()
    text = re.sub(r"\bper (cent|mille)\b", r"per\1", text)
    over, *under = re.split(r"/|\bper\b|每", text)
    above = _quantity(over) if over.strip() or not under else ("count", 1.0)
    if above is None or len(under) > 1:
        return None
    if not under:
        return Unit(above[0], above[1])
    below = _quantity(under[0])
    return Unit(above[0], above[1] / below[1], below[0]) if below else None


def is_amount(text: str) -> bool:
    """Tell whether a text is so many of something unknown, such as an unheard-of currency.

    Examples
    --------
    >>> is_amount("billion zorkmid"), is_amount("million EUR"), is_amount("provisional")
    (True, False, False)
    """
    word, _, base = unicodedata.normalize("NFKC", text).casefold().strip().partition(" ")
    known = word in _words().multipliers and base.replace(" ", "").isalpha()
    return known and parse_unit(text) is None


def is_scale(text: str) -> bool:
    """Tell whether a text is so many of what it does not say.

    Examples
    --------
    >>> is_scale("Million"), is_scale("million EUR"), is_scale("亿")
    (True, False, False)
    """
    word = text.casefold().strip()
    return word.isascii() and word in _words().multipliers


def conversion_factor(found: Unit, wanted: Unit) -> float | None:
    """Return what values in one unit are multiplied by to be in another, or None.

    A per-head unit also takes its numerator alone, since headers of per-head columns often
    name only that: ``人均道路面积(平方米)``.
    """
    if "other_currency" in (found.numerator, wanted.numerator):
        return None
    if (found.numerator, found.denominator) == (wanted.numerator, wanted.denominator):
        return _tidy(found.scale / wanted.scale)
    if found.numerator == wanted.numerator and (found.denominator, wanted.denominator) == (
        "",
        "count",
    ):
        return _tidy(found.scale / wanted.scale)
    return None


@dataclass(frozen=True)
class _Words:
    """What ``units.toml`` says: scales, bases with theirs, and the form of a quantity."""

    multipliers: Mapping[str, float]
    bases: Mapping[str, tuple[str, float]]
    quantity: re.Pattern[str]


@cache
def _words() -> _Words:
    table = shipped_toml("units.toml")
    multipliers = {
        word: float(size) for size, words in table["multipliers"].items() for word in words.split()
    }
    bases = {
        word: (base, float(size))
        for base, sizes in table["bases"].items()
        for size, words in sizes.items()
        for word in words.split()
    }
    longest_first = "|".join(sorted(map(re.escape, multipliers), key=len, reverse=True))
    quantity = rf"(?P<number>\d+(?:\.\d+)?)?(?P<word>{longest_first})?(?P<base>.*)"
    return _Words(multipliers, bases, re.compile(quantity, re.DOTALL))


def _quantity(text: str) -> tuple[str, float] | None:
    squeezed = re.sub(r"[\s,]+", "", text)
    for candidate in dict.fromkeys((squeezed, squeezed.removeprefix("of"))):
        parsed = _number_and_base(candidate)
        if parsed:
            return parsed
    return None


def _number_and_base(text: str) -> tuple[str, float] | None:
    words = _words()
    if text in words.bases:
        return words.bases[text]
    match = words.quantity.fullmatch(text)
    if match is None:
        return None
    number, word, base = match["number"], match["word"], match["base"]
    if not word and not base:
        return None
    scale = float(number or 1) * words.multipliers.get(word or "", 1.0)
    if not base:
        return "count", scale
    if base not in words.bases:
        return None
    name, size = words.bases[base]
    return name, scale * size


def _tidy(factor: float) -> float:
    """Strip the last bits of rounding, so that 1e4 / 1e8 is exactly 1e-4."""
    return float(f"{factor:.12g}")
