"""``promote``: a registered version becomes the champion, if the gate lets it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from city_resilience.commands.console import echo
from city_resilience.commands.options import store_option

if TYPE_CHECKING:
    from city_resilience.tracking.gate import Promotion

__all__ = ["command", "promote", "show"]


def promote(reference: str, *, store: str = "", force: bool = False, reason: str = "") -> Promotion:
    """Make a registered version the champion.

    Parameters
    ----------
    reference : str
        NAME@alias or NAME/VERSION.
    store : str
        Tracking store, see ``resolve_store``.
    force : bool
        Also if the gate refuses; a reason must say why.
    reason : str
        Kept in the history of champions.

    Raises
    ------
    InputError
        If there is no such store or version, or a forced promotion has no reason.
    GateRefused
        If the gate refuses. What may never take the champion's place, and what has older data, is
        refused also if forced.
    """
    from city_resilience.tracking import gate
    from city_resilience.tracking.registry import find_version
    from city_resilience.tracking.store import open_store

    opened = open_store(store, create=False)
    return gate.promote(find_version(reference, opened), opened, force=force, reason=reason)


@click.command("promote")
@click.argument("reference")
@click.option("--force", is_flag=True, help="Promote even if the gate refuses; with --reason.")
@click.option("--reason", default="", help="Why; kept in the history of champions.")
@store_option
def command(reference: str, force: bool, reason: str, store: str) -> None:
    """Make a registered version the champion; exit with 3 if the gate refuses.

    A version passes if it has the recipe of the champion on newer or revised data, or if its
    errors, its coverage and its drivers keep the rules of [gate] in its experiment. With older
    data it is a rollback. One with audit errors, too few cities or an outcome in another unit is
    refused whatever is given.

    \b
    Examples:
      city-resilience promote china_prefecture@challenger
      city-resilience promote mine/3 --force --reason "the new census replaces the old one"
    """
    show(promote(reference, store=store, force=force, reason=reason))


def show(done: Promotion) -> None:
    """Say which version is champion now, and why."""
    from city_resilience.report.texts import words

    if done.reason == "already":
        echo(f"{done.version.reference} is the champion already")
        return
    how = words(f"champion_{done.reason}", "en")
    echo(f"{done.version.reference} is champion now ({how}{': ' * bool(done.why)}{done.why})")
