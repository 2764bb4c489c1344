"""One table of a journal, in one language."""

from __future__ import annotations

from dataclasses import dataclass

from city_resilience.report.texts import Both

__all__ = ["JournalTable", "Line"]

Line = tuple[str, ...]


@dataclass(frozen=True)
class JournalTable:
    """One table, in one language.

    Attributes
    ----------
    part : str
        Id of the part.
    caption : language → text
    heads, rows, foot : tuple of lines
        Lines of as many texts as the table has columns; the first names the line.
    note : str
        What stars and brackets mean; "" for none.
    words : bool
        Whether the cells are sentences, not figures.
    """

    part: str
    caption: Both
    heads: tuple[Line, ...]
    rows: tuple[Line, ...]
    foot: tuple[Line, ...] = ()
    note: str = ""
    words: bool = False
