"""Log a forecaster as a model that MLflow can serve, and register it as a new version."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

from city_resilience.errors import InputError
from city_resilience.models.bundle_copy import copy_bundle
from city_resilience.models.forecaster import Forecaster
from city_resilience.models.manifest import CARD
from city_resilience.models.rows import forecast_columns
from city_resilience.processes import own_mark
from city_resilience.reading.panel import Panel
from city_resilience.tracking.backend import create_once, environment, import_mlflow, silenced
from city_resilience.tracking.champions import Change, record_change
from city_resilience.tracking.contender import AUDIT_ERRORS
from city_resilience.tracking.gate import VERDICT_AGAINST, VERDICT_REASONS
from city_resilience.tracking.leftovers import PENDING
from city_resilience.tracking.metrics import column_types
from city_resilience.tracking.patience import Unreachable
from city_resilience.tracking.registry import (
    BUNDLE_PATH,
    CHALLENGER,
    CHAMPION,
    RECIPE,
    ModelVersion,
    find_version,
)
from city_resilience.tracking.runs import Run
from city_resilience.tracking.serving import DATA_COLUMN, example_of, requirements
from city_resilience.tracking.store import Store
from city_resilience.tracking.verdict import Verdict
from city_resilience.unfinished import stage

__all__ = ["register"]

LONGEST_DESCRIPTION = 5000
NOWCAST = "nowcast"
"""Tag of a version: the early releases that its nowcast rests on, or ``none``."""
TYPES = {"str": "string", "int64": "long", "float64": "double", "Int64": "double"}
CODE = Path(__file__).with_name("served_model.py")


def register(
    run: Run,
    bundle_folder: Path | str,
    forecaster: Forecaster,
    panel: Panel | None = None,
    *,
    recipe: str = "",
    mae: Mapping[str, float] | None = None,
    verdict: Verdict | None = None,
    audit_errors: int = 0,
) -> ModelVersion:
    """Register a bundle under the experiment's name, as challenger and perhaps as champion.

    It becomes champion if the verdict says so, or without a verdict if the model has none. If
    anything fails, the version and the logged model are removed again, and aliases stand as they
    were.

    Parameters
    ----------
    run : Run
        The open run; the model belongs to it.
    bundle_folder : Path
        As written by `save_bundle`; its model card becomes the version's description.
    panel : Panel
        The training panel, of which the columns and a small example are taken; None where only
        the bundle is there.
    recipe : str
        What decides the model besides the panel; see `ModelVersion.same_recipe`.
    mae : mapping of str to float
        Mean yearly MAE of the served model, pp, by metric: ``mae_h1``, ``mae_recent_h1`` …, and
        ``nowcast_mae_h1`` … of its nowcasts.
    verdict : Verdict
        The champion gate's.
    audit_errors : int
        Errors of its panel that nothing settles.

    Returns
    -------
    ModelVersion
    """
    name, folder = forecaster.experiment.name, Path(bundle_folder)
    with silenced(), ExitStack() as undo:
        logged = _log_model(run, folder, forecaster, panel, undo)
        tags = _tags(forecaster, recipe, mae or {}, verdict) | {AUDIT_ERRORS: str(audit_errors)}
        card = (folder / CARD).read_text(encoding="utf-8")[:LONGEST_DESCRIPTION]
        version = _create_version(run, name, logged, card, tags, undo)
        undo.enter_context(_announcing(run.store, f"{name}/{version}"))
        _set_aliases(run.store, name, version, verdict, undo)
        # Up to here a killed process leaves a version that the next command takes back.
        run.store.client.delete_model_version_tag(name, version, PENDING)
        registered = find_version(f"{name}/{version}", run.store)
        undo.pop_all()
    return registered


@contextmanager
def _announcing(store: Store, reference: str) -> Iterator[None]:
    """Say what stands in a store that does not answer any more."""
    try:
        yield
    except Unreachable as error:
        raise InputError(
            f"{store.uri}: the store stopped answering while {reference} was registered; that "
            "version is not finished; train again when the store answers, which takes it back"
        ) from error


def _log_model(
    run: Run, folder: Path, forecaster: Forecaster, panel: Panel | None, undo: ExitStack
) -> Any:
    """Log the model to the run in MLflow's format; return what MLflow calls a logged model."""
    client = run.store.client
    logged = client.create_logged_model(
        run.experiment_id, name="forecaster", source_run_id=run.run_id, model_type="forecaster"
    )
    _on_failure(undo, client.delete_logged_model, logged.model_id)
    with stage(Path(tempfile.gettempdir()), "city-resilience") as temporary:
        # The folder keeps its name in the model, and loading asks for this one.
        bundle = copy_bundle(folder, temporary / Path(BUNDLE_PATH).name)
        path = temporary / "model"
        _save_model(path, bundle, logged, forecaster, panel)
        client.log_model_artifacts(logged.model_id, str(path))
    client.finalize_logged_model(logged.model_id, "READY")
    output = import_mlflow().entities.LoggedModelOutput(logged.model_id, step=0)
    client.log_outputs(run.run_id, [output])
    return logged


def _save_model(
    path: Path, bundle: Path, logged: Any, forecaster: Forecaster, panel: Panel | None
) -> None:
    mlflow = import_mlflow()
    model = mlflow.models.Model(
        artifact_path=logged.artifact_location,
        model_uuid=logged.model_id,
        run_id=logged.source_run_id,
        model_id=logged.model_id,
    )
    # Otherwise a uv.lock in the current folder would be copied into the model.
    with environment({"MLFLOW_UV_AUTO_DETECT": "false"}):
        mlflow.pyfunc.save_model(
            path,
            python_model=str(CODE),
            artifacts={"bundle": str(bundle)},
            **_described(forecaster, panel),
            pip_requirements=requirements(),
            model_config={"read_paths": False},
            mlflow_model=model,
        )


def _described(forecaster: Forecaster, panel: Panel | None) -> dict[str, Any]:
    """Return what tells MLflow's own tools how to ask the model; nothing without a panel."""
    if panel is None:
        return {}
    example = (example_of(panel, forecaster), {"allow_partial": True})
    return {"signature": _signature(panel, forecaster), "input_example": example}


def _create_version(
    run: Run, name: str, logged: Any, description: str, tags: Mapping[str, str], undo: ExitStack
) -> str:
    """Register the logged model under a name."""
    client = run.store.client
    if create_once(client.create_registered_model, name, tags={PENDING: own_mark()}):
        _on_failure(undo, client.delete_registered_model, name)
    before = dict(client.get_registered_model(name).aliases)
    version = client.create_model_version(
        name,
        # In a database MLflow would look a model id up in its global store, not in this one.
        f"models:/{logged.model_id}" if run.store.is_server else logged.artifact_location,
        run_id=run.run_id,
        tags={**tags, PENDING: json.dumps(before)},
        description=description,
        model_id=logged.model_id,
    ).version
    _on_failure(undo, client.delete_model_version, name, str(version))
    return str(version)


def _set_aliases(
    store: Store, name: str, version: str, verdict: Verdict | None, undo: ExitStack
) -> None:
    """Make the version the challenger and, where it is due, the champion, which is written down."""
    client = store.client
    before = dict(client.get_registered_model(name).aliases)
    champion = verdict.promotes if verdict else CHAMPION not in before
    for alias in (CHALLENGER, CHAMPION) if champion else (CHALLENGER,):
        if alias in before:
            old = str(before[alias])
            _on_failure(undo, client.set_registered_model_alias, name, alias, old)
        else:
            _on_failure(undo, client.delete_registered_model_alias, name, alias)
        client.set_registered_model_alias(name, alias, version)
    if champion:
        previous = int(before[CHAMPION]) if CHAMPION in before else None
        how = _how(previous, verdict)
        why = verdict.words() if verdict else ""
        key = record_change(name, Change(int(version), previous, "", how, why), store)
        _on_failure(undo, client.delete_registered_model_tag, name, key)


def _how(previous: int | None, verdict: Verdict | None) -> str:
    if previous is None:
        return "first"
    return "refitted" if verdict and "refit" in verdict.codes else "gate"


def _on_failure(undo: ExitStack, function: Callable[..., None], *arguments: str) -> None:
    """Call a function if a later step fails; what failed first is what the user must see."""

    def call() -> None:
        with suppress(import_mlflow().exceptions.MlflowException, Unreachable):
            function(*arguments)

    undo.callback(call)


def _signature(panel: Panel, forecaster: Forecaster) -> Any:
    mlflow = import_mlflow()
    columns, parameters = mlflow.types.ColSpec, mlflow.types.ParamSpec
    inputs = [*column_types(panel), (DATA_COLUMN, "string")]
    columns_out = forecast_columns(forecaster.experiment)
    outputs = [(name, TYPES[dtype]) for name, dtype in columns_out.items()]
    return mlflow.models.ModelSignature(
        inputs=mlflow.types.Schema([columns(kind, n, required=False) for n, kind in inputs]),
        outputs=mlflow.types.Schema([columns(kind, n) for n, kind in outputs]),
        params=mlflow.types.ParamSchema(
            [parameters("allow_partial", "boolean", False), parameters("drivers", "long", 0)]
        ),
    )


def _tags(
    forecaster: Forecaster, recipe: str, mae: Mapping[str, float], verdict: Verdict | None
) -> dict[str, str]:
    releases = forecaster.experiment.early if forecaster.nowcasts else {}
    told = ", ".join(f"{name} ({own.vintage} vintage)" for name, own in releases.items())
    return {
        RECIPE: recipe,
        NOWCAST: told or "none",
        "origin": str(forecaster.origin),
        "fingerprint": forecaster.fingerprint,
        "experiment_digest": forecaster.experiment.digest(),
        "simulated": str(forecaster.experiment.data.simulated).lower(),
        **{metric: f"{value:.6f}" for metric, value in mae.items()},
        **(_verdict_tags(verdict) if verdict else {}),
    }


def _verdict_tags(verdict: Verdict) -> dict[str, str]:
    return {
        "verdict": verdict.decision,
        "gate": verdict.words()[:LONGEST_DESCRIPTION],
        VERDICT_AGAINST: verdict.champion,
        VERDICT_REASONS: ",".join(verdict.codes),
    }
