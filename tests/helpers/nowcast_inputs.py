"""A small simulated experiment on disk whose provinces publish a year before their cities do."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from city_resilience.simulate import simulate_panel, with_headers
from pipeline_inputs import CITIES, LAST, write_experiment

__all__ = ["EXPERIMENT", "LAST", "TABLE", "panel_frame", "release_frame", "write_nowcast"]

AHEAD = 1
TABLE = """
[early.provinces]
label_en = "Growth of the provinces"
label_zh = "各省增速"
group = "province"
column = "growth"
kind = "growth"
"""
EXPERIMENT = """\
name = "small"
title = "A small simulated panel"

[data]
path = "panel.csv"
source = "city_resilience.simulate, seed 5"
licence = "Apache-2.0"
simulated = true

[outcome]
horizons = [1, 2]

[features]
carry_forward = 0
families = ["history", "control"]

[evaluation]
first_origin = 2008
warmup_origins = 2

[model]
members = ["ridge"]
serve = "ridge"
"""
_OUTCOME = "Real GDP (100m yuan)"


def _whole() -> pd.DataFrame:
    years = LAST + AHEAD - 2000 + 1
    return with_headers(simulate_panel(CITIES, years=years, seed=5).frame)


def panel_frame() -> pd.DataFrame:
    """Return the panel up to ``LAST``, with the headers of a data file."""
    frame = _whole()
    return frame[frame["year"] <= LAST]


def release_frame() -> pd.DataFrame:
    """Return the growth of the sum of each province's cities in percent, up to a year later."""
    sums = _whole().pivot_table(_OUTCOME, "province", "year", aggfunc="sum")
    growth = 100.0 * (sums / sums.shift(axis=1) - 1.0).iloc[:, 1:]
    frame = growth.reset_index().melt("province", var_name="year", value_name="growth")
    return frame.round({"growth": 4})


def write_nowcast(folder: Path, tables: str = TABLE) -> Path:
    """Write panel.csv, release.csv and the experiment to a folder; returns the experiment."""
    path = write_experiment(folder, panel_frame(), EXPERIMENT + tables)
    release_frame().to_csv(folder / "release.csv", index=False)
    return path
