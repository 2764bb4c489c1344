"""What `monitor` says of indicators that drifted, and of honest newer panels.

Usage: python benchmarks/drift.py EXPERIMENT[:PANEL]... [--years 12] [--seeds 40] [--csv FILE]

An honest panel is that of one of the last N years beside the training one year before, as in
wrong_levels.py, or the newest year of a simulated panel, whose law never changes. There an alarm
about the values of an indicator is false. That a series ended or lost cities is seen in the panel
and counted apart. A shift is planted into each indicator in turn, in the newest year of the last
honest panels, and is found if an alarm names the indicator.

    python benchmarks/drift.py experiments/demo experiments/us_states
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from city_resilience.arrays import Float
from city_resilience.audit.read_audited import read_audited
from city_resilience.errors import InputError
from city_resilience.experiment.experiment import Experiment
from city_resilience.experiment.load import load_experiment
from city_resilience.experiment.monitor import Monitor
from city_resilience.files import write_table
from city_resilience.issued.distances import STATISTICS
from city_resilience.issued.drift import (
    Series,
    compared,
    drift_of,
    drift_reference,
    judged,
    series_of,
)
from city_resilience.reading.panel import Panel
from city_resilience.reading.read import read_panel
from city_resilience.simulate import simulate_panel, with_headers
from city_resilience.tasks.dataset import Dataset, build_dataset, common_origin

LEAST_YEARS = 6
COUNTED = ("ended", "missing")


def iqr(values: Float) -> float:
    """Return the interquartile range of a year."""
    return float(np.nanquantile(values, 0.75) - np.nanquantile(values, 0.25))


def outliers(values: Float, rng: np.random.Generator) -> Float:
    """Return the values with one of ten far above all."""
    struck = rng.random(len(values)) < 0.1
    return np.where(struck, np.nanmax(values) + iqr(values) * (1 + rng.random(len(values))), values)


def fewer(values: Float, rng: np.random.Generator) -> Float:
    """Return the values without three of ten."""
    return np.where(rng.random(len(values)) < 0.3, np.nan, values)


def spread(values: Float, factor: float) -> Float:
    """Return the values further from their median by a factor."""
    middle = np.nanmedian(values)
    return np.asarray(middle + factor * (values - middle))


PLANTED: Mapping[str, Callable[[Float, np.random.Generator], Float]] = {
    "all cities up by half an interquartile range": lambda v, _: v + 0.5 * iqr(v),
    "all cities up by one": lambda v, _: v + iqr(v),
    "all cities up by two": lambda v, _: v + 2 * iqr(v),
    "half the cities up by two": lambda v, rng: v + 2 * iqr(v) * (rng.random(len(v)) < 0.5),
    "twice as far from the median": lambda v, _: spread(v, 2.0),
    "all alike, a tenth as far from the median": lambda v, _: spread(v, 0.1),
    "times 10": lambda v, _: v * 10,
    "one city of ten beyond the range": outliers,
    "three cities of ten without a value": fewer,
}


def honest_years(
    chosen: Experiment, whole: Panel, years: int
) -> Iterator[tuple[Dataset, int, Dataset, int]]:
    """Yield the training and its origin, and the newer panel and its origin, of each year."""
    last = whole.years[-1]
    sets = {}
    for year in range(max(last - years, whole.years[0] + LEAST_YEARS - 1), last + 1):
        try:
            panel = read_audited(whole.truncate(year), chosen, purpose="check").panel
            dataset = build_dataset(panel, chosen)
            sets[year] = dataset, common_origin(dataset.outcome, dataset.years)
        except InputError as error:
            print(f"{chosen.name}: {year} is no panel: {str(error)[:100]}")
    for year, newer in sets.items():
        if year - 1 in sets and newer[1] > sets[year - 1][1]:
            yield *sets[year - 1], *newer


def planted(
    reference: pd.DataFrame, found: pd.DataFrame, newer: Mapping[str, Series], seed: int
) -> Iterator[dict[str, Any]]:
    """Yield what was planted into which indicator, how large it is, and whether it was found."""
    for place, row in enumerate(found.to_dict("records")):
        if row["status"] != "judged" or row["alarm"]:
            continue
        series, known = newer[row["indicator"]], reference.iloc[place].to_dict()
        values = series.values[:, -1]
        if row["year"] != series.years[-1] or not iqr(values) > 0:
            continue
        for what, strike in PLANTED.items():
            struck = series.values.copy()
            struck[:, -1] = strike(values, np.random.default_rng(seed))
            own = compared(known, replace(series, values=struck))
            table = found.copy()
            table.loc[place, list(own)] = list(own.values())
            alarm = judged(table, reference, Monitor())["alarm"].iloc[place]
            about = {"planted": what, "family": "past" if row["family"] == "history" else "other"}
            yield about | {"found": bool(alarm)}


def main() -> None:
    """Print what is said of honest panels, and of planted shifts; write the table of these."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("experiments", nargs="+")
    parser.add_argument("--years", type=int, default=12)
    parser.add_argument("--planted-years", type=int, default=3)
    parser.add_argument("--seeds", type=int, default=40)
    parser.add_argument("--csv", type=Path)
    options = parser.parse_args()
    honest, struck = [], []
    for name in options.experiments:
        folder, _, file = name.partition(":")
        chosen = load_experiment(Path(folder) / "experiment.toml")
        path = Path(file or Path(folder) / "panel.csv")
        whole = read_panel(path, chosen.data, outcome=chosen.outcome)
        for old, origin, new, newest in honest_years(chosen, whole, options.years):
            reference = drift_reference(old, origin, old.cities, set(old.indicators.ids))
            found = drift_of(reference, new, newest, old.cities)
            honest.append(said(chosen.name, newest, found))
            if newest > whole.years[-1] - options.planted_years:
                newer = {s.name: s for s in series_of(new, newest, old.cities)}
                own = planted(reference, found, newer, newest)
                struck += [{"experiment": chosen.name, **one} for one in own]
    for seed in range(1, options.seeds + 1):
        honest.append(simulated(seed))
    tell(pd.DataFrame(honest), pd.DataFrame(struck), options.csv)


def simulated(seed: int) -> dict[str, Any]:
    """Return what is said of the newest year of a simulated panel, whose law never changes."""
    chosen = load_experiment(Path("experiments/demo") / "experiment.toml")
    whole = read_panel(with_headers(simulate_panel(seed=seed).frame), chosen.data)
    last = whole.years[-1]
    old, new = (build_dataset(whole.truncate(year), chosen) for year in (last - 1, last))
    reference = drift_reference(old, last - 1, old.cities, set(old.indicators.ids))
    return said("simulated", last, drift_of(reference, new, last, old.cities))


def said(name: str, year: int, found: pd.DataFrame) -> dict[str, Any]:
    """Print and count what is said of an honest panel."""
    about = found[~found["alarm"].isin(["", *COUNTED])]
    for own in about.to_dict("records"):
        print(f"{name} {year}: {own['indicator']} {own['alarm']}, {own['adjusted']:.5f}")
    return {
        "experiment": name,
        "panels": 1,
        "tests": int(found[[f"p_{own}" for own in STATISTICS]].notna().to_numpy().sum()),
        "alarmed": len(about),
        "ended_or_thinner": int(found["alarm"].isin(COUNTED).sum()),
        "least": float(found["adjusted"].min()),
    }


def tell(honest: pd.DataFrame, struck: pd.DataFrame, place: Path | None) -> None:
    """Print the honest panels by experiment and the rates of what was planted, and write them."""
    sums = honest.groupby("experiment", sort=False).agg(
        {name: "min" if name == "least" else "sum" for name in honest.columns[1:]}
    )
    print(sums.to_string())
    if struck.empty:
        return
    rates = struck.groupby(["planted", "experiment", "family"], sort=False)["found"]
    table = rates.agg(n="size", found="mean").reset_index()
    table["found"] = table["found"].round(3)
    wide = table.pivot_table(index=["planted", "family"], columns="experiment", values="found")
    print(wide.to_string())
    if place is not None:
        write_table(table, place)


if __name__ == "__main__":
    main()
