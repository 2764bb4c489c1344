"""A store in PostgreSQL: one process at a time by its advisory locks, and no wait without end.

A lock belongs to a session of the server, which ends it when the process ends, however that ends.
"""

from __future__ import annotations

import os
import select
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from typing import Any

from city_resilience.errors import InputError
from city_resilience.tracking.turns import LOCK_SECONDS

__all__ = ["CHANGING", "PREPARING", "bounded", "database_turn", "is_postgresql"]

PREPARING, CHANGING = 7_302_001, 7_302_002
"""Numbers of the two locks: of making the tables, and of registering and changing aliases."""
PAUSE = 0.2
LONGEST_NAME = 63
_SECONDS: ContextVar[float | None] = ContextVar("seconds to wait for an answer", default=None)


def is_postgresql(uri: str) -> bool:
    """Say whether an address is that of a PostgreSQL database."""
    return uri.startswith(("postgresql:", "postgresql+", "postgres:"))


@contextmanager
def bounded(uri: str, seconds: float) -> Iterator[None]:
    """Wait no longer than this for each answer of PostgreSQL; other stores have their own limits.

    It holds for psycopg2, whose connections of other code wait as before.
    """
    if is_postgresql(uri):
        _bound_psycopg2()
    before = _SECONDS.set(seconds)
    try:
        yield
    finally:
        _SECONDS.reset(before)


@contextmanager
def database_turn(uri: str, lock: int) -> Iterator[None]:
    """Hold an advisory lock of the database.

    Parameters
    ----------
    lock : int
        ``PREPARING`` or ``CHANGING``.

    Raises
    ------
    InputError
        If it is held for longer, with who holds it.
    """
    from sqlalchemy import create_engine, text
    from sqlalchemy.pool import NullPool

    engine = create_engine(uri, poolclass=NullPool, isolation_level="AUTOCOMMIT")
    until = time.monotonic() + LOCK_SECONDS
    with engine.connect() as connection:
        name = {"name": f"process {os.getpid()} on {socket.gethostname()}"[:LONGEST_NAME]}
        connection.execute(text("SELECT set_config('application_name', :name, false)"), name)
        take = text("SELECT pg_try_advisory_lock(:lock)")
        while not connection.execute(take, {"lock": lock}).scalar():
            if time.monotonic() > until:
                raise InputError(
                    f"{uri}: {_holder(connection, lock)} has been at work in the store for "
                    f"{LOCK_SECONDS:.0f} s; nothing was registered; wait for it or end it, and run "
                    "the command again"
                )
            time.sleep(PAUSE)
        try:
            yield
        finally:
            with suppress(Exception):  # a session that is lost has no lock any more
                connection.execute(text("SELECT pg_advisory_unlock(:lock)"), {"lock": lock})


def _holder(connection: Any, lock: int) -> str:
    """Return who has a lock, as it named itself."""
    from sqlalchemy import text

    asked = (
        "SELECT application_name FROM pg_locks JOIN pg_stat_activity USING (pid) "
        "WHERE locktype = 'advisory' AND objid = :lock AND granted"
    )
    return connection.execute(text(asked), {"lock": lock}).scalar() or "another process"


def _bound_psycopg2() -> None:
    with suppress(ImportError):  # another driver, or none: said where the store is opened
        from psycopg2 import extensions

        if extensions.get_wait_callback() is None:
            extensions.set_wait_callback(_wait)


def _wait(connection: Any) -> None:
    """Wait for what a connection of psycopg2 waits for, as long as `bounded` says."""
    from psycopg2 import OperationalError, extensions

    seconds = _SECONDS.get()
    while (state := connection.poll()) != extensions.POLL_OK:
        own = [connection.fileno()]
        read, write = (own, []) if state == extensions.POLL_READ else ([], own)
        if not any(select.select(read, write, [], seconds)):
            raise OperationalError(f"timed out: no answer for {seconds} s")
