"""What a search may be typed as for a place, besides its name: pinyin, first letters, old names."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from functools import cache

from city_resilience.catalogue.gazetteer.gazetteer import load_gazetteer
from city_resilience.catalogue.gazetteer.lookup import Entry, base_key, normalise

__all__ = ["english_name", "first_letters", "search_keys"]

_FINAL = (
    "(?:iang|iong|uang|ang|eng|ing|ong|iao|ian|uai|uan|ai|ei|ui|ao|ou|iu|ie|ue|er|an|en|in|un|ia"
    "|ua|uo|[aeiouv])"
)
_INITIAL = "(?:zh|ch|sh|[bpmfdtnlgkhjqxrzcsyw])"
# Inside a word a syllable that begins with a vowel has an apostrophe before it.
_WORD = re.compile(f"{_INITIAL}?{_FINAL}(?:{_INITIAL}{_FINAL})*")
_APOSTROPHES = str.maketrans("", "", "'’-")
_OTHER_NAMES = ("former name", "pinyin")


def search_keys(name: str, province: str = "") -> list[str]:
    """Return what a place is searched by besides its name, in lower case.

    Parameters
    ----------
    name : str
        A unit or a province of China as its gazetteer knows it, or any other place.
    province : str
        Decides between units of one name.

    Returns
    -------
    list of str
        Pinyin, its first letters and former names of a place of the gazetteer; a name without its
        accents; none where the name itself is all there is.

    Examples
    --------
    >>> search_keys("郑州市"), search_keys("São Paulo"), search_keys("Ohio")
    (['zhengzhou', 'zz'], ['sao paulo'], [])
    """
    keys, entry = [_plain(name)], _reading(name, province)
    if entry is not None:
        keys += _names(entry)
    own = (name.casefold(), normalise(name))
    return [key for key in dict.fromkeys(keys) if len(key) > 1 and key not in own]


def english_name(name: str, province: str = "") -> str:
    """Return the English name of a Chinese unit or province, "" for any other place.

    Examples
    --------
    >>> english_name("郑州市"), english_name("Ohio")
    ('Zhengzhou', '')
    """
    entry = _reading(name, province)
    return "" if entry is None or name.isascii() else entry.name_en


def first_letters(english: str) -> str:
    """Return the first letters of the syllables of a name in pinyin, "" where it is none.

    Examples
    --------
    >>> first_letters("Xi'an"), first_letters("Jinan"), first_letters("Pingdingshan")
    ('xa', 'jn', 'pds')
    >>> first_letters("Hohhot")
    ''
    """
    letters = []
    for word in re.split("['’]", english.lower()):
        if not _WORD.fullmatch(word):
            return ""
        letters += _split(word)
    return "".join(letters)


def _reading(name: str, province: str) -> Entry | None:
    """Return the one unit or province that a name means as it stands, None where there is none."""
    found = load_gazetteer("china").readings(name, None, province)
    found = [entry for entry in found if entry.kind != "county"]
    return found[0] if len(found) == 1 and found[0].how != "confusable" else None


def _split(word: str) -> list[str]:
    """Return the first letter of each syllable of a word that is pinyin."""
    for end in range(len(word), 0, -1):
        head, rest = word[:end], word[end:]
        whole = re.fullmatch(f"{_INITIAL}?{_FINAL}", head)
        if whole and (not rest or re.fullmatch(f"(?:{_INITIAL}{_FINAL})+", rest)):
            return [head[0], *(_split(rest) if rest else ())]
    return []


def _names(entry: Entry) -> Iterator[str]:
    yield entry.name_en.lower().translate(_APOSTROPHES)
    yield first_letters(entry.name_en)
    for key in map(base_key, _other_names().get(entry.adcode, ())):
        yield key
        yield first_letters(key)


@cache
def _other_names() -> dict[str, list[str]]:
    """Return former names and other spellings by code, those of a single unit."""
    found: dict[str, list[str]] = {}
    for key, entries in load_gazetteer("china").index.items():
        for entry in entries:
            if entry.kind == "city" and entry.how in _OTHER_NAMES and len(entries) == 1:
                found.setdefault(entry.adcode, []).append(key)
    return found


def _plain(name: str) -> str:
    """Return a name in lower case without accents."""
    parts = unicodedata.normalize("NFKD", name.casefold())
    return unicodedata.normalize("NFC", "".join(c for c in parts if not unicodedata.combining(c)))
