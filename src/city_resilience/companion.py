"""A second process beside this one, for work that holds the interpreter lock.

Fits release that lock and run in threads. Tables, pages and workbooks are made by Python itself:
two of them side by side need two processes. What comes back is what this process would have made.
"""

from __future__ import annotations

import gc
import importlib
import io
import os
import pickle
import signal
import subprocess
import sys
from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from functools import partial
from typing import IO, Any, Generic, TypeVar

from city_resilience.progress import Progress
from city_resilience.workers import VARIABLE, at_most, elsewhere, spread, worker_count

__all__ = ["Beside", "beside", "companion", "serve", "sharing", "spread_beside"]

Result = TypeVar("Result")
_running: ContextVar[_Companion | None] = ContextVar("running", default=None)


class Beside(Generic[Result]):
    """What a call gives that may run in another process.

    Parameters
    ----------
    call : callable
        Makes the result here.
    sent : Future or None
        The result of the other process; None where there is none.
    """

    def __init__(self, call: Callable[[], Result], sent: Future[Result] | None = None) -> None:
        self._call, self._sent = call, sent

    def result(self) -> Result:
        """Wait for the result; where the other process gave none, make it here.

        So a process that was killed costs time and nothing else, and an error is raised as it
        would have been without that process.
        """
        if self._sent is not None:
            with suppress(Exception):
                return self._sent.result()
        return self._call()


def beside(function: Callable[..., Result], *arguments: Any) -> Beside[Result]:
    """Call a function of a module in the process of `companion`; later and here without one.

    Parameters
    ----------
    arguments : Any
        What can be pickled; the function changes nothing in them.
    """
    running = _running.get()
    call = partial(function, *arguments)
    return Beside(call, None if running is None else running.send(function, arguments))


@contextmanager
def companion(imports: Collection[str], wanted: bool = True) -> Iterator[None]:
    """Start a process for what is called `beside` in what follows, where two may run at once.

    It takes the place of one worker while it works.

    Parameters
    ----------
    imports : collection of str
        Modules that it imports at once, so that they are there when it is called.
    wanted : bool
        False starts none.
    """
    if not wanted or worker_count() < 2 or not sys.executable:
        yield
        return
    with _Companion(imports) as running:
        before = _running.set(running)
        try:
            yield
        finally:
            _running.reset(before)


@contextmanager
def sharing() -> Iterator[None]:
    """Leave the companion, where there is one, the place of one worker in what follows.

    It has its place already where one worker is left.
    """
    with at_most(None if _running.get() is None else max(worker_count() - 1, 1)):
        yield


def spread_beside(
    calls: Sequence[Callable[..., Result]],
    shared: Sequence[Any],
    what: str,
    progress: Progress,
    took: Callable[[Result], None] | None = None,
) -> list[Result]:
    """Run pieces of work as `spread` does, a worker's share of them in the companion.

    All of them run here where the companion has other work, see `sharing`.

    Parameters
    ----------
    calls, shared : sequence
        As for `spread`; all of it can be pickled. Maps of files are mapped there as well.
    took : callable, optional
        As for `spread`; what comes of the companion is taken last.
    """
    if _running.get() is None or elsewhere() or worker_count() < 2:
        return spread(calls, shared, what, progress, took)
    share = len(calls) // worker_count()
    theirs = beside(_in_turn, calls[:share], shared)
    with sharing():
        ours = spread(calls[share:], shared, what, progress, took)
    made = theirs.result()
    if took is None:
        return [*made, *ours]
    for one in made:
        took(one)
    return []


def _in_turn(calls: Sequence[Callable[..., Result]], shared: Sequence[Any]) -> list[Result]:
    return [call(*shared) for call in calls]


class _Companion:
    """The process, and the thread that speaks with it."""

    def __init__(self, imports: Collection[str]) -> None:
        own = {"PYTHONPATH": os.pathsep.join(filter(None, sys.path)), VARIABLE: "1"}
        call = f"serve({tuple(imports)!r}, {gc.get_threshold()!r})"
        self._process = subprocess.Popen(
            [sys.executable, "-c", f"from {__name__} import serve; {call}"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, **own, "OMP_NUM_THREADS": "1"},
        )
        self._thread = ThreadPoolExecutor(1)

    def __enter__(self) -> _Companion:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._thread.shutdown(cancel_futures=True)
        self._process.communicate()

    def send(self, function: Callable[..., Result], arguments: tuple[Any, ...]) -> Future[Result]:
        """Call a function there once what was sent before is done."""
        return self._thread.submit(self._ask, function, arguments)

    def _ask(self, function: Callable[..., Any], arguments: tuple[Any, ...]) -> Any:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        _write(self._process.stdin, (function, arguments))
        made, result = pickle.load(self._process.stdout)
        if not made:
            raise RuntimeError(result)
        return result


def serve(imports: Collection[str], thresholds: tuple[int, int, int]) -> None:
    """Answer calls until no more come: what the process of `companion` does.

    It looks for cycles of unused objects at the thresholds of the process beside it.
    """
    gc.set_threshold(*thresholds)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the process beside decides when to end
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    for name in imports:
        importlib.import_module(name)
    while True:
        try:
            function, arguments = pickle.load(sys.stdin.buffer)
        except EOFError:
            return
        try:
            answer: tuple[bool, Any] = (True, function(*arguments))
        except Exception as error:
            answer = (False, repr(error))
        _write(answers, answer)


class _Pickler(pickle.Pickler):
    def reducer_override(self, own: Any) -> Any:
        """Let a map of a file travel as its place in it."""
        numpy = sys.modules.get("numpy")
        if numpy is None or not isinstance(own, numpy.memmap) or not own.size:
            return NotImplemented
        from city_resilience.mapped import mapped, place_of

        place = place_of(own)
        return NotImplemented if place is None else (mapped, place)


def _write(file: IO[bytes], message: object) -> None:
    written = io.BytesIO()
    _Pickler(written, protocol=pickle.HIGHEST_PROTOCOL).dump(message)
    file.write(written.getbuffer())  # whole or not at all
    file.flush()
