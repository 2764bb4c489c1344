"""MLflow's pages: addresses of runs and models, the port, and a server that answers and ends."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import urllib.request

import pytest

from city_resilience.commands.ui import Pages, show, ui
from city_resilience.errors import InputError
from city_resilience.tracking import interface
from city_resilience.tracking.interface import HOST, KIND, free_port
from city_resilience.tracking.store import open_store

# Python started from a script in the background does not hear Ctrl+C otherwise.
PROGRAM = (
    "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); "
    "from city_resilience.commands.main import entry; entry()"
)


def test_a_store_that_is_not_there_ends_with_its_path(tmp_path):
    with pytest.raises(InputError, match="there is no store yet"):
        ui(str(tmp_path / "none"))


def test_a_port_that_is_taken_is_refused_and_another_is_found():
    with socket.socket() as taken:
        taken.bind((HOST, 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(InputError, match=f"--port {port}: another program listens there"):
            free_port(port)
        assert free_port() not in (0, port)


def test_an_empty_store_is_called_empty(capsys):
    show(Pages("http://127.0.0.1:5000", (), None))
    assert "the store is empty; run city-resilience train first" in capsys.readouterr().out


@pytest.mark.tracking
def test_a_run_that_is_not_there_is_named_and_no_server_starts(tmp_path, monkeypatch):
    open_store(str(tmp_path), create=True)
    monkeypatch.setattr(interface, "serve_pages", None)
    with pytest.raises(InputError, match="--run nonsense: no such run in sqlite"):
        ui(str(tmp_path), run="nonsense")


@pytest.mark.slow
@pytest.mark.tracking
@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
@pytest.mark.parametrize(
    ("how", "code", "said"), [(signal.SIGINT, 0, "stopped\n"), (signal.SIGTERM, 143, "")]
)
def test_the_pages_answer_and_end_with_the_command(tmp_path, how, code, said):
    store = open_store(str(tmp_path), create=True)
    number = store.experiment_id("small")
    run = store.client.create_run(number, run_name="one").info.run_id
    words = ["ui", "--run", run, "--port", str(free_port())]
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM, *words],
        env=os.environ | {"MLFLOW_TRACKING_URI": store.uri},
        stdout=subprocess.PIPE,
        text=True,
    ) as command:
        assert command.stdout is not None
        own, runs, stop = (command.stdout.readline() for _ in range(3))
        root = own.split()[-1].partition("/#/")[0]
        assert own == f"run one        {root}/#/experiments/{number}/runs/{run}{KIND}\n"
        assert runs == f"runs of small  {root}/#/experiments/{number}/runs{KIND}\n"
        assert stop == "Stop with Ctrl+C.\n"
        with urllib.request.urlopen(root, timeout=30) as answer:
            assert answer.status == 200
        command.send_signal(how)
        assert command.stdout.read() == said
        assert command.wait(timeout=60) == code
    with pytest.raises(OSError, match="refused"):
        urllib.request.urlopen(root, timeout=5)
