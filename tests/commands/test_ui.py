"""MLflow's pages: addresses of runs and models, the port, and a server that answers and ends."""

from __future__ import annotations

import socket
import urllib.request

import pytest

from city_resilience.commands.ui import Pages, show, ui
from city_resilience.errors import InputError
from city_resilience.tracking.interface import HOST, free_port
from city_resilience.tracking.store import open_store


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


@pytest.mark.slow
@pytest.mark.tracking
def test_the_pages_answer_and_name_the_runs_of_an_experiment(tmp_path):
    store = open_store(str(tmp_path), create=True)
    number = store.experiment_id("small")
    store.client.create_run(number)
    kind = store.client.get_experiment(number).tags["mlflow.experimentKind"]
    assert kind == "custom_model_development"
    pages = ui(str(tmp_path), port=free_port())
    assert pages.server is not None
    try:
        assert pages.addresses == (("runs of small", f"{pages.root}/#/experiments/{number}/runs"),)
        with urllib.request.urlopen(pages.root, timeout=30) as answer:
            assert answer.status == 200
    finally:
        pages.server.terminate()
        pages.server.wait()
