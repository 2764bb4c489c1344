"""Which column names the places, and which code tells them apart where names repeat."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from city_resilience.arrays import Int
from city_resilience.drafting.divisions import is_code, is_key, pairs, same, unlike, within
from city_resilience.drafting.guess import Answers, Question, chosen, listed
from city_resilience.drafting.profile import ColumnProfile, TableProfile
from city_resilience.errors import InputError
from city_resilience.reading.wording import catalogue_key

__all__ = ["Places", "find_places"]

_TWINS = 0.5  # share of the names that repeat from which they are no twins: rows divide places

_MOST_WORDS = 2  # of the header of numbers that name places: firm, city id; no gross state product


@dataclass(frozen=True)
class Places:
    """How places are named.

    Attributes
    ----------
    city : ColumnProfile
        Their names.
    code : ColumnProfile or None
        What tells places of one name apart.
    larger : ColumnProfile or None
        The larger unit that tells them apart where there is no code.
    others : tuple of ColumnProfile
        Further names and codes of the same places.
    questions : tuple of Question
    """

    city: ColumnProfile
    code: ColumnProfile | None = None
    larger: ColumnProfile | None = None
    others: tuple[ColumnProfile, ...] = ()
    questions: tuple[Question, ...] = field(default=())

    @property
    def numbers(self) -> Int:
        """Number of the place of each row, -1 where blank."""
        if self.code is None and self.larger is not None:
            told = pairs(self.city, self.larger)
            return np.unique(told, return_inverse=True)[1] - int((told < 0).any())
        return (self.code or self.city).codes


def find_places(table: TableProfile, year: ColumnProfile, answers: Answers) -> Places:
    """Find the column of names, and that of codes where names repeat.

    Raises
    ------
    InputError
        If no column and the year make a row unique.
    """
    assert year.years is not None
    free = [c for c in table.columns if c is not year]
    keyed = [c for c in free if _may_name(c)] or [c for c in free if _may_number(c, year.years)]
    if given := answers.get("city"):
        return _as_given(table, table.find(given, "city"), keyed, year)
    exact = [c for c in keyed if is_key(c.codes, year.years, 0.0)]
    alone = exact or [c for c in keyed if is_key(c.codes, year.years)]
    names = [c for c in alone if not is_code(c)]
    twins = None if names else _with_twins(keyed, alone)
    if twins is not None:
        return Places(twins, alone[0], others=tuple(alone[1:]))
    if not alone and (told := _told_by_unit(keyed, year.years)) is not None:
        return told
    if not alone:
        raise InputError(f"{table.name}: {_no_key(table, keyed, year)}")
    return _named(table, names or alone, alone, answers)


def _named(
    table: TableProfile,
    names: Sequence[ColumnProfile],
    alone: Sequence[ColumnProfile],
    answers: Answers,
) -> Places:
    """Return the likeliest of the columns that each name the places."""
    ordered = sorted(names, key=lambda c: (not c.noun, not catalogue_key(c.header), c.position))
    different, others = unlike(ordered)
    city, questions = different[0], []
    if len(different) > 1:
        options = tuple((c.header, f"{c.distinct} places") for c in different)
        questions.append(
            Question("city", "several columns could name the places: which does?", options)
        )
        city = table.find(chosen(questions[0], answers), "city")
    codes = [c for c in alone if c not in names and same(c, city)]
    further = tuple(c for c in (*others, *codes) if c is not city)
    return Places(city, others=further, questions=tuple(questions))


def _as_given(
    table: TableProfile, city: ColumnProfile, keyed: Sequence[ColumnProfile], year: ColumnProfile
) -> Places:
    assert year.years is not None
    others = [c for c in keyed if c is not city]
    if is_key(city.codes, year.years):
        return Places(city, others=tuple(c for c in others if same(c, city)))
    codes = sorted((c for c in others if is_key(c.codes, year.years)), key=lambda c: not is_code(c))
    if codes:
        return Places(city, codes[0], others=tuple(codes[1:]))
    if (told := _told_by_unit([city], year.years, others)) is not None:
        return told
    raise InputError(f"{table.name}: {_no_key(table, [city], year)}")


def _may_name(column: ColumnProfile) -> bool:
    """Whether a column may name places: text, or whole numbers that are called codes or places."""
    if column.numbers is not None:
        called = is_code(column) or (column.noun and len(column.name.split()) <= _MOST_WORDS)
        if not (called and column.whole):
            return False
    repeated = column.distinct * 2 <= column.filled.sum()
    if column.distinct < 2 or column.numbers is not None:
        return bool(repeated and column.distinct >= 2)
    return bool(repeated or column.noun or catalogue_key(column.header))


def _may_number(column: ColumnProfile, years: Int) -> bool:
    """Whether a column that nothing names as one may number places: a key of whole numbers."""
    repeated = column.distinct * 2 <= column.filled.sum()
    return column.whole and repeated and is_key(column.codes, years, 0.0)


def _with_twins(
    keyed: Sequence[ColumnProfile], alone: Sequence[ColumnProfile]
) -> ColumnProfile | None:
    """Return a column of names that repeat, where a code or the larger unit tells them apart."""
    names = [c for c in keyed if not is_code(c) and c.numbers is None]
    names.sort(key=lambda c: -c.distinct)
    for name in names:
        if any(
            name.distinct > 0.5 * code.distinct and within(code.codes, name.codes) for code in alone
        ):
            return name
    return None


def _told_by_unit(
    names: Sequence[ColumnProfile], years: Int, units: Sequence[ColumnProfile] = ()
) -> Places | None:
    """Return the places whose names repeat, a few of them, and a larger unit tells apart."""
    texts = [c for c in names if c.numbers is None]
    best = max(texts, key=lambda c: c.distinct, default=None)
    if best is None:
        return None
    rows = pd.DataFrame({"place": best.codes, "year": years})
    twins = rows.loc[rows.duplicated(keep=False), "place"].nunique()
    larger = [c for c in units or texts if c is not best and is_key(pairs(best, c), years)]
    if not larger or twins >= _TWINS * best.distinct:
        return None
    return Places(best, larger=min(larger, key=lambda c: (c.distinct, c.position)))


def _no_key(table: TableProfile, keyed: Sequence[ColumnProfile], year: ColumnProfile) -> str:
    """Say why no column names the places."""
    if not keyed:
        return _no_names(table)
    assert year.years is not None
    best = max(keyed, key=lambda c: c.distinct)
    frame = pd.DataFrame({"place": best.texts, "year": year.years})
    twice = frame[frame.duplicated(keep=False)]
    if twice.empty:
        return "no column says which place half of the rows are about; fill it in"
    place, when = twice.iloc[0]
    times = int(((frame["place"] == place) & (frame["year"] == when)).sum())
    stands = f"{place} {when} stands {times} times"
    inside = list(_divides_rows(table, frame, {best.position, year.position}))
    hint = f"; they differ by {', '.join(map(repr, inside[:3]))}" if inside else ""
    return (
        f"no column and {year.header!r} make each row one place in one year: by {best.header!r} "
        f"{stands}{hint}; keep one row for each place and year (sum over the rest), or add a "
        "column of codes"
    )


def _no_names(table: TableProfile) -> str:
    single = next((c for c in table.columns if c.noun and c.distinct == 1), None)
    if single is not None:
        return (
            f"{single.header!r} names one place only; resilience is relative to others, bring at "
            "least two places"
        )
    headers = listed([column.header for column in table.columns], quoted=False)
    return f"no column names places; columns found: {headers}"


def _divides_rows(table: TableProfile, frame: pd.DataFrame, taken: set[int]) -> Iterator[str]:
    """Yield the headers of text columns that differ between rows of one place and year."""
    for column in table.columns:
        if column.position in taken or column.numbers is not None:
            continue
        wider = frame.assign(own=column.codes)
        if wider.drop_duplicates().shape[0] > frame.drop_duplicates().shape[0]:
            yield column.header
