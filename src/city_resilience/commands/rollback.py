"""``rollback``: an earlier version becomes the champion again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from city_resilience.commands.options import store_option
from city_resilience.commands.promote import show

if TYPE_CHECKING:
    from city_resilience.tracking.gate import Promotion

__all__ = ["command", "rollback"]


def rollback(
    model: str = "", *, to: int | None = None, reason: str = "", store: str = ""
) -> Promotion:
    """Make the champion before this one, or a version on older data, the champion.

    Parameters
    ----------
    model : str
        Name of the registered model; may be left out where the store holds only one.
    to : int, optional
        Version to go back to; the champion before this one when it is not given.
    reason : str
        Kept in the history of champions.
    store : str
        Tracking store, see ``resolve_store``.

    Raises
    ------
    InputError
        If there is no such model or version, or it is no way back.
    GateRefused
        If that version was never champion and may never take the champion's place.
    """
    from city_resilience.tracking import rollback as way_back
    from city_resilience.tracking.store import open_store

    return way_back.rollback(model, open_store(store, create=False), to=to, reason=reason)


@click.command("rollback")
@click.argument("model", required=False, default="")
@click.option("--to", type=click.IntRange(1), metavar="VERSION", help="[the champion before]")
@click.option("--reason", default="", help="Why; kept in the history of champions.")
@store_option
def command(model: str, to: int | None, reason: str, store: str) -> None:
    """Go back to the champion before, or to a version on older data.

    MODEL may be left out where the store holds only one. No gate is asked about a version that was
    champion before. 'models history' shows who was.

    \b
    Examples:
      city-resilience rollback china_prefecture --reason "the new yearbook was withdrawn"
      city-resilience rollback china_prefecture --to 3
    """
    show(rollback(model, to=to, reason=reason, store=store))
