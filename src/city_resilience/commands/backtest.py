"""``backtest``: an experiment evaluated at rolling origins, or over shocks."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from city_resilience.commands.console import echo
from city_resilience.commands.options import (
    PATH,
    as_of_option,
    early_option,
    engine_options,
    experiment_options,
    working,
)
from city_resilience.files import write_tables
from city_resilience.progress import Progress, silent
from city_resilience.publishing import publishing

if TYPE_CHECKING:
    import datetime as dt

    import pandas as pd

    from city_resilience.commands.early import Given
    from city_resilience.commands.evaluation import Evaluation
    from city_resilience.commands.shocks import ShockEvaluation
    from city_resilience.commands.source import Source
    from city_resilience.experiment.experiment import Experiment

__all__ = ["Backtested", "backtest", "command", "show"]


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
    out: Path | str | None = None,
    overrides: Iterable[str] = (),
    early: Given = None,
    as_of: dt.date | str | None = None,
    progress: Progress = silent,
) -> Backtested:
    """Evaluate an experiment; nothing is logged or registered.

    Parameters
    ----------
    experiment, data, overrides, early, as_of
        As for ``load``.
    out : Path, optional
        Folder that receives the tables.

    Raises
    ------
    InputError
        If something the user gave is not usable; nothing is written then.
    """
    from city_resilience.commands.evaluation import FILES, OPTIONAL_FILES, evaluate, searched
    from city_resilience.commands.shocks import DRIVERS_FILE, REASONS_FILE, evaluate_shocks
    from city_resilience.commands.source import load

    out = None if out is None else Path(out)
    own = (*FILES, *OPTIONAL_FILES, DRIVERS_FILE, REASONS_FILE)
    source = load(
        experiment,
        data,
        overrides,
        out=out,
        files=own,
        with_early=True,
        early=early,
        as_of=as_of,
    )
    evaluation: Evaluation | ShockEvaluation
    if source.experiment.outcome.windows:
        evaluation = evaluate_shocks(source, progress)
    else:
        source = searched(source, progress)
        evaluation = evaluate(source, progress)
    if out is not None:
        with publishing(out, obsolete=own) as folder:
            write_tables(evaluation.tables(), folder)
    return Backtested(source, evaluation, out)


@click.command("backtest")
@experiment_options
@early_option
@as_of_option
@click.option("--out", type=PATH, help="Folder for the tables.")
@engine_options
def command(**options: Any) -> None:
    """Score an experiment on past years; log and register nothing.

    \b
    Example:
      city-resilience backtest experiments/us_states/experiment.toml --out out/us_states
    """
    from city_resilience.commands.console import progress_bars

    with progress_bars() as progress, working(options):
        result = backtest(**options, progress=progress)
    show(result)


def show(result: Backtested) -> None:
    """Show what the evaluation found and where its files are."""
    from city_resilience.commands.early import early_lines
    from city_resilience.commands.evaluation import show_summary, summary_of
    from city_resilience.commands.shocks import ShockEvaluation, show_shocks
    from city_resilience.tasks.dataset import common_origin

    if isinstance(result.evaluation, ShockEvaluation):
        show_shocks(result.source, result.evaluation)
    else:
        summary = summary_of(result.source, result.evaluation)
        show_summary(summary, result.evaluation)
    dataset = result.source.dataset
    for line in early_lines(dataset, common_origin(dataset.outcome, dataset.years)):
        echo(f"Early: {line}")
    if result.out is not None:
        echo(f"Files: {result.out}")
