"""Arrays as bytes and back: a compressed npz without pickle, checked against its layout."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from city_resilience.errors import InputError
from city_resilience.foreign import decoding

__all__ = ["Layout", "pack_arrays", "unpack_arrays"]

Layout = Mapping[str, tuple[str, int | str]]
"""Name of each array → its type (``f8``) and its length: a number, or a name of a length."""

MOST_BYTES = 256 * 1024 * 1024


def pack_arrays(arrays: Mapping[str, NDArray[Any]]) -> bytes:
    """Pack arrays into a compressed npz whose bytes depend on the arrays alone."""
    import zipfile

    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in sorted(arrays):
            member = io.BytesIO()
            np.lib.format.write_array(member, np.ascontiguousarray(arrays[name]), version=(1, 0))
            info = zipfile.ZipInfo(f"{name}.npy", date_time=(1980, 1, 1, 0, 0, 0))
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, member.getvalue())
    return buffer.getvalue()


def unpack_arrays(
    data: bytes, where: str, layout: Layout, **lengths: int
) -> dict[str, NDArray[Any]]:
    """Unpack an npz without pickle.

    Parameters
    ----------
    where : str
        Name of the file, for messages.
    layout : mapping
        The arrays that are read; all are one-dimensional.
    lengths : int
        Lengths that are known; any other is that of the first array that has it.

    Raises
    ------
    InputError
        If it is no npz, unpacks to more than 256 MB, or an array is missing, of another type or
        length, or not finite.
    """
    found = _read(data, where)
    arrays = {}
    for name, (kind, own) in layout.items():
        array = found.get(name)
        length = (
            own
            if isinstance(own, int)
            else lengths.setdefault(own, 0 if array is None else array.size)
        )
        if array is None or array.dtype.str[1:] != kind or array.shape != (length,):
            what = "nothing" if array is None else f"{array.dtype} of shape {array.shape}"
            raise InputError(
                f"{where}: array {name!r} should be {kind} of shape [{length}], found {what}; "
                "export the model again"
            )
        if kind.startswith("f") and not np.isfinite(array).all():
            raise InputError(f"{where}: array {name!r} holds a value that is not finite")
        arrays[name] = array
    return arrays


def _read(data: bytes, where: str) -> dict[str, NDArray[Any]]:
    import zipfile

    with decoding(where, "not a readable npz", "export the model again"):
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            size = sum(member.file_size for member in archive.infolist())
            if size > MOST_BYTES:
                raise InputError(f"{where}: unpacks to {size:,} bytes; not a model of this tool")
        with np.load(io.BytesIO(data), allow_pickle=False) as loaded:
            return {key: loaded[key] for key in loaded.files}
