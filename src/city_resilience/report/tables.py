"""A table as a value: heads and cells in both languages, laid out by the page and the terminal."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from city_resilience.report.formatting import percent, unsigned
from city_resilience.report.texts import Both, Texts

__all__ = ["Cell", "Column", "Head", "Table", "number", "share", "table_of", "text"]

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
    """A column: the key of its head's text, or the head itself, and the cell of a row."""

    head: Text
    cell: Callable[[Any, Texts], Cell]
    numeric: bool = True


def text(head: Text, said: Callable[[Any, Texts], Text]) -> Column:
    """Return a column of texts."""
    return Column(head, lambda row, say: Cell(said(row, say)), numeric=False)


def number(key: str, field: str = "") -> Column:
    """Return a column of numbers; the field has the name of the text unless given."""
    return Column(key, lambda row, _: Cell(unsigned(row[field or key])))


def share(key: str, field: str = "") -> Column:
    """Return a column of shares in percent."""
    return Column(key, lambda row, _: Cell(percent(row[field or key], 1)))


def table_of(columns: Iterable[Column], rows: Iterable[Any], say: Texts) -> Table:
    """Return a table; what a head means stands under its key with ``_long``."""
    columns = tuple(columns)
    heads = (
        Head(say(c.head), c.numeric, say.describe(c.head))
        if isinstance(c.head, str)
        else Head(c.head, c.numeric)
        for c in columns
    )
    cells = (tuple(c.cell(row, say) for c in columns) for row in rows)
    return Table(tuple(heads), tuple(cells))
