"""Log a forecaster as a model that MLflow can serve, and register it as a new version."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from city_resilience.explain.forecast_table import forecast_table
from city_resilience.models.bundle import copy_bundle
from city_resilience.models.forecaster import Forecaster
from city_resilience.models.manifest import CARD
from city_resilience.reading.panel import Panel
from city_resilience.tracking.gate import Verdict
from city_resilience.tracking.quiet import environment, quiet
from city_resilience.tracking.registry import (
    BUNDLE_PATH,
    CHALLENGER,
    CHAMPION,
    ModelVersion,
    find_version,
)
from city_resilience.tracking.run import Run
from city_resilience.tracking.serving import DATA_COLUMN, example_of, requirements

__all__ = ["register"]

LONGEST_DESCRIPTION = 5000
CODE = Path(__file__).with_name("served_model.py")


def register(
    run: Run,
    bundle_folder: Path | str,
    forecaster: Forecaster,
    panel: Panel,
    *,
    mae: Mapping[int, float] | None = None,
    verdict: Verdict | None = None,
    tags: Mapping[str, str] | None = None,
) -> ModelVersion:
    """Register a bundle under the experiment's name, as challenger and perhaps as champion.

    It becomes champion if the model has none yet or the verdict passes. If anything fails, the
    version and the logged model are removed again, and aliases stand as they were.

    Parameters
    ----------
    run : Run
        The open run; the model belongs to it.
    bundle_folder : Path
        As written by `save_bundle`; its model card becomes the version's description.
    panel : Panel
        The training panel, of which the signature and a small example are taken.
    mae : mapping of int to float
        Mean yearly MAE of the served model by horizon, pp.
    verdict : Verdict
        The champion gate's.
    tags : mapping
        Further tags of the version.

    Returns
    -------
    ModelVersion
    """
    with quiet(), ExitStack() as undo:
        work = _Registration(run, Path(bundle_folder), forecaster, panel, undo)
        version = work.create_version(*work.log_model(), _tags(forecaster, mae, verdict, tags))
        work.set_aliases(version, verdict)
        registered = find_version(f"{forecaster.experiment.name}/{version}", run.store)
        undo.pop_all()
    return registered


@dataclass(frozen=True)
class _Registration:
    """One registration in progress; ``undo`` takes every step back."""

    run: Run
    folder: Path
    forecaster: Forecaster
    panel: Panel
    undo: ExitStack

    @property
    def client(self) -> Any:
        return self.run.store.client

    @property
    def name(self) -> str:
        return self.forecaster.experiment.name

    def log_model(self) -> tuple[str, str]:
        """Log the model to the run; return its id and where its files are."""
        from mlflow.entities import LoggedModelOutput

        client, run = self.client, self.run
        logged = client.create_logged_model(
            run.experiment_id, name="forecaster", source_run_id=run.run_id, model_type="forecaster"
        )
        self.undo.callback(_ignoring(client.delete_logged_model), logged.model_id)
        with tempfile.TemporaryDirectory() as temporary:
            # The folder keeps its name in the model, and loading asks for this one.
            bundle = copy_bundle(self.folder, Path(temporary) / Path(BUNDLE_PATH).name)
            self.save_model(Path(temporary) / "model", bundle, logged)
            client.log_model_artifacts(logged.model_id, str(Path(temporary) / "model"))
        client.finalize_logged_model(logged.model_id, "READY")
        client.log_outputs(run.run_id, [LoggedModelOutput(logged.model_id, step=0)])
        return logged.model_id, logged.artifact_location

    def save_model(self, path: Path, bundle: Path, logged: Any) -> None:
        """Lay the model out in MLflow's format."""
        import mlflow.pyfunc
        from mlflow.models import Model

        model = Model(
            artifact_path=logged.artifact_location,
            model_uuid=logged.model_id,
            run_id=self.run.run_id,
            model_id=logged.model_id,
        )
        # Otherwise a uv.lock in the current folder would be copied into the model.
        with environment({"MLFLOW_UV_AUTO_DETECT": "false"}):
            mlflow.pyfunc.save_model(
                path,
                python_model=str(CODE),
                artifacts={"bundle": str(bundle)},
                signature=_signature(self.forecaster, self.panel),
                input_example=(example_of(self.panel, self.forecaster), {"allow_partial": True}),
                pip_requirements=requirements(),
                model_config={"read_paths": False},
                mlflow_model=model,
            )

    def create_version(self, model_id: str, source: str, tags: Mapping[str, str]) -> int:
        """Register the logged model under the experiment's name."""
        client = self.client
        self._ensure_model()
        version = client.create_model_version(
            self.name,
            # On SQLite MLflow would look a model id up in its global store, not in this one.
            source if self.run.store.database else f"models:/{model_id}",
            run_id=self.run.run_id,
            tags=dict(tags),
            description=(self.folder / CARD).read_text(encoding="utf-8")[:LONGEST_DESCRIPTION],
            model_id=model_id,
        ).version
        self.undo.callback(_ignoring(client.delete_model_version), self.name, str(version))
        return int(version)

    def set_aliases(self, version: int, verdict: Verdict | None) -> None:
        """Make the version the challenger and, where it is due, the champion."""
        client = self.client
        before = dict(client.get_registered_model(self.name).aliases)
        self.undo.callback(_restore, client, self.name, before)
        client.set_registered_model_alias(self.name, CHALLENGER, str(version))
        if CHAMPION not in before or (verdict is not None and verdict.passes):
            client.set_registered_model_alias(self.name, CHAMPION, str(version))

    def _ensure_model(self) -> None:
        from mlflow.exceptions import MlflowException

        try:
            self.client.create_registered_model(self.name)
        except MlflowException as error:
            if error.error_code != "RESOURCE_ALREADY_EXISTS":
                raise
        else:
            self.undo.callback(_ignoring(self.client.delete_registered_model), self.name)


def _signature(forecaster: Forecaster, panel: Panel) -> Any:
    from mlflow.models import ModelSignature
    from mlflow.types import ColSpec, ParamSchema, ParamSpec, Schema

    forecasts = forecast_table(forecaster, panel).assign(rank=0.0)
    inputs = [ColSpec(kind, name, required=False) for name, kind in _kinds(panel.frame)]
    params = [ParamSpec("allow_partial", "boolean", False), ParamSpec("drivers", "long", 0)]
    return ModelSignature(
        inputs=Schema([*inputs, ColSpec("string", DATA_COLUMN, required=False)]),
        outputs=Schema([ColSpec(kind, name) for name, kind in _kinds(forecasts)]),
        params=ParamSchema(params),
    )


def _kinds(frame: pd.DataFrame) -> Iterator[tuple[str, str]]:
    for name, dtype in frame.dtypes.items():
        yield str(name), {"f": "double", "i": "long"}.get(getattr(dtype, "kind", "O"), "string")


def _restore(client: Any, name: str, before: Mapping[str, str]) -> None:
    for alias in (CHALLENGER, CHAMPION):
        if alias in before:
            _ignoring(client.set_registered_model_alias)(name, alias, str(before[alias]))
        else:
            _ignoring(client.delete_registered_model_alias)(name, alias)


def _ignoring(function: Any) -> Any:
    """Wrap a clean-up call: what failed first is what the user must see."""
    from mlflow.exceptions import MlflowException

    def call(*arguments: Any) -> None:
        with suppress(MlflowException):
            function(*arguments)

    return call


def _tags(
    forecaster: Forecaster,
    mae: Mapping[int, float] | None,
    verdict: Verdict | None,
    more: Mapping[str, str] | None,
) -> dict[str, str]:
    tags = {
        "origin": str(forecaster.origin),
        "fingerprint": forecaster.fingerprint,
        "experiment_digest": forecaster.experiment.digest(),
        "simulated": str(forecaster.experiment.data.simulated).lower(),
    }
    tags |= {f"mae_h{horizon}": f"{value:.6f}" for horizon, value in (mae or {}).items()}
    if verdict is not None:
        tags["gate"] = verdict.words
    return tags | dict(more or {})
