r"""What early releases of the provinces are worth on the Chinese panel, and shuffled ones.

    python benchmarks/nowcast.py --data city_panel.csv \
        --early real=early_release.csv --early nominal=early_release.csv \
        --early nominal_recent=panel.csv

The forecasts are made once. Each set of releases then turns them into nowcasts, with slopes from
earlier origins alone; for the placebo the provinces' figures are exchanged among them. Writes
``experiments/china_prefecture/nowcast.csv``. The releases are a revised vintage.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from city_resilience.commands.source import Source, load
from city_resilience.evaluation.backtest import Backtest, nowcast_part, run_backtest
from city_resilience.evaluation.checks import scored_origins
from city_resilience.evaluation.engine import Engine
from city_resilience.evaluation.interval_scores import score_intervals
from city_resilience.evaluation.nowcast_scores import score_nowcasts
from city_resilience.evaluation.served_intervals import Past
from city_resilience.experiment.early import Release
from city_resilience.reading.early import EarlyRelease
from city_resilience.reading.release_file import read_release

ROOT = Path(__file__).parents[1]
EXPERIMENT = ROOT / "experiments" / "china_prefecture"
PROVINCE = {"group": "province", "prices": "nominal", "kind": "level", "column": "gdp_100m_yuan"}
RELEASES = {
    "real": Release(
        group="province", kind="index", column="real_gdp_index_previous_year_100", key="province"
    ),
    "nominal": Release(**PROVINCE, key="province"),
    "nominal_recent": Release(**PROVINCE, key="region"),
}
SETS = (("real",), ("nominal", "nominal_recent"), ("real", "nominal", "nominal_recent"))
KEPT = ("releases", "seed", "horizon", "cities", "slice", "level", "years", "n")
FIGURES = ("forecast", "nowcast", "skill", "wins", "difference", "low", "high")


def scored(
    source: Source, found: Backtest, releases: tuple[EarlyRelease, ...]
) -> tuple[pd.DataFrame, pd.DataFrame] | None:
    """Return the nowcast beside the forecast, and the intervals of both at the same origins."""
    dataset, experiment = replace(source.dataset, early=releases), source.experiment
    engine, past = Engine(dataset, experiment), Past(dataset, experiment.model.interval)
    origins = scored_origins(dataset, experiment)
    part = nowcast_part(engine, past, origins, found.served)
    if part is None:
        return None
    sides = score_nowcasts(found, part, dataset, {}, 1).sides
    cells = part.frame[["horizon", "origin"]].drop_duplicates()
    rows = [("nowcast", part.intervals), ("forecast", found.intervals.merge(cells))]
    intervals = pd.concat([score_intervals(own).assign(information=name) for name, own in rows])
    return sides, intervals[intervals["slice"].isin(["all", "period"])]


def sets_of(
    releases: Mapping[str, EarlyRelease], seeds: int
) -> Iterator[tuple[str, object, tuple[EarlyRelease, ...]]]:
    """Yield name, seed and releases of each set, shuffled ones with a seed."""
    for names in SETS:
        own = tuple(releases[name] for name in names if name in releases)
        if own:
            yield " + ".join(names), "", own
    for seed in range(seeds if "real" in releases else 0):
        real = releases["real"]
        order = np.random.default_rng(seed).permutation(len(real.levels))
        yield (
            "real, shuffled",
            seed,
            (replace(real, growth=real.growth[order], published=real.published[order]),),
        )


def main() -> None:
    """Print and write the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--early", action="append", default=[], metavar="NAME=PATH")
    parser.add_argument("--seeds", type=int, default=10)
    options = parser.parse_args()
    source = load(EXPERIMENT / "experiment.toml", options.data)
    backtest = run_backtest(source.dataset, source.experiment)
    files = dict(each.split("=", 1) for each in options.early)
    releases = {
        name: read_release(name, RELEASES[name], Path(path), source.panel, source.experiment.data)
        for name, path in files.items()
    }
    tables, intervals = [], []
    for name, seed, own in sets_of(releases, options.seeds):
        if (found := scored(source, backtest, own)) is not None:
            tables.append(found[0].assign(releases=name, seed=seed))
            if seed == "":
                intervals.append(found[1].assign(releases=name))
    table = pd.concat(tables)[[*KEPT, *FIGURES]]
    shown = table[table["slice"] != "year"]
    print(shown.to_string(index=False, float_format=lambda x: f"{x:.4f}"))
    columns = ["releases", "information", "horizon", "slice", "level", "worst_year"]
    columns += ["worst_coverage", "coverage", "width", "interval_score"]
    print(pd.concat(intervals)[columns].to_string(index=False))
    table.round(5).to_csv(EXPERIMENT / "nowcast.csv", index=False)


if __name__ == "__main__":
    main()
