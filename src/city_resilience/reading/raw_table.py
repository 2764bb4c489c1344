"""A table whose first row holds the headers, before anything is known of its columns.

It is opened first, which yields its headers, and loaded second, when it is known which columns
hold text: in a CSV those keep their leading zeros.
"""

from __future__ import annotations

import csv
import re
import warnings
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from city_resilience.catalogue.sheets import load_sheet_rules
from city_resilience.errors import InputError, nearest
from city_resilience.reading.decode import (
    SUFFIXES,
    csv_form,
    listed,
    open_pages,
    open_parquet,
    refuse_empty,
)

__all__ = ["RawTable", "open_table"]

_QUOTES = "put quotes around cells that contain a comma"


@dataclass(frozen=True)
class RawTable:
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
    load: Callable[[Collection[int]], pd.DataFrame]
    name: str
    source: str
    notes: tuple[str, ...] = ()


def open_table(source: Path | str | pd.DataFrame, sheet: str = "") -> RawTable:
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
        named = [name for name in source.index.names if name is not None]
        frame = source.reset_index(named) if named else source
        return _of_frame(frame.columns, frame, "the panel", "", first=1)
    path = Path(source)
    if path.is_dir():
        raise InputError(f"{path}: a folder, not a panel file; name a {listed()} file")
    if not path.exists():
        raise InputError(f"{path}: no such panel file; correct the path given with --data")
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        raise InputError(f"{path}: suffix {path.suffix!r} is not supported; save it as {listed()}")
    try:
        refuse_empty(path)
        if suffix == ".csv":
            return _open_csv(path)
        if suffix == ".xlsx":
            (page,) = open_pages(path, lambda titles: [_chosen(path, titles, sheet)], merged=False)
            header, *rows = page.rows or ((),)
            body = pd.DataFrame(rows).reindex(columns=range(len(header))).infer_objects()
            return _of_frame(header, body, str(path), path.name)
        table = open_parquet(path)
        body = table.to_pandas(ignore_metadata=True)
        return _of_frame(table.column_names, body, str(path), path.name)
    except OSError as error:
        reason = error.strerror or "damaged or not of the kind its suffix says"
        raise InputError(f"{path}: cannot be read: {reason}; check the file") from error


def _of_frame(
    header: Iterable[object], body: pd.DataFrame, name: str, source: str, first: int = 2
) -> RawTable:
    body = body.set_axis(range(first, first + len(body)), axis="index")
    body = body.set_axis(range(body.shape[1]), axis="columns")
    return RawTable(_clean(header), lambda _text: body, name, source)


def _clean(header: Iterable[object]) -> tuple[str, ...]:
    return tuple("" if cell is None else str(cell).strip() for cell in header)


def _chosen(path: Path, sheets: list[str], wanted: str) -> str:
    names = ", ".join(map(repr, sheets))
    if wanted and wanted not in sheets:
        raise InputError(
            f"{path}: no sheet {wanted!r}{nearest(wanted, sheets)}; set sheet in [data] to one of: "
            f"{names}"
        )
    if not wanted and len(sheets) != 1:
        raise InputError(
            f"{path}: {len(sheets)} sheets and none is named; set sheet in [data] to one of: "
            f"{names}"
        )
    return wanted or sheets[0]


def _open_csv(path: Path) -> RawTable:
    encoding, separator = csv_form(path)
    with path.open(encoding=encoding, newline="") as handle:
        try:
            header = next(csv.reader(handle, delimiter=separator), [])
        except csv.Error as error:
            raise InputError(
                f"{path}: row 1: not a CSV header: {error}; save it as CSV UTF-8"
            ) from error

    def load(text: Collection[int]) -> pd.DataFrame:
        return _load_csv(path, encoding, separator, len(header), text)

    notes = (f"{path.name}: read as GB18030",) if encoding == "gb18030" else ()
    return RawTable(_clean(header), load, str(path), path.name, notes)


def _load_csv(
    path: Path, encoding: str, separator: str, width: int, text: Collection[int]
) -> pd.DataFrame:
    blanks = sorted(load_sheet_rules().missing)
    with warnings.catch_warnings():
        warnings.simplefilter("error", pd.errors.ParserWarning)
        try:
            frame = pd.read_csv(
                path,
                sep=separator,
                encoding=encoding,
                header=0,
                names=range(width),
                index_col=False,
                dtype=dict.fromkeys(text, str),
                skip_blank_lines=False,
                keep_default_na=False,
                na_values={at: blanks for at in range(width) if at not in text},
                low_memory=False,
            )
        except pd.errors.ParserWarning as error:
            raise InputError(
                f"rows have more cells than the header, which has {width}; {_QUOTES}"
            ) from error
        except pd.errors.ParserError as error:
            raise _parser_fault(width, str(error)) from error
    return frame.set_axis(frame.index + 2)


def _parser_fault(width: int, message: str) -> InputError:
    found = re.search(r"Expected \d+ fields in line (\d+), saw (\d+)", message)
    if found:
        row, cells = found.groups()
        return InputError(f"row {row} has {cells} cells, the header has {width}; {_QUOTES}")
    reason = " ".join(message.split()).removeprefix("Error tokenizing data. ")
    return InputError(f"not a readable CSV: {reason}; export it again")
