"""Seconds of ``predict`` with drivers and of ``--help`` beside what they cannot do without.

Usage: python benchmarks/predict_start.py MODEL --data PANEL [--runs N]

``predict`` stands beside ``python -c "import pandas, xgboost, pyarrow"``, ``--help`` beside a bare
click program. All take turns; the fastest run of each counts, in seconds of the wall and of the
processor. Byte code is kept in a folder of its own, as that of an installed package is, and a first
run fills it.

    python benchmarks/predict_start.py out/china/model --data panel.csv
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from rich.console import Console
from rich.table import Table

IMPORTS = "import pandas, xgboost, pyarrow"
CLICK = """
import click
@click.group()
def main(): pass
main()
"""
MOST = {"predict": (1.5, 1.0), "--help": (1.5, 0.0)}
"""The goal of each: so many times its reference, and so many seconds."""


def seconds(words: list[str], kept: str) -> tuple[float, float]:
    """Run Python on some words; returns the seconds of the wall and of the processor."""
    own = {"PYTHONPYCACHEPREFIX": kept, "PYTHONPATH": str(Path(__file__).parents[1] / "src")}
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"} | own
    started = time.perf_counter()
    process = subprocess.Popen([sys.executable, *words], env=environment, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"{' '.join(words[:4])}: ended with an error")
    return time.perf_counter() - started, usage.ru_utime + usage.ru_stime


def main() -> None:
    """Run all in turn and print seconds and ratios."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("model", type=Path)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--runs", type=int, default=5)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        verb = ["-m", "city_resilience"]
        predict = ["predict", "--data", str(given.data), "--model", str(given.model)]
        programs = {
            "imports": ["-c", IMPORTS],
            "predict": [*verb, *predict, "--out", f"{folder}/forecast.csv"],
            "bare click": ["-c", CLICK, "--help"],
            "--help": [*verb, "--help"],
        }
        for words in programs.values():
            seconds(words, f"{folder}/kept")
        runs = [
            {name: seconds(words, f"{folder}/kept") for name, words in programs.items()}
            for _ in range(given.runs)
        ]
    best = {name: [min(run[name][k] for run in runs) for k in (0, 1)] for name in programs}
    table = Table(title="Fastest of the runs, seconds")
    for heading in ("program", "wall", "processor", "goal, wall", "goal, processor"):
        table.add_column(heading, justify="right")
    references = {"predict": "imports", "--help": "bare click"}
    for name, (wall, processor) in best.items():
        goals = [""] * 2
        if name in MOST:
            times, more = MOST[name]
            goals = [f"{times * own + more:.2f}" for own in best[references[name]]]
        table.add_row(name, f"{wall:.2f}", f"{processor:.2f}", *goals)
    Console(width=100).print(table)


if __name__ == "__main__":
    main()
