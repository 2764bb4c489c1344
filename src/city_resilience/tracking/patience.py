"""How long a store is waited for, and what is said when it does not answer or stays locked."""

from __future__ import annotations

import functools
import logging
import os
import random
import re
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from city_resilience.errors import InputError
from city_resilience.tracking.backend import database_errors, environment, import_mlflow
from city_resilience.tracking.postgresql import bounded

__all__ = ["LOCKED_SECONDS", "Unreachable", "answering", "is_locked", "locked_error", "patient"]

ANSWER_SECONDS, TRIES = 12, 2
"""Wait for one answer of a server, and how often it is asked again: 45 s with the pauses."""
LOCKED_SECONDS = 60.0
"""How long a locked database is asked again."""
LIMITS: Mapping[str, Callable[[], int]] = {
    "MLFLOW_HTTP_REQUEST_TIMEOUT": lambda: ANSWER_SECONDS,
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": lambda: TRIES,
    "PGCONNECT_TIMEOUT": lambda: ANSWER_SECONDS,
}
NO_ANSWER = re.compile(
    r"failed with (timeout )?exception|Connection (refused|reset|aborted)|Max retries exceeded"
    r"|timed out|could not (connect|translate)|server closed the connection|error code 50[234]"
)
LOCKED = re.compile(r"database (table )?is locked|database is busy")


class Unreachable(InputError):
    """The store does not answer, or stays locked."""


def patient(client: Any, uri: str, database: Path | None) -> Any:
    """Return a class of clients that wait for a store as long as stated here, and no longer.

    A store that once did not answer is not asked again.
    """

    class Patient(client):  # type: ignore[misc]
        _failed: Unreachable | None = None

        def __getattribute__(self, name: str) -> Any:
            value: Any = super().__getattribute__(name)
            if name.startswith("_") or not callable(value):
                return value

            @functools.wraps(value)
            def call(*arguments: Any, **options: Any) -> Any:
                if self._failed is not None:
                    raise self._failed
                try:
                    with answering(uri):
                        return _unlocked(value, database, arguments, options)
                except Unreachable as error:
                    self._failed = error
                    raise

            return call

    return Patient


@contextmanager
def answering(uri: str) -> Iterator[None]:
    """Bound what MLflow waits for; say so where a server does not answer.

    Raises
    ------
    Unreachable
    """
    # MLflow prints the errors of its database that it raises as well.
    logging.getLogger("mlflow.store.db.utils").setLevel(logging.CRITICAL)
    limits = {name: str(value()) for name, value in LIMITS.items() if name not in os.environ}
    try:
        with environment(limits), bounded(uri, ANSWER_SECONDS):
            yield
    except (import_mlflow().exceptions.MlflowException, *database_errors()) as error:
        reason = str(error).splitlines()[0]
        if not NO_ANSWER.search(str(error)):
            raise
        raise Unreachable(
            f"{uri}: the store does not answer ({reason}); nothing was registered; see whether the "
            "server runs at this address, or give another --store"
        ) from error


def is_locked(error: BaseException) -> bool:
    """Say whether an error is that of a database that another program has locked."""
    return LOCKED.search(str(error)) is not None


def locked_error(database: Path | None, seconds: float) -> Unreachable:
    """Return the error of a database that has been locked for too long, and by whom."""
    who = _writer(database) if database else ""
    return Unreachable(
        f"{database}: the database has been locked for {seconds:.0f} s by "
        f"{who or 'another program'}; nothing was registered; wait for it or end it, and run the "
        "command again"
    )


def _unlocked(
    call: Callable[..., Any], database: Path | None, arguments: Any, options: dict[str, Any]
) -> Any:
    """Call MLflow, and again while another process has the database locked."""
    until = time.monotonic() + LOCKED_SECONDS
    while True:
        try:
            return call(*arguments, **options)
        except import_mlflow().exceptions.MlflowException as error:
            if not is_locked(error):
                raise
            if time.monotonic() > until:
                raise locked_error(database, LOCKED_SECONDS) from error
        time.sleep(random.uniform(0.02, 0.2))


def _writer(database: Path) -> str:
    """Return the program that holds a lock on a file, "" where the system does not say."""
    try:
        inode = str(database.stat().st_ino)
        lines = Path("/proc/locks").read_text(encoding="ascii").splitlines()
    except OSError:
        return ""
    held = [line.split() for line in lines]
    pids = {
        entry[4]
        for entry in held
        if len(entry) > 5 and entry[5].rpartition(":")[2] == inode and entry[3] == "WRITE"
    } - {str(os.getpid())}
    return ", ".join(f"process {pid} ({_command(pid)})" for pid in sorted(pids))


def _command(pid: str) -> str:
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return "of another user"
    return " ".join(word.decode("utf-8", "replace") for word in words).strip()[:200]
