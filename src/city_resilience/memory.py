"""Memory of large panels: arrays of files that are read without their pages, and what is freed.

Pages that are mapped count as memory of the process for as long as the array is there.
"""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Iterator
from contextlib import suppress

import numpy as np

from city_resilience.arrays import Float, Positions
from city_resilience.mapped import mapped_file

__all__ = ["BATCH", "Rows", "batches_of", "give_back", "rows_of"]

Rows = slice | Positions

BATCH = 4096
"""Cities of a batch: arrays of it over a few decades stay in the cache of a core."""


def batches_of(cities: int, size: int = 0) -> Iterator[slice]:
    """Yield batches of so many cities at most, `BATCH` where 0, in their order."""
    size = size or BATCH
    for start in range(0, cities, size):
        yield slice(start, min(start + size, cities))


def rows_of(array: Float, rows: Rows) -> Float:
    """Return rows of an array; those of a file are read, not mapped."""
    part = array[rows]
    if not isinstance(rows, slice):
        return np.array(part)
    place = mapped_file(part) if part.size and min(part.strides) >= 0 else None
    if place is None:
        return np.asarray(part)
    steps = zip(part.shape, part.strides, strict=True)
    cells = 1 + sum((count - 1) * step for count, step in steps) // part.itemsize
    found = np.fromfile(place[0], part.dtype, cells, offset=place[1])
    return np.ascontiguousarray(np.ndarray(part.shape, part.dtype, found, strides=part.strides))


def give_back() -> None:
    """Return to the system what was freed, which allocators keep for what may come.

    Steps of a large panel that follow one another leave blocks of other sizes each.
    """
    arrow = sys.modules.get("pyarrow")
    if arrow is not None:
        arrow.default_memory_pool().release_unused()
    with suppress(OSError, AttributeError, TypeError):  # a system without glibc
        ctypes.CDLL(None).malloc_trim(0)
