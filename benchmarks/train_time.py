r"""What ``train`` takes beside another version, the bare fits it contains, and on a busy machine.

Usage: python benchmarks/train_time.py EXPERIMENT [--data PATH] [--set KEY=VALUE] [--before PATH]

Runs one after another, each with a new store: ``train`` of another checkout (``--before``), of this
one, of this one beside a process that keeps one core busy, and of this one on a single core. Then
``train`` in this process with a clock on what the libraries do in its fits. Prints seconds,
processor seconds and ratios. The former mean something on an idle machine only; the ratio to the
bare fits is of processor seconds.

    git worktree add ../before 0352ef1
    python benchmarks/train_time.py experiments/china_prefecture/experiment.toml --data CSV \
        --before ../before
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest import mock

from two_versions import module_of, run_in

from city_resilience.commands.train import train
from city_resilience.workers import usable_cores

__all__ = ["Clock", "bare_fits", "clocks", "main", "timed"]

ROOT = Path(__file__).resolve().parents[1]
LIBRARIES = (
    "xgboost.train",
    "sklearn.ensemble.ExtraTreesRegressor.fit",
    "sklearn.linear_model.Ridge.fit",
    "scipy.optimize.linprog",
)
"""What the fits of all members come down to."""


@dataclass
class Clock:
    """Processor seconds that threads spend in each of some calls."""

    calls: list[float] = field(default_factory=list)

    def around(self, call: Callable[..., Any]) -> Callable[..., Any]:
        """Return the call with the clock on it."""

        def clocked(*args: Any, **options: Any) -> Any:
            started = time.thread_time()
            try:
                return call(*args, **options)
            finally:
                self.calls.append(time.thread_time() - started)

        return clocked


def bare_fits(
    experiment: Path, data: Path | None, changes: Sequence[str]
) -> tuple[float, float, float]:
    """Train in this process; returns processor seconds of the libraries' fits and of all, seconds.

    The second process of ``train`` counts, imports do not.
    """
    with tempfile.TemporaryDirectory() as folder, clocks(LIBRARIES) as clock:
        started, used = time.perf_counter(), _processor_seconds()
        out, store = Path(folder) / "out", f"{folder}/store"
        train(experiment, data, out=out, store=store, overrides=changes)
        whole, seconds = _processor_seconds() - used, time.perf_counter() - started
    return sum(clock.calls), whole, seconds


def _processor_seconds() -> float:
    """Processor seconds of this process and of those it has waited for."""
    return sum(os.times()[:4])


@contextmanager
def clocks(names: Sequence[str]) -> Iterator[Clock]:
    """Put one clock on functions or methods of libraries, given with their modules."""
    clock = Clock()
    with ExitStack() as patched:
        for name in names:
            patched.enter_context(mock.patch(name, clock.around(_named(name))))
        yield clock


def _named(name: str) -> Any:
    module, _, rest = name.rpartition(".")
    try:
        owner = __import__(module, fromlist=["_"])
    except ModuleNotFoundError:
        owner = _named(module)
    return getattr(owner, rest)


def timed(checkout: Path, experiment: Path, words: Sequence[str]) -> tuple[float, float]:
    """Run ``train`` of a checkout once, on its own file of an experiment that it has.

    Returns seconds and processor seconds.
    """
    own = experiment.resolve()
    own = checkout / own.relative_to(ROOT) if own.is_relative_to(ROOT) else own
    with tempfile.TemporaryDirectory() as folder:
        out = f"{folder}/out"
        command = [sys.executable, "-m", module_of(checkout), "train", str(own), *words]
        started = time.perf_counter()
        usage = run_in([*command, "--out", out], checkout, ROOT, folder)
        return time.perf_counter() - started, usage.ru_utime + usage.ru_stime


@contextmanager
def busy_neighbour() -> Iterator[None]:
    """Keep one core busy with another process."""
    process = subprocess.Popen([sys.executable, "-c", "while True: pass"])
    try:
        yield
    finally:
        process.kill()
        process.wait()


@contextmanager
def one_core() -> Iterator[None]:
    """Leave this process, and those it starts, a single core, as ``taskset -c`` does."""
    every = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(every)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, every)


def main() -> None:
    """Run each and print the ratios."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("experiment", type=Path)
    parser.add_argument("--data", type=Path)
    parser.add_argument("--set", dest="changes", action="append", default=[])
    parser.add_argument("--before", type=Path)
    given = parser.parse_args()
    words = ["--data", str(given.data.resolve())] if given.data else []
    words += [word for change in given.changes for word in ("--set", change)]
    print(f"{usable_cores()} cores")
    before = (
        _told("before", timed(given.before.resolve(), given.experiment, words))
        if given.before
        else None
    )
    idle = _told("now", timed(ROOT, given.experiment, words), before)
    with busy_neighbour():
        _told("beside a busy process", timed(ROOT, given.experiment, words), idle)
    with one_core():
        _told("on one core", timed(ROOT, given.experiment, words), idle)
    fits, whole, seconds = bare_fits(given.experiment, given.data, given.changes)
    print(f"bare fits {fits:.1f} processor s of {whole:.1f}, {whole / fits:.2f} times the fits")
    least = fits / usable_cores()
    print(f"on all cores {least:.1f} s; train {seconds:.1f} s, {seconds / least:.2f} times that")


def _told(
    name: str, found: tuple[float, float], beside: tuple[float, float] | None = None
) -> tuple[float, float]:
    line = f"{name}: {found[0]:.1f} s, {found[1]:.1f} processor s"
    if beside:
        line += f", ratios {found[0] / beside[0]:.2f} and {found[1] / beside[1]:.2f}"
    print(line, flush=True)
    return found


if __name__ == "__main__":
    main()
