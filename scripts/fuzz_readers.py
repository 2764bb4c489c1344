"""Read mutated small files through import, check and read_panel; list what is no declared error.

Usage: python scripts/fuzz_readers.py [--count 200000] [--first 0] [--seconds 600]

File number N is made from the seed N, so a fault is made again with ``--first N --count 1``. A read
that ends with anything but a panel or an error for the user, or takes longer than the limit, is
printed with its number and kept; the exit code is then 1.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import runpy
import sys
import tempfile
import time
import warnings
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SLOW = 2.0  # processor seconds for one small file

__all__ = ["READERS", "faults_of", "main"]


def _read(path: Path) -> None:
    from city_resilience.reading.read import read_panel

    read_panel(path)


def _check(path: Path) -> None:
    from city_resilience.commands.check import check

    check(path)


def _import(path: Path) -> None:
    from city_resilience.commands.import_sheets import import_sheets

    country = "china" if path.stat().st_size % 2 else "none"
    import_sheets([path], path.with_name("out") / "panel.csv", gazetteer=country)


READERS: Mapping[str, Callable[[Path], None]] = {
    "read_panel": _read,
    "check": _check,
    "import": _import,
}


def faults_of(path: Path) -> list[str]:
    """Return what is wrong with the reads of a file: undeclared errors, and reads that are slow."""
    from city_resilience.errors import InputError

    faults = []
    for name, reader in READERS.items():
        began = time.process_time()
        try:
            with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings():
                warnings.simplefilter("error", RuntimeWarning)
                reader(path)
        except InputError:
            pass
        except Exception as error:
            faults.append(f"{name}: {type(error).__name__}: {error}"[:300])
        if time.process_time() - began > SLOW:
            faults.append(f"{name}: slow, {time.process_time() - began:.1f} s")
    return faults


def main(arguments: list[str] | None = None) -> int:
    """Run the numbers that fit the time, and print each fault and how many files were read."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=200_000)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--seconds", type=float, default=600.0)
    chosen = parser.parse_args(arguments)
    helpers = runpy.run_path(str(ROOT / "tests" / "helpers" / "mutated_files.py"))
    mutated_file = helpers["mutated_file"]
    began, done, found = time.monotonic(), 0, Counter[str]()
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "out").mkdir()
        for seed in range(chosen.first, chosen.first + chosen.count):
            if time.monotonic() - began > chosen.seconds:
                break
            suffix, content = mutated_file(seed)
            path = Path(folder) / f"panel{suffix}"
            path.write_bytes(content)
            for fault in faults_of(path):
                found[fault.split(": ")[0]] += 1
                print(f"{seed} {suffix} {fault}", flush=True)
            done += 1
    print(f"{done} files, {sum(found.values())} faults, {time.monotonic() - began:.0f} s")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
