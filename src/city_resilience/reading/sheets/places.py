"""The rows of a sheet as official units, and what is set aside or lost."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from city_resilience.catalogue.gazetteer.gazetteer import Gazetteer
from city_resilience.catalogue.gazetteer.lookup import Match, NotFound
from city_resilience.catalogue.gazetteer.resolve_table import resolve_table
from city_resilience.catalogue.sheets import load_sheet_rules
from city_resilience.reading.issues import Issue
from city_resilience.reading.sheets.table import Table
from city_resilience.reading.wording import single_line

__all__ = ["City", "PlacedRows", "place_rows", "row_numbers"]

_SHOWN = 80


@dataclass(frozen=True)
class City:
    """A city as the panel keeps it: its code ("" without a gazetteer), name and province."""

    code: str
    name: str
    province: str = ""


@dataclass(frozen=True)
class PlacedRows:
    """What became of the rows of a sheet.

    Attributes
    ----------
    places : mapping of int to City
        Row, from 0, to the city it is about.
    issues : tuple of Issue
        Rows that are about none, and what was concluded about names.
    """

    places: Mapping[int, City]
    issues: tuple[Issue, ...] = ()


def place_rows(
    table: Table, years: Mapping[int, int | None], gazetteer: Gazetteer | None
) -> PlacedRows:
    """Resolve the names of a table's rows.

    Parameters
    ----------
    years : mapping of int to int or None
        Row to the year of its data, None where it is of many years.
    """
    names = {row: table.text(row, "name") for row in years}
    issues = _without_name(table, [row for row in years if not names[row]])
    named = [row for row in years if names[row]]
    if gazetteer is None:
        places = {row: City("", names[row], table.text(row, "province")) for row in named}
        twice = _of_two_provinces(places.values())
        issues += [_unclear(table, row, p.name) for row, p in places.items() if p.name in twice]
        places = {row: place for row, place in places.items() if place.name not in twice}
        return PlacedRows(places, tuple(issues))
    answers = resolve_table(
        gazetteer,
        [names[row] for row in named],
        [years[row] for row in named],
        [table.text(row, "province") for row in named],
        level=table.keys.level,
    )
    answered = dict(zip(named, answers, strict=True))
    found = {row: a for row, a in answered.items() if isinstance(a, Match)}
    cities = {row: match for row, match in found.items() if match.kind == "city"}
    issues += [
        _not_found(table, row, answer, gazetteer)
        for row, answer in answered.items()
        if isinstance(answer, NotFound)
    ]
    words = {row for row, m in found.items() if m.kind == "header" and row_numbers(table, row)}
    issues += [_headed(table, row, found[row].name) for row in sorted(words)]
    issues += _set_aside(table, [m for row, m in found.items() if row not in {*cities, *words}])
    issues += _remarks(table, cities.values())
    places = {row: City(m.adcode, m.name, m.province) for row, m in cities.items()}
    return PlacedRows(places, tuple(issues))


def _of_two_provinces(places: Iterable[City]) -> set[str]:
    provinces: dict[str, set[str]] = {}
    for place in places:
        provinces.setdefault(place.name, set()).add(place.province)
    return {name for name, found in provinces.items() if len(found - {""}) > 1}


def _unclear(table: Table, row: int, name: str) -> Issue:
    reason = "a name in two provinces; add the province to the name, such as Name (Province)"
    return table.issue("lost", "name", name, reason, row=row + 1, column=table.keys.names + 1)


def _without_name(table: Table, rows: Sequence[int]) -> list[Issue]:
    """List rows without a name: those that hold nothing but zeros together, others one by one."""
    idle, issues = [], []
    for row in rows:
        numbers = row_numbers(table, row)
        text = " ".join(filter(None, map(single_line, table.sheet.rows[row])))[:_SHOWN]
        if any(numbers):
            reason = "values and no name of a city; write the name into the row"
            issues.append(table.issue("lost", "row", text, reason, row=row + 1))
        elif numbers:
            idle.append(row + 1)
        elif text:
            reason = "a line of text, no row of the table"
            issues.append(table.issue("note", "row", text, reason, row=row + 1))
    if idle:
        found = f"{len(idle)} rows, {idle[0]} to {idle[-1]}"
        reason = "no name and nothing but zeros; set aside"
        issues.append(table.issue("note", "row", found, reason, row=idle[0]))
    return issues


def row_numbers(table: Table, row: int) -> list[float]:
    """Return the numbers of a row outside its key columns."""
    positions = table.keys.positions
    cells = (table.cell(row, at) for at in range(table.sheet.width) if at not in positions)
    return [cell.value for cell in cells if cell.known]


def _is_total(name: str, gazetteer: Gazetteer) -> bool:
    """Tell whether a name is that of a sum, and of no one city's."""
    front = load_sheet_rules().totals.sub("", name)
    return front != name and all(e.kind != "city" for e in gazetteer.readings(front))


def _not_found(table: Table, row: int, answer: NotFound, gazetteer: Gazetteer) -> Issue:
    found = answer.name[:_SHOWN]
    if not row_numbers(table, row):
        junk = answer.name.startswith(load_sheet_rules().junk)
        reason = "a line below the table" if junk else "a name that is no city's, without values"
        return table.issue("note", "row", found, reason, row=row + 1)
    near = f"; nearest: {', '.join(answer.candidates)}" if answer.candidates else ""
    reason = f"city {answer.reason}{near if answer.reason == 'unknown' else ''}; correct the name"
    likely = answer.candidates[0] if len(answer.candidates) == 1 else ""
    if _is_total(answer.name, gazetteer):
        return table.issue("note", "row", found, "a sum or mean of rows; set aside", row=row + 1)
    at = table.keys.names + 1
    return table.issue("lost", "name", found, reason, row=row + 1, column=at, likely=likely)


def _headed(table: Table, row: int, name: str) -> Issue:
    reason = "values beside a word of a head; write the name of a city, and the scope in a column"
    return table.issue("lost", "row", name, reason, row=row + 1, column=table.keys.names + 1)


def _set_aside(table: Table, matches: Sequence[Match]) -> list[Issue]:
    issues = []
    for kind in sorted({match.kind for match in matches}):
        names = Counter(match.name for match in matches if match.kind == kind)
        shown = ", ".join(f"{name} ({n})" if n > 1 else name for name, n in names.items())
        reason = f"{names.total()} rows of kind {kind}, no cities; set aside"
        issues.append(table.issue("note", "row", shown, reason))
    return issues


def _remarks(table: Table, cities: Iterable[Match]) -> list[Issue]:
    counts = Counter((match.name, match.note) for match in cities if match.note)
    return [
        table.issue("note", "name", city, f"{note} ({rows} rows)", city=city)
        for (city, note), rows in counts.items()
    ]
