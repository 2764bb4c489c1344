"""MLflow's pages about a store: where they are, and the server that shows a local one."""

from __future__ import annotations

import os
import shlex
import socket
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

from city_resilience.errors import InputError
from city_resilience.tracking.backend import import_mlflow
from city_resilience.tracking.registry import list_models
from city_resilience.tracking.store import Store, store_words
from city_resilience.tracking.table_view import view_query

__all__ = ["HOST", "KIND", "free_port", "opening_of", "page_addresses", "serve_pages"]

HOST, PORT = "127.0.0.1", 5000
# Otherwise the pages have the menu for language models.
KIND = "?workflowType=machine_learning"
# Otherwise eight more processes wait for work that these pages do not ask for.
WITHOUT_WORKERS = {"MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}


def page_addresses(store: Store, root: str, run_id: str = "") -> list[tuple[str, str]]:
    """Return what there is to look at in a store, and its address below the root of a server.

    One run where it is asked for; the runs of each experiment, most recent first; each registered
    model.

    Raises
    ------
    InputError
        If the store has no such run.
    """
    one = [_run_page(store, root, run_id)] if run_id else []
    experiments = store.client.search_experiments(order_by=["last_update_time DESC"])
    runs = [
        (
            f"runs of {found.name}",
            f"{root}/#/experiments/{found.experiment_id}/runs{KIND}{view_query(found.tags)}",
        )
        for found in experiments
        if store.client.search_runs([found.experiment_id], max_results=1)
    ]
    names = sorted({version.name for version in list_models(store)})
    models = [(f"model {name}", f"{root}/#/models/{quote(name)}{KIND}") for name in names]
    return [*one, *runs, *models]


def _run_page(store: Store, root: str, run_id: str) -> tuple[str, str]:
    try:
        found = store.client.get_run(run_id).info
    except import_mlflow().exceptions.MlflowException as error:
        raise InputError(
            f"--run {run_id}: no such run in {store.uri}; give the id that train printed, or the "
            "--store that it names"
        ) from error
    return f"run {found.run_name}", root + _run_address(found.experiment_id, run_id)


def _run_address(experiment_id: str, run_id: str) -> str:
    return f"/#/experiments/{experiment_id}/runs/{run_id}{KIND}"


def opening_of(store: Store, experiment_id: str, run_id: str) -> str:
    """Return what opens a run: the address at a server, the command line for a database."""
    if store.is_server:
        return store.uri.rstrip("/") + _run_address(experiment_id, run_id)
    return shlex.join(["city-resilience", "ui", "--run", run_id, *store_words(store)])


def free_port(wanted: int = 0) -> int:
    """Return a port of this machine that nobody listens on.

    Parameters
    ----------
    wanted : int
        The port to take; 0 for 5000, or another one where that is taken.

    Raises
    ------
    InputError
        If the wanted port is taken.
    """
    for port in (wanted,) if wanted else (PORT, 0):
        with closing(socket.socket(socket.AF_INET, socket.SOCK_STREAM)) as found:
            found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                found.bind((HOST, port))
            except OSError:
                continue
            return int(found.getsockname()[1])
    raise InputError(
        f"--port {wanted}: another program listens there; leave it out, or give another"
    )


def serve_pages(store: Store, port: int) -> subprocess.Popen[bytes]:
    """Start MLflow's server on a local store, for this machine alone; its messages are dropped.

    Returns
    -------
    Popen
        The process; it ends when it is terminated.
    """
    command = [sys.executable, "-m", "mlflow", "server", "--host", HOST, "--port", str(port)]
    command += ["--backend-store-uri", store.uri, "--workers", "1"]
    database = store.database
    folder = database.parent if database else Path.cwd()
    artifacts = (folder / "artifacts").as_uri()
    command += ["--default-artifact-root", artifacts, "--no-serve-artifacts"]
    return subprocess.Popen(
        command,
        env=os.environ | WITHOUT_WORKERS,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
