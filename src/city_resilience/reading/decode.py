"""Files as they lie on disk: CSV in two encodings, the sheets of workbooks, Parquet."""

from __future__ import annotations

import codecs
import csv
import warnings
import zipfile
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.etree.ElementTree import ParseError

from city_resilience.errors import InputError

if TYPE_CHECKING:
    import pyarrow

__all__ = [
    "SUFFIXES",
    "Page",
    "Position",
    "Row",
    "csv_form",
    "listed",
    "open_pages",
    "open_parquet",
    "refuse_empty",
    "trimmed",
]

SUFFIXES = (".csv", ".xlsx", ".parquet")
_SEPARATORS = (",", ";", "\t", "|")
_SAMPLE = 100
_MOST_BYTES = 1 << 30
_MOST_RATIO = 200
_RATIO_FROM = 64 << 20
_LARGE = 20 << 20
_OLD_OFFICE = b"\xd0\xcf\x11\xe0"
Row = tuple[Any, ...]
Position = tuple[int, int]


@dataclass(frozen=True)
class Page:
    """A sheet of a workbook.

    Attributes
    ----------
    title : str
    rows : tuple of tuple
        Without the blank rows at the end.
    covered : mapping of (row, column) to (row, column)
        For each cell that a merged cell covers, the position of its top left cell; from 0.
    """

    title: str
    rows: tuple[Row, ...]
    covered: Mapping[Position, Position] = field(default_factory=dict)


def listed(suffixes: Sequence[str] = SUFFIXES) -> str:
    """Return suffixes as words."""
    return ", ".join(suffixes[:-1]) + " or " + suffixes[-1]


def refuse_empty(path: Path) -> None:
    """Refuse a file without a byte."""
    if path.stat().st_size == 0:
        raise InputError(f"{path}: the file is empty; export it again")


def csv_form(path: Path) -> tuple[str, str]:
    """Return encoding and separator of a CSV file.

    The encoding is the first, of UTF-8 and GB18030, that decodes the whole file; the separator
    gives most lines the same number of cells.

    Raises
    ------
    InputError
        If it is in neither encoding, with the byte that is in the way.
    """
    encoding = _encoding(path)
    with path.open(encoding=encoding, newline="") as handle:
        lines = list(islice(handle, _SAMPLE))

    def alike(mark: str) -> int:
        widths = Counter(len(row) for row in csv.reader(lines, delimiter=mark) if len(row) > 1)
        return max(widths.values(), default=0)

    try:
        return encoding, max(_SEPARATORS, key=alike)
    except csv.Error as error:
        raise InputError(f"{path}: not a readable CSV: {error}; save it as CSV UTF-8") from error


def _encoding(path: Path) -> str:
    with path.open("rb") as handle:
        marked = handle.read(3) == codecs.BOM_UTF8
    faults = []
    for encoding in ("utf-8-sig",) if marked else ("utf-8-sig", "gb18030"):
        fault = _decoding_fault(path, encoding)
        if fault is None:
            return encoding
        faults.append(fault)
    tried = "UTF-8" if marked else "UTF-8 or GB18030"
    raise InputError(f"{path}: not {tried} text, {faults[-1]}; save it as CSV UTF-8")


def _decoding_fault(path: Path, encoding: str) -> str | None:
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
                return None
            read += len(chunk)


def open_parquet(path: Path) -> pyarrow.Table:
    """Read a Parquet file.

    Raises
    ------
    InputError
        If it is none.
    """
    import pyarrow
    import pyarrow.parquet

    try:
        return pyarrow.parquet.ParquetFile(path).read()
    except (pyarrow.ArrowInvalid, pyarrow.ArrowNotImplementedError) as error:
        raise InputError(f"{path}: not a readable Parquet file; write it again") from error


def open_pages(
    path: Path, choose: Callable[[list[str]], Collection[str]] = list, *, merged: bool = True
) -> list[Page]:
    """Read sheets of an XLSX workbook.

    Parameters
    ----------
    choose : callable
        From the titles of the sheets to those that are read.
    merged : bool
        Whether to tell which cells merged cells cover; not of a very large workbook.

    Raises
    ------
    InputError
        If it is of another kind, locked by a password, damaged, or a zip bomb.
    """
    import openpyxl
    from openpyxl.utils.exceptions import InvalidFileException

    unpacked = _refuse_unsafe(path)
    lazily = not merged or any(size > _LARGE for size in unpacked)
    damaged = (zipfile.BadZipFile, KeyError, ValueError, EOFError, ParseError, InvalidFileException)
    try:
        with warnings.catch_warnings(), path.open("rb") as handle:
            warnings.simplefilter("ignore")
            book = openpyxl.load_workbook(handle, read_only=lazily, data_only=True)
            asked = openpyxl.load_workbook(handle, read_only=lazily) if _computes(path) else None
            chosen = choose([page.title for page in book.worksheets])
            return [
                Page(page.title, trimmed(_cells(page, asked)), _covered(page))
                for page in book.worksheets
                if page.title in chosen
            ]
    except damaged as error:
        raise InputError(
            f"{path}: not a readable XLSX workbook; open it in a spreadsheet and save it again"
        ) from error


def _refuse_unsafe(path: Path) -> list[int]:
    """Refuse what is no workbook or unpacks to more than can be meant; return its parts' sizes."""
    with path.open("rb") as handle:
        magic = handle.read(4)
    if magic == _OLD_OFFICE:
        raise InputError(
            f"{path}: locked by a password, or an old .xls under another name; open it in a "
            "spreadsheet, take the password off and save it as .xlsx"
        )
    if magic == b"%PDF":
        raise InputError(f"{path}: a PDF, not a workbook; export the table as .xlsx or .csv")
    try:
        with zipfile.ZipFile(path) as archive:
            sizes = [item.file_size for item in archive.infolist()]
    except zipfile.BadZipFile as error:
        raise InputError(
            f"{path}: not a readable XLSX workbook; open it in a spreadsheet and save it again"
        ) from error
    unpacked = sum(sizes)
    ratio = unpacked / max(path.stat().st_size, 1)
    if unpacked > _MOST_BYTES or (unpacked > _RATIO_FROM and ratio > _MOST_RATIO):
        raise InputError(
            f"{path}: unpacks to {unpacked / 1e6:,.0f} MB, {ratio:,.0f} times its size; that is no "
            "table of statistics, save its data as .csv or .parquet"
        )
    return sizes


def _computes(path: Path) -> bool:
    """Tell whether a workbook holds formulas, whose values it may lack."""
    with zipfile.ZipFile(path) as archive:
        pages = [name for name in archive.namelist() if name.startswith("xl/worksheets/")]
        texts = (archive.read(name) for name in pages if name.endswith(".xml"))
        return any(b"<f>" in text or b"<f " in text for text in texts)


def _cells(page: Any, asked: Any) -> Iterator[Row]:
    """Yield rows of values; a formula that was never computed stands for its missing value."""
    formulas = asked[page.title] if asked else None
    for each in filter(None, (page, formulas)):
        if hasattr(each, "reset_dimensions"):
            each.reset_dimensions()
    if formulas is None:
        yield from page.iter_rows(values_only=True)
        return
    for values, texts in zip(page.iter_rows(), formulas.iter_rows(), strict=True):
        yield tuple(
            "="
            if value.value is None and value.data_type != "str" and text.data_type == "f"
            else value.value
            for value, text in zip(values, texts, strict=True)
        )


def _covered(page: Any) -> dict[Position, Position]:
    ranges = getattr(getattr(page, "merged_cells", None), "ranges", ())
    return {
        (row - 1, column - 1): (area.min_row - 1, area.min_col - 1)
        for area in ranges
        for row in range(area.min_row, area.max_row + 1)
        for column in range(area.min_col, area.max_col + 1)
        if (row, column) != (area.min_row, area.min_col)
    }


def trimmed(rows: Iterable[Row]) -> tuple[Row, ...]:
    """Leave out the blank rows at the end."""
    kept = list(rows)
    while kept and all(cell is None or cell == "" for cell in kept[-1]):
        kept.pop()
    return tuple(kept)
