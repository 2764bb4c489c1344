"""Time an import of yearbook sheets beside opening the same workbooks, also by openpyxl.

Usage: python benchmarks/import_sheets.py [FOLDER]    (default: the twelve real sheets of ../shared)
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path

from openpyxl import load_workbook

from city_resilience.reading.opening import find_files, open_sheets
from city_resilience.reading.sheets.importer import import_sheets

REAL = Path(__file__).parents[2] / "shared/data/china_prefecture/raw"


def seconds_of(work: Callable[[], object]) -> float:
    """Return the processor seconds of some work, which hardly depend on what runs beside it."""
    started = time.process_time()
    work()
    return time.process_time() - started


def by_openpyxl(files: Iterable[Path]) -> None:
    """Read every cell of workbooks by openpyxl, merged cells included."""
    for path in files:
        book = load_workbook(path, data_only=True)
        for page in book.worksheets:
            list(page.iter_rows(values_only=True))


def main() -> None:
    """Print seconds, cells and the ratio."""
    if len(sys.argv) > 1:
        files = find_files([Path(sys.argv[1])])
    elif REAL.is_dir():
        files = sorted(REAL.glob("Data_*.xlsx"))
    else:
        sys.exit("benchmarks/import_sheets.py: ../shared is not here; name a FOLDER of sheets")
    reference = seconds_of(lambda: by_openpyxl(p for p in files if p.suffix == ".xlsx"))
    opened = seconds_of(lambda: [open_sheets(path) for path in files])
    started = time.process_time()
    imported = import_sheets(files)
    seconds = time.process_time() - started
    print(f"{len(files)} files, {imported.sheets} sheets, {len(imported.cells):,} values")
    print(
        f"open only {opened:.1f} s, by openpyxl {reference:.1f} s, ratio {reference / opened:.1f}"
    )
    print(f"import {seconds:.1f} s, {seconds / opened:.1f} times opening")


if __name__ == "__main__":
    main()
