"""Registered models: versions, aliases, and the way back to a bundle on disk."""

from __future__ import annotations

import atexit
import datetime as dt
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from city_resilience.errors import InputError, nearest
from city_resilience.models.bundle import copy_bundle
from city_resilience.models.manifest import is_bundle
from city_resilience.tracking.quiet import import_mlflow, quiet
from city_resilience.tracking.store import Store

__all__ = [
    "BUNDLE_PATH",
    "CHALLENGER",
    "CHAMPION",
    "RECIPE",
    "ModelVersion",
    "champion_of",
    "export_model",
    "fetch_bundle",
    "find_version",
    "is_reference",
    "list_models",
    "promote",
]

CHAMPION = "champion"
CHALLENGER = "challenger"
RECIPE = "recipe"
BUNDLE_PATH = "artifacts/bundle"
_REFERENCE = re.compile(
    r"(?:models:/)?(?P<name>[A-Za-z0-9_-]+)(?:@(?P<alias>[^/@\s]+)|/(?P<version>\d+))?"
)


@dataclass(frozen=True)
class ModelVersion:
    """One registered version.

    Attributes
    ----------
    aliases : tuple of str
    tags : mapping of str to str
        ``origin``, ``fingerprint``, ``experiment_digest``, ``mae_h<horizon>``.
    created : str
        Date and time, UTC.
    source : str
        Where MLflow keeps the model's files.
    """

    name: str
    version: int
    aliases: tuple[str, ...]
    tags: Mapping[str, str]
    created: str
    run_id: str
    source: str


def is_reference(text: str) -> bool:
    """Say whether a text can name a registered model, as `find_version` reads it."""
    return _REFERENCE.fullmatch(text.strip()) is not None


def find_version(reference: str, store: Store) -> ModelVersion:
    """Look a registered version up.

    Parameters
    ----------
    reference : str
        ``NAME@alias``, ``NAME/version`` or ``NAME`` (its champion), with or without ``models:/``.

    Raises
    ------
    InputError
        If it is no such reference, or there is no such model, alias or version.
    """
    parts = _REFERENCE.fullmatch(reference.strip())
    if parts is None:
        raise InputError(
            f"--model {reference!r}: not a model folder and not a registered model; write "
            "NAME@champion, NAME/3, or the path of a folder that holds a bundle"
        )
    with quiet():
        versions = _versions(parts["name"], store)
    if parts["version"]:
        found = [v for v in versions if v.version == int(parts["version"])]
        known = f"versions: {', '.join(str(v.version) for v in versions)}"
    else:
        alias = parts["alias"] or CHAMPION
        found = [v for v in versions if alias in v.aliases]
        aliases = sorted({a for v in versions for a in v.aliases})
        known = f"aliases: {', '.join(aliases) or 'none'}"
    if not found:
        wanted = parts["version"] or parts["alias"] or CHAMPION
        raise InputError(
            f"--model {reference!r}: {parts['name']!r} has no {wanted!r}; {known}; choose one of "
            "them ('city-resilience models list' shows all)"
        )
    return found[0]


def list_models(store: Store) -> list[ModelVersion]:
    """Return all registered versions, by name, the newest version first."""
    with quiet():
        return [version for name in _names(store) for version in _versions(name, store)]


def champion_of(name: str, store: Store) -> ModelVersion | None:
    """Return the champion of a registered model, None where there is none."""
    with quiet():
        if name not in _names(store):
            return None
        return next((v for v in _versions(name, store) if CHAMPION in v.aliases), None)


def promote(name: str, version: int, store: Store) -> ModelVersion:
    """Make a version the champion.

    Raises
    ------
    InputError
        If there is no such version.
    """
    found = find_version(f"{name}/{version}", store)
    with quiet():
        store.client.set_registered_model_alias(name, CHAMPION, str(found.version))
    return find_version(f"{name}/{version}", store)


def fetch_bundle(reference: str | Path, store: Store | Callable[[], Store] | None = None) -> Path:
    """Return a local folder that holds the bundle of a model.

    Parameters
    ----------
    reference : str or Path
        A bundle folder, which needs no store, or as for `find_version`.
    store : Store or callable that opens one
        Where to look a name up; a callable is called only if it must be. From a server the bundle
        is fetched to a temporary folder, which is removed when the program ends.

    Raises
    ------
    InputError
        If there is no such model, or its files are gone.
    """
    folder = Path(reference)
    if folder.is_dir() and (is_bundle(folder) or not _REFERENCE.fullmatch(str(reference))):
        return folder
    if store is None:
        raise InputError(
            f"--model {str(reference)!r}: no such folder, and no store to look the name up in; "
            "give the path of a model folder or --store"
        )
    opened = store if isinstance(store, Store) else store()
    found = find_version(str(reference), opened)
    with quiet():
        folder = _local(f"{found.source.rstrip('/')}/{BUNDLE_PATH}", opened)
    if not is_bundle(folder):
        raise InputError(
            f"{opened.uri}: the files of {found.name} version {found.version} are missing or no "
            f"bundle ({folder}); restore them or use another version"
        )
    return folder


def export_model(reference: str, folder: Path | str, store: Store) -> Path:
    """Write the bundle of a registered version to a folder, checked, whole or not at all.

    Raises
    ------
    InputError
        As for `fetch_bundle`, `load_bundle` and `save_bundle`.
    """
    return copy_bundle(fetch_bundle(reference, store), folder)


def _names(store: Store) -> list[str]:
    return sorted(m.name for m in _pages(store.client.search_registered_models))


def _versions(name: str, store: Store) -> list[ModelVersion]:
    names = _names(store)
    if name not in names:
        raise InputError(
            f"{store.uri}: no registered model {name!r}{nearest(name, names)}; registered: "
            f"{', '.join(names) or 'none'}; train it first or give another --store"
        )
    # Searched versions carry no aliases on every store, so these are taken from the model.
    aliases: dict[int, list[str]] = {}
    for alias, version in store.client.get_registered_model(name).aliases.items():
        aliases.setdefault(int(version), []).append(alias)
    found = _pages(store.client.search_model_versions, filter_string=f"name='{name}'")
    versions = [_version(value, aliases.get(int(value.version), []), store) for value in found]
    return sorted(versions, key=lambda v: -v.version)


def _version(value: Any, aliases: list[str], store: Store) -> ModelVersion:
    created = dt.datetime.fromtimestamp(value.creation_timestamp / 1000, tz=dt.UTC)
    return ModelVersion(
        name=value.name,
        version=int(value.version),
        aliases=tuple(sorted(aliases)),
        tags=dict(value.tags),
        created=created.strftime("%Y-%m-%d %H:%M:%S"),
        run_id=value.run_id or "",
        source=_source(value, store),
    )


def _source(value: Any, store: Store) -> str:
    """Return the place of a version's files; a model id stands for where that model is kept."""
    source = str(value.source)
    model_id = re.fullmatch(r"models:/(m-[0-9a-f]+)", source)
    if model_id:
        source = str(store.client.get_logged_model(model_id[1]).artifact_location)
    return source


def _pages(search: Any, **options: Any) -> Iterator[Any]:
    token = None
    while True:
        page = search(page_token=token, **options)
        yield from page
        token = page.token
        if not token:
            return


def _local(uri: str, store: Store) -> Path:
    mlflow = import_mlflow()
    from mlflow.exceptions import MlflowException
    from mlflow.utils.file_utils import local_file_uri_to_path

    if uri.startswith(("file:", "/")) or Path(uri).is_absolute():
        return Path(local_file_uri_to_path(uri))
    folder = tempfile.mkdtemp(prefix="city-resilience-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    try:
        return Path(
            mlflow.artifacts.download_artifacts(
                artifact_uri=uri, dst_path=folder, tracking_uri=store.uri
            )
        )
    except (MlflowException, OSError) as error:
        reason = str(error).splitlines()[0]
        raise InputError(f"{uri}: cannot be fetched ({reason}); check --store") from error
