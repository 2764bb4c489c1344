"""predict from a model folder in two versions: modules, seconds beside plain imports, folder size.

Usage: python benchmarks/predict.py BEFORE AFTER --data CSV [--runs N]

BEFORE and AFTER are each CHECKOUT:MODEL, a checkout of this repository and a model folder that it
trained. Seconds are those of the processor, of the fastest run; the versions and the imports take
turns.

    python benchmarks/predict.py ../before:../before/out/model .:out/china/model --data panel.csv
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.table import Table
from two_versions import module_of, run_in

HEAVY = ("mlflow", "numba", "shap", "sklearn")
IMPORTS = "import pandas, xgboost, pyarrow"
# Runs a module as "python -m" does and tells in the end which modules were loaded.
PROGRAM = """
import json, runpy, sys
try:
    runpy.run_module(sys.argv.pop(1), run_name="__main__", alter_sys=True)
finally:
    with open(MODULES, "w") as file:
        json.dump(sorted(sys.modules), file)
"""


def seconds_of(command: list[str], checkout: Path, folder: str) -> float:
    """Run a command; returns the seconds of the processor that it took."""
    usage = run_in(command, checkout, Path(folder), folder)
    return usage.ru_utime + usage.ru_stime


def predicted(checkout: Path, model: Path, data: Path) -> tuple[float, list[str]]:
    """Forecast once; returns the seconds and the modules that were loaded."""
    with tempfile.TemporaryDirectory() as folder:
        modules = Path(folder) / "modules.json"
        program = f"MODULES = {str(modules)!r}\n{PROGRAM}"
        command = [sys.executable, "-c", program, module_of(checkout), "predict"]
        command += ["--data", str(data), "--model", str(model), "--out", f"{folder}/forecast.csv"]
        seconds = seconds_of(command, checkout, folder)
        return seconds, json.loads(modules.read_text())


def kilobytes(folder: Path) -> float:
    """Return the size of the files of a folder, in units of 1000 bytes."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 1000


def main() -> None:
    """Run both versions in turn and print what they load, take and weigh."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("before")
    parser.add_argument("after")
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--runs", type=int, default=3)
    given = parser.parse_args()
    versions = {}
    for name in ("before", "after"):
        checkout, _, model = getattr(given, name).partition(":")
        versions[name] = (Path(checkout).resolve(), Path(model).resolve())
    found: dict[str, list[tuple[float, list[str]]]] = {name: [] for name in versions}
    plain = []
    for _ in range(given.runs):
        with tempfile.TemporaryDirectory() as folder:
            plain.append(seconds_of([sys.executable, "-c", IMPORTS], Path.cwd(), folder))
        for name, (checkout, model) in versions.items():
            found[name].append(predicted(checkout, model, given.data.resolve()))
    table = Table(title=f"predict, beside {IMPORTS!r}: {min(plain):.2f} s")
    for heading in ("version", "seconds", "ratio", "modules", "among them", "folder, KB"):
        table.add_column(heading, justify="right")
    for name, runs in found.items():
        seconds, modules = min(runs)
        heavy = ", ".join(package for package in HEAVY if package in modules) or "none of those"
        size = f"{kilobytes(versions[name][1]):,.0f}"
        ratio = f"{seconds / min(plain):.1f}"
        table.add_row(name, f"{seconds:.2f}", ratio, f"{len(modules):,}", heavy, size)
    Console(width=110).print(table)


if __name__ == "__main__":
    main()
