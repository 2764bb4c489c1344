"""What the structural view costs: training runs with it and without, one after the other.

Prints processor seconds, so that other work on the machine counts little, of three runs: the
forecasting view alone without its held-out contributions, with them, and both views with all their
tables.

Usage: python benchmarks/views.py EXPERIMENT [--data PATH]
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path
from unittest import mock

from city_resilience.commands import evaluation
from city_resilience.commands.train import train
from city_resilience.evaluation.backtest import run_backtest

__all__ = ["main", "seconds"]


def seconds(experiment: Path, data: Path | None, *, views: bool, explain: bool) -> float:
    """Train once and return the processor seconds it took."""

    def backtest(dataset, chosen, progress, **_):  # type: ignore[no-untyped-def]
        return run_backtest(dataset, chosen, progress, views=views, explain=explain)

    started = time.process_time()
    with (
        tempfile.TemporaryDirectory() as folder,
        mock.patch.object(evaluation, "run_backtest", backtest),
    ):
        train(experiment, data, out=Path(folder) / "out", store=f"{folder}/store")
    return time.process_time() - started


def main() -> None:
    """Print what each run took, and the ratio."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("experiment", type=Path)
    parser.add_argument("--data", type=Path)
    given = parser.parse_args()
    bare, alone, both = (
        seconds(given.experiment, given.data, views=views, explain=explain)
        for views, explain in ((False, False), (False, True), (True, True))
    )
    print(
        f"one view {bare:.1f} s, with its held-out contributions {alone:.1f} s, both {both:.1f} s"
    )
    print(f"both views: {both / alone:.2f} times one view, {both / bare:.2f} times one left bare")


if __name__ == "__main__":
    main()
