"""``ui``: MLflow's pages on the runs and registered models of a store."""

from __future__ import annotations

import signal
import sys
import time
import urllib.request
from contextlib import suppress
from dataclasses import dataclass
from subprocess import Popen

import click

from city_resilience.commands.console import echo
from city_resilience.commands.options import store_option
from city_resilience.errors import InputError

__all__ = ["Pages", "command", "show", "ui"]

PATIENCE = 120.0  # seconds that a server may take to answer


@dataclass(frozen=True)
class Pages:
    """MLflow's pages.

    Attributes
    ----------
    root : str
        Address of the server.
    addresses : tuple of (str, str)
        What there is to look at, and its address.
    server : Popen or None
        The server that was started; None where the store is a server itself.
    """

    root: str
    addresses: tuple[tuple[str, str], ...]
    server: Popen[bytes] | None


def ui(store: str = "", *, port: int = 0, run: str = "") -> Pages:
    """Start MLflow's pages on a store, for this machine alone, and tell where they are.

    Parameters
    ----------
    store : str
        As for ``resolve_store``; for the address of a server nothing is started.
    port : int
        Port to listen on; 0 for 5000, or a free one where that is taken.
    run : str
        Id of a run whose address comes first.

    Raises
    ------
    InputError
        If there is no such store or run, the port is taken, or the server does not answer in two
        minutes.
    """
    from city_resilience.tracking.interface import HOST, free_port, page_addresses, serve_pages
    from city_resilience.tracking.store import open_store

    opened = open_store(store, create=False)
    if opened.is_server:
        at_server = page_addresses(opened, opened.uri.rstrip("/"), run)
        return Pages(opened.uri, tuple(at_server), None)
    chosen = free_port(port)
    root = f"http://{HOST}:{chosen}"
    addresses = tuple(page_addresses(opened, root, run))
    server = serve_pages(opened, chosen)
    try:
        _wait_for_answer(opened.uri, root, server)
    except BaseException:
        server.terminate()
        raise
    return Pages(root, addresses, server)


def _wait_for_answer(store: str, root: str, server: Popen[bytes]) -> None:
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until and server.poll() is None:
        with suppress(OSError), urllib.request.urlopen(f"{root}/health", timeout=5):
            return
        time.sleep(0.2)
    raise InputError(
        f"{store}: MLflow's server did not answer at {root} within {PATIENCE:.0f} s; "
        f"start it by hand to see why: mlflow server --backend-store-uri {store}"
    )


@click.command("ui")
@store_option
@click.option("--port", default=0, help="Port to listen on. [5000, or a free one]")
@click.option("--run", default="", help="Id of a run to open, as train printed it.")
def command(store: str, port: int, run: str) -> None:
    """Look at runs and registered models in a browser, with MLflow's pages.

    Only this machine can reach them. Stop with Ctrl+C.

    \b
    Examples:
      city-resilience ui
      city-resilience ui --store out/store --port 5050
    """
    # The server must end with this program when that is told to end, not only at Ctrl+C.
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
    pages = ui(store, port=port, run=run)
    show(pages)
    if pages.server is None:
        return
    try:
        pages.server.wait()
    except KeyboardInterrupt:
        echo("stopped")
    finally:
        pages.server.terminate()
        pages.server.wait()


def show(pages: Pages) -> None:
    """Show the address of each page."""
    width = max((len(name) for name, _ in pages.addresses), default=0)
    for name, address in pages.addresses:
        echo(f"{name:<{width}}  {address}")
    if not pages.addresses:
        echo(f"{pages.root}: the store is empty; run city-resilience train first")
    if pages.server is not None:
        echo("Stop with Ctrl+C.")
