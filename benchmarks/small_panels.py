"""Skill on forty small panels drawn from the real ones: 15 to 30 places, 10 to 12 years.

    python benchmarks/small_panels.py --data china_prefecture=CSV --data china_provinces=CSV

Draw k comes from the Chinese cities, the US states or the provinces in turn, with places and years
by seed k, and is backtested as `new` would draft it. Skill is 1 less the blend's mean error over
that of a naive rule: the rule that was best at earlier origins, chosen anew at each, and the rule
that is best in hindsight. Writes ``benchmarks/small_panels.csv``: means by source and horizon.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from city_resilience.commands.source import load
from city_resilience.drafting.schedule import plan_years
from city_resilience.evaluation.backtest import run_backtest
from city_resilience.evaluation.baselines import BASELINES, NAIVE
from city_resilience.evaluation.candidates import BLEND
from city_resilience.evaluation.scores import yearly
from city_resilience.experiment.experiment import Experiment
from city_resilience.reading.panel import Panel
from city_resilience.resilience.horizons import known_labels
from city_resilience.tasks.dataset import Dataset, build_dataset, common_origin

ROOT = Path(__file__).parents[1]
SOURCES = ("china_prefecture", "us_states", "china_provinces")
DRAWS = 40


@dataclass(frozen=True)
class Whole:
    """A panel to draw from, and its experiment."""

    panel: Panel
    experiment: Experiment
    newest: int


def whole(name: str, data: str) -> Whole:
    """Read a panel as a run does, its errors masked."""
    source = load(ROOT / "experiments" / name / "experiment.toml", data or None)
    newest = common_origin(source.dataset.outcome, source.dataset.years)
    return Whole(source.panel, source.experiment, newest)


def drawn(of: Whole, seed: int) -> tuple[Dataset, Experiment]:
    """Draw places and consecutive years, and plan origins as a draft does."""
    rng = np.random.default_rng(seed)
    frame = of.panel.frame
    years = sorted(year for year in frame["year"].unique() if year <= of.newest)
    length = min(int(rng.integers(10, 13)), len(years))
    start = int(rng.integers(0, len(years) - length + 1))
    kept = frame[frame["year"].isin(years[start : start + length])]
    reported = kept[kept[of.experiment.outcome.variable].notna()].groupby("city")["year"].nunique()
    able = sorted(reported[reported == length].index)
    size = min(int(rng.integers(15, 31)), len(able))
    places = sorted(rng.choice(able, size, replace=False))
    panel = replace(of.panel, frame=kept[kept["city"].isin(places)].reset_index(drop=True))
    plan = plan_years(int(years[start]), int(years[start + length - 1]))
    origins = {"first_origin": int(plan.first_origin), "warmup_origins": plan.warmup_origins}
    parts = {
        "outcome": {"horizons": plan.horizons},
        "features": {"min_history": plan.min_history},
        "evaluation": origins,
    }
    chosen = of.experiment.model_copy(
        update={
            name: getattr(of.experiment, name).model_copy(update=own) for name, own in parts.items()
        }
    )
    return build_dataset(panel, chosen), chosen


def naive_errors(dataset: Dataset, experiment: Experiment, horizon: int) -> pd.DataFrame:
    """Mean absolute error of each naive rule (column) at each origin that came to pass (row)."""
    least = experiment.features.min_history
    rows = {}
    for origin in range(int(dataset.years[0]) + least + 1, int(dataset.years[-1]) + 1):
        truth, view = dataset.truth(origin, horizon), dataset.at(origin)
        if np.isfinite(truth).any():
            said = {name: BASELINES[name].forecast(view, horizon, least) for name in NAIVE}
            rows[origin] = {name: np.nanmean(np.abs(own - truth)) for name, own in said.items()}
    return pd.DataFrame.from_dict(rows, orient="index", columns=list(NAIVE))


def skills(dataset: Dataset, experiment: Experiment) -> Iterator[dict[str, float]]:
    """Skill of the blend at each horizon against the rule chosen in advance and in hindsight."""
    scores = yearly(run_backtest(dataset, experiment).frame)
    for horizon, own in scores[scores["model"] == BLEND].groupby("horizon"):
        blend = own.set_index("origin")["mae"]
        naive = naive_errors(dataset, experiment, int(horizon))
        chosen = []
        for origin in blend.index:
            past = naive[known_labels(int(origin), dataset.wait(int(horizon)), naive.index)]
            rule = past.mean().idxmin() if len(past) else "damped"
            chosen.append(naive.loc[origin, rule])
        best = naive.loc[blend.index].mean().min()
        yield {
            "horizon": int(horizon),
            "against_chosen": 1 - blend.mean() / np.mean(chosen),
            "against_best": 1 - blend.mean() / best,
        }


def table_of(rows: pd.DataFrame) -> pd.DataFrame:
    """Mean skills by source and horizon, and over all."""
    found = [
        {"source": source, "horizon": horizon, **summed(own)}
        for (source, horizon), own in rows.groupby(["source", "horizon"], sort=False)
    ]
    return pd.DataFrame([*found, {"source": "all", "horizon": "all", **summed(rows)}])


def summed(rows: pd.DataFrame) -> dict[str, float]:
    """Panels, mean skills, and the share of panels more than 2 % behind the best in hindsight."""
    return {
        "panels": len(rows),
        "against_chosen": rows["against_chosen"].mean(),
        "against_best": rows["against_best"].mean(),
        "behind_2_percent": (rows["against_best"] < -0.02).mean(),
    }


def main() -> None:
    """Draw the panels, backtest them, print and write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", action="append", default=[], metavar="NAME=CSV")
    given = dict(own.split("=", 1) for own in parser.parse_args().data)
    wholes = {name: whole(name, given.get(name, "")) for name in SOURCES}
    rows = []
    for seed in range(DRAWS):
        name = SOURCES[seed % len(SOURCES)]
        rows += [{"source": name, **own} for own in skills(*drawn(wholes[name], seed))]
        print(f"draw {seed}: {name}", flush=True)
    table = table_of(pd.DataFrame(rows).sort_values(["source", "horizon"], kind="stable"))
    table.round(4).to_csv(ROOT / "benchmarks" / "small_panels.csv", index=False)
    print(table.round(4).to_string(index=False))


if __name__ == "__main__":
    main()
