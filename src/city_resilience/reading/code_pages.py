"""Code pages of Latin letters, told apart by the alphabets of languages and by where vowels stand.

Any byte is some letter in each of them, so that the wrong page reads Plzeò for Plzeň. A page may
have it where every word is in an alphabet that it is used for; where two pages may, the letters in
which they differ decide by their neighbours, and nothing is decided where these disagree.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

__all__ = ["LATIN", "LatinPage", "latin_page"]


@dataclass(frozen=True)
class LatinPage:
    """What was made of some text.

    Attributes
    ----------
    encoding : str
        Empty where it is in none, or may be in several.
    rivals : tuple of (str, str)
        Encodings that it may be in, each with a word as it reads there.
    """

    encoding: str = ""
    rivals: tuple[tuple[str, str], ...] = ()


_WESTERN = (
    "àâæçèéêëîïôœùûüÿ",  # French
    "áéíñóúüïç",  # Spanish, Galician, Basque
    "àáâãçéêíóôõúü",  # Portuguese
    "àèéìíîòóùú",  # Italian
    "äöüßé",  # German
    "áäéèêëíïóöúü",  # Dutch
    "àçèéíïòóúü",  # Catalan
    "æøåäöüéèêóòâô",  # Danish, Norwegian
    "åäöéàüšž",  # Swedish, Finnish
    "áæéíðóöúýþø",  # Icelandic, Faroese
    "áéíóúàèìòùâêîôû",  # Irish, Scottish, Welsh
    "äõöüšž",  # Estonian
)
_CENTRAL = (
    "ąćęłńóśźż",  # Polish
    "áčďéěíňóřšťúůýž",  # Czech
    "áäčďéíĺľňóôŕšťúýž",  # Slovak
    "áéíóöőúüű",  # Hungarian
    "ăâîşţ",  # Romanian
    "čćđšž",  # Croatian, Serbian, Slovene
    "çë",  # Albanian
)
_OTHERS: Mapping[str, tuple[str, ...]] = {
    "cp1250": _CENTRAL,
    "iso8859_2": _CENTRAL,
    "cp1254": ("çğıi̇öşüâîû",),  # Turkish
    "cp1257": ("ąčęėįšųūž", "āčēģīķļņšūž", "äõöüšž"),  # Lithuanian, Latvian, Estonian
}
LATIN: Mapping[str, str] = {
    "cp1252": "Windows-1252",
    "cp1250": "Windows-1250",
    "iso8859_2": "ISO 8859-2",
    "cp1254": "Windows-1254",
    "cp1257": "Windows-1257",
}
"""Encodings and their names for people."""

# Quotes, dashes, degrees and the like, which are no part of a word in any of these pages.
_WORDS = re.compile(
    rb"(?:[A-Za-z]|[^\x00-\x7f\x80\x82\x84-\x87\x89\x8b\x91-\x97\x99\x9b\xa0\xa7\xad\xb0\xb7])+"
)
# Quotes and signs between letters, which are the letters of older pages.
_INSIDE = re.compile(rb"[A-Za-z][\x82\x84-\x87\x89\x8b\x93-\x95\x99\x9b][A-Za-z]")
_MONEY = re.compile(r"[£¥](?:m|mn|bn|k|tn|million|billion|thousand|)")
_AROUND = re.compile(r"^[«¿¡(]+|[²³¹ºª½¼¾µ»©®±¬)]+$")
_MOST_WORDS = 5000
_ONE_IN = 30  # words, of which one may be in another language
_LONG = 4  # letters of a word that has a vowel
_CLEAR, _SURE = 2, 3  # times as many votes as the other reading has, for Windows-1252 and others
_LETTERS = 2  # different letters that speak for another page
_VOWELS = frozenset("aeiouyæøœı")


@lru_cache(maxsize=2)
def latin_page(sample: bytes) -> LatinPage:
    """Return the page in which the words of a sample are words.

    Parameters
    ----------
    sample : bytes
        Lines that are not all ASCII.

    Examples
    --------
    >>> latin_page("Třebíč Plzeň Ústí".encode("cp1250")).encoding
    'cp1250'
    >>> latin_page("Isère Ardèche Rhône".encode("cp1252")).encoding
    'cp1252'
    """
    every = dict.fromkeys(_WORDS.findall(sample))
    words = [word for word in every if len(word) > 1 and not word.isascii()][:_MOST_WORDS]
    misses = len(words) // _ONE_IN
    if not words or len(set(_INSIDE.findall(sample))) > misses:
        return LatinPage()
    western = _decoded(words, "cp1252")
    if western is None or not _fits(western, _WESTERN, misses):
        return _chosen(_others(words, misses) or _others(words, misses, mixed=True))
    alone = _fits_one(western, _WESTERN, misses)
    others = _others(words, misses, mixed=not alone)
    others = {name: read for name, read in others.items() if read != western}
    return _against(western, others, alone)


def _others(words: Sequence[bytes], misses: int, *, mixed: bool = False) -> dict[str, list[str]]:
    """Return how other pages read words that are of one of their languages, or of several."""
    fits = _fits if mixed else _fits_one
    found: dict[str, list[str]] = {}
    for encoding, alphabets in _OTHERS.items():
        read = _decoded(words, encoding)
        if read is not None and read not in found.values() and fits(read, alphabets, misses):
            found[encoding] = read
    return found


def _chosen(readings: Mapping[str, list[str]]) -> LatinPage:
    """Return the only page that there is, or all of them with a word that they read differently."""
    if len(readings) < 2:
        return LatinPage(next(iter(readings), ""))
    first, *others = readings.values()
    at = next(at for at, word in enumerate(first) if any(own[at] != word for own in others))
    return LatinPage("", tuple((name, read[at]) for name, read in readings.items()))


def _against(western: list[str], others: Mapping[str, list[str]], alone: bool) -> LatinPage:
    """Decide between Windows-1252 and other pages, which need more to be believed.

    Parameters
    ----------
    western : list of str
        The words in Windows-1252.
    others : mapping of str to list of str
        The same in other pages, by encoding.
    alone : bool
        Whether one language is enough for all words in Windows-1252.
    """
    votes = {name: _votes(western, read) for name, read in others.items()}
    least = 1 if alone else 2
    if all(a >= least and a >= _CLEAR * b for a, b, _ in votes.values()):
        return LatinPage("cp1252")
    for name, (a, b, letters) in votes.items():
        sure = letters >= _LETTERS or (b > 0 and not alone)
        if len(votes) == 1 and b >= _SURE * a and sure:
            return LatinPage(name)
    return _chosen({"cp1252": western, **others})


def _decoded(words: Iterable[bytes], encoding: str) -> list[str] | None:
    try:
        return [word.decode(encoding) for word in words]
    except UnicodeDecodeError:
        return None


def _fits(words: Iterable[str], alphabets: Collection[str], misses: int) -> bool:
    """Say whether each word is in some alphabet, but for a few."""
    letters = [frozenset(alphabet) for alphabet in alphabets]
    return sum(not _is_word(word, letters) for word in words) <= misses


def _fits_one(words: Collection[str], alphabets: Collection[str], misses: int) -> bool:
    """Say whether all words are in one alphabet, but for a few."""
    return any(_fits(words, [alphabet], misses) for alphabet in alphabets)


def _is_word(word: str, alphabets: Iterable[frozenset[str]]) -> bool:
    if _MONEY.fullmatch(word):
        return True
    word = _AROUND.sub("", word)
    if any(not letter.isascii() and letter.isupper() for letter in word[1:]) and not word.isupper():
        return False
    if len(word) >= _LONG and not any(map(_is_vowel, word.lower())):
        return False
    odd = {letter for letter in word.lower() if not letter.isascii()}
    return any(odd <= alphabet for alphabet in alphabets)


def _votes(western: Iterable[str], other: Iterable[str]) -> tuple[int, int, int]:
    """Count the letters that their neighbours give to one reading and to the other.

    Returns
    -------
    tuple of int
        For the western one, for the other one, and how many different letters the latter are; a
        sure one counts twice.
    """
    small = (map(_small, pair) for pair in zip(western, other, strict=True))
    votes = [
        (a, _vote(one, two, at))
        for one, two in small
        for at, (a, b) in enumerate(zip(one, two, strict=False))
        if a != b
    ]
    against = {letter: vote for letter, vote in votes if vote < 0}
    counts = (sum(vote > 0 for _, vote in votes), sum(vote < 0 for _, vote in votes))
    return *counts, -sum(against.values())


def _small(word: str) -> str:
    """Return a word in small letters, as many as it has; İ has two."""
    return "".join(letter.lower()[0] for letter in word)


def _vote(western: str, other: str, at: int) -> int:
    """Return 1 for the western letter, -1 or less for the other one, 0 where nothing tells."""
    one, two = western[at], other[at]
    before, after = western[:at][-1:], western[at + 1 :][:1]
    beside = _is_vowel(before) or _is_vowel(after)
    if one == "õ":  # no language with õ writes y before it
        return 1 if after == "e" else -2 if before == "y" else 0
    if one == "þ":  # Icelandic begins words with it, Turkish may do so with ş
        return -int(bool(before))
    fits = {
        **dict.fromkeys("áí", True),  # common; in their place stand rare letters
        "ñ": _is_vowel(after),  # Polish writes ń before consonants and at the end alone
        "ã": after in ("", "o", "e"),
        "ï": beside,
        "ø": bool(after) or not beside,
        "ì": not after,
        "ù": not after,
    }
    if _is_vowel(one) != _is_vowel(two) and one not in "íï":  # a vowel stands between consonants
        return 1 if _is_vowel(one) != beside else -1
    return 0 if one not in fits else 1 if fits[one] else -1


def _is_vowel(letter: str) -> bool:
    return bool(letter) and unicodedata.normalize("NFD", letter)[0] in _VOWELS
