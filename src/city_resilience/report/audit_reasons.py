"""Sentences of the audit in Chinese: it writes them in English, a page shows them in both."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from city_resilience.catalogue.nouns import load_nouns, of_places_zh
from city_resilience.report.texts import unit_words

__all__ = ["reason_in_chinese"]

_TABLE = "audit_reasons.toml"
_WHOLE = "whole"
_THAN = "than"


def reason_in_chinese(
    reason: str, names: Mapping[str, str], unit: str = "", noun: str = "city"
) -> str:
    """Return a sentence of the audit in Chinese, as it is where its form is not known.

    Parameters
    ----------
    reason : str
    names : mapping
        Variable id to its Chinese name, which takes its place.
    unit : str
        Unit of the variable that it is about.
    noun : str
        The experiment's word for a place.
    """
    for pattern, chinese in _patterns("sentences"):
        if found := pattern.fullmatch(reason):
            groups = {name: own or "" for name, own in found.groupdict().items()}
            return _filled(of_places_zh(chinese, noun), groups, names, unit, noun)
    return reason


def _filled(
    chinese: str, groups: Mapping[str, str], names: Mapping[str, str], unit: str, noun: str
) -> str:
    values = {name: _part(own, names, unit, noun) for name, own in groups.items() if name != _THAN}
    if _WHOLE in groups:
        values[_WHOLE] = reason_in_chinese(groups[_WHOLE], names, unit, noun)
    if _THAN in groups:
        values["pre"], values["post"] = _compared(groups[_THAN])
    return chinese.format(**values)


def _part(text: str, names: Mapping[str, str], unit: str, noun: str) -> str:
    """Return a part of a sentence: phrases, variables and the unit in Chinese."""
    if unit and text.endswith(unit):
        return f"{text.removesuffix(unit).rstrip(' ×')} {unit_words(unit)['zh']}"
    for pattern, chinese in _patterns("parts"):
        text = pattern.sub(of_places_zh(chinese, noun), text)
    return re.sub(r"[a-z][a-z0-9_]+", lambda found: names.get(found[0], found[0]), text)


def _compared(text: str) -> tuple[str, str]:
    """Return what stands before and behind a number that another is compared with."""
    for pattern, before, behind in _table()[_THAN]:
        if found := re.fullmatch(pattern, text):
            return before, found.expand(behind)
    return "", text


@cache
def _table() -> Mapping[str, Any]:
    source = files("city_resilience.report").joinpath(_TABLE).read_text(encoding="utf-8")
    return tomllib.loads(source)


@cache
def _patterns(kind: str) -> tuple[tuple[re.Pattern[str], str], ...]:
    """Return the patterns of a kind, in which any word for a place may stand for "city"."""
    nouns = load_nouns().values()
    one, many = "|".join(own.one for own in nouns), "|".join(own.many for own in nouns)
    words = {"cit(?:y|ies)": f"(?:{one}|{many})", "cities": f"(?:{many})", "city": f"(?:{one})"}

    def widened(pattern: str) -> str:
        return re.sub(r"cit\(\?:y\|ies\)|cities|city", lambda found: words[found[0]], pattern)

    return tuple((re.compile(widened(pattern)), chinese) for pattern, chinese in _table()[kind])
