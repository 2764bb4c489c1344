"""Places of one name in all sheets of an import, told apart as `read_panel` tells them apart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from city_resilience.reading.issues import Issue
from city_resilience.reading.places import distinct_names
from city_resilience.reading.sheets.body import CELL_COLUMNS
from city_resilience.reading.sheets.reading import Reading

__all__ = ["tell_apart"]

_ROW = CELL_COLUMNS.index("row")


def tell_apart(readings: Sequence[Reading]) -> tuple[list[Reading], list[Issue]]:
    """Give places of one name the code or the province that tells them apart, in every sheet.

    Parameters
    ----------
    readings : sequence of Reading
        Those without a gazetteer have names as they stand.

    Returns
    -------
    readings : list of Reading
    issues : list of Issue
        A note for each name.
    """
    rows = [
        (at, row) for at, reading in enumerate(readings) if reading.marks for row in reading.places
    ]
    names = {(at, row): readings[at].places[row].name for at, row in rows}
    years = {(at, row): readings[at].years[row] for at, row in rows}
    issues = []
    for what in ("code", "province"):
        marks = {(at, row): readings[at].marks.get(what, {}).get(row, "") for at, row in rows}
        told = distinct_names(names, years, marks)
        shared = sorted({name for key, name in names.items() if told[key] != name})
        reason = f"a name of several places, which carry their {what} in the panel"
        issues += [Issue("note", "name", reason, found=name) for name in shared]
        names = told
    if not issues:
        return list(readings), issues
    new: list[dict[int, str]] = [{} for _ in readings]
    for (at, row), name in names.items():
        new[at][row] = name
    return [_renamed(*both) for both in zip(readings, new, strict=True)], issues


def _renamed(reading: Reading, names: Mapping[int, str]) -> Reading:
    """Return a reading whose rows have other names."""
    if not names:
        return reading
    issues = (
        replace(issue, city=names.get(issue.place.row - 1, issue.city)) if issue.city else issue
        for issue in reading.issues
    )
    cells = [(cell[0], names[cell[_ROW] - 1], *cell[2:]) for cell in reading.cells]
    return replace(
        reading,
        cells=cells,
        issues=tuple(issues),
        places={row: replace(unit, name=names[row]) for row, unit in reading.places.items()},
    )
