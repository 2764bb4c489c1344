"""From a folder of sheets to one panel, with a list of what could not be read with certainty."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import chain
from pathlib import Path

import pandas as pd

from city_resilience.catalogue.gazetteer.lookup import Match
from city_resilience.catalogue.sheets import load_sheet_rules
from city_resilience.catalogue.variables import Variable
from city_resilience.errors import InputError
from city_resilience.progress import Progress, silent
from city_resilience.reading.issues import LEVELS, Issue, Place, column_letter
from city_resilience.reading.opening import file_labels, find_files, open_sheets
from city_resilience.reading.panel import Panel
from city_resilience.reading.sheet import Sheet, with_keys
from city_resilience.reading.sheets.body import CELL_COLUMNS
from city_resilience.reading.sheets.currencies import one_currency
from city_resilience.reading.sheets.merge import merge_cells
from city_resilience.reading.sheets.namesakes import tell_apart
from city_resilience.reading.sheets.options import Options
from city_resilience.reading.sheets.reading import Reading, read_sheet
from city_resilience.reading.sheets.split import split_tables
from city_resilience.reading.sheets.unit_doubts import settle_units
from city_resilience.reading.wording import NearestNames

__all__ = ["Imported", "assemble", "import_sheets"]

_NAMED = 3
_ENCODED = "the encoding of the text; --encoding, or encoding under [data], states another"
_CONFLICTS_NAMED = 20  # nothing else lists them when every value disagrees
_LISTING = (
    *("level", "kind", "file", "sheet", "row", "column"),
    *("city", "year", "variable", "found", "reason", "likely"),
)


@dataclass(frozen=True)
class Imported:
    """A panel from sheets.

    Attributes
    ----------
    cells : DataFrame
        One row for each value: code, city, year, scope, variable, value in catalogue units, and
        the file, sheet, row and column it came from.
    issues : tuple of Issue
        What was lost, doubted or set aside.
    variables : mapping of str to Variable
        Those with a value, in the order of the catalogue.
    places : mapping of str to Match
        City to its official unit.
    files : tuple of str
        Names of the files.
    sheets : int
        How many sheets were read.
    """

    cells: pd.DataFrame
    issues: tuple[Issue, ...]
    variables: Mapping[str, Variable]
    places: Mapping[str, Match]
    files: tuple[str, ...]
    sheets: int

    def listing(self) -> pd.DataFrame:
        """Return the issues as a table, what is lost first.

        Returns
        -------
        DataFrame
            Level, kind, file, sheet, row, column, city, year, variable, what was found, reason
            and likely reading; row, year and column are text, empty where the line is about many.
        """
        return self._listing.copy()

    @cached_property
    def _listing(self) -> pd.DataFrame:
        rows = map(_listed, sorted(dict.fromkeys(self.issues), key=_rank))
        return pd.DataFrame(rows, columns=list(_LISTING), dtype=str)

    def frame(self) -> pd.DataFrame:
        """Return the values in wide form.

        Returns
        -------
        DataFrame
            ``province``, ``city``, ``city_code`` (both only with a gazetteer), ``year``, ``scope``
            and one float column per variable id; sorted by code or name, year and scope.
        """
        return self._wide.copy()

    @cached_property
    def _wide(self) -> pd.DataFrame:
        keys = ["code", "city", "year", "scope"]
        wide = self.cells.set_index([*keys, "variable"])["value"].unstack("variable")  # noqa: PD010
        wide = wide.reindex(columns=list(self.variables)).reset_index()
        order = list(load_sheet_rules().scope_order)
        by_scope = pd.Categorical(wide["scope"], categories=order, ordered=True)
        wide = wide.assign(place=by_scope).sort_values(["code", "city", "year", "place"])
        provinces = wide["city"].map({name: place.province for name, place in self.places.items()})
        front = {"province": provinces, "city": wide["city"], "city_code": wide["code"]}
        if not provinces.any():
            del front["province"]
        if not wide["code"].any():
            del front["city_code"]
        rest = wide[["year", "scope", *self.variables]]
        return pd.concat([pd.DataFrame(front), rest], axis=1).reset_index(drop=True)

    def panel(self, scope: str = "whole_city") -> Panel:
        """Return the values of one scope as a panel, without groups."""
        frame = self.frame()
        frame = frame[frame["scope"] == scope].drop(columns=["scope", "city_code"], errors="ignore")
        frame = frame.astype({"year": "int64"}).sort_values(["city", "year"], ignore_index=True)
        cells = self.cells[self.cells["scope"] == scope]
        addresses = _Addresses(cells)
        return Panel(
            frame=frame, variables=self.variables, source="imported sheets", addresses=addresses
        )


@dataclass(frozen=True)
class _Addresses(Mapping[tuple[str, str, int], Place]):
    """The cell of a sheet in which each value stands, by variable, city and year."""

    cells: pd.DataFrame

    def __getitem__(self, key: tuple[str, str, int]) -> Place:
        return Place(*self._stand[key])

    def __iter__(self) -> Iterator[tuple[str, str, int]]:
        return iter(self._stand)

    def __len__(self) -> int:
        return len(self._stand)

    @cached_property
    def _stand(self) -> dict[tuple[str, str, int], tuple[str, str, int, int]]:
        about, where = ("variable", "city", "year"), ("file", "sheet", "row", "column")
        keys, places = (
            zip(*(self.cells[name].tolist() for name in names), strict=True)
            for names in (about, where)
        )
        return dict(zip(keys, places, strict=True))


def import_sheets(
    paths: Iterable[Path], options: Options | None = None, *, progress: Progress = silent
) -> Imported:
    """Read every table of some files and folders into one panel.

    Parameters
    ----------
    paths : iterable of Path
        Files and folders; folders are searched through.
    options : Options, optional
    progress : Progress
        Told how many files are read.

    Raises
    ------
    InputError
        If a file cannot be read, nothing is found, or no sheet holds a value of a city.
    """
    files = find_files(list(paths))
    labels = file_labels(files)
    sheets: list[Sheet] = []
    for done, path in enumerate(files):
        progress("opening files", done, len(files))
        found = open_sheets(path, options.encoding if options else "")
        if not found:
            raise InputError(f"{path}: no sheet holds a cell with text or a number; check the file")
        sheets += [replace(sheet, file=labels[path]) for sheet in found]
    progress("opening files", len(files), len(files))
    return assemble(sheets, options, progress=progress)


def assemble(
    sheets: Sequence[Sheet], options: Options | None = None, *, progress: Progress = silent
) -> Imported:
    """Read sheets into one panel, whatever their order.

    Raises
    ------
    InputError
        If no sheet holds a value of a city.
    """
    options = options or Options()
    readings: list[Reading] = []
    near = NearestNames()
    issues: list[Issue] = []
    for done, sheet in enumerate(sheets):
        progress("reading sheets", done, len(sheets))
        tables = split_tables(with_keys(sheet, options.keys), options.gazetteer)
        if len(tables) > 1:
            reason = f"{len(tables)} tables below or beside each other, each with its own headers"
            issues.append(Issue("note", "sheet", reason, place=Place(sheet.file, sheet.name)))
        if sheet.encoding:
            at = Place(sheet.file, sheet.name)
            issues.append(Issue("note", "sheet", _ENCODED, place=at, found=sheet.encoding))
        readings += [read_sheet(table, keys, options, near) for table, keys in tables]
    progress("reading sheets", len(sheets), len(sheets))
    readings, told = tell_apart(readings)
    issues += [*told, *(issue for reading in readings for issue in reading.issues)]
    readings, variables, apart = one_currency(readings)
    issues += apart
    numbers = list(chain.from_iterable(reading.cells for reading in readings))
    files = sorted({sheet.file for sheet in sheets})
    if not numbers:
        raise InputError(_nothing_found(issues, files))
    cells = pd.DataFrame(numbers, columns=list(CELL_COLUMNS))
    cells, doubts = settle_units(cells, variables, options.units)
    merged, conflicts = merge_cells(cells, options.prefer)
    if merged.empty:
        raise InputError(_all_disagree(conflicts, files))
    order = {name: at for at, name in enumerate(load_sheet_rules().catalogue.variables)}
    found = sorted(set(merged["variable"]), key=lambda name: (order.get(name, len(order)), name))
    return Imported(
        cells=merged,
        issues=(*issues, *doubts, *conflicts),
        variables={name: variables[name] for name in found},
        places={unit.name: unit for reading in readings for unit in reading.places.values()},
        files=tuple(files),
        sheets=len(sheets),
    )


def _rank(issue: Issue) -> tuple[int | str, ...]:
    at = issue.place
    where = (at.file, at.sheet, at.row, at.column)
    return (LEVELS.index(issue.level), issue.kind, *where, issue.found, issue.city)


def _listed(issue: Issue) -> tuple[str, ...]:
    at = issue.place
    where = (at.file, at.sheet, str(at.row or ""), column_letter(at.column))
    year = str(issue.years[0]) if issue.years else ""
    about = (issue.city, year, issue.variable, issue.found, issue.reason, issue.likely)
    return (issue.level, issue.kind, *where, *about)


def _all_disagree(conflicts: Sequence[Issue], files: Sequence[str]) -> str:
    said = [
        f"{one.city} {one.years[0]} {one.variable}: {one.found}; {one.reason}"
        for one in conflicts[:_CONFLICTS_NAMED]
    ]
    left = len(conflicts) - _CONFLICTS_NAMED
    more = [f"and {left} more"] if left > 0 else []
    return f"{_named(files)}: every value disagrees with another: {'; '.join(said + more)}"


def _named(files: Sequence[str]) -> str:
    return ", ".join(files[:_NAMED]) + (", …" if len(files) > _NAMED else "")


def _nothing_found(issues: Sequence[Issue], files: Sequence[str]) -> str:
    lost = [issue for issue in issues if issue.level == "lost"]
    why = f" ({lost[0].place.file} {lost[0].place.sheet}: {lost[0].reason})" if lost else ""
    return (
        f"{_named(files)}: no value of a city found in {len(files)} file(s){why}; check the sheets"
    )
