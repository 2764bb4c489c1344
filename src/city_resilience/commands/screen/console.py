"""The terminal: how wide it is, how progress shows, and text of which parts come from data."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from rich.console import Console

from city_resilience.progress import Progress

__all__ = ["open_console", "progress_bars", "say"]

WIDE = 120


def open_console() -> Console:
    """Return a console that is wide enough for the tables where there is no terminal."""
    console = Console()
    return console if console.is_terminal else Console(width=WIDE)


@contextmanager
def progress_bars() -> Iterator[Progress]:
    """Show one bar per kind of work on standard error, if that is a terminal."""
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


def say(console: Console, text: str, style: str | None = None) -> None:
    """Print text of which parts come from the data: no markup, no control characters."""
    plain = "".join(letter if letter.isprintable() else "\ufffd" for letter in text)
    console.print(plain, style=style, markup=False, highlight=False, soft_wrap=True)
