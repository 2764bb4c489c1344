"""One currency for each variable of an import: amounts in another are not converted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from city_resilience.catalogue.variables import Variable, load_catalogue
from city_resilience.reading.issues import Issue, Place
from city_resilience.reading.sheets.body import CELL_COLUMNS
from city_resilience.reading.sheets.reading import Reading

__all__ = ["one_currency"]

_VARIABLE, _FILE, _SHEET, _COLUMN = map(CELL_COLUMNS.index, ("variable", "file", "sheet", "column"))


def one_currency(
    readings: Sequence[Reading],
) -> tuple[list[Reading], dict[str, Variable], list[Issue]]:
    """Leave out the sheets that have a variable in another unit than the others.

    The catalogue's unit counts, else that of most values; a sheet that names no currency goes with
    the others.

    Returns
    -------
    readings : list of Reading
    variables : dict of str to Variable
    issues : list of Issue
        What was left out.
    """
    kept = _kept(readings)
    issues: list[Issue] = []
    left: list[Reading] = []
    for reading in readings:
        variables = reading.variables.values()
        other = [v for v in variables if v.unit and v.unit != kept[v.id].unit]
        issues += [_issue(reading, variable, kept[variable.id]) for variable in other]
        names = {variable.id for variable in other}
        cells = [cell for cell in reading.cells if cell[_VARIABLE] not in names]
        left.append(replace(reading, cells=cells) if names else reading)
    return left, kept, issues


def _kept(readings: Sequence[Reading]) -> dict[str, Variable]:
    stated: dict[str, dict[str, Variable]] = {}
    values: Counter[tuple[str, str]] = Counter()
    for reading in readings:
        for name, variable in reading.variables.items():
            stated.setdefault(name, {})[variable.unit] = variable
    several = {name for name, units in stated.items() if len(units) > 1}
    for reading in readings:
        for name in several & reading.variables.keys():
            count = sum(cell[_VARIABLE] == name for cell in reading.cells)
            values[name, reading.variables[name].unit] += count
    known = load_catalogue().variables
    return {
        name: max(
            units.values(),
            key=lambda v: (
                bool(v.unit),
                v.id in known and v.unit == known[v.id].unit,
                values[v.id, v.unit],
                v.unit,
            ),
        )
        for name, units in stated.items()
    }


def _issue(reading: Reading, variable: Variable, kept: Variable) -> Issue:
    where = (cell for cell in reading.cells if cell[_VARIABLE] == variable.id)
    first = next(where, None)
    place = Place() if first is None else Place(first[_FILE], first[_SHEET], column=first[_COLUMN])
    reason = (
        f"in {variable.unit}, and other sheets have it in {kept.unit}; amounts are not converted, "
        "so it is left out; bring all to one currency"
    )
    return Issue("lost", "unit", reason, place=place, found=variable.unit, variable=variable.id)
