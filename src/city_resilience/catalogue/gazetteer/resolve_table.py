"""Names as they stand together in a table, which can decide what a name alone leaves open.

Three kinds of evidence count, each only when it leaves one reading: the column is said to hold
prefecture-level cities; the row stands under the row of its province, in a table that is in that
order; all company of the row is of one level. Nothing else is inferred.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence

from city_resilience.catalogue.gazetteer.cities import BEYOND
from city_resilience.catalogue.gazetteer.gazetteer import Gazetteer
from city_resilience.catalogue.gazetteer.lookup import Entry, Match, NotFound, normalise
from city_resilience.errors import InputError

__all__ = ["resolve_table"]

Row = tuple[str, int | None, str]
Answer = Match | NotFound
Open = dict[int, list[Entry]]

_IN_ORDER = 0.95
_LEAST_ORDERED = 3
_LEAST_UNITS = 50


def resolve_table(
    gazetteer: Gazetteer,
    names: Sequence[str],
    years: Sequence[int | None],
    provinces: Sequence[str] = (),
    *,
    level: str = "",
    order: bool = True,
) -> list[Match | NotFound]:
    """Resolve the names of a table, each alone first and then by the table it stands in.

    Parameters
    ----------
    gazetteer : Gazetteer
    names, years : sequence, length n
        Name and year of each row; None for a year that is not known.
    provinces : sequence of str, length n
        Province of each row, "" where not known; empty for a table without provinces.
    level : str
        ``city`` for a column that holds prefecture-level cities by its header: provinces and
        counties are no candidates. Empty if the header does not say.
    order : bool
        Whether the rows stand in the order of the source, so that a row of a province may be
        the head of the rows below it. The answers do not depend on the order otherwise.

    Returns
    -------
    list of Match or NotFound, length n
        What the table decided has ``how="table"`` and says why in its note. A name that the
        table does not decide either stays `NotFound`.

    Raises
    ------
    InputError
        If there is no such level or the lengths differ.

    Examples
    --------
    >>> from city_resilience.catalogue.gazetteer.gazetteer import load_gazetteer
    >>> resolve_table(load_gazetteer("china"), ["吉林"], [2010], level="city")[0].note
    '吉林 taken for 吉林市: the column holds prefecture-level cities'
    """
    if level not in ("", "city"):
        raise InputError(f"level {level!r} does not exist; use city or leave it empty")
    provinces = provinces or [""] * len(names)
    if not len(names) == len(years) == len(provinces):
        raise InputError(
            f"{len(names)} names, {len(years)} years and {len(provinces)} provinces; "
            "give one of each for every row"
        )
    table = _Table(gazetteer, list(zip(names, years, provinces, strict=True)))
    if level:
        table.decide_by_level()
    if order:
        table.decide_by_province_rows()
    table.decide_by_company()
    return table.answers


class _Table:
    """Rows with their answers so far.

    ``open`` holds the readings of those still ambiguous, ``named`` the units that rows are beyond
    doubt, by year: no other row is inferred to be one of them.
    """

    def __init__(self, gazetteer: Gazetteer, rows: list[Row]) -> None:
        self.gazetteer, self.rows = gazetteer, rows
        self.answers = _alone(gazetteer, rows)
        self.named = self._units_by_year()
        self.open: Open = {
            at: gazetteer.readings(*rows[at])
            for at, answer in enumerate(self.answers)
            if isinstance(answer, NotFound) and answer.ambiguous
        }

    def decide_by_level(self) -> None:
        """Leave only units of prefecture level."""
        for at, entries in list(self.open.items()):
            cities = [entry for entry in entries if entry.kind == "city"]
            self._narrow(at, cities or entries, "the column holds prefecture-level cities")

    def decide_by_province_rows(self) -> None:
        """Leave what lies in the province above, or a province that begins a part of its own."""
        if not self.open or (places := _province_rows(self.answers, self.open)) is None:
            return
        for at, entries in list(self.open.items()):
            if places[at][0]:
                self._decide_below(at, entries, *places[at])

    def decide_by_company(self) -> None:
        """Leave the unit of prefecture level where all other rows are of that level."""
        if not self.open:
            return
        units = self._units_by_year()
        kinds = {answer.kind for answer in self.answers if isinstance(answer, Match)}
        rivals = _rivals(self.rows, self.open)
        decided = [
            (at, unit, other)
            for at, entries in self.open.items()
            if (unit := self._only_unit(at, entries)) and (other := _other_kind(entries))
            if other not in kinds
            and _is_missing(unit.adcode, units.get(self.rows[at][1], Counter()))
            and _fits(rivals[self.rows[at][1], unit.adcode], units[self.rows[at][1]])
        ]
        for at, unit, other in decided:
            why = f"no row is a {other}, and no other row of its year is {unit.name}"
            self._narrow(at, [unit], why)

    def _narrow(self, at: int, left: list[Entry], why: str) -> None:
        """Answer a row by its one reading left, or keep it open with several."""
        name, year, _ = self.rows[at]
        if len(left) > 1:
            self.open[at] = left
        else:
            del self.open[at]
            if left and left[0].adcode not in self.named.get(year, ()):
                self.answers[at] = self.gazetteer.match(left[0], name, year, why)

    def _decide_below(self, at: int, entries: list[Entry], above: str, ahead: str) -> None:
        """Decide a row below a province row, unless the next city contradicts it."""
        name, year, _ = self.rows[at]
        inside = self.gazetteer.readings(name, year, above)
        if inside and ahead not in ("", above):
            return
        left = [entry for entry in inside if entry in entries] if inside else []
        if not inside and not self._names(ahead):
            left = [e for e in entries if e.kind == "province" and e.name == ahead]
        self._narrow(at, left, f"it stands below {above}" if inside else f"{ahead} begins there")

    def _names(self, province: str) -> bool:
        """Whether a row of the table is a province beyond doubt."""
        return any(
            isinstance(answer, Match) and answer.kind == "province" and answer.name == province
            for answer in self.answers
        )

    def _units_by_year(self) -> dict[int | None, Counter[str]]:
        units: dict[int | None, Counter[str]] = {}
        for (_, year, _), answer in zip(self.rows, self.answers, strict=True):
            if isinstance(answer, Match) and answer.kind == "city":
                units.setdefault(year, Counter())[answer.adcode] += 1
        return units

    def _only_unit(self, at: int, entries: Iterable[Entry]) -> Entry | None:
        """Return the one unit among the readings, if it was in force in the year of the row."""
        cities = [entry for entry in entries if entry.kind == "city"]
        if len(cities) != 1:
            return None
        unit, year = self.gazetteer.cities[cities[0].adcode], self.rows[at][1]
        known = BEYOND if year is None else year
        return cities[0] if unit.first <= known <= unit.last else None


def _alone(gazetteer: Gazetteer, rows: Sequence[Row]) -> list[Answer]:
    """Resolve each row alone; equal rows, and all rows of an unknown name, share one look-up."""
    known: dict[Row, Answer] = {}
    unknown: dict[str, NotFound] = {}
    for row in dict.fromkeys(rows):
        answer = unknown.get(row[0]) or gazetteer.resolve(*row)
        if isinstance(answer, NotFound) and answer.reason == "unknown":
            unknown[row[0]] = answer
        known[row] = answer
    return [known[row] for row in rows]


def _province_rows(answers: Sequence[Answer], open_: Open) -> list[tuple[str, str]] | None:
    """Return the province row above each row and the province of the next city.

    The first is "" where the last city before the row does not stand below its own province, or
    the row may repeat the province row before it for another year; the second is "" where a
    province row comes before the next city. None if the table is not in order.
    """
    above: list[str] = []
    heads: set[int] = set()
    current, last, inside, cities = "", "", 0, 0
    for at, answer in enumerate(answers):
        above.append(current if last == current and not _repeats(at, open_, heads) else "")
        if at in open_:
            if head := _head(open_[at], current):
                current = last = head
                heads.add(at)
        elif isinstance(answer, Match) and answer.kind in ("city", "province"):
            last = answer.province
            if answer.province == answer.name:  # a municipality is both
                current = last
                heads.add(at)
            else:
                cities += 1
                inside += last == current
    if cities < _LEAST_ORDERED or inside < _IN_ORDER * cities:
        return None
    return list(zip(above, _next_cities(answers, heads), strict=True))


def _repeats(at: int, open_: Open, heads: Collection[int]) -> bool:
    """Whether the row before begins a province by its context alone, and this one reads alike."""
    return at - 1 in heads and at in open_ and open_.get(at - 1) == open_[at]


def _next_cities(answers: Sequence[Answer], heads: Collection[int]) -> list[str]:
    """Return the province of the next city after each row, "" where a province row comes first."""
    ahead, following = [], ""
    for at in reversed(range(len(answers))):
        ahead.append(following)
        answer = answers[at]
        if at in heads:
            following = ""
        elif isinstance(answer, Match) and answer.kind == "city":
            following = answer.province
    return ahead[::-1]


def _head(entries: Iterable[Entry], current: str) -> str:
    """Return the province that an ambiguous row would begin, if no reading lies in the current."""
    if any(entry.province == current for entry in entries):
        return ""
    heads = [entry.name for entry in entries if entry.kind == "province"]
    return heads[0] if len(heads) == 1 else ""


def _other_kind(entries: Iterable[Entry]) -> str:
    """Return the one kind, county or province, of the readings that are no cities."""
    others = {entry.kind for entry in entries if entry.kind != "city"}
    return str(*others) if len(others) == 1 and others <= {"county", "province"} else ""


def _rivals(rows: Sequence[Row], open_: Open) -> dict[tuple[int | None, str], Counter[str]]:
    """Count, by year and unit, the ambiguous rows that could be it, by normalised name."""
    rivals: dict[tuple[int | None, str], Counter[str]] = {}
    for at, entries in open_.items():
        name, year, province = rows[at]
        for entry in entries:
            if entry.kind == "city":
                spelled = f"{normalise(name)}/{normalise(province)}"
                rivals.setdefault((year, entry.adcode), Counter())[spelled] += 1
    return rivals


def _is_missing(adcode: str, units: Mapping[str, int]) -> bool:
    return len(units) >= _LEAST_UNITS and adcode not in units


def _fits(rivals: Mapping[str, int], units: Mapping[str, int]) -> bool:
    """Whether one name alone may be the unit, in no more rows than other units have."""
    return len(rivals) == 1 and max(rivals.values()) <= max(units.values())
