"""Reach the workers of Dask: those of a scheduler that runs, or some of this machine's own."""

from __future__ import annotations

import platform
import re
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Any

from city_resilience.errors import InputError
from city_resilience.workers import worker_count

if TYPE_CHECKING:
    from distributed import Client

__all__ = [
    "ANSWER_SECONDS",
    "WORKER_SECONDS",
    "check_address",
    "check_own_versions",
    "connected",
    "differing",
    "own_versions",
    "own_workers",
]

ANSWER_SECONDS = 20
"""How long a scheduler is waited for."""
WORKER_SECONDS = 120
"""How long the first worker of a scheduler is waited for, which may be in a queue."""
ADDRESS = re.compile(r"(tcp|tls|ws|wss|ucx)://[^\s/:]+:\d{1,5}")
SAME = ("city-resilience", "numpy", "pandas", "scipy", "scikit-learn", "xgboost", "xgboost-cpu")
"""Packages on which numbers depend: these have to be the same everywhere, to the last place."""
SPEAKING = ("dask", "distributed", "cloudpickle")
SPAWN = "distributed.nanny.pre-spawn-environ"
ENVIRONMENT = {
    f"{SPAWN}.DASK_LOGGING__DISTRIBUTED": "critical",
    f"{SPAWN}.DASK_LOGGING__TORNADO": "critical",
    f"{SPAWN}.MALLOC_TRIM_THRESHOLD_": None,
}
"""Environment of workers of this machine: they log nothing to the screen, and keep memory as this
process does. With Dask's own threshold glibc gives every large array back to the system, which
clears its pages again for the next one: half of the processor time of explaining trees."""


def check_address(scheduler: str) -> None:
    """Refuse what is no address of a scheduler.

    Raises
    ------
    InputError

    Examples
    --------
    >>> check_address("tcp://scheduler:8786")
    """
    if not ADDRESS.fullmatch(scheduler):
        raise InputError(
            f"--scheduler {scheduler!r}: no address of a Dask scheduler; give one such as "
            "tcp://HOST:8786, as the scheduler prints it when it starts"
        )


@contextmanager
def own_workers() -> Iterator[Client]:
    """Start workers of this machine, each a process that runs one call at once; end them after.

    As many as `worker_count` says. They are reached through the loopback alone, with credentials
    that only this process and its workers have, and there is no dashboard.
    """
    import dask
    from distributed import Client, LocalCluster

    with _quiet(), dask.config.set(ENVIRONMENT):
        cluster = LocalCluster(
            n_workers=worker_count(),
            threads_per_worker=1,
            processes=True,
            host="127.0.0.1",
            protocol="tls://",
            security=True,
            dashboard_address="127.0.0.1:0",
            scheduler_kwargs={"dashboard": False},
            memory_limit=0,
            silence_logs=False,
        )
        with cluster, Client(cluster, set_as_default=False) as client:
            yield client


@contextmanager
def connected(scheduler: str) -> Iterator[Client]:
    """Connect to a scheduler whose workers can do what this process asks for.

    Raises
    ------
    InputError
        If it does not answer within `ANSWER_SECONDS`, has no worker within `WORKER_SECONDS`, or
        workers have other versions of what numbers depend on.
    """
    from distributed import Client

    check_address(scheduler)
    with _quiet():
        try:
            client = Client(scheduler, timeout=ANSWER_SECONDS, set_as_default=False)
        except (OSError, ValueError) as error:
            raise InputError(
                f"--scheduler {scheduler}: no Dask scheduler answers within {ANSWER_SECONDS} s "
                f"({str(error).splitlines()[0]}); see whether it runs at this address, or leave "
                "--scheduler out to use this machine alone"
            ) from error
        with client:
            _wait_for_one(client, scheduler)
            _check_versions(client, scheduler)
            yield client


def _wait_for_one(client: Client, scheduler: str) -> None:
    try:
        client.wait_for_workers(1, timeout=WORKER_SECONDS)
    except TimeoutError as error:
        raise InputError(
            f"--scheduler {scheduler}: the scheduler has had no worker for {WORKER_SECONDS} s; "
            f"start one: dask worker {scheduler} --nthreads 1"
        ) from error


def _check_versions(client: Client, scheduler: str) -> None:
    """Refuse workers that would give other numbers, or not understand what they are sent."""
    told = client.get_versions(packages=list(SAME))
    for address, there in told["workers"].items():
        _check_same(told["client"], there, f"--scheduler {scheduler}: the worker {address}")


@cache
def own_versions() -> Mapping[str, Any]:
    """Return what this process has, as distributed tells of it."""
    from distributed.versions import get_versions

    return {"packages": get_versions(packages=list(SAME))["packages"]}


def check_own_versions(asked: Mapping[str, Any]) -> None:
    """Refuse work of a process with other versions, on a worker that has joined in the middle.

    Parameters
    ----------
    asked : mapping
        `own_versions` of the process that asks.

    Raises
    ------
    InputError
    """
    _check_same(asked, own_versions(), f"--engine dask: a worker on {platform.node()}")


def _check_same(here: Mapping[str, Any], there: Mapping[str, Any], who: str) -> None:
    if found := differing(here, there):
        each = ", ".join(
            f"{name} {theirs or 'not installed'} (here {ours or 'not installed'})"
            for name, (ours, theirs) in found.items()
        )
        raise InputError(
            f"{who} has {each}; numbers would differ; install the same there, such as from "
            "requirements.lock or one image for all"
        )


def differing(
    here: Mapping[str, Any], there: Mapping[str, Any]
) -> dict[str, tuple[str | None, str | None]]:
    """Return what two processes have in different versions, as distributed tells of them.

    Of Python the first two numbers count.
    """
    ours, theirs = dict(here["packages"]), dict(there["packages"])
    for own in (ours, theirs):
        own["python"] = ".".join(str(own["python"]).split(".")[:2])
    names = ("python", *SAME, *SPEAKING)
    return {
        name: (ours.get(name), theirs.get(name))
        for name in names
        if ours.get(name) != theirs.get(name)
    }


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep what Dask logs and warns of from the screen."""
    import logging

    loggers = [logging.getLogger(name) for name in ("distributed", "tornado.application")]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.CRITICAL + 1)
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", module="distributed")
            warnings.filterwarnings("ignore", message="Sending large graph")
            yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
