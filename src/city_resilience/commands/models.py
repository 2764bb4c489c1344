"""``models``: registered models listed, exported and signed."""

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
    """List, export and sign registered models."""


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
@click.option("--sign", "key", type=PATH, help="Sign the bundle with this Ed25519 private key.")
def _export(reference: str, folder: Path, store: str, key: Path | None) -> None:
    """Write the portable bundle of a registered version to a folder.

    \b
    Examples:
      city-resilience models export china_prefecture@champion models/china_prefecture
      city-resilience models export china_prefecture@champion models/signed --sign key.pem
    """
    from city_resilience.commands.stored import find_stored
    from city_resilience.models.bundle_copy import copy_bundle

    echo(f"Model: {copy_bundle(find_stored(reference, store).folder, folder, key=key)}")


@command.command("keys")
@click.argument("name", type=PATH)
def _keys(name: Path) -> None:
    """Make a private key, NAME.pem, and its public key, NAME.pub, for signatures.

    \b
    Example:
      city-resilience models keys key
    """
    from city_resilience.models.signature import make_keys

    private, public = make_keys(name)
    echo(f"Private key: {private} (keep it to yourself)")
    echo(f"Public key: {public}")


@command.command("sign")
@click.argument("folder", type=PATH)
@click.option("--key", required=True, type=PATH, help="Ed25519 private key in PEM.")
def _sign(folder: Path, key: Path) -> None:
    """Sign the bundle in a folder, for predict --require-signature.

    \b
    Example:
      city-resilience models sign models/china_prefecture --key key.pem
    """
    from city_resilience.models.bundle_copy import sign_bundle

    echo(f"Signature: {sign_bundle(folder, key)}")


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
