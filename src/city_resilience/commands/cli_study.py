"""The command of the slow evidence beside training, and how an experiment is named."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

__all__ = ["experiment_options", "study"]

Command = TypeVar("Command", bound=Callable[..., Any])


def experiment_options(command: Command) -> Command:
    """Add the arguments of a verb that runs an experiment."""
    options = [
        click.argument("experiment", type=click.Path(dir_okay=False)),
        click.option("--data", default="", help="Panel: CSV, XLSX or Parquet. [experiment's own]"),
        click.option(
            "--set",
            "overrides",
            multiple=True,
            metavar="KEY=VALUE",
            help="Change one key of the experiment, e.g. --set outcome.horizons=[1,2].",
        ),
    ]
    for option in reversed(options):
        command = option(command)
    return command


@click.command()
@experiment_options
@click.option(
    "--out", required=True, type=click.Path(path_type=Path), help="Folder for the tables."
)
@click.option("--only", default="", metavar="PART,…", help="Some parts only; others stay in --out.")
@click.option("--horizons", is_flag=True, help="Slow parts at every horizon. [the shortest]")
@click.option(
    "--shock-origins",
    default="",
    metavar="YEAR,…",
    help="Years whose data a forecast before a shock stands on. [2007,2014,2019]",
)
@click.option(
    "--every",
    type=click.IntRange(1),
    default=2,
    show_default=True,
    help="Forecast unseen cities at every so many origins.",
)
def study(
    experiment: str,
    data: str,
    overrides: tuple[str, ...],
    out: Path,
    only: str,
    horizons: bool,
    shock_origins: str,
    every: int,
) -> None:
    """Measure what families of indicators are worth, and how sure the skill is (minutes).

    Parts: ablation (each family left out, and added to history), diebold_mariano, skill_intervals
    (cities drawn anew), interval_ways (ways to make them), unseen (provinces left out of training),
    shock, random_split.
    The study in the folder study beside the experiment file goes into the report of train.

    \b
    Examples:
      city-resilience study experiments/demo/experiment.toml --out experiments/demo/study
      city-resilience study experiments/demo/experiment.toml --out out/study --only ablation,unseen
    """
    from city_resilience.commands import studying
    from city_resilience.commands.screen import console
    from city_resilience.commands.screen.study import show_study
    from city_resilience.evaluation.study.context import Settings

    settings = Settings(
        every=every,
        every_horizon=horizons,
        shock_origins=studying.years_of(shock_origins, "--shock-origins"),
    )
    parts = tuple(name.strip() for name in only.split(",") if name.strip())
    with console.progress_bars() as progress:
        result = studying.study(
            experiment,
            data,
            out=out,
            overrides=overrides,
            only=parts,
            settings=settings,
            progress=progress,
        )
    show_study(result, out)
