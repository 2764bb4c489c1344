"""Seconds and peak memory of one command in two versions of the sources, in one run.

Usage: python benchmarks/two_versions.py BEFORE AFTER [--runs N] [--module NAME] -- WORDS OF A VERB

BEFORE and AFTER are checkouts of this repository; the words are those of a verb, with {out} for a
folder that is new in each run. The versions take turns, and the fastest run of each counts.

    python benchmarks/two_versions.py ../before . -- train experiments/demo/experiment.toml
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from rich.console import Console
from rich.table import Table

ENTRIES = ("city_resilience", "city_resilience.commands.cli", "city_resilience.cli")


def module_of(checkout: Path) -> str:
    """Return the module that runs the command line in a checkout."""
    folder = checkout / "src" / "city_resilience"
    if (folder / "__main__.py").is_file():
        return ENTRIES[0]
    return ENTRIES[2] if (folder / "cli.py").is_file() else ENTRIES[1]


def run_in(command: list[str], checkout: Path, place: Path, folder: str) -> resource.struct_rusage:
    """Run a command in ``place`` on the sources of a checkout; returns what it used.

    Raises
    ------
    SystemExit
        If the command fails; its messages are shown.
    """
    path = os.pathsep.join(filter(None, [str(checkout / "src"), os.environ.get("PYTHONPATH")]))
    own = {"PYTHONPATH": path, "MLFLOW_TRACKING_URI": f"{folder}/store"}
    process = subprocess.Popen(
        command,
        cwd=place,
        env={**os.environ, **own},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    assert process.stderr is not None
    messages = process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"{' '.join(command)}\n{messages.decode()}")
    return usage


def measured(checkout: Path, words: list[str]) -> tuple[float, float]:
    """Run a verb once; returns seconds and peak resident memory in MB.

    Raises
    ------
    SystemExit
        If the command fails; its messages are shown.
    """
    with tempfile.TemporaryDirectory() as folder:
        filled = [word.replace("{out}", f"{folder}/out") for word in words]
        command = [sys.executable, "-m", module_of(checkout), *filled]
        started = time.perf_counter()
        usage = run_in(command, checkout, checkout, folder)
        return time.perf_counter() - started, usage.ru_maxrss / 1024


def main() -> None:
    """Run both versions in turn and print the ratios."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("before", type=Path)
    parser.add_argument("after", type=Path)
    parser.add_argument("--runs", type=int, default=2)
    parser.add_argument("words", nargs="+")
    given = parser.parse_args()
    versions = {"before": given.before.resolve(), "after": given.after.resolve()}
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in versions}
    for _ in range(given.runs):
        for name, checkout in versions.items():
            found[name].append(measured(checkout, given.words))
    table = Table(title=" ".join(given.words))
    for heading in ("version", "seconds", "peak MB", "seconds, ratio", "memory, ratio"):
        table.add_column(heading, justify="right")
    best = {
        name: (min(s for s, _ in runs), min(m for _, m in runs)) for name, runs in found.items()
    }
    for name, (seconds, memory) in best.items():
        ratios = (f"{seconds / best['before'][0]:.2f}", f"{memory / best['before'][1]:.2f}")
        table.add_row(name, f"{seconds:.1f}", f"{memory:.0f}", *ratios)
    Console(width=110).print(table)


if __name__ == "__main__":
    main()
