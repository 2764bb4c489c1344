"""The words of headers that tell what a column is, as loaded from ``families.toml``."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache

from city_resilience.catalogue.shipped import shipped_toml

__all__ = ["Words", "load_words", "met", "without_log", "words_of"]

_APART = re.compile(r"[^\w%&+=]+|_")
_CASES = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Za-z])(?=\d{4}(?!\d))")
_LOGARITHM = re.compile(r"^(?:log|ln|l) ?(?=[a-z])")


@dataclass(frozen=True)
class Words:
    """Patterns by table and line of the file, in its order."""

    families: Mapping[str, re.Pattern[str]]
    directions: Mapping[str, re.Pattern[str]]
    outcomes: Mapping[str, re.Pattern[str]]
    marks: Mapping[str, re.Pattern[str]]
    keys: Mapping[str, re.Pattern[str]]
    nouns: Mapping[str, re.Pattern[str]]


@cache
def load_words() -> Words:
    """Return the words that ship with the package."""
    tables = shipped_toml("families.toml")
    return Words(
        **{
            name: {line: _pattern(words) for line, words in table.items()}
            for name, table in tables.items()
        }
    )


def words_of(text: str) -> str:
    """Return a header or file name as it is compared: lower case, no accents, words apart.

    Examples
    --------
    >>> words_of("PIB_a_preçosConstantes 2010"), words_of("R&D (% of GDP)")
    ('pib a precos constantes 2010', 'r&d % of gdp')
    """
    if text.isascii():
        lower = _CASES.sub(" ", text).casefold()
        return " ".join(_APART.sub(" ", lower).split())
    apart = _CASES.sub(" ", unicodedata.normalize("NFKC", text))
    bare = "".join(c for c in unicodedata.normalize("NFD", apart) if not unicodedata.combining(c))
    lower = unicodedata.normalize("NFC", bare).casefold()
    return " ".join(_APART.sub(" ", lower).split())


def without_log(words: str, outcomes: Iterable[re.Pattern[str]]) -> str:
    """Return an outcome's words without the ``ln``, ``log`` or ``l`` in front; "" if there is none.

    Examples
    --------
    >>> without_log("lgdp", load_words().outcomes.values()), without_log("land", [])
    ('gdp', '')
    """
    rest = _LOGARITHM.sub("", words, count=1)
    return rest if rest != words and any(outcome.match(rest) for outcome in outcomes) else ""


def met(table: Mapping[str, re.Pattern[str]], words: str) -> str:
    """Return the first line of a table that meets some words, else "".

    Examples
    --------
    >>> met(load_words().families, words_of("Patents per 10,000")), met(load_words().keys, "ton")
    ('innovation', '')
    """
    return next((line for line, pattern in table.items() if pattern.search(words)), "")


def _pattern(words: Iterable[str]) -> re.Pattern[str]:
    return re.compile("|".join(map(_of_word, words)))


def _of_word(word: str) -> str:
    whole = word.startswith("=")
    text = re.escape(words_of(word.lstrip("=")))
    if word.startswith("=="):
        return rf"^{text}$"
    if not text.isascii() and not re.match(r"[а-яё]", text):
        return text
    return rf"(?<![^\W\d_]){text}" + (r"(?![^\W\d_])" if whole else "")
