"""What pieces of work share, packed so that its large arrays lie in files that workers map.

Workers of one machine then hold them in memory once together, and an array that is a map of a
file already travels as the name of that file.
"""

from __future__ import annotations

import io
import pickle
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np
from numpy.typing import NDArray

from city_resilience.mapped import Place, laid_out, mapped, place_of

__all__ = ["LARGE", "Parcel", "packed"]

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
                return mapped, _in_a_file(obj, folder, seen)
            if (reduce := getattr(type(obj), "reduce_to_files", None)) is not None:
                return reduce(obj)
            return super().reducer_override(obj)

    written = io.BytesIO()
    Pickler(written, protocol=pickle.HIGHEST_PROTOCOL).dump(own)
    return written.getvalue()


def _in_a_file(array: NDArray[Any], folder: Path, seen: Path) -> Place:
    """Return where an array lies in a file; write it to one unless it does."""
    found = place_of(array)
    if found is not None and Path(found[0]).is_relative_to(seen):
        return found
    path, (whole, back) = folder / f"{uuid4().hex}.array", laid_out(array)
    with path.open("wb") as file:
        np.ascontiguousarray(whole).tofile(file)
    return str(path), 0, array.dtype.str, whole.shape, back
