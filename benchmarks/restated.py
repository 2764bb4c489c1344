"""What restated levels do to coverage: cities restated in known years, intervals before and after.

    python benchmarks/restated.py EXPERIMENT [--data CSV] [--case mass --case drip] [--rule year]

Each case multiplies the published outcome of random cities from a year on, as a census does:
``mass`` three cities in ten in the years 2013 and 2018 by up to a third, up or down; ``down`` the
same, all downwards; ``late`` two in five in 2018 alone; ``drip`` three in a hundred every year from
2007. ``all`` is the share of published outcomes inside 90 % intervals; ``without breaks`` that of
the outcomes whose window holds no level break, against the nation of such cities. ``before`` are
intervals whose calibration knows of no break.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from city_resilience.commands.source import load
from city_resilience.evaluation.backtest import Backtest, run_backtest
from city_resilience.models.conformal import interval_score
from city_resilience.models.intervals import REFERENCE, Calibration, city_scale
from city_resilience.reading.panel import Panel
from city_resilience.tasks.dataset import Dataset, build_dataset

CASES = {
    "mass": {"years": (2013, 2018), "share": 0.3, "signs": (-1, 1)},
    "down": {"years": (2013, 2018), "share": 0.3, "signs": (-1,)},
    "late": {"years": (2018,), "share": 0.4, "signs": (-1, 1)},
    "drip": {"years": tuple(range(2007, 2023)), "share": 0.03, "signs": (-1, 1)},
}
SMALLEST, LARGEST = 0.08, 0.3
"""Of a restatement, in logarithms."""


def restated(
    panel: Panel, outcome: str, years: tuple[int, ...], share: float, signs: tuple[int, ...]
) -> Panel:
    """Return the panel with the outcome of random cities restated from each of the years on."""
    rng, frame = np.random.default_rng(0), panel.frame.copy()
    cities = np.array(sorted(frame["city"].unique()), dtype=object)
    for year in years:
        chosen = rng.choice(cities, round(share * len(cities)), replace=False)
        sizes = rng.uniform(SMALLEST, LARGEST, len(chosen)) * rng.choice(signs, len(chosen))
        factor = frame["city"].map(dict(zip(chosen, np.exp(sizes), strict=True))).fillna(1.0)
        frame[outcome] *= factor.where(frame["year"] >= year, 1.0)
    return replace(panel, frame=frame)


def unaware(found: Backtest, dataset: Dataset) -> pd.DataFrame:
    """Return the rows of the backtest with the bounds of a calibration that knows no break."""
    rows = found.intervals.copy()
    scales = {int(o): city_scale(dataset.at(int(o))) for o in dataset.years[1:]}
    place = {city: k for k, city in enumerate(dataset.cities)}
    for (horizon, origin), own in rows.groupby(["horizon", "origin"]):
        wait = dataset.wait(int(horizon))
        past = {o: f for o, f in found.served[int(horizon)].items() if o + wait <= origin}
        truths = {o: dataset.truth(o, int(horizon)) for o in past}
        half = Calibration.of(wait, truths, past, scales).half_width(scales[int(origin)])
        half = half[own["city"].map(place)]
        rows.loc[own.index, "lower"] = own["forecast"] - half
        rows.loc[own.index, "upper"] = own["forecast"] + half
    return rows


def figures(rows: pd.DataFrame) -> pd.DataFrame:
    """Return coverage with and without breaks, width and interval score by horizon and origin."""
    known = rows[rows["upper"].notna()]
    lower, upper = known["lower"].to_numpy(), known["upper"].to_numpy()
    inside = {
        name: known[column].between(lower, upper).where(known[column].notna())
        for name, column in (("all", "truth"), ("without breaks", "unbroken"))
    }
    table = pd.DataFrame(inside, dtype=float).assign(width=upper - lower)
    table["score"] = interval_score(known["unbroken"].to_numpy(), lower, upper, REFERENCE)
    return table.groupby([known["horizon"], known["origin"]]).mean()


def main() -> None:
    """Print both tables of each case: over the years, and by year at the first horizon."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("experiment")
    parser.add_argument("--data", type=Path)
    parser.add_argument("--case", action="append", choices=sorted(CASES))
    parser.add_argument("--rule", default="split", choices=("split", "year"))
    asked = parser.parse_args()
    path = Path("experiments") / asked.experiment / "experiment.toml"
    source = load(path, asked.data, [f"model.interval={asked.rule}"])
    experiment = source.experiment
    for name in asked.case or CASES:
        panel = restated(source.panel, experiment.outcome.variable, **CASES[name])
        dataset = build_dataset(panel, experiment)
        found = run_backtest(dataset, experiment)
        ways = {"before": figures(unaware(found, dataset)), "after": figures(found.intervals)}
        print(f"{name}: {CASES[name]}")
        for way, table in ways.items():
            means, least = table.groupby("horizon").mean(), table.groupby("horizon").min()
            worst = least[["all", "without breaks"]].add_suffix(", worst year")
            print(f"  {way}\n{means.join(worst).round(3).to_string()}")
        years = pd.concat({way: table.loc[1] for way, table in ways.items()}, axis=1)
        print(years.drop(columns="score", level=1).round(3).to_string())


if __name__ == "__main__":
    main()
