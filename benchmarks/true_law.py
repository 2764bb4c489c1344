"""How far the forecast of the demo is from the best possible one.

    python benchmarks/true_law.py [--seeds 5]

The demo's gaps follow a law that `city_resilience.simulate` states. Its expectation is the best
forecast there is; its error is the noise. That expectation knows that the nation contracts in 2015,
which nothing in the panel announces, so a second one expects no contraction. Writes
``experiments/demo/law.csv``: mean absolute errors by origin and horizon, and their ratios, of the
demo's panel, which is that of seed 0. More seeds draw other panels of the same law.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import pandas as pd
from nulls import panel_of

from city_resilience.commands.source import load
from city_resilience.evaluation.backtest import run_backtest
from city_resilience.evaluation.candidates import BLEND
from city_resilience.experiment.experiment import Experiment
from city_resilience.simulate import Simulated, simulate_panel
from city_resilience.tasks.dataset import build_dataset

DEMO = Path(__file__).parents[1] / "experiments" / "demo"
LAWS = {"law": True, "foreseeable": False}


def errors(year: pd.DataFrame, simulated: Simulated, origin: int, horizon: int) -> dict[str, float]:
    """Mean absolute error of the forecast and of both expectations, one origin and horizon."""
    found = {"forecast": (year["forecast"] - year["truth"]).abs().mean()}
    for name, calendar in LAWS.items():
        expected = simulated.expected_gap(origin, horizon, calendar=calendar)
        found[name] = (year["city"].map(expected) - year["truth"]).abs().mean()
    return found


def table_of(simulated: Simulated, experiment: Experiment) -> pd.DataFrame:
    """Errors by horizon and origin."""
    rows = run_backtest(build_dataset(panel_of(simulated.frame), experiment), experiment).frame
    keys, found = [], []
    for (horizon, origin), year in rows[rows["model"] == BLEND].groupby(["horizon", "origin"]):
        keys.append((int(horizon), int(origin)))
        found.append(errors(year, simulated, int(origin), int(horizon)))
    return pd.DataFrame(found, index=pd.MultiIndex.from_tuples(keys, names=["horizon", "origin"]))


def with_ratios(table: pd.DataFrame) -> pd.DataFrame:
    """Add by how many times the forecast's error is larger than each law's."""
    return table.assign(**{f"ratio_{name}": table["forecast"] / table[name] for name in LAWS})


def main() -> None:
    """Run the backtests, print the means and write the table of the demo."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=1)
    experiment = load(DEMO / "experiment.toml").experiment
    means = {}
    for seed in range(parser.parse_args().seeds):
        table = table_of(simulate_panel(seed=seed), experiment)
        if seed == 0:
            with_ratios(table).round(4).to_csv(DEMO / "law.csv")
            print(with_ratios(table).round(3).to_string())
        means[seed] = with_ratios(table.groupby("horizon").mean())
        print(f"\nseed {seed}, means over the origins")
        print(means[seed].round(3).to_string(), flush=True)
    ratios = pd.concat(means)[[f"ratio_{name}" for name in LAWS]].groupby("horizon")
    print("\nover the seeds: mean, smallest, largest")
    print(ratios.agg(["mean", "min", "max"]).round(3).to_string())


if __name__ == "__main__":
    main()
