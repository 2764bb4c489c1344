"""In which encoding a text file is: the first that decodes all of it into plausible words."""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from city_resilience.errors import InputError

__all__ = ["LABELS", "find_encoding"]

_CHUNK = 1 << 20
_MARKS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
# The first level of GB 2312, sorted by sound, holds what Chinese text is made of, and its first
# rows the punctuation. Letters of other code pages come out as rare characters of the later rows.
_COMMON = re.compile(rb"[\xa1-\xa3\xb0-\xd7][\xa1-\xfe]")
_PAIR = re.compile(rb"[\x81-\xfe][\x40-\x7e\x80-\xfe]")
_RUNS = re.compile(r"[^\x00-\x7f]+")
_LONGEST = 2  # letters with accents beside each other in a word of Latin letters
_SYMBOLS = re.compile("[€£°²³·´½–—’‘“”«»\\xa0ºª]")
_KOREAN = re.compile(r"[가-힣]{2,}")
_LEAST_KOREAN, _MOST = 12, 0.9


@dataclass(frozen=True)
class _Encoding:
    label: str
    plausible: Callable[[bytes], bool] = lambda _: True


def _is_chinese(sample: bytes) -> bool:
    pairs = _PAIR.findall(sample)
    return sum(map(bool, map(_COMMON.fullmatch, pairs))) * 2 > len(pairs)


def _is_korean(sample: bytes) -> bool:
    """Korean syllables share their codes with Chinese characters of the first half by sound."""
    found = _PAIR.findall(sample)
    syllables = [pair for pair in found if b"\xb0\xa1" <= pair <= b"\xc8\xfe"]
    text = sample.decode("cp949", errors="ignore")
    known = {letter for run in _KOREAN.findall(text) for letter in run}
    return len(syllables) == len(found) and len(known) >= _LEAST_KOREAN


def _is_latin(sample: bytes) -> bool:
    """Tell whether most letters with accents stand alone or in pairs, in words of plain letters."""
    text = _SYMBOLS.sub("", sample.decode("cp1252", errors="replace"))
    runs = [found for found in _RUNS.finditer(text) if len(found[0]) <= _LONGEST]
    words = [found for found in runs if found[0].isalpha() and _touches(text, *found.span())]
    return len(words) * 2 >= len(_RUNS.findall(text))


def _touches(text: str, start: int, end: int) -> bool:
    beside = text[max(start - 1, 0) : start] + text[end : end + 1]
    return any(letter.isalpha() and letter.isascii() for letter in beside)


def _is_cyrillic(sample: bytes) -> bool:
    text = sample.decode("cp1251", errors="replace")
    words = re.findall(r"[А-Яа-яЁёІіЇїЄє]+", text)
    small = sum(word[1:] == word[1:].lower() or word.isupper() for word in words)
    whole = sum(map(len, words)) > _MOST * sum(map(len, _RUNS.findall(text)))
    return whole and small == len(words) and max(map(len, words), default=0) > _LONGEST


_ENCODINGS: Mapping[str, _Encoding] = {
    "utf-8-sig": _Encoding("UTF-8"),
    "cp949": _Encoding("Windows-949", _is_korean),
    "gb18030": _Encoding("GB18030", _is_chinese),
    "cp1252": _Encoding("Windows-1252", _is_latin),
    "cp1251": _Encoding("Windows-1251", _is_cyrillic),
}
_UTF16 = {"utf-16": "UTF-16", "utf-16-le": "UTF-16", "utf-16-be": "UTF-16"}
LABELS: Mapping[str, str] = {name: each.label for name, each in _ENCODINGS.items()} | _UTF16


def find_encoding(path: Path) -> str:
    """Return the encoding of a text file.

    A mark in front decides; without one, blank bytes at every second place say UTF-16. Else the
    encodings are tried in order. GB18030 decodes almost any text of Latin letters with accents, so
    it counts only where most of what it reads are common Chinese characters.

    Raises
    ------
    InputError
        If it is in none of them, with those tried and the byte that is in the way.
    """
    with path.open("rb") as handle:
        start = handle.read(_CHUNK)
    tried = _candidates(start)
    fault = ""
    for encoding in tried:
        found = _decoding_fault(path, encoding)
        if not found:
            return encoding
        fault = fault or found
    names = ", ".join(dict.fromkeys(LABELS[encoding] for encoding in tried))
    names = " or ".join(names.rsplit(", ", 1))
    raise InputError(f"{path}: not {names} text, {fault}; save it as CSV UTF-8")


def _candidates(start: bytes) -> list[str]:
    for mark, encoding in _MARKS.items():
        if start.startswith(mark):
            return [encoding]
    if b"\x00" in start[:_CHUNK]:
        even, odd = start[::2].count(0), start[1::2].count(0)
        return ["utf-16-le" if odd > even else "utf-16-be"]
    return list(_ENCODINGS)


def _decoding_fault(path: Path, encoding: str) -> str:
    """Return what of a file cannot be of an encoding; "" where all can."""
    decoder = codecs.getincrementaldecoder(encoding)()
    read, unlike, sample = 0, False, b""
    with path.open("rb") as handle:
        while True:
            chunk = handle.read(_CHUNK)
            try:
                decoder.decode(chunk, final=not chunk)
            except UnicodeDecodeError as error:
                offset = max(read + len(chunk) - len(error.object) + error.start, 0)
                return f"byte 0x{error.object[error.start]:02x} at offset {offset}"
            if encoding in _ENCODINGS and len(sample) < _CHUNK:
                sample += b"\n".join(line for line in chunk.splitlines() if not line.isascii())
                unlike = bool(sample) and not _ENCODINGS[encoding].plausible(sample)
            if not chunk:
                return "words that are in none of them" if unlike else ""
            read += len(chunk)
