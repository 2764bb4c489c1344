"""Levers: indicators that an experiment marks as actionable, and how far a city is from its peers.

A distance is to the peers' median and to their best quartile, in the direction in which more is
better. The response is what the models say of a city moved there; it is an association.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from city_resilience.arrays import Float, Positions
from city_resilience.errors import InputError
from city_resilience.explain.moving import Ground, move_city
from city_resilience.explain.responses import Asked, summed
from city_resilience.explain.settings import Setting
from city_resilience.explain.views import views_of

__all__ = ["LEVER_COLUMNS", "RESPONSE_COLUMNS", "SHORT_BOARDS", "levers", "responses"]

SHORT_BOARDS = 3
"""So many of the largest shortfalls count as short boards."""
MEDIAN, BEST = "median", "best_quartile"
LEVER_COLUMNS = (
    *("city", "indicator", "family", "unit", "direction", "year", "value", "median"),
    *("best_quartile", "to_median", "to_best_quartile", "sd_to_median", "sd_to_best_quartile"),
    *("short_board", "years_to_median", "years_to_best_quartile", "cost_to_median"),
    *("cost_to_best_quartile", "cost_unit", "peers"),
)
RESPONSE_COLUMNS = ("city", "indicator", "to", "value", "view", "horizon", "change", "reason")


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
        largest shortfalls to the median. Years and costs are NaN where the experiment gives no
        largest step or cost. Indicators without a direction, or without a value here, are listed
        without distances or not at all.
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
    gap = table["sd_to_median"].abs()
    table = table.iloc[np.argsort(-gap.fillna(-1.0).to_numpy(), kind="stable")]
    table = table.reset_index(drop=True)
    table["short_board"] = (table["sd_to_median"].abs() > 0) & (table.index < SHORT_BOARDS)
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
        "value": own,
        "cost_unit": marked.cost_unit,
        "peers": len(others),
    }
    if not spec.direction or len(others) < 2:
        return found
    best = float(np.quantile(others, 0.75 if spec.direction > 0 else 0.25))
    spread = float(others.std(ddof=1))
    for name, goal in ((MEDIAN, float(np.median(others))), (BEST, best)):
        short = goal - own if (goal - own) * spec.direction > 0 else 0.0
        found |= {name: goal, f"to_{name}": short}
        found[f"sd_to_{name}"] = short / spread if spread > 0 else np.nan
        step, cost = marked.largest_step, marked.cost
        found[f"years_to_{name}"] = float(np.ceil(abs(short) / step - 1e-9)) if step else np.nan
        found[f"cost_to_{name}"] = abs(short) * cost if cost else np.nan
    return found


def responses(ground: Ground, table: pd.DataFrame) -> pd.DataFrame:
    """Return how the forecast of each view changes when a lever moves to where its peers are.

    Parameters
    ----------
    table : DataFrame
        Of `levers`.

    Returns
    -------
    DataFrame
        `RESPONSE_COLUMNS`, in the unit of the measure; a change is NaN with its reason where the
        indicator cannot be moved there.
    """
    records = [
        {"city": own.city, "indicator": own.indicator, "to": to, "value": goal, **found}
        for own in table.itertuples()
        for to in (MEDIAN, BEST)
        if np.isfinite(goal := float(getattr(own, to))) and getattr(own, f"to_{to}") != 0.0
        for found in _responses(ground, str(own.city), str(own.indicator), goal)
    ]
    return pd.DataFrame(records, columns=list(RESPONSE_COLUMNS))


def _responses(ground: Ground, city: str, id: str, goal: float) -> list[dict[str, object]]:
    views = views_of(ground.forecaster)
    asked = Asked({(n, h): m.spec for n, view in views.items() for h, m in view.horizons.items()})
    reason = ""
    try:
        asked.add(ground.rows, move_city(ground, city, [Setting(f"{id}={goal:g}", id, "to", goal)]))
    except InputError as error:
        reason = str(error)
    found: list[dict[str, object]] = []
    for name, view in views.items():
        unknown: dict[int, Float] = {h: np.array([np.nan]) for h in view.horizons}
        added = (
            {h: asked.change(m, (name, h)) for h, m in view.horizons.items()} if not reason else {}
        )
        for horizon, change in (summed(view, added) if added else unknown).items():
            about = {"view": name, "horizon": horizon, "change": float(change[0])}
            found.append({**about, "reason": reason})
    return found
