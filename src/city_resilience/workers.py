"""Where work runs, and how much at once.

`in_threads` runs calls in threads of this process: as many as it may use cores, or as many as it is
told. `spread` runs pieces of work that can travel, a fold or a refit, on the engine in use: threads
here, unless `spreading_on` names another. Which it is changes no number.
"""

from __future__ import annotations

import gc
import math
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import ContextVar, copy_context
from functools import partial
from pathlib import Path
from typing import Any, Protocol, TypeVar

from threadpoolctl import threadpool_limits

from city_resilience.errors import InputError
from city_resilience.progress import Progress

__all__ = [
    "VARIABLE",
    "Engine",
    "alone",
    "at_most",
    "elsewhere",
    "expect_work",
    "in_threads",
    "seldom_collecting",
    "spread",
    "spreading_on",
    "usable_cores",
    "worker_count",
]

Result = TypeVar("Result")
VARIABLE = "CITY_RESILIENCE_WORKERS"
CONTROL_GROUPS = Path("/sys/fs/cgroup")
OWN_GROUPS = Path("/proc/self/cgroup")
BETWEEN_COLLECTIONS = 50_000
"""Objects made before cycles of them are looked for: Python's 700 cost 2.6 s a run."""


class Engine(Protocol):
    """Runs pieces of work elsewhere than in threads of this process.

    One that takes time to start may have ``prepare``, which `expect_work` calls.
    """

    def __call__(
        self, calls: Sequence[Callable[..., Result]], shared: Sequence[Any], /
    ) -> Iterator[tuple[int, Result]]:
        """Yield place and result of each call, given what they share, as they come.

        Calls that wait are given up when the iterator is closed.
        """


_engine: ContextVar[Engine | None] = ContextVar("engine", default=None)
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


@contextmanager
def seldom_collecting(wanted: bool = True) -> Iterator[None]:
    """Let Python look for cycles of unused objects seldom in what follows, where memory is ample.

    Nearly all is freed without that. False leaves it as it is.
    """
    before = gc.get_threshold()
    if wanted:
        gc.set_threshold(BETWEEN_COLLECTIONS, *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)


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


@contextmanager
def spreading_on(engine: Engine) -> Iterator[None]:
    """Run on an engine what `spread` is given in what follows."""
    before = _engine.set(engine)
    try:
        yield
    finally:
        _engine.reset(before)


def elsewhere() -> bool:
    """Whether `spread` runs several pieces of work in other processes."""
    return _engine.get() is not None and not _inside.get()


def expect_work(imports: Sequence[str]) -> bool:
    """Let the engine in use start beside what follows, for pieces of work that need some modules.

    Returns
    -------
    bool
        Whether `spread` runs them in other processes, see `elsewhere`.
    """
    if elsewhere() and (prepare := getattr(_engine.get(), "prepare", None)) is not None:
        prepare(imports)
    return elsewhere()


def spread(
    calls: Sequence[Callable[..., Result]],
    shared: Sequence[Any],
    what: str,
    progress: Progress,
    took: Callable[[Result], None] | None = None,
    *,
    at_once: bool = True,
) -> list[Result]:
    """Run pieces of work on the engine in use, and return what they gave, in order.

    A single piece runs here.

    Parameters
    ----------
    calls : sequence of callable
        Functions of a module, or partials of them with small arguments, that change nothing they
        are given; each is called with ``shared`` after its own arguments, and what it returns is
        small.
    shared : sequence
        What is large and the same for all: it goes to each worker once, and again only where
        another object stands in its place.
    took : callable, optional
        Called here with each result, as it comes; none of them is returned then.
    at_once : bool
        Whether threads of this process run several; else one after another, each with all threads.
    """
    engine = _engine.get() if elsewhere() and len(calls) > 1 else None
    if engine is None:
        run = in_threads if at_once else _in_turn
        return run([partial(call, *shared) for call in calls], what, progress, took)
    found: dict[int, Result] = {}
    for done, (place, result) in enumerate(engine(calls, shared), 1):
        if took is None:
            found[place] = result
        else:
            took(result)
        progress(what, done, len(calls))
    return [found[place] for place in sorted(found)]


def in_threads(
    calls: Sequence[Callable[[], Result]],
    what: str,
    progress: Progress,
    took: Callable[[Result], None] | None = None,
) -> list[Result]:
    """Run calls in as many threads as there are workers, and return what they gave, in order.

    Each call keeps to its thread: what it runs itself through ``in_threads`` comes one by one, and
    linear algebra starts no threads, which would wait for each other where cores are busy.
    ``took`` is called here with each result, in order, and none of them is returned then.
    """
    if _inside.get():
        return _in_turn(calls, what, progress, took)
    with threadpool_limits(1, user_api="blas"):
        workers = min(worker_count(), len(calls))
        return (_at_once if workers > 1 else _in_turn)(calls, what, progress, took)


def _in_turn(
    calls: Sequence[Callable[[], Result]],
    what: str,
    progress: Progress,
    took: Callable[[Result], None] | None,
) -> list[Result]:
    results: list[Result] = []
    for done, call in enumerate(calls, 1):
        if took is None:
            results.append(call())
        else:
            took(call())
        progress(what, done, len(calls))
    return results


def _at_once(
    calls: Sequence[Callable[[], Result]],
    what: str,
    progress: Progress,
    took: Callable[[Result], None] | None,
) -> list[Result]:
    with ThreadPoolExecutor(min(worker_count(), len(calls))) as pool:
        futures = [pool.submit(copy_context().run, alone, call) for call in calls]
        futures.reverse()
        try:
            return _in_turn([lambda: futures.pop().result()] * len(calls), what, progress, took)
        finally:
            pool.shutdown(cancel_futures=True)


def alone(call: Callable[..., Result], *arguments: Any) -> Result:
    """Make a call that spreads nothing further: a context of its own has to be run in."""
    _inside.set(True)
    return call(*arguments)
