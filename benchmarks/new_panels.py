"""Draft an experiment for sixteen panels with ``new`` and train each without an edit.

Usage: python benchmarks/new_panels.py FOLDER [PANEL …]

Four are real (the China panel, the provinces, the US states, Grunfeld's firms), twelve are made up
by ``tests/helpers/foreign_panels.py``. Every command runs as a user runs it, without a terminal.
Prints a line for each panel as it is done, and writes ``FOLDER/results.csv``.
"""

from __future__ import annotations

import csv
import shutil
import subprocess
import sys
import time
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "src"), str(ROOT / "tests" / "helpers")]

from foreign_panels import PANELS, grunfeld  # noqa: E402
from places import CITIES, PROVINCES, SHARED  # noqa: E402

HEAD = (
    "panel",
    "places",
    "rows",
    "guesses right",
    "asked",
    "trains without an edit",
    "new, s",
    "train, s",
)
REAL: Mapping[str, Mapping[str, object]] = {
    "china": {"noun": "city", "data.gazetteer": "china", "outcome.variable": "gdp_real"},
    "provinces": {"data.city": "region", "outcome.variable": "gdp_nominal"},
    "us_states": {"noun": "state", "data.city": "state", "outcome.variable": "gsp"},
    "grunfeld": {"noun": "firm", "data.city": "firm", "outcome.column": "invest"},
}


def main(arguments: list[str]) -> None:
    """Run the panels that are named, or all."""
    folder = Path(arguments[0])
    folder.mkdir(parents=True, exist_ok=True)
    rows = []
    for name in arguments[1:] or [*REAL, *PANELS]:
        rows.append(one(name, folder / name))
        print("| " + " | ".join(map(str, rows[-1])) + " |", flush=True)
    with (folder / "results.csv").open("w", encoding="utf-8", newline="") as handle:
        csv.writer(handle).writerows([HEAD, *rows])


def one(name: str, folder: Path) -> tuple[Any, ...]:
    """Draft and train one panel in a folder that is made anew."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    panel = put(name, folder)
    made = PANELS.get(name)
    started = time.monotonic()
    done = verb(folder, "new", panel, "--out", "my.toml")
    asked = ""
    if done.returncode == 2 and made is not None and made.asks:
        asked = made.asks if f"--{made.asks} " in done.stderr else "something else"
        answer = (f"--{made.asks}", made.answer)
        done = verb(folder, "new", panel, "--out", "my.toml", *answer)
    drafted = time.monotonic()
    if done.returncode:
        return (name, "", "", "", asked or done.stderr.strip(), "no draft", "", "")
    right = {
        tuple(key.split(".")): own for key, own in (made.right if made else REAL[name]).items()
    }
    families = made.families if made else {}
    right |= {("data", "columns", header, "family"): own for header, own in families.items()}
    values = tomllib.loads((folder / "my.toml").read_text("utf-8"))
    hits = sum(same(values, key, value) for key, value in right.items())
    trained = verb(folder, "train", "my.toml", "--out", "out", "--store", "store")
    ended = time.monotonic()
    ok = "yes" if trained.returncode == 0 and (folder / "out/report.html").exists() else "no"
    if ok == "no":
        (folder / "error.txt").write_text(trained.stderr + trained.stdout[-3000:], "utf-8")
    places = done.stdout.split(": ", 1)[1].split(" ")[0]
    rows = sum(1 for _ in (folder / panel).open(encoding="utf-8")) - 1
    spent = (f"{drafted - started:.0f}", f"{ended - drafted:.0f}")
    return (name, places, rows, f"{hits} of {len(right)}", asked or "nothing", ok, *spent)


def put(name: str, folder: Path) -> str:
    """Put a panel into a folder and return the name of its file."""
    if name in PANELS:
        PANELS[name].make(PANELS[name].places).to_csv(folder / PANELS[name].file, index=False)
        return PANELS[name].file
    if name == "grunfeld":
        grunfeld().to_csv(folder / "grunfeld.csv", index=False)
        return "grunfeld.csv"
    states = ROOT / "experiments/us_states/panel.csv"
    source = {"china": SHARED / CITIES, "provinces": SHARED / PROVINCES, "us_states": states}[name]
    shutil.copy(source, folder / source.name)
    return source.name


def verb(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run a command in a folder, without a terminal."""
    program = [sys.executable, str(ROOT / "scripts/project.py"), *words]
    return subprocess.run(
        program, cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )


def same(values: Any, key: tuple[str, ...], right: object) -> bool:
    """Compare a key of the drafted file."""
    for name in key:
        values = values.get(name) if isinstance(values, dict) else None
    return bool(values == (list(right) if isinstance(right, tuple) else right))


if __name__ == "__main__":
    main(sys.argv[1:])
