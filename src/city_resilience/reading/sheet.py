"""Sheets as they lie in files: rows of cells, with the cells that a merged cell covers."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Any

from city_resilience.errors import InputError
from city_resilience.reading.decode import (
    SUFFIXES,
    Position,
    Row,
    csv_form,
    open_pages,
    open_parquet,
    refuse_empty,
    trimmed,
)
from city_resilience.reading.wording import single_line

__all__ = ["Sheet", "file_labels", "find_files", "fits", "open_sheets"]


@dataclass(frozen=True)
class Sheet:
    """One sheet of a file.

    Attributes
    ----------
    file, name : str
        Name of the file and of the sheet; a CSV or Parquet file has one sheet without a name.
    rows : tuple of tuple
        Cells as the file holds them; rows may differ in length.
    covered : mapping of (row, column) to (row, column)
        For each cell that a merged cell covers, the position of its top left cell; from 0.
    above : tuple of str
        Titles of the first table, for one that stands below or beside it in the same sheet.
    """

    file: str
    name: str
    rows: tuple[Row, ...]
    covered: Mapping[Position, Position] = field(default_factory=dict)
    above: tuple[str, ...] = ()

    @cached_property
    def width(self) -> int:
        """Number of columns."""
        return max(map(len, self.rows), default=0)

    @cached_property
    def _texts(self) -> dict[int, tuple[str, ...]]:
        return {}

    def texts(self, row: int) -> tuple[str, ...]:
        """Return the cells of a row as `single_line` text."""
        if row not in self._texts:
            self._texts[row] = tuple(map(single_line, self.rows[row]))
        return self._texts[row]

    def at(self, row: int, column: int) -> Any:
        """Return a cell, None beyond the end of its row."""
        cells = self.rows[row]
        return cells[column] if column < len(cells) else None

    def text(self, row: int, column: int) -> str:
        """Return the text of a cell, "" beyond the end of its row."""
        texts = self.texts(row)
        return texts[column] if column < len(texts) else ""

    def words(self, row: int) -> list[str]:
        """Return the texts of a row that are not blank."""
        return list(filter(None, self.texts(row)))

    def filled(self, first: int = 0, last: int | None = None) -> Iterator[int]:
        """Yield the rows from ``first`` to before ``last`` that hold any text."""
        return (row for row in range(len(self.rows))[first:last] if any(self.texts(row)))


def find_files(paths: Iterable[Path]) -> list[Path]:
    """Return the table files among some files and folders, sorted by name.

    Raises
    ------
    InputError
        If a path does not exist, a named file is of another kind, or nothing is found.
    """
    found: dict[Path, Path] = {}
    for path in paths:
        if not path.exists():
            raise InputError(f"{path}: no such file or folder; correct the path")
        if path.is_dir():
            inside = (p for p in path.rglob("*") if p.is_file())
            found |= {p.resolve(): p for p in inside if _wanted(p)}
            continue
        if path.suffix.lower() not in SUFFIXES:
            raise InputError(
                f"{path}: suffix {path.suffix!r} is not supported; save it as .xlsx or .csv"
            )
        found[path.resolve()] = path
    if not found:
        shown = ", ".join(str(path) for path in paths)
        raise InputError(f"{shown}: holds no .xlsx, .csv or .parquet file; name the right folder")
    return sorted(found.values(), key=lambda path: (path.name, str(path)))


def file_labels(files: Sequence[Path]) -> dict[Path, str]:
    """Return the name of each file, with the folders that tell it from others of its name."""
    named: dict[str, list[Path]] = {}
    for path in files:
        named.setdefault(path.name, []).append(path)
    labels: dict[Path, str] = {}
    for alike in named.values():
        depth = 1
        while len({path.resolve().parts[-depth:] for path in alike}) < len(alike):
            depth += 1
        labels |= {path: "/".join(path.resolve().parts[-depth:]) for path in alike}
    return labels


def fits(file: str, pattern: str) -> bool:
    """Tell whether a file is meant by a pattern of names."""
    return fnmatchcase(file, pattern) or fnmatchcase(PurePosixPath(file).name, pattern)


def open_sheets(path: Path) -> list[Sheet]:
    """Read every sheet of a file.

    Raises
    ------
    InputError
        If the file is damaged, empty, of another kind than its suffix says, locked, or unpacks to
        more than can be meant.
    """
    refuse_empty(path)
    readers = {".csv": _read_csv, ".xlsx": _read_workbook, ".parquet": _read_parquet}
    return [sheet for sheet in readers[path.suffix.lower()](path) if sheet.rows]


def _wanted(path: Path) -> bool:
    return path.suffix.lower() in SUFFIXES and not path.name.startswith(("~$", "."))


def _read_csv(path: Path) -> Iterator[Sheet]:
    encoding, separator = csv_form(path)
    try:
        with path.open(encoding=encoding, newline="") as handle:
            rows = trimmed(map(tuple, csv.reader(handle, delimiter=separator)))
    except csv.Error as error:
        raise InputError(f"{path}: not a readable CSV: {error}; save it as CSV UTF-8") from error
    yield Sheet(path.name, "", rows)


def _read_workbook(path: Path) -> Iterator[Sheet]:
    for page in open_pages(path):
        yield Sheet(path.name, page.title, page.rows, page.covered)


def _read_parquet(path: Path) -> Iterator[Sheet]:
    table = open_parquet(path)
    columns = [column.to_pylist() for column in table.columns]
    yield Sheet(path.name, "", (tuple(table.column_names), *zip(*columns, strict=True)))
