"""Tables of the report as values: heads and cells in both languages, for page and terminal alike.

One function a table, from the summary to a `Table`; the page's template and the terminal only lay
it out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from city_resilience.evaluation.candidates import HISTORY_ONLY
from city_resilience.evaluation.scores import WITHOUT_BREAKS
from city_resilience.models.interval_rows import EVENTS
from city_resilience.report.coverage import LIVE
from city_resilience.report.formatting import interval, percent, signed, unsigned
from city_resilience.report.texts import Both, Texts, both

__all__ = [
    "Cell",
    "Head",
    "Row",
    "Table",
    "chances_table",
    "coverage_table",
    "driver_groups_table",
    "group_name",
    "groups_table",
    "heads",
    "interval_groups_table",
    "level_name",
    "skill_table",
    "tone",
    "weights_table",
    "years_table",
]

Text = Both | str
Found = Mapping[str, Any]


@dataclass(frozen=True)
class Head:
    """The head of a column: its text, what it means, and a smaller line below."""

    text: Text
    numeric: bool = False
    title: Text = ""
    sub: Text = ""


@dataclass(frozen=True)
class Cell:
    """One cell.

    Attributes
    ----------
    text : str or language → text
    lines : tuple of str or language → text
        Smaller lines below.
    tone : str
        "up", "down", "muted", "dead" or none.
    tags : tuple of (kind, text)
        Short labels behind the text.
    title : str or language → text
        What a reader gets who points at it.
    span : int
        Columns it takes.
    share : float or None
        How strongly it is shaded, 0 to 1.
    """

    text: Text
    lines: tuple[Text, ...] = ()
    tone: str = ""
    tags: tuple[tuple[str, Text], ...] = ()
    title: Text = ""
    span: int = 1
    share: float | None = None


@dataclass(frozen=True)
class Row:
    """One row; ``kind`` is "served", "live", "first" (of a group) or none."""

    cells: tuple[Cell, ...]
    kind: str = ""


@dataclass(frozen=True)
class Table:
    """Heads and rows; the cell at ``header`` names its row."""

    heads: tuple[Head, ...]
    rows: tuple[Row, ...]
    header: int = 0


def heads(say: Texts, *keys: str) -> tuple[Head, ...]:
    """Return heads by the keys of their texts; a key that ends in ``#`` is of numbers.

    What a head means stands under its key with ``_long``.
    """
    return tuple(
        Head(say(key), key != marked, say.describe(key))
        for marked in keys
        for key in (marked.removesuffix("#"),)
    )


def tone(value: float | None) -> str:
    """Return the colour of a figure that is better the larger it is."""
    if value is None or abs(value) < 0.005:
        return ""
    return "up" if value > 0 else "down"


def skill_table(part: Found, say: Texts) -> Table:
    """Scores of every model at a horizon."""
    columns = ("model", "mae#", "rmse#", "rank_correlation#", "sign_hit#", "skill_naive#")
    return Table(
        heads(say, *columns, "skill_history#", "difference_history#"),
        tuple(
            Row(tuple(_skill_cells(row, say)), "served" if row["served"] else "")
            for row in part["skill"]
        ),
    )


def _skill_cells(row: Found, say: Texts) -> Iterable[Cell]:
    tags = [(row["kind"], say(f"kind_{row['kind']}"))]
    tags += [("on", say("served"))] if row["served"] else []
    tags += [("best", say("best_naive"))] if row["best_naive"] else []
    yield Cell(say.model(row["model"]), tags=tuple(tags))
    yield from (Cell(unsigned(row[name])) for name in ("mae", "rmse", "rank_correlation"))
    yield Cell(percent(row["sign_hit_rate"]))
    yield from (
        Cell(signed(row[name]), tone=tone(row[name])) for name in ("skill_naive", "skill_history")
    )
    low, high = row["difference_low"], row["difference_high"]
    bounds = () if low is None or high is None else (interval(low, high),)
    yield Cell(signed(row["difference_history"]), bounds)


def years_table(part: Found, say: Texts) -> Table:
    """Mean absolute errors by origin year: served, best naive, history only."""
    found = part["headline"]
    models = {"served": found["served"], "naive": found["naive"], "history": HISTORY_ONLY}
    errors = part["years"]["mae"]
    shown = [role for role in models if any(value is not None for value in errors[role])]
    names = tuple(Head(say.model(models[role]), numeric=True) for role in shown)
    return Table(
        (*heads(say, "origin_year"), *names),
        tuple(
            Row((Cell(str(year)), *(Cell(unsigned(errors[role][i])) for role in shown)))
            for i, year in enumerate(part["years"]["years"])
        ),
    )


def groups_table(part: Found, say: Texts) -> Table:
    """Scores within groups of cities."""

    def figures(row: Found) -> Iterable[Cell]:
        yield from (Cell(unsigned(row[name])) for name in ("mae", "mae_naive", "mae_history"))
        yield Cell(signed(row["skill_naive"]), tone=tone(row["skill_naive"]))
        yield Cell(unsigned(row["rank_correlation"]))

    columns = ("rows#", "mae_served#", "mae_naive#", "mae_history#", "skill_naive#")
    return _grouped(part["groups"], (*columns, "rank_correlation#"), figures, say)


def interval_groups_table(part: Found, say: Texts) -> Table:
    """Coverage and width of the intervals within groups of cities."""

    def figures(row: Found) -> Iterable[Cell]:
        low = row["coverage"] is not None and row["coverage"] < 0.8
        yield Cell(percent(row["coverage"]), tone="down" if low else "")
        yield Cell(unsigned(row["width"], 1))
        yield Cell(percent(row["coverage_80"]))

    columns = ("rows#", "covered_90#", "width_90#", "covered_80#")
    return _grouped(part["intervals"]["groups"], columns, figures, say)


def driver_groups_table(part: Found, say: Texts) -> Table:
    """Mean contributions of the families within groups of cities."""
    groups = part["driver_groups"]
    families = [family for family, *_ in groups[0]["families"]] if groups else []

    def figures(row: Found) -> Iterable[Cell]:
        return (Cell(unsigned(size), (signed(mean),)) for _, size, mean in row["families"])

    names = tuple(Head(say.name("family", family), numeric=True) for family in families)
    return _grouped(groups, ("cities_count#",), figures, say, names)


def _grouped(
    rows: Sequence[Found],
    columns: Sequence[str],
    figures: Callable[[Found], Iterable[Cell]],
    say: Texts,
    more: tuple[Head, ...] = (),
) -> Table:
    """Lay out rows by group and level, the group named once, a small group without figures."""
    head = (*heads(say, "group", "level", *columns), *more)
    made, before = [], None
    for row in rows:
        new = row["group"] != before
        own = figures(row)
        if row["withheld"]:
            own = (Cell(say("withheld"), tone="muted withheld", span=len(head) - 3),)
        first = Cell(group_name(row["group"], say) if new else "")
        cells = (first, Cell(level_name(row["group"], row["level"], say)), _count(row["n"]), *own)
        made.append(Row(cells, "first" if new and before is not None else ""))
        before = row["group"]
    return Table(head, tuple(made), header=1)


def _count(n: int | None) -> Cell:
    return Cell("–" if n is None else str(n))


def group_name(group: str, say: Texts) -> Both:
    """Return the name of a grouping of the gazetteer, else as the panel has it."""
    return say.name("group", group)


def level_name(group: str, level: str, say: Texts) -> Both:
    """Return the name of a group of cities, else as the panel has it."""
    if group == WITHOUT_BREAKS:
        return say("without_breaks_level")
    own = say.find(f"level_{group}_{level}")
    if own is None and say.find(f"group_{group}"):
        own = say.find(f"level_{level}")
    return own or both(lambda _: level)


def chances_table(part: Found, say: Texts) -> Table:
    """Stated probabilities and how often the event came to pass."""
    columns = [key for event in EVENTS for key in (f"{event}#", "came_to_pass#")]
    return Table(
        heads(say, "stated_chance", *columns),
        tuple(
            Row((Cell(f"{100 * row['low']:g}–{100 * row['high']:g}\u00a0%"), *_chances(row)))
            for row in part["intervals"]["chances"]
        ),
    )


def _chances(row: Found) -> Iterable[Cell]:
    for event in EVENTS:
        own = row["events"].get(event)
        if own is None:
            yield from (Cell("–"), Cell("–"))
        else:
            yield Cell(percent(own["probability"]))
            yield Cell(percent(own["frequency"]), (f"n = {own['n']}",))


def coverage_table(summary: Found, say: Texts) -> Table:
    """Share of cities with a value, by origin and family."""
    coverage = summary["coverage"]

    def cells(row: Found) -> tuple[Cell, ...]:
        tags = (("on", say("live_row")),) if row["live"] else ()
        shares = (_coverage_cell(own, row["live"], say) for own in row["cells"])
        return Cell(str(row["origin"]), tags=tags), *shares

    columns = []
    for i, family in enumerate(coverage["families"]):
        own = (row["cells"][i] for row in coverage["origins"])
        counts = (cell["indicators"] for cell in own if cell)
        n = next((count for count in counts if count is not None), None)
        sub = "" if n is None else say("indicators_count", n=n)
        columns.append(Head(say.name("family", family), numeric=True, sub=sub))
    return Table(
        (*heads(say, "origin"), *columns),
        tuple(Row(cells(row), "live" if row["live"] else "") for row in coverage["origins"]),
    )


def _coverage_cell(cell: Found | None, live: bool, say: Texts) -> Cell:
    if cell is None:
        return Cell("–")
    code = cell["status"]["code"]
    status = say(f"status_{code}", year=cell["status"]["year"])
    title = status
    if cell["used"] is not None:
        used = say("used_count", used=cell["used"], n=cell["indicators"])
        title = both(lambda lang: f"{status[lang]} · {used[lang]}")
    lines = [say("age_note", age=unsigned(cell["age"], 1))] if cell["age"] else []
    lines += [status] if live else []
    dead = code not in LIVE
    return Cell(
        percent(cell["share"]),
        tuple(lines),
        "dead" if dead else "",
        title=title,
        share=None if dead else cell["share"],
    )


def weights_table(summary: Found, say: Texts) -> Table:
    """Weights of the blend's members at each horizon."""
    run = summary["run"]
    names = tuple(Head(say.model(name), numeric=True) for name in run["members"])
    return Table(
        (*heads(say, "horizon"), *names),
        tuple(
            Row((Cell(str(row["horizon"])), *(Cell(unsigned(w)) for w in row["weights"])))
            for row in run["weights"]
        ),
    )
