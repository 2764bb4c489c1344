"""Sheets as they lie in files: rows of cells, with the cells that a merged cell covers."""

from __future__ import annotations

import csv
import warnings
import zipfile
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from functools import cached_property
from itertools import islice
from pathlib import Path, PurePosixPath
from typing import Any
from xml.etree.ElementTree import ParseError

from city_resilience.errors import InputError
from city_resilience.reading.decode import check_workbook, csv_encoding

__all__ = ["SUFFIXES", "Sheet", "file_labels", "find_files", "fits", "open_sheets"]

SUFFIXES = (".csv", ".xlsx", ".parquet")
_LARGE = 20 << 20
_SEPARATORS = (",", ";", "\t", "|")
_SAMPLE = 100
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
    above : tuple of str
        Titles of the first table, for one that stands below or beside it in the same sheet.
    """

    file: str
    name: str
    rows: tuple[Row, ...]
    covered: Mapping[tuple[int, int], tuple[int, int]] = field(default_factory=dict)
    above: tuple[str, ...] = ()

    @cached_property
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
    if path.stat().st_size == 0:
        raise InputError(f"{path}: the file is empty; export the table again")
    readers = {".csv": _read_csv, ".xlsx": _read_workbook, ".parquet": _read_parquet}
    return [sheet for sheet in readers[path.suffix.lower()](path) if sheet.rows]


def _wanted(path: Path) -> bool:
    return path.suffix.lower() in SUFFIXES and not path.name.startswith(("~$", "."))


def _read_csv(path: Path) -> Iterator[Sheet]:
    try:
        with path.open(encoding=csv_encoding(path), newline="") as handle:
            mark = _separator(list(islice(handle, _SAMPLE)))
            handle.seek(0)
            rows = tuple(map(tuple, csv.reader(handle, delimiter=mark)))
    except csv.Error as error:
        raise InputError(f"{path}: not a readable CSV: {error}; save it as CSV UTF-8") from error
    yield Sheet(path.name, "", _trimmed(rows))


def _separator(lines: Sequence[str]) -> str:
    """Return what separates the cells: what gives most lines the same number of them."""

    def alike(mark: str) -> int:
        widths = Counter(len(row) for row in csv.reader(lines, delimiter=mark) if len(row) > 1)
        return max(widths.values(), default=0)

    return max(_SEPARATORS, key=alike)


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
            large = _is_large(path)
            book = openpyxl.load_workbook(handle, read_only=large, data_only=True)
            asked = openpyxl.load_workbook(handle, read_only=large) if _computes(path) else None
            for page in book.worksheets:
                if large:
                    page.reset_dimensions()
                formulas = asked[page.title] if asked else None
                yield Sheet(path.name, page.title, _trimmed(_cells(page, formulas)), _covered(page))
    except damaged as error:
        raise InputError(
            f"{path}: not a readable XLSX workbook; open it in a spreadsheet and save it again"
        ) from error


def _is_large(path: Path) -> bool:
    """Tell whether a sheet is so large that its cells must not all become objects."""
    with zipfile.ZipFile(path) as archive:
        return any(item.file_size > _LARGE for item in archive.infolist())


def _computes(path: Path) -> bool:
    """Tell whether a workbook holds formulas, whose values it may lack."""
    with zipfile.ZipFile(path) as archive:
        pages = [name for name in archive.namelist() if name.startswith("xl/worksheets/")]
        texts = (archive.read(name) for name in pages if name.endswith(".xml"))
        return any(b"<f>" in text or b"<f " in text for text in texts)


def _cells(page: Any, formulas: Any) -> Iterator[Row]:
    """Yield rows of values; a formula that was never computed stands for its missing value."""
    if formulas is None:
        yield from page.iter_rows(values_only=True)
        return
    if hasattr(formulas, "reset_dimensions"):
        formulas.reset_dimensions()
    for values, texts in zip(page.iter_rows(), formulas.iter_rows(), strict=True):
        yield tuple(
            "="
            if value.value is None and value.data_type != "str" and text.data_type == "f"
            else value.value
            for value, text in zip(values, texts, strict=True)
        )


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
