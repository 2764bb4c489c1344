"""Time an import of yearbook sheets beside the time of only opening the same workbooks.

Usage: python benchmarks/import_sheets.py [FOLDER]    (default: the twelve real sheets of ../shared)
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

from city_resilience.reading.sheet import find_files, open_sheets
from city_resilience.reading.sheets.importer import import_sheets

REAL = Path(__file__).parents[2] / "shared/data/china_prefecture/raw"


def main() -> None:
    """Print seconds, cells and the ratio."""
    if len(sys.argv) > 1:
        files = find_files([Path(sys.argv[1])])
    elif REAL.is_dir():
        files = sorted(REAL.glob("Data_*.xlsx"))
    else:
        sys.exit("benchmarks/import_sheets.py: ../shared is not here; name a FOLDER of sheets")
    started = time.perf_counter()
    sheets = sum(len(open_sheets(path)) for path in files)
    opened = time.perf_counter() - started
    started = time.perf_counter()
    imported = import_sheets(files)
    seconds = time.perf_counter() - started
    print(f"{len(files)} files, {sheets} sheets, {len(imported.cells):,} values")
    print(f"open only {opened:.1f} s, import {seconds:.1f} s, ratio {seconds / opened:.1f}")


if __name__ == "__main__":
    main()
