"""Places on disk: whether something can be written there, and what the system says where not."""

from __future__ import annotations

import errno
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from city_resilience.errors import InputError

__all__ = ["LEAST_FREE", "LONGEST_NAME", "advice", "fault_of", "naming", "obstacle", "reason"]

LONGEST_NAME = 200
"""Bytes of a name; most disks hold 255, and files beside it have longer names."""
LEAST_FREE = 1_000_000
_FULL = {errno.ENOSPC, errno.EDQUOT}
_OF_DISK = {
    *(*_FULL, errno.EROFS, errno.EACCES, errno.EPERM, errno.EIO, errno.EFBIG, errno.ENAMETOOLONG),
    *(errno.EMFILE, errno.ENFILE, errno.ENOTDIR, errno.EISDIR, errno.ESTALE, errno.ELOOP),
}
_OF_DATABASE = re.compile(
    "attempt to write a readonly database|database or disk is full|disk I/O error"
    "|unable to open database file"
)


def obstacle(path: Path) -> str:
    """Return why nothing can be written at a path, as far as it can be told; "" where it can.

    Nothing is written to find out.

    Examples
    --------
    >>> obstacle(Path("n" * 300))
    'its name has 300 bytes, more than 200'
    """
    if (length := len(os.fsencode(path.name))) > LONGEST_NAME:
        return f"its name has {length} bytes, more than {LONGEST_NAME}"
    try:
        folder = next(each for each in path.absolute().parents if each.exists())
        if not folder.is_dir():
            return os.strerror(errno.EEXIST)
        if not os.access(folder, os.W_OK):
            return os.strerror(errno.EROFS if _is_read_only(folder) else errno.EACCES)
        return os.strerror(errno.ENOSPC) if _is_full(folder) else ""
    except OSError as error:
        return reason(error)


@contextmanager
def naming(place: Path, shown: Path) -> Iterator[None]:
    """Name a place in errors as the user named it, not where it is made."""
    try:
        yield
    except InputError as error:
        own = str(error).replace(str(place), str(shown))
        if own == str(error):
            raise
        raise InputError(own, error.paste) from error


def _is_read_only(folder: Path) -> bool:
    return hasattr(os, "statvfs") and bool(os.statvfs(folder).f_flag & os.ST_RDONLY)


def _is_full(folder: Path) -> bool:
    return shutil.disk_usage(folder).free < LEAST_FREE


def reason(error: OSError) -> str:
    """Return what the system says, without the path."""
    if error.strerror and "[errno" not in error.strerror:
        return error.strerror
    return os.strerror(error.errno) if error.errno else str(error)


def advice(error: OSError) -> str:
    """Return what to do where something could not be written."""
    if error.errno in _FULL:
        return "free some space, or choose another place"
    return "close the program that has it open, or choose another place"


def fault_of(error: BaseException) -> str:
    """Return what disk or memory an error comes from, in words for the user; "" for none."""
    seen: list[BaseException] = []
    own: BaseException | None = error
    while own is not None and own not in seen:
        if isinstance(own, MemoryError):
            return "the memory does not suffice; use less data, or a larger machine"
        if isinstance(own, OSError) and own.errno in _OF_DISK:
            where = f"{own.filename}: " if own.filename else ""
            return f"{where}cannot be read or written ({reason(own)}); {advice(own)}"
        if found := _OF_DATABASE.search(str(own)):
            return (
                f"the store cannot be written to ({found[0]}); free some space, get the right to "
                "write there, or give --store"
            )
        seen.append(own)
        own = own.__cause__ or own.__context__
    return ""
