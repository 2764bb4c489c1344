"""The rules by which yearbook sheets are read, as loaded from ``sheets.toml``."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache

from city_resilience.catalogue.shipped import shipped_toml
from city_resilience.catalogue.variables import Catalogue, load_catalogue

__all__ = ["SheetRules", "load_sheet_rules", "plain"]

_BETWEEN = re.compile(r"[^0-9a-z&%]+")


@dataclass(frozen=True)
class SheetRules:
    """Words and patterns of sheets.

    Attributes
    ----------
    scopes : mapping of str to str
        Plain word to scope id; see `plain`.
    scope_order : tuple of str
        Scope ids in the order in which sheets print them.
    scope_labels : mapping of str to str
        Scope id to its Chinese label.
    scope_in_title : mapping of str to Pattern
        Scope id to the words by which a title says it.
    keys : mapping of str to str
        Plain header to ``name``, ``city_only``, ``year``, ``unit``, ``indicator``, ``value`` or
        ``ignored``.
    idle : frozenset of str
        Plain cells of a head that say nothing.
    front : tuple of Pattern
        What comes off the front of a header.
    english, counting, footnote, title : Pattern
        Where a header repeats itself in English; a row that only counts columns; footnote marks
        behind a number; the year in a title.
    changed, ranked, part : Pattern
        Words around a header, and in its remarks, by which it means another thing.
    subjects : mapping of str to (Pattern, Pattern)
        Front of a variable's id to the words of its own subject and of others.
    around : tuple of Pattern
        What stands around the name of a row.
    totals, continued : Pattern
        Names of sums; lines that only say that a table goes on.
    junk : tuple of str
        First words of lines that are no rows of the table.
    missing : frozenset of str
        Cells that say that there is no value.
    glyphs : mapping of str to str
        Characters mistaken for digits or the decimal point.
    edition : int
        Data year less the year of the yearbook's edition.
    catalogue : Catalogue
        The catalogue, with the names that only sheets use.
    units_zh : mapping of str to str
        Unit of the catalogue to how a Chinese header writes it.
    """

    scopes: Mapping[str, str]
    scope_order: tuple[str, ...]
    scope_labels: Mapping[str, str]
    scope_in_title: Mapping[str, re.Pattern[str]]
    keys: Mapping[str, str]
    idle: frozenset[str]
    front: tuple[re.Pattern[str], ...]
    english: re.Pattern[str]
    counting: re.Pattern[str]
    footnote: re.Pattern[str]
    title: tuple[re.Pattern[str], ...]
    changed: re.Pattern[str]
    ranked: re.Pattern[str]
    part: re.Pattern[str]
    subjects: Mapping[str, tuple[re.Pattern[str], re.Pattern[str]]]
    around: tuple[re.Pattern[str], ...]
    totals: re.Pattern[str]
    continued: re.Pattern[str]
    junk: tuple[str, ...]
    missing: frozenset[str]
    glyphs: Mapping[str, str]
    edition: int
    catalogue: Catalogue
    units_zh: Mapping[str, str]


def plain(text: str) -> str:
    r"""Return words as they are compared: NFKC, lower case, letters and digits only.

    Examples
    --------
    >>> plain("全 市_x000D_\n Total City"), plain("市　辖区")
    ('全市totalcity', '市辖区')
    """
    text = text.replace("_x000D_", " ")
    if text.isascii():
        return _BETWEEN.sub("", text.lower())
    normalised = unicodedata.normalize("NFKC", text).casefold()
    return "".join(c for c in normalised if c.isalnum() or c in "&%")


@cache
def load_sheet_rules() -> SheetRules:
    """Return the rules that ship with the package, read once."""
    table = shipped_toml("sheets.toml")
    headers, cells, years = table["headers"], table["cells"], table["years"]
    context, rows = table["context"], table["rows"]
    return SheetRules(
        scopes=_scopes(table["scopes"]),
        scope_order=tuple(table["scopes"]),
        scope_labels={name: scope["label_zh"] for name, scope in table["scopes"].items()},
        scope_in_title={name: _pattern(words) for name, words in table["scope_in_title"].items()},
        idle=frozenset(map(plain, headers["idle"])),
        keys={plain(word): key for key, words in table["keys"].items() for word in words},
        front=tuple(map(re.compile, headers["front"])),
        english=re.compile(headers["english"]),
        counting=re.compile(headers["counting"]),
        footnote=re.compile(cells["footnote"]),
        title=(re.compile(years["title"]), re.compile(years["title_en"])),
        changed=_pattern(context["changed"]),
        ranked=_pattern(context["ranked"]),
        part=_pattern(context["part"]),
        subjects={
            name: (_pattern(words["own"]), _pattern(words["other"]))
            for name, words in context["subjects"].items()
        },
        around=tuple(map(re.compile, rows["around"])),
        totals=_pattern(rows["totals"]),
        continued=_pattern(rows["continued"]),
        junk=tuple(rows["junk"]),
        missing=frozenset(cells["missing"]),
        glyphs=cells["glyphs"],
        edition=years["edition"],
        catalogue=_catalogue(table["names"]),
        units_zh=table["units_zh"],
    )


def _pattern(words: str) -> re.Pattern[str]:
    return re.compile(words, re.IGNORECASE)


def _scopes(scopes: Mapping[str, Mapping[str, object]]) -> dict[str, str]:
    """Return each word, and each Chinese word followed by an English one, with its scope."""
    known: dict[str, str] = {}
    for name, scope in scopes.items():
        words = [plain(word) for word in scope["words"]]  # type: ignore[attr-defined]
        known |= dict.fromkeys(words, name)
        chinese, english = (
            [word for word in words if word.isascii() is ascii_] for ascii_ in (False, True)
        )
        known |= {zh + en: name for zh in chinese for en in english}
    return known


def _catalogue(names: Mapping[str, list[str]]) -> Catalogue:
    variables = dict(load_catalogue().variables)
    for name, further in names.items():
        variable = variables[name]
        variables[name] = replace(variable, aliases=(*variable.aliases, *further))
    return Catalogue(variables)
