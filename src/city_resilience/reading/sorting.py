"""Rows of a table brought together by city, outside memory, by DuckDB."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import pandas as pd

from city_resilience.errors import InputError
from city_resilience.foreign import decoding
from city_resilience.reading.row_blocks import BLOCK_ROWS, FIRST_ROW, BlockTable
from city_resilience.unfinished import Scratch
from city_resilience.workers import worker_count

__all__ = ["free_memory", "sorted_blocks"]

_MEMORY = "500MB"
_ROW, _FILE = "city_resilience_row", "city_resilience_file"


def free_memory() -> int:
    """Return how many bytes of memory the system has free or could free; huge if it is silent."""
    try:
        text = Path("/proc/meminfo").read_text(encoding="ascii")
        (line,) = (line for line in text.splitlines() if line.startswith("MemAvailable"))
        return 1024 * int(line.split()[1])
    except (OSError, ValueError):
        return 1 << 62


def sorted_blocks(
    table: BlockTable, columns: set[int], city: int, scratch: Scratch
) -> Iterator[pd.DataFrame]:
    """Yield some columns in blocks, the rows of a city one after another in the order of the file.

    Parameters
    ----------
    table : BlockTable
        Whose columns all stand in its files.
    columns : set of int
        Positions.
    city : int
        Position of the column that names the cities.
    scratch : Scratch
        Holds the sorted rows and what does not fit into memory meanwhile.

    Returns
    -------
    iterator of DataFrame
        The index is the row in the file, as of `BlockTable.blocks`.

    Raises
    ------
    InputError
        If DuckDB is not installed.
    """
    path = scratch.path / "sorted.parquet"
    _sort(table, {at: table.headers[at] for at in sorted({*columns, city})}, city, path)
    import pyarrow.parquet

    starts, first = {}, FIRST_ROW
    for part in table.parts:
        starts[str(part.path)], first = first, first + part.rows
    for batch in pyarrow.parquet.ParquetFile(path).iter_batches(BLOCK_ROWS):
        frame = batch.to_pandas()
        rows = frame[_FILE].map(starts) + frame[_ROW]
        named = {str(at): at for at in columns}
        block = frame[[*named]].rename(columns=named)
        yield block.set_axis(pd.Index(rows.to_numpy()), axis="index")
    path.unlink()


def _sort(table: BlockTable, named: Mapping[int, str], city: int, path: Path) -> None:
    """Write the columns, called by their positions, in the order of the cities."""
    try:
        import duckdb
    except ImportError as error:
        raise InputError(
            "the rows of each city are scattered over a table that is larger than the free memory; "
            "install city-resilience[scale], whose DuckDB sorts them, or sort the file by city"
        ) from error
    chosen = ", ".join(f'{_quoted(name)} AS "{at}"' for at, name in named.items())
    files = ", ".join("'" + str(part.path).replace("'", "''") + "'" for part in table.parts)
    settings = ("file_row_number", "filename", "union_by_name")
    told = ", ".join(f"{name}=true" for name in settings)
    source = f"read_parquet([{files}], {told}, hive_partitioning=false)"
    with (
        decoding(table.name, "cannot be sorted by DuckDB", "sort it by city"),
        duckdb.connect() as base,
    ):
        base.execute("SET enable_progress_bar=false")  # it writes to the standard output
        base.execute(f"SET memory_limit='{_MEMORY}'")
        base.execute(f"SET threads={worker_count()}")
        base.execute("SET temp_directory=?", [str(path.parent)])
        base.execute(
            f"COPY (SELECT {chosen}, file_row_number AS {_ROW}, filename AS {_FILE} FROM {source} "
            f"ORDER BY \"{city}\", {_FILE}, {_ROW}) TO '{path}' (FORMAT parquet)"
        )


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
