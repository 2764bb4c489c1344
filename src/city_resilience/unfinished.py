"""Folders beside what is written, and what becomes of them when their process was killed.

What is being made lies in a folder whose name tells the process that made it. It takes its place in
one step. Where the disk cannot change two folders in one step, the older one is moved aside first;
where a user keeps other things in the folder, a plan is written and its entries are moved one by
one. A process that is killed leaves the folder: the next command that writes or reads there ends
what had been decided, or takes away what had not.
"""

from __future__ import annotations

import atexit
import ctypes
import json
import os
import re
import shutil
import sys
import tempfile
import time
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TypeVar

from city_resilience.errors import CityResilienceError, InputError
from city_resilience.processes import MARK, is_gone, own_mark

__all__ = [
    "Scratch",
    "carry_out",
    "exchange",
    "in_turn",
    "replace_folder",
    "scratch",
    "settle",
    "stage",
    "sweep",
    "sweep_scratch",
    "unmoved",
]

PREFIXES = ("writing", "city-resilience")
NAME = re.compile(rf"\.?({'|'.join(PREFIXES)})-(?P<mark>{MARK.pattern})-\w+")
FRESH, OLD, PLAN = "new", "old", ".plan"
"""In an unfinished folder: what is published, what it replaced, and the plan that says so."""
ASIDE = ".aside"
"""There as well: a folder that goes back to its place unless a new one is there."""
TIMES = 20
"""How often a folder is read that others take the place of."""
Read = TypeVar("Read")
SECONDS = 5.0
"""How long a reader waits for a living process that has moved a folder aside."""
RENAME_EXCHANGE, AT_FDCWD = 2, -100


@contextmanager
def in_turn(folder: Path, seconds: float = 60.0) -> Iterator[None]:
    """Wait until no other process puts files into a folder, and keep others waiting.

    Nothing is left in the folder. Systems and disks without such locks go on at once.
    """
    try:
        import fcntl

        handle = os.open(folder, os.O_RDONLY)
    except (ImportError, OSError):
        yield
        return
    try:
        until = time.monotonic() + seconds
        while True:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() > until:
                    raise InputError(
                        f"{folder}: another run has been writing here for {seconds:.0f} s; wait "
                        "for it, or choose another folder"
                    ) from None
                time.sleep(0.02)
            except OSError:
                break
            else:
                break
        yield
    finally:
        os.close(handle)


@contextmanager
def stage(folder: Path, prefix: str) -> Iterator[Path]:
    """Yield a new folder in another one; what is still in it at the end is removed."""
    sweep(folder)
    path = Path(tempfile.mkdtemp(prefix=f"{prefix}-{own_mark()}-", dir=folder))
    try:
        yield path
    finally:
        with suppress(OSError, ValueError, KeyError):
            _heal(path)
            shutil.rmtree(path, ignore_errors=True)


def scratch() -> Path:
    """Make a temporary folder that is removed when the program ends."""
    folder = Path(tempfile.mkdtemp(prefix=f"city-resilience-{own_mark()}-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


class Scratch:
    """A temporary folder that goes with this object, and at the latest when the program ends.

    The folder of a program that was killed goes when another one makes such a folder.

    Attributes
    ----------
    path : Path
    """

    def __init__(self) -> None:
        sweep_scratch()
        self.path = Path(tempfile.mkdtemp(prefix=f"city-resilience-{own_mark()}-"))
        weakref.finalize(self, _remove_own, self.path, os.getpid())


def _remove_own(folder: Path, process: int) -> None:
    """Remove a folder in the process that made it: a forked one leaves it alone."""
    if os.getpid() == process:
        shutil.rmtree(folder, ignore_errors=True)


def sweep_scratch() -> None:
    """Remove the temporary folders of programs that were killed."""
    sweep(Path(tempfile.gettempdir()))


def replace_folder(new: Path, target: Path) -> None:
    """Move something out of an unfinished folder to its place; an older folder goes there."""
    if not (new.is_dir() and target.is_dir()) or not exchange(new, target):
        if new.is_dir() and target.is_dir():
            aside = new.parent / ASIDE
            aside.mkdir(exist_ok=True)
            os.replace(target, aside / target.name)
        os.replace(new, target)


def exchange(one: Path, other: Path) -> bool:
    """Let two folders change places in one step; False where the disk or system cannot."""
    if sys.platform != "linux":
        return False
    try:
        rename = ctypes.CDLL(None, use_errno=True).renameat2
    except (OSError, AttributeError):
        return False
    paths = (os.fsencode(one), os.fsencode(other))
    return int(rename(AT_FDCWD, paths[0], AT_FDCWD, paths[1], RENAME_EXCHANGE)) == 0


def carry_out(staged: Path) -> None:
    """Do what the plan of an unfinished folder says; it may have been begun before."""
    plan = json.loads((staged / PLAN).read_text(encoding="utf-8"))
    out, aside = staged / plan["out"], staged / OLD
    aside.mkdir(exist_ok=True)
    for name in plan["names"]:
        if os.path.lexists(staged / FRESH / name):
            _change(staged / FRESH / name, out / name, aside / name)
    for name in plan["obsolete"]:
        _remove(out / name)
    (staged / PLAN).unlink()


def _change(new: Path, target: Path, aside: Path) -> None:
    """Move an entry to its place; an older folder there goes aside."""
    if target.is_dir() and not target.is_symlink():
        _remove(aside)
        os.replace(target, aside)
    os.replace(new, target)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def settle(path: Path | str | None) -> None:
    """End or take away what killed processes left around a file or folder, before it is used.

    A living process that has moved the folder aside is waited for.
    """
    if path is None:
        return
    path = Path(os.path.abspath(path))
    for folder in (path.parent.parent, path.parent, path):
        sweep(folder)
    until = time.monotonic() + SECONDS
    while not path.exists() and _is_aside(path) and time.monotonic() < until:
        time.sleep(0.01)


def unmoved(folder: Path, read: Callable[[Path], Read]) -> Read:
    """Read a folder; again where another one took its place while it was read."""
    for _ in range(TIMES):
        before = _identity(folder)
        try:
            return read(folder)
        except (OSError, CityResilienceError):
            settle(folder)
            if _identity(folder) == before:
                raise
    return read(folder)


def _identity(folder: Path) -> tuple[int, int] | None:
    try:
        found = folder.stat()
    except OSError:
        return None
    return found.st_ino, found.st_ctime_ns


def _is_aside(path: Path) -> bool:
    around = (*_staged(path.parent), *_staged(path.parent.parent))
    return any((staged / way / path.name).exists() for staged, _ in around for way in (ASIDE, OLD))


def sweep(folder: Path) -> None:
    """Deal with the unfinished folders that killed processes left in a folder."""
    for staged, mark in _staged(folder):
        if is_gone(mark):
            with suppress(OSError, ValueError, KeyError), in_turn(folder):
                _heal(staged)
                shutil.rmtree(staged, ignore_errors=True)


def _heal(staged: Path) -> None:
    if (staged / PLAN).is_file():
        carry_out(staged)
        return
    aside = staged / ASIDE
    for old in list(aside.iterdir()) if aside.is_dir() else ():
        target, new = staged.parent / old.name, staged / old.name
        if not os.path.lexists(target):
            os.replace(new if new.exists() else old, target)


def _staged(folder: Path) -> list[tuple[Path, str]]:
    try:
        names = [entry.name for entry in os.scandir(folder)]
    except OSError:
        return []
    found = [(name, NAME.fullmatch(name)) for name in names]
    return [(folder / name, match["mark"]) for name, match in found if match]
