"""Repeat the committed figures that need no private data, and compare them.

    python scripts/repeat_results.py [--study] [--tolerance 0.0005] [--keep FOLDER]

Experiments whose panel is committed (``demo``, ``us_states``) are backtested anew, and every table
that ``scripts/results_table.py`` keeps of them is compared with the committed one, row by row. With
``--study`` their studies are repeated too (eleven minutes on two cores). Numbers are equal when
they differ by no more than the tolerance: the committed ones are rounded to four digits, and
another processor may move a threshold of a tree. Everything else that is committed is listed as
skipped, with the reason. The exit code is 0 when nothing differs, 1 when something does.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from results_table import COVERAGE, ROOT, TABLES

TOLERANCE, EPSILON = 5e-4, 1e-9
PRIVATE = "needs the user's own copy of the Chinese panel"
STUDY = "--study repeats it, in eleven minutes"
SKIPPED = {
    "experiments/*/recipe.csv": "minutes to an hour by benchmarks/recipe.py",
    "experiments/*/law.csv": "minutes by benchmarks/true_law.py",
    "experiments/*/coordinates.csv": "an input",
    "experiments/*/panel.csv": "an input",
    "benchmarks/planted_truth.csv": "40 minutes by benchmarks/planted_truth.py",
    "benchmarks/vintages.csv": "minutes by benchmarks/vintages.py --seeds 20",
    "benchmarks/drift.csv": PRIVATE,
    "benchmarks/small_panels.csv": PRIVATE,
    "benchmarks/peers/results.csv": PRIVATE,
}
"""Committed tables that are not repeated, by pattern, and why; those of private panels apart."""
KEYS = ("model", "versus", "event", "bin", "slice", "level", "horizon", "information", "origin")
MORE_KEYS = ("family", "view", "status", "loss", "figure", "variant", "name", "method", "columns")


@dataclass(frozen=True)
class Compared:
    """A table that was compared.

    ``rows`` it has; ``different`` figures beyond the tolerance; ``largest`` difference found;
    ``trouble``: what kept it from being compared, "" for nothing.
    """

    file: str
    rows: int
    different: int = 0
    largest: float = 0.0
    trouble: str = ""

    @property
    def same(self) -> bool:
        """Whether nothing differs."""
        return not self.trouble and self.different == 0


def is_public(folder: Path) -> bool:
    """Say whether the panel of an experiment is committed beside it."""
    data = tomllib.loads((folder / "experiment.toml").read_text("utf-8")).get("data", {})
    path = data.get("path", "")
    return bool(path) and (folder / path).is_file()


def skipped(root: Path) -> Iterator[tuple[str, str]]:
    """Yield every committed table that is not repeated, and why."""
    tables = [*root.glob("experiments/**/*.csv"), *root.glob("benchmarks/**/*.csv")]
    for path in sorted(tables):
        file = path.relative_to(root).as_posix()
        if why := why_skipped(root, path):
            yield file, why


def why_skipped(root: Path, path: Path) -> str:
    """Return why a committed table is not repeated; "" for one that is."""
    relative = path.relative_to(root)
    public = relative.parts[0] != "experiments" or is_public(root.joinpath(*relative.parts[:2]))
    if not public:
        return PRIVATE
    for pattern, why in SKIPPED.items():
        if relative.match(pattern):
            return why
    if relative.parts[0] != "experiments":
        return "no command repeats it"
    if relative.parts[2] == "study":
        return STUDY
    return "" if path.name in {*TABLES.values(), COVERAGE} else "no command repeats it"


def compared(file: str, committed: Path, made: Path, digits: int, tolerance: float) -> Compared:
    """Compare a table that was made anew, rounded as the committed one is, with that one."""
    old, new = (pd.read_csv(path, dtype={"level": str, "bin": str}) for path in (committed, made))
    if set(old.columns) != set(new.columns):
        names = ", ".join(sorted(set(old.columns) ^ set(new.columns)))
        return Compared(file, len(old), trouble=f"columns differ: {names}")
    keys = [name for name in (*KEYS, *MORE_KEYS) if name in old]
    old, new = (table.set_index(keys).sort_index() for table in (old, new.round(digits)))
    if not old.index.equals(new.index):
        return Compared(file, len(old), trouble="rows differ")
    return _figures(file, old, new[old.columns], tolerance)


def _figures(file: str, old: pd.DataFrame, new: pd.DataFrame, tolerance: float) -> Compared:
    different, largest = 0, 0.0
    for name in old:
        if not pd.api.types.is_numeric_dtype(old[name]):
            different += int((old[name].fillna("") != new[name].fillna("")).sum())
            continue
        first, second = (table[name].to_numpy(dtype=float) for table in (old, new))
        gap = np.where(np.isnan(first) & np.isnan(second), 0.0, np.abs(first - second))
        different += int((~(gap <= tolerance + EPSILON)).sum())
        largest = max(largest, float(np.nan_to_num(gap, nan=np.inf).max(initial=0.0)))
    return Compared(file, len(old), different, largest)


def repeat(name: str, work: Path, tolerance: float, *, study: bool) -> Iterator[Compared]:
    """Backtest an experiment anew and compare its tables; with ``study`` its study too."""
    folder, out = ROOT / "experiments" / name, work / name
    verb("backtest", folder / "experiment.toml", out)
    for made, kept in (*TABLES.items(), (COVERAGE, COVERAGE)):
        digits = 3 if made == COVERAGE else 4
        file = f"experiments/{name}/{kept}"
        yield compared(file, folder / kept, out / made, digits, tolerance)
    if study:
        verb("study", folder / "experiment.toml", out / "study")
        for committed in sorted((folder / "study").glob("*.csv")):
            file = f"experiments/{name}/study/{committed.name}"
            yield compared(file, committed, out / "study" / committed.name, 12, tolerance)


def verb(name: str, experiment: Path, out: Path) -> None:
    """Run a command of the package."""
    command = [sys.executable, "-m", "city_resilience", name, str(experiment), "--out", str(out)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


def report(own: Compared) -> str:
    """Return a line about a table."""
    if own.trouble:
        return f"DIFFERS  {own.file}: {own.trouble}"
    word = "same   " if own.same else "DIFFERS"
    return f"{word}  {own.file}: {own.rows} rows, largest difference {own.largest:.2g}"


def _by_reason(study: bool) -> dict[str, list[str]]:
    """Return reason → what is skipped for it; a folder whose tables all are is named alone."""
    found: dict[str, dict[str, None]] = {}
    for file, why in skipped(ROOT):
        short = f"{Path(*Path(file).parts[:2])}/" if why == PRIVATE and "exp" in file else file
        short = f"{Path(short).parent}/" if why == STUDY else short
        if not (study and why == STUDY):
            found.setdefault(why, {})[short] = None
    return {why: list(files) for why, files in found.items()}


def main(arguments: list[str]) -> int:
    """Run the script."""
    parser = argparse.ArgumentParser(description="Repeat the committed figures and compare them.")
    parser.add_argument("--study", action="store_true", help="repeat the studies too")
    parser.add_argument("--tolerance", type=float, default=TOLERANCE)
    parser.add_argument("--keep", type=Path, help="folder for what is made; default: none is kept")
    chosen = parser.parse_args(arguments)
    public = [f.parent.name for f in sorted(ROOT.glob("experiments/*/experiment.toml"))]
    public = [name for name in public if is_public(ROOT / "experiments" / name)]
    found: list[Compared] = []
    with tempfile.TemporaryDirectory() as temporary:
        for name in public:
            for own in repeat(
                name, chosen.keep or Path(temporary), chosen.tolerance, study=chosen.study
            ):
                found.append(own)
                print(report(own), flush=True)
    for why, files in _by_reason(chosen.study).items():
        print(f"skipped  {', '.join(files)}: {why}")
    wrong = sum(not own.same for own in found)
    print(f"{len(found)} tables repeated, tolerance {chosen.tolerance:g}: {wrong} differ")
    return int(wrong > 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
