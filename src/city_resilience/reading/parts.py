"""A panel in a folder of parts: files with the same headers, read as one table."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from urllib.parse import unquote

import pandas as pd

from city_resilience.errors import InputError
from city_resilience.reading.number_style import Decimal

__all__ = ["Part", "joined_headers", "joined_parts"]

Load = Callable[[Collection[int]], pd.DataFrame]
Part = tuple[Path, tuple[str, ...], Load, Decimal]
"""A file, its headers, what loads its rows (see `RawTable`), and its mark of decimals."""


def joined_parts(folder: Path, parts: Sequence[Part]) -> tuple[tuple[str, ...], Load, Decimal]:
    """Return the headers of all parts, what loads their rows one after another, and their mark.

    A folder named ``KEY=VALUE`` on the way to a file is a column of it, as Spark and pyarrow
    write them, unless the file has that column itself.

    Parameters
    ----------
    folder : Path
    parts : sequence of Part
        In the order of their rows.

    Raises
    ------
    InputError
        If a part has other headers than the first.
    """
    decimal = parts[0][3]
    headers, keys = joined_headers(folder, [(path, names) for path, names, *_ in parts])

    def load(text: Collection[int]) -> pd.DataFrame:
        wanted = {headers[at] for at in text}
        rows = [_rows(part, key, headers, wanted) for part, key in zip(parts, keys, strict=True)]
        whole = pd.concat(rows, ignore_index=True)
        return whole.set_axis(range(2, 2 + len(whole)), axis="index")

    marks = {mark for *_, mark in parts if mark}
    return headers, load, decimal if len(marks) < 2 else "?"


def joined_headers(
    folder: Path, parts: Sequence[tuple[Path, Sequence[str]]]
) -> tuple[tuple[str, ...], list[dict[str, str]]]:
    """Return the headers of all parts, and the columns that stand in the folders of each.

    Parameters
    ----------
    folder : Path
    parts : sequence of (Path, sequence of str)
        Files with their own headers.

    Raises
    ------
    InputError
        If a part has other headers than the first.
    """
    keys = [_keys(folder, path) for path, _ in parts]
    first, own = parts[0]
    headers = (*own, *(key for key in keys[0] if key not in own))
    for (path, names), key in zip(parts, keys, strict=True):
        found = {*names, *key}
        if odd := sorted(found ^ set(headers)):
            where = "not in" if odd[0] in found else "only in"
            raise InputError(
                f"{path}: another table than {first.name}: column {odd[0]!r} is {where} that "
                "one; give all files of the folder the same headers, or name one file"
            )
    return headers, keys


def _rows(
    part: Part, key: dict[str, str], headers: Sequence[str], text: Collection[str]
) -> pd.DataFrame:
    """Return the rows of a part with its columns in the order of the headers."""
    _, names, load, _ = part
    frame = load([at for at, name in enumerate(names) if name in text])
    columns = [
        frame[names.index(name)]
        if name in names
        else pd.Series(key[name], index=frame.index, dtype=object)
        for name in headers
    ]
    return pd.concat(columns, axis="columns", keys=range(len(headers)))


def _keys(folder: Path, path: Path) -> dict[str, str]:
    """Return the columns that stand in the names of the folders between a folder and a file."""
    between = path.relative_to(folder).parts[:-1]
    pairs = (name.partition("=") for name in between if "=" in name)
    return {unquote(key): unquote(value) for key, _, value in pairs}
