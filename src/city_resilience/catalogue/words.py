"""The words of headers that tell what a column is, as loaded from ``families.toml``."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import groupby

from city_resilience.catalogue.shipped import shipped_toml

__all__ = ["Table", "Words", "load_words", "met", "without_log", "words_of"]

_APART = re.compile(r"[^\w%&+=]+|_")
_CASES = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Za-z])(?=\d{4}(?!\d))")
_LOGARITHM = re.compile(r"^(?:log|ln|l) ?(?=[a-z])")


class Table(dict[str, re.Pattern[str]]):
    """Patterns by line, in the order of the file.

    Attributes
    ----------
    any_line : Pattern
        What meets if a line does: most words meet none, and are looked through once.
    """

    def __init__(self, lines: Mapping[str, Sequence[str]]) -> None:
        super().__init__({line: _pattern(words) for line, words in lines.items()})
        self.any_line = _pattern(word for words in lines.values() for word in words)


@dataclass(frozen=True)
class Words:
    """The tables of the file."""

    families: Table
    directions: Table
    outcomes: Table
    marks: Table
    keys: Table
    nouns: Table


@cache
def load_words() -> Words:
    """Return the words that ship with the package."""
    tables = shipped_toml("families.toml")
    return Words(**{name: Table(lines) for name, lines in tables.items()})


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


def met(table: Table, words: str) -> str:
    """Return the first line of a table that meets some words, else "".

    Examples
    --------
    >>> met(load_words().families, words_of("Patents per 10,000")), met(load_words().keys, "ton")
    ('innovation', '')
    """
    if table.any_line.search(words) is None:
        return ""
    return next(line for line, pattern in table.items() if pattern.search(words))


def _pattern(words: Iterable[str]) -> re.Pattern[str]:
    """Return what meets any of some words; neighbours of one kind share what they begin with."""
    return re.compile("|".join(_of_words(kind, own) for kind, own in groupby(words, key=_kind)))


def _kind(word: str) -> str:
    """Return where a word is met: as the whole header, at the start of a word, or anywhere."""
    if word.startswith("=="):
        return "header"
    text = words_of(word.lstrip("="))
    return "word" if text.isascii() or re.match(r"[а-яё]", text) else "anywhere"


def _of_words(kind: str, words: Iterable[str]) -> str:
    plain = [(words_of(word.lstrip("=")), word.startswith("=")) for word in words]
    if kind == "anywhere":
        first = "".join(dict.fromkeys(text[0] for text, _ in plain))
        return rf"(?=[{first}])(?:{'|'.join(re.escape(text) for text, _ in plain)})"
    ends = {"header": "$", "word": r"(?![^\W\d_])"}
    either = "|".join(re.escape(text) + ends[kind] * whole for text, whole in plain)
    return (r"^" if kind == "header" else r"(?<![^\W\d_])") + f"(?:{either})"
