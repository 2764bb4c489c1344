"""``mechanisms``: tests of the claims on the panel, from an experiment to a folder of tables."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from city_resilience.commands.options import PATH, experiment_options, store_option
from city_resilience.errors import InputError
from city_resilience.files import write_json, write_table
from city_resilience.progress import Progress, silent
from city_resilience.publishing import publishing

if TYPE_CHECKING:
    import pandas as pd
    from rich.console import Console
    from rich.table import Table

    from city_resilience.experiment.experiment import Experiment
    from city_resilience.report.journal_table import JournalTable
    from city_resilience.report.texts import Texts

__all__ = ["Tested", "command", "examine_claims", "show"]

SHOWN = 1
"""Tables of the baseline that stand on the screen."""
HEAD, COLUMN = 20, 15
"""Widths that the first column and each other one of a table of a journal need."""


@dataclass(frozen=True)
class Tested:
    """Claims that were tested.

    Attributes
    ----------
    found : mapping
        As ``run_mechanisms`` returns it, with the parts kept from before.
    kept : tuple of str
        Parts of an earlier run that stayed.
    removed : tuple of str
        Parts of an earlier run of other claims, settings or panel.
    run_id, store : str
        The run, and the store that keeps it.
    out : Path or None
        Folder of the tables.
    """

    experiment: Experiment
    found: Mapping[str, Any]
    kept: tuple[str, ...]
    removed: tuple[str, ...]
    run_id: str
    store: str
    seconds: float
    out: Path | None


def examine_claims(
    experiment: Experiment | Path | str,
    data: pd.DataFrame | Path | str | None = None,
    *,
    out: Path | str | None = None,
    overrides: Iterable[str] = (),
    only: Sequence[str] = (),
    draws: int | None = None,
    seed: int | None = None,
    store: str = "",
    lang: str = "en",
    progress: Progress = silent,
) -> Tested:
    """Test the claims of an experiment on its panel, write tables, and log the run.

    Parameters
    ----------
    experiment, data, overrides
        As for ``load``. Earlier panels and early releases of the experiment are not read.
    out : Path, optional
        Folder. Parts of an earlier run that are not asked for stay when they are of the same
        claims and panel; else their tables are removed.
    only : sequence of str
        Ids of ``PARTS``; all when empty.
    draws, seed : int, optional
        In place of ``mechanisms.draws`` and ``mechanisms.seed``.
    store : str
        Tracking store; see ``resolve_store``.
    lang : str
        ``en`` or ``zh``: language of the tables of a journal.

    Raises
    ------
    InputError
        If something the user gave is not usable; nothing is written or logged then.
    ModuleNotFoundError
        If a package of the extra ``mechanisms`` is not installed.
    """
    from city_resilience.commands.extras import require

    require("mechanisms")
    from city_resilience.audit.read_audited import read_audited
    from city_resilience.commands.source import data_of, experiment_of, folder_of, placed
    from city_resilience.commands.vintages import vintage_files
    from city_resilience.files import check_folder, refuse_overwriting
    from city_resilience.mechanisms.parts import OVER_ALL
    from city_resilience.mechanisms.run import check_parts, run_mechanisms
    from city_resilience.tracking.metrics import claim_metrics
    from city_resilience.tracking.runs import track
    from city_resilience.tracking.store import open_store

    started, out = time.perf_counter(), None if out is None else Path(out)
    parts, names = check_parts(only), _files()
    check_folder(out, names)
    chosen = _changed(experiment_of(experiment, overrides), {"draws": draws, "seed": seed})
    place = data_of(experiment, chosen, data)
    if out is not None:
        earlier_panels = vintage_files(chosen, folder_of(experiment)).values()
        refuse_overwriting((out / name for name in names), [place, *earlier_panels])
    panel = read_audited(place, chosen, purpose="train").panel
    where = placed(experiment, chosen, panel)
    earlier = _earlier(out)
    found = run_mechanisms(panel, chosen, parts, progress, earlier=earlier, coordinates=where)
    file = Path(experiment) if isinstance(experiment, str | Path) else None
    opened = open_store(store, create=True, experiment_file=file)
    about = {"fingerprint": found["fingerprint"], "command": "mechanisms"}
    with publishing(out, obsolete=names) as folder, track(opened, chosen, **about) as tracked:
        _write(found, folder, lang)
        tracked.dataset(panel, chosen.name, found["fingerprint"])
        tracked.record(claim_metrics(found["parts"]))
        tracked.artifacts(folder)
    kept = tuple(name for name in found["parts"] if name not in (*parts, *OVER_ALL))
    before = () if earlier is None else earlier["parts"]
    removed = tuple(name for name in before if name not in found["parts"])
    seconds = time.perf_counter() - started
    return Tested(chosen, found, kept, removed, tracked.run_id, opened.uri, seconds, out)


def _changed(experiment: Experiment, changes: Mapping[str, Any]) -> Experiment:
    """Return the experiment with other settings of ``mechanisms``, as far as they are given."""
    given = {name: value for name, value in changes.items() if value is not None}
    own = experiment.mechanisms.model_copy(update=given)
    return experiment.model_copy(update={"mechanisms": own})


def _files() -> tuple[str, ...]:
    from city_resilience.mechanisms.parts import PARTS
    from city_resilience.mechanisms.run import FILE
    from city_resilience.report.journal_files import FILES as JOURNAL

    return (FILE, *JOURNAL, *(f"{name}.csv" for name in PARTS))


def _write(found: Mapping[str, Any], folder: Path, lang: str) -> None:
    """Write a table a part, the tables of a journal, and the run."""
    import pandas as pd

    from city_resilience.mechanisms.run import FILE
    from city_resilience.report.journal_files import write_journal_tables

    for name, part in found["parts"].items():
        write_table(pd.DataFrame(part["rows"], columns=part["columns"]), folder / f"{name}.csv")
    write_journal_tables(found, folder, lang)
    write_json(found, folder / FILE)


def _earlier(out: Path | None) -> Mapping[str, Any] | None:
    """Return the run that a folder holds already; None where it holds none."""
    from city_resilience.mechanisms.run import read_mechanisms

    try:
        return None if out is None else read_mechanisms(out)
    except InputError:
        return None


@click.command("mechanisms")
@experiment_options
@click.option("--out", required=True, type=PATH, help="Folder for the tables.")
@click.option(
    "--only",
    default="",
    metavar="PART,…",
    help="Run only these parts, of baseline, channels, places, thresholds, space, timing, curve, "
    "double_learning, referee, verdicts; the others stay in --out if they have the same settings.",
)
@click.option(
    "--draws",
    type=click.IntRange(20, 9999),
    help="Draws of each bootstrap, such as 999. [experiment's own, else 200]",
)
@click.option(
    "--seed", type=click.IntRange(0), help="Seed of all draws. [experiment's own, else 0]"
)
@click.option(
    "--lang",
    type=click.Choice(["en", "zh"]),
    default="en",
    show_default=True,
    help="Language of tables.tex, tables.docx and tables.xlsx; captions are in both.",
)
@store_option
def command(only: str, **options: Any) -> None:
    """Test the claims about digital economy and resilience on the panel.

    \b
    Examples:
      city-resilience mechanisms experiments/demo/experiment.toml --out out/mechanisms
      city-resilience mechanisms experiments/demo/experiment.toml --out out/mechanisms \\
        --only baseline,thresholds
    """
    from city_resilience.commands.console import progress_bars

    with progress_bars() as progress:
        chosen = [name.strip() for name in only.split(",") if name.strip()]
        result = examine_claims(only=chosen, progress=progress, **options)
    show(result)


def show(result: Tested) -> None:
    """Show the verdicts and the first table of the baseline, and where the files are."""
    from city_resilience.catalogue.nouns import of_places
    from city_resilience.commands.console import open_console
    from city_resilience.report.journal_tables import journal_tables
    from city_resilience.report.texts import Texts

    console, found = open_console(), result.found
    say = Texts(noun=result.experiment.noun)
    if found["simulated"]:
        told = of_places("SIMULATED DATA: the cities are made up.", result.experiment.noun)
        console.print(told, style="bold")
    if "verdicts" in found["parts"]:
        _print_verdicts(found, say, console)
    own = {**found, "parts": {k: v for k, v in found["parts"].items() if k == "baseline"}}
    for table in journal_tables(own, say, "en")[:SHOWN]:
        console.print(table.caption["en"], style="bold", soft_wrap=True)
        most = max((console.width - HEAD) // COLUMN, 1)
        console.print(_screen(table, most))
        if len(table.heads[0]) > most + 1:
            console.print(f"The first {most} columns; the files have all.")
    if result.kept:
        console.print(f"Kept from before: {', '.join(result.kept)}", soft_wrap=True)
    if result.removed:
        text = f"Removed, of other claims, settings or panel: {', '.join(result.removed)}"
        console.print(text, soft_wrap=True)
    files = "mechanisms.json, a CSV a part, tables.tex, tables.docx, tables.xlsx"
    console.print(f"Files  {result.out} ({files})", soft_wrap=True)
    console.print(f"Time   {result.seconds:.0f} s")


def _print_verdicts(found: Mapping[str, Any], say: Texts, console: Console) -> None:
    """Print how many claims hold, and of each its verdict with what stands for it."""
    from rich.padding import Padding
    from rich.text import Text

    from city_resilience.report.mechanisms_verdicts import claim_sentences, counted_sentence

    console.print(say("mech_title")["en"], style="bold")
    console.print(counted_sentence(found, say)["en"])
    for sentence in claim_sentences(found, say):
        head, colon, rest = sentence["en"].partition(": ")
        text = Text.assemble((head + colon, "bold"), rest)
        console.print(Padding(text, (0, 0, 0, 2)))


def _screen(table: JournalTable, most: int) -> Table:
    """Lay out the first rows of a table of a journal, and its foot, in so many columns."""
    from rich.table import Table
    from rich.text import Text

    made = Table()
    for texts in tuple(zip(*table.heads, strict=True))[: most + 1]:
        made.add_column("\n".join(texts))
    for line in (*table.rows[:2], *table.foot):
        made.add_row(*map(Text, line[: most + 1]))
    return made
