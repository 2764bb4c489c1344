"""MLflow runs, data sets, the model registry and the champion gate; MLflow is imported lazily."""

from city_resilience.tracking.artifacts import fetch_artifact
from city_resilience.tracking.gate import Verdict, YearPair, champion_gate
from city_resilience.tracking.registration import register
from city_resilience.tracking.registry import (
    CHALLENGER,
    CHAMPION,
    RECIPE,
    ModelVersion,
    champion_of,
    export_model,
    fetch_bundle,
    find_version,
    is_reference,
    list_models,
    promote,
)
from city_resilience.tracking.run import Run, track
from city_resilience.tracking.store import Store, open_store, resolve_store
from city_resilience.tracking.values import Value, flat_metrics, flat_params

__all__ = [
    "CHALLENGER",
    "CHAMPION",
    "RECIPE",
    "ModelVersion",
    "Run",
    "Store",
    "Value",
    "Verdict",
    "YearPair",
    "champion_gate",
    "champion_of",
    "export_model",
    "fetch_artifact",
    "fetch_bundle",
    "find_version",
    "flat_metrics",
    "flat_params",
    "is_reference",
    "list_models",
    "open_store",
    "promote",
    "register",
    "resolve_store",
    "track",
]
