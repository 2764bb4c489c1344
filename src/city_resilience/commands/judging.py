"""What ``train`` does with the store: the run is logged, the model judged and registered."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pandas as pd

from city_resilience.audit.read_audited import read_audited
from city_resilience.commands.evaluation import Evaluation
from city_resilience.commands.run import Live, graded
from city_resilience.commands.source import Source
from city_resilience.commands.vintages import dated_dataset
from city_resilience.errors import InputError
from city_resilience.evaluation.backtest import Backtest, run_backtest
from city_resilience.evaluation.paired import pair_backtests
from city_resilience.evaluation.scores import best_naive
from city_resilience.evaluation.study.study import RECIPE_VERSION
from city_resilience.experiment.experiment import Experiment
from city_resilience.explain.beside import pair_drivers
from city_resilience.explain.held_out import held_out_drivers
from city_resilience.explain.revisions import forecasts_moved
from city_resilience.files import write_json, write_table
from city_resilience.foreign import read_table
from city_resilience.models.bundle import load_bundle
from city_resilience.progress import Progress
from city_resilience.reading.marks import MARKS, cell_marks, read_marks, revised
from city_resilience.reading.panel import Panel
from city_resilience.report.summary import Summary
from city_resilience.tracking.comparison import REVISED_FORECASTS
from city_resilience.tracking.contender import Contender, contender_of
from city_resilience.tracking.gate import bars, data_reason, first_verdict, paired_reasons
from city_resilience.tracking.metrics import (
    Metric,
    driver_metrics,
    flat_metrics,
    grade_metrics,
    nowcast_metrics,
)
from city_resilience.tracking.registration import register
from city_resilience.tracking.registry import ModelVersion, bundle_of, champion_of, run_file
from city_resilience.tracking.runs import Run
from city_resilience.tracking.store import Store
from city_resilience.tracking.verdict import Behind, Reason, Verdict

__all__ = ["VERDICT", "Judged", "behind_naive", "judge", "moved_by_revisions", "register_run"]

TAGGED = ("mae_", "nowcast/mae_", "nowcast/forecast_mae_")
"""How metrics begin that a registered version has as tags."""
VERDICT = "verdict.json"
READING = ("data", "audit", "outcome")
"""Tables of an experiment that decide how a panel is read."""


@dataclass(frozen=True)
class Judged:
    """A verdict, and what it is about.

    Attributes
    ----------
    champion : str
        NAME/VERSION that it compares with, "" for none.
    moved : DataFrame
        As of `forecasts_moved`: the champion's forecasts on this panel where that is revised.
    """

    verdict: Verdict
    champion: str
    moved: pd.DataFrame = field(default_factory=pd.DataFrame)


@dataclass(frozen=True)
class _Challenger:
    source: Source
    evaluation: Evaluation
    drivers: pd.DataFrame
    own: Contender


def judge(
    source: Source, evaluation: Evaluation, live: Live, store: Store, progress: Progress
) -> Judged:
    """Compare with the champion, refitted on this panel, and with the best naive rule."""
    behind = behind_naive(evaluation.scores, source.experiment.model.serve)
    first = min(source.experiment.outcome.horizons)
    ahead = next((one for one in behind if one.horizon == first), None)
    own = Contender.of(live.forecaster, _recipe_tag(source), len(source.audited.errors))
    champion = champion_of(source.experiment.name, store)
    if champion is None:
        return Judged(first_verdict(own, ahead), "")
    challenger = _Challenger(source, evaluation, live.held_out, own)
    verdict = _against(champion, challenger, store, progress)
    if ahead and verdict.promotes:
        verdict = verdict.behind(ahead)
    return Judged(verdict, champion.reference, moved_by_revisions(champion, source, store))


def moved_by_revisions(champion: ModelVersion, source: Source, store: Store) -> pd.DataFrame:
    """Return how far the champion's forecasts move because figures were revised.

    Returns
    -------
    DataFrame
        As of `forecasts_moved`; empty where nothing was revised, or it cannot be told.
    """
    try:
        before = read_marks(run_file(champion, MARKS, store))
        found = revised(before, cell_marks(source.panel))
        if found.cells.empty:
            return pd.DataFrame()
        forecaster = load_bundle(bundle_of(champion, store))
        panel = _panel_of(source, forecaster.experiment)
        tables = ("forecast.csv", "drivers.parquet")
        forecast, drivers = (read_table(run_file(champion, name, store)) for name in tables)
        return forecasts_moved(forecaster, panel, forecast, drivers)
    except InputError:  # the champion's run is not in the store, or it cannot forecast this panel
        return pd.DataFrame()


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


def _against(
    champion: ModelVersion, challenger: _Challenger, store: Store, progress: Progress
) -> Verdict:
    """Judge beside a champion; it is refitted where the recipe is another and nothing bars it."""
    own, source = challenger.own, challenger.source
    measure, rules = own.outcome.measure, own.experiment.gate
    verdict = Verdict((), champion.reference, rules=rules, measure=measure)
    reasons: tuple[Reason, ...] = ()
    try:
        other = contender_of(champion, store)
        data, barred = data_reason(own, other), bars(own, other)
        reasons = (*barred, *([data] if data else ()))
        if barred or own.recipe == other.recipe:
            return replace(verdict, reasons=reasons)
        found, drivers = _refitted(source, other.experiment, progress)
    except InputError as error:
        problem = Reason.of("not_refitted", problem=str(error))
        return replace(verdict, reasons=(*reasons, problem))
    frame = _rows_of(challenger.evaluation.backtest.frame, source.experiment)
    paired = pair_backtests(frame, _rows_of(found.frame, other.experiment), rules.min_common)
    beside = pair_drivers(challenger.drivers, drivers)
    reasons += paired_reasons(paired, beside, rules)
    return replace(verdict, reasons=reasons, paired=paired, drivers=beside)


def _refitted(
    source: Source, champion: Experiment, progress: Progress
) -> tuple[Backtest, pd.DataFrame]:
    """Return the champion's backtest on this panel, and what its forecasts rested on."""
    panel = _panel_of(source, champion)
    refitted = champion.model_copy(update={"evaluation": source.experiment.evaluation})
    dataset = dated_dataset(panel, refitted, source.vintages)
    found = run_backtest(
        dataset,
        refitted,
        lambda what, done, total: progress(f"champion refitted, {what}", done, total),
        explain=True,
    )
    return found, held_out_drivers(found, dataset, refitted)


def _panel_of(source: Source, experiment: Experiment) -> Panel:
    """Return the panel of the run as another experiment reads it."""
    if all(getattr(experiment, part) == getattr(source.experiment, part) for part in READING):
        return source.panel
    return read_audited(source.data, experiment, purpose="measure").panel


def _rows_of(frame: pd.DataFrame, experiment: Experiment) -> pd.DataFrame:
    """Return the rows of the model that an experiment serves."""
    return frame[frame["model"] == experiment.model.serve]


def _recipe_tag(source: Source) -> str:
    """Name what decides a recipe besides the panel, as registered."""
    return f"{source.recipe}-{RECIPE_VERSION}"


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
    errors = _log(run, folder, source, evaluation, live, summary)
    while True:
        judged = judge_again()
        with run.store.turn():
            if judged.champion != _champion(source.experiment.name, run.store):
                continue
            run.artifact(write_json(judged.verdict.as_dict(), folder / VERDICT))
            if len(judged.moved):
                run.artifact(write_table(judged.moved, folder / REVISED_FORECASTS))
            run.record(tags={"city_resilience.verdict": judged.verdict.decision})
            version = register(
                run,
                folder / "model",
                live.forecaster,
                source.panel,
                mae=errors,
                verdict=judged.verdict,
                recipe=_recipe_tag(source),
                audit_errors=len(source.audited.errors),
            )
            return version, judged.verdict


def _champion(name: str, store: Store) -> str:
    champion = champion_of(name, store)
    return champion.reference if champion else ""


def _log(
    run: Run,
    folder: Path,
    source: Source,
    evaluation: Evaluation,
    live: Live,
    summary: Summary,
) -> dict[str, float]:
    """Log scores and files; return the errors that a registered version has as tags."""
    scores, serve = evaluation.scores, source.experiment.model.serve
    run.dataset(source.panel, source.experiment.name, live.forecaster.fingerprint)
    run.record_scores(scores, serve)
    run.record([Metric(f"issues/{k}", float(n)) for k, n in source.audited.counts.items()])
    now = nowcast_metrics(evaluation.nowcast.sides) if evaluation.nowcast else []
    run.record(now)
    run.record(driver_metrics(live.about["families"]))
    run.record(grade_metrics(graded(summary)))
    run.artifacts(folder)
    every = (*flat_metrics(scores, serve), *now)
    errors = (own for own in every if own.key.startswith(TAGGED))
    return {own.key.replace("/", "_"): own.value for own in errors}
