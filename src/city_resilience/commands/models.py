"""``models``: registered models listed and exported."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from city_resilience.commands.console import echo
from city_resilience.commands.options import PATH, store_option

if TYPE_CHECKING:
    from city_resilience.tracking.registry import ModelVersion

__all__ = ["command", "show"]

COLUMNS = (
    ("model", "{version.name}"),
    ("version", "{version.version}"),
    ("aliases", "{aliases}"),
    ("origin", "{tags[origin]}"),
    ("MAE h=1", "{tags[mae_h1]}"),
    ("last four", "{tags[mae_recent_h1]}"),
    ("created (UTC)", "{version.created}"),
    ("data", "{tags[fingerprint]}"),
)


NOWCAST = ("nowcast h=1", "{nowcast}")
"""Column where any version has one: its error, that of the forecast beside it, its releases."""


@click.group("models")
def command() -> None:
    """List and export registered models."""


@command.command("list")
@store_option
def _list(store: str) -> None:
    """List all registered versions, their aliases, origins and errors.

    \b
    Example:
      city-resilience models list --store .city-resilience
    """
    from city_resilience.tracking.registry import list_models
    from city_resilience.tracking.store import open_store

    show(list_models(open_store(store, create=False)))


@command.command("export")
@click.argument("reference")
@click.argument("folder", type=PATH)
@store_option
def _export(reference: str, folder: Path, store: str) -> None:
    """Write the portable bundle of a registered version to a folder.

    \b
    Example:
      city-resilience models export china_prefecture@champion models/china_prefecture
    """
    from city_resilience.commands.stored import find_stored
    from city_resilience.models.bundle import copy_bundle

    echo(f"Model: {copy_bundle(find_stored(reference, store).folder, folder)}")


def show(versions: Iterable[ModelVersion]) -> None:
    """Show registered versions."""
    from city_resilience.commands.console import open_console, table_of

    records = [
        {
            "version": own,
            "tags": defaultdict(str, own.tags),
            "aliases": ", ".join(own.aliases),
            "nowcast": _nowcast(own.tags),
        }
        for own in versions
    ]
    told = any(own["nowcast"] for own in records)
    open_console().print(table_of("", (*COLUMNS, *([NOWCAST] if told else [])), records))


def _nowcast(tags: Mapping[str, str]) -> str:
    if "nowcast_mae_h1" not in tags:
        return ""
    own, forecast = (float(tags[f"nowcast_{name}_h1"]) for name in ("mae", "forecast_mae"))
    return f"{own:.3f} (forecast {forecast:.3f}), {tags['nowcast']}"
