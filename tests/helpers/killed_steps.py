"""Do something again and again, each time killed at another of its file operations.

Run as a program: it forks, which a process with threads should not. It prints as JSON, for each
case, at how many operations the work was killed and what was wrong.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from city_resilience import unfinished
from city_resilience.files import write_folder
from city_resilience.publishing import publishing

OPERATIONS = ("replace", "rename", "unlink", "remove", "rmdir", "mkdir", "link", "open", "utime")
OLD = {"a.csv": "old", "b.csv": "old", "model/m": "old", "drivers/d": "old", "gone.csv": "old"}
NEW = {"a.csv": "new", "b.csv": "new", "model/m": "new", "drivers/d": "new", "late.csv": "new"}


def kill_at(number: int) -> None:
    """Let this process end, as by kill -9, before its operation of a number; 0 = never."""
    left = [number]

    def counted(function: Callable[..., object]) -> Callable[..., object]:
        def call(*arguments: object, **options: object) -> object:
            left[0] -= 1
            if left[0] == 0:
                os._exit(9)
            return function(*arguments, **options)

        return call

    for name in OPERATIONS:
        setattr(os, name, counted(getattr(os, name)))
    unfinished.exchange = counted(unfinished.exchange)
    sys.modules[publishing.__module__].exchange = unfinished.exchange


def in_child(work: Callable[[Path], None], out: Path, number: int = 0) -> int:
    """Return with which code a child ended that did the work, killed at an operation."""
    child = os.fork()
    if child == 0:
        try:
            kill_at(number)
            work(out)
        except BaseException as error:
            print(repr(error), file=sys.stderr)
            os._exit(1)
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def fill(folder: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)


def found(folder: Path) -> dict[str, str]:
    inside = folder.rglob("*") if folder.is_dir() else ()
    return {str(p.relative_to(folder)): p.read_text() for p in inside if p.is_file()}


def publish(out: Path) -> None:
    with publishing(out, obsolete=["gone.csv"]) as folder:
        fill(folder, NEW)


def export(out: Path) -> None:
    write_folder({name: text.encode() for name, text in NEW.items()}, out)


CASES = {
    "new": (publish, None, {}, True),
    "over an older one": (publish, OLD, {}, True),
    "beside files of the user": (publish, OLD, {"notes.txt": "mine", "map.png": "mine"}, True),
    "beside folders of the user": (publish, OLD, {"notes/day.txt": "mine"}, True),
    "on a disk without exchange": (publish, OLD, {"notes.txt": "mine"}, False),
    "where the user is": (publish, OLD, {"notes.txt": "mine"}, True),
    "bundle": (export, OLD, {}, True),
    "new bundle": (export, None, {}, True),
    "bundle on a disk without exchange": (export, OLD, {}, False),
}
AT_ONCE = ("new", "over an older one", "beside files of the user", "bundle", "new bundle")
"""Cases in which no moment shows anything but the old or the new."""


def faults_of(name: str, place: Path) -> tuple[int, list[str]]:
    """Kill one case at each of its operations; return how many there are, and what was wrong."""
    work, old, kept, with_exchange = CASES[name]
    if not with_exchange:
        unfinished.exchange = lambda *_: False
        sys.modules[publishing.__module__].exchange = unfinished.exchange
    faults: list[str] = []
    before = {**old, **kept} if old else {}
    after = {**NEW, **kept}
    for number in range(1, 1000):
        out = place / "runs" / "out"
        shutil.rmtree(place / "runs", ignore_errors=True)
        out.parent.mkdir()
        fill(out, before)
        if name == "where the user is":
            os.chdir(out)
        code = in_child(work, out, number)
        seen = found(out)
        if name in AT_ONCE and seen not in (before, after):
            faults.append(f"{number}: {sorted(seen.items())}")
        in_child(unfinished.settle, out)
        if found(out) not in (before, after):
            faults.append(f"{number}: after the next command {sorted(found(out).items())}")
        if left := [p.name for p in (*out.parent.iterdir(), *out.glob(".*")) if p.name != "out"]:
            faults.append(f"{number}: left {left}")
        again = in_child(work, out)
        if again != 0 or found(out) != after or len(list(out.parent.iterdir())) != 1:
            faults.append(f"{number}: again ended with {again}: {sorted(found(out).items())}")
        os.chdir(place)
        if code == 0:
            return number - 1, faults
    return -1, [*faults, "never ended by itself"]


def main() -> None:
    """Try all cases."""
    results = {}
    for name in CASES:
        with tempfile.TemporaryDirectory() as folder:
            reading, writing = os.pipe()
            if os.fork() == 0:  # each case by itself: the operations are wrapped for good
                os.write(writing, json.dumps(faults_of(name, Path(folder))).encode()[:60000])
                os._exit(0)
            os.close(writing)
            with os.fdopen(reading) as pipe:
                results[name] = json.loads(pipe.read())
            os.wait()
    print(json.dumps(results))


if __name__ == "__main__":
    main()
