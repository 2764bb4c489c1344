"""Where the indicators have their best chance, and whether they take it.

    python benchmarks/best_chance.py china_prefecture --data city_panel.csv

Change of the error by the indicators (blend minus the same recipe on history only) at long
horizons, over the windows of shocks, for resource-based cities in the years of their decline, and
the error of the recipe without any history. Writes ``experiments/NAME/best_chance.csv``.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from city_resilience.commands.source import load
from city_resilience.evaluation.backtest import run_backtest
from city_resilience.evaluation.scores import best_naive, paired_interval, yearly
from city_resilience.experiment.family import FAMILIES
from city_resilience.tasks.dataset import Dataset

ROOT = Path(__file__).parents[1]
LONG, MOST = (1, 3, 5), 5
DECLINE = range(2012, 2017)
SHOCK_ORIGINS = (2014, 2019)
NO_HISTORY = [name for name in FAMILIES if name != "history"]
SERVED, HISTORY = "blend", "history_only"


def row_of(what: str, horizon: int, frame: pd.DataFrame, reference: str) -> dict[str, object]:
    """Mean yearly error of the blend and a reference, and their paired difference."""
    mae = yearly(frame).pivot_table(index="origin", columns="model", values="mae")
    pairs = (mae[SERVED] - mae[reference]).to_numpy()
    difference, low, high = paired_interval(pairs)
    return {
        "what": what,
        "horizon": horizon,
        "years": len(pairs),
        "n": int((frame["model"] == SERVED).sum()),
        "reference": reference,
        "mae": mae[SERVED].mean(),
        "mae_reference": mae[reference].mean(),
        "difference": difference,
        "low": low,
        "high": high,
    }


def with_history(dataset: Dataset, frame: pd.DataFrame) -> Iterator[dict[str, object]]:
    """Yield the rows that compare with history only."""
    kinds = dataset.groups.get("resource_type", np.array([""] * len(dataset.cities)))
    kind = dict(zip(dataset.cities, kinds.tolist(), strict=True))
    for horizon, part in frame.groupby("horizon"):
        yield row_of("all cities", horizon, part, HISTORY)
        for origin in SHOCK_ORIGINS:
            own = part[part["origin"] == origin]
            if len(own):
                yield row_of(f"cumulative gap from {origin}", horizon, own, HISTORY)
        labels = part["city"].map(kind)
        years = part[part["origin"].isin(DECLINE)]
        for name in sorted(set(labels) - {""}):
            own = years[labels[years.index] == name]
            if len(own):
                words = f"resource type {name}, origins {DECLINE[0]}-{DECLINE[-1]}"
                yield row_of(words, horizon, own, HISTORY)


def reported(frame: pd.DataFrame) -> pd.DataFrame:
    """Keep the horizons of the table; those between them are what they add to."""
    return frame[frame["horizon"].isin(LONG)]


def main() -> None:
    """Run both backtests and write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("experiment")
    parser.add_argument("--data", default="")
    parser.add_argument("--most", type=int, default=MOST, help="The longest horizon.")
    asked = parser.parse_args()
    folder = ROOT / "experiments" / asked.experiment
    horizons = f"outcome.horizons={list(range(1, asked.most + 1))}"
    source = load(folder / "experiment.toml", asked.data, [horizons])
    frame = reported(run_backtest(source.dataset, source.experiment).frame)
    rows = list(with_history(source.dataset, frame))
    alone = load(
        folder / "experiment.toml", asked.data, [horizons, f"features.families={NO_HISTORY}"]
    )
    bare = reported(run_backtest(alone.dataset, alone.experiment).frame)
    naive = best_naive(yearly(bare))
    for horizon, part in bare.groupby("horizon"):
        rows.append(row_of("without any history", horizon, part, naive[horizon]))
        rows.append(row_of("without any history", horizon, part, "zero"))
    table = pd.DataFrame(rows)
    table.round(4).to_csv(folder / "best_chance.csv", index=False)
    print(table.round(3).to_string(index=False))


if __name__ == "__main__":
    main()
