"""Read mutated files through all readers; list what is no declared error, hangs or takes memory.

Usage: python scripts/fuzz_readers.py [--kind all] [--count 200000] [--first 0] [--seconds 600]

File number N is made from the seed N: with ``--kind all`` panels, workbooks, experiment files and
model folders take turns. A fault is made again with ``--first N --count 1`` and the same kind. A
read that ends with anything but a result or an error for the user, takes longer than the limit, or
more than 1 GB of memory, is printed with its number; the exit code is then 1.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import random
import resource
import runpy
import shutil
import signal
import sys
import tempfile
import time
import warnings
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import FrameType
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
SLOW = 2.0  # processor seconds for one small file of a panel
HANG = 10  # for anything
MOST_BYTES = 1_000_000_000

__all__ = ["KINDS", "READERS", "faults_of", "main"]


class _Hang(BaseException):
    pass


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


def _load(path: Path) -> None:
    from city_resilience.experiment.load import load_experiment

    load_experiment(path)


def _forecast(folder: Path) -> None:
    from city_resilience.commands.predict import predict

    table = predict(GOLDEN / "panel.csv", folder, drivers=0).table
    bounds = table[["lower", "upper"]].to_numpy(float)  # none where the model has no intervals
    if not np.isfinite(table["forecast"]).all() or np.isinf(bounds).any():
        raise ValueError("a forecast that is not finite")


READERS: Mapping[str, Callable[[Path], None]] = {
    "read_panel": _read,
    "check": _check,
    "import": _import,
}
GOLDEN = max(ROOT.glob("tests/golden/bundle_*"), key=lambda path: int(path.name.split("_")[1]))
SEEDS = sorted(ROOT.glob("experiments/*/experiment.toml"))


def faults_of(path: Path, readers: Mapping[str, Callable[[Path], None]] = READERS) -> list[str]:
    """Return what is wrong with the reads of a file: undeclared errors, and reads that are slow."""
    from city_resilience.errors import InputError

    faults = []
    for name, reader in readers.items():
        began = time.process_time()
        try:
            with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings(), _limited():
                warnings.simplefilter("error" if name in READERS else "ignore", RuntimeWarning)
                reader(path)
        except InputError:
            pass
        except (Exception, _Hang) as error:
            faults.append(f"{name}: {type(error).__name__}: {error}"[:300])
        if time.process_time() - began > (SLOW if name in READERS else HANG):
            faults.append(f"{name}: slow, {time.process_time() - began:.1f} s")
    return faults


@contextlib.contextmanager
def _limited() -> Iterator[None]:
    def stop(_number: int, _frame: FrameType | None) -> None:
        raise _Hang(f"more than {HANG} s")

    before = signal.signal(signal.SIGPROF, stop)
    signal.setitimer(signal.ITIMER_PROF, HANG)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


def _panel(seed: int, folder: Path, made: Mapping[str, Any]) -> list[str]:
    suffix, content = made["mutated_file"](seed)
    path = folder / f"panel{suffix}"
    path.write_bytes(content)
    return faults_of(path)


def _workbook(seed: int, folder: Path, made: Mapping[str, Any]) -> list[str]:
    chance = random.Random(seed)
    content = made["KINDS"][".xlsx"](made["made_up"](chance), chance)
    path = folder / "panel.xlsx"
    path.write_bytes(made["mutated_workbook"](content, chance))
    return faults_of(path)


def _experiment(seed: int, folder: Path, made: Mapping[str, Any]) -> list[str]:
    chance = random.Random(seed)
    path = folder / "experiment.toml"
    path.write_bytes(made["mutated_experiment"](chance.choice(SEEDS).read_text("utf-8"), chance))
    return faults_of(path, {"experiment": _load})


def _bundle(seed: int, folder: Path, made: Mapping[str, Any]) -> list[str]:
    chance = random.Random(seed)
    source = chance.choice(sorted(GOLDEN.glob("*/model")))
    files = {
        path.relative_to(source).as_posix(): path.read_bytes()
        for path in sorted(source.rglob("*"))
        if path.is_file()
    }
    model = folder / "model"
    shutil.rmtree(model, ignore_errors=True)
    for name, content in made["mutated_bundle"](files, chance).items():
        (model / name).parent.mkdir(parents=True, exist_ok=True)
        (model / name).write_bytes(content)
    return faults_of(model, {"bundle": _forecast})


KINDS: Mapping[str, Callable[[int, Path, Mapping[str, Any]], list[str]]] = {
    "panel": _panel,
    "workbook": _workbook,
    "experiment": _experiment,
    "bundle": _bundle,
}


def _peak() -> int:
    """Return the most memory that this process ever had, in bytes."""
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most if sys.platform == "darwin" else most * 1024


def main(arguments: list[str] | None = None) -> int:
    """Run the numbers that fit the time, and print each fault and how many files were read."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kind", choices=["all", *KINDS], default="all")
    parser.add_argument("--count", type=int, default=200_000)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--seconds", type=float, default=600.0)
    chosen = parser.parse_args(arguments)
    helpers = ROOT / "tests" / "helpers"
    sys.path.insert(0, str(helpers))
    made: dict[str, Any] = {}
    for name in ("mutated_files", "mutated_bundles"):
        made |= runpy.run_path(str(helpers / f"{name}.py"))
    made["KINDS"] = runpy.run_path(str(helpers / "mutated_files.py"))["KINDS"]
    kinds = list(KINDS) if chosen.kind == "all" else [chosen.kind]
    began, done, found = time.monotonic(), Counter[str](), Counter[str]()
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "out").mkdir()
        for seed in range(chosen.first, chosen.first + chosen.count):
            if time.monotonic() - began > chosen.seconds:
                break
            kind, before = kinds[seed % len(kinds)], _peak()
            faults = KINDS[kind](seed, Path(folder), made)
            if _peak() > max(before, MOST_BYTES):
                faults.append(f"memory: {_peak() / 1e6:,.0f} MB")
            for fault in faults:
                found[fault.split(": ")[0]] += 1
                print(f"{seed} {kind} {fault}", flush=True)
            done[kind] += 1
    read = ", ".join(f"{count} {kind}s" for kind, count in done.items())
    print(
        f"{read}; {sum(found.values())} faults, peak {_peak() / 1e6:,.0f} MB, "
        f"{time.monotonic() - began:.0f} s"
    )
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
