"""Tables as they lie in files: CSV in two encodings, XLSX sheets, Parquet.

A table is opened first, which yields its headers, and loaded second, when it is known which
columns hold text: in a CSV those keep their leading zeros. Loaded columns are named by
position and the index counts the rows below the header from 0.
"""

from __future__ import annotations

import codecs
import csv
import re
import warnings
import zipfile
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path
from xml.etree.ElementTree import ParseError

import pandas as pd

from city_resilience.catalogue.sheets import load_sheet_rules
from city_resilience.errors import InputError, nearest

__all__ = ["SUFFIXES", "Table", "check_workbook", "csv_encoding", "open_table"]

_QUOTES = "put quotes around cells that contain a comma"
SUFFIXES = (".csv", ".xlsx", ".parquet")
_MOST_BYTES = 1 << 30
_MOST_RATIO = 200
_RATIO_FROM = 64 << 20
_OLD_OFFICE = b"\xd0\xcf\x11\xe0"

Load = Callable[[Collection[int]], pd.DataFrame]


@dataclass(frozen=True)
class Table:
    """An opened table.

    Attributes
    ----------
    headers : tuple of str
        Headers without surrounding white space, by position; empty where the cell is blank.
    load : callable
        ``load(text_positions)`` returns the rows as a frame with columns 0, 1, 2, …, whose index
        is the row as a spreadsheet counts, from 2; of a frame the row as it counts, from 1.
    name, source : str
        The file as it was named, for errors; its name without folders, empty for a frame.
    notes : tuple of str
        What was remarkable about the decoding.
    """

    headers: tuple[str, ...]
    load: Load
    name: str
    source: str
    notes: tuple[str, ...] = ()


def open_table(source: Path | str | pd.DataFrame, sheet: str = "") -> Table:
    """Open a CSV, XLSX or Parquet file by its suffix, or a frame.

    Parameters
    ----------
    source : Path or DataFrame
        The file, or a frame whose columns are the headers; named levels of its index are columns.
    sheet : str
        Sheet of a workbook; may be empty if there is only one.

    Raises
    ------
    InputError
        If the file is missing, empty, of another kind, damaged, in another encoding, or a
        workbook of several sheets of which none is named.
    """
    if isinstance(source, pd.DataFrame):
        return _open_frame(source)
    path = Path(source)
    if path.is_dir():
        raise InputError(f"{path}: a folder, not a panel file; name a {_listed(SUFFIXES)} file")
    if not path.exists():
        raise InputError(f"{path}: no such panel file; correct the path given with --data")
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        raise InputError(
            f"{path}: suffix {path.suffix!r} is not supported; save it as {_listed(SUFFIXES)}"
        )
    try:
        if path.stat().st_size == 0:
            raise InputError(f"{path}: the file is empty; export the panel again")
        if suffix == ".csv":
            return _open_csv(path)
        return _open_workbook(path, sheet) if suffix == ".xlsx" else _open_parquet(path)
    except OSError as error:
        reason = error.strerror or "damaged or not of the kind its suffix says"
        raise InputError(f"{path}: cannot be read: {reason}; check the file") from error


def _open_csv(path: Path) -> Table:
    encoding = csv_encoding(path)
    with path.open(encoding=encoding, newline="") as handle:
        try:
            header = next(csv.reader(handle), [])
        except csv.Error as error:
            raise InputError(
                f"{path}: row 1: not a CSV header: {error}; save it as CSV UTF-8"
            ) from error

    def load(text: Collection[int]) -> pd.DataFrame:
        return _load_csv(path, encoding, len(header), text)

    note = (f"{path.name}: read as GB18030",) if encoding == "gb18030" else ()
    return Table(_clean(header), load, str(path), path.name, note)


def _load_csv(path: Path, encoding: str, width: int, text: Collection[int]) -> pd.DataFrame:
    numeric = [position for position in range(width) if position not in text]
    with warnings.catch_warnings():
        warnings.simplefilter("error", pd.errors.ParserWarning)
        try:
            frame = pd.read_csv(
                path,
                encoding=encoding,
                header=0,
                names=range(width),
                index_col=False,
                dtype=dict.fromkeys(text, str),
                skip_blank_lines=False,
                keep_default_na=False,
                na_values=dict.fromkeys(numeric, sorted(load_sheet_rules().missing)),
                low_memory=False,
            )
            return frame.set_axis(frame.index + 2)
        except pd.errors.ParserWarning as error:
            raise InputError(
                f"{path}: rows have more cells than the header, which has {width}; {_QUOTES}"
            ) from error
        except pd.errors.ParserError as error:
            raise _parser_fault(path, width, str(error)) from error


def _parser_fault(path: Path, width: int, message: str) -> InputError:
    found = re.search(r"Expected \d+ fields in line (\d+), saw (\d+)", message)
    if found:
        row, cells = found.groups()
        return InputError(f"{path}: row {row} has {cells} cells, the header has {width}; {_QUOTES}")
    reason = " ".join(message.split()).removeprefix("Error tokenizing data. ")
    return InputError(f"{path}: not a readable CSV: {reason}; export it again")


def csv_encoding(path: Path) -> str:
    """Return the first encoding, of UTF-8 and GB18030, that decodes the whole file.

    Raises
    ------
    InputError
        If neither does, with the byte that is in the way.
    """
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


def check_workbook(path: Path) -> None:
    """Refuse a file that is no XLSX workbook, or one that unpacks to more than can be meant.

    Raises
    ------
    InputError
        If it is of another kind, locked by a password, damaged, or a zip bomb.
    """
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
            unpacked = sum(item.file_size for item in archive.infolist())
    except zipfile.BadZipFile as error:
        raise InputError(
            f"{path}: not a readable XLSX workbook; open it in a spreadsheet and save it again"
        ) from error
    ratio = unpacked / max(path.stat().st_size, 1)
    if unpacked > _MOST_BYTES or (unpacked > _RATIO_FROM and ratio > _MOST_RATIO):
        raise InputError(
            f"{path}: unpacks to {unpacked / 1e6:,.0f} MB, {ratio:,.0f} times its size; that is no "
            "table of statistics, save its data as .csv or .parquet"
        )


def _open_workbook(path: Path, sheet: str) -> Table:
    import openpyxl
    from openpyxl.utils.exceptions import InvalidFileException

    check_workbook(path)
    damaged = (zipfile.BadZipFile, KeyError, ValueError, EOFError, ParseError, InvalidFileException)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            book = openpyxl.load_workbook(path, read_only=True, data_only=True)
            try:
                name = _sheet(path, [page.title for page in book.worksheets], sheet)
                page = book[name]
                page.reset_dimensions()
                rows = list(page.iter_rows(values_only=True))
            finally:
                book.close()
    except damaged as error:
        raise InputError(
            f"{path}: not a readable XLSX workbook; open it in a spreadsheet and save it again"
        ) from error
    header = list(rows[0]) if rows else []
    body = pd.DataFrame(rows[1:]).reindex(columns=range(len(header))).infer_objects()
    return Table(_clean(header), lambda _text: body.set_axis(body.index + 2), str(path), path.name)


def _sheet(path: Path, sheets: list[str], wanted: str) -> str:
    listed = ", ".join(map(repr, sheets))
    if wanted and wanted not in sheets:
        raise InputError(
            f"{path}: no sheet {wanted!r}{nearest(wanted, sheets)}; set sheet in [data] to one of: "
            f"{listed}"
        )
    if not wanted and len(sheets) != 1:
        raise InputError(
            f"{path}: {len(sheets)} sheets and none is named; set sheet in [data] to one of: "
            f"{listed}"
        )
    return wanted or sheets[0]


def _open_parquet(path: Path) -> Table:
    import pyarrow
    import pyarrow.parquet

    try:
        table = pyarrow.parquet.ParquetFile(path).read()
    except (pyarrow.ArrowInvalid, pyarrow.ArrowNotImplementedError) as error:
        raise InputError(f"{path}: not a readable Parquet file; write it again") from error
    headers = _clean(table.column_names)
    body = table.to_pandas(ignore_metadata=True)
    body.columns = range(len(headers))
    return Table(headers, lambda _text: body.set_axis(body.index + 2), str(path), path.name)


def _open_frame(frame: pd.DataFrame) -> Table:
    named = [name for name in frame.index.names if name is not None]
    frame = frame.reset_index(named) if named else frame
    body = frame.set_axis(range(1, len(frame) + 1)).set_axis(range(frame.shape[1]), axis="columns")
    return Table(_clean(frame.columns), lambda _text: body, "the panel", "")


def _clean(header: Collection[object]) -> tuple[str, ...]:
    return tuple("" if cell is None else str(cell).strip() for cell in header)


def _listed(suffixes: tuple[str, ...]) -> str:
    return ", ".join(suffixes[:-1]) + " or " + suffixes[-1]
