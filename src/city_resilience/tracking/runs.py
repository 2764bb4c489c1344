"""One MLflow run per ``train``, with a child per candidate."""

from __future__ import annotations

import getpass
import json
import os
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import Any

import pandas as pd

from city_resilience import __version__
from city_resilience.errors import GateRefused, InputError
from city_resilience.experiment.experiment import Experiment
from city_resilience.reading.panel import Panel
from city_resilience.tracking.backend import import_mlflow, silenced
from city_resilience.tracking.leftovers import mark_of_process
from city_resilience.tracking.metrics import Metric, column_types, flat_metrics, flat_params
from city_resilience.tracking.patience import Unreachable
from city_resilience.tracking.store import Store
from city_resilience.tracking.table_view import VIEW_TAG, table_view

__all__ = ["Run", "track"]

RUN_ID = "MLFLOW_RUN_ID"
# What an MLflow server takes in one call: 1000 entities, at most 100 parameters or tags.
METRICS_PER_CALL = 800
PARAMS_PER_CALL = 100


@dataclass(frozen=True)
class Run:
    """An open run."""

    store: Store
    run_id: str
    experiment_id: str

    def record(
        self,
        metrics: Iterable[Metric] = (),
        params: Mapping[str, str] | None = None,
        tags: Mapping[str, str] | None = None,
    ) -> None:
        """Log metrics, parameters and tags in one call."""
        entities, now = import_mlflow().entities, int(time.time() * 1000)
        parts = zip_longest(
            _chunks(
                [entities.Metric(m.key, m.value, now, m.step) for m in metrics], METRICS_PER_CALL
            ),
            _chunks([entities.Param(*pair) for pair in (params or {}).items()], PARAMS_PER_CALL),
            _chunks([entities.RunTag(*pair) for pair in (tags or {}).items()], PARAMS_PER_CALL),
            fillvalue=(),
        )
        for some_metrics, some_params, some_tags in parts:
            self.store.client.log_batch(self.run_id, some_metrics, some_params, some_tags)

    def record_scores(self, scores: pd.DataFrame, served: str) -> None:
        """Log the scores of the served candidate, and of each candidate as a child run.

        MLflow's table of runs then has columns of them, and the served candidate, the last to be
        recorded, first.
        """
        self.record(flat_metrics(scores, served))
        others = [name for name in dict.fromkeys(scores["model"]) if name != served]
        for name in (*reversed(others), served):
            self.candidate(name, flat_metrics(scores, name))
        view = table_view(map(int, scores["horizon"].unique()))
        # A store may keep others from changing an experiment; the run is whole without the view.
        with suppress(import_mlflow().exceptions.MlflowException, Unreachable):
            self.store.client.set_experiment_tag(self.experiment_id, VIEW_TAG, view)

    def candidate(self, name: str, metrics: Iterable[Metric] = ()) -> str:
        """Record one candidate as a finished child run; returns the child's id."""
        tags = (
            _tags(name) | mark_of_process() | {"mlflow.parentRunId": self.run_id, "candidate": name}
        )
        client = self.store.client
        child = client.create_run(self.experiment_id, tags=tags, run_name=name).info.run_id
        with _ending(client, child):
            Run(self.store, child, self.experiment_id).record(metrics)
        return str(child)

    def dataset(self, panel: Panel, name: str, fingerprint: str) -> None:
        """Log the panel as the run's training data: its name, fingerprint, columns and size."""
        entities = import_mlflow().entities
        columns = [
            {"type": kind, "name": name, "required": True} for name, kind in column_types(panel)
        ]
        rows = panel.city_years
        profile = {"num_rows": rows, "num_elements": rows * len(columns)}
        dataset = entities.Dataset(
            name=name,
            digest=fingerprint,
            source_type="local",
            source=json.dumps({"uri": panel.source}, ensure_ascii=False),
            schema=json.dumps({"mlflow_colspec": columns}, ensure_ascii=False),
            profile=json.dumps(profile),
        )
        tags = [entities.InputTag("mlflow.data.context", "training")]
        self.store.client.log_inputs(self.run_id, [entities.DatasetInput(dataset, tags)])

    def artifacts(self, folder: Path | str) -> None:
        """Copy a folder of files to the run."""
        self.store.client.log_artifacts(self.run_id, str(folder))

    def artifact(self, path: Path | str) -> None:
        """Copy a file to the run, in place of an older one of its name."""
        self.store.client.log_artifact(self.run_id, str(path))


@contextmanager
def track(
    store: Store, experiment: Experiment, *, fingerprint: str, command: str = "train"
) -> Iterator[Run]:
    """Open the run of a training, and end it as FINISHED, FAILED or KILLED.

    Under ``mlflow run``, which exports ``MLFLOW_RUN_ID``, that run is adopted and nothing else
    is opened. A gate that refuses does not make a run a failed one.

    Parameters
    ----------
    store : Store
    experiment : Experiment
        Logged as parameters.
    fingerprint : str
        Fingerprint of the panel.
    command : str
        What is done.

    Raises
    ------
    InputError
        If ``MLFLOW_RUN_ID`` names no run of the store.
    """
    with silenced():
        run = _adopt(store) or _open(store, experiment, command)
        with _ending(store.client, run.run_id):
            tags = {
                "version": __version__,
                "command": command,
                "fingerprint": fingerprint,
                "experiment_digest": experiment.digest(),
                "simulated": str(experiment.data.simulated).lower(),
            }
            own = {f"city_resilience.{name}": value for name, value in tags.items()}
            own |= mark_of_process()
            run.record(params=flat_params(experiment), tags=own)
            yield run


def _open(store: Store, experiment: Experiment, command: str) -> Run:
    experiment_id = store.experiment_id(experiment.name)
    name = time.strftime("%Y-%m-%d %H:%M:%S")  # MLflow's table has room for 20 characters
    run = store.client.create_run(
        experiment_id, tags=_tags(command) | mark_of_process(), run_name=name
    )
    return Run(store, run.info.run_id, experiment_id)


def _adopt(store: Store) -> Run | None:
    run_id = os.environ.get(RUN_ID)
    if not run_id:
        return None
    try:
        run = store.client.get_run(run_id)
    except import_mlflow().exceptions.MlflowException as error:
        raise InputError(
            f"{RUN_ID}={run_id}: no such run in {store.uri}; unset it, or leave --store away "
            "under 'mlflow run'"
        ) from error
    return Run(store, run_id, run.info.experiment_id)


@contextmanager
def _ending(client: Any, run_id: str) -> Iterator[None]:
    try:
        yield
    except BaseException as error:
        killed = isinstance(error, KeyboardInterrupt | GeneratorExit)
        status = "KILLED" if killed else "FAILED"
        # What went wrong first is what the user must see.
        with suppress(import_mlflow().exceptions.MlflowException, Unreachable):
            client.set_terminated(run_id, "FINISHED" if isinstance(error, GateRefused) else status)
        raise
    client.set_terminated(run_id, "FINISHED")


def _chunks(items: list[Any], size: int) -> list[list[Any]]:
    return [items[start : start + size] for start in range(0, len(items), size)]


def _tags(command: str) -> dict[str, str]:
    try:
        user = getpass.getuser()
    except (OSError, KeyError, ImportError):  # no user database, as in some containers
        user = "unknown"
    return {
        "mlflow.user": user,
        "mlflow.source.name": f"city-resilience {command}",
        "mlflow.source.type": "LOCAL",
        **mark_of_process(),
    }
