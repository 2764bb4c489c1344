"""``models``: registered models listed, shown, exported, imported, signed and cleaned up."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from city_resilience.commands import history, issued
from city_resilience.commands.console import echo
from city_resilience.commands.options import PATH, store_option

if TYPE_CHECKING:
    from city_resilience.models.manifest import Manifest
    from city_resilience.tracking.housekeeping import Needless
    from city_resilience.tracking.registry import ModelVersion

__all__ = [
    "Shown",
    "clean_store",
    "command",
    "export_model",
    "import_model",
    "list_models",
    "show",
    "show_model",
]

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


@dataclass(frozen=True)
class Shown:
    """One registered version, and what its bundle says of itself."""

    version: ModelVersion
    folder: Path
    manifest: Manifest


def list_models(store: str = "") -> list[ModelVersion]:
    """Return all registered versions of a store, by name, the newest version first.

    Raises
    ------
    InputError
        If there is no such store.
    """
    from city_resilience.tracking import registry
    from city_resilience.tracking.store import open_store

    return registry.list_models(open_store(store, create=False))


def show_model(reference: str, store: str = "") -> Shown:
    """Return what there is to say about one registered version.

    Raises
    ------
    InputError
        If there is no such version, or its bundle is not whole.
    """
    from city_resilience.models.manifest import read_files, read_manifest
    from city_resilience.tracking.registry import bundle_of, find_version
    from city_resilience.tracking.store import open_store

    opened = open_store(store, create=False)
    version = find_version(reference, opened)
    folder = bundle_of(version, opened)
    manifest = read_manifest(folder)
    read_files(folder, manifest)
    return Shown(version, folder, manifest)


def export_model(
    reference: str, folder: Path | str, store: str = "", *, key: Path | None = None
) -> Path:
    """Write the bundle of a registered version to a folder, in place of an older bundle there.

    Parameters
    ----------
    key : Path, optional
        Ed25519 private key that signs it.

    Raises
    ------
    InputError
        If there is no such version, or the folder holds anything else.
    """
    from city_resilience.commands.stored import find_stored
    from city_resilience.models.bundle_copy import copy_bundle

    return copy_bundle(find_stored(reference, store).folder, folder, key=key)


def import_model(folder: Path | str, store: str = "") -> ModelVersion:
    """Register a bundle, such as one that was exported from another store, as a new version.

    It becomes challenger, and champion where its model has none. Its errors stay in the other
    store, so that the gate cannot compare it: promote it with ``force``.

    Raises
    ------
    InputError
        If the folder holds no whole bundle, or the store cannot be written to.
    """
    from city_resilience.models.bundle import load_bundle
    from city_resilience.tracking.registration import register
    from city_resilience.tracking.runs import track
    from city_resilience.tracking.store import open_store

    forecaster = load_bundle(folder)
    opened = open_store(store, create=True)
    fingerprint = forecaster.fingerprint
    with (
        track(opened, forecaster.experiment, fingerprint=fingerprint, command="import") as run,
        opened.turn(),
    ):
        return register(run, folder, forecaster)


def clean_store(store: str = "", *, keep: int | None = None, yes: bool = False) -> list[Needless]:
    """Find what in a store nothing needs, and remove it where asked to.

    Parameters
    ----------
    keep : int
        Of each model, keep so many of the newest versions beside those with an alias; None = all.
    yes : bool
        Remove what is returned.

    Raises
    ------
    InputError
        If there is no such store, or it is a server.
    """
    from city_resilience.tracking.housekeeping import find_needless, remove_needless
    from city_resilience.tracking.store import open_store

    opened = open_store(store, create=False)
    found = find_needless(opened, keep)
    if yes:
        remove_needless(found, opened)
    return found


@click.group("models")
def command() -> None:
    """List, show, export, import, sign and clean up registered models."""


command.add_command(history.command)
command.add_command(issued.command)


@command.command("list")
@store_option
def _list(store: str) -> None:
    """List all registered versions, their aliases, origins and errors.

    \b
    Example:
      city-resilience models list --store .city-resilience
    """
    show(list_models(store))


@command.command("show")
@click.argument("reference")
@store_option
def _show(reference: str, store: str) -> None:
    """Show one registered version: its aliases, errors, verdict, run, members and files.

    Its files are checked against their SHA-256.

    \b
    Example:
      city-resilience models show china_prefecture@champion
    """
    from city_resilience.commands.console import open_console, say

    console = open_console()
    for name, value in _lines_of(show_model(reference, store)):
        say(console, f"{name:<12}{value}")


@command.command("export")
@click.argument("reference")
@click.argument("folder", type=PATH)
@store_option
@click.option("--sign", "key", type=PATH, help="Sign the bundle with this Ed25519 private key.")
def _export(reference: str, folder: Path, store: str, key: Path | None) -> None:
    """Write the portable bundle of a registered version to a folder.

    An older bundle there is replaced in one step; who reads it meanwhile reads the old or the new.

    \b
    Examples:
      city-resilience models export china_prefecture@champion models/china_prefecture
      city-resilience models export china_prefecture@champion models/signed --sign key.pem
    """
    echo(f"Model: {export_model(reference, folder, store, key=key)}")


@command.command("import")
@click.argument("folder", type=PATH)
@store_option
def _import(folder: Path, store: str) -> None:
    """Register a bundle, such as one from another store, as a new version.

    It becomes challenger, and champion where its model has none.

    \b
    Example:
      city-resilience models import models/china_prefecture --store .city-resilience
    """
    version = import_model(folder, store)
    echo(f"Registered: {version.reference} as {' and '.join(version.aliases)}")


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


@command.command("gc")
@click.option(
    "--keep",
    type=click.IntRange(0),
    help="Remove old versions without an alias too, but for so many of the newest of each model.",
)
@click.option("--yes", is_flag=True, help="Remove it; without, it is only listed.")
@store_option
def _gc(keep: int | None, yes: bool, store: str) -> None:
    """List what nothing needs any more, and remove it with --yes.

    These are files of runs that failed or were killed, models that no version is of, and runs that
    have been open for a week without a process of this machine.

    \b
    Examples:
      city-resilience models gc
      city-resilience models gc --keep 5 --yes
    """
    from city_resilience.commands.console import open_console, table_of

    found = clean_store(store, keep=keep, yes=yes)
    if found:
        records = [{"kind": own.kind, "name": own.name, "size": own.size / 1e6} for own in found]
        columns = (("kind", "{kind}"), ("name", "{name}"), ("MB", "{size:.2f}"))
        open_console().print(table_of("", columns, records))
    size = sum(own.size for own in found) / 1e6
    done = "removed" if yes else "would be removed; give --yes to do it" if found else "to remove"
    echo(f"{len(found)} item{'s' * (len(found) != 1)}, {size:.2f} MB {done}")


def _lines_of(shown: Shown) -> Iterator[tuple[str, str]]:
    from city_resilience.report.texts import words

    version, manifest = shown.version, shown.manifest
    yield "Version", f"{version.reference} ({', '.join(version.aliases) or 'no alias'})"
    yield "Title", str(manifest.experiment.get("title", ""))
    yield "Created", f"{version.created} UTC, city-resilience {manifest.package_version}"
    yield "Origin", str(manifest.origin)
    yield "Cities", f"{len(manifest.cities)}{' (simulated)' if manifest.simulated else ''}"
    for horizon, entry in manifest.horizons.items():
        weights = (f"{name} {weight:.2f}" for name, weight in entry.weights.items() if weight)
        yield f"h = {horizon}", ", ".join(weights)
    for name, value in sorted(version.tags.items()):
        if name.startswith(("mae_", "nowcast_")):
            yield name, value
    verdict = version.tags.get("verdict")
    yield "Verdict", words(f"verdict_{verdict}", "en") if verdict else "not asked"
    if verdict:
        yield "", version.tags.get("gate", "")
    yield "Run", version.run_id
    size = sum(entry.size for entry in manifest.files.values()) / 1e6
    yield "Files", f"{len(manifest.files)}, {size:.2f} MB, as listed: {shown.folder}"


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
