"""``models issued``: what was issued of a model, verified."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from city_resilience.commands.options import record_option, store_option

if TYPE_CHECKING:
    from city_resilience.issued.record import Issues

__all__ = ["command", "show"]


@click.command("issued")
@click.argument("name", default="")
@record_option
@store_option
def command(name: str, record: Path | None, store: str) -> None:
    """Check the record of a model and list what was issued; without NAME, of its only model.

    \b
    Example:
      city-resilience models issued china_prefecture
    """
    from city_resilience.commands.recording import record_folder
    from city_resilience.issued.record import read_issues

    show(read_issues(record_folder(record, store), name))


def show(issues: Issues) -> None:
    """Show what was issued of a model, the last one first."""
    from city_resilience.commands.console import open_console, table_of

    stands = {one.id for one in issues.standing}
    records = [
        {
            "id": one.id,
            "status": one.status,
            "issued": f"{one.issued_at:%Y-%m-%d %H:%M}",
            "known": one.known_from.isoformat(),
            "vintage": one.vintage,
            "version": one.version or f"bundle {one.model_digest[:12]}",
            "stands": "" if one.id in stands else "superseded",
            "greyed": one.id not in stands,
        }
        for one in reversed(issues.issued)
    ]
    columns = [
        ("issue", "{id}"),
        ("status", "{status}"),
        ("issued (UTC)", "{issued}"),
        ("outcomes known from", "{known}"),
        ("data of", "{vintage}"),
        ("model", "{version}"),
        ("", "{stands}"),
    ]
    title = f"Issued forecasts of {issues.model}, verified"
    open_console().print(table_of(title, columns, records))
