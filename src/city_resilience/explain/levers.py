"""Levers: indicators that an experiment marks as actionable, and how far a city is from its peers.

A distance is to the peers' median and to their best quartile, in the direction in which more is
better.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from city_resilience.arrays import Positions
from city_resilience.experiment.actionable import Actionable
from city_resilience.explain.moving import Ground
from city_resilience.indicators.indicator import Indicator
from city_resilience.indicators.inputs import lag_of
from city_resilience.indicators.table import load_indices

__all__ = [
    "BEST",
    "FEW_PEERS",
    "LEVER_COLUMNS",
    "MEDIAN",
    "NO_DIRECTION",
    "SHORT_BOARDS",
    "absent_levers",
    "levers",
]

SHORT_BOARDS = 3
"""So many of the largest shortfalls count as short boards."""
LEAST_PEERS = 2
MEDIAN, BEST = "median", "best_quartile"
INDEX, NOT_IN_PANEL, NO_VALUE = "index", "not_in_panel", "no_value"
NO_DIRECTION, FEW_PEERS = "no_direction", "few_peers"
"""Why a lever has no shortfall."""
LEVER_COLUMNS = (
    *(
        "city",
        "indicator",
        "family",
        "unit",
        "direction",
        "year",
        "old",
        "value",
        "lowest",
        "median",
    ),
    *("best_quartile", "highest", "to_median", "to_best_quartile", "sd_to_median"),
    *("sd_to_best_quartile", "short_board", "years_to_median", "years_to_best_quartile"),
    *("cost_to_median", "cost_to_best_quartile", "cost_unit", "peers", "why"),
)


def levers(ground: Ground, city: str, peers: Sequence[str]) -> pd.DataFrame:
    """Return the levers of a city, short boards first.

    Parameters
    ----------
    peers : sequence of str
        Cities to compare with, see `peers_of`.

    Returns
    -------
    DataFrame
        `LEVER_COLUMNS`. Distances are signed, in units and in standard deviations of the peers;
        0 where the city is there or beyond. ``short_board`` marks at most `SHORT_BOARDS`, the
        largest shortfalls to the median among values that are not ``old``: older than a model may
        read. Years and costs are NaN where the experiment gives no largest step or cost. ``why``
        says why there is no distance: `NO_DIRECTION`, `FEW_PEERS`.
        What is marked and not here is in `absent_levers`.
    """
    row, cities = ground.row_of(city), ground.rows.dataset.cities
    places = np.array([cities.index(name) for name in peers], dtype=np.intp)
    marked = ground.forecaster.experiment.actionable
    records = [
        found
        for id in marked
        if id in ground.specs and (found := _lever(ground, id, row, places)) is not None
    ]
    table = pd.DataFrame(records, columns=list(LEVER_COLUMNS)).assign(city=city)
    gap = table["sd_to_median"].abs().fillna(-1.0)
    order = np.lexsort([-gap, table["old"].astype(bool)])
    table = table.iloc[order].reset_index(drop=True)
    short = (table["sd_to_median"].abs() > 0) & ~table["old"].astype(bool)
    table["short_board"] = short & (short.cumsum() <= SHORT_BOARDS)
    return table


def _lever(ground: Ground, id: str, row: int, peers: Positions) -> dict[str, object] | None:
    spec, marked = ground.specs[id], ground.forecaster.experiment.actionable[id]
    year = ground.year_of(id, row)
    if year is None:
        return None
    column = int(year - ground.rows.dataset.years[0])
    at = ground.rows.dataset.indicators.ids.index(id)
    values = ground.rows.dataset.indicators.values[:, column, at]
    others = values[peers][np.isfinite(values[peers])]
    own = float(values[ground.rows.cities[row]])
    found: dict[str, object] = {
        "indicator": id,
        "family": spec.family,
        "unit": spec.unit,
        "direction": spec.direction,
        "year": year,
        "old": _is_old(ground, spec, row, year),
        "value": own,
        "cost_unit": marked.cost_unit,
        "peers": len(others),
        "why": "" if spec.direction else NO_DIRECTION,
    }
    if len(others) < LEAST_PEERS:
        return found | {"why": FEW_PEERS}
    found |= {"lowest": others.min(), "median": np.median(others), "highest": others.max()}
    if not spec.direction:
        return found
    found[BEST] = np.quantile(others, 0.75 if spec.direction > 0 else 0.25)
    return found | _distances(found, spec.direction, float(others.std(ddof=1)), marked)


def _is_old(ground: Ground, spec: Indicator, row: int, year: int) -> bool:
    """Whether a value is older than a model may read it."""
    features = ground.forecaster.experiment.features
    oldest = features.carry_forward + lag_of(spec, features.publication_lag)
    return int(ground.rows.origins[row]) - year > oldest


def _distances(
    found: Mapping[str, Any], direction: int, spread: float, marked: Actionable
) -> dict[str, float]:
    """Return how far a value is short of the peers, 0 where it is there or beyond."""
    distances = {}
    for name in (MEDIAN, BEST):
        gap = float(found[name]) - float(found["value"])
        short = gap if gap * direction > 0 else 0.0
        distances[f"to_{name}"] = short
        distances[f"sd_to_{name}"] = short / spread if spread > 0 else np.nan
        years = (
            max(math.ceil(abs(short) / step - 1e-9), 0) if (step := marked.largest_step) else None
        )
        distances[f"years_to_{name}"] = np.nan if years is None else float(years)
        distances[f"cost_to_{name}"] = abs(short) * marked.cost if marked.cost else np.nan
    return distances


def absent_levers(ground: Ground, city: str) -> list[dict[str, str]]:
    """Return what is marked as actionable and no lever of a city.

    Returns
    -------
    list of dict
        ``indicator``, ``code`` (`INDEX`, `NOT_IN_PANEL`, `NO_VALUE`) and ``detail``, in English.
    """
    row, absent = ground.row_of(city), ground.rows.dataset.indicators.absent
    made = {index.id for index in load_indices()}
    found = []
    for id in ground.forecaster.experiment.actionable:
        if id in made:
            found.append((id, INDEX, "made of other indicators, which can be marked"))
        elif id not in ground.specs:
            found.append((id, NOT_IN_PANEL, absent.get(id, "not in this panel")))
        elif ground.year_of(id, row) is None:
            found.append((id, NO_VALUE, "the city has no value"))
    return [dict(zip(("indicator", "code", "detail"), one, strict=True)) for one in found]
