"""What pieces of work share, packed so that its large arrays lie in files that workers map.

Workers of one machine then hold them in memory once together, and an array that is a map of a
file already travels as the name of that file.
"""

from __future__ import annotations

import io
import mmap
import pickle
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np
from numpy.typing import NDArray

__all__ = ["LARGE", "Parcel", "mapped_file", "packed"]

LARGE = 2**20
"""Bytes from which an array goes into a file; below, a file costs more than it saves."""


class Parcel:
    """A packed object, unpacked once in each process that asks for it.

    Parameters
    ----------
    content : bytes
        Of `packed`.
    """

    def __init__(self, content: bytes) -> None:
        self._content = content
        self._own: tuple[Any, ...] = ()

    @property
    def own(self) -> Any:
        """The object; its large arrays cannot be written to."""
        if not self._own:
            self._own = (pickle.loads(self._content),)
        return self._own[0]

    def __reduce__(self) -> tuple[Any, ...]:
        return Parcel, (self._content,)


def packed(own: Any, folder: Path, seen: Path = Path("/")) -> bytes:
    """Pickle an object with its large arrays in files of a folder that the other side sees too.

    An array that is a map of a file below ``seen`` is not written again. Arrays come back in the
    layout they had in memory, since sums in another order have other last bits. An object whose
    class has ``reduce_to_files`` travels as that says in place of ``__reduce__``.
    """
    import cloudpickle

    class Pickler(cloudpickle.Pickler):  # type: ignore[misc]
        def reducer_override(self, obj: Any) -> Any:
            if isinstance(obj, np.ndarray) and obj.nbytes >= LARGE and not obj.dtype.hasobject:
                return _mapped, _in_a_file(obj, folder, seen)
            if (reduce := getattr(type(obj), "reduce_to_files", None)) is not None:
                return reduce(obj)
            return super().reducer_override(obj)

    written = io.BytesIO()
    Pickler(written, protocol=pickle.HIGHEST_PROTOCOL).dump(own)
    return written.getvalue()


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


def _in_a_file(array: NDArray[Any], folder: Path, seen: Path) -> tuple[Any, ...]:
    """Return what `_mapped` makes an array of again; write it to a file unless it is in one."""
    axes = sorted(range(array.ndim), key=lambda axis: -abs(array.strides[axis]))
    laid_out = array.transpose(axes)
    found = mapped_file(array) if laid_out.flags.c_contiguous else None
    if found is None or not found[0].is_relative_to(seen):
        found = folder / f"{uuid4().hex}.array", 0
        with found[0].open("wb") as file:
            np.ascontiguousarray(laid_out).tofile(file)
    back = tuple(np.argsort(axes).tolist())
    return str(found[0]), found[1], array.dtype.str, laid_out.shape, back


def _mapped(
    path: str, offset: int, dtype: str, shape: Sequence[int], axes: Sequence[int]
) -> NDArray[Any]:
    whole = np.memmap(path, dtype=np.dtype(dtype), mode="r", offset=offset, shape=tuple(shape))
    return np.asarray(whole).transpose(axes)
