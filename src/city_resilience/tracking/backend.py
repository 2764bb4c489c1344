"""MLflow, imported when it is first needed, without its messages and without telemetry.

The one module that imports MLflow, but for the constant file that MLflow itself executes. What is
special to its SQLite store stands here as well.
"""

from __future__ import annotations

import logging
import os
import sqlite3
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

from city_resilience.errors import InputError

__all__ = [
    "SQLITE",
    "create_database",
    "create_once",
    "database_errors",
    "environment",
    "every_page",
    "has_open_runs",
    "import_mlflow",
    "migrate_database",
    "remove_journal",
    "silenced",
    "sqlite_uri",
]

LOGGERS = ("mlflow", "alembic")
OWN_WARNINGS = r"(mlflow|sqlalchemy|alembic)(\.|$)"
SILENT = {
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
}
SQLITE = "sqlite:///"
DATABASE_TRIES = 4
"""How often MLflow asks a database that does not answer, with pauses of 0.1, 0.3 and 0.7 s."""
NOLOAD = "The ``noload`` loader strategy is deprecated"


def import_mlflow() -> Any:
    """Import MLflow with what is used of it; takes seconds, so call it as late as possible.

    MLflow reports usage over the network unless told otherwise before it is imported: it is told
    so here, unless the user's environment decides.
    """
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    import mlflow
    import mlflow.artifacts
    import mlflow.entities
    import mlflow.exceptions
    import mlflow.models
    import mlflow.pyfunc
    import mlflow.types
    import mlflow.utils.file_utils

    return mlflow


@contextmanager
def silenced() -> Iterator[None]:
    """Hold back what MLflow and its database layer have to say about themselves.

    Messages below ERROR, progress bars, addresses of runs, and warnings raised in their modules;
    warnings of other code stay.
    """
    loggers = [logging.getLogger(name) for name in LOGGERS]
    with warnings.catch_warnings(), environment(SILENT):
        warnings.filterwarnings("ignore", module=OWN_WARNINGS)
        warnings.filterwarnings("ignore", message=NOLOAD)
        # MLflow sets its own level when it is imported, so import it before that is changed.
        import_mlflow()
        levels = [logger.level for logger in loggers]
        for logger in loggers:
            logger.setLevel(logging.ERROR)
        try:
            yield
        finally:
            for logger, level in zip(loggers, levels, strict=True):
                logger.setLevel(level)


@contextmanager
def environment(values: Mapping[str, str]) -> Iterator[None]:
    """Set environment variables of this process and put the old ones back afterwards."""
    old = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in old.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def every_page(search: Any, **options: Any) -> Iterator[Any]:
    """Yield what a search of the client finds, page after page."""
    token = None
    while True:
        page = search(page_token=token, **options)
        yield from page
        token = page.token
        if not token:
            return


def create_once(create: Callable[..., Any], *arguments: Any, **options: Any) -> bool:
    """Let MLflow create something; returns False if it was there already."""
    try:
        create(*arguments, **options)
    except import_mlflow().exceptions.MlflowException as error:
        if error.error_code != "RESOURCE_ALREADY_EXISTS":
            raise
        return False
    return True


def sqlite_uri(path: Path) -> str:
    """Return the address of an SQLite file, its path absolute."""
    path = Path(os.path.abspath(path))
    if "?" in str(path):
        raise InputError(f"{path}: a store's path cannot have a '?'; choose another with --store")
    return SQLITE + path.as_posix()


def create_database(database: Path) -> None:
    """Build the schema under another name, so that a database that exists is complete."""
    from mlflow.store.model_registry.sqlalchemy_store import SqlAlchemyStore as Registry
    from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore as Tracking

    building = remove_building(database)
    address = sqlite_uri(building)
    for store in (Tracking(address, (database.parent / "artifacts").as_uri()), Registry(address)):
        store.engine.dispose()
    os.replace(building, database)


def remove_building(database: Path) -> Path:
    """Remove what a killed process was building; return the name to build under."""
    building = database.with_name(database.name + ".building")
    for suffix in ("", "-journal", "-wal", "-shm"):
        building.with_name(building.name + suffix).unlink(missing_ok=True)
    return building


def migrate_database(database: Path, seconds: float = 60.0) -> None:
    """Bring the schema up to date, in a copy that takes the place of the database when it is done.

    Parameters
    ----------
    seconds : float
        How long another program that has the database locked is waited for.

    Raises
    ------
    InputError
        If it is not a store that this MLflow can open.
    sqlite3.OperationalError
        If it stays locked.
    """
    from alembic.util import CommandError
    from mlflow.store.db import utils
    from sqlalchemy.exc import SQLAlchemyError

    MlflowException = import_mlflow().exceptions.MlflowException
    try:
        version = _schema_version(database, seconds)
        if version == _newest_schema():
            return
        building = remove_building(database)
        with closing(_connect(database, seconds)) as old, closing(_connect(building)) as new:
            old.backup(new)
        engine = utils.create_sqlalchemy_engine(sqlite_uri(building))
        try:
            utils._upgrade_db(engine)
        finally:
            engine.dispose()
        os.replace(building, database)
    except (sqlite3.Error, SQLAlchemyError, CommandError, MlflowException) as error:
        if isinstance(error, sqlite3.OperationalError) and "locked" in str(error):
            raise
        reason = str(error).splitlines()[0]
        raise InputError(
            f"{database}: not a store this MLflow can open ({reason}); update MLflow, restore the "
            "file, or give another --store"
        ) from error


def remove_journal(database: Path) -> None:
    """Let SQLite remove the journal of a process that was killed before it changed anything."""
    if not database.with_name(database.name + "-journal").exists():
        return
    with suppress(sqlite3.OperationalError), closing(_connect(database, 2.0)) as connection:
        connection.isolation_level = None
        connection.execute("BEGIN IMMEDIATE")
        [version] = connection.execute("PRAGMA user_version").fetchone()
        connection.execute(f"PRAGMA user_version = {version}")
        connection.execute("COMMIT")


def database_errors() -> tuple[type[Exception], ...]:
    """Return what databases raise through MLflow, which asks a dead one but briefly from now on."""
    from mlflow.store.db import utils
    from sqlalchemy.exc import SQLAlchemyError

    utils.MAX_RETRY_COUNT = min(utils.MAX_RETRY_COUNT, DATABASE_TRIES)
    return (SQLAlchemyError,)


def has_open_runs(database: Path) -> bool:
    """Say quickly whether runs of an SQLite store are open."""
    with closing(_connect(database, 20.0)) as connection:
        query = "SELECT 1 FROM runs WHERE status = 'RUNNING' AND lifecycle_stage = 'active' LIMIT 1"
        return connection.execute(query).fetchone() is not None


def _schema_version(database: Path, seconds: float) -> str:
    with closing(_connect(database, seconds)) as connection:
        query = "SELECT name FROM sqlite_master WHERE name = 'alembic_version'"
        if connection.execute(query).fetchone() is None:
            raise InputError(
                f"{database}: a database without MLflow's tables; give another --store"
            )
        return str(connection.execute("SELECT version_num FROM alembic_version").fetchone()[0])


def _newest_schema() -> str:
    from mlflow.store.db import utils

    return str(utils._get_latest_schema_revision())


def _connect(database: Path, seconds: float = 5.0) -> sqlite3.Connection:
    return sqlite3.connect(database, timeout=seconds)
