"""What the part stability of a study costs, beside the bare fits that it contains.

    python benchmarks/refits.py experiments/demo/experiment.toml --refits 50
    python benchmarks/refits.py experiments/china_prefecture/experiment.toml --data city_panel.csv

In processor seconds of one run with one thread, so that what runs beside it does not count. The
fits are those of `fit_member`, as the part calls it; the backtest before it is not counted.
"""

from __future__ import annotations

import argparse
import time
from typing import Any

from city_resilience.commands.source import load
from city_resilience.evaluation import engine as engines
from city_resilience.evaluation import refits
from city_resilience.evaluation.study.context import Settings, context_of
from city_resilience.evaluation.study.stability import stability
from city_resilience.workers import at_most


class Clock:
    """Adds up the seconds that calls of a function take."""

    def __init__(self, of: Any) -> None:
        self.of, self.seconds, self.calls = of, 0.0, 0

    def __call__(self, *args: Any) -> Any:
        """Call the function."""
        started = time.thread_time()
        try:
            return self.of(*args)
        finally:
            self.seconds += time.thread_time() - started
            self.calls += 1


def main() -> None:
    """Print the seconds of the fits, of all that is done, and their ratio."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("experiment")
    parser.add_argument("--data")
    parser.add_argument("--refits", type=int, default=50)
    options = parser.parse_args()
    source = load(options.experiment, options.data)
    settings = Settings(refits=options.refits)
    context = context_of(source.dataset, source.experiment, settings)
    clock = Clock(refits.fit_member)
    refits.fit_member = engines.fit_member = clock
    started = time.process_time()
    with at_most(1):
        stability(context)
    whole = time.process_time() - started
    print(f"fits    {clock.seconds:8.1f} s of processor time, {clock.calls} members")
    print(f"whole   {whole:8.1f} s, {whole / clock.seconds:.2f} times the fits")


if __name__ == "__main__":
    main()
