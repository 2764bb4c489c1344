"""MLflow, imported when it is first needed, without its messages and without telemetry."""

from __future__ import annotations

import logging
import os
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

__all__ = ["environment", "import_mlflow", "quiet"]

LOGGERS = ("mlflow", "alembic")
OWN_WARNINGS = r"(mlflow|sqlalchemy|alembic)(\.|$)"
SILENT = {
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
}
NOLOAD = "The ``noload`` loader strategy is deprecated"


def import_mlflow() -> Any:
    """Import MLflow and return it; takes seconds, so call it as late as possible.

    MLflow reports usage over the network unless told otherwise before it is imported: it is told
    so here, unless the user's environment decides.
    """
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    import mlflow

    return mlflow


@contextmanager
def quiet() -> Iterator[None]:
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
