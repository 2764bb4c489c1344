"""Fixed texts of the report in English and Chinese, and the names of models."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from city_resilience.evaluation.candidates import candidate_labels
from city_resilience.resilience.measures import MEASURES

__all__ = ["LANGUAGES", "load_texts", "model_name", "signed", "unsigned"]

LANGUAGES = ("en", "zh")


@dataclass(frozen=True)
class _Unit:
    """How a unit is written: after a number, in words, in a heading, and its footnote."""

    short: str
    long: str
    head: str
    note: str = ""


_UNITS = {
    "en": {
        "pp": _Unit("pp", "percentage points", "pp", note="pp = percentage points. "),
        "ratio": _Unit("(ratio)", "ratios to the nation's growth", "ratio"),
        "points": _Unit("points", "points of a hundred", "points"),
    },
    "zh": {
        "pp": _Unit("个百分点", "百分点", "pp"),
        "ratio": _Unit("（比值）", "与全国增长之比", "比值"),
        "points": _Unit("分", "百分制分数", "分"),
    },
}
_AGAINST = {"en": " (pp) above or below the nation", "zh": "，正值高于全国，负值低于全国"}
_NAMES = {"growth_gap": {"en": "growth gap", "zh": "增长差距"}}


def load_texts(measure: str = "growth_gap") -> dict[str, dict[str, str]]:
    """Return the shipped texts in the words and the unit of a measure: language → key → text.

    Parameters
    ----------
    measure : str
        Id of what is forecast.

    Returns
    -------
    dict
        The names of the models are among them, as ``model_<id>``.
    """
    return {
        language: texts
        | {f"model_{name}": label for name, label in candidate_labels(language).items()}
        for language, texts in _shipped_texts(measure).items()
    }


@cache
def _shipped_texts(measure: str) -> dict[str, dict[str, str]]:
    source = files("city_resilience.report").joinpath("texts.toml")
    texts: dict[str, dict[str, str]] = tomllib.loads(source.read_text(encoding="utf-8"))
    return {language: _in_words_of(measure, language, texts[language]) for language in LANGUAGES}


def _in_words_of(measure: str, language: str, texts: dict[str, str]) -> dict[str, str]:
    own = MEASURES[measure]
    gap = measure == "growth_gap"
    if not gap:
        texts = {**texts, "reading_1": texts["reading_1_other"]}
    if own.ratio:
        texts = {**texts, "reading_2": texts["reading_2_ratio"]}
    unit = _UNITS[language][own.mark]
    labels = {"en": own.label_en, "zh": own.label_zh}
    words = {
        "{unit}": unit.short,
        "{unit_long}": unit.long,
        "{unit_head}": unit.head,
        "{unit_note}": unit.note,
        "{against}": _AGAINST[language] if gap else "",
        "{measure}": _NAMES.get(measure, labels)[language],
    }
    placeholder = re.compile("|".join(map(re.escape, words)))
    return {key: placeholder.sub(lambda m: words[m[0]], text) for key, text in texts.items()}


def model_name(model: str, language: str) -> str:
    """Return a model's name in words, or its id when there is no such candidate."""
    return candidate_labels(language).get(model, model)


def signed(number: float, digits: int = 2) -> str:
    """Write a number with its sign, a true minus, and no negative zero.

    Examples
    --------
    >>> signed(0.126), signed(-1), signed(-0.001)
    ('+0.13', '−1.00', '0.00')
    """
    text = f"{number:+.{digits}f}"
    return text[1:] if float(text) == 0 else text.replace("-", "−")


def unsigned(number: float, digits: int = 2) -> str:
    """Write a number with a true minus where it is negative, and no plus.

    Examples
    --------
    >>> unsigned(1.449), unsigned(-0.5)
    ('1.45', '−0.50')
    """
    return signed(number, digits).removeprefix("+")
