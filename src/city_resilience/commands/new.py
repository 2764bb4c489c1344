"""``new``: a first experiment file from a panel, with the reason of each guess beside it."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from city_resilience.commands.console import echo
from city_resilience.commands.options import PATH, encoding_option, sheet_option
from city_resilience.errors import InputError
from city_resilience.files import check_suffix, refuse_overwriting, write_bytes

if TYPE_CHECKING:
    import pandas as pd

    from city_resilience.drafting.guess import Guess, Question
    from city_resilience.drafting.overview import Overview
    from city_resilience.experiment.experiment import Experiment

__all__ = ["Draft", "command", "draft_experiment", "show"]

SUFFIXES = (".toml",)
Ask = Callable[["Question"], str]


@dataclass(frozen=True)
class Draft:
    """A drafted experiment.

    Attributes
    ----------
    experiment : Experiment
        As `load_experiment` reads the file.
    text : str
        The file.
    guesses : tuple of Guess
        Its keys and the reason of each, corrections included.
    answers : mapping of str to str
        What was asked for or answered.
    overview : Overview
        What the guesses were made from.
    out : Path or None
        Where it was written.
    """

    experiment: Experiment
    text: str
    guesses: tuple[Guess, ...]
    answers: Mapping[str, str]
    overview: Overview
    out: Path | None


def draft_experiment(
    panel: pd.DataFrame | Path | str,
    out: Path | str | None = None,
    *,
    name: str = "",
    noun: str = "",
    sheet: str = "",
    encoding: str = "",
    answers: Mapping[str, str] | None = None,
    ask: Ask | None = None,
    force: bool = False,
) -> Draft:
    """Draft an experiment file that trains on a panel as it is.

    Parameters
    ----------
    panel : DataFrame or path
    out : path, optional
        The file, ``.toml``; nothing is written without it.
    name, noun : str
        Name of the experiment, and what a place is called; guessed where empty.
    sheet, encoding : str
        Sheet of a workbook; encoding of a text file, where the file does not tell it.
    answers : mapping of str to str
        What is known already: ``city``, ``year``, ``province``, ``outcome`` (headers), ``scale``,
        ``weight``, ``decimal``, ``direction``.
    ask : callable, optional
        Answers a question that the panel leaves open by one of its options.
    force : bool
        Whether an older file is replaced.

    Raises
    ------
    InputError
        If the table is no panel, has a fault that no experiment settles, or leaves a question open
        that nobody answers; nothing is written then.
    """
    from city_resilience.drafting.draft import Named, open_profile, sketch
    from city_resilience.drafting.guess import refuse_unanswered
    from city_resilience.drafting.settling import settle
    from city_resilience.drafting.write import render
    from city_resilience.experiment.load import experiment_from

    source = panel if not isinstance(panel, str) else Path(panel)
    place = _checked(out, source, force)
    named = Named(_path(source, place), sheet, encoding, name, noun)
    known = dict(answers or {})
    table = open_profile(source, sheet, known, encoding)
    made = sketch(table, known, named)
    while made.questions and ask is not None:
        question = made.questions[0]
        known[question.flag] = ask(question)
        if question in table.questions:
            table = open_profile(source, sheet, known, encoding)
        made = sketch(table, known, named)
    refuse_unanswered(made.questions, table.name)
    guesses = tuple(settle(made.guesses, source, table.raw))
    text = render(guesses, _head(table.source, len(table.columns)))
    experiment = experiment_from(_parsed(text), "the draft")
    if place is not None:
        write_bytes(text.encode(), place)
    return Draft(experiment, text, guesses, known, made.overview, place)


def _parsed(text: str) -> dict[str, Any]:
    import tomllib

    return tomllib.loads(text)


def _checked(out: Path | str | None, source: object, force: bool) -> Path | None:
    if out is None:
        return None
    out = Path(out)
    check_suffix(out, SUFFIXES)
    refuse_overwriting([out], [source])
    if out.exists() and not force:
        raise InputError(f"{out}: is there already; name another file with --out, or add --force")
    return out


def _path(source: pd.DataFrame | Path, out: Path | None) -> str:
    """Return the panel's path as the experiment file names it."""
    if not isinstance(source, Path):
        return ""
    start = out.parent if out is not None else Path()
    try:
        return Path(os.path.relpath(source, start)).as_posix()
    except ValueError:  # on another drive
        return source.resolve().as_posix()


def _head(source: str, columns: int) -> list[str]:
    return [
        f"Drafted by city-resilience new from {source or 'a table'}, {columns} columns. "
        "Comments are the reasons of guesses; change what is wrong.",
        "All keys: city-resilience new --keys, or docs/experiment.md.",
    ]


def _flags(command: Any) -> Any:
    """Add an option for each question that can be answered ahead."""
    from city_resilience.drafting.guess import FLAGS

    for flag, meaning in reversed(list(FLAGS.items())):
        metavar = "HEADER" if meaning.startswith("column") else flag.upper()
        help = f"{meaning[0].upper()}{meaning[1:]}."
        option: Any = click.option(f"--{flag}", default="", metavar=metavar, help=help)
        command = option(command)
    return command


@click.command("new")
@click.argument("panel", metavar="PANEL", required=False, default="")
@click.option("--out", type=PATH, help="The experiment file. [NAME.toml in this folder]")
@_flags
@click.option("--name", default="", help="Name of the experiment. [the file's]")
@click.option("--noun", default="", help="What a place is called: city, district, county, …")
@sheet_option
@encoding_option
@click.option("--yes", is_flag=True, help="Take the likeliest answer to each question.")
@click.option(
    "--keys",
    is_flag=False,
    flag_value="*",
    default="",
    metavar="[TABLE]",
    help="Print what every key of an experiment file, or of one table, means; no PANEL is needed.",
)
@click.option("--force", is_flag=True, help="Replace an older file.")
def command(
    panel: str,
    out: Path | None,
    name: str,
    noun: str,
    sheet: str,
    encoding: str,
    **flags: Any,
) -> None:
    """Draft an experiment file from a panel: keys, outcome, families, years, and why.

    It asks only what the panel leaves open. Without a terminal an open question ends with exit code
    2 and the options that answer it.

    \b
    Examples:
      city-resilience new panel.csv --out my.toml
      city-resilience new panel.csv --outcome "GRDP at 2010 prices" --scale level --out my.toml
      city-resilience new --keys outcome
    """
    if keys := flags.pop("keys"):
        echo(_reference(keys.strip("*")))
        return
    if not panel:
        raise click.UsageError("Missing argument 'PANEL'.")
    from city_resilience.drafting.naming import experiment_name, label_of

    yes, force = flags.pop("yes"), flags.pop("force")
    ask: Ask | None = _likeliest if yes else _prompt if _at_terminal() else None
    place = out or Path(f"{name or experiment_name(label_of(panel), noun or 'city')}.toml")
    answers = {flag: value for flag, value in flags.items() if value}
    draft = draft_experiment(
        panel,
        place,
        name=name,
        noun=noun,
        sheet=sheet,
        encoding=encoding,
        answers=answers,
        ask=ask,
        force=force,
    )
    show(draft, panel)


def _at_terminal() -> bool:
    return sys.stdin.isatty()


def _reference(table: str) -> str:
    """Return the keys of the experiment file as text, table by table."""
    import textwrap

    from city_resilience.experiment.reference import experiment_keys

    lines: list[str] = []
    last = "top"
    for row in experiment_keys(table).to_dict("records"):
        if row["table"] != last:
            lines += [*([""] if lines else []), *([f"[{row['table']}]"] if row["table"] else [])]
        last = row["table"]
        default = row["default"] and f", {row['default']}"
        lines.append(f"{row['key']} ({row['type']}{default})")
        example = row["example"] and f" For example {row['key']} = {row['example']}"
        lines += textwrap.wrap(
            row["meaning"] + example, 96, initial_indent="    ", subsequent_indent="    "
        )
    return "\n".join(lines)


def _likeliest(question: Question) -> str:
    answer, _ = question.options[0]
    echo(f"{question.text} {answer} is taken")
    return answer


def _prompt(question: Question) -> str:
    """Ask on the terminal; the number of an option is its answer."""
    echo(question.text)
    for number, (option, meaning) in enumerate(question.options, 1):
        echo(f"  {number}  {option}{meaning and f': {meaning}'}")
    number = click.prompt("number", type=click.IntRange(1, len(question.options)), default=1)
    return question.options[number - 1][0]


def show(draft: Draft, panel: str) -> None:
    """Show what was guessed, how much of it is to be looked at, and what to do next."""
    from city_resilience.commands.console import open_console, say

    console = open_console()
    for line in _lines(draft, panel):
        say(console, line)


def _lines(draft: Draft, panel: str) -> Iterator[str]:
    from city_resilience.drafting.naming import NOUNS

    overview, experiment = draft.overview, draft.experiment
    keys, data, evaluation = overview.keys, experiment.data, experiment.evaluation
    many = NOUNS[experiment.noun][0]
    yield f"{panel}: {keys.places} {many}, {keys.first}-{keys.last}"
    larger = f", in {data.province!r}" if data.province else ""
    larger += f", each compared with its own {data.nation!r}" if data.nation else ""
    groups = f", groups {', '.join(data.groups)}" if data.groups else ""
    yield f"  place       {data.city!r}{larger}{groups}"
    scale = overview.outcome.scale
    yield f"  outcome     {overview.outcome.column.header!r}, {scale.replace('_', ' ')}"
    horizons = ", ".join(map(str, experiment.outcome.horizons))
    yield f"  scored      from {evaluation.first_origin} on, horizons {horizons}"
    known, own, left = (len(overview.of_use(use)) for use in ("known", "own", "left"))
    yield f"  columns     {known} known to the catalogue, {own} declared, {left} not read"
    if overview.table.raw and overview.table.raw.encoding:
        yield f"  encoding    {overview.table.raw.encoding}, see that names are right"
    if long := sum(column.is_long for column in overview.table.columns):
        yield f"  headers     {long} are so long that only their two ends count, see the file"
    settled = {"corrections": len(data.corrections), "accept": len(experiment.audit.accept)}
    if any(settled.values()):
        yield (
            f"  errors      {settled['corrections']} lines drop cells that check calls wrong, "
            f"{settled['accept']} accept other issues; look at them"
        )
    out = shlex.quote(str(draft.out))
    folder = f"out/{experiment.name}"
    yield f"Wrote {draft.out}: each guess has its reason beside it."
    yield "Next:"
    yield (
        f"  city-resilience check {shlex.quote(panel)} --experiment {out} --out {folder}/audit.html"
    )
    yield f"  city-resilience train {out} --out {folder}"
    yield f"  open {folder}/report.html in a browser"
