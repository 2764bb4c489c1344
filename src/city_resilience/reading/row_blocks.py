"""A Parquet file, or a folder of such parts, as one table that is read in blocks of rows."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd

from city_resilience.errors import InputError
from city_resilience.foreign import decoding
from city_resilience.reading.parts import joined_headers

__all__ = ["BLOCK_ROWS", "FIRST_ROW", "BlockPart", "BlockTable", "open_blocks"]

BLOCK_ROWS = 1 << 18
"""Rows that are read at once: of 20 columns of numbers these are 42 MB, whatever the file holds."""
FIRST_ROW = 2
"""Row of the first record, as a spreadsheet counts below the headers."""
_BUFFER = 1 << 20
_CELLS_A_BYTE = 64
_FEW_CELLS = 1 << 26
_UNREADABLE = ("not a readable Parquet file", "write it again")


@dataclass(frozen=True)
class BlockPart:
    """One file of a table.

    Attributes
    ----------
    path : Path
    headers : tuple of str
        Of its own columns, by position.
    constants : mapping of str to str
        Columns that stand in the names of its folders.
    rows : int
    kinds : tuple of str
        What its own columns hold: ``number``, ``text`` or ``other``.
    """

    path: Path
    headers: tuple[str, ...]
    constants: Mapping[str, str]
    rows: int
    kinds: tuple[str, ...]


@dataclass(frozen=True)
class BlockTable:
    """A table of any size whose columns are read by blocks of rows.

    Attributes
    ----------
    headers : tuple of str
        By position.
    parts : tuple of BlockPart
        In the order of their rows.
    name, source : str
        As of `opening.RawTable`.
    """

    headers: tuple[str, ...]
    parts: tuple[BlockPart, ...]
    name: str
    source: str

    @property
    def rows(self) -> int:
        """Number of rows."""
        return sum(part.rows for part in self.parts)

    @cached_property
    def plain(self) -> frozenset[int]:
        """Positions of the columns that hold numbers in all parts."""
        return frozenset(
            at for at, name in enumerate(self.headers) if {*self._kinds(name)} == {"number"}
        )

    def _kinds(self, header: str) -> Iterator[str]:
        for part in self.parts:
            own = header in part.headers
            yield part.kinds[part.headers.index(header)] if own else "text"

    def blocks(self, columns: Collection[int], *, coded: bool = False) -> Iterator[pd.DataFrame]:
        """Yield some columns of each block of rows, whose index is the row in the file, from 2.

        Parameters
        ----------
        columns : collection of int
            Positions.
        coded : bool
            Texts come as categories, each spelt out once in a block.

        Raises
        ------
        InputError
            If a part is damaged.
        """
        first = FIRST_ROW
        for part in self.parts:
            for block in self._of_part(part, sorted(columns), coded=coded):
                yield block.set_axis(range(first, first + len(block)), axis="index")
                first += len(block)

    def _of_part(
        self, part: BlockPart, columns: Collection[int], *, coded: bool
    ) -> Iterator[pd.DataFrame]:
        names = {at: self.headers[at] for at in columns}
        own = {at: part.headers.index(name) for at, name in names.items() if name in part.headers}
        places = {position: at for at, position in own.items()}
        for frame in _batches(part, sorted(places), coded=coded):
            block = frame.rename(columns=places)
            for at in names.keys() - own.keys():
                block[at] = pd.Series(part.constants[names[at]], index=frame.index, dtype=object)
            del frame
            yield block


def open_blocks(path: Path) -> BlockTable | None:
    """Open a Parquet file or a folder that holds nothing but such parts; None for all else.

    A table with two columns of one name is none either.

    Raises
    ------
    InputError
        If a file is damaged, says that it holds far more than its bytes can, or has other headers
        than the first of its folder.
    """
    if path.is_dir():
        every = sorted(own for own in path.rglob("*") if own.is_file())
        files = [own for own in every if not own.name.startswith((".", "_", "~$"))]
    else:
        files = [path] if path.is_file() else []
    if not files or any(own.suffix.lower() != ".parquet" for own in files):
        return None
    opened = [_opened(own) for own in files]
    if any(len(set(names)) < len(names) for names, *_ in opened):
        return None
    named = [(own, headers) for own, (headers, *_) in zip(files, opened, strict=True)]
    headers, keys = joined_headers(path if path.is_dir() else path.parent, named)
    parts = tuple(
        BlockPart(own, names, key, rows, kinds)
        for own, key, (names, rows, kinds) in zip(files, keys, opened, strict=True)
    )
    if not path.is_dir():
        headers = parts[0].headers
    return BlockTable(headers, parts, str(path), path.name)


def _opened(path: Path) -> tuple[tuple[str, ...], int, tuple[str, ...]]:
    """Return headers, number of rows, and what the columns hold."""
    import pyarrow.parquet

    with decoding(path, *_UNREADABLE):
        file = pyarrow.parquet.ParquetFile(path)
        rows, schema = file.metadata.num_rows, file.schema_arrow
    cells, size = rows * len(schema.names), path.stat().st_size
    if cells > max(_FEW_CELLS, _CELLS_A_BYTE * size):
        raise InputError(
            f"{path}: {rows:,} rows of {len(schema.names):,} columns in {size / 1e6:,.1f} MB; that "
            "is no table of statistics, save less in it"
        )
    headers = tuple(str(name).strip() for name in schema.names)
    return headers, rows, tuple(map(_kind, schema.types))


def _kind(type_: Any) -> str:
    import pyarrow.types as of

    if of.is_integer(type_) or of.is_floating(type_):
        return "number"
    return "text" if of.is_string(type_) or of.is_large_string(type_) else "other"


def _batches(part: BlockPart, positions: list[int], *, coded: bool) -> Iterator[pd.DataFrame]:
    """Yield columns of a part by position, in blocks of rows."""
    import pyarrow
    import pyarrow.parquet

    if not positions:
        for first in range(0, part.rows, BLOCK_ROWS):
            yield pd.DataFrame(index=range(min(BLOCK_ROWS, part.rows - first)))
        return
    with decoding(part.path, *_UNREADABLE):
        shown = pyarrow.parquet.ParquetFile(part.path).schema_arrow.names
        texts = [shown[at] for at in positions if part.kinds[at] == "text"] if coded else None
        file = pyarrow.parquet.ParquetFile(
            part.path, buffer_size=_BUFFER, pre_buffer=False, read_dictionary=texts
        )
        asked = [shown[at] for at in positions]
        batches = file.iter_batches(BLOCK_ROWS, columns=asked)
    while True:
        with decoding(part.path, *_UNREADABLE):
            batch = next(batches, None)
            if batch is None:
                return
            table = pyarrow.Table.from_batches([batch]).select(asked)
            table.validate(full=True)
            frame = table.to_pandas(ignore_metadata=True, split_blocks=True)
            del batch, table  # else they stay while the block is worked on
        yield frame.set_axis(positions, axis="columns")
