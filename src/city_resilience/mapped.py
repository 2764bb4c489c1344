"""Arrays that are maps of files: which file that is, and the same map in another process."""

from __future__ import annotations

import mmap
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Place", "laid_out", "mapped", "mapped_file", "place_of"]

Place = tuple[str, int, str, tuple[int, ...], tuple[int, ...]]
"""File, first byte, type, shape and order of axes of an array: what `mapped` is given."""


def mapped_file(array: NDArray[Any]) -> tuple[Path, int] | None:
    """Return the file that an array maps, and the byte at which it begins; None for memory."""
    own: Any = array
    while isinstance(own, np.ndarray):
        if isinstance(own, np.memmap) and isinstance(own.base, mmap.mmap):
            if own.filename is None or not Path(own.filename).exists():
                return None
            begin = array.__array_interface__["data"][0] - own.__array_interface__["data"][0]
            return Path(own.filename).absolute(), int(own.offset + begin)
        own = own.base
    return None


def laid_out(array: NDArray[Any]) -> tuple[NDArray[Any], tuple[int, ...]]:
    """Return an array with its axes in the order of memory, and the order that they had."""
    axes = sorted(range(array.ndim), key=lambda axis: -abs(array.strides[axis]))
    return array.transpose(axes), tuple(np.argsort(axes).tolist())


def place_of(array: NDArray[Any]) -> Place | None:
    """Return where an array lies in a file, in one piece; None for any other."""
    whole, back = laid_out(array)
    found = mapped_file(array) if whole.flags.c_contiguous else None
    return None if found is None else (str(found[0]), found[1], array.dtype.str, whole.shape, back)


def mapped(
    path: str, offset: int, dtype: str, shape: Sequence[int], axes: Sequence[int]
) -> NDArray[Any]:
    """Map an array that cannot be written to, in the layout that it had.

    Sums in another order have other last bits.
    """
    whole = np.memmap(path, dtype=np.dtype(dtype), mode="r", offset=offset, shape=tuple(shape))
    return np.asarray(whole).transpose(axes)
