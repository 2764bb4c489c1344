"""In which encoding a text file is: the first that decodes all of it into plausible words."""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from city_resilience.catalogue.characters import chinese_characters
from city_resilience.errors import InputError
from city_resilience.reading.code_pages import LATIN, latin_page

__all__ = ["find_encoding", "label_of"]

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
_AMONG_LATIN = re.compile(r"[A-Za-z][^\x00-\x7f]|[^\x00-\x7f][A-Za-z]")
_RUNS = re.compile(r"[^\x00-\x7f]+")
_KOREAN = re.compile(r"[가-힣]{2,}")
_LEAST_KOREAN, _MOST = 12, 0.9
_KNOWN = 0.4  # of the characters of Chinese tables half or more are known, of others' a fifth
_LEAST_LETTERS = 2
_OFTEN = 0.1
# Kana, and what names of places end in.
_JAPANESE = re.compile(r"[ぁ-んァ-ヶ県都府市町村区道郡]")
_TAIWANESE = re.compile(r"[市縣區鄉鎮臺灣國]")
_CYRILLIC = re.compile(r"[А-Яа-яЁёІіЇїЄє]+")
_GREEK = re.compile(r"[Ά-Ώΐ-ώ]+")


@dataclass(frozen=True)
class _Encoding:
    label: str
    plausible: Callable[[bytes], bool] = lambda _: True


def _is_chinese(sample: bytes) -> bool:
    pairs = _PAIR.findall(sample)
    if sum(map(bool, map(_COMMON.fullmatch, pairs))) * 2 <= len(pairs):
        return False
    found = {c for c in sample.decode("gb18030", errors="ignore") if "\u3400" <= c <= "\u9fff"}
    return not found or len(found & chinese_characters()) >= _KNOWN * len(found)


def _is_korean(sample: bytes) -> bool:
    """Korean syllables share their codes with Chinese characters of the first half by sound."""
    found = _PAIR.findall(sample)
    syllables = [pair for pair in found if b"\xb0\xa1" <= pair <= b"\xc8\xfe"]
    text = sample.decode("cp949", errors="ignore")
    known = {letter for run in _KOREAN.findall(text) for letter in run}
    return len(syllables) == len(found) and len(known) >= _LEAST_KOREAN


def _often(encoding: str, telling: re.Pattern[str]) -> Callable[[bytes], bool]:
    """Return a test whether one character in ten tells that a text is in an encoding.

    Few characters may stand beside Latin letters: there they are letters of another page.
    """

    def plausible(sample: bytes) -> bool:
        text = sample.decode(encoding, errors="replace")
        runs = _RUNS.findall(text)
        enough = len(telling.findall(text)) >= _OFTEN * sum(map(len, runs))
        return enough and len(_AMONG_LATIN.findall(text)) <= _OFTEN * len(runs)

    return plausible


def _is_latin(encoding: str) -> Callable[[bytes], bool]:
    return lambda sample: latin_page(sample).encoding == encoding


def _in_letters(encoding: str, letters: re.Pattern[str]) -> Callable[[bytes], bool]:
    """Return a test whether a text is written in the letters of an alphabet, names with capitals.

    Letters of an alphabet without capitals come out as small ones alone.
    """

    def plausible(sample: bytes) -> bool:
        text = sample.decode(encoding, errors="replace")
        words = letters.findall(text)
        small = sum(word[1:] == word[1:].lower() or word.isupper() for word in words)
        whole = sum(map(len, words)) > _MOST * sum(map(len, _RUNS.findall(text)))
        capitals = any(word[0].isupper() for word in words)
        longest = max(map(len, words), default=0)
        return whole and capitals and small == len(words) and longest > _LEAST_LETTERS

    return plausible


_ENCODINGS: Mapping[str, _Encoding] = {
    "utf-8-sig": _Encoding("UTF-8"),
    "cp949": _Encoding("Windows-949", _is_korean),
    "gb18030": _Encoding("GB18030", _is_chinese),
    "euc_jp": _Encoding("EUC-JP", _often("euc_jp", _JAPANESE)),
    "cp932": _Encoding("Shift-JIS", _often("cp932", _JAPANESE)),
    "cp950": _Encoding("Big5", _often("cp950", _TAIWANESE)),
    **{name: _Encoding(label, _is_latin(name)) for name, label in LATIN.items()},
    "cp1251": _Encoding("Windows-1251", _in_letters("cp1251", _CYRILLIC)),
    "cp1253": _Encoding("Windows-1253", _in_letters("cp1253", _GREEK)),
}
_UTF16 = {"utf-16": "UTF-16", "utf-16-le": "UTF-16", "utf-16-be": "UTF-16"}
_LABELS: Mapping[str, str] = {name: each.label for name, each in _ENCODINGS.items()} | _UTF16
_STATE = "save it as CSV UTF-8, or say which with --encoding, or encoding under [data]"


def label_of(encoding: str) -> str:
    """Return the name of an encoding for people."""
    return _LABELS.get(encoding, encoding)


def find_encoding(path: Path, stated: str = "") -> str:
    """Return the encoding of a text file.

    A mark in front decides; without one, blank bytes at every second place say UTF-16. Else the
    encodings are tried in order. GB18030 decodes almost any text of Latin letters with accents, so
    it counts only where most of what it reads are common Chinese characters. Of the pages of Latin
    letters one counts where the words are words of its languages and of no other page's.

    Parameters
    ----------
    path : Path
    stated : str
        The one that the user says it is in. It is not doubted, but that what can be read as UTF-8
        is UTF-8.

    Raises
    ------
    InputError
        If it is in none of them, with those tried and the byte that is in the way; if it may be in
        several that read it differently; or not in the stated one.
    """
    if stated:
        return _as_stated(path, stated)
    with path.open("rb") as handle:
        start = handle.read(_CHUNK)
    tried = _candidates(start)
    fault = ""
    for encoding in tried:
        found = _decoding_fault(path, encoding)
        if not found:
            return encoding
        fault = fault or found
    if len(tried) == 1:
        raise InputError(f"{path}: not {label_of(tried[0])} text, {fault}; save it as CSV UTF-8")
    if rivals := latin_page(_lines(start)).rivals:
        shown = ", ".join(f"{word!r} in {label_of(own)}" for own, word in rivals)
        raise InputError(f"{path}: may be in several encodings: {shown}; {_STATE}")
    names = ", ".join(dict.fromkeys(label_of(encoding) for encoding in tried))
    names = " or ".join(names.rsplit(", ", 1))
    raise InputError(f"{path}: not {names} text, {fault}; {_STATE}")


def _as_stated(path: Path, encoding: str) -> str:
    """Return the stated encoding where a file is in it; what is UTF-8 stays that."""
    try:
        " ".encode(encoding)
        name = codecs.lookup(encoding).name
    except (LookupError, UnicodeError) as error:
        raise InputError(
            f"{path}: no encoding {encoding!r}; name one such as utf-8, cp1250 or shift_jis"
        ) from error
    if not _decoding_fault(path, "utf-8-sig"):
        return "utf-8-sig"
    if fault := _decoding_fault(path, name, sure=True):
        raise InputError(f"{path}: not {encoding} text, {fault}; correct the encoding")
    return name


def _candidates(start: bytes) -> list[str]:
    for mark, encoding in _MARKS.items():
        if start.startswith(mark):
            return [encoding]
    if b"\x00" in start[:_CHUNK]:
        even, odd = start[::2].count(0), start[1::2].count(0)
        return ["utf-16-le" if odd > even else "utf-16-be"]
    return list(_ENCODINGS)


def _lines(chunk: bytes) -> bytes:
    """Return the lines that are not all ASCII."""
    return b"\n".join(line for line in chunk.splitlines() if not line.isascii())


def _decoding_fault(path: Path, encoding: str, *, sure: bool = False) -> str:
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
            if encoding in _ENCODINGS and not sure and len(sample) < _CHUNK:
                sample += _lines(chunk)
                unlike = bool(sample) and not _ENCODINGS[encoding].plausible(sample)
            if not chunk:
                return "words that are in none of them" if unlike else ""
            read += len(chunk)
