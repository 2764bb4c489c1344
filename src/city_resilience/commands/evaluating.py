"""Evaluate an experiment at rolling origins, and write what was found."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from city_resilience.commands.intake import Source
from city_resilience.errors import InputError
from city_resilience.evaluation.backtest import Backtest, run_backtest
from city_resilience.evaluation.engine import scored_origins
from city_resilience.evaluation.interval_scores import reliability, score_intervals
from city_resilience.evaluation.scores import compare_models, score
from city_resilience.evaluation.search import search_parameters
from city_resilience.experiment import Experiment
from city_resilience.files import write_table
from city_resilience.progress import Progress, silent
from city_resilience.resilience.measures import MEASURES
from city_resilience.tasks.coverage import family_coverage
from city_resilience.tasks.dataset import Dataset, common_origin

__all__ = [
    "TABLES",
    "Evaluation",
    "evaluate",
    "levels_of",
    "refuse_window_measure",
    "searched",
    "write_evaluation",
]


@dataclass(frozen=True)
class Evaluation:
    """What the rolling origins showed.

    Attributes
    ----------
    scores, comparisons, coverage : DataFrame
        See ``forecasting.score``, ``compare_models`` and ``family_coverage``.
    intervals, reliability : DataFrame
        See ``forecasting.score_intervals`` and ``forecasting.reliability``.
    """

    backtest: Backtest
    scores: pd.DataFrame
    comparisons: pd.DataFrame
    coverage: pd.DataFrame
    intervals: pd.DataFrame
    reliability: pd.DataFrame


TABLES: Mapping[str, Callable[[Evaluation], pd.DataFrame]] = {
    "backtest.parquet": lambda found: found.backtest.frame,
    "scores.csv": lambda found: found.scores,
    "comparisons.csv": lambda found: found.comparisons,
    "coverage.csv": lambda found: found.coverage,
    "intervals.csv": lambda found: found.intervals,
    "reliability.csv": lambda found: found.reliability,
    "weights.csv": lambda found: found.backtest.weights,
    "dropped.csv": lambda found: found.backtest.dropped,
}
"""Files of an evaluation."""


def searched(source: Source, progress: Progress = silent) -> Source:
    """Return the source with hyper-parameters searched, when the experiment asks for it."""
    experiment = search_parameters(source.dataset, source.experiment, progress)
    return replace(source, experiment=experiment)


def evaluate(source: Source, progress: Progress = silent) -> Evaluation:
    """Run the rolling origins of an experiment and score them.

    Raises
    ------
    InputError
        If the panel is too short, or a required indicator never has a value.
    """
    dataset, experiment = source.dataset, source.experiment
    backtest = run_backtest(dataset, experiment, progress)
    origins = [*scored_origins(dataset, experiment), common_origin(dataset.outcome, dataset.years)]
    return Evaluation(
        backtest=backtest,
        scores=score(
            backtest.frame,
            levels_of(dataset),
            experiment.evaluation.min_group,
            flagged=source.audited.level_breaks,
        ),
        comparisons=compare_models(backtest.frame, experiment.model.serve),
        coverage=family_coverage(
            dataset, experiment, dict.fromkeys(origins), min(experiment.outcome.horizons)
        ),
        intervals=score_intervals(
            backtest.intervals, levels_of(dataset), experiment.evaluation.min_group
        ),
        reliability=reliability(backtest.intervals),
    )


def levels_of(dataset: Dataset) -> dict[str, dict[str, str]]:
    """Return the level of each city by slice."""
    return {
        name: dict(zip(dataset.cities, levels.tolist(), strict=True))
        for name, levels in dataset.groups.items()
    }


def write_evaluation(evaluation: Evaluation, folder: Path) -> None:
    """Write the tables of an evaluation to a folder."""
    for name, table in TABLES.items():
        write_table(table(evaluation), folder / name)


def refuse_window_measure(experiment: Experiment) -> None:
    """Refuse a measure over the window of a shock, which has no value at every origin.

    Raises
    ------
    InputError
        If the experiment forecasts such a measure.
    """
    measure = MEASURES[experiment.outcome.measure]
    if measure.kind == "window":
        raise InputError(
            f"outcome.measure: {measure.id} is about shocks and has no value at every origin, so "
            "nothing can be served; evaluate it with city-resilience backtest, or train on "
            "growth_gap"
        )
