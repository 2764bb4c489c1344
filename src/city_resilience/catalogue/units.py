"""Units as they are written in headers, and the factor from one to another.

A unit is a scale times a dimension, a dimension a numerator over a denominator: ``亿元`` is
1e8 yuan, ``人/平方公里`` one count per km². Persons and things are both counts, so that a bare
``10k`` fits either.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

__all__ = ["Unit", "conversion_factor", "parse_unit"]

_MULTIPLIERS = {
    "百": 1e2,
    "千": 1e3,
    "万": 1e4,
    "十万": 1e5,
    "百万": 1e6,
    "千万": 1e7,
    "亿": 1e8,
    "十亿": 1e9,
    "百亿": 1e10,
    "万亿": 1e12,
    "k": 1e3,
    "thousand": 1e3,
    "thousands": 1e3,
    "m": 1e6,
    "mn": 1e6,
    "mio": 1e6,
    "million": 1e6,
    "millions": 1e6,
    "bn": 1e9,
    "billion": 1e9,
    "billions": 1e9,
    "trillion": 1e12,
}

_WORDS = {
    "yuan": "yuan 元 人民币 人民币元 元人民币 rmb cny",
    "usd": "usd us$ $ dollar dollars usdollar usdollars 美元",
    "eur": "eur euro euros 欧元 €",
    "count": (
        "人 口 人次 人年 person persons people head heads capita resident residents inhabitants "
        "employees workers personyear personyears person-year person-years fte 件 个 项 户 家 部 "
        "台 辆 所 条 座 名 篇 count counts number numbers item items piece pieces household "
        "households firm firms patent patents line lines port ports station stations subscriber "
        "subscribers user users site sites unit units"
    ),
    "ratio": "fraction fractions ratio 小数 比例",
    "index": "index 指数",
    "degrees": "degree degrees °",
    "log": "log logs ln logarithm 对数 对数指标 取对数 对数值",
}

_SCALED_WORDS = {
    "ratio": {
        "%": 1e-2,
        "pct": 1e-2,
        "percent": 1e-2,
        "percentage": 1e-2,
        "百分比": 1e-2,
        "‰": 1e-3,
        "permille": 1e-3,
        "千分比": 1e-3,
    },
    "area": {
        "平方公里": 1.0,
        "平方千米": 1.0,
        "km2": 1.0,
        "km^2": 1.0,
        "sqkm": 1.0,
        "squarekm": 1.0,
        "squarekilometres": 1.0,
        "squarekilometers": 1.0,
        "公顷": 1e-2,
        "ha": 1e-2,
        "hectare": 1e-2,
        "hectares": 1e-2,
        "亩": 1 / 1500,
        "mu": 1 / 1500,
        "平方米": 1e-6,
        "㎡": 1e-6,
        "m2": 1e-6,
        "m^2": 1e-6,
        "sqm": 1e-6,
        "squaremetres": 1e-6,
        "squaremeters": 1e-6,
    },
    "length": {
        "公里": 1.0,
        "千米": 1.0,
        "km": 1.0,
        "kilometres": 1.0,
        "kilometers": 1.0,
        "米": 1e-3,
        "m": 1e-3,
        "metres": 1e-3,
        "meters": 1e-3,
    },
    "mass": {
        "吨": 1.0,
        "t": 1.0,
        "ton": 1.0,
        "tons": 1.0,
        "tonne": 1.0,
        "tonnes": 1.0,
        "公斤": 1e-3,
        "千克": 1e-3,
        "kg": 1e-3,
    },
    "volume": {
        "立方米": 1.0,
        "m3": 1.0,
        "m^3": 1.0,
        "cum": 1.0,
        "cu.m": 1.0,
        "cubicmetres": 1.0,
        "cubicmeters": 1.0,
    },
    "energy": {"千瓦时": 1.0, "度": 1.0, "kwh": 1.0, "mwh": 1e3, "gwh": 1e6},
}

_BASES = {word: (name, 1.0) for name, words in _WORDS.items() for word in words.split()} | {
    word: (name, scale) for name, table in _SCALED_WORDS.items() for word, scale in table.items()
}

_QUANTITY = re.compile(
    r"(?P<number>\d+(?:\.\d+)?)?(?P<word>"
    + "|".join(sorted(map(re.escape, _MULTIPLIERS), key=len, reverse=True))
    + r")?(?P<base>.*)",
    re.DOTALL,
)


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


def conversion_factor(found: Unit, wanted: Unit) -> float | None:
    """Return what values in one unit are multiplied by to be in another, or None.

    A per-head unit also takes its numerator alone, since headers of per-head columns often
    name only that: ``人均道路面积(平方米)``.
    """
    if (found.numerator, found.denominator) == (wanted.numerator, wanted.denominator):
        return _tidy(found.scale / wanted.scale)
    if found.numerator == wanted.numerator and (found.denominator, wanted.denominator) == (
        "",
        "count",
    ):
        return _tidy(found.scale / wanted.scale)
    return None


def _quantity(text: str) -> tuple[str, float] | None:
    squeezed = re.sub(r"[\s,]+", "", text)
    for candidate in (squeezed, squeezed.removeprefix("of")):
        parsed = _number_and_base(candidate)
        if parsed:
            return parsed
    return None


def _number_and_base(text: str) -> tuple[str, float] | None:
    if text in _BASES:
        return _BASES[text]
    match = _QUANTITY.fullmatch(text)
    if match is None:
        return None
    number, word, base = match["number"], match["word"], match["base"]
    if not word and not base:
        return None
    scale = float(number or 1) * _MULTIPLIERS.get(word or "", 1.0)
    if not base:
        return "count", scale
    if base not in _BASES:
        return None
    name, size = _BASES[base]
    return name, scale * size


def _tidy(factor: float) -> float:
    """Strip the last bits of rounding, so that 1e4 / 1e8 is exactly 1e-4."""
    return float(f"{factor:.12g}")
