"""``train``: from a panel to a registered forecast.

Files are first written to a staging folder. What a user sees, the output folder and the registered
version, appears only after everything before it has succeeded.
"""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from city_resilience import __version__
from city_resilience.commands import backtest
from city_resilience.commands.options import PATH, experiment_options, store_option
from city_resilience.errors import GateRefused, InputError
from city_resilience.files import (
    check_folder,
    publishing,
    refuse_overwriting,
    write_json,
    write_table,
)
from city_resilience.progress import Progress, silent

if TYPE_CHECKING:
    import pandas as pd
    from rich.table import Table

    from city_resilience.commands.backtest import Evaluation
    from city_resilience.commands.source import Source
    from city_resilience.experiment import Experiment
    from city_resilience.models.forecaster import Forecaster
    from city_resilience.report.summary import RunInfo
    from city_resilience.tracking.gate import Verdict
    from city_resilience.tracking.registry import ModelVersion
    from city_resilience.tracking.runs import Run
    from city_resilience.tracking.store import Store

__all__ = ["FILES", "Live", "Trained", "command", "show", "train"]

MODEL = "model"
FILES = (
    *backtest.FILES,
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
class Live:
    """The forecaster that is served, and what it says of the panel it was trained on.

    Attributes
    ----------
    forecast : DataFrame
        As of ``forecast_table``.
    drivers, by_group : DataFrame
        As of ``contributions`` and ``drivers_by_group``.
    """

    forecaster: Forecaster
    forecast: pd.DataFrame
    drivers: pd.DataFrame
    by_group: pd.DataFrame


@dataclass(frozen=True)
class Trained:
    """What ``train`` made, and where it is.

    Attributes
    ----------
    seconds : float
        How long it took.
    run_id, store : str
        The run, and the store that keeps it.
    version : ModelVersion
        As it was registered.
    gate : str
        Why it is champion, or not, in words.
    out : Path or None
        Folder of the files.
    study : mapping or None
        The study beside the experiment file that the report took in.
    """

    source: Source
    evaluation: Evaluation
    live: Live
    seconds: float
    run_id: str
    store: str
    version: ModelVersion
    gate: str
    out: Path | None
    study: Mapping[str, Any] | None


def train(
    experiment: Experiment | Path | str,
    data: pd.DataFrame | Path | str | None = None,
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
    experiment, data, overrides
        As for ``load``.
    out : Path, optional
        Folder that receives the tables, the report and the model bundle.
    store : str
        Tracking store; see ``resolve_store``.
    require_promotion : bool
        Raise ``GateRefused`` when the new version does not become champion.

    Raises
    ------
    InputError
        If something the user gave is not usable; nothing is registered or written then.
    GateRefused
        If promotion was required and the gate said no; the challenger stays registered.
    """
    from city_resilience.commands.source import load
    from city_resilience.evaluation.study.study import study_beside
    from city_resilience.tracking.runs import track
    from city_resilience.tracking.store import open_store

    started = time.perf_counter()
    check_folder(out, FILES)
    _check_model_folder(out)
    source = load(experiment, data, overrides)
    if out is not None:
        refuse_overwriting((out / name for name in FILES), [source.data])
    backtest.refuse_window_measure(source.experiment)
    file = Path(experiment) if isinstance(experiment, str | Path) else None
    study = study_beside(file, source.experiment) if file else None
    source = backtest.searched(source, progress)
    opened = open_store(store, create=True, experiment_file=file)
    fingerprint = source.panel.fingerprint()
    with (
        publishing(out) as folder,
        track(opened, source.experiment, fingerprint=fingerprint) as run,
    ):
        evaluation = backtest.evaluate(source, progress)
        live = _fit_and_explain(source, evaluation, fingerprint, progress)
        verdict = _gate(source, evaluation, opened, progress)
        progress("writing tables and report", 0, 1)
        about = {"run_id": run.run_id, "seconds": time.perf_counter() - started, "study": study}
        _write(folder, source, evaluation, live, about)
        progress("writing tables and report", 1, 1)
        progress("logging and registering", 0, 1)
        version = _register(run, folder, source, evaluation, live, verdict)
        progress("logging and registering", 1, 1)
    gate = verdict.words(measure=source.experiment.outcome.measure)
    if require_promotion and not version.is_champion:
        raise GateRefused(f"{version.reference} stays challenger: {gate}")
    return Trained(
        source=source,
        evaluation=evaluation,
        live=live,
        seconds=time.perf_counter() - started,
        run_id=run.run_id,
        store=opened.uri,
        version=version,
        gate=gate,
        out=out,
        study=study,
    )


def _check_model_folder(out: Path | None) -> None:
    """Refuse to replace a folder ``model`` that holds anything but a bundle."""
    from city_resilience.models.manifest import foreign_files

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


def _fit_and_explain(
    source: Source, evaluation: Evaluation, fingerprint: str, progress: Progress
) -> Live:
    from city_resilience.evaluation.live import fit_forecaster
    from city_resilience.explain.contributions import contributions
    from city_resilience.explain.forecast_table import forecast_table
    from city_resilience.explain.slices import drivers_by_group
    from city_resilience.models.forecaster import ForecastRows

    found, settings = evaluation.backtest, source.experiment
    forecaster = fit_forecaster(
        source.dataset, settings, found.served_weights, fingerprint, progress, found.calibrations
    )
    progress("explaining the forecasts", 0, 1)
    rows = ForecastRows.of(source.dataset)
    drivers = contributions(forecaster, rows)
    forecast = forecast_table(forecaster, rows, drivers)
    levels = backtest.levels_of(source.dataset)
    by_group = drivers_by_group(drivers, levels, settings.evaluation.min_group)
    progress("explaining the forecasts", 1, 1)
    return Live(forecaster, forecast, drivers, by_group)


def _gate(source: Source, evaluation: Evaluation, store: Store, progress: Progress) -> Verdict:
    """Compare with the champion, refitted on this panel."""
    from city_resilience.audit.read_audited import read_audited
    from city_resilience.evaluation.backtest import run_backtest
    from city_resilience.models.bundle import load_bundle
    from city_resilience.tasks.dataset import build_dataset
    from city_resilience.tracking.gate import Verdict, champion_gate
    from city_resilience.tracking.registry import bundle_of, champion_of

    champion = champion_of(source.experiment.name, store)
    if champion is None:
        return Verdict("first")
    if champion.same_recipe(_recipe_tag(source)):
        return Verdict("same_recipe")
    try:
        old = load_bundle(bundle_of(champion, store)).experiment
        panel = read_audited(source.data, old, purpose="measure").panel
        refitted = old.model_copy(update={"evaluation": source.experiment.evaluation})
        found = run_backtest(
            build_dataset(panel, refitted),
            refitted,
            lambda what, done, total: progress(f"champion refitted, {what}", done, total),
        )
    except InputError as error:
        return Verdict("not_refitted", problem=str(error))
    return champion_gate(
        _rows_of(evaluation.backtest.frame, source.experiment),
        _rows_of(found.frame, refitted),
    )


def _rows_of(frame: pd.DataFrame, experiment: Experiment) -> pd.DataFrame:
    """Return the rows of the model that an experiment serves."""
    return frame[frame["model"] == experiment.model.serve]


def _recipe_tag(source: Source) -> str:
    """Name what decides a recipe besides the panel, as registered."""
    from city_resilience.evaluation.study.study import RECIPE_VERSION

    return f"{source.recipe}-{RECIPE_VERSION}"


def _write(
    folder: Path, source: Source, evaluation: Evaluation, live: Live, about: Mapping[str, Any]
) -> None:
    """Write all files of a run."""
    from city_resilience.models.bundle import save_bundle
    from city_resilience.report.audit_page import write_audit
    from city_resilience.report.card import model_card
    from city_resilience.report.report_page import write_report
    from city_resilience.report.summary import summarise

    backtest.write_tables(evaluation, folder)
    audit = source.audited.as_dict()
    write_audit(audit, folder / "audit.json")
    write_audit(audit, folder / "audit.html")
    write_table(live.forecast, folder / "forecast.csv")
    write_table(live.drivers, folder / "drivers.parquet")
    write_table(live.by_group, folder / "drivers_by_group.csv")
    summary = summarise(
        source.experiment,
        backtest=evaluation.backtest.frame,
        scores=evaluation.scores,
        forecast=live.forecast,
        drivers=live.drivers,
        drivers_by_group=live.by_group,
        coverage=evaluation.coverage,
        intervals=evaluation.intervals,
        reliability=evaluation.reliability,
        labels={
            spec.id: (spec.label_en, spec.label_zh, spec.family, spec.unit)
            for spec in source.dataset.specs
        },
        info=_info(source, live.forecaster, about),
    )
    write_json(summary, folder / "summary.json")
    write_report(summary, folder / "report.html")
    panel = source.panel
    extent = f"{len(panel.cities)} cities, {panel.years[0]}-{panel.years[-1]}"
    card = model_card(live.forecaster, summary, extent)
    save_bundle(live.forecaster, folder / MODEL, card_text=card)


def _info(source: Source, forecaster: Forecaster, about: Mapping[str, Any]) -> RunInfo:
    from city_resilience.evaluation.study.study import RECIPE_VERSION, recipe_of
    from city_resilience.models.versions import package_versions
    from city_resilience.tasks.outcome import missing_labels

    counts, dataset = source.audited.counts, source.dataset
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
        "files": source.panel.source,
        "notes": source.panel.notes,
        "audit": {level: counts[level] for level in ("error", "warning", "note")},
        "accepted": source.audited.accepted,
        "unlabelled": {
            horizon: missing_labels(dataset.measure, dataset.outcome, horizon)
            for horizon in source.experiment.outcome.horizons
        },
        "run_id": about["run_id"],
        "seconds": about["seconds"],
        "study": about["study"],
        "absent": source.dataset.indicators.absent,
        "dropped": dropped,
        "outcome": (outcome.label_en, outcome.label_zh),
        "learners": recipe_of(source.experiment)["learners"],
        "rules": RECIPE_VERSION,
    }


def _register(
    run: Run,
    folder: Path,
    source: Source,
    evaluation: Evaluation,
    live: Live,
    verdict: Verdict,
) -> ModelVersion:
    """Log the run's scores and files, and register its model."""
    from city_resilience.tracking.metrics import Metric
    from city_resilience.tracking.registration import register

    scores, serve = evaluation.scores, source.experiment.model.serve
    run.dataset(source.panel, source.experiment.name)
    run.record_scores(scores, serve)
    run.record([Metric(f"audit_{k}", float(n)) for k, n in source.audited.counts.items()])
    run.artifacts(folder)
    served = scores[(scores["slice"] == "all") & (scores["model"] == serve)]
    return register(
        run,
        folder / MODEL,
        live.forecaster,
        source.panel,
        mae={int(row["horizon"]): float(row["mae"]) for row in served.to_dict("records")},
        verdict=verdict,
        recipe=_recipe_tag(source),
    )


@click.command("train")
@experiment_options
@click.option("--out", type=PATH, help="Folder for tables, report, model.")
@store_option
@click.option("--require-promotion", is_flag=True, help="Exit with 3 if it stays challenger.")
def command(**options: Any) -> None:
    """Backtest, fit, explain, log and register a forecast.

    \b
    Examples:
      city-resilience train experiments/demo/experiment.toml --out out/demo
      city-resilience train experiments/china_prefecture/experiment.toml --data panel.csv
    """
    from city_resilience.commands.console import progress_bars

    with progress_bars() as progress:
        result = train(**options, progress=progress)
    show(result)


def show(result: Trained) -> None:
    """Show what a training run found and where its files are."""
    from city_resilience.commands.console import open_console, say
    from city_resilience.commands.skill import show_evaluation

    show_evaluation(result.source, result.evaluation)
    console = open_console()
    console.print(_families(result))
    for line in _lines(result):
        say(console, line)


def _lines(result: Trained) -> Iterator[str]:
    yield f"Audit       {_audit(result)}"
    alias = " and ".join(result.version.aliases)
    yield f"Registered  {result.version.reference} as {alias} ({result.gate})"
    yield f"Run         {result.run_id} in {result.store}"
    if result.out is not None:
        yield f"Files       {result.out} (report.html, forecast.csv, model/ …)"
    if result.study is not None:
        yield f"Study       {_study(result, result.study)}"
    yield f"Time        {result.seconds:.0f} s"


def _audit(result: Trained) -> str:
    from city_resilience.audit.audit import AUDIT_LEVELS

    counts = result.source.audited.counts
    kinds = [f"{counts[kind]} {kind}{'s' * (counts[kind] != 1)}" for kind in AUDIT_LEVELS]
    corrections = len(result.source.experiment.data.corrections)
    declared = f"{corrections} correction{'s' * (corrections != 1)} declared"
    return f"{', '.join(kinds)}, {counts['accepted']} accepted; {declared}"


def _study(result: Trained, study: Mapping[str, Any]) -> str:
    from city_resilience.evaluation.study.study import recipe_of, same_recipe

    made = sorted(part["created"] for part in study["parts"].values())[-1:]
    fingerprint = result.live.forecaster.fingerprint
    now = {**recipe_of(result.source.experiment), "fingerprint": fingerprint}
    fits = same_recipe(study, now)
    about = "this recipe and panel" if fits else "another recipe or panel; make it again"
    return f"of {''.join(made)} taken into the report, measured with {about}"


def _families(result: Trained) -> Table:
    from city_resilience.commands.console import table_of
    from city_resilience.commands.skill import status_words
    from city_resilience.explain.contributions import mean_sizes
    from city_resilience.resilience.measures import MEASURES

    drivers, coverage = result.live.drivers, result.evaluation.coverage
    horizon = min(result.live.forecaster.horizons)
    sizes = mean_sizes(drivers[drivers["horizon"] == horizon])
    rows = [[str(family), f"{value:.3f}"] for family, value in sizes.items()]
    live = coverage[coverage["origin"] == coverage["origin"].max()]
    unused = live[live["used"] == 0].to_dict("records")
    rows += [[row["family"], status_words(row)] for row in unused]
    unit = MEASURES[result.source.experiment.outcome.measure].mark
    title = f"What the forecasts lean on (horizon {horizon})"
    return table_of(title, ["family", f"mean |contribution|, {unit}"], rows)
