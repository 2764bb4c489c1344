"""What becomes of each column that is neither a key nor the outcome."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from typing import Literal

import numpy as np

from city_resilience.arrays import Float
from city_resilience.catalogue.units import parse_unit
from city_resilience.catalogue.variables import load_catalogue
from city_resilience.catalogue.words import load_words, met
from city_resilience.drafting.keys import Keys
from city_resilience.drafting.naming import plain_id
from city_resilience.drafting.outcome import OutcomeGuess, is_trusted
from city_resilience.drafting.profile import ColumnProfile, TableProfile
from city_resilience.indicators.table import load_indices, load_table

__all__ = ["Role", "find_roles", "outcome_id"]

SIZE_ALONE = 0.9  # rank correlation with the size of places from which a count says little else
COVERED = 0.3  # share of the places that a year needs for a series to count as observed
_FEWEST = 10  # places that a correlation is taken over
_BRACKETS = re.compile(r"\s*[(\[【（〔][^()\[\]【】（）〔〕]*[)\]】）〕]")


@dataclass(frozen=True, eq=False)
class Role:
    """What becomes of a column.

    Attributes
    ----------
    column : ColumnProfile
    use : str
        ``known`` (the catalogue names it), ``own`` (declared) or ``left`` (not read).
    id : str
        Id of the variable; "" where it is left out.
    family : str
        Of an own column.
    why : str
        What the family was read from, or why it is left out.
    direction : int
    percent : bool
        Whether it is a share that states no unit and is in percent.
    with_size : float
        Rank correlation of a count with the size of places; 0 where it was not taken.
    last : int
        Last year that is observed.
    excluded : bool
        Whether it is declared only so that the catalogue does not misread it.
    """

    column: ColumnProfile
    use: Literal["known", "own", "left"]
    id: str = ""
    family: str = ""
    why: str = ""
    direction: int = 0
    percent: bool = False
    with_size: float = 0.0
    last: int = 0
    excluded: bool = False

    @property
    def label(self) -> str:
        """The header without its unit."""
        return _BRACKETS.sub("", self.column.header).replace("_", " ").strip() or self.column.header


def find_roles(table: TableProfile, keys: Keys, outcome: OutcomeGuess) -> tuple[Role, ...]:
    """Decide on each other column of a table, in its order."""
    ids = {outcome_id(table, outcome)}
    roles = []
    for column in table.columns:
        if column.position in keys.taken or column is outcome.column:
            continue
        role = _role(table, keys, outcome, column, ids)
        ids.add(role.id)
        roles.append(role)
    return tuple(roles)


def outcome_id(table: TableProfile, outcome: OutcomeGuess) -> str:
    """Return the id of the outcome: the catalogue's, or one made of its header."""
    column = outcome.column
    if column.match and is_trusted(column, table):
        return column.match.variable.id
    return _new_id(column, set(), "outcome")


def _role(
    table: TableProfile, keys: Keys, outcome: OutcomeGuess, column: ColumnProfile, ids: set[str]
) -> Role:
    wanted = column is outcome.weight or column is outcome.deflator
    why = "" if wanted else _useless(column, keys)
    if why:
        return Role(column, "left", why=why)
    match = column.match
    size, last = _with_size(keys, outcome, column), _last(keys, column)
    if match is not None and is_trusted(column, table) and match.variable.id not in ids:
        percent = _in_percent(column)
        id = match.variable.id
        return Role(column, "known", id, percent=percent, with_size=size, last=last)
    again = any(own.column is column for own in outcome.others) or _past_of(column, outcome)
    if again and not wanted and match is None:
        why = "another measure of the outcome, whose past is known already"
        return Role(column, "left", why=why)
    role = _declared(column, ids)
    no_indicator = again or column is outcome.deflator
    return replace(role, with_size=size, last=last, excluded=no_indicator)


def _declared(column: ColumnProfile, ids: set[str]) -> Role:
    family, why = _family(column)
    told = met(load_words().directions, column.words)
    direction = {"better": 1, "worse": -1, "": 0}[told]
    return Role(column, "own", _new_id(column, ids, ""), family, why, direction)


def _useless(column: ColumnProfile, keys: Keys) -> str:
    numbers = column.numbers
    if numbers is None:
        return "text" if column.distinct > 1 else "the same in every row"
    if column.distinct < 2:
        return "the same in every row"
    coded = column.whole and column.says("code") and column.match is None
    if column.says("idle") or (coded and _never_changes(keys.grid(column))):
        return "a number of rows or a code"
    if not (np.isfinite(keys.grid(column)).mean(axis=0) >= COVERED).any():
        return f"in no year do {COVERED:.0%} of the places have a value"
    return ""


def _never_changes(values: Float) -> bool:
    """Whether every place has one value in all years."""
    known = values[np.isfinite(values).any(axis=1)]
    return bool(np.all(np.nanmax(known, axis=1) == np.nanmin(known, axis=1)))


def _past_of(column: ColumnProfile, outcome: OutcomeGuess) -> bool:
    """Whether a column is the growth of the outcome, or the outcome in other words."""
    grown = column.says("growth") and met(load_words().outcomes, column.name) == outcome.best.kind
    return bool(grown and outcome.best.kind)


def _family(column: ColumnProfile) -> tuple[str, str]:
    """Return a family and the word, or the catalogue's entry, that told it."""
    match = column.match
    own = tuple(load_words().families)
    if match and match.variable.family in own:
        return match.variable.family, f"as {match.variable.id} of the catalogue"
    families = load_words().families
    family = met(families, column.name)
    if not family:
        people = column.says("population")
        return "control", "the population" if people else "no word of it tells a family"
    found = families[family].search(column.name)
    assert found is not None
    return family, f"by {found[0]!r}"


def _in_percent(column: ColumnProfile) -> bool:
    assert column.match is not None
    numbers = column.numbers
    if column.match.variable.kind != "share" or column.match.unit_in_header or numbers is None:
        return False
    return bool(np.nanmedian(numbers) > 1)


def _last(keys: Keys, column: ColumnProfile) -> int:
    observed = np.flatnonzero(np.isfinite(keys.grid(column)).mean(axis=0) >= COVERED)
    return keys.first + int(observed[-1]) if observed.size else 0


def _with_size(keys: Keys, outcome: OutcomeGuess, column: ColumnProfile) -> float:
    """Correlate the ranks of a count with those of the outcome or its weight in a late year."""
    size = outcome.weight or (outcome.column if outcome.scale in ("level", "log") else None)
    if size is None or size is column or _is_relative(column):
        return 0.0
    values, sizes = keys.grid(column), keys.grid(size)
    both = np.isfinite(values) & np.isfinite(sizes)
    years = np.flatnonzero(both.sum(axis=0) >= _FEWEST)
    if not years.size:
        return 0.0
    at = int(years[-1])
    return _rank_correlation(values[both[:, at], at], sizes[both[:, at], at])


def _is_relative(column: ColumnProfile) -> bool:
    marks = ("rate", "per_head", "index", "log", "growth", "deflator")
    kind = column.match.variable.kind if column.match else "level"
    unit = parse_unit(column.unit)
    relative = unit is not None and (
        unit.denominator != "" or unit.numerator in ("ratio", "index", "log")
    )
    return relative or kind not in ("level", "volume") or any(map(column.says, marks))


def _rank_correlation(a: Float, b: Float) -> float:
    first, second = (np.argsort(np.argsort(own)).astype(np.float64) for own in (a, b))
    if np.ptp(a) == 0 or np.ptp(b) == 0:
        return 0.0
    return float(np.corrcoef(first, second)[0, 1])


@cache
def _reserved() -> frozenset[str]:
    """Return ids that mean something already."""
    table = {spec.id for spec in load_table()} | {index.id for index in load_indices()}
    return frozenset({*load_catalogue().variables, *table, "city", "year", "province", "nation"})


def _new_id(column: ColumnProfile, ids: set[str], otherwise: str) -> str:
    """Return an id that is not taken; "" for a header without Latin letters, its own id."""
    base = plain_id(_BRACKETS.sub("", column.header)) or otherwise
    if not base:
        return ""
    return next(id for id in _numbered(base) if id not in ids and id not in _reserved())


def _numbered(base: str) -> Iterator[str]:
    yield base
    yield f"{base}_own"
    yield from (f"{base}_{number}" for number in range(2, 10_000))
