"""``backtest``: an experiment evaluated at rolling origins, or over shocks."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from city_resilience.commands.options import PATH, experiment_options
from city_resilience.errors import InputError
from city_resilience.files import check_folder, refuse_overwriting, write_table
from city_resilience.progress import Progress, silent

if TYPE_CHECKING:
    import pandas as pd

    from city_resilience.commands.shocks import ShockEvaluation
    from city_resilience.commands.source import Source
    from city_resilience.evaluation.backtest import Backtest
    from city_resilience.experiment import Experiment
    from city_resilience.tasks.dataset import Dataset

__all__ = [
    "FILES",
    "Backtested",
    "Evaluation",
    "backtest",
    "command",
    "evaluate",
    "levels_of",
    "refuse_window_measure",
    "searched",
    "show",
    "write_tables",
]

FILES = (
    "backtest.parquet",
    "scores.csv",
    "comparisons.csv",
    "coverage.csv",
    "intervals.csv",
    "reliability.csv",
    "weights.csv",
    "dropped.csv",
)
"""Tables of an evaluation; that of shocks has ``reasons.csv`` beside the first two."""


@dataclass(frozen=True)
class Evaluation:
    """What the rolling origins showed.

    Attributes
    ----------
    scores, comparisons, coverage : DataFrame
        See ``score``, ``compare_models`` and ``family_coverage``.
    intervals, reliability : DataFrame
        See ``score_intervals`` and ``reliability``.
    """

    backtest: Backtest
    scores: pd.DataFrame
    comparisons: pd.DataFrame
    coverage: pd.DataFrame
    intervals: pd.DataFrame
    reliability: pd.DataFrame

    def tables(self) -> dict[str, pd.DataFrame]:
        """Return the table of each file."""
        found = self.backtest
        tables = (
            *(found.frame, self.scores, self.comparisons, self.coverage),
            *(self.intervals, self.reliability, found.weights, found.dropped),
        )
        return dict(zip(FILES, tables, strict=True))


@dataclass(frozen=True)
class Backtested:
    """What ``backtest`` found: an evaluation at rolling origins or, for such a measure, of shocks.

    Attributes
    ----------
    out : Path or None
        Folder of the tables.
    """

    source: Source
    evaluation: Evaluation | ShockEvaluation
    out: Path | None


def backtest(
    experiment: Experiment | Path | str,
    data: pd.DataFrame | Path | str | None = None,
    *,
    out: Path | None = None,
    overrides: Iterable[str] = (),
    progress: Progress = silent,
) -> Backtested:
    """Evaluate an experiment; nothing is logged or registered.

    Parameters
    ----------
    experiment, data, overrides
        As for ``load``.
    out : Path, optional
        Folder that receives the tables.

    Raises
    ------
    InputError
        If something the user gave is not usable; nothing is written then.
    """
    from city_resilience.commands.shocks import evaluate_shocks
    from city_resilience.commands.source import load

    names = (*FILES, "reasons.csv")
    check_folder(out, names)
    source = load(experiment, data, overrides)
    if out is not None:
        refuse_overwriting((out / name for name in names), [source.data])
    evaluation: Evaluation | ShockEvaluation
    if source.experiment.outcome.windows:
        evaluation = evaluate_shocks(source, progress)
    else:
        source = searched(source, progress)
        evaluation = evaluate(source, progress)
    if out is not None:
        write_tables(evaluation, out)
    return Backtested(source, evaluation, out)


def searched(source: Source, progress: Progress = silent) -> Source:
    """Return the source with hyper-parameters searched, when the experiment asks for it."""
    from city_resilience.evaluation.search import search_parameters

    experiment = search_parameters(source.dataset, source.experiment, progress)
    return replace(source, experiment=experiment)


def evaluate(source: Source, progress: Progress = silent) -> Evaluation:
    """Run the rolling origins of an experiment and score them.

    Raises
    ------
    InputError
        If the panel is too short, or a required indicator never has a value.
    """
    from city_resilience.evaluation.backtest import run_backtest
    from city_resilience.evaluation.engine import scored_origins
    from city_resilience.evaluation.interval_scores import reliability, score_intervals
    from city_resilience.evaluation.scores import compare_models, score
    from city_resilience.tasks.coverage import family_coverage
    from city_resilience.tasks.dataset import common_origin

    dataset, experiment = source.dataset, source.experiment
    found, levels = run_backtest(dataset, experiment, progress), levels_of(dataset)
    origins = [*scored_origins(dataset, experiment), common_origin(dataset.outcome, dataset.years)]
    least = experiment.evaluation.min_group
    return Evaluation(
        backtest=found,
        scores=score(found.frame, levels, least, flagged=source.audited.level_breaks),
        comparisons=compare_models(found.frame, experiment.model.serve),
        coverage=family_coverage(dataset, experiment, dict.fromkeys(origins), found.specs),
        intervals=score_intervals(found.intervals, levels, least),
        reliability=reliability(found.intervals),
    )


def levels_of(dataset: Dataset) -> dict[str, dict[str, str]]:
    """Return the level of each city by slice."""
    return {
        name: dict(zip(dataset.cities, levels.tolist(), strict=True))
        for name, levels in dataset.groups.items()
    }


def write_tables(evaluation: Evaluation | ShockEvaluation, folder: Path) -> None:
    """Write the tables of an evaluation to a folder."""
    for name, table in evaluation.tables().items():
        write_table(table, folder / name)


def refuse_window_measure(experiment: Experiment) -> None:
    """Refuse a measure over the window of a shock, which has no value at every origin.

    Raises
    ------
    InputError
        If the experiment forecasts such a measure.
    """
    from city_resilience.resilience.measures import MEASURES

    measure = MEASURES[experiment.outcome.measure]
    if measure.kind == "window":
        raise InputError(
            f"outcome.measure: {measure.id} is about shocks and has no value at every origin, so "
            "nothing can be served; evaluate it with city-resilience backtest, or train on "
            "growth_gap"
        )


@click.command("backtest")
@experiment_options
@click.option("--out", type=PATH, help="Folder for the tables.")
def command(**options: Any) -> None:
    """Evaluate an experiment at rolling origins; nothing is logged or registered.

    \b
    Example:
      city-resilience backtest experiments/us_states/experiment.toml --out out/us_states
    """
    from city_resilience.commands.console import progress_bars

    with progress_bars() as progress:
        result = backtest(**options, progress=progress)
    show(result)


def show(result: Backtested) -> None:
    """Show what the evaluation found and where its files are."""
    from city_resilience.commands.shocks import ShockEvaluation, show_shocks
    from city_resilience.commands.skill import show_evaluation

    if isinstance(result.evaluation, ShockEvaluation):
        show_shocks(result.source, result.evaluation)
    else:
        show_evaluation(result.source, result.evaluation)
    if result.out is not None:
        click.echo(f"Files: {result.out}")
