"""MLflow's pages about a store: where they are, and the server that shows a local one."""

from __future__ import annotations

import socket
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

from city_resilience.errors import InputError
from city_resilience.tracking.registry import list_models
from city_resilience.tracking.store import Store

__all__ = ["HOST", "free_port", "page_addresses", "serve_pages"]

HOST, PORT = "127.0.0.1", 5000


def page_addresses(store: Store, root: str) -> list[tuple[str, str]]:
    """Return what there is to look at in a store, and its address below the root of a server.

    The runs of each experiment, most recent first, then each registered model.
    """
    experiments = store.client.search_experiments(order_by=["last_update_time DESC"])
    runs = [
        (f"runs of {found.name}", f"{root}/#/experiments/{found.experiment_id}/runs")
        for found in experiments
        if store.client.search_runs([found.experiment_id], max_results=1)
    ]
    names = sorted({version.name for version in list_models(store)})
    return [*runs, *((f"model {name}", f"{root}/#/models/{quote(name)}") for name in names)]


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
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
