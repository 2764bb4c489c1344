"""The terminal: how wide it is, how progress shows, tables, and text that comes from data."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from string import Formatter
from typing import TYPE_CHECKING, Any

import click

from city_resilience.progress import Progress

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from city_resilience.report.tables import Table as ReportTable
    from city_resilience.report.texts import Both

__all__ = ["echo", "open_console", "progress_bars", "report_table", "say", "table_of", "visible"]

WIDE = 120


def visible(text: str) -> str:
    r"""Return a text without what a terminal obeys or hides; lines and wide spaces stay.

    Examples
    --------
    >>> visible("a\x1b[31mb\u202ec"), visible("甲\u3000市")
    ('a�[31mb�c', '甲\u3000市')
    """
    if text.isprintable():
        return text
    return "".join(letter if _is_visible(letter) else "\ufffd" for letter in text)


def _is_visible(letter: str) -> bool:
    return letter.isprintable() or letter == "\n" or unicodedata.category(letter) == "Zs"


def echo(text: str, *, err: bool = False) -> None:
    """Print a line, on standard error if asked; of a name only what is `visible`."""
    click.echo(visible(text), err=err)


def open_console() -> Console:
    """Return a console that takes no text for markup and lets only what is `visible` out.

    It is wide enough for the tables where there is no terminal.
    """
    from city_resilience.commands.plain_console import PlainConsole

    console = PlainConsole(markup=False, highlight=False, emoji=False)
    if not console.is_terminal:
        console.width = WIDE
    return console


@contextmanager
def progress_bars() -> Iterator[Progress]:
    """Show one bar per kind of work on standard error, if that is a terminal."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bars

    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    console = Console(stderr=True)
    with Bars(*columns, console=console, disable=not console.is_terminal) as bars:
        tasks: dict[str, Any] = {}

        def progress(what: str, done: int, total: int, /) -> None:
            if what not in tasks:
                tasks[what] = bars.add_task(what, total=total)
            bars.update(tasks[what], completed=done)

        yield progress


def report_table(own: ReportTable) -> Table:
    """Lay a table of the report out, in English: smaller lines of a cell stand below it."""
    from rich.table import Table
    from rich.text import Text

    def said(text: Both | str) -> str:
        return text if isinstance(text, str) else text["en"]

    table = Table()
    for head in own.heads:
        table.add_column(said(head.text), justify="right" if head.numeric else "left")
    for row in own.rows:
        cells = ("\n".join(filter(None, map(said, (c.text, *c.lines)))) for c in row)
        table.add_row(*map(Text, cells))
    return table


def table_of(
    title: str, columns: Sequence[tuple[str, str]], records: Iterable[Mapping[str, Any]]
) -> Table:
    """Lay records out as a table.

    Parameters
    ----------
    columns : sequence of (str, str)
        Heads and, for each, the format of a record, such as ``{mae:.3f}``; blank where a value is
        unknown. One with a colon stands at the right.
    records : iterable of mapping
        A record that is ``served`` stands out, one that is ``greyed`` is dim.
    """
    from rich.table import Table

    table = Table(title=title or None, title_justify="left", caption_justify="left")
    for head, form in columns:
        table.add_column(head, justify="right" if ":" in form else "left")
    for record in records:
        cells = (_filled(form, record) for _, form in columns)
        style = "bold" if record.get("served") else "dim" if record.get("greyed") else None
        table.add_row(*cells, style=style)
    return table


def _filled(form: str, record: Mapping[str, Any]) -> str:
    formatter = Formatter()
    names = [name for _, name, _, _ in formatter.parse(form) if name]
    values = [formatter.get_field(name, (), record)[0] for name in names]
    unknown = any(value is None or value != value for value in values)  # noqa: PLR0124 NaN
    return "" if unknown else form.format_map(record)


def say(console: Console, text: str, style: str | None = None) -> None:
    """Print a text of one line, however long: a name with a line break in it does not break it."""
    plain = visible(text).replace("\n", "\ufffd")
    console.print(plain, style=style, markup=False, highlight=False, soft_wrap=True)
