"""What the places are called, and names and titles of an experiment."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import PurePath
from types import MappingProxyType

from city_resilience.catalogue.words import load_words, met, words_of
from city_resilience.drafting.profile import ColumnProfile

__all__ = ["NOUNS", "experiment_name", "label_of", "noun_of", "plain_id", "titles"]

NOUNS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "city": ("cities", "城市"),
        "district": ("districts", "区县"),
        "county": ("counties", "县"),
        "region": ("regions", "地区"),
        "province": ("provinces", "省份"),
        "state": ("states", "州"),
        "country": ("countries", "国家"),
        "firm": ("firms", "企业"),
    }
)
"""What a place is called: several of them in English, and in Chinese."""

_FILES = ("panel", "data", "dataset", "table", "sheet", "book", "export", "final", "file", "csv")
_FOLDERS = ("downloads", "desktop", "documents", "home", "tmp", "temp", "files", "raw")
_GENERIC = frozenset(("", "city_panel", *_FILES, *_FOLDERS))


def label_of(file: str) -> str:
    """Return what a panel is called: its file, or its folder where the file's name says nothing.

    Examples
    --------
    >>> label_of("work/us_states/panel.csv"), label_of("work/Kreise 2020.csv"), label_of("data.csv")
    ('us states', 'Kreise 2020', '')
    """
    path = PurePath(file)
    parts = (re.sub(r"[_\-.]+", " ", own) for own in (path.stem, path.parent.name))
    names = (" ".join(own.split()) for own in parts)
    return next((name for name in names if plain_id(name) not in _GENERIC), "")


def noun_of(city: ColumnProfile, label: str) -> tuple[str, str]:
    """Return what a place is called and where that was read.

    Examples
    --------
    >>> import pandas as pd
    >>> noun_of(ColumnProfile(0, "kabupaten", pd.Series(["a"])), "")
    ('district', "from the column 'kabupaten'")
    >>> noun_of(ColumnProfile(0, "region", pd.Series(["a"])), "china provinces")
    ('province', "from the name 'china provinces'")
    """
    nouns = load_words().nouns
    by_column, by_label = met(nouns, city.name), met(nouns, words_of(label))
    if by_column and not (by_column == "region" and by_label):  # a region may be anything
        return by_column, f"from the column {city.header!r}"
    if by_label:
        return by_label, f"from the name {label!r}"
    return "city", "nothing says what a place is called; one of " + ", ".join(NOUNS)


def experiment_name(label: str, noun: str) -> str:
    """Return a name of letters, digits and underscores.

    Examples
    --------
    >>> experiment_name("ID districts-2010", "district"), experiment_name("面板", "city")
    ('id_districts_2010', 'my_cities')
    """
    return plain_id(label) or f"my_{NOUNS[noun][0]}"


def titles(label: str, noun: str, years: tuple[int, int]) -> tuple[str, str]:
    """Return a title in English and one in Chinese.

    Examples
    --------
    >>> titles("", "district", (2010, 2020))
    ('My districts, 2010-2020', '我的区县，2010—2020年')
    >>> titles("us states", "state", (1970, 1986))
    ('Us states, 1970-1986', 'us states：州，1970—1986年')
    """
    many, chinese = NOUNS[noun]
    first, last = years
    if not label:
        return f"My {many}, {first}-{last}", f"我的{chinese}，{first}—{last}年"
    english = label if met(load_words().nouns, words_of(label)) else f"{label}: {many}"
    started = english[:1].upper() + english[1:]
    return f"{started}, {first}-{last}", f"{label}：{chinese}，{first}—{last}年"


def plain_id(text: str) -> str:
    """Return a text as an id: letters, digits and underscores; "" where it has no Latin letter.

    Examples
    --------
    >>> plain_id("Línhas de banda larga (mil)"), plain_id("智慧灯杆")
    ('linhas_de_banda_larga_mil', '')
    """
    id = re.sub(r"[^a-z0-9]+", "_", words_of(text).replace("%", "pct").replace("&", "")).strip("_")
    return id if re.search("[a-z]", id) else ""
