"""How much runs at once: as many workers as the process may use cores, or as many as it is told."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import ContextVar, copy_context
from pathlib import Path
from typing import TypeVar

from threadpoolctl import threadpool_limits

from city_resilience.errors import InputError
from city_resilience.progress import Progress

__all__ = ["VARIABLE", "at_most", "in_threads", "usable_cores", "worker_count"]

Result = TypeVar("Result")
VARIABLE = "CITY_RESILIENCE_WORKERS"
CONTROL_GROUPS = Path("/sys/fs/cgroup")
OWN_GROUPS = Path("/proc/self/cgroup")
_asked: ContextVar[int | None] = ContextVar("asked", default=None)
_inside: ContextVar[bool] = ContextVar("inside", default=False)


def worker_count() -> int:
    """Return how many calls run at once.

    One within a call of `in_threads`; what `at_most` was given, else ``CITY_RESILIENCE_WORKERS``,
    else the cores that may be used.

    Raises
    ------
    InputError
        If the variable is no whole number above zero.
    """
    told, given = _asked.get(), os.environ.get(VARIABLE, "").strip()
    if _inside.get():
        return 1
    if told is not None or not given:
        return told or usable_cores()
    if not given.isascii() or not given.isdigit() or int(given) == 0:
        raise InputError(
            f"{VARIABLE}: expected a whole number above zero, found {given!r}; change or unset it"
        )
    return int(given)


@contextmanager
def at_most(count: int | None) -> Iterator[None]:
    """Run so many calls at once in what follows; None leaves it as it is.

    Raises
    ------
    InputError
        If the number is below one.
    """
    if count is not None and count < 1:
        raise InputError(f"--workers: expected a whole number above zero, found {count}; change it")
    before = _asked.set(_asked.get() if count is None else count)
    try:
        yield
    finally:
        _asked.reset(before)


def usable_cores() -> int:
    """Return on how many cores this process may run at once.

    The smallest of those of the machine, of its affinity (``taskset``), and of the processor time
    that its control group or one above it may take (containers, systemd), rounded up.
    """
    if hasattr(os, "sched_getaffinity"):
        cores = len(os.sched_getaffinity(0))
    else:
        cores = os.cpu_count() or 1
    return max(1, min(cores, *(math.ceil(share) for share in _quotas()), cores))


def _quotas() -> Iterator[float]:
    """Yield the cores that each control group above this process grants, where it limits them."""
    for line in _text(OWN_GROUPS).splitlines():
        _, _, rest = line.partition(":")
        controllers, _, path = rest.partition(":")
        version_1 = "cpu" in controllers.split(",")
        if not version_1 and controllers:
            continue
        top = CONTROL_GROUPS / controllers if version_1 else CONTROL_GROUPS
        top = top if top.is_dir() or not version_1 else CONTROL_GROUPS / "cpu"
        inner = top / path.strip("/")
        for folder in (inner, *(each for each in inner.parents if each.is_relative_to(top))):
            yield from _quota(folder)


def _quota(folder: Path) -> Iterator[float]:
    """Yield the cores of one control group, of version 2 or 1, where it limits them."""
    both = _text(folder / "cpu.max").split() or [
        *_text(folder / "cpu.cfs_quota_us").split(),
        *_text(folder / "cpu.cfs_period_us").split(),
    ]
    if len(both) == 2 and both[0].isdigit() and int(both[1]) > 0:
        yield int(both[0]) / int(both[1])


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii", errors="replace")
    except OSError:
        return ""


def in_threads(
    calls: Sequence[Callable[[], Result]], what: str, progress: Progress
) -> list[Result]:
    """Run calls in as many threads as there are workers, and return what they gave, in order.

    Each call keeps to its thread: what it runs itself through ``in_threads`` comes one by one, and
    linear algebra starts no threads, which would wait for each other where cores are busy.
    """
    if _inside.get():
        return _in_turn(calls, what, progress)
    with threadpool_limits(1, user_api="blas"):
        workers = min(worker_count(), len(calls))
        return (_at_once if workers > 1 else _in_turn)(calls, what, progress)


def _in_turn(calls: Sequence[Callable[[], Result]], what: str, progress: Progress) -> list[Result]:
    results: list[Result] = []
    for call in calls:
        results.append(call())
        progress(what, len(results), len(calls))
    return results


def _at_once(calls: Sequence[Callable[[], Result]], what: str, progress: Progress) -> list[Result]:
    with ThreadPoolExecutor(min(worker_count(), len(calls))) as pool:
        futures = [pool.submit(copy_context().run, _alone, call) for call in calls]
        try:
            return _in_turn([future.result for future in futures], what, progress)
        finally:
            pool.shutdown(cancel_futures=True)


def _alone(call: Callable[[], Result]) -> Result:
    _inside.set(True)
    return call()
