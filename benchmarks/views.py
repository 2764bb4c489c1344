"""What both views cost: a training run with the structural view, and one without it.

The latter has no held-out drivers, shapes and places either; both write the drivers of the live
forecast. Prints processor seconds and their ratio, measured one after the other in one process, so
that other work on the machine counts little.

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


def seconds(experiment: Path, data: Path | None, *, views: bool) -> float:
    """Train once and return the processor seconds it took."""

    def backtest(dataset, chosen, progress, **_):  # type: ignore[no-untyped-def]
        return run_backtest(dataset, chosen, progress, views=views, explain=views)

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
    alone, both = (seconds(given.experiment, given.data, views=own) for own in (False, True))
    print(f"one view {alone:.1f} s, both views {both:.1f} s, ratio {both / alone:.2f}")


if __name__ == "__main__":
    main()
