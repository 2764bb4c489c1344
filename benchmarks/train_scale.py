r"""What ``train`` takes on large made-up panels: by the xgboost fits it contains, and of memory.

Usage: python benchmarks/train_scale.py [--cities 5000 50000] [--years 20] [--rounds N] [--csv FILE]
       python benchmarks/train_scale.py --tolerance

For each number of cities a panel is simulated and written as Parquet, and a new process trains on
it: one horizon, five origins, the members and features of the demo. A clock on ``xgboost.train``
and on the making of its bins, less the reading of rows for these, gives the bare fits, in processor
seconds of the threads that run them; the ratio to the processor seconds of the whole run is of that
one run. Peak memory is that of the process. With ``--rounds`` boosters have so many rounds: with
fewer than the 100 that are served all else weighs more, and the ratio is an upper bound.

``--tolerance`` backtests the panel of the first number of cities twice instead, as it is and as a
tall one (see ``tasks/tall.py``), and prints the errors of each member in both. The sample is as
small a share of the panel as it is of the smallest tall one, an eighth.

    python benchmarks/train_scale.py --cities 43501 --years 35
    python benchmarks/train_scale.py --cities 2800 --tolerance
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import pandas as pd
from train_time import LIBRARIES, clocks

from city_resilience.commands.evaluation import evaluate
from city_resilience.commands.source import load
from city_resilience.commands.train import train
from city_resilience.models.versions import package_versions
from city_resilience.simulate import simulate_panel, with_headers
from city_resilience.tasks import tall
from city_resilience.workers import usable_cores

__all__ = ["LAST", "main", "panel_of", "tolerance", "trained"]

LAST = 2019
BOOSTERS = (
    "xgboost.train",
    "xgboost.QuantileDMatrix.__init__",
    "xgboost.ExtMemQuantileDMatrix.__init__",
)
OTHERS = tuple(name for name in LIBRARIES if name not in BOOSTERS)
READING = ("city_resilience.tasks.tall.TallRows.__array__",)
BOOSTED = ("xgboost", "xgboost_all_years")
MOST_STAFF = {"employment_ict": 0.3, "employment_manufacturing": 0.6}
"""Shares of all staff that no made-up city exceeds: among so many one would, and be refused."""
EXPERIMENT = """
name = "scale"
title = "made-up cities"
[data]
groups = ["region", "size_class"]
source = "city_resilience.simulate, seed 0; the cities are made up"
licence = "Apache-2.0"
simulated = true
[outcome]
variable = "gdp_real"
horizons = [1]
[features]
carry_forward = 3
[evaluation]
first_origin = FIRST
warmup_origins = 0
"""


def panel_of(cities: int, years: int, folder: Path, rounds: int = 0) -> Path:
    """Write the panel and the experiment; returns the place of the panel."""
    frame = simulate_panel(cities, LAST + 1 - years, years).frame
    for name, share in MOST_STAFF.items():
        frame[name] = frame[name].clip(upper=share * frame["unit_employment"])
    place = folder / "panel.parquet"
    with_headers(frame).to_parquet(place, index=False)
    text = EXPERIMENT.replace("FIRST", str(LAST - 5))
    if rounds:
        text += (
            f"[model]\nparameters = {{ {', '.join(f'{m}.rounds = {rounds}' for m in BOOSTED)} }}\n"
        )
    (folder / "experiment.toml").write_text(text, encoding="utf-8")
    return place


def trained(folder: Path) -> dict[str, float]:
    """Train in this process; returns processor seconds by part."""
    with clocks(BOOSTERS) as boosters, clocks(OTHERS) as others, clocks(READING) as reading:
        started, wall = time.process_time(), time.perf_counter()
        train(
            folder / "experiment.toml",
            folder / "panel.parquet",
            out=folder / "out",
            store=str(folder / "store"),
        )
        whole = time.process_time() - started
    return {
        "seconds": time.perf_counter() - wall,
        "processor_seconds": whole,
        "xgboost": sum(boosters.calls) - sum(reading.calls),
        "reading": sum(reading.calls),
        "other_fits": sum(others.calls),
    }


def measured(cities: int, years: int, rounds: int) -> dict[str, Any]:
    """Simulate and train in processes of their own; returns what it took."""
    with tempfile.TemporaryDirectory() as folder:
        _run("--make", folder, *map(str, (cities, years, rounds)))
        said, usage = _run("--train", folder)
        size = sum(own.stat().st_size for own in Path(folder, "out").rglob("*") if own.is_file())
        page = Path(folder, "out", "report.html").stat().st_size
    found = json.loads(said.splitlines()[-1])
    return {
        "cities": cities,
        "years": years,
        "rows": cities * years,
        "rounds": rounds or "served",
        **{name: round(value, 1) for name, value in found.items()},
        "by_xgboost": round(found["processor_seconds"] / found["xgboost"], 3),
        "peak_gb": round(usage.ru_maxrss / 1e6, 2),
        "page_mb": round(page / 1e6, 1),
        "files_mb": round(size / 1e6, 1),
    }


def _run(*words: str) -> tuple[str, Any]:
    command = [sys.executable, __file__, *words]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    said = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"{' '.join(command)} ended with {os.waitstatus_to_exitcode(status)}")
    return said, usage


def tolerance(cities: int, years: int) -> pd.DataFrame:
    """Backtest a panel as it is and as a tall one; returns the errors of both by model."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        panel_of(cities, years, folder)
        frames = []
        tall.SAMPLED_ROWS = tall.SAMPLED_ROWS * cities * years // tall.TALL
        for limit in (cities * years, 0):
            tall.TALL = limit
            source = load(folder / "experiment.toml", folder / "panel.parquet")
            frames.append(evaluate(source).backtest.frame)
    keys = ["model", "city", "origin", "horizon"]
    both = frames[0].merge(frames[1][[*keys, "forecast"]], on=keys, suffixes=("", "_tall"))
    rows = []
    for model, own in both.groupby("model"):
        whole, sampled = (
            (own[name] - own["truth"]).abs().groupby(own["origin"]).mean().mean()
            for name in ("forecast", "forecast_tall")
        )
        apart = float((own["forecast_tall"] - own["forecast"]).abs().mean())
        rows.append((model, whole, sampled, sampled / whole - 1.0, apart))
    columns = ["model", "mae", "mae_tall", "relative", "mean_difference"]
    return pd.DataFrame(rows, columns=columns)


def main() -> None:
    """Measure each size, or compare both ways to train, and print and write the table."""
    if sys.argv[1:2] == ["--make"]:
        cities, years, rounds = map(int, sys.argv[3:6])
        panel_of(cities, years, Path(sys.argv[2]), rounds)
        return
    if sys.argv[1:2] == ["--train"]:
        print(json.dumps(trained(Path(sys.argv[2]))))
        return
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cities", type=int, nargs="+", default=[5000, 50_000])
    parser.add_argument("--years", type=int, default=20)
    parser.add_argument("--rounds", type=int, default=0)
    parser.add_argument("--csv", type=Path)
    parser.add_argument("--tolerance", action="store_true")
    given = parser.parse_args()
    if given.tolerance:
        table = tolerance(given.cities[0], given.years).round(4)
        table.insert(0, "cities", given.cities[0])
    else:
        sizes = [(cities, given.years, given.rounds) for cities in given.cities]
        table = pd.DataFrame([measured(*size) for size in sizes])
        table["cores"] = usable_cores()
    known = package_versions()
    table["machine"] = platform.platform()
    table["versions"] = "; ".join(f"{name} {own}" for name, own in known.items())
    print(table.drop(columns=["machine", "versions"]).to_string(index=False))
    if given.csv:
        table.to_csv(given.csv, index=False, lineterminator="\n")


if __name__ == "__main__":
    main()
