"""Where there is nothing to find: skill and coverage on noise and on permuted panels, 20 seeds.

    python benchmarks/nulls.py [--seeds 20]

Noise: gaps without any pattern. Permuted gaps: the simulated panel, the gaps of each year dealt out
anew among the cities, so that neither a city's past nor its indicators tell anything. Permuted
years: the same, and the years in another order in each seed, so that the two years of contraction
fall anywhere; with only the gaps permuted they are the same two in every seed, and what they do to
the coverage does not average out. Countries: three whose trends are 4 to 9 points a year apart, and
gaps without any pattern; each city against its own country, and against all cities together. Skill
is against the best naive rule and against history only; coverage is that of the 90 % intervals,
beside it that of plain split conformal ones.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping
from functools import partial

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from city_resilience.catalogue.variables import load_catalogue
from city_resilience.evaluation.backtest import run_backtest
from city_resilience.evaluation.scores import paired_interval, score
from city_resilience.experiment.experiment import Experiment
from city_resilience.experiment.load import experiment_from
from city_resilience.reading.panel import Panel
from city_resilience.simulate import simulate_panel
from city_resilience.tasks.dataset import build_dataset

CITIES, YEARS, FIRST = 80, 18, 2010
TRENDS = {"Arland": 0.0, "Borland": 0.05, "Corland": -0.04}
Float = NDArray[np.float64]


def experiment(nation: str = "") -> Experiment:
    """One horizon, shipped settings; the column of nations."""
    return experiment_from(
        {
            "name": "null",
            "outcome": {"horizons": [1]},
            "evaluation": {"first_origin": FIRST, "warmup_origins": 4},
            "data": {"simulated": True, "nation": nation},
        },
        "nulls",
    )


def panel_of(frame: pd.DataFrame) -> Panel:
    """Return a simulated frame as a panel."""
    known = load_catalogue().variables
    variables = {name: known[name] for name in frame if frame[name].dtype.kind == "f"}
    keys = [name for name in ("city", "year", "province", "nation") if name in frame]
    ordered = frame[[*keys, *sorted(variables)]]
    return Panel(ordered.sort_values(["city", "year"], ignore_index=True), variables)


def permuted_gaps(frame: pd.DataFrame, seed: int, years: bool = False) -> pd.DataFrame:
    """Deal the growth of each year out anew among the cities, and the years if asked."""
    rng = np.random.default_rng(seed)
    levels = frame.pivot_table(index="city", columns="year", values="gdp_real")
    growth = np.diff(np.log(levels.to_numpy()), axis=1)
    mixed = rng.permuted(growth, axis=0)
    if years:
        mixed = mixed[:, rng.permutation(mixed.shape[1])]
    path = np.cumsum(np.hstack([np.log(levels.to_numpy()[:, :1]), mixed]), axis=1)
    made = pd.DataFrame(np.exp(path), index=levels.index, columns=levels.columns)
    stacked = made.reset_index().melt("city", value_name="gdp_real").astype({"year": "int64"})
    return frame.drop(columns="gdp_real").merge(stacked, on=["city", "year"])


def noise(seed: int) -> pd.DataFrame:
    """A panel without any pattern."""
    return simulate_panel(CITIES, years=YEARS, seed=seed, noise_only=True).frame


def permuted(seed: int, years: bool = False) -> pd.DataFrame:
    """The simulated panel, its gaps permuted."""
    return permuted_gaps(simulate_panel(CITIES, years=YEARS, seed=seed).frame, seed, years)


def countries(seed: int, own: bool = True) -> pd.DataFrame:
    """Three countries of different trends, without any pattern among the cities of each."""
    parts = []
    for at, (nation, trend) in enumerate(TRENDS.items()):
        frame = simulate_panel(CITIES // 3, years=YEARS, seed=3 * seed + at, noise_only=True).frame
        frame["city"] += f" {nation}"
        frame["province"] += f" {nation}"
        frame["gdp_real"] *= np.exp(trend * (frame["year"] - frame["year"].min()))
        parts.append(frame.assign(nation=nation) if own else frame)
    return pd.concat(parts, ignore_index=True)


def measured(frame: pd.DataFrame) -> tuple[float, float, float, float, int]:
    """Skill against naive rule and history, share covered, also by plain intervals, and rows."""
    chosen = experiment("nation" if "nation" in frame else "")
    backtest = run_backtest(build_dataset(panel_of(frame), chosen), chosen)
    scores = score(backtest.frame)
    row = scores[(scores["slice"] == "all") & (scores["model"] == "blend")].iloc[0]
    rows = backtest.intervals
    bounds = (("lower", "upper"), ("plain_lower", "plain_upper"))
    covered = [rows["truth"].between(rows[low], rows[high]).mean() for low, high in bounds]
    return row["skill_naive"], row["skill_history"], *covered, len(rows)


NULLS: Mapping[str, Callable[[int], pd.DataFrame]] = {
    "noise": noise,
    "permuted years": partial(permuted, years=True),
    "permuted gaps": permuted,
    "countries": countries,
    "countries, all as one nation": partial(countries, own=False),
}


def main() -> None:
    """Print mean skill with its interval over seeds, and coverage with its binomial error."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=20)
    seeds = range(parser.parse_args().seeds)
    for name, drawn in NULLS.items():
        naive, history, covered, plain, rows = np.array([measured(drawn(s)) for s in seeds]).T
        for what, values in (("best naive", naive), ("history only", history)):
            mean, low, high = paired_interval(values)
            print(f"{name}: skill vs {what} {mean:+.4f} ({low:+.4f} to {high:+.4f})")
        share = float((covered * rows).sum() / rows.sum())
        error = 1.96 * np.sqrt(0.9 * 0.1 / rows.sum())
        seeds_low, seeds_high = paired_interval(covered)[1:]
        print(
            f"{name}: coverage {share:.4f}, nominal 0.9 ± {error:.4f} binomial; over seeds "
            f"{seeds_low:.4f} to {seeds_high:.4f}; plain split conformal {plain.mean():.4f}"
        )


if __name__ == "__main__":
    main()
