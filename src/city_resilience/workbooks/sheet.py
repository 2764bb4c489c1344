"""Sheets as they lie in files: rows of cells, with the cells that a merged cell covers."""

from __future__ import annotations

import csv
import warnings
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import ParseError

from city_resilience.errors import InputError
from city_resilience.panel import check_workbook, csv_encoding

__all__ = ["SUFFIXES", "Sheet", "find_files", "open_sheets"]

SUFFIXES = (".csv", ".xlsx", ".parquet")
_LARGE = 20 << 20
Row = tuple[Any, ...]


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
    """

    file: str
    name: str
    rows: tuple[Row, ...]
    covered: Mapping[tuple[int, int], tuple[int, int]] = field(default_factory=dict)

    @property
    def width(self) -> int:
        """Number of columns."""
        return max(map(len, self.rows), default=0)

    def at(self, row: int, column: int) -> Any:
        """Return a cell, None beyond the end of its row."""
        cells = self.rows[row]
        return cells[column] if column < len(cells) else None


def find_files(paths: Iterable[Path]) -> list[Path]:
    """Return the table files among some files and folders, sorted by name.

    Raises
    ------
    InputError
        If a path does not exist, a named file is of another kind, or nothing is found.
    """
    found: dict[Path, None] = {}
    for path in paths:
        if not path.exists():
            raise InputError(f"{path}: no such file or folder; correct the path")
        if path.is_dir():
            inside = (p for p in path.rglob("*") if p.is_file())
            found |= dict.fromkeys(p for p in inside if _wanted(p))
            continue
        if path.suffix.lower() not in SUFFIXES:
            raise InputError(
                f"{path}: suffix {path.suffix!r} is not supported; save it as .xlsx or .csv"
            )
        found[path] = None
    if not found:
        shown = ", ".join(str(path) for path in paths)
        raise InputError(f"{shown}: holds no .xlsx, .csv or .parquet file; name the right folder")
    return sorted(found, key=lambda path: (path.name, str(path)))


def open_sheets(path: Path) -> list[Sheet]:
    """Read every sheet of a file.

    Raises
    ------
    InputError
        If the file is damaged, empty, of another kind than its suffix says, locked, or unpacks to
        more than can be meant.
    """
    if path.stat().st_size == 0:
        raise InputError(f"{path}: the file is empty; export the table again")
    readers = {".csv": _read_csv, ".xlsx": _read_workbook, ".parquet": _read_parquet}
    return [sheet for sheet in readers[path.suffix.lower()](path) if sheet.rows]


def _wanted(path: Path) -> bool:
    return path.suffix.lower() in SUFFIXES and not path.name.startswith(("~$", "."))


def _read_csv(path: Path) -> Iterator[Sheet]:
    try:
        with path.open(encoding=csv_encoding(path), newline="") as handle:
            rows = tuple(map(tuple, csv.reader(handle)))
    except csv.Error as error:
        raise InputError(f"{path}: not a readable CSV: {error}; save it as CSV UTF-8") from error
    yield Sheet(path.name, "", _trimmed(rows))


def _read_parquet(path: Path) -> Iterator[Sheet]:
    import pyarrow
    import pyarrow.parquet

    try:
        table = pyarrow.parquet.ParquetFile(path).read()
    except (pyarrow.ArrowInvalid, pyarrow.ArrowNotImplementedError) as error:
        raise InputError(f"{path}: not a readable Parquet file; write it again") from error
    columns = [column.to_pylist() for column in table.columns]
    yield Sheet(path.name, "", (tuple(table.column_names), *zip(*columns, strict=True)))


def _read_workbook(path: Path) -> Iterator[Sheet]:
    import openpyxl
    from openpyxl.utils.exceptions import InvalidFileException

    check_workbook(path)
    damaged = (zipfile.BadZipFile, KeyError, ValueError, EOFError, ParseError, InvalidFileException)
    try:
        with warnings.catch_warnings(), path.open("rb") as handle:
            warnings.simplefilter("ignore")
            book = openpyxl.load_workbook(handle, read_only=_is_large(path), data_only=True)
            for page in book.worksheets:
                if book.read_only:
                    page.reset_dimensions()
                rows = _trimmed(page.iter_rows(values_only=True))
                yield Sheet(path.name, page.title, rows, _covered(page))
    except damaged as error:
        raise InputError(
            f"{path}: not a readable XLSX workbook; open it in a spreadsheet and save it again"
        ) from error


def _is_large(path: Path) -> bool:
    """Tell whether a sheet is so large that its cells must not all become objects."""
    with zipfile.ZipFile(path) as archive:
        return any(item.file_size > _LARGE for item in archive.infolist())


def _covered(page: Any) -> dict[tuple[int, int], tuple[int, int]]:
    ranges = getattr(getattr(page, "merged_cells", None), "ranges", ())
    return {
        (row - 1, column - 1): (area.min_row - 1, area.min_col - 1)
        for area in ranges
        for row in range(area.min_row, area.max_row + 1)
        for column in range(area.min_col, area.max_col + 1)
        if (row, column) != (area.min_row, area.min_col)
    }


def _trimmed(rows: Iterable[Row]) -> tuple[Row, ...]:
    """Leave out the blank rows at the end."""
    kept = list(rows)
    while kept and all(cell is None or cell == "" for cell in kept[-1]):
        kept.pop()
    return tuple(kept)
