"""Locks beside an SQLite store: one process at a time, and who it is."""

from __future__ import annotations

import json
import os
import shlex
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from city_resilience.errors import InputError

__all__ = ["LOCK_SECONDS", "turn"]

LOCK_SECONDS = 300.0
HOLDER = ".holder"
"""Beside a lock: a file that tells who has it."""


@contextmanager
def turn(lock_file: Path, seconds: float | None = None) -> Iterator[None]:
    """Hold a lock; the system frees it when the process ends, however that ends.

    Parameters
    ----------
    seconds : float
        How long to wait for another process.

    Raises
    ------
    InputError
        If it is held for longer, with who holds it, or cannot be made.
    """
    from filelock import FileLock, Timeout

    seconds = LOCK_SECONDS if seconds is None else seconds
    lock = FileLock(lock_file, timeout=seconds)
    holder = lock_file.with_name(lock_file.name + HOLDER)
    try:
        lock_file.parent.mkdir(parents=True, exist_ok=True)
        lock.acquire()
    except Timeout as error:
        raise InputError(
            f"{lock_file.parent}: {_told(holder)} has been at work in the store for "
            f"{seconds:.0f} s; nothing was registered; wait for it or end it, and run the command "
            "again"
        ) from error
    except OSError as error:
        raise InputError(
            f"{lock_file.parent}: the store's folder cannot be written to ({error.strerror}); "
            "give --store"
        ) from error
    try:
        holder.write_text(json.dumps(_self()), encoding="utf-8")
        yield
    finally:
        holder.unlink(missing_ok=True)
        lock.release()


def _self() -> dict[str, str | int]:
    words = [Path(sys.argv[0]).name, *sys.argv[1:]]
    since = time.strftime("%H:%M:%S")
    return {
        "pid": os.getpid(),
        "host": socket.gethostname(),
        "command": shlex.join(words),
        "since": since,
    }


def _told(holder: Path) -> str:
    try:
        found = json.loads(holder.read_text(encoding="utf-8"))
        return "process {pid} on {host} ({command}, since {since})".format_map(found)
    except (OSError, ValueError, KeyError, TypeError):
        return "another process"
