r"""What ``--engine dask`` costs beside threads, and what becomes of a run that loses a worker.

Usage: python benchmarks/dask_engine.py [--cities N …] [--years 20] [--workers 2] [--csv FILE]

Backtests the demo, and panels of N made-up cities, three times one after another, each in a process
of its own: in threads, on as many Dask workers of this machine, and on these with one worker killed
in the middle of the folds. Every table has to be the same to the last bit. Prints seconds,
processor seconds and peak memory of the largest process, and their ratios; ``--csv`` adds a row a
panel to a file, with the machine and the versions.

    python benchmarks/dask_engine.py --cities 5000 50000 --csv benchmarks/dask_engine.csv
"""

from __future__ import annotations

import argparse
import csv
import os
import platform
import signal
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from two_versions import run_in

from city_resilience.commands.backtest import backtest
from city_resilience.machines.dask_engine import on_dask
from city_resilience.simulate import simulate_panel, with_headers
from city_resilience.workers import at_most, usable_cores

ROOT = Path(__file__).resolve().parents[1]
DEMO = ROOT / "experiments" / "demo" / "experiment.toml"
EXPERIMENT = """
name = "made_up"
title = "Made-up cities"
[data]
path = "panel.parquet"
groups = ["region", "size_class"]
simulated = true
[outcome]
variable = "gdp_real"
horizons = [1]
[evaluation]
first_origin = {first}
warmup_origins = 2
"""
WAYS = ("threads", "dask", "killed")


@dataclass(frozen=True)
class Run:
    """Wall seconds, processor seconds of all processes, and peak MB of the largest of them."""

    seconds: float
    processor: float
    peak: float


def made_up(folder: Path, cities: int, years: int) -> Path:
    """Write a made-up panel and its experiment, with three scored origins; return the latter."""
    panel = simulate_panel(cities=cities, years=years, first_year=2020 - years).frame
    for name, share in (("employment_ict", 0.3), ("employment_manufacturing", 0.6)):
        panel[name] = panel[name].clip(upper=share * panel["unit_employment"])
    with_headers(panel).to_parquet(folder / "panel.parquet", index=False)
    path = folder / "experiment.toml"
    path.write_text(EXPERIMENT.format(first=2016), encoding="utf-8")
    return path


def backtested(way: str, experiment: Path, out: Path, workers: int) -> None:
    """Backtest in one of the ``WAYS``; with ``killed`` a worker ends at half of the folds."""
    if way == "threads":
        with at_most(workers):
            backtest(experiment, out=out)
        return
    killed: list[int] = []
    with at_most(workers), on_dask() as engine:

        def progress(what: str, done: int, total: int, /) -> None:
            if way == "killed" and what == "rolling origins" and 2 * done >= total and not killed:
                killed.append(min(engine.client.run(os.getpid).values()))
                os.kill(killed[0], signal.SIGKILL)

        backtest(experiment, out=out, progress=progress)
    if way == "killed" and not killed:
        raise SystemExit("no worker was killed")


def measured(way: str, experiment: Path, out: Path, workers: int) -> Run:
    """Backtest in a process of its own."""
    command = [sys.executable, __file__, "--way", way, str(experiment), str(out)]
    started = time.perf_counter()
    used = run_in([*command, "--workers", str(workers)], ROOT, ROOT, str(out.parent))
    scale = 1e6 if sys.platform == "darwin" else 1e3
    seconds = time.perf_counter() - started
    return Run(seconds, used.ru_utime + used.ru_stime, used.ru_maxrss / scale)


def compared(name: str, experiment: Path, workers: int) -> dict[str, object]:
    """Run every way and return what they took; the tables have to be the same."""
    runs: dict[str, Run] = {}
    with tempfile.TemporaryDirectory() as folder:
        for way in WAYS:
            out = Path(folder) / way
            runs[way] = measured(way, experiment, out, workers)
            own, first = tables(out), tables(Path(folder) / WAYS[0])
            if own != first:
                differing = [name for name in first if own.get(name) != first[name]]
                raise SystemExit(f"{name}: {way} differs from threads in {', '.join(differing)}")
            _tell(name, way, runs[way], runs["threads"])
    threads = runs["threads"]
    return {
        "panel": name,
        "workers": workers,
        **{f"{way}_s": round(run.seconds, 1) for way, run in runs.items()},
        **{f"{way}_processor_s": round(run.processor, 1) for way, run in runs.items()},
        **{f"{way}_peak_mb": round(run.peak) for way, run in runs.items()},
        "dask_ratio": round(runs["dask"].seconds / threads.seconds, 3),
        "dask_processor_ratio": round(runs["dask"].processor / threads.processor, 3),
        "killed_ratio": round(runs["killed"].seconds / threads.seconds, 3),
        "equal": "yes",
    }


def tables(folder: Path) -> Mapping[str, bytes]:
    """Return the content of each table of a folder."""
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def _tell(name: str, way: str, run: Run, beside: Run) -> None:
    print(
        f"{name}: {way} {run.seconds:.1f} s, {run.processor:.1f} processor s, "
        f"largest process {run.peak:,.0f} MB; ratios {run.seconds / beside.seconds:.2f} and "
        f"{run.processor / beside.processor:.2f}; the same tables",
        flush=True,
    )


def _about() -> dict[str, object]:
    """Return the machine and the versions."""
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else float("nan")
    return {
        "machine": f"{usable_cores()} cores, {platform.machine()}, {platform.system()}",
        "load": round(load, 1),
        "python": platform.python_version(),
        **{name: version(name) for name in ("distributed", "numpy", "pandas")},
    }


def main() -> None:
    """Compare the ways on each panel."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cities", type=int, nargs="*", default=[])
    parser.add_argument("--years", type=int, default=20)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--csv", type=Path)
    parser.add_argument("--no-demo", action="store_true", help="the made-up panels alone")
    parser.add_argument("--way", nargs=3, metavar=("WAY", "EXPERIMENT", "OUT"))
    given = parser.parse_args()
    if given.way:
        way, experiment, out = given.way
        return backtested(way, Path(experiment), Path(out), given.workers)
    rows = [] if given.no_demo else [compared("demo", DEMO, given.workers)]
    for cities in given.cities:
        with tempfile.TemporaryDirectory() as folder:
            name = f"{cities} cities x {given.years} years"
            experiment = made_up(Path(folder), cities, given.years)
            rows.append(compared(name, experiment, given.workers))
    if given.csv:
        rows = [{**row, **_about()} for row in rows]
        new = not given.csv.exists()
        with given.csv.open("a", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
            if new:
                writer.writeheader()
            writer.writerows(rows)
    return None


if __name__ == "__main__":
    main()
