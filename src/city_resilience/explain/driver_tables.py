"""The tables about drivers that a run leaves in its folder ``drivers``.

A table is one entry in `TABLES`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pandas as pd

from city_resilience.arrays import Float
from city_resilience.explain.ale import Effect, effects_of
from city_resilience.explain.contributions import contributions
from city_resilience.explain.dictionary import dictionary
from city_resilience.explain.families import family_table, sampled
from city_resilience.explain.held_tables import with_effects
from city_resilience.explain.interactions import interaction_table
from city_resilience.files import SUFFIXES, write_tables
from city_resilience.models.forecaster import Forecaster
from city_resilience.models.rows import ForecastRows

__all__ = [
    "HELD_OUT",
    "TABLES",
    "View",
    "driver_tables",
    "with_local_effects",
    "write_driver_tables",
]

HELD_OUT = "held_out.parquet"
"""`held_out_drivers`, a row for each city, origin, horizon and indicator: too long for a sheet."""
DICTIONARY = "dictionary"
PAIR_ROWS = 100
"""Rows whose interactions are found: deep trees have many pairs on the way to each leaf."""
MOST_SHEET_ROWS = 20_000
"""A longer table is written as CSV and Parquet only: a sheet takes seconds for so many rows."""


@dataclass(frozen=True)
class View:
    """A view as a forecaster, the rows that it forecasts, and their `contributions`."""

    forecaster: Forecaster
    rows: ForecastRows
    drivers: pd.DataFrame


TABLES: Mapping[str, Callable[[View], pd.DataFrame]] = {
    "contributions": lambda view: view.drivers,
    "families": lambda view: family_table(view.forecaster, view.rows, view.drivers),
    "interactions": lambda view: interaction_table(view.forecaster, sampled(view.rows, PAIR_ROWS)),
}
"""Name of a table → what it says of one view; interactions are of a seeded sample of rows."""


def driver_tables(
    forecaster: Forecaster,
    rows: ForecastRows,
    made: Mapping[str, pd.DataFrame | None] | None = None,
) -> dict[str, pd.DataFrame]:
    """Return each of `TABLES` for every view of a forecaster, with the view as first column.

    Parameters
    ----------
    made : mapping of str to DataFrame, optional
        View → its `contributions`, where they were made already.
    """
    views = {}
    for name, own in forecaster.views.items():
        drivers = (made or {}).get(name)
        views[name] = View(own, rows, contributions(own, rows) if drivers is None else drivers)
    found = {}
    for table, of_view in TABLES.items():
        parts = [of_view(own).assign(view=name) for name, own in views.items()]
        whole = pd.concat(parts, ignore_index=True)
        found[table] = whole[["view", *(name for name in whole.columns if name != "view")]]
    return found


def with_local_effects(
    forecaster: Forecaster, rows: ForecastRows, tables: Mapping[str, pd.DataFrame]
) -> dict[str, pd.DataFrame]:
    """Fill the local effects of the live models into `held_tables` of held-out drivers."""
    return with_effects(tables, partial(_effects, forecaster, rows))


def _effects(
    forecaster: Forecaster, rows: ForecastRows, view: str, horizon: int, edges: Mapping[str, Float]
) -> dict[str, Effect]:
    return effects_of(forecaster.view(view), rows, horizon, edges)


def write_driver_tables(tables: Mapping[str, pd.DataFrame], folder: Path) -> None:
    """Write each table as CSV, XLSX and Parquet, and the `dictionary` of their columns.

    One of more than 20,000 rows is not written as XLSX.
    """
    tables = {**tables, DICTIONARY: dictionary(tables)}
    write_tables(
        {
            f"{name}{suffix}": frame
            for name, frame in tables.items()
            for suffix in SUFFIXES
            if suffix != ".xlsx" or len(frame) <= MOST_SHEET_ROWS
        },
        folder,
    )
