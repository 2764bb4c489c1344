"""Bytes that come from anyone: what a library raises at them becomes an error for the user."""

from __future__ import annotations

import json
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from city_resilience.errors import CityResilienceError, InputError

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["decoding", "read_bytes", "read_json", "read_result", "read_table", "read_text"]

MOST_JSON = 256_000_000


@contextmanager
def decoding(where: object, what: str, do: str) -> Iterator[None]:
    """Refuse what a library cannot decode, unpack or parse, whatever it raises.

    Damaged bytes make libraries raise almost anything, and one of them panic, so no list of errors
    is ever whole. Only calls of such libraries belong inside: an error of this program would be
    taken for one of the file.

    Parameters
    ----------
    where : object
        The file, or the place within it, as the user named it.
    what, do : str
        What it is not, and what to do about it.

    Raises
    ------
    InputError
        In place of every other error.
    """
    try:
        yield
    except CityResilienceError:
        raise
    except MemoryError as error:
        larger = "says that it is larger than the memory"
        raise InputError(f"{where}: {larger}; damaged, or save less in it") from error
    except BaseException as error:
        # A library in Rust panics with what is no Exception and cannot be imported.
        if not isinstance(error, Exception) and type(error).__name__ != "PanicException":
            raise
        if isinstance(error, OSError) and error.strerror:
            raise _unread(where, error) from error
        raise InputError(f"{where}: {what}; {do}") from error


def read_bytes(path: Path, most: int, do: str) -> bytes:
    """Read a plain file that is not larger than can be meant.

    Parameters
    ----------
    most : int
        The most bytes that are read.
    do : str
        What to do if it is no such file.

    Raises
    ------
    FileNotFoundError
        If there is none; what should be there is for the caller to say.
    InputError
        If it is a folder, a device or a pipe, larger, or may not be read.
    """
    try:
        mode = path.stat().st_mode  # before it is opened: a pipe would wait for its other end
        if not stat.S_ISREG(mode):
            kind = "a folder" if stat.S_ISDIR(mode) else "a device or a pipe"
            raise InputError(f"{path}: {kind}, not a file; {do}")
        with path.open("rb") as file:
            data = file.read(most + 1)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise _unread(path, error) from error
    except ValueError as error:  # a character that no name of a file has
        raise InputError(f"{str(path)!r}: no name of a file; {do}") from error
    if len(data) > most:
        size = f"{most / 1e6:,.0f} MB" if most >= 1e6 else f"{most:,} bytes"
        raise InputError(f"{path}: larger than {size}; {do}")
    return data


def read_text(path: Path, most: int, do: str) -> str:
    """Read a plain file of UTF-8 text as `read_bytes` does.

    Raises
    ------
    InputError
        Also if it is not UTF-8.
    """
    data = read_bytes(path, most, do)
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        found = f"byte 0x{data[error.start]:02x} at offset {error.start}"
        raise InputError(f"{path}: not UTF-8 text, {found}; save it as UTF-8") from error


def read_json(path: Path, do: str, most: int = MOST_JSON) -> Any:
    """Read a file of JSON.

    Raises
    ------
    FileNotFoundError, InputError
        As `read_text`; also if it is no JSON.
    """
    text = read_text(path, most, do)
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path}: not valid JSON ({error}); {do}") from error


def read_result(
    path: Path, file: str, what: str, do: str, form: int, sound: Callable[[Any], bool]
) -> dict[str, Any]:
    """Read what a command kept in parts as JSON, from its file or from the folder that holds it.

    Parameters
    ----------
    file : str
        Name of the file in a folder.
    what : str
        What it is, for errors.
    do : str
        How it is made again.
    form : int
        Number of its format.
    sound : callable
        Whether all is there that a reader needs.

    Raises
    ------
    InputError
        If there is none, or the file is none of this program.
    """
    path = path / file if path.is_dir() else path
    try:
        found = read_json(path, do)
    except FileNotFoundError as error:
        raise InputError(f"{path}: no {what} is there; {do}") from error
    if not sound(found):
        own = found.get("format") if isinstance(found, dict) else type(found).__name__
        raise InputError(
            f"{path}: expected a {what} of format {form}, found {own!r} or a part without its "
            f"rows; {do}"
        )
    result: dict[str, Any] = found
    return result


def read_table(path: Path) -> pd.DataFrame:
    """Read a .csv or .parquet file that a command wrote.

    Raises
    ------
    InputError
        If it is damaged.
    """
    import pandas as pd

    with decoding(path, "not as a command wrote it", "run that command again"):
        return pd.read_csv(path) if path.suffix == ".csv" else pd.read_parquet(path)


def _unread(where: object, error: OSError) -> InputError:
    return InputError(f"{where}: cannot be read: {error.strerror}; check the file")
