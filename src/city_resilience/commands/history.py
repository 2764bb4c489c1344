"""``models history``: who was champion of a registered model, since when, and why."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import click

from city_resilience.commands.options import store_option

if TYPE_CHECKING:
    from city_resilience.tracking.champions import Change

__all__ = ["champion_history", "command", "show"]

COLUMNS = (
    ("champion", "{version:}"),
    ("before", "{previous:}"),
    ("since (UTC)", "{at}"),
    ("how", "{how}"),
    ("reason", "{reason}"),
)


def champion_history(model: str = "", store: str = "") -> list[Change]:
    """Return who was champion of a registered model, the first one first, and why.

    Parameters
    ----------
    model : str
        Its name; may be left out where the store holds only one.

    Raises
    ------
    InputError
        If there is no such store or model.
    """
    from city_resilience.tracking.champions import history_of
    from city_resilience.tracking.registry import find_name
    from city_resilience.tracking.store import open_store

    opened = open_store(store, create=False)
    return history_of(find_name(model, opened), opened)


@click.command("history")
@click.argument("model", required=False, default="")
@store_option
def command(model: str, store: str) -> None:
    """Show who was champion, since when, and why.

    MODEL may be left out where the store holds only one.

    \b
    Example:
      city-resilience models history china_prefecture
    """
    show(champion_history(model, store))


def show(changes: Iterable[Change]) -> None:
    """Show who was champion."""
    from city_resilience.commands.console import open_console, table_of
    from city_resilience.report.texts import words

    records = [
        vars(own) | {"how": words(f"champion_{own.how}", "en"), "at": own.at or "not known"}
        for own in changes
    ]
    open_console().print(table_of("", COLUMNS, records))
