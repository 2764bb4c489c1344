"""CSV files as they lie on disk: their encoding, their separator and their cells."""

from __future__ import annotations

import codecs
import csv
import re
import warnings
from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import pandas as pd

from city_resilience.catalogue.sheets import load_sheet_rules
from city_resilience.errors import InputError

__all__ = ["CsvFile", "open_csv"]

_ENCODINGS = {"utf-8-sig": "UTF-8", "gb18030": "GB18030"}
_SEPARATORS = (",", ";", "\t", "|")
_SAMPLE = 100
_QUOTES = "put quotes around cells that contain a comma"


@dataclass(frozen=True)
class CsvFile:
    """A CSV file whose form is known.

    Attributes
    ----------
    path : Path
    encoding : str
        The first of UTF-8 and GB18030 that decodes the whole file.
    separator : str
        The one that gives most lines the same number of cells.
    """

    path: Path
    encoding: str
    separator: str

    @property
    def notes(self) -> tuple[str, ...]:
        """What is remarkable about the encoding."""
        if self.encoding == "utf-8-sig":
            return ()
        return (f"{self.path.name}: read as {_ENCODINGS[self.encoding]}",)

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

    def frame(self, width: int, text: Collection[int]) -> pd.DataFrame:
        """Return the rows below the first as a frame with columns 0, 1, 2, ….

        Parameters
        ----------
        width : int
            Number of cells of the first row.
        text : collection of int
            Columns that hold text, which keep their leading zeros.

        Raises
        ------
        InputError
            If a row has more cells than the first.
        """
        blanks = sorted(load_sheet_rules().missing)
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
                    dtype=dict.fromkeys(text, str),
                    skip_blank_lines=False,
                    keep_default_na=False,
                    na_values={at: blanks for at in range(width) if at not in text},
                    low_memory=False,
                )
            except (pd.errors.ParserWarning, pd.errors.ParserError) as error:
                raise _parser_fault(width, error) from error


def open_csv(path: Path) -> CsvFile:
    """Find the encoding and separator of a CSV file.

    Raises
    ------
    InputError
        If it is in no known encoding, with the byte that is in the way.
    """
    file = CsvFile(path, _encoding(path), ",")
    with path.open(encoding=file.encoding, newline="") as handle:
        lines = list(islice(handle, _SAMPLE))

    def alike(mark: str) -> int:
        widths = Counter(len(row) for row in csv.reader(lines, delimiter=mark) if len(row) > 1)
        return max(widths.values(), default=0)

    try:
        return CsvFile(path, file.encoding, max(_SEPARATORS, key=alike))
    except csv.Error as error:
        raise InputError(f"{path}: not a readable CSV: {error}; save it as CSV UTF-8") from error


def _encoding(path: Path) -> str:
    with path.open("rb") as handle:
        marked = handle.read(3) == codecs.BOM_UTF8
    tried, fault = list(_ENCODINGS)[: 1 if marked else None], ""
    for encoding in tried:
        fault = _decoding_fault(path, encoding)
        if not fault:
            return encoding
    names = " or ".join(_ENCODINGS[encoding] for encoding in tried)
    raise InputError(f"{path}: not {names} text, {fault}; save it as CSV UTF-8")


def _decoding_fault(path: Path, encoding: str) -> str:
    decoder = codecs.getincrementaldecoder(encoding)()
    read = 0
    with path.open("rb") as handle:
        while True:
            chunk = handle.read(1 << 20)
            try:
                decoder.decode(chunk, final=not chunk)
            except UnicodeDecodeError as error:
                offset = read + len(chunk) - len(error.object) + error.start
                return f"byte 0x{error.object[error.start]:02x} at offset {offset}"
            if not chunk:
                return ""
            read += len(chunk)


def _parser_fault(width: int, error: Exception) -> InputError:
    if isinstance(error, pd.errors.ParserWarning):
        return InputError(f"rows have more cells than the header, which has {width}; {_QUOTES}")
    found = re.search(r"Expected \d+ fields in line (\d+), saw (\d+)", str(error))
    if found:
        row, cells = found.groups()
        return InputError(f"row {row} has {cells} cells, the header has {width}; {_QUOTES}")
    reason = " ".join(str(error).split()).removeprefix("Error tokenizing data. ")
    return InputError(f"not a readable CSV: {reason}; export it again")
