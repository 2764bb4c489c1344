"""Files and folders that appear whole or not at all: tables, JSON, bytes, and a model's folder."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from city_resilience.companion import Beside, beside
from city_resilience.disk import advice, naming, obstacle, reason
from city_resilience.errors import InputError, nearest
from city_resilience.spreadsheet import (
    check_rows,
    clean_text,
    csv_text,
    each_text,
    plain_text,
    plain_workbook,
)
from city_resilience.unfinished import in_turn, replace_folder, settle, stage

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "ROWS_TOGETHER",
    "SUFFIXES",
    "appearing",
    "check_folder",
    "check_suffix",
    "output_path",
    "refuse_overwriting",
    "sha256_of",
    "write_bytes",
    "write_csv_to",
    "write_folder",
    "write_json",
    "write_parts",
    "write_table",
    "write_tables",
]


ROWS_TOGETHER = 2**15
"""Rows of a large table that are laid out and written together, as a row group of Parquet."""
ELSEWHERE = "choose another place"


def _write_csv(frame: pd.DataFrame, path: Path) -> None:
    # The BOM makes Excel read Chinese text; floats keep every digit (shortest round-trip form).
    plain = each_text(frame, plain_text)
    plain.to_csv(path, index=False, encoding="utf-8-sig", lineterminator="\n")


def write_csv_to(frame: pd.DataFrame, file: TextIO) -> None:
    """Write a frame as CSV to an open text file, without the mark that Excel needs."""
    each_text(frame, plain_text).to_csv(file, index=False, lineterminator="\n")


def _write_xlsx(frame: pd.DataFrame, path: Path) -> None:
    check_rows(len(frame), path)
    path.write_bytes(plain_workbook(each_text(frame, clean_text), "forecast"))


def _write_parquet(frame: pd.DataFrame, path: Path) -> None:
    frame.to_parquet(path, index=False, engine="pyarrow")


def _csv_parts(parts: Iterable[pd.DataFrame], path: Path) -> None:
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        waiting: Beside[str] | None = None
        for number, frame in enumerate(parts):
            if waiting is None:
                waiting = beside(_csv_text, frame, not number)
                continue
            text = _csv_text(frame, False)
            file.write(waiting.result())
            file.write(text)
            waiting = None
        if waiting is not None:
            file.write(waiting.result())


def _csv_text(frame: pd.DataFrame, header: bool) -> str:
    return csv_text(each_text(frame, plain_text), header)


def _xlsx_parts(parts: Iterable[pd.DataFrame], path: Path) -> None:
    import pandas as pd

    _write_xlsx(pd.concat(parts, ignore_index=True), path)


def _parquet_parts(parts: Iterable[pd.DataFrame], path: Path) -> None:
    import pyarrow
    import pyarrow.parquet

    writer = None
    for frame in parts:
        table = pyarrow.Table.from_pandas(frame, preserve_index=False)
        writer = writer or pyarrow.parquet.ParquetWriter(path, table.schema)
        writer.write_table(table)
    if writer is not None:
        writer.close()


PARTWISE: Mapping[str, Callable[[Iterable[pd.DataFrame], Path], None]] = {
    ".csv": _csv_parts,
    ".xlsx": _xlsx_parts,
    ".parquet": _parquet_parts,
}
SUFFIXES: Mapping[str, Callable[[pd.DataFrame, Path], None]] = {
    ".csv": _write_csv,
    ".xlsx": _write_xlsx,
    ".parquet": _write_parquet,
}


def check_suffix(path: Path | str, known: Collection[str] = tuple(SUFFIXES)) -> str:
    """Return the suffix of an output path in lower case.

    Parameters
    ----------
    path : Path
        Where something is to be written.
    known : collection of str
        Suffixes that can be written there; those of tables unless given.

    Raises
    ------
    InputError
        If the suffix is none of them, the path is a folder, or nothing can be written there.
    """
    path = Path(path)
    suffix = path.suffix.lower()
    if suffix not in known:
        raise InputError(
            f"{path}: output suffix {path.suffix!r} is not known{nearest(suffix, known)}; "
            f"end the name in {', '.join(known)}"
        )
    if why := obstacle(path):
        raise InputError(f"{path}: the folder cannot be written to ({why}); {ELSEWHERE}")
    if path.is_dir():
        raise InputError(f"{path}: the output is a folder; name a file in it")
    return suffix


def write_table(frame: pd.DataFrame, path: Path | str) -> Path:
    """Write a frame in the format of the path's suffix, replacing an older file in one step.

    Parameters
    ----------
    frame : DataFrame
        The index is not written.
    path : Path
        Ends in ``.csv`` (UTF-8 with BOM, all digits), ``.xlsx`` (16 digits) or
        ``.parquet``; missing folders are made.

    Raises
    ------
    InputError
        If the suffix is not known or the place cannot be written to.
    """
    path = Path(path)
    write = SUFFIXES[check_suffix(path)]
    with _replacing(path) as temporary:
        write(frame, temporary)
    return path


def write_parts(parts: Iterable[pd.DataFrame], path: Path | str) -> Path:
    """Write frames of the same columns as one table, as `write_table` would write them joined.

    No more than one of them is in memory; a workbook is made of all of them. The parts of a
    Parquet file are its row groups.
    """
    path = Path(path)
    write = PARTWISE[check_suffix(path)]
    with _replacing(path) as temporary:
        write(parts, temporary)
    return path


def write_tables(tables: Mapping[str, pd.DataFrame], folder: Path) -> None:
    """Write frames to a folder, each in the format of its name's suffix."""
    for name, frame in tables.items():
        write_table(frame, folder / name)


def write_json(value: Mapping[str, Any], path: Path | str) -> Path:
    """Write a mapping as indented UTF-8 JSON, replacing an older file in one step."""
    text = json.dumps(value, ensure_ascii=False, indent=2, allow_nan=False) + "\n"
    return write_bytes(text.encode(), path)


def write_bytes(content: bytes, path: Path | str) -> Path:
    """Write bytes, replacing an older file in one step."""
    path = Path(path)
    with _replacing(path) as temporary:
        temporary.write_bytes(content)
    return path


def write_folder(files: Mapping[str, bytes], folder: Path | str) -> Path:
    """Write a folder of files by their names in it, replacing an older folder in one step."""
    folder = Path(folder)
    with _replacing(folder) as temporary:
        for name, content in files.items():
            path = temporary / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
    return folder


@contextmanager
def _replacing(path: Path) -> Iterator[Path]:
    """Yield a path in the same folder that takes the final name if nothing goes wrong."""
    with _place_for(path) as temporary:
        yield temporary
        replace_folder(temporary, path)


@contextmanager
def _place_for(path: Path) -> Iterator[Path]:
    """Yield a path in a new folder beside another path, and say what the system has against it."""
    with ExitStack() as stack:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            folder = stack.enter_context(stage(path.parent, ".writing"))
        except OSError as error:
            raise InputError(
                f"{path}: the folder cannot be written to ({reason(error)}); {ELSEWHERE}"
            ) from error
        try:
            with naming(folder / path.name, path):
                yield folder / path.name
        except OSError as error:
            why = f"cannot be written ({reason(error)}); {advice(error)}"
            raise InputError(f"{path}: {why}") from error


@contextmanager
def appearing(paths: Sequence[Path]) -> Iterator[list[Path]]:
    """Yield a place for each of several files, which take their names together at the end.

    The last one is the sign that the others are there: it goes before any of them is replaced, and
    comes when all are. Two runs take turns, so that files of both are never mixed.

    Parameters
    ----------
    paths : sequence of Path
        An older file of the name is replaced.

    Raises
    ------
    InputError
        If a place cannot be written to; no file is changed then.
    """
    with ExitStack() as stack:
        places = [stack.enter_context(_place_for(path)) for path in paths]
        yield places
        for new in places:
            new.stat()
        with in_turn(paths[-1].parent):
            paths[-1].unlink(missing_ok=True)
            for new, path in zip(places, paths, strict=True):
                os.replace(new, path)


def output_path(
    out: Path | str | None,
    reads: Iterable[object] = (),
    suffixes: Collection[str] = tuple(SUFFIXES),
) -> Path | None:
    """Return the path of a file that is to be written, checked; None where there is none.

    Raises
    ------
    InputError
        As `check_suffix` and `refuse_overwriting`.
    """
    if out is None:
        return None
    check_suffix(out, suffixes)
    refuse_overwriting([Path(out)], reads)
    return Path(out)


def refuse_overwriting(outputs: Iterable[Path], inputs: Iterable[object]) -> None:
    """Refuse to write over a file that is read, be it under another name or through a link.

    Parameters
    ----------
    inputs : iterable
        Paths; what is no path (a frame) cannot be written over.

    Raises
    ------
    InputError
        If an output is one of the inputs.
    """
    read = [Path(path) for path in inputs if isinstance(path, str | Path)]
    for out in outputs:
        for path in read:
            if out.exists() and path.exists() and out.samefile(path):
                raise InputError(
                    f"{out}: would overwrite {path}, which is read; choose another name"
                )


def check_folder(out: Path | None, names: Iterable[str] = ()) -> None:
    """Refuse an output folder whose contents would be in the way.

    Parameters
    ----------
    out : Path
        None = nothing is written.
    names : iterable of str
        Files that are to be written there.

    Raises
    ------
    InputError
        If it is a file, one of the names is a folder, or nothing can be written there.
    """
    if out is None:
        return
    if why := obstacle(out):
        raise InputError(f"--out {out}: cannot be written to ({why}); name another folder")
    settle(out)
    if out.exists() and not out.is_dir():
        raise InputError(f"--out {out}: is a file; name a folder")
    for name in names:
        if (out / name).is_dir():
            raise InputError(f"--out {out}: its {name!r} is a folder; name another folder")


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
