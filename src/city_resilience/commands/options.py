"""Arguments and options that several verbs share."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, TypeVar

import click

from city_resilience.errors import InputError

__all__ = [
    "PATH",
    "as_of_option",
    "early_option",
    "encoding_option",
    "engine_options",
    "experiment_options",
    "model_option",
    "record_option",
    "sheet_option",
    "store_option",
    "vintage_option",
    "working",
]

Command = TypeVar("Command", bound=Callable[..., Any])

PATH = click.Path(path_type=Path)

store_option = click.option(
    "--store",
    default="",
    help="Tracking store: a folder, a .db file or an MLflow URI. Default: $MLFLOW_TRACKING_URI, "
    "else .city-resilience/ beside experiments/.",
)
record_option = click.option(
    "--record",
    type=PATH,
    metavar="FOLDER",
    help="Folder of the record of issued forecasts. Default: $CITY_RESILIENCE_RECORD, else issued/ "
    "beside the store.",
)
vintage_option = click.option(
    "--vintage",
    metavar="DATE",
    help="Day on which the panel was published, for the record, such as 2024-03-31.",
)
model_option = click.option(
    "--model",
    default="",
    help="A model folder, NAME@champion, NAME@challenger or NAME/VERSION. Default: the champion of "
    "the only registered model.",
)
encoding_option = click.option(
    "--encoding",
    default="",
    metavar="NAME",
    help="Encoding of a text file, such as cp1250 or shift_jis. [told by the file]",
)
sheet_option = click.option("--sheet", default="", help="Sheet of a workbook.")
early_option = click.option(
    "--early",
    multiple=True,
    metavar="[NAME=]PATH",
    help="File of an early release, with its name in the experiment where that names several "
    "(repeatable).",
)
as_of_option = click.option(
    "--as-of",
    metavar="DATE",
    help="Day on which the forecast is made, such as 2020-03-31: early figures that are published "
    "later are not used. Default: the day on which the newest year of the panel is published.",
)
_workers_option = click.option(
    "--workers",
    type=click.IntRange(min=1),
    metavar="N",
    help="Fits, or parts of the rows, at once. Default: $CITY_RESILIENCE_WORKERS, else as many as "
    "the process may use cores.",
)
_engine_option = click.option(
    "--engine",
    type=click.Choice(["threads", "dask"]),
    default="threads",
    show_default=True,
    help="Where work runs: in threads of this process, or on workers of Dask (needs the extra "
    "dask), which are processes of this machine unless --scheduler names others.",
)
_scheduler_option = click.option(
    "--scheduler",
    default="",
    metavar="ADDRESS",
    help="Dask scheduler whose workers are used, such as tcp://HOST:8786; with --engine dask.",
)
overrides_option = click.option(
    "--set",
    "overrides",
    multiple=True,
    metavar="KEY=VALUE",
    help="Change one setting of the experiment, e.g. --set outcome.horizons=[1,2].",
)

_fit_rows_option = click.option(
    "--fit-rows",
    type=click.IntRange(min=1),
    metavar="N",
    help="With --scheduler: boosters of more rows than N are fitted by all workers together, where "
    "they outgrow one; their forecasts are close to those of one machine, not equal.",
)


def engine_options(command: Command) -> Command:
    """Add what says where work runs, and how much at once; see `working`."""
    return _workers_option(_engine_option(_scheduler_option(_fit_rows_option(command))))


@contextmanager
def working(options: dict[str, Any]) -> Iterator[None]:
    """Take `engine_options` out of the options of a verb, and work as they say.

    Raises
    ------
    InputError
        If what only Dask has is given for another engine, or a scheduler does not answer.
    """
    engine, given = options.pop("engine"), {n: options.pop(n) for n in ("scheduler", "fit_rows")}
    for name, value in given.items():
        if value and engine != "dask":
            option = f"--{name.replace('_', '-')} {value}"
            raise InputError(f"{option}: it is for --engine dask; add that, or leave it out")
    from city_resilience.workers import at_most

    with at_most(options.pop("workers")), ExitStack() as stack:
        if engine == "dask":
            from city_resilience.machines.dask_engine import on_dask

            stack.enter_context(on_dask(**given))
        yield


def experiment_options(command: Command) -> Command:
    """Add the arguments of a verb that runs an experiment: EXPERIMENT, --data, --set."""
    data = click.option("--data", help="Panel: CSV, XLSX, Stata or Parquet. [experiment's own]")
    argument = click.argument("experiment", type=click.Path(dir_okay=False))
    return argument(data(overrides_option(command)))
