"""What every tool reads and writes: parquet frames of one origin, forecasts, seconds."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pandas as pd

KEYS = ["city", "year"]
LABEL = "label"
Forecast = Callable[[pd.DataFrame, pd.Series, pd.DataFrame], object]


class Clock:
    """Seconds of a tool, and how many cores other processes kept busy meanwhile."""

    def __init__(self) -> None:
        self.seconds = self.others = 0.0

    def __enter__(self) -> None:
        self.start, self.before = time.perf_counter(), others()

    def __exit__(self, *_: object) -> None:
        self.seconds += time.perf_counter() - self.start
        self.others += max(others() - self.before, 0.0)


def others() -> float:
    """Processor seconds of all other processes since the machine started; 0 where not told."""
    stat = Path("/proc/stat")
    if not stat.is_file():
        return 0.0
    user, nice, system, _, _, interrupts, soft = map(int, stat.read_text().split()[1:8])
    ticks = user + nice + system + interrupts + soft
    return ticks / os.sysconf("SC_CLK_TCK") - sum(os.times()[:4])


def run(name: str, forecast: Forecast) -> None:
    """Forecast every origin of a frame: ``python tool.py WORK FRAME [SECONDS [NAME]]``.

    Parameters
    ----------
    name : str
        Name of the tool in the results.
    forecast : callable
        (training features, labels, features of the rows asked for) -> forecasts.
    """
    work, frame = Path(sys.argv[1]), sys.argv[2]
    parts, clock = [], Clock()
    for path in sorted((work / frame).glob("train_*.parquet")):
        origin = int(path.stem.split("_")[1])
        train = pd.read_parquet(path)
        asked = pd.read_parquet(work / frame / f"asked_{origin}.parquet")
        told = [name for name in asked if train[name].notna().any() and asked[name].notna().any()]
        train, asked = train[[*told, LABEL]], asked[told]  # no column that ended or has not begun
        with clock:
            made = forecast(
                train.drop(columns=[*KEYS, LABEL]), train[LABEL], asked.drop(columns=KEYS)
            )
        parts.append(pd.DataFrame({"city": asked["city"], "origin": origin, "forecast": made}))
        print(f"{name} on {frame}: origin {origin}, {clock.seconds:.0f} s", flush=True)
    write(work, name, frame, pd.concat(parts, ignore_index=True), clock)


def write(work: Path, name: str, frame: str, forecasts: pd.DataFrame, clock: Clock) -> None:
    """Write forecasts, the seconds they took and the cores that others used meanwhile."""
    folder = work / "forecasts"
    folder.mkdir(exist_ok=True)
    forecasts.to_parquet(folder / f"{name}__{frame}.parquet", index=False)
    told = {
        "seconds": round(clock.seconds, 1),
        "budget": float(sys.argv[3]) if len(sys.argv) > 3 else 0.0,
        "others": round(clock.others / max(clock.seconds, 1e-9), 2),
    }
    (folder / f"{name}__{frame}.json").write_text(json.dumps(told))
