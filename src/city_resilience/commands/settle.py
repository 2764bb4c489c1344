"""The lines that settle the errors of an audit, written into an experiment file."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from city_resilience.errors import InputError
from city_resilience.experiment.added_lines import toml_string
from city_resilience.foreign import read_text

if TYPE_CHECKING:
    from city_resilience.audit.audit import AuditResult
    from city_resilience.audit.settling import Settling

__all__ = ["settle_errors", "settled_text"]


def settled_text(path: Path, settling: Settling) -> str:
    """Return the text of an experiment file with the lines added; the file itself stays.

    Raises
    ------
    InputError
        If it is no experiment file, or would be none with them.
    """
    from city_resilience.experiment.added_lines import add_lines
    from city_resilience.experiment.load import MOST_BYTES, load_experiment

    text = read_text(path, MOST_BYTES, "name an experiment file")
    try:
        text = add_lines(text, "data.corrections", settling.corrections)
        text = add_lines(text, "audit.accept", settling.accept)
    except InputError as error:
        raise InputError(f"{path}: {error}") from error
    load_experiment(path, text=text)
    return text


def settle_errors(audit: AuditResult, path: Path, *, yes: bool) -> bool:
    """Show the lines that settle the errors, ask, and write them; return whether they were.

    Parameters
    ----------
    audit : AuditResult
        As the experiment file reads the panel.
    path : Path
        The experiment file.
    yes : bool
        Write without asking.

    Raises
    ------
    InputError
        If nobody can be asked, or the file cannot take the lines; it stays as it is then.
    """
    from city_resilience.audit.settling import settling_of
    from city_resilience.commands.console import open_console, say
    from city_resilience.experiment.load import load_experiment
    from city_resilience.files import write_bytes

    experiment, console = load_experiment(path), open_console()
    set_already = {*experiment.data.corrections, *experiment.audit.accept}
    settling = settling_of(audit.errors, set_already)
    for line in _lines(settling, path):
        say(console, line)
    if not settling.count:
        say(console, f"{path}: nothing to add")
        return False
    text = settled_text(path, settling)
    if not (yes or _agreed(path)):
        say(console, f"{path}: nothing written")
        return False
    write_bytes(text.encode(), path.resolve())
    say(console, f"{path}: {settling.count} line{'s' * (settling.count > 1)} added")
    if new := sum(issue.level == "error" for issue in audit.unmasked):
        say(console, f"{new} error{'s' * (new > 1)} will appear now: run the same command again")
    return True


def _agreed(path: Path) -> bool:
    if not sys.stdin.isatty():
        raise InputError(f"{path}: nothing is written without being asked; add --yes")
    return click.confirm(f"Write these lines into {path}?")


def _lines(settling: Settling, path: Path) -> Iterator[str]:
    """Yield the lines as they would stand in the file, and what no line settles."""
    tables = {"data.corrections": settling.corrections, "audit.accept": settling.accept}
    if settling.count:
        yield f"Lines for {path}:"
    for table, values in tables.items():
        if values:
            yield f"[{table}]"
        for key, value in values.items():
            yield " = ".join(toml_string(one) for one in (key, value))
    for issue in settling.left:
        yield f"No line settles this: {issue}"
