"""Where rows stand in the tables of a journal: in which table, column and line of their part."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from city_resilience.report.mechanisms_rows import label_of, model_of, named_by
from city_resilience.report.texts import Both, Texts, both

__all__ = [
    "MOST_COLUMNS",
    "NO_TESTS",
    "Spot",
    "heads_of",
    "in_order",
    "line_name",
    "packed",
    "spot_of",
]

MOST_COLUMNS = 6
NO_TESTS = (
    *("share", "rho_zero", "indirect_at", "r2_unexplained", "r2_all", "r2", "split"),
    *("robustness_value", "threshold", "breakdown", "honest", "forbidden", "negative"),
)
"""Terms whose p-value, if any, is no test that the figure is zero: they have no stars."""
_NUMBERED = ("threshold", "regime", "indirect_at")
_COMPARED = ("equality", "change")
Row = Mapping[str, Any]
Ids = tuple[str, ...]


@dataclass(frozen=True)
class Spot:
    """The place of a row.

    Attributes
    ----------
    table : str
        Id of the table within its part; "" where the part has one.
    column, line : tuple of str
        Ids; those of a line begin with the kind of its term.
    """

    table: str
    column: Ids
    line: Ids


def spot_of(part: str, row: Row) -> Spot:
    """Return where a row of a part stands."""
    return _LAYOUTS.get(part, _by_model)(row)


def _by_model(row: Row) -> Spot:
    return Spot("", (row["model"], row["part_of"]), (row["term"],))


def _by_variable(row: Row) -> Spot:
    kind, name = _kind_and_name(row["term"])
    return Spot("", (name,), (kind,))


def _by_place(row: Row) -> Spot:
    kind, name = _kind_and_name(row["term"])
    if kind in _COMPARED:
        return Spot(kind, (name,), (kind, row["model"]))
    kind = kind if kind == "difference" else "slope"
    return Spot("", tuple(row["part_of"].split("=", 1)), (kind, row["model"]))


def _kind_and_name(term: str) -> tuple[str, str]:
    """Return the kind of a term, with its number, and the column or group it is about.

    Examples
    --------
    >>> _kind_and_name("threshold:1:ln:population"), _kind_and_name("indirect:patents")
    (('threshold:1', 'ln:population'), ('indirect', 'patents'))
    """
    head, _, rest = term.partition(":")
    if head not in _NUMBERED:
        return head, rest
    number, _, name = rest.partition(":")
    return f"{head}:{number}", name


_LAYOUTS: Mapping[str, Callable[[Row], Spot]] = {
    "channels": _by_variable,
    "thresholds": _by_variable,
    "places": _by_place,
}


def heads_of(
    found: Mapping[str, Any], part: str, table: str, columns: Sequence[Ids], say: Texts
) -> Iterator[list[Both]]:
    """Yield the lines above the columns of a table."""
    if part == "places" and table != "change":
        yield [say.name("group", ids[0]) for ids in columns]
        if not table:
            yield [say.level(*ids) if len(ids) > 1 else _nothing() for ids in columns]
    elif part in _LAYOUTS:
        yield [label_of(found, ids[0], say) for ids in columns]
    else:
        yield [model_of(ids[0], say) for ids in columns]


def _nothing() -> Both:
    return both(lambda _: "")


def line_name(found: Mapping[str, Any], part: str, line: Ids, say: Texts) -> Both:
    """Return what a line is called."""
    if part != "places":
        return named_by(found, line[0], say)
    return say("journal_of_model", what=say(f"mech_term_{line[0]}"), model=model_of(line[1], say))


def in_order(lines: Iterable[Ids]) -> list[Ids]:
    """Return lines by kind, kinds as they first come, and by their number where they have one.

    Examples
    --------
    >>> in_order([("event:0",), ("rho",), ("event:-2",), ("event:10",)])
    [('event:-2',), ('event:0',), ('event:10',), ('rho',)]
    """
    every = list(dict.fromkeys(lines))
    heads = list(dict.fromkeys(line[0].partition(":")[0] for line in every))
    return sorted(every, key=lambda line: (heads.index(line[0].partition(":")[0]), _number(line)))


def _number(line: Ids) -> float:
    try:
        return float(line[0].partition(":")[2])
    except ValueError:
        return float("-inf")


def packed(part: str, columns: Iterable[Ids]) -> list[list[Ids]]:
    """Divide columns over tables of at most `MOST_COLUMNS`; levels of a group stay together."""
    if part != "places":
        own = list(columns)
        return [own[at : at + MOST_COLUMNS] for at in range(0, len(own), MOST_COLUMNS)]
    groups: dict[str, list[Ids]] = {}
    for ids in columns:
        groups.setdefault(ids[0], []).append(ids)
    tables: list[list[Ids]] = []
    for own in groups.values():
        for at in range(0, len(own), MOST_COLUMNS):
            piece = own[at : at + MOST_COLUMNS]
            if tables and len(tables[-1]) + len(piece) <= MOST_COLUMNS:
                tables[-1].extend(piece)
            else:
                tables.append(piece)
    return tables
