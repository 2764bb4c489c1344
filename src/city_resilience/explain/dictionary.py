"""What the columns of the tables about drivers mean; the entries stand in ``dictionary.toml``."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from functools import cache
from importlib.resources import files

import pandas as pd

__all__ = ["DICTIONARY_COLUMNS", "dictionary"]

DICTIONARY_COLUMNS = ("table", "column", "meaning", "meaning_zh")


@cache
def _entries() -> dict[str, dict[str, list[str]]]:
    text = files("city_resilience.explain").joinpath("dictionary.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


def dictionary(tables: Mapping[str, Iterable[str]]) -> pd.DataFrame:
    """Return what each column of some tables means, in English and Chinese.

    Parameters
    ----------
    tables : mapping of str to iterable of str
        Table to its columns, such as a frame.

    Raises
    ------
    KeyError
        If a column has no entry.
    """
    every = _entries()
    rows = [
        (table, column, *every.get(table, {}).get(column, every["any"].get(column, ())))
        for table, columns in tables.items()
        for column in columns
    ]
    if missing := [row for row in rows if len(row) != len(DICTIONARY_COLUMNS)]:
        raise KeyError(f"dictionary.toml has no entry for {missing}")
    return pd.DataFrame(rows, columns=list(DICTIONARY_COLUMNS))
