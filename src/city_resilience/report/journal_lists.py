"""Parts that journals print as lists: verdicts, the specification curve, the referee's list."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from city_resilience.report.journal_table import JournalTable
from city_resilience.report.mechanisms_curve import curve_rows
from city_resilience.report.mechanisms_tables import mechanism_table
from city_resilience.report.mechanisms_verdicts import (
    referee_counts,
    referee_table,
    verdict_table,
)
from city_resilience.report.tables import Table
from city_resilience.report.texts import Both, Texts

__all__ = ["LISTS"]

Found = Mapping[str, Any]


def _listed(part: str, caption: Both, table: Table, lang: str, note: str = "") -> JournalTable:
    """Return a table of the page as a journal prints it."""

    def told(*texts: Both | str) -> str:
        words = (text if isinstance(text, str) else text[lang] for text in texts)
        return ("；" if lang == "zh" else "; ").join(filter(None, words))

    heads = tuple(told(head.text) for head in table.heads)
    rows = tuple(tuple(told(cell.text, *cell.lines) for cell in row) for row in table.rows)
    return JournalTable(part, caption, (heads,), rows, note=note, words=True)


def _verdicts(found: Found, say: Texts, lang: str) -> Iterator[JournalTable]:
    yield _listed("verdicts", say("mech_title"), verdict_table(found, say), lang)


def _curve(found: Found, say: Texts, lang: str) -> Iterator[JournalTable]:
    own = found["parts"]["curve"]
    short = {**own, "rows": curve_rows(own["rows"], own["about"].get("curves", ()))}
    table = mechanism_table({**found, "parts": {"curve": short}}, "curve", say)
    if table is not None:
        note = say("mech_axis_scaled")[lang]
        yield _listed("curve", say("mech_curve_title"), table, lang, note)


def _referee(found: Found, say: Texts, lang: str) -> Iterator[JournalTable]:
    counts = referee_counts(found, say)[lang]
    for grave in (True, False):
        table = referee_table(found, say, grave=grave)
        if table is not None:
            weight = say("journal_grave" if grave else "journal_light")
            caption = say("journal_referee", title=say("mech_referee_title"), weight=weight)
            yield _listed("referee", caption, table, lang, counts)


LISTS: Mapping[str, Callable[[Found, Texts, str], Iterator[JournalTable]]] = {
    "verdicts": _verdicts,
    "curve": _curve,
    "referee": _referee,
}
"""Part → its tables."""
