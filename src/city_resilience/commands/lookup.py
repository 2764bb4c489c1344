"""Find what earlier runs left: models, their drivers and summaries, in a store or a folder."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd

from city_resilience.errors import GateRefused, InputError
from city_resilience.files import refuse_overwriting
from city_resilience.models.manifest import is_bundle

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
    if _is_folder(model):
        return Path(model), model
    from city_resilience import tracking

    try:
        opened = _open(store)
        version = _version(model, opened)
    except InputError as error:
        if not model or "@" in model or "/" in model:
            raise
        raise InputError(
            f"--model {model!r}: no such model folder, and as a registered model (NAME@alias or "
            f"NAME/VERSION) not found: {error}"
        ) from error
    reference = f"{version.name}/{version.version}"
    return tracking.fetch_bundle(reference, opened), reference


def explained(
    folder: Path, model: str, store: str, data: str
) -> tuple[pd.DataFrame, dict[str, str], str]:
    """Return the drivers frame of a model, the label of each indicator, and what is forecast.

    Computed on a panel when one is given; otherwise the drivers that ``train`` stored, beside
    the bundle in an output folder or with the run.
    """
    from city_resilience.indicators.table import INDICES, TABLE
    from city_resilience.models.bundle import load_bundle

    labels = {spec.id: spec.label_en for spec in TABLE}
    labels |= {index.id: index.label_en for index in INDICES}
    measure = load_bundle(folder).experiment.outcome.measure
    if not data:
        path = _result(folder, model, store, "drivers.parquet", "give the panel with --data")
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
        folder, _ = model_folder(model, store)
        path = _result(folder, model, store, "summary.json", "give --results")
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


def compared(challenger: str, champion: str | None, store: str) -> Any:
    """Return the gate's verdict on two registered versions, from their stored backtests."""
    from city_resilience import tracking

    opened = _open(store)
    left = _version(challenger, opened)
    right = _version(champion or f"{left.name}@champion", opened)
    return tracking.champion_gate(_backtest(left, opened), _backtest(right, opened))


def promoted(reference: str, store: str, *, force: bool) -> str:
    """Make a version the champion and say so.

    Raises
    ------
    GateRefused
        If its errors are not lower than the champion's and its recipe is another.
    """
    from city_resilience import tracking

    opened = _open(store)
    version = _version(reference, opened)
    champion = tracking.champion_of(version.name, opened)
    if champion is not None and champion.version == version.version:
        return f"{version.name}/{version.version} is the champion already"
    why = "forced"
    if not force and champion is not None:
        why = _why(version, champion, opened)
    tracking.promote(version.name, version.version, opened)
    return f"{version.name}/{version.version} is champion now ({why})"


def registered(store: str) -> list[Any]:
    """Return all registered versions."""
    from city_resilience import tracking

    return tracking.list_models(_open(store))


def exported(reference: str, folder: Path, store: str) -> Path:
    """Write the bundle of a registered version to a folder."""
    from city_resilience import tracking

    return tracking.export_model(reference, folder, _open(store))


def _why(version: Any, champion: Any, store: Any) -> str:
    from city_resilience import tracking

    recipe = version.tags.get(tracking.RECIPE)
    if recipe and recipe == champion.tags.get(tracking.RECIPE):
        return "the champion's recipe, refitted"
    verdict = tracking.champion_gate(_backtest(version, store), _backtest(champion, store))
    if not verdict.passes:
        raise GateRefused(
            f"{version.name}/{version.version} is not promoted: {verdict.words}; "
            "train both on the same panel, or give --force"
        )
    return str(verdict.words)


def _is_folder(model: str) -> bool:
    from city_resilience import tracking

    return bool(model) and (is_bundle(Path(model)) or not tracking.is_reference(model))


def _open(store: str) -> Any:
    from city_resilience import tracking

    return tracking.open_store(tracking.resolve_store(store), create=False)


def _version(model: str, store: Any) -> Any:
    from city_resilience import tracking

    if model:
        return tracking.find_version(model, store)
    names = sorted({version.name for version in tracking.list_models(store)})
    if len(names) != 1:
        raise InputError(
            f"--model: the store holds {len(names)} models ({', '.join(names) or 'none'}); "
            "name one, for example --model NAME@champion"
        )
    return tracking.find_version(names[0], store)


def _backtest(version: Any, store: Any) -> pd.DataFrame:
    from city_resilience import tracking
    from city_resilience.models.bundle import load_bundle

    reference = f"{version.name}/{version.version}"
    serve = load_bundle(tracking.fetch_bundle(reference, store)).experiment.model.serve
    frame = pd.read_parquet(tracking.fetch_artifact(version, "backtest.parquet", store))
    return frame[frame["model"] == serve]


def _result(folder: Path, model: str, store: str, name: str, otherwise: str) -> Path:
    """Find a file of a run: beside the bundle folder, or among the run's artifacts."""
    beside = folder.parent / name
    if beside.is_file():
        return beside
    if _is_folder(model):
        raise InputError(f"{beside}: not there; name a registered model, or {otherwise}")
    from city_resilience import tracking

    opened = _open(store)
    return tracking.fetch_artifact(_version(model, opened), name, opened)
