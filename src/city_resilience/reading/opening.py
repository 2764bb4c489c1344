"""Files of tables, opened by their suffix: as sheets, or as one table below its headers."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath
from typing import Any

import pandas as pd

from city_resilience.errors import InputError, nearest
from city_resilience.foreign import decoding
from city_resilience.reading.csv_file import CsvFile, open_csv
from city_resilience.reading.number_style import Decimal
from city_resilience.reading.parts import joined_parts
from city_resilience.reading.sheet import Sheet, trimmed
from city_resilience.reading.workbook import WORKBOOKS, read_workbook

__all__ = [
    "SUFFIXES",
    "RawTable",
    "file_labels",
    "find_files",
    "fits",
    "open_sheets",
    "open_table",
]


_MOST_CELLS = 1 << 26
_FEW_CELLS = 1 << 23
_MOST_CELLS_A_BYTE = 16
_MOST_TEXT = 500_000_000


def _read_parquet(path: Path) -> pd.DataFrame:
    import pyarrow.parquet

    with decoding(path, "not a readable Parquet file", "write it again"):
        file = pyarrow.parquet.ParquetFile(path)
        _check_cells(path, file.metadata.num_rows, file.metadata.num_columns)
        _check_texts(path, file.metadata)
        table = file.read()
        table.validate(full=True)  # texts that are no UTF-8 would fail later, cell by cell
        return table.to_pandas(ignore_metadata=True)


def _check_cells(path: Path, rows: int, columns: int) -> None:
    """Refuse a file that says it is larger than can be meant, or far larger than its bytes."""
    cells, size = rows * columns, path.stat().st_size
    if cells > _MOST_CELLS or cells > max(_FEW_CELLS, _MOST_CELLS_A_BYTE * size):
        raise InputError(
            f"{path}: {rows:,} rows of {columns:,} columns in {size / 1e6:,.1f} MB; that is no "
            "table of statistics, save less in it"
        )


def _check_texts(path: Path, about: Any) -> None:
    """Refuse texts that stand in a Parquet file once, and in its rows so often that they fill it.

    Columns in which that may be are read as codes of their texts first.
    """
    import pyarrow.parquet

    # The metadata of a column is left alone: pyarrow ends the process where it is damaged.
    size = sum(about.row_group(at).total_byte_size for at in range(about.num_row_groups))
    if size * about.num_rows <= _MOST_TEXT:
        return
    columns = map(about.schema.column, range(about.num_columns))
    for name in [own.path for own in columns if own.physical_type == "BYTE_ARRAY"]:
        coded = pyarrow.parquet.ParquetFile(path, read_dictionary=[name]).read(columns=[name])
        chunks = [one for each in coded.columns for one in each.chunks]
        if sum(map(_spelt_out, chunks)) > _MOST_TEXT:
            raise InputError(
                f"{path}: the texts of column {name!r} take more than {_MOST_TEXT / 1e6:,.0f} MB; "
                "shorten them, or leave the column out"
            )


def _spelt_out(chunk: Any) -> int:
    """Return the bytes of the texts of a column."""
    import pyarrow
    import pyarrow.compute

    if not pyarrow.types.is_dictionary(chunk.type):
        return int(chunk.nbytes)
    lengths = pyarrow.compute.binary_length(chunk.dictionary)
    return int(pyarrow.compute.sum(pyarrow.compute.take(lengths, chunk.indices)).as_py() or 0)


def _read_stata(path: Path) -> pd.DataFrame:
    """Return a Stata file, coded values as their labels; a damaged one fails in many ways."""
    with (
        decoding(path, "not a readable Stata file", "save it again"),
        warnings.catch_warnings(),
    ):
        warnings.simplefilter("ignore", UnicodeWarning)  # older files are in Latin-1
        try:
            frame = pd.read_stata(path)
        except ValueError:  # labels that repeat, or dates out of range: as they stand
            frame = pd.read_stata(path, convert_categoricals=False, convert_dates=False)
    labelled = frame.select_dtypes("category").columns
    return frame.astype(dict.fromkeys(labelled, object))


_FRAMES: Mapping[str, Callable[[Path], pd.DataFrame]] = {
    ".parquet": _read_parquet,
    ".dta": _read_stata,
}
_TEXTS = (".csv", ".tsv")
SUFFIXES = (*_TEXTS, *WORKBOOKS, *_FRAMES)


@dataclass(frozen=True)
class RawTable:
    """A table whose first row holds the headers, before anything is known of its columns.

    Attributes
    ----------
    headers : tuple of str
        Headers without surrounding white space, by position; empty where the cell is blank.
    load : callable
        ``load(text_positions)`` returns the rows as a frame with columns 0, 1, 2, …, whose index
        is the row as a spreadsheet counts, from 2; of a frame the row as it counts, from 1. In a
        CSV columns of text keep their leading zeros.
    name, source : str
        The file as it was named, for errors; its name without folders, empty for a frame.
    notes : tuple of str
        What was remarkable about the decoding.
    decimal : str
        What a text file says about its decimals; see `number_style`.
    encoding : str
        In which a text file was read, where that is not UTF-8.
    """

    headers: tuple[str, ...]
    load: Callable[[Collection[int]], pd.DataFrame]
    name: str
    source: str
    notes: tuple[str, ...] = ()
    decimal: Decimal = ""
    encoding: str = ""


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
        else:
            _suffix(path)
            found[path.resolve()] = path
    if not found:
        shown = ", ".join(str(path) for path in paths)
        raise InputError(f"{shown}: holds no {_listed()} file; name the right folder")
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


def open_sheets(path: Path, encoding: str = "") -> list[Sheet]:
    """Read every sheet of a file.

    Parameters
    ----------
    path : Path
    encoding : str
        Of a text file, where it is stated.

    Raises
    ------
    InputError
        If the file is damaged, empty, of another kind than its suffix says, locked, or unpacks to
        more than can be meant.
    """
    with _reading(path) as suffix:
        if suffix in WORKBOOKS:
            return [sheet for sheet in read_workbook(path) if sheet.rows]
        if suffix in _TEXTS:
            file = open_csv(path, encoding)
            rows = trimmed(file.rows())
            mark, read_as = file.decimal, file.read_as
            return [Sheet(path.name, "", rows, decimal=mark, encoding=read_as)] if rows else []
        frame = _FRAMES[suffix](path).astype(object)
        body = frame.where(frame.notna(), None).itertuples(index=False, name=None)
        rows = (tuple(frame.columns), *body)
        return [Sheet(path.name, "", rows)] if rows else []


def open_table(
    source: Path | str | pd.DataFrame,
    sheet: str = "",
    decimal: Decimal = "",
    *,
    encoding: str = "",
    what: str = "panel",
    table: str = "[data]",
) -> RawTable:
    """Open a file by its suffix, or a frame, as one table with its headers in the first row.

    Parameters
    ----------
    source : Path or DataFrame
        The file, a folder of parts of a panel, or a frame whose columns are the headers;
        named levels of its index are columns.
    sheet : str
        Sheet of a workbook; may be empty if there is only one.
    decimal : str
        The mark of decimals, ``,`` or ``.``, where it is stated.
    encoding : str
        Of a text file, where it is stated.
    what, table : str
        What the file is, and the table of the experiment about it, for errors.

    Raises
    ------
    InputError
        If the file is missing, empty, of another kind, damaged, in another encoding, or a
        workbook of several sheets of which none is named.
    """
    if isinstance(source, pd.DataFrame):
        named = [name for name in source.index.names if name is not None]
        frame = source.reset_index(named) if named else source
        return _of_frame(frame.columns, frame, f"the {what}", "", first=1)
    path = Path(source)
    if path.is_dir():
        return _open_folder(path, decimal, encoding, what)
    if not path.exists():
        given = "--data" if table == "[data]" else f"--early, or as path in {table}"
        raise InputError(f"{path}: no such {what} file; correct the path given with {given}")
    with _reading(path) as suffix:
        if suffix in WORKBOOKS:
            (page,) = read_workbook(path, lambda titles: [_chosen(path, titles, sheet, table)])
            header, *rows = page.rows or ((),)
            body = pd.DataFrame(rows).reindex(columns=range(len(header))).infer_objects()
            return _of_frame(header, body, str(path), path.name)
        if suffix in _FRAMES:
            body = _FRAMES[suffix](path)
            return _of_frame(body.columns, body, str(path), path.name)
        file = open_csv(path, encoding)
        file = replace(file, decimal=decimal or file.decimal)
        headers = _clean(next(file.rows(), ()))

        load = _loader(file, len(headers))
        return RawTable(headers, load, str(path), path.name, file.notes, file.decimal, file.read_as)


def _open_folder(folder: Path, decimal: Decimal, encoding: str, what: str) -> RawTable:
    """Open the parts of a panel as one table."""
    inside = sorted(path for path in folder.rglob("*") if path.is_file() and _is_part(path))
    if what != "panel" or not inside:
        raise InputError(f"{folder}: a folder, not a {what} file; name a {_listed()} file")
    tables = [(path, open_table(path, decimal=decimal, encoding=encoding)) for path in inside]
    parts = [(path, own.headers, own.load, own.decimal) for path, own in tables]
    headers, load, mark = joined_parts(folder, parts)
    notes = tuple(dict.fromkeys(note for _, own in tables for note in own.notes))
    return RawTable(headers, load, str(folder), folder.name, notes, mark)


def _is_part(path: Path) -> bool:
    return _wanted(path) and not path.name.startswith("_")


def _loader(file: CsvFile, width: int) -> Callable[[Collection[int]], pd.DataFrame]:
    """Return the ``load`` of a text file, which reads once what is no text."""
    cells: list[pd.DataFrame] = []

    def load(text: Collection[int]) -> pd.DataFrame:
        columns = sorted(set(text))
        if len(columns) == width:
            return _numbered(file.texts(width, columns), first=2)
        if not cells:
            cells.append(_numbered(file.frame(width), first=2))
        frame = cells[0].copy(deep=False)
        if columns:
            texts = file.texts(width, columns)
            frame[columns] = _numbered(texts, first=2)
        return frame

    return load


def _wanted(path: Path) -> bool:
    return path.suffix.lower() in SUFFIXES and not path.name.startswith(("~$", "."))


def _listed() -> str:
    return ", ".join(SUFFIXES[:-1]) + " or " + SUFFIXES[-1]


def _suffix(path: Path) -> str:
    if path.suffix.lower() not in SUFFIXES:
        raise InputError(
            f"{path}: suffix {path.suffix!r} is not supported; save it as .xlsx or .csv"
        )
    return path.suffix.lower()


@contextmanager
def _reading(path: Path) -> Iterator[str]:
    """Yield the suffix of a file that is not empty, and say what the system says against it."""
    suffix = _suffix(path)
    try:
        if path.stat().st_size == 0:
            raise InputError(f"{path}: the file is empty; export it again")
        yield suffix
    except OSError as error:
        reason = error.strerror or "damaged or not of the kind its suffix says"
        raise InputError(f"{path}: cannot be read: {reason}; check the file") from error


def _of_frame(
    header: Iterable[object], body: pd.DataFrame, name: str, source: str, first: int = 2
) -> RawTable:
    body = _numbered(body.set_axis(range(body.shape[1]), axis="columns"), first)
    return RawTable(_clean(header), lambda _text: body, name, source)


def _numbered(body: pd.DataFrame, first: int) -> pd.DataFrame:
    return body.set_axis(range(first, first + len(body)), axis="index")


def _clean(header: Iterable[object]) -> tuple[str, ...]:
    return tuple("" if cell is None else str(cell).strip() for cell in header)


def _chosen(path: Path, sheets: list[str], wanted: str, table: str) -> str:
    names = ", ".join(map(repr, sheets))
    also = " (or --sheet of new, check and predict)" if table == "[data]" else ""
    if wanted and wanted not in sheets:
        raise InputError(
            f"{path}: no sheet {wanted!r}{nearest(wanted, sheets)}; set sheet in {table} to one "
            f"of: {names}"
        )
    if not wanted and len(sheets) != 1:
        raise InputError(
            f"{path}: {len(sheets)} sheets and none is named; set sheet in {table}{also} to one "
            f"of: {names}"
        )
    return wanted or sheets[0]
