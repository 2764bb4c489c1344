"""Registered models: versions, aliases, and the way back to a bundle and the files of its run."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from city_resilience.errors import InputError, check_known
from city_resilience.models.manifest import is_bundle
from city_resilience.tracking.backend import every_page, import_mlflow, silenced
from city_resilience.tracking.patience import answering
from city_resilience.tracking.store import Store
from city_resilience.unfinished import scratch, settle

__all__ = [
    "BUNDLE_PATH",
    "CHALLENGER",
    "CHAMPION",
    "RECIPE",
    "FoundModel",
    "ModelVersion",
    "bundle_of",
    "champion_of",
    "find_model",
    "find_name",
    "find_version",
    "list_models",
    "result_file",
    "run_file",
    "set_champion",
    "versions_of",
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
        ``origin``, ``fingerprint``, ``experiment_digest``, ``mae_h<horizon>``,
        ``mae_recent_h<horizon>``, ``recipe``.
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

    @property
    def reference(self) -> str:
        """``NAME/VERSION``."""
        return f"{self.name}/{self.version}"

    @property
    def is_champion(self) -> bool:
        """Whether it is the version in use."""
        return CHAMPION in self.aliases

    def same_recipe(self, recipe: str | None) -> bool:
        """Say whether it was made by a recipe; a version that names none was not."""
        return bool(recipe) and self.tags.get(RECIPE) == recipe


@dataclass(frozen=True)
class FoundModel:
    """A model that a user named: the folder of its bundle; version and store if registered."""

    folder: Path
    version: ModelVersion | None = None
    store: Store | None = None

    @property
    def name(self) -> str:
        """The folder, or ``NAME/VERSION``."""
        return self.version.reference if self.version else str(self.folder)


def find_model(model: str, store: Callable[[], Store]) -> FoundModel:
    """Find the bundle of a model.

    Parameters
    ----------
    model : str
        A bundle folder, which needs no store, or as for `find_version`.
    store : callable
        Opens the store; called only where a name must be looked up.

    Raises
    ------
    InputError
        If there is no such model, or its files are gone. A folder that is named as a folder is
        checked when its bundle is read.
    """
    if model:
        settle(model)
    if model and (is_bundle(Path(model)) or not _REFERENCE.fullmatch(model)):
        return FoundModel(Path(model))
    try:
        opened = store()
        version = find_version(model, opened)
    except InputError as error:
        if not model or "@" in model or "/" in model:
            raise
        raise InputError(
            f"--model {model!r}: no such model folder, and as a registered model (NAME@alias or "
            f"NAME/VERSION) not found: {error}"
        ) from error
    return FoundModel(bundle_of(version, opened), version, opened)


def find_version(reference: str, store: Store) -> ModelVersion:
    """Look a registered version up.

    Parameters
    ----------
    reference : str
        ``NAME@alias``, ``NAME/version`` or ``NAME`` (its champion), with or without ``models:/``;
        "" = the champion of the only registered model.

    Raises
    ------
    InputError
        If it is no such reference, or there is no such model, alias or version.
    """
    parts = _REFERENCE.fullmatch(reference.strip() or _only_name(store))
    if parts is None:
        raise InputError(
            f"--model {reference!r}: not a model folder and not a registered model; write "
            "NAME@champion, NAME/3, or the path of a folder that holds a bundle"
        )
    versions = versions_of(parts["name"], store)
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


def find_name(name: str, store: Store) -> str:
    """Return the name of a registered model; that of the only one where it is "".

    Raises
    ------
    InputError
        If there is no such model, or no only one.
    """
    name = name.strip() or _only_name(store)
    versions_of(name, store)
    return name


def list_models(store: Store) -> list[ModelVersion]:
    """Return all registered versions, by name, the newest version first."""
    return [version for name in _names(store) for version in versions_of(name, store)]


def champion_of(name: str, store: Store) -> ModelVersion | None:
    """Return the champion of a registered model, None where there is none."""
    if name not in _names(store):
        return None
    return next((v for v in versions_of(name, store) if v.is_champion), None)


@silenced()
def set_champion(version: ModelVersion, store: Store) -> None:
    """Make a version the champion."""
    store.client.set_registered_model_alias(version.name, CHAMPION, str(version.version))


def bundle_of(version: ModelVersion, store: Store) -> Path:
    """Return a local folder that holds the bundle of a version.

    From a server it is fetched to a temporary folder, which is removed when the program ends.

    Raises
    ------
    InputError
        If its files are gone.
    """
    folder = _local(f"{version.source.rstrip('/')}/{BUNDLE_PATH}", store)
    if not is_bundle(folder):
        raise InputError(
            f"{store.uri}: the files of {version.name} version {version.version} are missing or "
            f"no bundle ({folder}); restore them or use another version"
        )
    return folder


def result_file(model: FoundModel, name: str, otherwise: str) -> Path:
    """Return a file that ``train`` wrote: beside the bundle, or of the run of a version.

    Parameters
    ----------
    otherwise : str
        What a user can do without the file.

    Raises
    ------
    InputError
        If it is not there.
    """
    beside = model.folder.parent / name
    if beside.is_file():
        return beside
    if model.version is None or model.store is None:
        raise InputError(f"{beside}: not there; name a registered model, or {otherwise}")
    return run_file(model.version, name, model.store)


@silenced()
def run_file(version: ModelVersion, name: str, store: Store) -> Path:
    """Return a local copy of a file of the run that a version came from.

    Raises
    ------
    InputError
        If the run has no such file.
    """
    try:
        return Path(store.client.download_artifacts(version.run_id, name, str(scratch())))
    except (import_mlflow().exceptions.MlflowException, OSError) as error:
        raise InputError(
            f"{store.uri}: run {version.run_id} of {version.reference} has no {name!r}; "
            "train the model again"
        ) from error


@silenced()
def _names(store: Store) -> list[str]:
    return sorted(m.name for m in every_page(store.client.search_registered_models))


def _only_name(store: Store) -> str:
    names = _names(store)
    if len(names) != 1:
        raise InputError(
            f"--model: the store holds {len(names)} models ({', '.join(names) or 'none'}); "
            "name one, for example --model NAME@champion"
        )
    return names[0]


@silenced()
def versions_of(name: str, store: Store) -> list[ModelVersion]:
    """Return the versions of a registered model, the newest first.

    Raises
    ------
    InputError
        If there is no such model.
    """
    names = _names(store)
    then = f"registered: {', '.join(names) or 'none'}; train it first or give another --store"
    check_known(name, names, f"{store.uri}: no registered model", then=then)
    # Searched versions carry no aliases on every store, so these are taken from the model.
    aliases: dict[int, list[str]] = {}
    for alias, version in store.client.get_registered_model(name).aliases.items():
        aliases.setdefault(int(version), []).append(alias)
    found = every_page(store.client.search_model_versions, filter_string=f"name='{name}'")
    versions = [_version(value, aliases.get(int(value.version), []), store) for value in found]
    return sorted(versions, key=lambda v: -v.version)


def _version(value: Any, aliases: list[str], store: Store) -> ModelVersion:
    created = dt.datetime.fromtimestamp(value.creation_timestamp / 1000, tz=dt.UTC)
    source = str(value.source)
    # A model id stands for where that model is kept.
    if model_id := re.fullmatch(r"models:/(m-[0-9a-f]+)", source):
        source = str(store.client.get_logged_model(model_id[1]).artifact_location)
    return ModelVersion(
        name=value.name,
        version=int(value.version),
        aliases=tuple(sorted(aliases)),
        tags=dict(value.tags),
        created=created.strftime("%Y-%m-%d %H:%M:%S"),
        run_id=value.run_id or "",
        source=source,
    )


@silenced()
def _local(uri: str, store: Store) -> Path:
    mlflow = import_mlflow()
    if uri.startswith(("file:", "/")) or Path(uri).is_absolute():
        return Path(mlflow.utils.file_utils.local_file_uri_to_path(uri))
    try:
        with answering(store.uri):
            return Path(
                mlflow.artifacts.download_artifacts(
                    artifact_uri=uri, dst_path=str(scratch()), tracking_uri=store.uri
                )
            )
    except (mlflow.exceptions.MlflowException, OSError) as error:
        reason = str(error).splitlines()[0]
        raise InputError(f"{uri}: cannot be fetched ({reason}); check --store") from error
