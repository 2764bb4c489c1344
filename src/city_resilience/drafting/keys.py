"""Which columns say place and year, which larger unit a place belongs to, and what groups them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from city_resilience.arrays import Float, Int
from city_resilience.drafting.guess import Answers, Question, chosen
from city_resilience.drafting.profile import ColumnProfile, TableProfile
from city_resilience.drafting.words import load_words
from city_resilience.errors import InputError
from city_resilience.reading.wording import catalogue_key

__all__ = ["Keys", "find_keys"]

_REPEATED = 0.02  # share of the rows that may stand twice: faults, which training then names
_STEADY = 0.98  # share of the places whose larger unit never changes
_TWINS = 0.5  # share of the names that repeat from which they are no twins: rows divide places
_PER_UNIT = 2.0  # places of a larger unit, on average
_MOST_GROUPS = 5
_NEVER_GROUPS = ("city", "year", "province")


@dataclass(frozen=True)
class Keys:
    """The keys of a panel.

    Attributes
    ----------
    city, year : ColumnProfile
    province : ColumnProfile or None
        The larger unit.
    code : ColumnProfile or None
        The code that tells places of one name apart.
    groups : tuple of ColumnProfile
    country : ColumnProfile or None
        Where places of several countries stand in the panel.
    set_aside : tuple of ColumnProfile
        Other names and codes of the same places and units.
    cities : ndarray of int, shape (rows,)
        Number of the place of each row, -1 where blank.
    rows : ndarray of int, shape (rows,)
        Year of each row, 0 where blank.
    questions : tuple of Question
    """

    city: ColumnProfile
    year: ColumnProfile
    province: ColumnProfile | None
    code: ColumnProfile | None
    groups: tuple[ColumnProfile, ...]
    country: ColumnProfile | None
    set_aside: tuple[ColumnProfile, ...]
    cities: Int
    rows: Int
    questions: tuple[Question, ...] = ()

    @property
    def first(self) -> int:
        """First year."""
        return int(self.rows[self.rows > 0].min())

    @property
    def last(self) -> int:
        """Last year."""
        return int(self.rows.max())

    @property
    def places(self) -> int:
        """How many places there are."""
        return int(self.cities.max()) + 1

    @property
    def taken(self) -> set[int]:
        """Positions of the columns that are keys, groups, or further names of them."""
        single = (self.city, self.year, self.province, self.code, self.country)
        every = (*filter(None, single), *self.groups, *self.set_aside)
        return {column.position for column in every}

    def grid(self, column: ColumnProfile) -> Float:
        """Return the numbers of a column, shape (places, years), NaN where there is none."""
        values = np.full((self.places, self.last - self.first + 1), np.nan)
        kept = (self.cities >= 0) & (self.rows > 0)
        numbers = column.numbers
        if numbers is not None:
            values[self.cities[kept], self.rows[kept] - self.first] = numbers[kept]
        return values

    def level_of(self, column: ColumnProfile) -> Int:
        """Return the level of a group that each place belongs to, shape (places,)."""
        levels = np.full(self.places, -1)
        kept = self.cities >= 0
        levels[self.cities[kept]] = column.codes[kept]
        return levels


def find_keys(table: TableProfile, answers: Answers) -> Keys:
    """Find place, year, larger unit and groups.

    Raises
    ------
    InputError
        If there is no column of years, or no column makes a row one place in one year.
    """
    _refuse_parts_of_years(table)
    candidates = [column for column in table.columns if column.years is not None]
    questions: list[Question] = []
    year = _year(table, candidates, answers, questions)
    rows = year.years
    assert rows is not None
    city, code, others = _city(table, year, answers, questions)
    cities = code.codes if code else city.codes
    province, groups, aside = _coarser(table, cities, {city, year, *others, code}, answers)
    ranked = sorted(filter(None, [province, *groups]), key=lambda own: own.noun != "country")
    country = ranked[0] if ranked and ranked[0].noun == "country" else None
    return Keys(
        city,
        year,
        province,
        code,
        tuple(groups),
        country if city.noun != "country" else None,
        (*others, *aside),
        np.where(rows > 0, cities, -1),
        rows,
        tuple(questions),
    )


def _refuse_parts_of_years(table: TableProfile) -> None:
    within = [c.header for c in table.columns if c.says("within_year") and c.distinct <= 60]
    if within:
        raise InputError(
            f"{table.name}: column {within[0]!r} divides the years; a panel has one row for each "
            "place and year: sum or average it by year, then run new again"
        )


def _year(
    table: TableProfile,
    candidates: Sequence[ColumnProfile],
    answers: Answers,
    questions: list[Question],
) -> ColumnProfile:
    if given := answers.get("year"):
        column = table.find(given, "year")
        if column.years is None:
            raise InputError(f"--year {given!r}: its cells are no years; name another column")
        return column
    named = [c for c in candidates if load_words().keys["year"].search(c.name)]
    likely = named or [c for c in candidates if c.distinct > 1]
    exact = [c for c in likely if catalogue_key(c.header) == "year"]
    likely = exact if len(exact) == 1 else _unlike(likely)[0]
    if not likely and (odd := _no_years(table)):
        raise InputError(f"{table.name}: {odd}")
    if not likely:
        headers = ", ".join(column.header for column in table.columns)
        raise InputError(
            f"{table.name}: no column of years; columns found: {headers}. Where years or names "
            "stand across the top, make a panel of it first: city-resilience import "
            f"{table.name} --out panel.csv --gazetteer none (without it for Chinese cities)"
        )
    if len(likely) > 1:
        options = tuple((c.header, f"{_span(c)}") for c in likely)
        question = Question(
            "year", "several columns hold years: which is that of the data?", options
        )
        questions.extend([question] if "year" not in answers else [])
        return table.find(chosen(question, answers), "year")
    return likely[0]


def _no_years(table: TableProfile) -> str:
    """Say what a column that is called year holds instead; "" where there is none."""
    words = load_words().keys["year"]
    for column in (c for c in table.columns if words.search(c.name)):
        found = column.texts[column.filled].iloc[0]
        return (
            f"column {column.header!r} holds {found!r}, which is no year; a panel has one row for "
            "each place and year: sum or average quarters and months by year, then run new again"
        )
    return ""


def _span(column: ColumnProfile) -> str:
    assert column.years is not None
    known = column.years[column.years > 0]
    return f"{known.min()}-{known.max()}"


def _city(
    table: TableProfile, year: ColumnProfile, answers: Answers, questions: list[Question]
) -> tuple[ColumnProfile, ColumnProfile | None, list[ColumnProfile]]:
    """Return the column of names, that of codes where names repeat, and further names."""
    assert year.years is not None
    free = [c for c in table.columns if c is not year]
    keyed = [c for c in free if _may_name(c)] or [c for c in free if _may_number(c, year.years)]
    if given := answers.get("city"):
        city = table.find(given, "city")
        if _is_key(city.codes, year.years):
            return city, None, [c for c in keyed if c is not city and _same(c, city)]
        return (city, *_told_apart(table, city, keyed, year))
    exact = [c for c in keyed if _is_key(c.codes, year.years, 0.0)]
    alone = exact or [c for c in keyed if _is_key(c.codes, year.years)]
    names = [c for c in alone if not _is_code(c)]
    if not names:
        twins = _with_twins(keyed, alone)
        if twins is not None:
            return twins, alone[0] if alone else None, alone[1:]
        names = alone
    if not names:
        raise InputError(_no_key(table, keyed, year))
    names.sort(key=lambda c: (not c.noun, not catalogue_key(c.header), c.position))
    unlike, same = _unlike(names)
    city = unlike[0]
    if len(unlike) > 1:
        options = tuple((c.header, f"{c.distinct} places") for c in unlike)
        question = Question("city", "several columns could name the places: which does?", options)
        questions.append(question)
        city = table.find(chosen(question, answers), "city")
    codes = [c for c in alone if c not in names and _same(c, city)]
    return city, None, [c for c in (*same, *codes) if c is not city]


def _told_apart(
    table: TableProfile, city: ColumnProfile, keyed: Sequence[ColumnProfile], year: ColumnProfile
) -> tuple[ColumnProfile, list[ColumnProfile]]:
    assert year.years is not None
    codes = [c for c in keyed if c is not city and _is_key(c.codes, year.years)]
    if not codes:
        raise InputError(_no_key(table, [city], year))
    codes.sort(key=lambda c: not _is_code(c))
    return codes[0], list(codes[1:])


def _may_name(column: ColumnProfile) -> bool:
    """Whether a column may name places: text, or whole numbers that are called codes or places."""
    repeated = column.distinct * 2 <= column.filled.sum()
    if column.distinct < 2 or not (repeated or column.noun or catalogue_key(column.header)):
        return False
    return column.numbers is None or (column.whole and (_is_code(column) or bool(column.noun)))


def _may_number(column: ColumnProfile, years: Int) -> bool:
    """Whether a column that nothing names as one may number places: a key of whole numbers."""
    repeated = column.distinct * 2 <= column.filled.sum()
    return column.whole and repeated and _is_key(column.codes, years, 0.0)


def _is_code(column: ColumnProfile) -> bool:
    return column.says("code") or catalogue_key(column.header).endswith("_code")


def _is_key(codes: Int, years: Int, repeated: float = _REPEATED) -> bool:
    """Whether places and years make a row unique, but for some."""
    kept = (codes >= 0) & (years > 0)
    if not kept.any() or kept.mean() < 0.9:
        return False
    pairs = codes[kept] * 10_000 + years[kept]
    return 1 - len(np.unique(pairs)) / len(pairs) <= repeated


def _with_twins(
    keyed: Sequence[ColumnProfile], alone: Sequence[ColumnProfile]
) -> ColumnProfile | None:
    """Return a column of names that repeat, where a code or the larger unit tells them apart."""
    names = [c for c in keyed if not _is_code(c) and c.numbers is None]
    names.sort(key=lambda c: -c.distinct)
    for name in names:
        if any(
            name.distinct > 0.5 * code.distinct and _within(code.codes, name.codes)
            for code in alone
        ):
            return name
    return None


def _within(fine: Int, coarse: Int) -> bool:
    """Whether each unit of a fine division lies in one of a coarse one, but for some."""
    kept = (fine >= 0) & (coarse >= 0)
    if not kept.any():
        return False
    pairs = pd.DataFrame({"fine": fine[kept], "coarse": coarse[kept]}).drop_duplicates()
    return bool((pairs.groupby("fine").size() == 1).mean() >= _STEADY)


def _same(a: ColumnProfile, b: ColumnProfile) -> bool:
    return _within(a.codes, b.codes) and _within(b.codes, a.codes)


def _unlike(columns: Sequence[ColumnProfile]) -> tuple[list[ColumnProfile], list[ColumnProfile]]:
    """Sort columns into those that divide the rows differently and further names of these."""
    unlike: list[ColumnProfile] = []
    same: list[ColumnProfile] = []
    for column in columns:
        (same if any(_same(column, own) for own in unlike) else unlike).append(column)
    return unlike, same


def _coarser(
    table: TableProfile,
    cities: Int,
    taken: set[ColumnProfile | None],
    answers: Answers,
) -> tuple[ColumnProfile | None, list[ColumnProfile], list[ColumnProfile]]:
    """Return the larger unit, the groups, and further names of these."""
    places = int(cities.max()) + 1
    positions = {column.position for column in taken if column is not None}
    found = [
        column
        for column in table.columns
        if column.position not in positions and _divides(column, cities, places)
    ]
    found.sort(key=lambda c: (_is_code(c), -c.distinct, c.position))
    unlike, _ = _unlike(found)
    province = _province(table, unlike, places, answers)
    groups = [c for c in unlike if c is not province and _may_group(c, places)][:_MOST_GROUPS]
    kept = {c.position for c in (province, *groups) if c is not None}
    return province, groups, [c for c in found if c.position not in kept and c.numbers is None]


def _divides(column: ColumnProfile, cities: Int, places: int) -> bool:
    if not 2 <= column.distinct <= max(2, places / _PER_UNIT):
        return False
    texts = column.numbers is None
    if not texts and not (column.whole and (_is_code(column) or column.noun)):
        return False
    return _within(cities, column.codes)


def _province(
    table: TableProfile, unlike: Sequence[ColumnProfile], places: int, answers: Answers
) -> ColumnProfile | None:
    if given := answers.get("province"):
        return table.find(given, "province")
    texts = [c for c in unlike if not _is_code(c)] or list(unlike)
    stated = [c for c in texts if catalogue_key(c.header) == "province"]
    larger = [c for c in texts if c.noun and places / c.distinct >= _PER_UNIT]
    return next(iter((*stated, *larger)), None)


def _may_group(column: ColumnProfile, places: int) -> bool:
    named = column.header in _NEVER_GROUPS or catalogue_key(column.header) in _NEVER_GROUPS
    return not named and not _is_code(column) and places / column.distinct >= _PER_UNIT


def _no_key(table: TableProfile, keyed: Sequence[ColumnProfile], year: ColumnProfile) -> str:
    if not keyed:
        headers = ", ".join(column.header for column in table.columns)
        single = next((c for c in table.columns if c.noun and c.distinct == 1), None)
        if single is not None:
            return (
                f"{table.name}: {single.header!r} names one place only; resilience is relative to "
                "others, bring at least two places"
            )
        return f"{table.name}: no column names places; columns found: {headers}"
    assert year.years is not None
    best = max(keyed, key=lambda c: c.distinct)
    frame = pd.DataFrame({"place": best.texts, "year": year.years})
    twice = frame[frame.duplicated(keep=False)]
    if twice.empty:
        return f"{table.name}: no column says which place half of the rows are about; fill it in"
    place, when = twice.iloc[0]
    times = int(((frame["place"] == place) & (frame["year"] == when)).sum())
    larger = [c for c in keyed if c is not best and _is_key(_pairs(best, c), year.years)]
    if larger and twice["place"].nunique() < _TWINS * best.distinct:
        other = larger[0]
        return (
            f"{table.name}: names in {best.header!r} repeat ({place} {when} stands {times} times), "
            f"and no code tells them apart: write {other.header!r} into the name, such as "
            f"'{place}, {other.texts[twice.index[0]]}', or add a column of codes"
        )
    inside = list(_divides_rows(table, frame, {best.position, year.position}))
    hint = f"; they differ by {', '.join(map(repr, inside[:3]))}" if inside else ""
    return (
        f"{table.name}: no column and {year.header!r} make each row one place in one year: by "
        f"{best.header!r} {place} {when} stands {times} times{hint}; keep one row for each place "
        "and year (sum over the rest), or add a column of codes"
    )


def _pairs(a: ColumnProfile, b: ColumnProfile) -> Int:
    """Number the pairs of values of two columns, -1 where one is blank."""
    known = (a.codes >= 0) & (b.codes >= 0)
    return np.where(known, a.codes * (b.distinct + 1) + b.codes, -1)


def _divides_rows(table: TableProfile, frame: pd.DataFrame, taken: set[int]) -> Iterator[str]:
    """Yield the headers of text columns that differ between rows of one place and year."""
    for column in table.columns:
        if column.position in taken or column.numbers is not None:
            continue
        wider = frame.assign(own=column.codes)
        if wider.drop_duplicates().shape[0] > frame.drop_duplicates().shape[0]:
            yield column.header
