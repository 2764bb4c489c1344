"""Copies of issued forecasts as files of the run that their model came from."""

from __future__ import annotations

from city_resilience.errors import without_password
from city_resilience.issued.record import Issues
from city_resilience.tracking.backend import import_mlflow, silenced
from city_resilience.tracking.patience import Unreachable
from city_resilience.tracking.registry import ModelVersion
from city_resilience.tracking.store import Store

__all__ = ["COPIES", "copy_issues"]

COPIES = "issued"
"""Folder of a run's files, and beginning of the tags that name what was copied there."""


@silenced()
def copy_issues(issues: Issues, version: ModelVersion, store: Store) -> str:
    """Copy what was issued of a version, and is not there yet, to the version's run.

    A tag ``issued.ID`` holds the SHA-256 of its ``issue.json``.

    Returns
    -------
    str
        Why it could not be copied; "" where it was. The record is whole all the same, and the next
        issue copies what is missing.
    """
    client = store.client
    try:
        tags = client.get_run(version.run_id).data.tags
        for one in issues.issued:
            if one.version != version.reference or f"{COPIES}.{one.id}" in tags:
                continue
            folder = issues.folder / one.id
            client.log_artifacts(version.run_id, str(folder), f"{COPIES}/{one.id}")
            client.set_tag(version.run_id, f"{COPIES}.{one.id}", issues.sum_of(one))
    except (import_mlflow().exceptions.MlflowException, Unreachable, OSError) as error:
        return without_password(str(error).splitlines()[0])
    return ""
