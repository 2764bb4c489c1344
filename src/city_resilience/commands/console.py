"""The terminal: how wide it is, how progress shows, tables, and text that comes from data."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from city_resilience.progress import Progress

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from city_resilience.report.tables import Table as ReportTable
    from city_resilience.report.texts import Both

__all__ = ["number", "open_console", "progress_bars", "report_table", "say", "table_of"]

WIDE = 120


def open_console() -> Console:
    """Return a console that is wide enough for the tables where there is no terminal."""
    from rich.console import Console

    console = Console()
    return console if console.is_terminal else Console(width=WIDE)


@contextmanager
def progress_bars() -> Iterator[Progress]:
    """Show one bar per kind of work on standard error, if that is a terminal."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bars

    columns = (
        TextColumn("{task.description}"),
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


def table_of(
    title: str,
    heads: Sequence[str],
    rows: Iterable[Sequence[str]],
    *,
    left: Sequence[str] = (),
    bold: int | None = None,
) -> Table:
    """Lay rows of text out as a table.

    Parameters
    ----------
    heads : sequence of str
        The first column and those named in ``left`` stand at the left, numbers at the right.
    bold : int
        Place of a row that stands out.
    """
    from rich.table import Table

    table = Table(title=title, title_justify="left", caption_justify="left")
    for place, head in enumerate(heads):
        table.add_column(head, justify="right" if place and head not in left else "left")
    for place, row in enumerate(rows):
        table.add_row(*row, style="bold" if place == bold else None)
    return table


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
        cells = ("\n".join(filter(None, map(said, (c.text, *c.lines)))) for c in row.cells)
        table.add_row(*map(Text, cells))
    return table


def number(value: float | None, form: str) -> str:
    """Format a number; "" where it is unknown.

    Examples
    --------
    >>> number(0.25, "{:+.1%}")
    '+25.0%'
    """
    return "" if value is None or value != value else form.format(value)  # noqa: PLR0124 NaN


def say(console: Console, text: str, style: str | None = None) -> None:
    """Print text of which parts come from the data: no markup, no control characters."""
    plain = "".join(letter if letter.isprintable() else "\ufffd" for letter in text)
    console.print(plain, style=style, markup=False, highlight=False, soft_wrap=True)
