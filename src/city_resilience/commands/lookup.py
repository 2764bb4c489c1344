"""Find what earlier runs left: models, their drivers and summaries, in a store or a folder."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd

from city_resilience.errors import InputError
from city_resilience.files import refuse_overwriting
from city_resilience.models.bundle import copy_bundle
from city_resilience.tracking.gate import Verdict
from city_resilience.tracking.promotion import compare_versions, promote
from city_resilience.tracking.registry import (
    FoundModel,
    ModelVersion,
    find_model,
    find_version,
    list_models,
    result_file,
)
from city_resilience.tracking.store import open_store

__all__ = [
    "compared",
    "explained",
    "exported",
    "keep_results",
    "model_folder",
    "promoted",
    "registered",
    "stored_summary",
]

PROMOTED = {
    "forced": "forced",
    "first": "there was none",
    "refitted": "the champion's recipe, refitted",
}


def model_folder(model: str, store: str) -> tuple[Path, str]:
    """Return the bundle folder of a model, and its name: the folder, or NAME/VERSION.

    Parameters
    ----------
    model : str
        A bundle folder or a registered model; "" = the champion of the only one.

    Raises
    ------
    InputError
        If there is no such folder and no such registered model.
    """
    found = _found(model, store)
    return found.folder, found.name


def explained(
    folder: Path, model: str, store: str, data: str
) -> tuple[pd.DataFrame, dict[str, str], str]:
    """Return the drivers frame of a model, the label of each indicator, and what is forecast.

    Computed on a panel when one is given; otherwise the drivers that ``train`` stored, beside
    the bundle in an output folder or with the run.
    """
    from city_resilience.indicators.table import load_indices, load_table
    from city_resilience.models.bundle import load_bundle

    labels = {spec.id: spec.label_en for spec in load_table()}
    labels |= {index.id: index.label_en for index in load_indices()}
    measure = load_bundle(folder).experiment.outcome.measure
    if not data:
        found = _found(model, store)
        path = result_file(found, "drivers.parquet", "give the panel with --data")
        return pd.read_parquet(path), labels, measure
    from city_resilience.audit.read_audited import read_audited
    from city_resilience.explain.contributions import contributions
    from city_resilience.explain.forecast_table import check_panel

    forecaster = load_bundle(folder)
    panel = read_audited(data, forecaster.experiment, purpose="predict").panel
    rows = check_panel(forecaster, panel, allow_partial=True)
    return contributions(forecaster, panel, rows), labels, measure


def stored_summary(
    results: Path | None, model: str, store: str, study: Path | None = None
) -> dict[str, Any]:
    """Return the summary that a run's report is made of, with a study when one is named.

    Raises
    ------
    InputError
        If the summary or the study is not there, or the study is about another experiment.
    """
    if results is None:
        path = result_file(_found(model, store), "summary.json", "give --results")
    else:
        path = results / "summary.json"
        if not path.is_file():
            raise InputError(f"{path}: not there; name a folder that 'train --out' wrote")
    summary: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    if study is None:
        return summary
    from city_resilience.evaluation.study.study import read_study
    from city_resilience.report.summary import with_study

    return with_study(summary, read_study(study))


def keep_results(out: Path, results: Path | None) -> None:
    """Refuse a report that would overwrite another file of the results it is made of.

    Raises
    ------
    InputError
        If it would.
    """
    if results is not None and results.is_dir():
        others = (path for path in results.iterdir() if path.name != "report.html")
        refuse_overwriting([out], others)


def compared(challenger: str, champion: str | None, store: str) -> Verdict:
    """Return the gate's verdict on two registered versions, from their stored backtests."""
    opened = open_store(store, create=False)
    left = find_version(challenger, opened)
    right = find_version(champion or f"{left.name}@champion", opened)
    return compare_versions(left, right, opened)


def promoted(reference: str, store: str, *, force: bool) -> str:
    """Make a version the champion and say so.

    Raises
    ------
    GateRefused
        If its errors are not lower than the champion's and its recipe is another.
    """
    opened = open_store(store, create=False)
    done = promote(find_version(reference, opened), opened, force=force)
    if done.reason == "already":
        return f"{done.version.reference} is the champion already"
    why = done.verdict.words() if done.verdict else PROMOTED[done.reason]
    return f"{done.version.reference} is champion now ({why})"


def registered(store: str) -> list[ModelVersion]:
    """Return all registered versions."""
    return list_models(open_store(store, create=False))


def exported(reference: str, folder: Path, store: str) -> Path:
    """Write the bundle of a registered version to a folder."""
    return copy_bundle(_found(reference, store).folder, folder)


def _found(model: str, store: str) -> FoundModel:
    return find_model(model, lambda: open_store(store, create=False))
