"""Print how fast forecasts are explained beside ``pred_contribs`` on the same boosters, in one run.

Processor seconds of explaining rows of the demo with ``models/demo`` at the shortest horizon:
contributions by indicator with their table, and families as players.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import xgboost

from city_resilience.audit.read_audited import read_audited
from city_resilience.explain.contributions import contributions
from city_resilience.models.bundle import load_bundle
from city_resilience.models.rows import ForecastRows
from city_resilience.models.trees import Trees

ROOT = Path(__file__).resolve().parents[1]


def seconds(call: Callable[[], object]) -> float:
    """Return the processor seconds of a call."""
    start = time.process_time()
    call()
    return time.process_time() - start


def main() -> None:
    """Time each way on the same rows and print its ratio to the raw call."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=10_000)
    count = parser.parse_args().rows
    every = load_bundle(ROOT / "models" / "demo")
    first = min(every.horizons)
    model = replace(every, horizons={first: every.horizons[first]})
    data = ROOT / "experiments" / "demo" / "panel.csv"
    found = model.rows(read_audited(data, model.experiment, purpose="predict").panel)
    taken = np.arange(count) % len(found.cities)
    rows = ForecastRows(found.dataset, found.origin, found.cities[taken], found.origins[taken])
    own = model.horizons[first]
    features = rows.features(own.spec)
    family = {spec.id: spec.family for spec in rows.dataset.specs}
    owners = [family[name] for name, _ in own.spec.columns]
    boosters = [member.booster for member, _ in own.used if isinstance(member, Trees)]

    def raw() -> None:
        for booster in boosters:
            booster.predict(xgboost.DMatrix(features), pred_contribs=True)

    reference = seconds(raw)
    print(f"{count:,} rows, raw pred_contribs: {reference:.2f} s")
    for name, call in {
        "contributions by indicator, with the table": lambda: contributions(model, rows),
        "families as players": lambda: own.by_family(features, owners),
    }.items():
        took = seconds(call)
        print(f"{name}: {took:.2f} s, {reference / took:.2f} times the speed of pred_contribs")


if __name__ == "__main__":
    main()
