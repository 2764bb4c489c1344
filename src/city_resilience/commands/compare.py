"""``compare``: two registered versions, year by year."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click

from city_resilience.commands.options import store_option

if TYPE_CHECKING:
    import pandas as pd

    from city_resilience.tracking.verdict import Verdict

__all__ = ["command", "compare", "show"]

COLUMNS = (
    ("horizon", "{horizon}"),
    ("origin", "{origin}"),
    ("challenger", "{challenger:.3f}"),
    ("champion", "{champion:.3f}"),
    ("difference", "{difference:+.3f}"),
)


def _by_period(pairs: pd.DataFrame) -> Iterator[dict[str, Any]]:
    """Yield the origins of each horizon; below them the mean of each period where there are two."""
    from city_resilience.evaluation.periods import periods

    for horizon, rows in pairs.groupby("horizon"):
        yield from ({str(key): own for key, own in row.items()} for row in rows.to_dict("records"))
        found = periods(rows["origin"])
        for period in found if len(found) > 1 else ():
            own = rows[rows["origin"].between(period.first, period.last)]
            means = own[["challenger", "champion", "difference"]].mean().to_dict()
            yield {"horizon": horizon, "origin": period.level, "served": period.recent, **means}


def compare(challenger: str, champion: str | None = None, *, store: str = "") -> Verdict:
    """Return the gate's verdict on two registered versions, from the backtests of their runs.

    Parameters
    ----------
    challenger, champion : str
        NAME@alias or NAME/VERSION; the champion of the challenger's name when it is not given.
    store : str
        Tracking store, see ``resolve_store``.

    Raises
    ------
    InputError
        If there is no such store or version.
    """
    from city_resilience.tracking.gate import judge_versions
    from city_resilience.tracking.registry import find_version
    from city_resilience.tracking.store import open_store

    opened = open_store(store, create=False)
    left = find_version(challenger, opened)
    right = find_version(champion or f"{left.name}@champion", opened)
    return judge_versions(left, right, opened)


@click.command("compare")
@click.argument("challenger")
@click.argument("champion", required=False)
@store_option
def command(challenger: str, champion: str | None, store: str) -> None:
    """Compare two registered versions year by year on their common rows.

    \b
    Example:
      city-resilience compare china_prefecture@challenger china_prefecture@champion
    """
    show(compare(challenger, champion, store=store))


def show(verdict: Verdict) -> None:
    """Show the gate's verdict, year by year."""
    from city_resilience.commands.console import open_console, say, table_of

    console = open_console()
    pairs = verdict.paired.pairs
    pairs = pairs.assign(difference=pairs["challenger"] - pairs["champion"])
    if len(pairs):
        console.print(table_of("MAE", COLUMNS, _by_period(pairs)))
    say(console, verdict.words())
