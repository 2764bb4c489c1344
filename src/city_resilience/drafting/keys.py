"""Which columns say place and year, which larger unit a place belongs to, and what groups them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from city_resilience.arrays import Float, Int, Mask
from city_resilience.drafting.divisions import is_code, unlike, within
from city_resilience.drafting.guess import Answers, Question
from city_resilience.drafting.place_column import find_places
from city_resilience.drafting.profile import ColumnProfile, TableProfile
from city_resilience.drafting.year_column import find_year
from city_resilience.experiment.data import LEAST_CITIES
from city_resilience.reading.wording import catalogue_key

__all__ = ["Keys", "find_keys"]

_PER_UNIT = 2.0  # places of a larger unit, on average
_MOST_GROUPS = 5
_LEAST_NATIONS = 2
_NEVER_GROUPS = ("city", "year", "province", "nation")


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
    nation : ColumnProfile or None
        The countries, each of which is a nation of its own.
    country : ColumnProfile or None
        Where places of several countries are compared all together.
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
    nation: ColumnProfile | None
    country: ColumnProfile | None
    set_aside: tuple[ColumnProfile, ...]
    cities: Int
    rows: Int
    questions: tuple[Question, ...] = ()

    @cached_property
    def first(self) -> int:
        """First year."""
        return int(self.rows[self.rows > 0].min())

    @cached_property
    def last(self) -> int:
        """Last year."""
        return int(self.rows.max())

    @cached_property
    def places(self) -> int:
        """How many places there are."""
        return int(self.cities.max()) + 1

    @cached_property
    def taken(self) -> set[int]:
        """Positions of the columns that are keys, groups, or further names of them."""
        single = (self.city, self.year, self.province, self.code, self.nation, self.country)
        every = (*filter(None, single), *self.groups, *self.set_aside)
        return {column.position for column in every}

    def grid(self, column: ColumnProfile) -> Float:
        """Return the numbers of a column, shape (places, years), NaN where there is none."""
        grid = self._grids.get(column.position)
        if grid is None:
            grid = self._grids[column.position] = self._grid(column)
        return grid

    @cached_property
    def _grids(self) -> dict[int, Float]:
        return {}

    @cached_property
    def _places(self) -> tuple[Mask, Int, Int]:
        """Rows that have a place and a year, and where these stand in a grid."""
        kept = (self.cities >= 0) & (self.rows > 0)
        return kept, self.cities[kept], self.rows[kept] - self.first

    def _grid(self, column: ColumnProfile) -> Float:
        values = np.full((self.places, self.last - self.first + 1), np.nan)
        kept, places, years = self._places
        numbers = column.numbers
        if numbers is not None:
            values[places, years] = numbers[kept]
        values.flags.writeable = False
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
    year, questions = find_year(table, answers)
    rows = year.years
    assert rows is not None
    places = find_places(table, year, answers)
    city, code = places.city, places.code
    cities = places.numbers
    taken = {column.position for column in (city, year, *places.others, *([code] if code else []))}
    coarser = _dividing(table, cities, taken)
    nation = _nation(table, coarser, cities, city, answers)
    larger = None if places.larger is nation else places.larger
    told = {"province": larger.header} if larger else {}
    coarser = [c for c in coarser if c is not nation]
    province, groups, aside = _coarser(table, cities, coarser, {**answers, **told})
    countries = [c for c in (province, *groups) if c is not None and c.noun == "country"]
    return Keys(
        city,
        year,
        province,
        code,
        tuple(groups),
        nation,
        countries[0] if countries and city.noun != "country" else None,
        (*places.others, *aside),
        np.where(rows > 0, cities, -1),
        rows,
        (*questions, *places.questions),
    )


def _dividing(table: TableProfile, cities: Int, taken: set[int]) -> list[ColumnProfile]:
    """Return the columns whose values hold several places each, the finest first, codes last."""
    places = int(cities.max()) + 1
    found = [
        column
        for column in table.columns
        if column.position not in taken and _divides(column, cities, places)
    ]
    return sorted(found, key=lambda c: (is_code(c), -c.distinct, c.position))


def _nation(
    table: TableProfile,
    found: Sequence[ColumnProfile],
    cities: Int,
    city: ColumnProfile,
    answers: Answers,
) -> ColumnProfile | None:
    """Return the countries of the places, where two of them at least have enough places."""
    if given := answers.get("nation"):
        return table.find(given, "nation")
    countries = [c for c in found if c.noun == "country" and c.header != answers.get("province")]
    for column in countries if city.noun != "country" else ():
        pairs = np.unique(np.column_stack([cities, column.codes])[(cities >= 0)], axis=0)
        pairs = pairs[pairs[:, 1] >= 0]
        one_each = len(np.unique(pairs[:, 0])) == len(pairs)
        if one_each and (np.bincount(pairs[:, 1]) >= LEAST_CITIES).sum() >= _LEAST_NATIONS:
            return column
    return None


def _coarser(
    table: TableProfile, cities: Int, found: Sequence[ColumnProfile], answers: Answers
) -> tuple[ColumnProfile | None, list[ColumnProfile], list[ColumnProfile]]:
    """Return the larger unit, the groups, and further names of these."""
    places = int(cities.max()) + 1
    different, _ = unlike(found)
    province = _province(table, different, places, answers)
    groups = [c for c in different if c is not province and _may_group(c, places)][:_MOST_GROUPS]
    kept = {c.position for c in (province, *groups) if c is not None}
    return province, groups, [c for c in found if c.position not in kept and c.numbers is None]


def _divides(column: ColumnProfile, cities: Int, places: int) -> bool:
    texts = column.numbers is None
    if not texts and not ((is_code(column) or column.noun) and column.whole):
        return False
    if not 2 <= column.distinct <= max(2, places / _PER_UNIT):
        return False
    return within(cities, column.codes)


def _province(
    table: TableProfile, found: Sequence[ColumnProfile], places: int, answers: Answers
) -> ColumnProfile | None:
    if given := answers.get("province"):
        return table.find(given, "province")
    texts = [c for c in found if not is_code(c)] or list(found)
    stated = [c for c in texts if catalogue_key(c.header) == "province"]
    larger = [c for c in texts if c.noun and places / c.distinct >= _PER_UNIT]
    return next(iter((*stated, *larger)), None)


def _may_group(column: ColumnProfile, places: int) -> bool:
    named = column.header in _NEVER_GROUPS or catalogue_key(column.header) in _NEVER_GROUPS
    return not named and not is_code(column) and places / column.distinct >= _PER_UNIT
