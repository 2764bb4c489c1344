"""A run from panel to registered forecast: calls the rooms in order and keeps no logic of theirs.

Files are first written to a staging folder. What a user sees, the output folder and the registered
version, appears only after everything before it has succeeded.
"""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from city_resilience import __version__
from city_resilience.audit.read_audited import read_audited
from city_resilience.commands.evaluating import (
    TABLES,
    Evaluation,
    evaluate,
    levels_of,
    refuse_window_measure,
    searched,
    write_evaluation,
)
from city_resilience.commands.intake import Source, load
from city_resilience.errors import GateRefused, InputError
from city_resilience.evaluation.backtest import run_backtest
from city_resilience.evaluation.live import fit_forecaster
from city_resilience.evaluation.study.study import RECIPE_VERSION, recipe_of, study_beside
from city_resilience.experiment import Experiment
from city_resilience.explain.contributions import contributions
from city_resilience.explain.forecast_table import forecast_table
from city_resilience.explain.slices import drivers_by_group
from city_resilience.files import (
    check_folder,
    publish,
    refuse_overwriting,
    staging_folder,
    write_json,
    write_table,
)
from city_resilience.models.bundle import load_bundle, save_bundle
from city_resilience.models.forecaster import Forecaster, ForecastRows
from city_resilience.models.manifest import foreign_files
from city_resilience.models.versions import package_versions
from city_resilience.progress import Progress, silent
from city_resilience.resilience.reasons import REASONS
from city_resilience.tasks.dataset import build_dataset
from city_resilience.tasks.outcome import missing_labels
from city_resilience.tracking.gate import Verdict, champion_gate
from city_resilience.tracking.metrics import Metric
from city_resilience.tracking.registration import register
from city_resilience.tracking.registry import RECIPE, bundle_of, champion_of
from city_resilience.tracking.runs import Run, track
from city_resilience.tracking.store import Store, open_store

__all__ = [
    "Evaluation",
    "Source",
    "Trained",
    "evaluate",
    "load",
    "train",
    "write_evaluation",
]


MODEL = "model"
FILES = (
    *TABLES,
    "audit.json",
    "audit.html",
    "forecast.csv",
    "drivers.parquet",
    "drivers_by_group.csv",
    "summary.json",
    "report.html",
)
"""What a run leaves in its output folder, beside the folder of the model."""


@dataclass(frozen=True)
class Trained:
    """Outcome of ``train``: the evaluation, the forecaster, and where things are.

    ``study`` is the study beside the experiment file that the report took in, if there is one.
    """

    source: Source
    evaluation: Evaluation
    forecaster: Forecaster
    forecast: pd.DataFrame
    drivers: pd.DataFrame
    seconds: float
    run_id: str
    store: str
    version: str
    aliases: tuple[str, ...]
    gate: str
    out: Path | None
    study: Mapping[str, Any] | None


def train(
    experiment_path: Path | str,
    data: str = "",
    *,
    out: Path | None = None,
    overrides: Iterable[str] = (),
    store: str = "",
    require_promotion: bool = False,
    progress: Progress = silent,
) -> Trained:
    """Backtest, fit, explain, log, register as challenger, and promote when the gate passes.

    Parameters
    ----------
    experiment_path, data, overrides
        As for ``load``.
    out : Path, optional
        Folder that receives the tables, the report and the model bundle.
    store : str
        Tracking store; see ``tracking.resolve_store``.
    require_promotion : bool
        Raise ``GateRefused`` when the new version does not become champion.

    Raises
    ------
    InputError
        If something the user gave is not usable; nothing is registered or written then.
    GateRefused
        If promotion was required and the gate said no; the challenger stays registered.
    """
    started = time.perf_counter()
    check_folder(out, FILES)
    _check_model_folder(out)
    source = load(experiment_path, data, overrides)
    if out is not None:
        refuse_overwriting((out / name for name in FILES), [source.path])
    refuse_window_measure(source.experiment)
    study = study_beside(Path(experiment_path), source.experiment)
    source = searched(source, progress)
    experiment = source.experiment
    opened = open_store(store, create=True, experiment_file=experiment_path)
    fingerprint = source.panel.fingerprint()
    with staging_folder(out) as staging:
        with track(opened, experiment, fingerprint=fingerprint) as run:
            evaluation = evaluate(source, progress)
            parts = _fit_and_explain(source, evaluation, fingerprint, progress)
            verdict = _gate(source, evaluation, opened, progress)
            seconds = time.perf_counter() - started
            about = {"run_id": run.run_id, "seconds": seconds, "study": study}
            version = _record(run, staging, source, evaluation, parts, verdict, about, progress)
        if out is not None:
            publish(staging, out)
    gate = verdict.words(measure=experiment.outcome.measure)
    if require_promotion and not version.is_champion:
        raise GateRefused(f"{version.reference} stays challenger: {gate}")
    return Trained(
        source=source,
        evaluation=evaluation,
        forecaster=parts[0],
        forecast=parts[1],
        drivers=parts[2],
        seconds=time.perf_counter() - started,
        run_id=run.run_id,
        store=opened.uri,
        version=version.reference,
        aliases=version.aliases,
        gate=gate,
        out=out,
        study=study,
    )


def _check_model_folder(out: Path | None) -> None:
    """Refuse to replace a folder ``model`` that holds anything but a bundle."""
    if out is None:
        return
    model = out / MODEL
    if model.is_symlink() or model.is_file():
        raise InputError(f"--out {out}: its {MODEL!r} is no plain folder; name another folder")
    if model.exists() and (foreign := foreign_files(model)):
        raise InputError(
            f"--out {out}: {foreign[0]!r} in its {MODEL!r} is no part of a model bundle and would "
            "be replaced; name another folder"
        )


Parts = tuple[Forecaster, pd.DataFrame, pd.DataFrame]


def _fit_and_explain(
    source: Source, evaluation: Evaluation, fingerprint: str, progress: Progress
) -> Parts:
    forecaster = fit_forecaster(
        source.dataset,
        source.experiment,
        evaluation.backtest.served_weights,
        fingerprint,
        progress,
        evaluation.backtest.calibrations,
    )
    progress("explaining the forecasts", 0, 1)
    rows = ForecastRows.of(source.dataset)
    drivers = contributions(forecaster, source.panel, rows)
    forecast = forecast_table(forecaster, source.panel, rows, drivers=drivers)
    progress("explaining the forecasts", 1, 1)
    return forecaster, forecast, drivers


def _gate(source: Source, evaluation: Evaluation, store: Store, progress: Progress) -> Verdict:
    """Compare with the champion, refitted on this panel."""
    champion = champion_of(source.experiment.name, store)
    if champion is None:
        return Verdict("first")
    if champion.same_recipe(_recipe_tag(source)):
        return Verdict("same_recipe")
    try:
        old = load_bundle(bundle_of(champion, store)).experiment
        panel = read_audited(source.path, old, purpose="measure").panel
        refitted = old.model_copy(update={"evaluation": source.experiment.evaluation})
        backtest = run_backtest(
            build_dataset(panel, refitted),
            refitted,
            lambda what, done, total: progress(f"champion refitted, {what}", done, total),
        )
    except InputError as error:
        return Verdict("not_refitted", problem=str(error))
    return champion_gate(
        _served_rows(evaluation.backtest.frame, source.experiment.model.serve),
        _served_rows(backtest.frame, refitted.model.serve),
    )


def _recipe_tag(source: Source) -> str:
    """Name what decides a recipe besides the panel, as registered."""
    return f"{source.recipe}-{RECIPE_VERSION}"


def _served_rows(frame: pd.DataFrame, model: str) -> pd.DataFrame:
    return frame[frame["model"] == model]


def _served_mae(evaluation: Evaluation, experiment: Experiment) -> dict[int, float]:
    rows = evaluation.scores
    rows = rows[(rows["slice"] == "all") & (rows["model"] == experiment.model.serve)]
    return {int(h): float(mae) for h, mae in zip(rows["horizon"], rows["mae"], strict=True)}


def _stage(
    folder: Path,
    source: Source,
    evaluation: Evaluation,
    parts: Parts,
    run: Mapping[str, Any],
) -> None:
    from city_resilience.report.audit_page import write_audit
    from city_resilience.report.card import model_card
    from city_resilience.report.html import write_report
    from city_resilience.report.summary import summarise

    forecaster, forecast, drivers = parts
    write_evaluation(evaluation, folder)
    audit = source.audited.as_dict()
    write_audit(audit, folder / "audit.json")
    write_audit(audit, folder / "audit.html")
    write_table(forecast, folder / "forecast.csv")
    write_table(drivers, folder / "drivers.parquet")
    by_group = drivers_by_group(
        drivers, levels_of(source.dataset), source.experiment.evaluation.min_group
    )
    write_table(by_group, folder / "drivers_by_group.csv")
    summary = summarise(
        source.experiment,
        backtest=evaluation.backtest.frame,
        scores=evaluation.scores,
        forecast=forecast,
        drivers=drivers,
        drivers_by_group=by_group,
        coverage=evaluation.coverage,
        intervals=evaluation.intervals,
        reliability=evaluation.reliability,
        labels={
            spec.id: (spec.label_en, spec.label_zh, spec.family, spec.unit)
            for spec in source.dataset.specs
        },
        info=_info(source, forecaster) | dict(run),
    )
    panel = source.panel
    extent = f"{len(panel.cities)} cities, {panel.years[0]}-{panel.years[-1]}"
    save_bundle(forecaster, folder / "model", card_text=model_card(forecaster, summary, extent))
    write_json(summary, folder / "summary.json")
    write_report(summary, folder / "report.html")


def _info(source: Source, forecaster: Forecaster) -> dict[str, Any]:
    outcome = source.panel.variables[source.experiment.outcome.variable]
    dropped = {
        name: why
        for model in forecaster.horizons.values()
        for name, why in model.spec.dropped.items()
    }
    return {
        "served": source.experiment.model.serve,
        "weights": {h: dict(model.weights) for h, model in forecaster.horizons.items()},
        "versions": {"city-resilience": __version__, **package_versions()},
        "fingerprint": forecaster.fingerprint,
        "created": dt.datetime.now(dt.UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "files": source.path.name,
        "notes": (*source.panel.notes, *_data_notes(source)),
        "absent": source.dataset.indicators.absent,
        "dropped": dropped,
        "outcome": (outcome.label_en, outcome.label_zh),
        "learners": recipe_of(source.experiment)["learners"],
        "rules": RECIPE_VERSION,
    }


def _data_notes(source: Source) -> list[str]:
    """Say what the audit found, what was accepted and why, and which labels are missing."""
    counts = source.audited.counts
    found = ", ".join(f"{counts[name]} {name}s" for name in ("error", "warning", "note"))
    accepted = [f"accepted {id}: {why}" for id, why in source.audited.accepted.items()]
    labels = [
        f"horizon {horizon}: {count} city-years have no label: {REASONS[reason].label_en}"
        for horizon in source.experiment.outcome.horizons
        for reason, count in missing_labels(
            source.dataset.measure, source.dataset.outcome, horizon
        ).items()
    ]
    return [f"the audit found {found}; see audit.html of the run", *accepted, *labels]


def _record(
    run: Any,
    staging: Path,
    source: Source,
    evaluation: Evaluation,
    parts: Parts,
    verdict: Any,
    about: Mapping[str, Any],
    progress: Progress,
) -> Any:
    """Stage the files, log them and register the model; returns the version."""
    progress("writing tables and report", 0, 1)
    _stage(staging, source, evaluation, parts, about)
    progress("writing tables and report", 1, 1)
    progress("logging and registering", 0, 1)
    _log(run, source, evaluation, staging)
    version = register(
        run,
        staging / "model",
        parts[0],
        source.panel,
        mae=_served_mae(evaluation, source.experiment),
        verdict=verdict,
        tags={RECIPE: _recipe_tag(source)},
    )
    progress("logging and registering", 1, 1)
    return version


def _log(run: Run, source: Source, evaluation: Evaluation, folder: Path) -> None:
    run.dataset(source.panel, source.experiment.name)
    run.record_scores(evaluation.scores, source.experiment.model.serve)
    run.record([Metric(f"audit_{k}", float(n)) for k, n in source.audited.counts.items()])
    run.artifacts(folder)
