"""What is waited for and for how long: locks, servers that are silent, dead or killed."""

from __future__ import annotations

import json
import os
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from bundle_inputs import small_experiment
from city_resilience.commands import main
from city_resilience.errors import InputError
from city_resilience.tracking import patience, turns
from city_resilience.tracking.backend import migrate_database, sqlite_uri
from city_resilience.tracking.patience import Unreachable
from city_resilience.tracking.runs import track
from city_resilience.tracking.store import Store, open_store

pytestmark = [pytest.mark.tracking, pytest.mark.usefixtures("copied_stores")]

HOLD = """
import sqlite3, sys, time
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("BEGIN EXCLUSIVE")
print("locked", flush=True)
time.sleep(60)
"""
TURN = """
import sys, time
from pathlib import Path
from city_resilience.tracking.turns import turn
with turn(Path(sys.argv[1])):
    print("locked", flush=True)
    time.sleep(60)
"""


@pytest.fixture(autouse=True)
def nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (
        *("MLFLOW_TRACKING_URI", "MLFLOW_REGISTRY_URI", "MLFLOW_RUN_ID"),
        *patience.LIMITS,
    ):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(patience, "ANSWER_SECONDS", 1)
    monkeypatch.setattr(patience, "TRIES", 0)
    monkeypatch.setattr(patience, "LOCKED_SECONDS", 0.5)
    monkeypatch.setattr(turns, "LOCK_SECONDS", 0.5)


@contextmanager
def holding(code: str, path: Path) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, "-c", code, str(path)], stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "locked\n"
        yield process
    finally:
        process.kill()
        process.communicate()


def test_a_locked_database_says_who_to_wait_for(tmp_path: Path) -> None:
    open_store(str(tmp_path), create=True)
    with holding(HOLD, tmp_path / "mlflow.db") as holder:
        with pytest.raises(InputError) as told:
            open_store(str(tmp_path), create=False)
        message = str(told.value)
        assert "has been locked for" in message
        assert "nothing was registered" in message
        assert "restore" not in message
        if Path("/proc/locks").exists():
            assert f"process {holder.pid} (" in message
    open_store(str(tmp_path), create=False)


def test_a_call_waits_for_a_database_that_is_locked_for_a_moment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = open_store(str(tmp_path), create=True)
    real, calls = type(store.client).create_experiment, []

    def locked_twice(client: object, *arguments: object, **options: object) -> object:
        calls.append(1)
        if len(calls) < 3:
            from mlflow.exceptions import MlflowException

            raise MlflowException("(sqlite3.OperationalError) database is locked")
        return real(client, *arguments, **options)

    monkeypatch.setattr(type(store.client), "create_experiment", locked_twice)
    monkeypatch.setattr(patience, "LOCKED_SECONDS", 30.0)
    assert store.experiment_id("waited") != "0"
    assert len(calls) == 3


def test_a_turn_that_another_process_has_names_that_process(tmp_path: Path) -> None:
    open_store(str(tmp_path), create=True)
    with holding(TURN, tmp_path / "mlflow.db.lock") as holder:
        told = rf"process {holder.pid} on {socket.gethostname()} \(-c .*since \d\d:\d\d:\d\d\)"
        with pytest.raises(InputError, match=told):
            open_store(str(tmp_path), create=False)
    open_store(str(tmp_path), create=False)
    assert sorted(os.listdir(tmp_path)) == ["mlflow.db", "mlflow.db.lock"]


@contextmanager
def silent_server() -> Iterator[str]:
    """Listen, take connections and never answer."""
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


@contextmanager
def dead_server() -> Iterator[str]:
    with silent_server() as address:
        pass
    yield address


@pytest.mark.parametrize("server", [silent_server, dead_server])
@pytest.mark.parametrize(
    "words", [["models", "list"], ["promote", "a/1"], ["predict", "--data", "x", "--out", "y.csv"]]
)
def test_a_server_that_does_not_answer_ends_a_command(server, words, capsys) -> None:
    started = time.monotonic()
    with server() as address:
        assert main.run([*words, "--store", address]) == 2
    assert time.monotonic() - started < 30
    error = capsys.readouterr().err
    assert "the store does not answer" in error
    assert "nothing was registered" in error
    assert address in error


def test_the_limits_end_a_call_within_a_minute() -> None:
    import city_resilience.tracking.patience as fresh

    assert fresh.LIMITS["MLFLOW_HTTP_REQUEST_TIMEOUT"]() == 1, "the test's own"
    code = (
        "from city_resilience.tracking.patience import *; import city_resilience.tracking.patience "
        "as p; print((p.TRIES + 1) * (p.ANSWER_SECONDS + 4))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert int(done.stdout) < 60


class _Answers(BaseHTTPRequestHandler):
    """A server that answers some requests and is then killed: it closes what it is asked."""

    left = 2

    def do_POST(self) -> None:
        if _Answers.left <= 0:
            self.close_connection = True
            return
        _Answers.left -= 1
        body = json.dumps({"experiments": [], "runs": []}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST

    def log_message(self, *_: object) -> None:
        pass


def test_a_server_that_is_killed_while_a_model_is_trained_is_asked_once_more_only() -> None:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Answers)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        store = open_store(f"http://127.0.0.1:{server.server_port}", create=True)
        _Answers.left = 0
        with pytest.raises(Unreachable, match="nothing was registered"):
            track(store, small_experiment(), fingerprint="f00").__enter__()
        started = time.monotonic()
        for _ in range(20):
            with pytest.raises(Unreachable):
                store.client.get_run("0" * 32)
        assert time.monotonic() - started < 0.5
    finally:
        server.shutdown()
        server.server_close()


def test_a_database_of_postgresql_that_is_not_there_ends_soon(capsys) -> None:
    pytest.importorskip("psycopg2", reason="no driver of PostgreSQL is installed")
    with dead_server() as address:
        uri = address.replace("http", "postgresql+psycopg2") + "/none"
        assert main.run(["models", "list", "--store", uri]) == 2
    assert "nothing was registered" in capsys.readouterr().err


def test_a_database_without_its_driver_names_the_package(capsys) -> None:
    assert main.run(["models", "list", "--store", "mssql+nodriver://x/y"]) == 2
    error = capsys.readouterr().err
    assert "nothing was registered" in error


def test_a_migration_that_is_killed_leaves_the_database_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = tmp_path / "mlflow.db"
    open_store(str(tmp_path), create=True)
    with closing(sqlite3.connect(database)) as connection, connection:
        [newest] = connection.execute("SELECT version_num FROM alembic_version").fetchone()
        connection.execute("UPDATE alembic_version SET version_num = 'older'")
    before = database.read_bytes()
    from mlflow.store.db import utils

    def killed(engine: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(utils, "_upgrade_db", killed)
    with pytest.raises(KeyboardInterrupt):
        migrate_database(database)
    assert database.read_bytes() == before
    assert (tmp_path / "mlflow.db.building").exists()

    def upgraded(engine: object) -> None:
        path = tmp_path / "mlflow.db.building"
        with closing(sqlite3.connect(path)) as connection, connection:
            connection.execute("UPDATE alembic_version SET version_num = ?", [newest])

    monkeypatch.setattr(utils, "_upgrade_db", upgraded)
    store = open_store(str(tmp_path), create=False)
    assert store == Store(sqlite_uri(database), sqlite_uri(database))
    assert sorted(os.listdir(tmp_path)) == ["mlflow.db", "mlflow.db.lock"]
