"""A table as a value: heads and cells in both languages, laid out by the page and the terminal."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from city_resilience.report.texts import Both, Texts

__all__ = ["Cell", "Column", "Head", "Table", "table_of"]

Text = Both | str


@dataclass(frozen=True)
class Head:
    """The head of a column, and what it means."""

    text: Text
    numeric: bool
    title: Text = ""


@dataclass(frozen=True)
class Cell:
    """A cell: its text, smaller lines below it, and its colour ("up", "down" or none)."""

    text: Text
    lines: tuple[Text, ...] = ()
    tone: str = ""


@dataclass(frozen=True)
class Table:
    """Heads and rows; the first cell names its row."""

    heads: tuple[Head, ...]
    rows: tuple[tuple[Cell, ...], ...]


@dataclass(frozen=True)
class Column:
    """How a column is made of the fields of a row.

    Attributes
    ----------
    head : str or language → text
        The key of a text, with ``#`` behind it where the column is of numbers, or the head itself.
    text, line : str
        The cell and a smaller line below it, with {fields} as a text has {figures}.
    tone : str
        The field that has the colour.
    """

    head: Text
    text: str
    line: str = ""
    tone: str = ""


def table_of(columns: Iterable[Column], rows: Iterable[Mapping[str, Any]], say: Texts) -> Table:
    """Return a table; what a head means stands under its key with ``_long``."""
    columns = tuple(columns)
    heads = tuple(_head(column.head, say) for column in columns)
    return Table(heads, tuple(tuple(_cell(c, row, say) for c in columns) for row in rows))


def _head(head: Text, say: Texts) -> Head:
    if not isinstance(head, str):
        return Head(head, numeric=True)
    key = head.removesuffix("#")
    return Head(say(key), key != head, say.describe(key))


def _cell(column: Column, row: Mapping[str, Any], say: Texts) -> Cell:
    line = say.fill(column.line, row)
    lines = (line,) if (line if isinstance(line, str) else any(line.values())) else ()
    return Cell(say.fill(column.text, row), lines, row.get(column.tone, ""))
