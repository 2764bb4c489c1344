"""Where runs and models are kept: found, created and migrated once, opened."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from city_resilience.disk import obstacle
from city_resilience.errors import InputError
from city_resilience.tracking import patience
from city_resilience.tracking.backend import (
    SQLITE,
    create_database,
    create_once,
    database_errors,
    import_mlflow,
    migrate_database,
    remove_journal,
    silenced,
    sqlite_uri,
)
from city_resilience.tracking.leftovers import settle_store
from city_resilience.tracking.patience import answering, locked_error, patient
from city_resilience.tracking.postgresql import (
    CHANGING,
    PREPARING,
    database_turn,
    is_postgresql,
)
from city_resilience.tracking.turns import turn
from city_resilience.unfinished import sweep_scratch

__all__ = ["Store", "open_store", "resolve_store", "store_words"]

FOLDER = ".city-resilience"
DATABASE = "mlflow.db"
# Without it MLflow opens an experiment with its overview for language models.
EXPERIMENT_TAGS = {"mlflow.experimentKind": "custom_model_development"}


@dataclass(frozen=True)
class Store:
    """An opened tracking store and model registry.

    Attributes
    ----------
    uri : str
        MLflow tracking URI; a SQLite path in it is absolute.
    registry_uri : str
        Where models are registered; the tracking URI unless ``MLFLOW_REGISTRY_URI`` is set.
    """

    uri: str
    registry_uri: str

    @property
    def database(self) -> Path | None:
        """The SQLite file, None for a server."""
        return _database(self.uri)

    @property
    def is_server(self) -> bool:
        """Whether an MLflow server keeps it, and its files; else it is a database."""
        return self.uri.startswith(("http:", "https:", "databricks"))

    @cached_property
    def client(self) -> Any:
        """An ``MlflowClient`` on this store; MLflow's global settings are not touched."""
        with silenced():
            kind = patient(import_mlflow().MlflowClient, self.uri, self.database)
            client = kind(self.uri, self.registry_uri)
            if self.database:  # opens both stores now, while their warnings are held back
                client.search_experiments(max_results=1)
                client.search_registered_models(max_results=1)
        return client

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Keep other processes from registering and from changing aliases.

        A database does; an MLflow server has no such lock.
        """
        own: AbstractContextManager[None] = nullcontext()
        if self.database is not None:
            own = turn(self.database.with_name(self.database.name + ".turn"))
        elif is_postgresql(self.uri):
            own = database_turn(self.uri, CHANGING)
        with own:
            yield

    def experiment_id(self, name: str) -> str:
        """Return the id of an experiment, made if it does not exist.

        In a database, its artifacts go to ``artifacts/<name>`` beside an SQLite file, and to the
        project's own folder otherwise.

        Raises
        ------
        InputError
            If the experiment has been deleted in the store.
        """
        found = self.client.get_experiment_by_name(name)
        if found is None:
            base = self.database.parent if self.database else _project(None) / FOLDER
            place = None if self.is_server else (base / "artifacts" / name).as_uri()
            create_once(
                self.client.create_experiment, name, artifact_location=place, tags=EXPERIMENT_TAGS
            )
            found = self.client.get_experiment_by_name(name)
        if found.lifecycle_stage == "deleted":
            raise InputError(
                f"{self.uri}: experiment {name!r} has been deleted there; restore it with "
                f"'mlflow experiments restore -x {found.experiment_id}' or choose another name"
            )
        return str(found.experiment_id)


def resolve_store(store: str = "", experiment_file: Path | str | None = None) -> str:
    """Return the URI of the store that a command uses, without touching the disk.

    Parameters
    ----------
    store : str
        ``--store``: a URI, a folder that holds or shall hold ``mlflow.db``, or a ``.db`` file.
        "" = ``$MLFLOW_TRACKING_URI``, else ``.city-resilience/`` in the folder that holds
        ``experiments/`` (looked for upwards from the experiment file, then from the current
        folder), else in the current folder.
    experiment_file : Path
        The experiment of the run.

    Raises
    ------
    InputError
        If the store is of a kind that cannot be used.
    """
    chosen = store or os.environ.get("MLFLOW_TRACKING_URI", "")
    origin = "--store" if store else "MLFLOW_TRACKING_URI"
    if not chosen:
        return _project_store(experiment_file)
    if chosen.startswith("sqlite:"):
        path = chosen.removeprefix(SQLITE)
        if path == chosen or path in ("", ":memory:"):
            raise InputError(
                f"{origin} {chosen!r}: a database in memory keeps nothing; "
                f"give {SQLITE}<path of a file>"
            )
        return sqlite_uri(Path(path))
    if chosen.startswith("file:"):
        raise InputError(
            f"{origin} {chosen!r}: MLflow no longer keeps runs in plain folders; "
            f"give {SQLITE}<path of a file>, a folder, or the address of a server"
        )
    if "://" in chosen or chosen in ("databricks", "databricks-uc"):
        return chosen
    place = Path(chosen).expanduser()
    return sqlite_uri(place if place.suffix == ".db" else place / DATABASE)


def open_store(
    store: str = "", *, create: bool, experiment_file: Path | str | None = None
) -> Store:
    """Open a store, creating or migrating an SQLite one once under a file lock.

    Parameters
    ----------
    store, experiment_file
        As for `resolve_store`.
    create : bool
        Create a missing SQLite store; otherwise it is an error and nothing is created.

    Raises
    ------
    InputError
        If the store does not exist, cannot be reached, or belongs to a newer MLflow.
    """
    uri = resolve_store(store, experiment_file)
    database = _database(uri)
    if database is not None and not database.is_file() and not create:
        raise InputError(
            f"{database}: there is no store yet; run 'city-resilience train' first, give "
            "--store, or name a model folder with --model"
        )
    if database is not None:
        if create:
            _check_place(database)
        _prepare(database)
    opened = Store(uri, os.environ.get("MLFLOW_REGISTRY_URI") or uri)
    if database is None:
        _check_server(opened)
    if create:
        settle_store(opened)
    elif database is not None and os.access(database.parent, os.W_OK):
        # A command that only reads does not fail for what another one left.
        with suppress(InputError, import_mlflow().exceptions.MlflowException):
            settle_store(opened)
    sweep_scratch()
    return opened


def _check_server(store: Store) -> None:
    making = is_postgresql(store.uri)  # its tables are made by whoever opens it first
    try:
        with answering(store.uri), database_turn(store.uri, PREPARING) if making else nullcontext():
            store.client.search_experiments(max_results=1)
            if making:
                store.client.search_registered_models(max_results=1)
    except ModuleNotFoundError as error:
        raise InputError(
            f"{store.uri}: the driver {error.name!r} of this database is not installed, nothing "
            "was registered; install it, or give another --store"
        ) from error
    except (import_mlflow().exceptions.MlflowException, *database_errors()) as error:
        reason = str(error).splitlines()[0]
        raise InputError(
            f"{store.uri}: not an MLflow store ({reason}); nothing was registered; check --store"
        ) from error


def store_words(store: Store) -> tuple[str, ...]:
    """Return the words with which a command finds a store; none for the project's own."""
    database = store.database
    if store.uri == _project_store():
        return ()
    plain = database is not None and database.name == DATABASE
    return ("--store", str(database.parent) if database and plain else store.uri)


def _project_store(experiment_file: Path | str | None = None) -> str:
    return sqlite_uri(_project(experiment_file) / FOLDER / DATABASE)


def _database(uri: str) -> Path | None:
    return Path(uri.removeprefix(SQLITE)) if uri.startswith(SQLITE) else None


def _project(experiment_file: Path | str | None) -> Path:
    here = Path.cwd()
    if experiment_file is not None:
        for folder in Path(experiment_file).absolute().parents:
            if folder.name == "experiments":
                return folder.parent
    for folder in (here, *here.parents):
        if (folder / "experiments").is_dir():
            return folder
    return here


def _check_place(database: Path) -> None:
    """Refuse a store that nothing can be added to, before there is anything to add."""
    why = obstacle(database)
    if not why and database.exists() and not os.access(database, os.W_OK):
        why = "read-only"
    if why:
        raise InputError(
            f"{database.parent}: the store's folder cannot be written to ({why}); give --store"
        )


def _prepare(database: Path) -> None:
    """Create the database or bring its schema up to date, one process at a time."""
    # Whoever may only read a store does not migrate it.
    free = database.exists() and not os.access(database.parent, os.W_OK)
    lock = nullcontext() if free else turn(database.with_name(database.name + ".lock"))
    with lock, silenced():
        if not database.exists():
            create_database(database)
            return
        try:
            migrate_database(database, patience.LOCKED_SECONDS)
            if not free:
                remove_journal(database)
        except sqlite3.OperationalError as error:
            raise locked_error(database, patience.LOCKED_SECONDS) from error
