"""Dask as an engine: pieces of work go to its workers, what they share to each worker once.

The pieces are the same functions that threads run, each with one thread, so the numbers are the
same to the last bit. Large arrays lie in files that workers map, where they see a folder of this
process: those of this machine do, others where `SHARED` names one. A worker that is lost loses no
work: the scheduler gives its pieces to others, and what all workers have lost is sent anew.
"""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import CancelledError, ThreadPoolExecutor, wait
from contextlib import ExitStack, contextmanager, suppress
from contextvars import copy_context
from pathlib import Path
from tempfile import gettempdir
from typing import TYPE_CHECKING, Any, TypeVar

from city_resilience.errors import InputError
from city_resilience.machines.connecting import (
    check_address,
    check_own_versions,
    connected,
    own_versions,
    own_workers,
)
from city_resilience.machines.fitting import fitting_on
from city_resilience.machines.parcels import Parcel, packed
from city_resilience.unfinished import stage
from city_resilience.workers import alone, at_most, spreading_on

if TYPE_CHECKING:
    from concurrent.futures import Future as Starting

    from distributed import Client, Future

__all__ = ["SHARED", "DaskEngine", "on_dask"]

Result = TypeVar("Result")
SHARED = "CITY_RESILIENCE_SHARED"
"""Environment variable that names a folder which workers of a scheduler see under the same path."""
TRIES = 3
"""How often what all workers have lost is sent anew."""
REMEMBERED = 4
"""Shared objects that workers keep between calls: a study comes back to the same folds."""


@contextmanager
def on_dask(scheduler: str = "", fit_rows: int | None = None) -> Iterator[DaskEngine]:
    """Spread on workers of Dask in what follows.

    Parameters
    ----------
    scheduler : str
        Address, such as ``tcp://host:8786``. Without one, workers of this machine are started when
        the first work is spread, as many as `workers.worker_count` says, and ended at the end.
    fit_rows : int, optional
        Boosters of more rows are fitted by all workers together, one after another, see
        `machines.fitting`; all else is then done in this process.

    Raises
    ------
    InputError
        If no scheduler answers there, or its workers cannot do what is asked.
    """
    if fit_rows is not None and not scheduler:
        raise InputError(
            "--fit-rows: workers of this machine share its memory, so that a fit has no more room "
            "there; name those of others with --scheduler, or leave it out"
        )
    with ExitStack() as stack:
        engine = DaskEngine(stack, scheduler)
        if fit_rows is None:
            stack.enter_context(spreading_on(engine))
        else:
            stack.enter_context(fitting_on(engine.client, fit_rows))
            stack.enter_context(at_most(1))
        yield engine


class DaskEngine:
    """An engine for `workers.spread`.

    Parameters
    ----------
    stack : ExitStack
        Ends what is started.
    scheduler : str
        As of `on_dask`.
    """

    def __init__(self, stack: ExitStack, scheduler: str = "") -> None:
        import distributed  # noqa: F401 - a missing extra is told of before any work

        self._stack = stack
        self._client: Client | None = None
        self._starting: Starting[Client] | None = None
        self._sent: list[tuple[Any, Future]] = []
        self._near = not scheduler
        self._shared = Path(gettempdir()) if self._near else _shared_folder()
        self._folder: Path | None = None
        if scheduler:
            check_address(scheduler)
            self._client = stack.enter_context(connected(scheduler))

    @property
    def client(self) -> Client:
        """The client; it starts workers of this machine where no scheduler was named."""
        if self._client is None and self._starting is not None:
            self._client = self._starting.result()
        if self._client is None:
            self._client = self._stack.enter_context(own_workers())
        return self._client

    def prepare(self, imports: Sequence[str]) -> None:
        """Start workers of this machine in a thread, which then import some modules."""
        if self._client is not None or self._starting is not None:
            return
        thread, started = self._stack.enter_context(ThreadPoolExecutor(1)), ExitStack()

        def start() -> Client:
            client = started.enter_context(own_workers())
            client.run(_import, tuple(imports))
            return client

        self._starting = thread.submit(copy_context().run, start)
        self._stack.callback(started.close)
        self._stack.callback(wait, [self._starting])

    def __call__(
        self, calls: Sequence[Callable[..., Result]], shared: Sequence[Any], /
    ) -> Iterator[tuple[int, Result]]:
        """Yield place and result of each call as they come.

        Raises
        ------
        InputError
            If a piece of work ended several workers, or what is shared was lost again and again.
        """
        todo = dict(enumerate(calls))
        for _ in range(TRIES):
            for place, result in self._once(todo, shared):
                del todo[place]
                yield place, result
            if not todo:
                return
            self._sent.clear()
        raise InputError(
            f"--engine dask: all workers were lost {TRIES} times, with what they had been sent; "
            "give them more memory, or look at why they end"
        )

    def _once(
        self, todo: dict[int, Callable[..., Result]], shared: Sequence[Any]
    ) -> Iterator[tuple[int, Result]]:
        """Yield what comes of calls; those whose shared objects were lost yield nothing."""
        from distributed import KilledWorker, as_completed

        client, places = self.client, dict[Any, int]()
        sent = [self._send(client, own) for own in shared]
        try:
            for place, call in todo.items():
                places[client.submit(_worked, own_versions(), call, *sent, pure=False)] = place
            for future in as_completed(list(places), loop=client.loop):
                try:
                    result = future.result()
                except CancelledError:
                    continue
                except KilledWorker as error:
                    raise InputError(
                        "--engine dask: one piece of work ended the worker it ran on "
                        f"{error.allowed_failures + 1} times, the last on "
                        f"{getattr(error.last_worker, 'address', error.last_worker)}; it may need "
                        "more memory than a worker has"
                    ) from error
                except ModuleNotFoundError as error:
                    raise InputError(
                        f"--engine dask: a worker has no module {error.name!r}; install there "
                        "what is installed here, such as from requirements.lock"
                    ) from error
                except FileNotFoundError as error:
                    raise InputError(
                        f"--engine dask: a worker does not find {error.filename}; let TMPDIR and "
                        f"{SHARED} name a folder that this process and all workers see"
                    ) from error
                place = places.pop(future)
                future.release()
                yield place, result
        finally:
            client.cancel(list(places))

    def _send(self, client: Client, own: Any) -> Future:
        """Send an object to each worker, unless they have it."""
        for known, future in self._sent:
            if known is own:
                return future
        goes = own
        if (folder := self._files()) is not None:
            goes = Parcel(packed(own, folder, Path("/") if self._near else folder.parent))
        future = client.scatter(goes, broadcast=True, hash=False)
        self._sent = [*self._sent[1 - REMEMBERED :], (own, future)]
        return future

    def _files(self) -> Path | None:
        """Return the folder of large arrays, made when it is first asked for; None for none."""
        if self._folder is None and self._shared is not None:
            self._folder = self._stack.enter_context(stage(self._shared, "city-resilience"))
        return self._folder


def _shared_folder() -> Path | None:
    """Return the folder that workers elsewhere see too, if one is named.

    Raises
    ------
    InputError
        If there is no such folder.
    """
    named = os.environ.get(SHARED, "").strip()
    if named and not Path(named).is_dir():
        raise InputError(
            f"{SHARED}: {named} is no folder; name one that this process and all workers see "
            "under the same path, or unset it"
        )
    return Path(named).absolute() if named else None


def _import(names: Sequence[str]) -> None:
    """Import modules on a worker; one that is not there is told of where it is needed."""
    with suppress(ImportError):
        for name in names:
            importlib.import_module(name)


def _worked(versions: Mapping[str, Any], call: Callable[..., Result], *shared: Any) -> Result:
    """Make a call on a worker, where linear algebra starts no threads.

    Raises
    ------
    InputError
        If the worker has other versions than those of the process that asks.
    """
    from threadpoolctl import threadpool_limits

    check_own_versions(versions)
    with threadpool_limits(1, user_api="blas"):
        own = [each.own if isinstance(each, Parcel) else each for each in shared]
        return copy_context().run(alone, call, *own)
