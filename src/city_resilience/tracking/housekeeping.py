"""What in a store nothing needs any more: found first, removed when it is asked for."""

from __future__ import annotations

import shutil
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from city_resilience.errors import InputError
from city_resilience.processes import is_gone
from city_resilience.tracking.backend import every_page, silenced
from city_resilience.tracking.champions import way_back
from city_resilience.tracking.leftovers import PROCESS, files_of
from city_resilience.tracking.registry import ModelVersion, list_models
from city_resilience.tracking.store import Store

__all__ = ["OPEN_DAYS", "Needless", "find_needless", "remove_needless"]

OPEN_DAYS = 7
"""A run of another machine that is still open is taken for killed after so many days."""
MILLISECONDS = 86_400_000


@dataclass(frozen=True)
class Needless:
    """Something that can go.

    Attributes
    ----------
    kind : str
        ``version`` (old, without an alias), ``model`` (that no version is of), ``files`` (of a
        failed, killed or deleted run or of a deleted model), or ``run`` (open since days).
    name, size : str, int
        What it is, and how many bytes its files have.
    """

    kind: str
    name: str
    size: int
    remove: Callable[[], None] = field(repr=False, compare=False)


@silenced()
def find_needless(store: Store, keep: int | None = None) -> list[Needless]:
    """Find what can go.

    Parameters
    ----------
    keep : int
        Of each model, keep so many of the newest versions beside those with an alias and the one
        that a rollback goes back to; None = all.

    Raises
    ------
    InputError
        If the store is a server, which keeps its files itself.
    """
    if store.database is None:
        raise InputError(
            f"{store.uri}: the files of a server are its own; run 'mlflow gc' where it runs"
        )
    versions = list_models(store)
    old = set() if keep is None else {v.reference for v in _older(versions, keep, store)}
    return [
        *(_old_version(v, store) for v in versions if v.reference in old),
        *_models(store, versions),
        *_runs(store, {version.run_id for version in versions}),
    ]


@silenced()
def remove_needless(found: list[Needless], store: Store) -> None:
    """Remove what was found."""
    with store.turn():
        for own in found:
            own.remove()


def _older(versions: list[ModelVersion], keep: int, store: Store) -> Iterator[ModelVersion]:
    by_name: dict[str, list[ModelVersion]] = defaultdict(list)
    for version in versions:  # the newest first
        by_name[version.name].append(version)
    for name, own in by_name.items():
        back = way_back(name, store)
        yield from (v for v in own[keep:] if not v.aliases and v.version != back)


def _old_version(version: ModelVersion, store: Store) -> Needless:
    folder = files_of(store, version.source)

    def remove() -> None:
        model = folder.name if folder else ""
        store.client.delete_model_version(version.name, str(version.version))
        if model.startswith("m-"):
            store.client.delete_logged_model(model)
        _remove(folder)

    return Needless("version", version.reference, _size(folder), remove)


def _models(store: Store, versions: list[ModelVersion]) -> Iterator[Needless]:
    """Yield models of no version, and folders of no model."""
    sources = {files_of(store, version.source) for version in versions}
    living, open_runs = set(sources), {run.info.run_id for run in _every_run(store, "RUNNING")}
    for model in every_page(store.client.search_logged_models, experiment_ids=_experiments(store)):
        folder = files_of(store, model.artifact_location)
        living.add(folder)
        if folder not in sources and model.source_run_id not in open_runs:
            remove = partial(_remove_model, store, model.model_id, folder)
            yield Needless("model", model.model_id, _size(folder), remove)
    assert store.database is not None
    for folder in sorted((store.database.parent / "artifacts").glob("*/models/m-*")):
        if folder not in living:
            yield Needless("files", _name(folder, store), _size(folder), partial(_remove, folder))


def _remove_model(store: Store, model_id: str, folder: Path | None) -> None:
    store.client.delete_logged_model(model_id)
    _remove(folder)


def _runs(store: Store, used: set[str]) -> Iterator[Needless]:
    """Yield files of runs that came to nothing, and runs that are open without a process."""
    for run in (*_every_run(store, "FAILED"), *_every_run(store, "KILLED")):
        folder = files_of(store, run.info.artifact_uri)
        if run.info.run_id not in used and folder is not None and folder.exists():
            yield Needless("files", _name(folder, store), _size(folder), partial(_remove, folder))
    limit = (time.time() * 1000) - OPEN_DAYS * MILLISECONDS
    for run in _every_run(store, "RUNNING"):
        if run.info.start_time < limit or is_gone(run.data.tags.get(PROCESS, "")):
            end = partial(store.client.set_terminated, run.info.run_id, "KILLED")
            yield Needless("run", run.info.run_id, 0, end)


def _every_run(store: Store, status: str) -> list[Any]:
    own = f"attributes.status = '{status}'"
    ids = _experiments(store)
    return list(
        every_page(store.client.search_runs, experiment_ids=ids, filter_string=own) if ids else ()
    )


def _experiments(store: Store) -> list[str]:
    return [found.experiment_id for found in every_page(store.client.search_experiments)]


def _name(folder: Path, store: Store) -> str:
    assert store.database is not None
    return folder.relative_to(store.database.parent).as_posix()


def _size(folder: Path | None) -> int:
    if folder is None or not folder.is_dir():
        return 0
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def _remove(folder: Path | None) -> None:
    if folder is not None:
        shutil.rmtree(folder, ignore_errors=True)
