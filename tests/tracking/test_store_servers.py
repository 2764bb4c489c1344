"""A real MLflow server on this machine, and PostgreSQL where it is installed."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import closing, suppress
from importlib.machinery import PathFinder
from pathlib import Path

import pytest

import city_resilience as cr
from city_resilience.commands import main
from city_resilience.errors import InputError
from city_resilience.models.manifest import FORMAT_VERSION
from city_resilience.tracking import patience, postgresql
from city_resilience.tracking.leftovers import PROCESS
from city_resilience.tracking.store import open_store
from places import ROOT

pytestmark = [pytest.mark.tracking, pytest.mark.slow]

BUNDLE = ROOT / "tests" / "golden" / f"bundle_{FORMAT_VERSION}" / "growth_gap" / "model"
DEBIAN = Path("/usr/lib/python3/dist-packages")
PATIENCE = 180.0
"""Seconds that a server may take to start on a machine that is busy."""


@pytest.fixture(autouse=True)
def nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (
        *("MLFLOW_TRACKING_URI", "MLFLOW_REGISTRY_URI", "MLFLOW_RUN_ID"),
        *patience.LIMITS,
    ):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)


def free_port() -> int:
    with closing(socket.create_server(("127.0.0.1", 0))) as found:
        return int(found.getsockname()[1])


@pytest.fixture
def server(tmp_path: Path) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """Start an MLflow server that keeps files too; skip where it does not start."""
    port, folder = free_port(), tmp_path / "server"
    folder.mkdir()
    words = ["server", "--host", "127.0.0.1", "--port", str(port), "--workers", "1"]
    words += ["--backend-store-uri", f"sqlite:///{folder}/mlflow.db"]
    words += ["--artifacts-destination", str(folder / "artifacts")]
    process = subprocess.Popen(
        [sys.executable, "-m", "mlflow", *words],
        env=os.environ | {"MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    address, until = f"http://127.0.0.1:{port}", time.monotonic() + PATIENCE
    try:
        while True:
            with suppress(OSError), urllib.request.urlopen(f"{address}/health", timeout=5):
                break
            if process.poll() is not None or time.monotonic() > until:
                pytest.skip("the MLflow server does not start on this machine")
            time.sleep(0.5)
        yield address, process
    finally:
        end(process)


def end(process: subprocess.Popen[bytes]) -> None:
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def test_models_live_on_a_server_until_it_is_killed(server, tmp_path, capsys):
    address, process = server
    assert cr.import_model(BUNDLE, address).aliases == ("challenger", "champion")
    assert cr.import_model(BUNDLE, address).reference == "growth_gap/2"
    assert cr.promote("growth_gap/2", store=address, force=True, reason="a test").reason == "forced"
    told = [(own.version, own.how) for own in cr.champion_history("growth_gap", address)]
    assert told == [(1, "first"), (2, "forced")]
    out = cr.export_model("growth_gap@champion", tmp_path / "out", address)
    assert (out / "manifest.json").read_bytes() == (BUNDLE / "manifest.json").read_bytes()
    assert cr.show_model("growth_gap", address).version.version == 2
    store = open_store(address, create=False)
    child = subprocess.Popen([sys.executable, "-c", ""])
    child.wait()
    from city_resilience.processes import own_mark

    _, _, place = own_mark().split(".", 2)
    tags = {PROCESS: f"{child.pid}.1.{place}"}
    run = store.client.create_run(store.experiment_id("growth_gap"), tags=tags)
    open_store(address, create=True)
    assert store.client.get_run(run.info.run_id).info.status == "KILLED"
    end(process)
    started = time.monotonic()
    assert main.run(["models", "list", "--store", address]) == 2
    assert time.monotonic() - started < 60
    assert "nothing was registered" in capsys.readouterr().err


@pytest.fixture
def postgres(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Start PostgreSQL on a socket of its own; skip where it or its driver is not installed."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/pg_ctl"))
    tools = Path(os.environ.get("POSTGRESQL_BIN", found[-1].parent if found else ""))
    if not (tools / "pg_ctl").is_file():
        pytest.skip("PostgreSQL is not installed (Debian: postgresql)")
    _driver(tmp_path, monkeypatch)
    if os.geteuid() == 0 and not shutil.which("setpriv"):
        pytest.skip("PostgreSQL does not run as root, and there is no setpriv")
    port, data = free_port(), Path("/tmp") / f"city-resilience-postgres-{os.getpid()}"
    data.mkdir(mode=0o700)
    as_other: list[str] = []
    if os.geteuid() == 0:
        os.chown(data, 65534, 65534)
        as_other = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]

    def run(*words: str) -> None:
        done = subprocess.run([*as_other, *words], cwd=data, capture_output=True, check=False)
        assert done.returncode == 0, done.stderr

    try:
        run(str(tools / "initdb"), "-D", str(data / "db"), "-U", "postgres", "-A", "trust")
        options = f"-p {port} -k {data} -c listen_addresses=127.0.0.1 -c fsync=off"
        control = [str(tools / "pg_ctl"), "-D", str(data / "db"), "-w"]
        run(*control, "-l", str(data / "log"), "-o", options, "start")
        try:
            yield f"postgresql+psycopg2://postgres@127.0.0.1:{port}/postgres"
        finally:
            run(*control, "-m", "immediate", "stop")
    finally:
        shutil.rmtree(data, ignore_errors=True)


def _driver(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Import psycopg2, from Debian's package where that is for this Python; else skip."""
    if PathFinder.find_spec("psycopg2") is not None:
        return
    if (DEBIAN / "psycopg2").is_dir():
        (tmp_path / "driver").mkdir()
        (tmp_path / "driver" / "psycopg2").symlink_to(DEBIAN / "psycopg2")
        monkeypatch.syspath_prepend(tmp_path / "driver")
        path = [str(tmp_path / "driver"), *filter(None, [os.environ.get("PYTHONPATH")])]
        monkeypatch.setenv("PYTHONPATH", os.pathsep.join(path))  # of processes that a test starts
    pytest.importorskip("psycopg2", reason="no driver of PostgreSQL for this Python")


def test_models_live_in_postgresql(postgres, tmp_path, capsys):
    assert cr.import_model(BUNDLE, postgres).aliases == ("challenger", "champion")
    assert cr.import_model(BUNDLE, postgres).aliases == ("challenger",)
    assert [version.version for version in cr.list_models(postgres)] == [2, 1]
    out = cr.export_model("growth_gap@champion", tmp_path / "out", postgres)
    assert (out / "manifest.json").read_bytes() == (BUNDLE / "manifest.json").read_bytes()


OPEN = """
import sys, time
from city_resilience.tracking.store import open_store
store = open_store(sys.argv[1], create=True)
print("opened", flush=True)
if len(sys.argv) > 2:
    with store.turn():
        print("turn", flush=True)
        time.sleep(60)
"""


def test_processes_that_open_a_new_database_at_once_make_its_tables_once(postgres):
    words = [sys.executable, "-c", OPEN, postgres]
    opening = [
        subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    for process in opening:
        out, err = process.communicate(timeout=PATIENCE)
        assert out == "opened\n", err


def test_a_turn_in_a_database_is_waited_for_and_ends_with_its_process(postgres, monkeypatch):
    words = [sys.executable, "-c", OPEN, postgres, "turn"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as holder:
        assert [holder.stdout.readline() for _ in range(2)] == ["opened\n", "turn\n"]
        monkeypatch.setattr(postgresql, "LOCK_SECONDS", 0.5)
        store = open_store(postgres, create=False)
        with (
            pytest.raises(InputError, match=rf"process {holder.pid} on .* has been at work"),
            store.turn(),
        ):
            pass
        holder.kill()
        holder.wait()
        with store.turn():
            pass


def test_a_database_that_falls_silent_ends_soon(postgres, monkeypatch):
    monkeypatch.setattr(patience, "ANSWER_SECONDS", 2)
    store = open_store(postgres, create=True)
    found = subprocess.run(["pgrep", "-f", "postgres"], capture_output=True, text=True, check=True)
    mine = [int(own) for own in found.stdout.split() if _is_server(int(own))]
    assert mine
    for pid in mine:
        os.kill(pid, signal.SIGSTOP)
    try:
        started = time.monotonic()
        with pytest.raises(InputError, match=r"does not answer .*; nothing was registered"):
            store.client.search_experiments(max_results=1)
        assert time.monotonic() - started < 30
    finally:
        for pid in mine:
            os.kill(pid, signal.SIGCONT)


def _is_server(pid: int) -> bool:
    """Say whether a process is one of the PostgreSQL that this test started."""
    with suppress(OSError):
        words = Path(f"/proc/{pid}/cmdline").read_bytes()
        parent = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1]
        above = Path(f"/proc/{parent}/cmdline").read_bytes() if int(parent) > 1 else b""
        mark = f"city-resilience-postgres-{os.getpid()}".encode()
        return mark in words or mark in above
    return False


def test_a_database_that_is_not_there_ends_soon(postgres, capsys):
    started = time.monotonic()
    nobody = f"postgresql+psycopg2://postgres@127.0.0.1:{free_port()}/postgres"
    assert main.run(["models", "list", "--store", nobody]) == 2
    assert time.monotonic() - started < 60
    assert "nothing was registered" in capsys.readouterr().err
