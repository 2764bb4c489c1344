"""One run of ``train``: the forecaster that is served, the gate, the files and the registration."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from city_resilience import __version__
from city_resilience.audit.read_audited import read_audited
from city_resilience.audit.training_levels import training_levels
from city_resilience.commands.evaluation import FILES as TABLES
from city_resilience.commands.evaluation import NOWCAST_FILES as NOWCAST_TABLES
from city_resilience.commands.evaluation import Evaluation, levels_of, summary_of
from city_resilience.commands.source import Source
from city_resilience.errors import InputError
from city_resilience.evaluation.backtest import Backtest, run_backtest
from city_resilience.evaluation.live import fit_forecaster
from city_resilience.evaluation.scores import best_naive
from city_resilience.evaluation.study.stability_table import STABILITY_COLUMNS
from city_resilience.evaluation.study.study import RECIPE_VERSION, recipe_of
from city_resilience.experiment.experiment import Experiment
from city_resilience.explain.contributions import contributions, with_early
from city_resilience.explain.driver_tables import (
    HELD_OUT,
    driver_tables,
    shapes_and_places,
    write_driver_tables,
)
from city_resilience.explain.forecast_table import name_drivers
from city_resilience.explain.held_families import held_out_families
from city_resilience.explain.held_out import held_out_drivers
from city_resilience.explain.slices import drivers_by_group
from city_resilience.files import sha256_of, write_json, write_table, write_tables
from city_resilience.models.bundle import load_bundle, save_bundle
from city_resilience.models.forecaster import Forecaster
from city_resilience.models.group_forecast import forecast_groups
from city_resilience.models.intervals import city_positions
from city_resilience.models.manifest import MANIFEST, foreign_files
from city_resilience.models.rows import FORECASTING, STRUCTURAL, ForecastRows
from city_resilience.models.versions import package_versions
from city_resilience.progress import Progress
from city_resilience.reading.marks import MARKS, cell_marks, year_marks
from city_resilience.report.audit_page import write_audit
from city_resilience.report.card import model_card
from city_resilience.report.grading import PART
from city_resilience.report.report_page import write_report
from city_resilience.report.summary import Summary
from city_resilience.report.texts import Texts
from city_resilience.tasks.dataset import build_dataset
from city_resilience.tracking.gate import Behind, Verdict, champion_gate
from city_resilience.tracking.metrics import (
    Metric,
    driver_metrics,
    flat_metrics,
    grade_metrics,
    nowcast_metrics,
)
from city_resilience.tracking.registration import register
from city_resilience.tracking.registry import ModelVersion, bundle_of, champion_of
from city_resilience.tracking.runs import Run
from city_resilience.tracking.store import Store
from city_resilience.unfinished import settle

__all__ = [
    "FILES",
    "NOWCAST_FILES",
    "OWN",
    "Judged",
    "Live",
    "check_model_folder",
    "digest_of",
    "fit_live",
    "judge",
    "register_run",
    "summarise_run",
    "write_run",
]

MODEL = "model"
TAGGED = ("mae_", "nowcast/mae_", "nowcast/forecast_mae_")
"""How metrics begin that a registered version has as tags."""
FILES = (
    *TABLES,
    *(
        "audit.json",
        "audit.html",
        "forecast.csv",
        "forecast_groups.csv",
        "drivers.parquet",
        "drivers_by_group.csv",
        "drivers_structural.parquet",
    ),
    *("summary.json", "report.html"),
    *(MARKS, "panel_fingerprint.csv"),
)
"""What a run leaves in its output folder, beside the folder of the model."""
GRADES = "grades"
"""Among the tables of drivers: their grades, where a study of the same recipe gives them."""
STRUCTURAL_DRIVERS = "drivers_structural.parquet"
"""What the structural view rests on, where there is one."""
NOWCAST_FILES = (*NOWCAST_TABLES, "nowcast.csv")
"""What a run with early releases leaves there as well."""
DRIVERS = "drivers"
OWN = (*FILES, *NOWCAST_FILES, DRIVERS, MODEL)
"""All that a run may leave there: what an earlier one left of it goes when a new one comes."""


@dataclass(frozen=True)
class Live:
    """The forecaster that is served, and what it says of the panel it was trained on.

    Attributes
    ----------
    forecast : DataFrame
        As of ``forecast_table``.
    groups : DataFrame
        As of ``forecast_groups``.
    drivers, by_group : DataFrame
        As of ``contributions`` and ``drivers_by_group``; of the forecast.
    nowcast : DataFrame or None
        As of ``forecast_table``, with what early releases say; None where they say nothing.
    structural : DataFrame or None
        As of ``contributions``, of the structural view; None for a model without.
    held_out : DataFrame
        As of ``held_out_drivers``.
    about : mapping of str to DataFrame
        The tables of the folder ``drivers``: ``driver_tables`` and ``shapes_and_places``.
    """

    forecaster: Forecaster
    forecast: pd.DataFrame
    groups: pd.DataFrame
    drivers: pd.DataFrame
    by_group: pd.DataFrame
    nowcast: pd.DataFrame | None = None
    structural: pd.DataFrame | None = None
    held_out: pd.DataFrame = field(default_factory=pd.DataFrame)
    about: Mapping[str, pd.DataFrame] = field(default_factory=dict)

    def tables(self) -> dict[str, pd.DataFrame]:
        """Return the table of each file."""
        return {
            "forecast.csv": self.forecast,
            "forecast_groups.csv": self.groups,
            "drivers.parquet": self.drivers,
            "drivers_by_group.csv": self.by_group,
            **({} if self.nowcast is None else {"nowcast.csv": self.nowcast}),
            **({} if self.structural is None else {STRUCTURAL_DRIVERS: self.structural}),
        }


def check_model_folder(out: Path | None) -> None:
    """Refuse to replace a folder ``model`` that holds anything but a bundle."""
    if out is None:
        return
    settle(out)
    model = out / MODEL
    if model.is_symlink() or model.is_file():
        raise InputError(f"--out {out}: its {MODEL!r} is no plain folder; name another folder")
    if model.exists() and (foreign := foreign_files(model)):
        raise InputError(
            f"--out {out}: {foreign[0]!r} in its {MODEL!r} is no part of a model bundle and would "
            "be replaced; name another folder"
        )


def digest_of(folder: Path) -> str:
    """Return the SHA-256 of the manifest of the model in a run's folder."""
    return sha256_of(folder / MODEL / MANIFEST)


def fit_live(source: Source, evaluation: Evaluation, fingerprint: str, progress: Progress) -> Live:
    """Fit the forecaster that is served; forecast and explain the panel with it."""
    found, settings = evaluation.backtest, source.experiment
    alone = fit_forecaster(
        source.dataset,
        settings,
        found.served_weights,
        fingerprint,
        progress,
        calibrations=found.calibrations,
        slopes=found.served_slopes,
        structural=found.structural,
    )
    position = city_positions(source.dataset.cities, alone.cities)
    now = found.nowcast.live(position) if found.nowcast else {}
    levels = training_levels(source.panel, alone.cities)
    forecaster = replace(alone, nowcasts=now, levels=levels)
    progress("explaining the forecasts", 0, 1)
    rows = ForecastRows.of(source.dataset)
    drivers = contributions(forecaster, rows)
    table = forecaster.forecast(rows)
    forecast, nowcast = name_drivers(table, drivers, forecaster, rows), None
    if moved := forecaster.early_moves(rows, table):
        told = with_early(drivers, rows, moved)
        nowcast = name_drivers(forecaster.nowcast(rows, table, moved), told, forecaster, rows)
    groups = levels_of(source.dataset)
    by_group = drivers_by_group(drivers, groups, settings.evaluation.min_group)
    progress("explaining the forecasts", 1, 1)
    totals = forecast_groups(forecaster, rows, table)
    structural = None
    if STRUCTURAL in forecaster.views:
        structural = contributions(forecaster.view(STRUCTURAL), rows)
    live = Live(forecaster, forecast, totals, drivers, by_group, nowcast, structural)
    return _described(live, source, found, progress)


def _described(live: Live, source: Source, found: Backtest, progress: Progress) -> Live:
    """Add what both views rest on, live and at the scored origins."""
    progress("describing drivers", 0, 1)
    rows, settings = ForecastRows.of(source.dataset), source.experiment
    made = {FORECASTING: live.drivers, STRUCTURAL: live.structural}
    about = driver_tables(live.forecaster, rows, made)
    held_out = held_out_drivers(found, source.dataset, settings)
    about |= shapes_and_places(
        live.forecaster,
        rows,
        held_out,
        found.frame[["city", "origin", "horizon", "truth"]].drop_duplicates(),
        levels_of(source.dataset),
        settings.evaluation.min_group,
    )
    families = held_out_families(found, source.dataset, settings)
    if len(families):
        about |= {"families_held_out": families}
    progress("describing drivers", 1, 1)
    return replace(live, held_out=held_out, about=about)


@dataclass(frozen=True)
class Judged:
    """A verdict, and the champion that it compares with: NAME/VERSION, "" for none."""

    verdict: Verdict
    champion: str


def judge(source: Source, evaluation: Evaluation, store: Store, progress: Progress) -> Judged:
    """Compare with the champion, refitted on this panel, and with the best naive rule."""
    behind = behind_naive(evaluation.scores, source.experiment.model.serve)
    first = min(source.experiment.outcome.horizons)
    ahead = next((one for one in behind if one.horizon == first), None)
    champion = champion_of(source.experiment.name, store)
    verdict = _against_champion(source, evaluation, champion, store, progress).against(ahead)
    return Judged(verdict, champion.reference if champion else "")


def _champion(name: str, store: Store) -> str:
    champion = champion_of(name, store)
    return champion.reference if champion else ""


def behind_naive(scores: pd.DataFrame, serve: str) -> tuple[Behind, ...]:
    """Return the horizons at which a model has larger errors than the best naive rule.

    By a whole percent of the rule's error, as a report words it.
    """
    every = scores[scores["slice"] == "all"]
    best, served = best_naive(every), every[every["model"] == serve]
    return tuple(
        Behind(best[row["horizon"]], int(row["horizon"]), percent)
        for row in served.to_dict("records")
        if row["horizon"] in best and np.isfinite(row["skill_naive"])
        for percent in [round(-100 * row["skill_naive"])]
        if percent > 0
    )


def _against_champion(
    source: Source,
    evaluation: Evaluation,
    champion: ModelVersion | None,
    store: Store,
    progress: Progress,
) -> Verdict:
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
        _rows_of(evaluation.backtest.frame, source.experiment), _rows_of(found.frame, refitted)
    )


def _rows_of(frame: pd.DataFrame, experiment: Experiment) -> pd.DataFrame:
    """Return the rows of the model that an experiment serves."""
    return frame[frame["model"] == experiment.model.serve]


def _recipe_tag(source: Source) -> str:
    """Name what decides a recipe besides the panel, as registered."""
    return f"{source.recipe}-{RECIPE_VERSION}"


def summarise_run(source: Source, evaluation: Evaluation, live: Live, **about: Any) -> Summary:
    """Return the summary of a run; ``about`` are further entries of ``RunInfo``."""
    models = live.forecaster.horizons
    return summary_of(
        source,
        evaluation,
        live,
        served=source.experiment.model.serve,
        weights={horizon: dict(model.weights) for horizon, model in models.items()},
        slopes={horizon: model.slope for horizon, model in models.items()},
        dropped={
            name: why for model in models.values() for name, why in model.spec.dropped.items()
        },
        versions={"city-resilience": __version__, **package_versions()},
        fingerprint=live.forecaster.fingerprint,
        created=dt.datetime.now(dt.UTC).strftime("%Y-%m-%d %H:%M UTC"),
        learners=recipe_of(source.experiment)["learners"],
        rules=RECIPE_VERSION,
        **about,
    )


def write_run(
    folder: Path, source: Source, evaluation: Evaluation, live: Live, summary: Summary
) -> None:
    """Write the files of a run and its model."""
    write_tables({**evaluation.tables(), **live.tables()}, folder)
    graded = _graded(summary)
    own = {GRADES: graded} if len(graded) else {}
    write_driver_tables({**live.about, **own}, folder / DRIVERS)
    write_table(live.held_out, folder / DRIVERS / HELD_OUT)
    audit = source.audited.as_dict()
    write_audit(audit, folder / "audit.json")
    write_audit(audit, folder / "audit.html")
    write_json(summary, folder / "summary.json")
    write_report(summary, folder / "report.html")
    marks = cell_marks(source.panel)
    write_tables({MARKS: marks, "panel_fingerprint.csv": year_marks(marks)}, folder)
    cities, years = len(source.panel.cities), source.panel.years
    places = Texts(noun=source.experiment.noun).of_places("cities")
    card = model_card(live.forecaster, summary, f"{cities} {places}, {years[0]}-{years[-1]}")
    save_bundle(live.forecaster, folder / MODEL, card_text=card)


def _graded(summary: Summary) -> pd.DataFrame:
    """Return the study that grades the drivers; no row where it is of another recipe."""
    study = summary.get("study")
    part = study["parts"].get(PART) if study and study["same"] else None
    return pd.DataFrame([] if part is None else part["rows"], columns=list(STABILITY_COLUMNS))


def register_run(
    run: Run,
    folder: Path,
    source: Source,
    evaluation: Evaluation,
    live: Live,
    summary: Summary,
    *,
    judge_again: Callable[[], Judged],
) -> tuple[ModelVersion, Verdict]:
    """Log the run's scores and files, judge the model, and register it with that verdict.

    It is judged again where another run has become champion in the meantime.
    """
    scores, serve = evaluation.scores, source.experiment.model.serve
    run.dataset(source.panel, source.experiment.name, live.forecaster.fingerprint)
    run.record_scores(scores, serve)
    run.record([Metric(f"issues/{k}", float(n)) for k, n in source.audited.counts.items()])
    now = nowcast_metrics(evaluation.nowcast.sides) if evaluation.nowcast else []
    run.record(now)
    run.record(driver_metrics(live.about["families"]))
    run.record(grade_metrics(_graded(summary)))
    run.artifacts(folder)
    every = (*flat_metrics(scores, serve), *now)
    errors = (own for own in every if own.key.startswith(TAGGED))
    mae = {own.key.replace("/", "_"): own.value for own in errors}
    while True:
        judged = judge_again()
        with run.store.turn():
            if judged.champion != _champion(source.experiment.name, run.store):
                continue
            version = register(
                run,
                folder / MODEL,
                live.forecaster,
                source.panel,
                mae=mae,
                verdict=judged.verdict,
                recipe=_recipe_tag(source),
            )
            return version, judged.verdict
