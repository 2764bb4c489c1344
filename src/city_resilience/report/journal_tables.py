"""The tests of the claims as tables of a journal: numbered columns, errors below, stars.

A pure function of what ``run_mechanisms`` returned; `journal_files` writes the tables.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from city_resilience.report.formatting import NONE
from city_resilience.report.journal_layouts import (
    NO_TESTS,
    Ids,
    heads_of,
    in_order,
    line_name,
    packed,
    spot_of,
)
from city_resilience.report.journal_lists import LISTS
from city_resilience.report.journal_table import JournalTable, Line
from city_resilience.report.mechanisms_rows import (
    cautious_row,
    figure_of,
    in_columns,
    interval_of,
    pair_fields,
    way_of,
)
from city_resilience.report.mechanisms_tables import p_words
from city_resilience.report.texts import Both, Texts

__all__ = ["journal_tables", "stars"]

LEVELS = ((0.01, "***"), (0.05, "**"), (0.1, "*"))
WITH_EFFECTS = ("baseline", "places", "channels", "thresholds", "space")
"""Parts whose every column has effects of city and year."""
CONTROLLED = (*WITH_EFFECTS, "double_learning")
FURTHER = ("slope", "att", "equality", "change")
"""Lines, beside the one of the index, below which the other ways of inference stand."""
BOUNDS = ("honest",)
"""Terms whose interval is not that of their error."""
ADJUSTED = ("holm", "benjamini_hochberg")
DECIMALS = ("r2", "r2_unexplained", "r2_all", "robustness_value", "forbidden", "negative")
"""Terms between 0 and 1, printed with three decimals."""
Row = dict[str, Any]
Column = dict[Ids, list[Row]]


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
        if name in LISTS:
            tables.extend(LISTS[name](found, say, lang))
        else:
            tables.extend(_of_part(found, name, say, lang))
    return tables


def _of_part(found: Mapping[str, Any], part: str, say: Texts, lang: str) -> Iterator[JournalTable]:
    """Yield the tables of a part: of each outcome and index, at most six columns wide."""
    every: dict[tuple[str, str, str], dict[Ids, Column]] = {}
    rows = [_known(row) for row in found["parts"][part]["rows"]]
    for row in in_columns(rows) if part == "baseline" else rows:
        spot = spot_of(part, row)
        columns = every.setdefault((row["outcome"], row["treatment"], spot.table), {})
        columns.setdefault(spot.column, {}).setdefault(spot.line, []).append(row)
    for (outcome, treatment, table), columns in every.items():
        pieces = packed(part, columns)
        for number, keys in enumerate(pieces, 1):
            maker = _Maker(found, part, table, (outcome, treatment), say, lang)
            own = {key: columns[key] for key in keys}
            yield maker.table(own, (number, len(pieces)))


@dataclass(frozen=True)
class _Maker:
    """What lays out a table of an outcome and an index."""

    found: Mapping[str, Any]
    part: str
    id: str
    pair: tuple[str, str]
    say: Texts
    lang: str

    def table(self, columns: Mapping[Ids, Column], number: tuple[int, int]) -> JournalTable:
        """Return the table of some columns, the ``number[0]``-th of ``number[1]``."""
        own, first = list(columns.values()), [_first(column) for column in columns.values()]
        lines = in_order(line for column in own for line in column)
        ways = [row["inference"] for row in first]
        heads = list(heads_of(self.found, self.part, self.id, list(columns), self.say))
        return JournalTable(
            part=self.part,
            caption=self.caption(*number),
            heads=(
                ("", *(f"({k})" for k in range(1, len(own) + 1))),
                *(("", *(text[self.lang] for text in texts)) for texts in heads),
            ),
            rows=tuple(made for line in lines for made in self.lines(line, own, ways)),
            foot=tuple(self.foot(columns, first)),
            note=self.told("journal_note"),
        )

    def caption(self, number: int, of: int) -> Both:
        """Return part, outcome and index in words."""
        title = self.say.find(f"journal_{self.part}_{self.id}")
        title = title or self.say(f"mech_{self.part}_title")
        names = pair_fields(self.found, *self.pair, self.say)
        caption = self.say("journal_caption", title=title, **names)
        return self.say("journal_piece", caption=caption, n=number, of=of) if of > 1 else caption

    def told(self, key: str, **figures: object) -> str:
        """Return a text in the language of the tables."""
        return self.say(key, **figures)[self.lang]

    def lines(self, line: Ids, columns: Sequence[Column], ways: Sequence[str]) -> Iterator[Line]:
        """Yield an estimate, its error below, and what else is known of it."""
        every = [column.get(line, []) for column in columns]
        plain = [[row for row in rows if not _adjustment(row)] for rows in every]
        lead = [cautious_row(rows) for rows in plain]
        head = line[0].partition(":")[0]
        name = line_name(self.found, self.part, line, self.say)[self.lang]
        yield name, *(_estimate(row, head) for row in lead)
        if not _yearly(line[0]):
            yield from self.errors(head, lead, ways)
        if head == "threshold":
            yield self.told("journal_no_threshold"), *(_bracket(_p(row)) for row in lead)
        if line[0] == self.pair[1] or head in FURTHER:
            yield from self.further(plain, lead)
        for way in ADJUSTED:
            own = [next((r for r in rows if _adjustment(r) == way), None) for rows in every]
            if any(own):
                yield self.label("p", way), *(_bracket(_p(row)) for row in own)

    def errors(self, head: str, lead: Sequence[Row | None], ways: Sequence[str]) -> Iterator[Line]:
        """Yield errors in round brackets, on a line of their own where the inference differs."""
        others: dict[tuple[str, str], list[str]] = {}
        for at, (row, way) in enumerate(zip(lead, ways, strict=True)):
            if row and (error := _below(row, head)):
                same = row["inference"] in ("", way)
                kind = "interval" if error.startswith("[") else "se"
                key = ("", "") if same else (kind, row["inference"])
                others.setdefault(key, [""] * len(lead))[at] = error
        for key, cells in sorted(others.items()):
            yield self.label(*key) if key[1] else "", *cells

    def further(self, every: Sequence[Sequence[Row]], lead: Sequence[Row | None]) -> Iterator[Line]:
        """Yield the error of each other way of inference, its p-value where it has no error."""
        for way in dict.fromkeys(row["inference"] for rows in every for row in rows):
            others = [
                next((r for r in rows if r["inference"] == way and not _same(r, own)), None)
                for rows, own in zip(every, lead, strict=True)
            ]
            known = [row for row in others if row]
            kind = "p" if way.startswith("wild") or not any("se" in row for row in known) else "se"
            cells = [
                _p(row) if kind == "p" else _number(row["se"]) if row else "" for row in others
            ]
            if any(cells):
                yield self.label(kind, way), *map(_bracket, cells)

    def label(self, kind: str, way: str) -> str:
        """Return what the errors or p-values of a way of inference are called."""
        return self.told(f"journal_{kind}", inference=way_of(way, self.say))

    def foot(self, columns: Mapping[Ids, Column], first: Sequence[Row]) -> Iterator[Line]:
        """Yield controls, effects and counts; inference is that of the first estimate."""
        yield from self.settings(columns)
        yield (
            self.told("mech_inference"),
            *(way_of(row["inference"], self.say)[self.lang] for row in first),
        )
        for field in ("clusters", "n", "cities", "years"):
            cells = (f"{row[field]:,}" if row[field] else NONE for row in first)
            yield self.told(f"journal_{field}"), *cells
        if any(row.get("r2") is not None for row in first):
            yield self.told("journal_r2"), *(_number(row.get("r2"), 3) for row in first)

    def settings(self, columns: Mapping[Ids, Column]) -> Iterator[Line]:
        """Yield whether columns have controls, and their effects."""
        if self.part == "baseline":
            known = {(name,) for name in self.found["controls"]}
            words = (_word(known & set(column)) for column in columns.values())
            yield self.told("journal_controls"), *map(self.told, words)
        elif self.part in CONTROLLED and "baseline" in self.found["parts"]:
            word = self.told(_word(self.controlled()))
            yield self.told("journal_controls"), *(word for _ in columns)
        if self.part in WITH_EFFECTS:
            yield self.told("journal_city_effects"), *(self.told("journal_yes") for _ in columns)
            words = (
                "journal_by_province" if key[0] == "province_year" else "journal_yes"
                for key in columns
            )
            yield self.told("journal_year_effects"), *map(self.told, words)

    def controlled(self) -> bool:
        """Whether the outcome and the index have controls, as the baseline says."""
        known = set(self.found["controls"])
        return any(
            row["term"] in known and (row["outcome"], row["treatment"]) == self.pair
            for row in self.found["parts"]["baseline"]["rows"]
        )


def _known(row: Mapping[str, Any]) -> Row:
    return {key: value for key, value in row.items() if value is not None}


def _adjustment(row: Row) -> str:
    """Return how the p-value of a row was adjusted for the number of tests; "" if it was not."""
    own = (row["note"], row["inference"])
    return next((way for way in own if way in ADJUSTED), "")


def _first(column: Column) -> Row:
    """Return the first estimate of a column that has an error, else the first."""
    leads = [cautious_row(rows) or rows[0] for rows in column.values()]
    own = next((row for row in leads if "se" in row), leads[0])
    rows: Iterable[Row] = (row for rows in column.values() for row in rows)
    r2 = next((row["r2"] for row in rows if "r2" in row), None)
    return {**own, "r2": r2}


def _same(row: Row, other: Row | None) -> bool:
    return other is not None and row["inference"] == other["inference"]


def _word(yes: object) -> str:
    return "journal_yes" if yes else "journal_no"


def _number(value: float | None, digits: int = 0) -> str:
    if digits and value is not None:
        return f"{value:.{digits}f}".replace("-", "−")
    return figure_of(value, sign=False)


def _estimate(row: Row | None, head: str) -> str:
    if row is None:
        return ""
    mark = "" if head in NO_TESTS else stars(row.get("p"))
    return _number(row.get("estimate"), 3 if head in DECIMALS else 0) + mark


def _p(row: Row | None) -> str:
    return p_words(row["p"]) if row and "p" in row else ""


def _bracket(text: str) -> str:
    return f"[{text}]" if text else ""


def _below(row: Row, head: str) -> str:
    """Return the error of an estimate in brackets; its interval where it has no error."""
    if "estimate" not in row:
        return ""
    if "se" in row and head not in BOUNDS:
        return f"({_number(row['se'])})"
    return _bracket(interval_of(row, sign=False).replace(" … ", ", "))


def _yearly(term: str) -> bool:
    """Whether a term is Moran's I of one year, which stands without its error."""
    head, _, year = term.partition(":")
    return head == "moran" and year.isdigit()
