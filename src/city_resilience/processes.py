"""Who made something that lies on a disk, and whether that process is still there."""

from __future__ import annotations

import functools
import hashlib
import os
import re
import socket
import sys
from pathlib import Path

__all__ = ["MARK", "is_gone", "own_mark"]

MARK = re.compile(
    r"(?P<pid>\d+)\.(?P<start>\d+)\.(?P<host>\w{6})\.(?P<boot>\w{6})\.(?P<space>\w{6})"
)
"""Process id, its start, and short digests of the machine, of its boot and of its process space."""


def own_mark() -> str:
    """Return the mark of this process, for the name of what it makes."""
    return ".".join((str(os.getpid()), _start(os.getpid()) or "0", *_place()))


def is_gone(mark: str) -> bool:
    """Say whether the process of a mark has surely ended.

    Of another machine, or of another container of this one, nothing is known: False.
    """
    found = MARK.fullmatch(mark)
    host, boot, space = _place()
    if found is None or found["host"] != host:
        return False
    if found["boot"] != boot:
        return True
    if found["space"] != space:
        return False
    pid = int(found["pid"])
    return not _exists(pid) or (_start(pid) or found["start"]) != found["start"]


@functools.cache
def _place() -> tuple[str, str, str]:
    boot = _text(Path("/proc/sys/kernel/random/boot_id"))
    try:
        space = os.readlink("/proc/self/ns/pid")
    except OSError:
        space = ""
    host, boot, space = (
        hashlib.sha256(text.encode()).hexdigest()[:6]
        for text in (socket.gethostname(), boot, space)
    )
    return host, boot, space


def _start(pid: int) -> str:
    """Return when a process started, "" where the system does not say: ids are used again."""
    line = _text(Path(f"/proc/{pid}/stat"))
    after_name = line.rpartition(")")[2].split()
    return after_name[19] if len(after_name) > 19 and after_name[0] != "Z" else ""


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return ""


def _exists(pid: int) -> bool:
    if sys.platform == "win32":
        import ctypes

        handle = ctypes.windll.kernel32.OpenProcess(0x1000, False, pid)
        if handle:
            ctypes.windll.kernel32.CloseHandle(handle)
        return bool(handle)
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    # A process that ended and was not collected by its parent works no more.
    return ") Z " not in _text(Path(f"/proc/{pid}/stat"))
