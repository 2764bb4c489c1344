"""Seconds and peak memory of ``predict`` at 10^5 to 10^7 city-years, beside what it stands on.

Usage: python benchmarks/predict_scale.py [MODEL] [--rows N ...] [--drivers] [--dask] [--csv CSV]

A made-up panel of 20 years with the demo's columns is written as Parquet, and ``predict`` runs on
it as a command of its own. Beside it stands, measured right after, the sum of reading the Parquet
file (bare pyarrow), its features (those of ``predict``), ``inplace_predict`` of the model's
boosters on them in float32, and writing the same table; with ``--drivers`` also ``pred_contribs``
of the same boosters, taken on some hundred rows. The goal of issue 19 is 1.5 times that sum, with
drivers more by 1.15 times ``pred_contribs``. With ``--dask`` the same command also runs on two Dask
workers of this machine: ``dask`` has its seconds, ``overhead`` their ratio to the command's own.

    python benchmarks/predict_scale.py --rows 100000 1000000 --csv benchmarks/predict_scale.csv
    python benchmarks/predict_scale.py --rows 1000000 10000000
"""

from __future__ import annotations

import argparse
import json
import math
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).parents[1]
YEARS, BLOCK = 20, 2000
EXPLAINED = 200
"""Rows of which ``pred_contribs`` is taken; its time grows with the rows."""


def write_panel(cities: int, path: Path) -> None:
    """Write a made-up panel, block of cities after block, each with a nation of its own path."""
    import pyarrow
    import pyarrow.parquet

    from city_resilience.simulate import simulate_panel, with_headers

    writer = None
    for block in range(math.ceil(cities / BLOCK)):
        frame = simulate_panel(
            min(BLOCK, cities - block * BLOCK), years=YEARS, seed=block + 1
        ).frame
        staff = np.floor(0.7 * frame["unit_employment"] * 1000) / 1000
        frame["employment_manufacturing"] = np.minimum(frame["employment_manufacturing"], staff)
        frame["city"] = f"{block:03d} " + frame["city"]
        table = pyarrow.Table.from_pandas(with_headers(frame), preserve_index=False)
        writer = writer or pyarrow.parquet.ParquetWriter(path, table.schema)
        writer.write_table(table)
    assert writer is not None
    writer.close()


def run(words: list[str], **more: Any) -> dict[str, float]:
    """Run Python on some words; returns seconds of the wall and of the processor, and peak MB."""
    environment = os.environ | {"PYTHONPATH": str(ROOT / "src")}
    started = time.perf_counter()
    process = subprocess.Popen([sys.executable, *words], env=environment, **more)
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.perf_counter() - started
    if status:
        raise SystemExit(f"{' '.join(words[:4])}: ended with an error")
    processor = usage.ru_utime + usage.ru_stime
    return {"wall": wall, "processor": processor, "peak": usage.ru_maxrss / 1024}


class Watch:
    """Seconds of the wall and of the processor by what they were spent on."""

    def __init__(self) -> None:
        self.spent: dict[str, list[float]] = {}
        self.now = (time.perf_counter(), time.process_time())

    def lap(self, name: str = "") -> None:
        """Add what went by since the last call; to nothing where there is no name."""
        now = (time.perf_counter(), time.process_time())
        own = self.spent.setdefault(name, [0.0, 0.0])
        own[:] = [have + new - old for have, new, old in zip(own, now, self.now, strict=True)]
        self.now = now


def reference(panel: Path, model: Path, folder: Path, drivers: bool) -> dict[str, list[float]]:
    """Measure the parts of the sum."""
    import pyarrow.parquet
    import xgboost

    from city_resilience.commands.forecasting import Asked, forecast_panel
    from city_resilience.commands.stored_rows import batched_rows_of
    from city_resilience.files import write_parts
    from city_resilience.models.bundle import load_bundle
    from city_resilience.models.trees import Trees
    from city_resilience.reading import read

    read.MOST_ROWS = 0
    forecaster = load_bundle(model)
    boosters = {
        horizon: [own.booster for own, _ in one.used if isinstance(own, Trees)]
        for horizon, one in forecaster.horizons.items()
    }
    watch = Watch()
    file = pyarrow.parquet.ParquetFile(panel)
    for group in range(file.num_row_groups):
        file.read_row_group(group)
    watch.lap("read")
    data = forecaster.experiment.data
    found = read.read_panel(panel, data, outcome=forecaster.experiment.outcome)
    watch.lap()
    rows = batched_rows_of(forecaster, found)
    watch.lap("features")
    for part in rows.parts(2**15):
        for horizon, one in forecaster.horizons.items():
            features = rows.part(part).features(one.spec)
            watch.lap("features")
            narrow = features.astype(np.float32)
            for booster in boosters[horizon]:
                booster.inplace_predict(narrow)
            watch.lap("predict")
            if drivers and part.start == 0:
                some = xgboost.DMatrix(narrow[:EXPLAINED])
                watch.lap()
                for booster in boosters[horizon]:
                    booster.predict(some, pred_contribs=True)
                watch.lap("explain")
    if drivers:
        times = len(rows.cities) / min(EXPLAINED, len(rows.cities))
        watch.spent["explain"] = [own * times for own in watch.spent["explain"]]
    from city_resilience.audit.audit import audit_panel
    from city_resilience.audit.read_audited import AuditedPanel

    few = AuditedPanel(found, audit_panel(found.of(slice(0, 50))))
    asked = Asked(drivers=0, allow_partial=True)
    table = forecast_panel(forecaster, few, asked, (), None, "").laid
    texts = {f"driver_{k}": f"Some indicator of a place: +{k}.25" for k in range(1, 4)}

    def parts() -> Iterator[pd.DataFrame]:
        for own in table.parts():
            frame = own.assign(**texts) if drivers else own
            watch.lap()
            yield frame
            watch.lap("write")

    watch.lap()
    write_parts(parts(), folder / "written.csv")
    watch.lap("write")
    watch.spent.pop("")
    return watch.spent


def measured(
    rows: int, model: Path, drivers: bool, folder: Path, dask: bool = False
) -> list[dict[str, Any]]:
    """Run ``predict`` and the reference on a panel of so many rows."""
    panel = folder / f"panel_{rows}.parquet"
    write_panel(rows // YEARS, panel)
    verb = ["-m", "city_resilience", "predict", "--allow-partial", "--quiet"]
    verb += ["--data", str(panel), "--model", str(model), "--drivers", "3" if drivers else "0"]
    own = run([*verb, "--out", str(folder / "forecast.csv")])
    there = {"wall": math.nan, "processor": math.nan}
    if dask:
        engine = ["--engine", "dask", "--workers", "2"]
        there = run([*verb, *engine, "--out", str(folder / "dask.csv")])
        if (folder / "dask.csv").read_bytes() != (folder / "forecast.csv").read_bytes():
            raise SystemExit(f"{rows} rows: the forecasts on Dask workers are others")
    about = [str(Path(__file__).resolve()), str(model), "--reference", str(panel)]
    out = folder / "reference.json"
    with out.open("w") as file:
        run([*about, "--drivers"] if drivers else about, stdout=file)
    parts = json.loads(out.read_text())
    panel.unlink()
    found = []
    for k, clock in enumerate(("wall", "processor")):
        sums = {name: seconds[k] for name, seconds in parts.items()}
        explained = sums.pop("explain", 0.0)
        goal = 1.5 * sum(sums.values()) + 1.15 * explained
        whole = sum(sums.values()) + explained
        about_parts = {name: sums[name] for name in ("read", "features", "predict", "write")}
        seconds = {"clock": clock, "seconds": own[clock], "peak_mb": own["peak"], **about_parts}
        seconds |= {"explain": explained, "ratio": own[clock] / whole, "goal": goal}
        seconds |= {"dask": there[clock], "overhead": there[clock] / own[clock]}
        found.append({"rows": rows, "drivers": 3 if drivers else 0, **seconds})
    return found


def show(table: pd.DataFrame) -> None:
    """Print the table, and how time and memory grow."""
    shown = Table(title="predict, and the sum of what it cannot do without; seconds")
    for name in table.columns:
        shown.add_column(name, justify="right")
    for row in table.itertuples(index=False):
        shown.add_row(*(f"{own:,.2f}" if isinstance(own, float) else str(own) for own in row))
    console = Console(width=140)
    console.print(shown)
    for clock, own in table.groupby("clock"):
        if len(own) > 1:
            steps = np.log(own["rows"].to_numpy())
            slope = np.polyfit(steps, np.log(own["seconds"].to_numpy()), 1)[0]
            peaks = own["peak_mb"].iloc[-1] / own["peak_mb"].iloc[-2]
            console.print(
                f"{clock}: exponent {slope:.2f}; peak memory, last to one before {peaks:.2f}"
            )


def main() -> None:
    """Measure each size and print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("model", type=Path, nargs="?", default=ROOT / "models" / "demo")
    parser.add_argument("--rows", type=int, nargs="+", default=[100_000, 1_000_000])
    parser.add_argument("--drivers", action="store_true")
    parser.add_argument("--dask", action="store_true")
    parser.add_argument("--csv", type=Path)
    parser.add_argument("--reference", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder, model = Path(name), given.model.resolve()
        if given.reference:
            print(json.dumps(reference(given.reference, model, folder, given.drivers)))
            return
        about = (model, given.drivers, folder, given.dask)
        found = [one for rows in given.rows for one in measured(rows, *about)]
    table = pd.DataFrame(found)
    show(table)
    if given.csv:
        import pyarrow
        import xgboost

        about = {"python": platform.python_version(), "pandas": pd.__version__}
        about |= {"pyarrow": pyarrow.__version__, "xgboost": xgboost.__version__}
        table = table.round(3).assign(cores=os.cpu_count(), machine=platform.machine(), **about)
        kept = pd.read_csv(given.csv) if given.csv.exists() else table[:0]
        keys = ["rows", "drivers", "clock"]
        both = pd.concat([kept, table]).drop_duplicates(keys, keep="last").sort_values(keys)
        both.to_csv(given.csv, index=False, lineterminator="\n")


if __name__ == "__main__":
    main()
