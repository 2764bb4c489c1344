"""What a header says: the name of a variable, its unit, prices, scope and remarks."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass
from functools import cache

from city_resilience.catalogue.shipped import shipped_toml
from city_resilience.catalogue.units import parse_unit

__all__ = ["Header", "name_key", "opens_brackets", "readings_of", "unit_in_brackets"]

_BRACKETS = re.compile(r"[(\[【〔<〈《]([^()\[\]【】〔〕<>〈〉《》]*)[)\]】〕>〉》]")
_OPENED = re.compile(r"[(\[【〔<〈《]")
_CONSTANT_PRICES = re.compile(
    r"\b(?:at|in)?\s*(?:constant\s*)?\d{4}\s*(?:constant\s*)?prices?"
    r"|(?:at|in)?\s*constant(?:\s*prices?)?"
    r"|(?:以|按)?\d{4}年?(?:为基期|不变价格?|可比价格?|价格?|基期)|不变价格?|可比价格?"
)
_CURRENT_PRICES = re.compile(r"(?:at|in)?\s*current(?:\s*prices?)?|当年价格?|现价|当期价格?")
_YEAR = re.compile(r"\b(?:of\s*)?(?:19|20)\d{2}\b年?")
_SEPARATORS = re.compile(r"[\s_\-·:：、,，]+")
_PLAIN_REMARKS = {"年末", "yearend"}
_LONGEST_UNIT = 80  # characters; each longer tail of a long header would be looked at as one


@dataclass(frozen=True)
class Header:
    """One way to read a header; ``cut`` where its tail without brackets is taken for a unit."""

    name: str
    unit: str
    remarks: tuple[str, ...]
    constant_prices: bool = False
    scope: str = ""
    bare: bool = True
    cut: bool = False
    prices: str = ""


def name_key(name: str) -> str:
    """Return the form in which names are compared: ``" Real_ＧＤＰ "`` is ``"realgdp"``."""
    if not name.isascii():
        name = unicodedata.normalize("NFKC", name)
    return _SEPARATORS.sub("", name.replace("_x000D_", "").casefold())


def opens_brackets(text: str) -> bool:
    """Tell whether a text has brackets, which may stand in front of a name."""
    return _OPENED.search(text) is not None


def unit_in_brackets(header: str) -> str:
    """Return the unit that a header states in brackets, or an empty string.

    Examples
    --------
    >>> unit_in_brackets("算力规模（万件，2020年）")
    '万件'
    """
    return next(reading for reading in readings_of(header) if reading.bare).unit


def readings_of(header: str, names: Container[str] | None = None) -> Iterator[Header]:
    """Yield the ways to read a header: whole, without brackets, with a tail as its unit.

    Parameters
    ----------
    names : container of str, optional
        Names in the form of `name_key`, where no other tail than one behind them is asked for.
    """
    text = unicodedata.normalize("NFKC", header).replace("_x000D_", "").strip()
    yield Header(text, "", (), bare=False)
    inside = [part for group in _BRACKETS.findall(text) for part in re.split(r"[,;、，；]", group)]
    bare = _BRACKETS.sub(" ", text).strip()
    reading = _with_remarks(bare, [part.strip() for part in inside if part.strip()])
    yield reading
    cuts = [match.span() for match in re.finditer(r"[_\s,:、/]+", bare)]
    for start, end in cuts:
        tail = bare[end:]
        if len(tail) > _LONGEST_UNIT or (names is not None and name_key(bare[:start]) not in names):
            continue
        if parse_unit(tail) is not None:
            yield Header(
                bare[:start],
                reading.unit or tail.replace("_", " "),
                reading.remarks,
                reading.constant_prices,
                reading.scope,
                cut=True,
            )


def _with_remarks(name: str, parts: list[str]) -> Header:
    unit, remarks, constant, scope, prices = "", [], False, "", ""
    for part in parts:
        rest, n_constant = _CONSTANT_PRICES.subn("", part.casefold())
        rest = _CURRENT_PRICES.sub("", rest).strip()
        constant |= n_constant > 0
        prices = part if n_constant and not rest else prices
        scope = _scopes().get(name_key(rest), scope)
        if not rest or name_key(rest) in (*_PLAIN_REMARKS, *_scopes()):
            continue
        undated = " ".join(_YEAR.sub("", rest).split())
        if not unit and parse_unit(undated) is not None:
            unit = part if undated == rest == part.casefold() else undated
            constant |= undated != rest
        else:
            remarks.append(part)
    return Header(name, unit, tuple(remarks), constant, scope, prices=prices)


@cache
def _scopes() -> Mapping[str, str]:
    """Return each word by which a header names its scope, in the form of names, with the scope."""
    scopes = shipped_toml("sheets.toml")["scopes"]
    return {name_key(word): id for id, scope in scopes.items() for word in scope["words"]}
