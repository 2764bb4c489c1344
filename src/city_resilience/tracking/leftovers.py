"""What killed processes left in a store: open runs, models that nobody was told of."""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlparse

from city_resilience.processes import is_gone, own_mark
from city_resilience.tracking.backend import every_page, has_open_runs, silenced

if TYPE_CHECKING:
    from city_resilience.tracking.store import Store

__all__ = [
    "HISTORY",
    "PENDING",
    "PROCESS",
    "files_of",
    "mark_of_process",
    "remove_files",
    "settle_store",
]

PROCESS = "city_resilience.process"
"""Tag of a run: the process that made it."""
PENDING = "city_resilience.pending"
"""Tag of a version that is being registered: the aliases as they were before; of a model that is
being made: its process."""
HISTORY = "champion."
"""How tags of a model begin that each tell of a change of its champion."""


def mark_of_process() -> dict[str, str]:
    """Return the tag that tells which process made something."""
    return {PROCESS: own_mark()}


@silenced()
def settle_store(store: Store) -> None:
    """End the runs of processes that are gone as KILLED, and take back what they did not finish."""
    try:
        if store.database is not None and not has_open_runs(store.database):
            return
    except sqlite3.OperationalError:  # locked: a later command does it
        return
    dead = [run for run in _open_runs(store) if is_gone(run.data.tags.get(PROCESS, ""))]
    if not dead:
        return
    with store.turn():
        for run in dead:
            kept = _take_back_versions(store, run)
            _take_back_models(store, run, kept)
            if not kept:
                remove_files(store, run.info.artifact_uri)
        _take_back_names(store)
        for run in dead:  # last: it is what a next process looks for
            store.client.set_terminated(run.info.run_id, "KILLED")


def _open_runs(store: Store) -> Iterator[Any]:
    ids = [found.experiment_id for found in every_page(store.client.search_experiments)]
    if ids:
        yield from every_page(
            store.client.search_runs,
            experiment_ids=ids,
            filter_string="attributes.status = 'RUNNING'",
        )


def _take_back_versions(store: Store, run: Any) -> list[Any]:
    """Remove versions that were being registered, with aliases as before; return the others."""
    client, kept = store.client, []
    own = f"run_id='{run.info.run_id}'"
    for version in list(every_page(client.search_model_versions, filter_string=own)):
        if PENDING not in version.tags:
            kept.append(version)
            continue
        aliases = client.get_registered_model(version.name).aliases
        for alias, before in json.loads(version.tags[PENDING]).items():
            if str(aliases.get(alias, version.version)) == str(version.version):
                client.set_registered_model_alias(version.name, alias, before)
        _forget(client, version)
        client.delete_model_version(version.name, version.version)
    return kept


def _forget(client: Any, version: Any) -> None:
    """Remove that a version became champion which is taken back."""
    for key, value in dict(client.get_registered_model(version.name).tags).items():
        if key.startswith(HISTORY) and f'"version": {version.version},' in value:
            client.delete_registered_model_tag(version.name, key)


def _take_back_models(store: Store, run: Any, kept: list[Any]) -> None:
    if kept:
        return
    own = f"source_run_id = '{run.info.run_id}'"
    for model in list(
        every_page(
            store.client.search_logged_models,
            experiment_ids=[run.info.experiment_id],
            filter_string=own,
        )
    ):
        remove_files(store, model.artifact_location)
        store.client.delete_logged_model(model.model_id)


def _take_back_names(store: Store) -> None:
    """Remove names that were made for a version that did not come."""
    client = store.client
    for model in list(every_page(client.search_registered_models)):
        mark = dict(model.tags).get(PENDING, "")
        own = f"name='{model.name}'"
        if mark and is_gone(mark) and not list(client.search_model_versions(own, max_results=1)):
            client.delete_registered_model(model.name)


def files_of(store: Store, uri: str) -> Path | None:
    """Return the folder of a run or model in a local store; None where its files are elsewhere."""
    if store.database is None:
        return None
    parsed = urlparse(uri)
    path = Path(unquote(parsed.path) if parsed.scheme == "file" else uri)
    path = path.parent if path.name == "artifacts" else path
    return path if path.parent.parent.is_relative_to(store.database.parent) else None


def remove_files(store: Store, uri: str) -> None:
    """Remove the files of a run or model from a local store."""
    path = files_of(store, uri)
    if path is not None:
        shutil.rmtree(path, ignore_errors=True)
