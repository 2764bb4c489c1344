"""From a panel to the guesses of an experiment, and what it leaves open."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import pandas as pd

from city_resilience.drafting.columns import find_roles
from city_resilience.drafting.guess import Answers, Guess, Question
from city_resilience.drafting.guesses import GUESSES
from city_resilience.drafting.keys import find_keys
from city_resilience.drafting.naming import label_of, noun_of
from city_resilience.drafting.outcome import find_outcome
from city_resilience.drafting.overview import Overview, look_up
from city_resilience.drafting.profile import TableProfile, is_wide, profile_table
from city_resilience.drafting.schedule import plan_years
from city_resilience.errors import InputError
from city_resilience.experiment.data import MOST_COLUMNS
from city_resilience.reading.opening import open_table

__all__ = ["Named", "Sketch", "open_profile", "sketch"]


@dataclass(frozen=True)
class Named:
    """What is said of an experiment beside its panel: where that is, and names."""

    path: str = ""
    sheet: str = ""
    encoding: str = ""
    name: str = ""
    noun: str = ""


@dataclass(frozen=True)
class Sketch:
    """Guesses, and the questions that stay open.

    Attributes
    ----------
    overview : Overview
    guesses : tuple of Guess
    questions : tuple of Question
        Those that no answer settles.
    """

    overview: Overview
    guesses: tuple[Guess, ...]
    questions: tuple[Question, ...]


def open_profile(
    source: pd.DataFrame | Path,
    sheet: str = "",
    answers: Answers | None = None,
    encoding: str = "",
) -> TableProfile:
    """Read a table and look at its columns.

    Raises
    ------
    InputError
        If it cannot be read, or years stand across its head.
    """
    table = open_table(source, sheet, encoding=encoding)
    if is_wide(table.headers):
        raise InputError(
            f"{table.name}: years stand across the top, and a panel has one row for each place and "
            f"year; make one first: city-resilience import {table.name} --out panel.csv "
            "--gazetteer none (without --gazetteer for Chinese cities), then city-resilience new "
            "panel.csv"
        )
    return profile_table(table, answers or {})


def sketch(table: TableProfile, answers: Answers, named: Named) -> Sketch:
    """Guess each key of an experiment.

    Parameters
    ----------
    answers : mapping of str to str
        By the keys of `FLAGS`.

    Raises
    ------
    InputError
        If the table is no panel, or an answer is no column or option.
    """
    keys = find_keys(table, answers)
    plan_years(keys.first, keys.last)
    outcome = find_outcome(table, keys, answers)
    common = outcome.best.common
    if not common:
        raise InputError(
            f"{table.name}: {outcome.column.header!r} has in no year a positive value for nearly "
            "all places; name another column with --outcome, or leave out places without data"
        )
    _refuse_gaps(table.name, [keys.first + at for at in common])
    label = label_of(table.name if table.source else "")
    noun, noun_from = noun_of(keys.city, label)
    first, last = keys.first + common[0], keys.first + common[-1]
    overview = Overview(
        table=table,
        keys=keys,
        outcome=outcome,
        roles=find_roles(table, keys, outcome),
        schedule=plan_years(first, last),
        noun=named.noun or noun,
        noun_from="as asked" if named.noun else noun_from,
        first=first,
        last=last,
        path=named.path,
        sheet=named.sheet,
        encoding=named.encoding,
        name=named.name,
        label=label,
        gazetteer=look_up(keys),
    )
    _refuse_many(table.name, len(overview.of_use("own")))
    guesses = tuple(guess for make in GUESSES for guess in make(overview))
    asked = (*table.questions, *keys.questions, *outcome.questions)
    return Sketch(overview, guesses, tuple(q for q in asked if q.flag not in answers))


def _refuse_many(source: str, own: int) -> None:
    """Refuse more columns than an experiment may declare."""
    if own > MOST_COLUMNS:
        raise InputError(
            f"{source}: {own:,} columns that the catalogue does not know, and an experiment "
            f"declares at most {MOST_COLUMNS:,}; leave out those that no forecast needs, then run "
            "new again"
        )


def _refuse_gaps(source: str, years: Sequence[int]) -> None:
    """Refuse a panel of every fifth year: there is no growth from one year to the next."""
    apart = sorted(later - year for year, later in pairwise(years))
    if apart and (step := apart[len(apart) // 2]) > 1:
        shown = ", ".join(map(str, years[:3]))
        raise InputError(
            f"{source}: the outcome stands every {step} years ({shown}, …), and a forecast needs "
            "every year; bring a yearly panel"
        )
