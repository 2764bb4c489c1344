"""Which column holds the years."""

from __future__ import annotations

import re

from city_resilience.catalogue.words import load_words, met
from city_resilience.drafting.divisions import unlike
from city_resilience.drafting.guess import Answers, Question, chosen, listed
from city_resilience.drafting.profile import ColumnProfile, TableProfile
from city_resilience.errors import InputError
from city_resilience.reading.wording import catalogue_key

__all__ = ["find_year"]

_MOST_PARTS = 60  # different values of a column that divides years


def find_year(table: TableProfile, answers: Answers) -> tuple[ColumnProfile, list[Question]]:
    """Return the column of years, and what is to be asked of it.

    Raises
    ------
    InputError
        If there is none, or another column divides the years.
    """
    _refuse_parts_of_years(table)
    if given := answers.get("year"):
        column = table.find(given, "year")
        if column.years is None:
            raise InputError(f"--year {given!r}: its cells are no years; name another column")
        return column, []
    likely = _likely(table)
    if not likely:
        raise InputError(f"{table.name}: {_no_years(table)}")
    if len(likely) == 1:
        return likely[0], []
    options = tuple((column.header, _span(column)) for column in likely)
    question = Question("year", "several columns hold years: which is that of the data?", options)
    return table.find(chosen(question, answers), "year"), [question]


def _likely(table: TableProfile) -> list[ColumnProfile]:
    candidates = [column for column in table.columns if column.years is not None]
    named = [c for c in candidates if load_words().keys["year"].search(c.name)]
    likely = named or [c for c in candidates if c.distinct > 1]
    exact = [c for c in likely if catalogue_key(c.header) == "year"]
    return exact if len(exact) == 1 else unlike(likely)[0]


def _refuse_parts_of_years(table: TableProfile) -> None:
    columns = (c for c in table.columns if c.says("within_year") and c.distinct <= _MOST_PARTS)
    if (column := next(columns, None)) is not None:
        raise InputError(
            f"{table.name}: column {column.header!r} divides the years; a panel has one row for "
            "each place and year: sum or average it by year, then run new again"
        )


def _no_years(table: TableProfile) -> str:
    """Say what a column that is called year holds instead, or that there is none."""
    words, families = load_words().keys["year"], load_words().families
    called = (c for c in table.columns if words.search(c.name) and not met(families, c.name))
    for column in called:
        found = column.texts[column.filled].iloc[0]
        within = re.search(r"(?:19|20)\d{2}\D*[-/.QqMm季月]", found)
        remedy = "sum or average its parts by year" if within else "write years with four digits"
        return (
            f"column {column.header!r} holds {found!r}, which is no year; a panel has one row for "
            f"each place and year: {remedy}, then run new again"
        )
    headers = listed([column.header for column in table.columns], quoted=False)
    return (
        f"no column of years; columns found: {headers}. Where years or names stand across the top, "
        f"make a panel of it first: city-resilience import {table.name} --out panel.csv "
        "--gazetteer none (without it for Chinese cities)"
    )


def _span(column: ColumnProfile) -> str:
    assert column.years is not None
    known = column.years[column.years > 0]
    return f"{known.min()}-{known.max()}"
