"""How far the forecast of the demo is from the best possible one.

    python benchmarks/true_law.py

The demo's gaps follow a law that `city_resilience.simulate` states. Its expectation is the best
forecast there is; its error is the noise. That expectation knows that the nation contracts in 2015,
which nothing in the panel announces, so a second one expects no contraction. Writes
``experiments/demo/law.csv``: mean absolute errors by origin and horizon, and their ratios.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from city_resilience.forecasting import BLEND, run_backtest
from city_resilience.intake import load
from city_resilience.simulate import Simulated, simulate_panel

DEMO = Path(__file__).parents[1] / "experiments" / "demo"
LAWS = {"law": True, "foreseeable": False}


def errors(year: pd.DataFrame, simulated: Simulated, origin: int, horizon: int) -> dict[str, float]:
    """Mean absolute error of the forecast and of both expectations, one origin and horizon."""
    found = {"forecast": (year["forecast"] - year["truth"]).abs().mean()}
    for name, calendar in LAWS.items():
        expected = simulated.expected_gap(origin, horizon, calendar=calendar)
        found[name] = (year["city"].map(expected) - year["truth"]).abs().mean()
    return found


def with_ratios(table: pd.DataFrame) -> pd.DataFrame:
    """Add by how many times the forecast's error is larger than each law's."""
    return table.assign(**{f"ratio_{name}": table["forecast"] / table[name] for name in LAWS})


def main() -> None:
    """Run the backtest of the demo, print the means and write the table."""
    source = load(DEMO / "experiment.toml")
    simulated = simulate_panel()
    rows = run_backtest(source.facts, source.experiment).frame
    rows = rows[rows["model"] == BLEND]
    keys, found = [], []
    for (horizon, origin), year in rows.groupby(["horizon", "origin"]):
        keys.append((int(horizon), int(origin)))
        found.append(errors(year, simulated, int(origin), int(horizon)))
    index = pd.MultiIndex.from_tuples(keys, names=["horizon", "origin"])
    table = pd.DataFrame(found, index=index)
    with_ratios(table).round(4).to_csv(DEMO / "law.csv")
    print(with_ratios(table).round(3).to_string())
    print("\nmeans over the origins")
    print(with_ratios(table.groupby("horizon").mean()).round(3).to_string())


if __name__ == "__main__":
    main()
