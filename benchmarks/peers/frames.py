"""What every tool reads and writes: parquet frames of one origin, forecasts, seconds."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pandas as pd

KEYS = ["city", "year"]
LABEL = "label"
Forecast = Callable[[pd.DataFrame, pd.Series, pd.DataFrame], object]


def run(name: str, forecast: Forecast) -> None:
    """Forecast every origin of a frame: ``python tool.py WORK FRAME [SECONDS]``.

    Parameters
    ----------
    name : str
        Name of the tool in the results.
    forecast : callable
        (training features, labels, features of the rows asked for) -> forecasts.
    """
    work, frame = Path(sys.argv[1]), sys.argv[2]
    parts, seconds = [], 0.0
    for path in sorted((work / frame).glob("train_*.parquet")):
        origin = int(path.stem.split("_")[1])
        train = pd.read_parquet(path)
        asked = pd.read_parquet(work / frame / f"asked_{origin}.parquet")
        known = train.columns[train.notna().any()]  # some tools refuse a column without a value
        train, asked = train[known], asked[[name for name in known if name != LABEL]]
        start = time.perf_counter()
        made = forecast(train.drop(columns=[*KEYS, LABEL]), train[LABEL], asked.drop(columns=KEYS))
        seconds += time.perf_counter() - start
        parts.append(pd.DataFrame({"city": asked["city"], "origin": origin, "forecast": made}))
        print(f"{name} on {frame}: origin {origin}, {seconds:.0f} s", flush=True)
    write(work, name, frame, pd.concat(parts, ignore_index=True), seconds)


def write(work: Path, name: str, frame: str, forecasts: pd.DataFrame, seconds: float) -> None:
    """Write forecasts and the seconds they took."""
    folder = work / "forecasts"
    folder.mkdir(exist_ok=True)
    forecasts.to_parquet(folder / f"{name}__{frame}.parquet", index=False)
    (folder / f"{name}__{frame}.json").write_text(json.dumps({"seconds": round(seconds, 1)}))
