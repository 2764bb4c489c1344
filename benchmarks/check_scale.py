"""Measure reading and ``check`` of made-up Parquet panels of 10⁵ to 10⁷ rows.

Usage: python benchmarks/check_scale.py [--rows 100000 1000000] [--shuffled] [--steps STEP …]
       [--csv FILE]

The panel has 11 variables of the simulated one, for cities of 20 years. Each step runs in a process
of its own, with columns in files at every size: a bare ``pyarrow.parquet.read_table``,
`read_panel`, and ``check`` with its page as JSON. Printed are processor seconds, seconds, peak
memory, the ratio to the bare reading, and the exponent of processor time against the size before.

With ``--shuffled`` the rows are in random order, and two steps more let DuckDB sort them first, as
is done where the columns are larger than the free memory (extra ``scale``). The panel is shuffled
in memory, 0.2 GB for 10⁶ rows.
"""

from __future__ import annotations

import argparse
import csv
import itertools
import math
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from city_resilience.simulate import simulate_panel, with_headers

YEARS, CHUNK = 20, 2_000
STEPS = {
    "bare": "import pyarrow.parquet as pq, sys; pq.read_table(sys.argv[1])",
    "read": (
        "import sys; from city_resilience.reading import read; read.MOST_ROWS = 0; "
        "read.read_panel(sys.argv[1], outcome='gdp_real')"
    ),
    "check": (
        "import sys; from city_resilience.reading import read; read.MOST_ROWS = 0; "
        "from city_resilience.commands.check import check; "
        "check(sys.argv[1], outcome='gdp_real', out=sys.argv[1] + '.json')"
    ),
}
SORTED = {
    f"{step}, sorted": "from city_resilience.reading import sorting; "
    "sorting.free_memory = lambda: 0; " + STEPS[step]
    for step in ("read", "check")
}
COLUMNS = ("rows", "step", "processor_s", "seconds", "peak_mb", "of_bare", "exponent")


def main() -> None:
    """Print a row for each size and step, and write them."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, nargs="+", default=[100_000, 1_000_000])
    parser.add_argument("--shuffled", action="store_true", help="Scatter the rows of each city.")
    parser.add_argument("--steps", nargs="+", choices=[*STEPS, *SORTED], help="These steps alone.")
    parser.add_argument("--csv", type=Path)
    asked = parser.parse_args()
    steps = asked.steps or (STEPS | SORTED if asked.shuffled else STEPS)
    rows = list(measured(asked.rows, steps, shuffled=asked.shuffled))
    if asked.csv:
        with asked.csv.open("w", encoding="utf-8", newline="") as file:
            file.write(f"# {about()}\n")
            writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)


def about() -> str:
    """Return machine and versions."""
    names = ("numpy", "pandas", "pyarrow")
    versions = ", ".join(f"{name} {version(name)}" for name in names)
    return (
        f"{time.strftime('%Y-%m-%d')}, {os.cpu_count()} cores, {platform.machine()}, Python "
        f"{platform.python_version()}, {versions}"
    )


def measured(
    sizes: list[int], steps: Iterable[str], *, shuffled: bool
) -> Iterator[dict[str, object]]:
    """Yield what each step takes at each size."""
    before: dict[str, tuple[int, float]] = {}
    print(*COLUMNS, sep="\t")
    with tempfile.TemporaryDirectory() as folder:
        for size in sizes:
            path = Path(folder) / f"{size}.parquet"
            write(path, size // YEARS, shuffled=shuffled)
            bare = 0.0
            for step in steps:
                used, seconds, peak = run((STEPS | SORTED)[step], path)
                bare = used if step == "bare" else bare
                old = before.get(step)
                grown = math.log(used / old[1]) / math.log(size / old[0]) if old else math.nan
                before[step] = size, used
                found = (size, step, f"{used:.2f}", f"{seconds:.2f}", f"{peak:.0f}")
                of_bare = f"{used / bare:.1f}" if bare else ""
                more = (of_bare, "" if math.isnan(grown) else f"{grown:.2f}")
                print(*found, *more, sep="\t", flush=True)
                yield dict(zip(COLUMNS, (*found, *more), strict=True))
            path.unlink()


def run(program: str, path: Path) -> tuple[float, float, float]:
    """Return processor seconds, seconds and peak memory in MB of a program."""
    start = time.perf_counter()
    child = subprocess.Popen([sys.executable, "-c", program, str(path)])
    _, status, used = os.wait4(child.pid, 0)
    if status:
        sys.exit(f"failed: {program}")
    return used.ru_utime + used.ru_stime, time.perf_counter() - start, used.ru_maxrss / 1e3


def write(path: Path, cities: int, *, shuffled: bool) -> None:
    """Write made-up cities, some at a time unless they are shuffled."""
    parts = made(cities)
    if shuffled:
        whole = pa.concat_tables(parts)
        parts = iter([whole.take(np.random.default_rng(1).permutation(len(whole)))])
    first = next(parts)
    with pq.ParquetWriter(path, first.schema) as writer:
        for table in itertools.chain([first], parts):
            writer.write_table(table, row_group_size=CHUNK * YEARS)


def made(cities: int) -> Iterator[pa.Table]:
    """Yield made-up cities, some at a time, each with a size of its own."""
    base = with_headers(simulate_panel(min(CHUNK, cities), 2000, YEARS).frame)
    numbers, rng = base.select_dtypes("float").columns, np.random.default_rng(0)
    for chunk in range(-(-cities // CHUNK)):
        frame = base.iloc[: min(CHUNK, cities - CHUNK * chunk) * YEARS].copy()
        frame["city"] += f" {chunk}"
        size = np.repeat(rng.lognormal(0, 0.5, -(-len(frame) // YEARS)), YEARS)[: len(frame)]
        for name in numbers:
            noise = np.exp(rng.normal(0, 0.01, len(frame)))
            frame[name] *= noise if "fraction" in name else noise * size
        yield pa.Table.from_pandas(frame, preserve_index=False)


if __name__ == "__main__":
    main()
