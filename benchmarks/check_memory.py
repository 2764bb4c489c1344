"""Measure the memory of ``check`` on a large CSV that is made for it.

Usage: python benchmarks/check_memory.py [MB]    (default: 200)

The file has 12,000 cities, 36 variables and as many years as its size asks for; in every column
one cell is text, so that no column is read as numbers at once.
"""

from __future__ import annotations

import re
import resource
import subprocess
import sys
import tempfile
from itertools import islice
from pathlib import Path

import numpy as np

from city_resilience.catalogue.variables import load_catalogue

CITIES = 12_000
COLUMNS = 36
PROGRAM = "import sys; from city_resilience.commands.main import run; sys.exit(run(sys.argv[1:]))"


def main() -> None:
    """Print size, peak memory, seconds and the ratio."""
    wanted = float(sys.argv[1]) if len(sys.argv) > 1 else 200.0
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "panel.csv"
        write(path, wanted)
        size = path.stat().st_size / 1e6
        words = ["check", str(path), "--outcome", "gdp_real", "--out", f"{folder}/audit.html"]
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        done = subprocess.run(
            [sys.executable, "-c", PROGRAM, *words], capture_output=True, text=True, check=False
        )
        if done.returncode:
            sys.exit(done.stderr)
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
    peak = used.ru_maxrss / (1e6 if sys.platform == "darwin" else 1e3)
    verdict = re.search(r"^.*(?:error|warning).*$", done.stdout, re.MULTILINE)
    print(f"{size:.0f} MB of CSV: {verdict[0] if verdict else 'no verdict'}")
    print(
        f"peak {peak:,.0f} MB, {used.ru_utime - before.ru_utime:.0f} s, "
        f"{peak / size:.1f} times the file"
    )


def write(path: Path, megabytes: float) -> None:
    """Write growing cities, one block of them after another, until the file is large enough."""
    levels = (v.id for v in load_catalogue().variables.values() if v.kind == "level")
    names = ["gdp_real", *islice(levels, COLUMNS - 1)]
    rng = np.random.default_rng(0)
    years = max(6, round(megabytes * 1e6 / CITIES / (8.4 * len(names) + 25)))
    with path.open("w", encoding="utf-8") as file:
        file.write(f"province,city,year,{','.join(names)}\n")
        for city in range(CITIES):
            growth = rng.normal(0.05, 0.04, (years, len(names)))
            level = np.exp(rng.normal(4, 1, len(names)) + np.cumsum(growth, axis=0))
            for year, row in enumerate(level):
                cells = [f"{value:.4f}" for value in row]
                if year == 3 and city < len(names):
                    cells[city] = '"5,97"'
                file.write(f"P{city % 300:03d},City {city:05d},{1970 + year},{','.join(cells)}\n")


if __name__ == "__main__":
    main()
