"""Columns of a panel in files: one array of shape (cities, years) for each, mapped into memory.

A file is mapped anew each time it is asked for, and in pieces where it is written, so that the
pages of a panel of any size leave the memory of the process as soon as nobody uses them.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from city_resilience.errors import InputError
from city_resilience.unfinished import Scratch

__all__ = ["ColumnFile", "NumberFiles", "NumberRows", "Store", "TextFile", "check_space"]

Int = NDArray[np.int64]
_PIECE = 1 << 21
_numbers = count()
_BLANKS: Mapping[str, float] = {"<f8": np.nan, "<i8": 0, "<i4": -1}


@dataclass(frozen=True)
class ColumnFile:
    """One array in a file.

    Attributes
    ----------
    scratch : Scratch
        Its folder, which stays as long as any of its files is in use.
    path : Path
    shape : tuple of int
        Cities and years.
    kind : str
        ``<f8`` for numbers, ``<i8`` for rows of the file, ``<i4`` for codes of texts.
    """

    scratch: Scratch
    path: Path
    shape: tuple[int, int]
    kind: str = "<f8"

    @classmethod
    def blank(cls, scratch: Scratch, shape: tuple[int, int], kind: str = "<f8") -> ColumnFile:
        """Make a file of blanks: NaN, row 0, or code -1."""
        path = scratch.path / f"{next(_numbers)}.bin"
        cells, blank = shape[0] * shape[1], np.full(_PIECE, _BLANKS[kind], dtype=kind)
        with path.open("wb") as file:
            for first in range(0, cells, _PIECE):
                blank[: cells - first].tofile(file)
        return cls(scratch, path, shape, kind)

    def copied(self) -> ColumnFile:
        """Return the same in a file of its own."""
        path = self.scratch.path / f"{next(_numbers)}.bin"
        shutil.copyfile(self.path, path)
        return replace(self, path=path)

    def read(self) -> np.memmap[Any, Any]:
        """Map the whole array into memory; its pages go with the array that is returned."""
        return np.memmap(self.path, dtype=self.kind, mode="r", shape=self.shape)

    def rows(self, rows: NDArray[np.intp] | slice) -> NDArray[Any]:
        """Return some rows as an array in memory."""
        return np.array(self.read()[rows])

    def put(self, at: Int, values: NDArray[Any]) -> None:
        """Write cells by their position in the array laid flat, wherever they are."""
        if at.size > 1 and (np.diff(at) < 0).any():
            order = np.argsort(at, kind="stable")
            at, values = at[order], values[order]
        cells, done = self.shape[0] * self.shape[1], 0
        while done < len(at):
            first = int(at[done]) // _PIECE * _PIECE
            end = int(np.searchsorted(at, first + _PIECE))
            width = min(_PIECE, cells - first)
            offset = first * np.dtype(self.kind).itemsize
            piece = np.memmap(self.path, self.kind, "r+", offset=offset, shape=(width,))
            piece[at[done:end] - first] = values[done:end]
            done = end


@dataclass(frozen=True)
class TextFile:
    """A column of texts: codes in a file, and the texts in memory, each once.

    Attributes
    ----------
    codes : ColumnFile
        Place of the text; -1 where there is no row.
    texts : tuple of str
    """

    codes: ColumnFile
    texts: tuple[str, ...]

    def of(self, codes: NDArray[np.int32]) -> NDArray[np.object_]:
        """Return the texts of codes, "" for -1."""
        return np.array([*self.texts, ""], dtype=object)[codes]


@dataclass(frozen=True)
class NumberFiles(Mapping[str, NDArray[np.float64]]):
    """The variables of a panel by id, each mapped into memory when it is asked for."""

    files: Mapping[str, ColumnFile]

    def __getitem__(self, name: str) -> NDArray[np.float64]:
        """Map a variable."""
        return self.files[name].read()

    def __iter__(self) -> Iterator[str]:
        """Iterate over the ids."""
        return iter(self.files)

    def __len__(self) -> int:
        """Return the number of variables."""
        return len(self.files)


@dataclass(frozen=True)
class NumberRows(Mapping[str, NDArray[np.float64]]):
    """The variables of some cities by id, each read once when it is asked for."""

    files: Mapping[str, ColumnFile]
    cities: NDArray[np.intp] | slice
    _read: dict[str, NDArray[np.float64]] = field(default_factory=dict)

    def __getitem__(self, name: str) -> NDArray[np.float64]:
        """Return a variable, which may not be written to."""
        if name not in self._read:
            values = self.files[name].rows(self.cities)
            values.flags.writeable = False
            self._read[name] = values
        return self._read[name]

    def __iter__(self) -> Iterator[str]:
        """Iterate over the ids."""
        return iter(self.files)

    def __len__(self) -> int:
        """Return the number of variables."""
        return len(self.files)


@dataclass(frozen=True)
class Store:
    """A panel's keys in memory and its columns in files.

    Attributes
    ----------
    cities : tuple of str
        Sorted.
    years : ndarray of int64, shape (years,)
    rows : ColumnFile
        Row in the file of each city and year; 0 where there is none.
    texts : mapping of str to TextFile
        ``province``, ``nation`` and the groups, in the order of a frame's columns.
    numbers : mapping of str to ColumnFile
        Variables by id.
    """

    cities: tuple[str, ...]
    years: Int
    rows: ColumnFile
    texts: Mapping[str, TextFile] = field(default_factory=dict)
    numbers: Mapping[str, ColumnFile] = field(default_factory=dict)

    @property
    def shape(self) -> tuple[int, int]:
        """Number of cities and of years."""
        return len(self.cities), len(self.years)

    @property
    def scratch(self) -> Scratch:
        """The folder of its files."""
        return self.rows.scratch


def check_space(shape: tuple[int, int], numbers: int, texts: int, rows: int) -> None:
    """Refuse a panel for whose files the disk of temporary folders has no space.

    Raises
    ------
    InputError
        Says how much is needed and free, and how to name another folder.
    """
    needed = shape[0] * shape[1] * (8 * (numbers + 1) + 4 * texts) + 6 * rows
    folder = tempfile.gettempdir()
    free = shutil.disk_usage(folder).free
    if needed > free:
        raise InputError(
            f"needs {needed / 1e9:,.1f} GB for its columns in {folder}, where "
            f"{free / 1e9:,.1f} GB are free; free some space, or name another folder in TMPDIR"
        )
