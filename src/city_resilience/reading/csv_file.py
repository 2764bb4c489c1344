"""CSV files as they lie on disk: their encoding, their separator and their cells."""

from __future__ import annotations

import csv
import re
import warnings
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import pandas as pd

from city_resilience.catalogue.sheets import load_sheet_rules
from city_resilience.errors import InputError
from city_resilience.reading.encodings import find_encoding, label_of
from city_resilience.reading.number_style import Decimal

__all__ = ["CsvFile", "open_csv"]

_SEPARATORS = (",", ";", "\t", "|")
_SAMPLE = 100
_MOST_COLUMNS = 5000
# Numbers in which the mark can only begin decimals.
_WITH_POINT = re.compile(r"[+-]?(?:\d*\.(?:\d{1,2}|\d{4,})|0?\.\d{3})")
_WITH_COMMA = re.compile(r"[+-]?(?:[\d.]*\d,(?:\d{1,2}|\d{4,})|0,\d{3})")
_QUOTES = "put quotes around cells that contain a comma"


@dataclass(frozen=True)
class CsvFile:
    """A CSV file whose form is known.

    Attributes
    ----------
    path : Path
    encoding : str
        Its encoding; see `find_encoding`.
    separator : str
        The one that gives most lines the same number of cells, and the most cells.
    decimal : str
        ``?`` where the separator, or numbers such as ``12,5``, say that decimals may begin with a
        comma; see `number_style`.
    """

    path: Path
    encoding: str
    separator: str
    decimal: Decimal = ""

    @property
    def notes(self) -> tuple[str, ...]:
        """What is remarkable about the encoding."""
        return (f"{self.path.name}: read as {self.read_as}",) if self.read_as else ()

    @property
    def read_as(self) -> str:
        """The encoding as people call it, "" for UTF-8."""
        return "" if self.encoding == "utf-8-sig" else label_of(self.encoding)

    def rows(self) -> Iterator[tuple[str, ...]]:
        """Yield the rows as they stand.

        Raises
        ------
        InputError
            If a row is not CSV.
        """
        with self.path.open(encoding=self.encoding, newline="") as handle:
            lines = csv.reader(handle, delimiter=self.separator)
            try:
                yield from map(tuple, lines)
            except csv.Error as error:
                row = lines.line_num
                raise InputError(
                    f"{self.path}: row {row}: not a readable CSV: {error}; save it as CSV UTF-8"
                ) from error

    def frame(self, width: int) -> pd.DataFrame:
        """Return the rows below the first as a frame with columns 0, 1, 2, ….

        Parameters
        ----------
        width : int
            Number of cells of the first row.

        Raises
        ------
        InputError
            If a row has more cells than the first.
        """
        text = str if self.decimal in (",", "?") else None
        return self._read(width, dtype=text, na_values=sorted(load_sheet_rules().missing))

    def texts(self, width: int, columns: Sequence[int]) -> pd.DataFrame:
        """Return some columns as they are written, leading zeros and signs of blanks included."""
        return self._read(width, dtype=str, usecols=columns)

    def _read(self, width: int, **how: Any) -> pd.DataFrame:
        with warnings.catch_warnings():
            warnings.simplefilter("error", pd.errors.ParserWarning)
            try:
                return pd.read_csv(
                    self.path,
                    sep=self.separator,
                    encoding=self.encoding,
                    header=0,
                    names=range(width),
                    index_col=False,
                    skip_blank_lines=False,
                    keep_default_na=False,
                    low_memory=False,
                    **how,
                )
            except (pd.errors.ParserWarning, pd.errors.ParserError) as error:
                raise _parser_fault(width, error) from error


def open_csv(path: Path, encoding: str = "") -> CsvFile:
    """Find the encoding and separator of a CSV file.

    Parameters
    ----------
    path : Path
    encoding : str
        The one that is stated; see `find_encoding`.

    Raises
    ------
    InputError
        If it is in no known encoding, with the byte that is in the way.
    """
    file = CsvFile(path, find_encoding(path, encoding), ",")
    with path.open(encoding=file.encoding, newline="") as handle:
        lines = list(islice(handle, _SAMPLE))

    mark = max(_SEPARATORS, key=lambda mark: _alike(lines, mark))
    try:
        rows = list(csv.reader(lines, delimiter=mark))
    except csv.Error as error:
        raise InputError(f"{path}: not a readable CSV: {error}; save it as CSV UTF-8") from error
    if (width := max(map(len, rows), default=0)) > _MOST_COLUMNS:
        raise InputError(
            f"{path}: {width:,} columns, more than {_MOST_COLUMNS:,}; give each place and year a "
            "row, or leave out what is no variable"
        )
    cells = [cell.strip() for row in rows for cell in row]
    return CsvFile(path, file.encoding, mark, _decimal(mark, cells))


def _alike(lines: Iterable[str], separator: str) -> tuple[int, int]:
    """Return how many lines have the same number of cells, and that number."""
    try:
        widths = Counter(len(row) for row in csv.reader(lines, delimiter=separator) if len(row) > 1)
    except csv.Error:
        return 0, 0
    return max(((count, width) for width, count in widths.items()), default=(0, 0))


def _decimal(separator: str, cells: Collection[str]) -> Decimal:
    if separator == "," or any(map(_WITH_POINT.fullmatch, cells)):
        return ""
    return "?" if separator == ";" or any(map(_WITH_COMMA.fullmatch, cells)) else ""


def _parser_fault(width: int, error: Exception) -> InputError:
    if isinstance(error, pd.errors.ParserWarning):
        return InputError(f"rows have more cells than the header, which has {width}; {_QUOTES}")
    found = re.search(r"Expected \d+ fields in line (\d+), saw (\d+)", str(error))
    if found:
        row, cells = found.groups()
        return InputError(f"row {row} has {cells} cells, the header has {width}; {_QUOTES}")
    reason = " ".join(str(error).split()).removeprefix("Error tokenizing data. ")
    return InputError(f"not a readable CSV: {reason}; export it again")
