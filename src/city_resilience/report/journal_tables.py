"""The tests of the claims as tables of a journal: numbered columns, errors below, stars.

A pure function of what ``run_mechanisms`` returned; `journal_files` writes the tables.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from city_resilience.report.formatting import NONE
from city_resilience.report.mechanisms_rows import (
    cautious_row,
    figure_of,
    in_columns,
    interval_of,
    label_of,
    model_of,
    named_by,
)
from city_resilience.report.mechanisms_verdicts import verdict_table
from city_resilience.report.texts import Both, Texts

__all__ = ["MOST_COLUMNS", "JournalTable", "journal_tables", "stars"]

MOST_COLUMNS = 6
LEVELS = ((0.01, "***"), (0.05, "**"), (0.1, "*"))
WITH_EFFECTS = ("baseline", "places", "channels", "thresholds", "space")
"""Parts whose every column has effects of city and year."""
LEFT_OUT = ("curve", "referee")
"""Parts that are a figure or a list, not a table of estimates."""
Row = dict[str, Any]
Key = tuple[str, str, str, str]
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
        What stars and brackets mean.
    """

    part: str
    caption: Both
    heads: tuple[Line, ...]
    rows: tuple[Line, ...]
    foot: tuple[Line, ...]
    note: str


def stars(p: float | None) -> str:
    """Return the stars of a p-value.

    Examples
    --------
    >>> stars(0.004), stars(0.03), stars(0.09), stars(0.3), stars(None)
    ('***', '**', '*', '', '')
    """
    return next((mark for level, mark in LEVELS if p is not None and p < level), "")


def journal_tables(found: Mapping[str, Any], say: Texts, lang: str) -> list[JournalTable]:
    """Return the tables of a run, part after part.

    Parameters
    ----------
    found : mapping
        What ``run_mechanisms`` returned.
    lang : str
        ``en`` or ``zh``; captions are in both.
    """
    tables: list[JournalTable] = []
    for name in found["parts"]:
        if name == "verdicts":
            tables.append(_verdicts(found, say, lang))
        elif name not in LEFT_OUT:
            maker = _Maker(found, name, say, lang)
            tables.extend(maker.table(keys) for keys in _divided(maker.columns))
    return tables


def _divided(columns: Mapping[Key, Any]) -> Iterator[list[Key]]:
    """Yield the columns of each table: of one outcome and index, unless each has one column."""
    pairs: dict[tuple[str, str], list[Key]] = {}
    for key in columns:
        pairs.setdefault(key[:2], []).append(key)
    single = all(len(keys) == 1 for keys in pairs.values())
    for keys in [list(columns)] if single else pairs.values():
        for start in range(0, len(keys), MOST_COLUMNS):
            yield keys[start : start + MOST_COLUMNS]


class _Maker:
    """What lays out the tables of a part."""

    def __init__(self, found: Mapping[str, Any], part: str, say: Texts, lang: str) -> None:
        self.found, self.part, self.say, self.lang = found, part, say, lang
        self.columns: dict[Key, dict[str, list[Row]]] = {}
        rows = [_known(row) for row in found["parts"][part]["rows"]]
        for row in in_columns(rows) if part == "baseline" else rows:
            key = (row["outcome"], row["treatment"], row["model"], row["part_of"])
            self.columns.setdefault(key, {}).setdefault(row["term"], []).append(row)

    def table(self, keys: Sequence[Key]) -> JournalTable:
        """Return the table of some columns."""
        columns = [self.columns[key] for key in keys]
        terms = dict.fromkeys(term for column in columns for term in column)
        rows = [line for term in terms for line in self.lines(term, columns)]
        title = self.say.find(f"mech_{self.part}_title") or {"en": self.part, "zh": self.part}
        names = {name: label_of(self.found, key, self.say) for name, key in _only(keys)}
        caption = self.say("journal_caption", title=title, **names) if len(names) == 2 else title
        return JournalTable(
            part=self.part,
            caption=caption,
            heads=tuple(self.heads(keys)),
            rows=tuple(rows),
            foot=tuple(self.foot(keys)),
            note=self.say("journal_note")[self.lang],
        )

    def heads(self, keys: Sequence[Key]) -> Iterator[Line]:
        """Yield numbers, outcomes and indices where columns differ in them, models, places."""
        yield "", *(f"({number})" for number in range(1, len(keys) + 1))
        if len({key[:2] for key in keys}) > 1:
            yield "", *(label_of(self.found, key[0], self.say)[self.lang] for key in keys)
            yield "", *(label_of(self.found, key[1], self.say)[self.lang] for key in keys)
        yield "", *(model_of(key[2], self.say)[self.lang] for key in keys)
        if any(key[3] for key in keys):
            yield "", *(self.places(key[3]) for key in keys)

    def places(self, part_of: str) -> str:
        """Return the name of a group of places."""
        group, _, level = part_of.partition("=")
        return self.say.level(group, level)[self.lang] if level else part_of

    def lines(self, term: str, columns: Sequence[Mapping[str, list[Row]]]) -> Iterator[Line]:
        """Yield an estimate, its error below, and the errors of the other ways of inference."""
        every = [column.get(term, []) for column in columns]
        lead = [cautious_row(rows) for rows in every]
        yield named_by(self.found, term, self.say)[self.lang], *(_estimate(row) for row in lead)
        below = [_below(row) for row in lead]
        if any(below):
            yield "", *below
        if term in {row["treatment"] for rows in every for row in rows}:
            yield from self.further(every, lead)

    def further(self, every: Sequence[Sequence[Row]], lead: Sequence[Row | None]) -> Iterator[Line]:
        """Yield the error of each other way of inference, its p-value for a bootstrap."""
        ways = dict.fromkeys(row["inference"] for rows in every for row in rows)
        for way in ways:
            kind = "p" if way.startswith("wild") else "se"
            others = [
                next((r for r in rows if r["inference"] == way and not _same(r, own)), None)
                for rows, own in zip(every, lead, strict=True)
            ]
            if any(others):
                name = self.say.find(f"mech_inference_{way}") or {"en": way, "zh": way}
                label = self.say(f"journal_{kind}", inference=name)[self.lang]
                yield label, *(f"[{_number(r.get(kind))}]" if r else "" for r in others)

    def foot(self, keys: Sequence[Key]) -> Iterator[Line]:
        """Yield controls, effects and counts; inference is that of the first term."""

        def told(key: str) -> str:
            return self.say(key)[self.lang]

        first = [_first(self.columns[key]) for key in keys]
        if self.part == "baseline":
            known = set(self.found["controls"])
            yield (
                told("journal_controls"),
                *(told(_word(known & set(self.columns[k]))) for k in keys),
            )
        if self.part in WITH_EFFECTS:
            by_province = [key[2] == "province_year" for key in keys]
            yield told("journal_city_effects"), *(told("journal_yes") for _ in keys)
            yield (
                told("journal_year_effects"),
                *(told("journal_by_province" if own else "journal_yes") for own in by_province),
            )
        names = (self.say.find(f"mech_inference_{row['inference']}") for row in first)
        yield told("mech_inference"), *(name[self.lang] if name else NONE for name in names)
        for field in ("clusters", "n", "cities", "years"):
            yield (
                told(f"journal_{field}"),
                *(f"{row[field]:,}" if row[field] else NONE for row in first),
            )
        if any(row.get("r2") is not None for row in first):
            yield told("journal_r2"), *(_number(row.get("r2"), 3) for row in first)


def _only(keys: Sequence[Key]) -> list[tuple[str, str]]:
    """Return outcome and index where all columns have the same."""
    pairs = {key[:2] for key in keys}
    return (
        list(zip(("outcome", "index"), next(iter(pairs)), strict=True)) if len(pairs) == 1 else []
    )


def _known(row: Mapping[str, Any]) -> Row:
    return {key: value for key, value in row.items() if value is not None}


def _first(column: Mapping[str, list[Row]]) -> Row:
    rows = next(iter(column.values()))
    own = dict(cautious_row(rows) or rows[0])
    r2 = next((row["r2"] for row in rows if row.get("r2") is not None), None)
    return {**own, "r2": r2}


def _same(row: Row, other: Row | None) -> bool:
    return other is not None and row["inference"] == other["inference"]


def _word(yes: object) -> str:
    return "journal_yes" if yes else "journal_no"


def _number(value: float | None, digits: int = 0) -> str:
    if digits and value is not None:
        return f"{value:.{digits}f}".replace("-", "−")
    return figure_of(value, sign=False)


def _estimate(row: Row | None) -> str:
    return "" if row is None else _number(row.get("estimate")) + stars(row.get("p"))


def _below(row: Row | None) -> str:
    """Return the error of an estimate in brackets; its interval where it has no error."""
    if row is None or "estimate" not in row:
        return ""
    if "se" in row:
        return f"({_number(row['se'])})"
    ends = interval_of(row, sign=False)
    return f"[{ends}]" if ends else ""


def _verdicts(found: Mapping[str, Any], say: Texts, lang: str) -> JournalTable:
    """Return the table of verdicts as the page has it."""

    def told(*texts: Both | str) -> str:
        words = (text if isinstance(text, str) else text[lang] for text in texts)
        return "; ".join(filter(None, words))

    table = verdict_table(found, say)
    heads = tuple(told(head.text) for head in table.heads)
    rows = tuple(tuple(told(cell.text, *cell.lines) for cell in row) for row in table.rows)
    return JournalTable("verdicts", say("mech_title"), (heads,), rows, (), "")
