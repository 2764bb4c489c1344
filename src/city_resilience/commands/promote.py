"""``promote``: a registered version becomes the champion, if the gate lets it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from city_resilience.commands.console import echo
from city_resilience.commands.options import store_option

if TYPE_CHECKING:
    from city_resilience.tracking.gate import Promotion

__all__ = ["command", "promote", "show"]


def promote(reference: str, *, store: str = "", force: bool = False) -> Promotion:
    """Make a registered version the champion.

    Parameters
    ----------
    reference : str
        NAME@alias or NAME/VERSION.
    store : str
        Tracking store, see ``resolve_store``.
    force : bool
        Whatever the gate says.

    Raises
    ------
    InputError
        If there is no such store or version.
    GateRefused
        If its errors are not lower than the champion's and its recipe is another.
    """
    from city_resilience.tracking import gate
    from city_resilience.tracking.registry import find_version
    from city_resilience.tracking.store import open_store

    opened = open_store(store, create=False)
    return gate.promote(find_version(reference, opened), opened, force=force)


@click.command("promote")
@click.argument("reference")
@click.option("--force", is_flag=True, help="Promote even if the gate refuses.")
@store_option
def command(reference: str, force: bool, store: str) -> None:
    """Make a registered version the champion; exit with 3 if the gate refuses.

    A version passes the gate if it has the recipe of the champion (the same experiment on newer
    data), or if its mean yearly error on the common rows is lower.

    \b
    Example:
      city-resilience promote china_prefecture@challenger
    """
    show(promote(reference, store=store, force=force))


def show(done: Promotion) -> None:
    """Say which version is champion now, and why."""
    from city_resilience.report.texts import words

    if done.reason == "already":
        echo(f"{done.version.reference} is the champion already")
        return
    why = done.verdict.words() if done.verdict else words(f"promoted_{done.reason}", "en")
    echo(f"{done.version.reference} is champion now ({why})")
