"""Write tests/golden/bundle_N: bundles of today's format N, and what they forecast.

A format that was released stays loadable, so its golden bundles are written once and never anew.

Usage: python scripts/golden_bundle.py
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Any

import pandas as pd

from city_resilience import predict, train
from city_resilience.experiment.load import experiment_from
from city_resilience.explain.contributions import contributions
from city_resilience.models.bundle_copy import copy_bundle
from city_resilience.models.manifest import FORMAT_VERSION
from city_resilience.simulate import simulate_panel, with_headers

__all__ = ["contribution_table", "main", "write_bundle"]

GOLDEN = Path(__file__).parents[1] / "tests" / "golden" / f"bundle_{FORMAT_VERSION}"
CITIES, FIRST, YEARS, SEED = 16, 2000, 13, 8
KEYS = ["city", "horizon"]
COMMON: dict[str, Any] = {
    "title": "A small made-up panel",
    "data": {
        "path": "panel.csv",
        "groups": ["region", "size_class"],
        "source": "city_resilience.simulate; the cities are made up",
        "licence": "Apache-2.0",
        "simulated": True,
    },
    "features": {"carry_forward": 3},
    "evaluation": {"first_origin": 2008, "warmup_origins": 1, "min_group": 3},
}
# Between them: each kind of file, composite indices, intervals, a composite as the outcome.
EXPERIMENTS: dict[str, dict[str, Any]] = {
    "growth_gap": {
        "outcome": {"horizons": [1, 2]},
        "model": {
            "members": ["persistence", "ridge", "xgboost", "extra_trees"],
            "parameters": {
                "xgboost": {"rounds": 10},
                "extra_trees": {"trees": 4, "min_leaf": 5},
            },
        },
    },
    "composite": {
        "outcome": {
            "horizons": [1],
            "measure": "composite",
            "composite": {
                "components": {"ict_employment_share": 1, "patents_per_10k": 1},
                "window": [2000, 2006],
            },
        },
        "features": {
            **COMMON["features"],
            "exclude": ["ict_employment_share", "patents_per_10k"],
        },
        # Few enough origins that the slope is 1: with more, this panel's forecasts deserve none.
        "evaluation": {**COMMON["evaluation"], "first_origin": 2009, "warmup_origins": 0},
        "model": {"members": ["persistence", "ridge"], "parameters": {"ridge": {}}},
    },
}


def write_bundle(name: str, panel: Path, folder: Path) -> None:
    """Train an experiment and write its bundle, its forecasts and their contributions."""
    experiment = experiment_from({"name": name, **COMMON, **EXPERIMENTS[name]}, __file__)
    with tempfile.TemporaryDirectory() as place:
        train(experiment, panel, out=Path(place, "out"), store=str(Path(place, "store")))
        copy_bundle(Path(place, "out", "model"), folder / "model")
    predicted = predict(panel, folder / "model", drivers=0)
    explained = contributions(predicted.forecaster, predicted.forecaster.rows(predicted.panel))
    forecast = predicted.table.drop(columns="flags")
    for table, file in ((forecast, "forecast"), (contribution_table(explained), "drivers")):
        table.to_csv(folder / f"{file}.csv", index=False, float_format="%.9g", lineterminator="\n")


def contribution_table(explained: pd.DataFrame) -> pd.DataFrame:
    """Return contributions with a row per city and horizon and a column per indicator."""
    return explained.pivot_table(
        index=KEYS, columns="indicator", values="contribution"
    ).reset_index()


def main() -> int:
    """Write the golden bundles of the format that this program writes."""
    if GOLDEN.exists():
        print(f"{GOLDEN} is there; raise FORMAT_VERSION for another format", file=sys.stderr)
        return 2
    GOLDEN.mkdir(parents=True)
    panel = GOLDEN / "panel.csv"
    frame = with_headers(simulate_panel(CITIES, FIRST, YEARS, SEED).frame)
    frame.to_csv(panel, index=False, lineterminator="\n")
    for name in EXPERIMENTS:
        write_bundle(name, panel, GOLDEN / name)
    return 0


if __name__ == "__main__":
    sys.exit(main())
