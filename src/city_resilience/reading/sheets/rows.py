"""The rows of a sheet as official units, and what is left out or lost."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

from city_resilience.catalogue.gazetteer.lookup import Match, NotFound
from city_resilience.catalogue.sheets import load_sheet_rules, plain
from city_resilience.reading.issues import Issue
from city_resilience.reading.places import distinct_names, is_place, is_total, missed, name_rows
from city_resilience.reading.sheets.context import says_year, units_stated
from city_resilience.reading.sheets.table import Table
from city_resilience.reading.wording import match_header

__all__ = ["above_captions", "place_rows"]

_SUM = "a sum or mean of rows; left out"
_SHOWN = 80
_LONGEST = 20
Years = dict[int, int | None]


def place_rows(
    table: Table, years: Mapping[int, int | None]
) -> tuple[dict[int, Match], list[Issue]]:
    """Resolve the names of a table's rows.

    Parameters
    ----------
    years : mapping of int to int or None
        Row to the year of its data, None where it is of many years.

    Returns
    -------
    places : dict of int to Match
        Row, from 0, to the city it is about; without a gazetteer a unit without a code.
    issues : list of Issue
        Rows that are about none, and what was concluded about names.
    """
    names, gazetteer = {row: table.text(row, "name") for row in years}, table.gazetteer
    issues = _without_name(table, [row for row in years if not names[row]])
    rows = [row for row in years if names[row]]
    if gazetteer is None:
        places, left = _as_they_stand(table, rows, names, years)
        return places, issues + left
    keys: dict[str, list[Any]]
    keys = {key: [table.text(row, key) for row in rows] for key in ("province", "code")}
    keys |= {"city": [names[row] for row in rows], "year": [years[row] for row in rows]}
    named = name_rows(gazetteer, rows, keys, table.keys.level)
    sums = {n for n in {a.name for a in named.missing.values()} if is_total(n, gazetteer)}
    issues += [_not_found(table, row, a, sums) for row, a in named.missing.items()]
    words = {r: m for r, m in named.others.items() if m.kind == "header" and table.numbers(r)}
    issues += [_headed(table, row, match.name) for row, match in words.items()]
    named = replace(named, others={r: m for r, m in named.others.items() if r not in words})
    for kind, found, reason in named.notes():
        issues.append(table.issue("note", kind, found, reason, city=found * (kind == "name")))
    return named.cities, issues


def _as_they_stand(
    table: Table, rows: Sequence[int], names: Mapping[int, str], years: Mapping[int, int | None]
) -> tuple[dict[int, Match], list[Issue]]:
    """Take the names of rows for those of cities, but for sums."""
    totals = {name for name in set(names.values()) if is_total(name, None)}
    sums = [row for row in rows if names[row] in totals]
    issues = [table.issue("note", "row", names[row], _SUM, row=row) for row in sums]
    rows = [row for row in rows if names[row] not in totals]
    provinces = {row: table.text(row, "province") for row in rows}
    named = {(names[row], of) for row, of in provinces.items()}
    known = {(name, of): Match("", name, "", of, "city", "exact") for name, of in named}
    places = {row: known[names[row], of] for row, of in provinces.items()}
    for what in [key for key in ("code", "province") if key in table.keys.places]:
        names = distinct_names(names, years, {row: table.text(row, what) for row in rows})
    twice = _of_two_provinces(names, provinces)
    issues += [_unclear(table, row, places[row].name) for row in rows if names[row] in twice]
    return {row: place for row, place in places.items() if names[row] not in twice}, issues


def above_captions(table: Table, years: Years) -> tuple[Years, list[Issue]]:
    """Leave out the rows below a line that says another year, unit, scope or variable.

    Parameters
    ----------
    years : dict of int to int or None
        Row to its year.

    Returns
    -------
    years : dict of int to int or None
        Of the rows above the first such line.
    issues : list of Issue
        That line, where rows with numbers stand below it.
    """
    for row in years:
        if what := _changed(table, row):
            below = [at for at in years if at > row and table.numbers(at)]
            if not below:
                break
            reason = (
                f"rows {below[0] + 1} to {below[-1] + 1} stand below this line, which says another "
                f"{what}; they are left out, give them a column of it or a sheet of their own"
            )
            issue = table.issue("lost", "row", " ".join(table.sheet.words(row)), reason, row=row)
            return {at: year for at, year in years.items() if at < row}, [issue]
    return years, []


def _of_two_provinces(names: Mapping[int, str], provinces: Mapping[int, str]) -> set[str]:
    """Return the names that no year has in two provinces, and that yet stand in two."""
    found: dict[str, set[str]] = {}
    for row, province in provinces.items():
        found.setdefault(names[row], set()).add(province)
    return {name for name, each in found.items() if len(each - {""}) > 1}


def _unclear(table: Table, row: int, name: str) -> Issue:
    reason = (
        "a name in another province in another year, so it may be two places; add the province to "
        "the name, such as Name (Province), or a column of codes"
    )
    return table.issue("lost", "name", name, reason, row=row, column=table.keys.names)


def _without_name(table: Table, rows: Sequence[int]) -> list[Issue]:
    """List rows without a name: those that hold nothing but zeros together, others one by one."""
    idle, issues = [], []
    for row in rows:
        numbers = table.numbers(row)
        text = " ".join(table.sheet.words(row))[:_SHOWN]
        if any(numbers):
            reason = "values and no name of a city; write the name into the row"
            issues.append(table.issue("lost", "row", text, reason, row=row))
        elif numbers:
            idle.append(row + 1)
        elif text:
            reason = "a line of text, no row of the table"
            issues.append(table.issue("note", "row", text, reason, row=row))
    if idle:
        found = f"{len(idle)} rows, {idle[0]} to {idle[-1]}"
        reason = "no name and nothing but zeros; left out"
        issues.append(table.issue("note", "row", found, reason, row=idle[0] - 1))
    return issues


def _not_found(table: Table, row: int, answer: NotFound, sums: Collection[str]) -> Issue:
    found = answer.name[:_SHOWN]
    if not table.numbers(row):
        junk = answer.name.startswith(load_sheet_rules().junk)
        reason = "a line below the table" if junk else "a name that is no city's, without values"
        return table.issue("note", "row", found, reason, row=row)
    reason = f"{missed(answer)}; correct the name"
    likely = answer.candidates[0] if len(answer.candidates) == 1 else ""
    if answer.name in sums:
        return table.issue("note", "row", found, _SUM, row=row)
    at = table.keys.names
    return table.issue("lost", "name", found, reason, row=row, column=at, likely=likely)


def _headed(table: Table, row: int, name: str) -> Issue:
    reason = "values beside a word of a header; write the name of a city, and the scope in a column"
    return table.issue("lost", "row", name, reason, row=row, column=table.keys.names)


def _changed(table: Table, row: int) -> str:
    """Return what a line of text says that the header rows do not; "" where it is none."""
    text, rules = table.sheet.only_word(row), load_sheet_rules()
    if not text or text in table.titles:
        return ""
    if units := units_stated([text]):
        return "" if units == units_stated(table.titles) else "unit"
    if text.startswith(rules.junk) or is_place(text, table.gazetteer):
        return ""
    if plain(text) in rules.scopes:
        return "scope"
    if match_header(text, table.options.units).match is not None:
        return "variable"
    year = says_year(text) if len(text) < _LONGEST else None
    dated = "year" in table.keys.places or year in (None, table.year)
    return "" if dated else "year"
