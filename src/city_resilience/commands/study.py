"""``study``: the slow evidence beside training, from an experiment to a folder of tables."""

from __future__ import annotations

import re
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from city_resilience.commands.options import PATH, engine_options, experiment_options, working
from city_resilience.errors import InputError
from city_resilience.files import write_json, write_table
from city_resilience.progress import Progress, silent
from city_resilience.publishing import publishing

if TYPE_CHECKING:
    import pandas as pd
    from rich.console import Console
    from rich.text import Text

    from city_resilience.commands.source import Source
    from city_resilience.evaluation.study.context import Settings
    from city_resilience.experiment.experiment import Experiment
    from city_resilience.report.texts import Texts

__all__ = ["Studied", "command", "show", "study"]


@dataclass(frozen=True)
class Studied:
    """A study that was made.

    Attributes
    ----------
    found : mapping
        As ``run_study`` returns it, with the parts kept from before.
    kept : tuple of str
        Parts of an earlier study that stayed.
    out : Path or None
        Folder of the tables.
    """

    source: Source
    found: Mapping[str, Any]
    kept: tuple[str, ...]
    seconds: float
    out: Path | None


def study(
    experiment: Experiment | Path | str,
    data: pd.DataFrame | Path | str | None = None,
    *,
    out: Path | str | None = None,
    overrides: Iterable[str] = (),
    only: Sequence[str] = (),
    settings: Settings | None = None,
    progress: Progress = silent,
) -> Studied:
    """Study an experiment and write one table a part, and ``study.json`` for the report.

    Parameters
    ----------
    experiment, data, overrides
        As for ``load``.
    out : Path, optional
        Folder. Parts of an earlier study that are not asked for stay when they are of the same
        recipe and panel; else their tables are removed. The refits of stability are written there
        as they come, so that a study that breaks off goes on from them.
    only : sequence of str
        Ids of ``PARTS``; all when empty.
    settings : Settings, optional

    Raises
    ------
    InputError
        If something the user gave is not usable; nothing is written then.
    """
    from city_resilience.commands.evaluation import refuse_window_measure, searched
    from city_resilience.commands.source import load
    from city_resilience.evaluation.study.context import Settings
    from city_resilience.evaluation.study.kept import KEPT_FILE
    from city_resilience.evaluation.study.parts import PARTS
    from city_resilience.evaluation.study.study import FILE, check_parts, run_study, same_recipe

    started = time.perf_counter()
    settings, out = settings or Settings(), None if out is None else Path(out)
    parts, names = check_parts(only), (*(f"{name}.csv" for name in PARTS), FILE, KEPT_FILE)
    source = load(experiment, data, overrides, out=out, files=names)
    refuse_window_measure(source.experiment)
    _check_shock_origins(source, settings.shock_origins)
    source = searched(source, progress)
    found = run_study(
        source.dataset,
        source.experiment,
        source.panel.fingerprint(),
        parts=parts,
        settings=settings,
        progress=progress,
        refits=None if out is None else out / KEPT_FILE,
    )
    earlier = _earlier(out)
    kept = dict(earlier["parts"]) if earlier and same_recipe(earlier, found) else {}
    every = {**kept, **found["parts"]}
    found["parts"] = {name: every[name] for name in PARTS if name in every}
    found["seconds"] = round(sum(part["seconds"] for part in found["parts"].values()), 1)
    if out is not None:
        _write(found, earlier, out)
    seconds = time.perf_counter() - started
    return Studied(source, found, tuple(name for name in kept if name not in parts), seconds, out)


def _write(found: Mapping[str, Any], earlier: Mapping[str, Any] | None, out: Path) -> None:
    """Write a table a part and the study; tables of parts that do not stay are removed."""
    import pandas as pd

    from city_resilience.evaluation.study.study import FILE

    with publishing(
        out, obsolete=[f"{name}.csv" for name in (earlier or found)["parts"]]
    ) as folder:
        for name, part in found["parts"].items():
            write_table(pd.DataFrame(part["rows"], columns=part["columns"]), folder / f"{name}.csv")
        write_json(found, folder / FILE)


def _earlier(out: Path | None) -> Mapping[str, Any] | None:
    """Return the study that a folder holds already; None where it holds none."""
    from city_resilience.evaluation.study.study import read_study

    try:
        return None if out is None else read_study(out)
    except InputError:
        return None


def _check_shock_origins(source: Source, wanted: Sequence[int]) -> None:
    from city_resilience.tasks.dataset import common_origin

    years = source.dataset.years
    newest = common_origin(source.dataset.outcome, years) - min(source.experiment.outcome.horizons)
    for origin in wanted:
        if not years[0] < origin <= newest:
            raise InputError(
                f"--shock-origins {origin}: the panel can score origins from {years[0] + 1} to "
                f"{newest}; name years among them"
            )


@click.command("study")
@experiment_options
@click.option("--out", required=True, type=PATH, help="Folder for the tables.")
@click.option(
    "--only", default="", metavar="PART,…", help="Run only these parts; the others stay in --out."
)
@click.option("--horizons", is_flag=True, help="Run slow parts at every horizon. [the shortest]")
@click.option(
    "--shock-origins",
    default="",
    metavar="YEAR,…",
    help="Origins before shocks. [2007,2014,2019]",
)
@click.option(
    "--every",
    type=click.IntRange(1),
    default=2,
    show_default=True,
    help="Forecast unseen cities at every n-th origin.",
)
@click.option(
    "--refits",
    type=click.IntRange(2),
    default=50,
    show_default=True,
    help="Refits of the part stability. Those that are done stay in --out.",
)
@engine_options
def command(
    only: str, horizons: bool, shock_origins: str, every: int, refits: int, **options: Any
) -> None:
    """Measure what each family of indicators is worth.

    It also measures how certain the skill is, and takes minutes. Parts: ablation (each family left
    out, and added to history), diebold_mariano (other years), skill_intervals (other cities),
    interval_ways (ways to make intervals), unseen (provinces left out of training), shock,
    random_split, stability (which drivers stay when provinces, years and seeds are others). The
    report of train shows the study in the folder study beside the experiment file.

    \b
    Examples:
      city-resilience study experiments/demo/experiment.toml --out experiments/demo/study
      city-resilience study experiments/demo/experiment.toml --out out/study --only ablation,unseen
      city-resilience study experiments/demo/experiment.toml --out out/study --only stability
    """
    from city_resilience.commands.console import progress_bars
    from city_resilience.evaluation.study.context import Settings

    settings = Settings(
        every=every,
        every_horizon=horizons,
        shock_origins=_years_of(shock_origins),
        refits=refits,
    )
    with progress_bars() as progress, working(options):
        result = study(only=_items(only), settings=settings, progress=progress, **options)
    show(result)


def _items(text: str) -> list[str]:
    return [item.strip() for item in text.split(",") if item.strip()]


def _years_of(text: str) -> tuple[int, ...]:
    for item in _items(text):
        if not re.fullmatch(r"\d{4}", item):
            raise InputError(f"--shock-origins: expected years such as 2007,2014, found {item!r}")
    return tuple(map(int, _items(text)))


def show(result: Studied) -> None:
    """Show what a study found, tables at the shortest horizon, and where its files are."""
    from city_resilience.catalogue.nouns import of_places
    from city_resilience.commands.console import open_console
    from city_resilience.report.study import answer_words, study_part
    from city_resilience.report.study_tables import BLOCKS
    from city_resilience.report.texts import Texts, measure_words

    console, noun = open_console(), result.source.experiment.noun
    if result.found["simulated"]:
        console.print(of_places("SIMULATED DATA: the cities are made up.", noun), style="bold")
    say, study = Texts(measure_words(result.found["measure"], noun)), study_part(result.found, {})
    for horizon in study["answer"]:
        title, answer = say("study_title")["en"], answer_words(study, horizon, say)["en"]
        console.print(_headed(title, f" {answer}\n"), soft_wrap=True)
    for name in BLOCKS:
        if name in study["parts"]:
            _show_block(console, study, name, say)
    if result.kept:
        console.print(f"Kept from before: {', '.join(result.kept)}", soft_wrap=True)
    console.print(f"Files  {result.out} (study.json and a CSV a part)", soft_wrap=True)
    console.print(f"Time   {result.seconds:.0f} s")


def _headed(title: str, text: str) -> Text:
    from rich.text import Text

    return Text.assemble((title, "bold"), text)


def _show_block(console: Console, study: Mapping[str, Any], name: str, say: Texts) -> None:
    from city_resilience.commands.console import report_table
    from city_resilience.report.study_tables import block_sentence, block_table, measured_horizons

    title = say(f"study_{name}_title")["en"]
    horizons = measured_horizons(study, name)
    if not horizons:
        missing = say(f"study_{name}_missing")["en"]
        console.print(_headed(title, f" {missing}\n"), soft_wrap=True)
    for horizon in horizons:
        ahead = say.count("ahead", int(horizon))["en"]
        sentence = block_sentence(study, name, horizon, say)["en"]
        console.print(_headed(title, f" {ahead}. {sentence}"), soft_wrap=True)
        if horizon == horizons[0]:
            console.print(report_table(block_table(study, name, horizon, say)))
    console.print()
