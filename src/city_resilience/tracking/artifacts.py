"""Files that a run left, fetched to this machine."""

from __future__ import annotations

import tempfile
from pathlib import Path

from city_resilience.errors import InputError
from city_resilience.tracking.quiet import import_mlflow, quiet
from city_resilience.tracking.registry import ModelVersion
from city_resilience.tracking.store import Store

__all__ = ["fetch_artifact"]


def fetch_artifact(version: ModelVersion, name: str, store: Store) -> Path:
    """Return a local copy of a file of the run that a version came from.

    Raises
    ------
    InputError
        If the run has no such file.
    """
    import_mlflow()
    from mlflow.exceptions import MlflowException

    folder = tempfile.mkdtemp(prefix="city-resilience-")
    try:
        with quiet():
            return Path(store.client.download_artifacts(version.run_id, name, folder))
    except (MlflowException, OSError) as error:
        raise InputError(
            f"{store.uri}: run {version.run_id} of {version.name}/{version.version} has no "
            f"{name!r}; train the model again"
        ) from error
