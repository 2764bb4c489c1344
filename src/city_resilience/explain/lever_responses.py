"""What the models say of a lever: how a forecast differs with the city moved to where peers are.

It is the model's association, not an effect.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from city_resilience.arrays import Float, Mask
from city_resilience.errors import InputError
from city_resilience.explain.levers import BEST, MEDIAN
from city_resilience.explain.moving import Ground, move_city
from city_resilience.explain.responses import Asked, summed
from city_resilience.explain.settings import Setting
from city_resilience.explain.support import Nearness
from city_resilience.models.forecaster import Forecaster
from city_resilience.models.rows import FORECASTING

__all__ = ["NOT_READ", "POINTS", "RANGE", "RESPONSE_COLUMNS", "responses"]

POINTS = 9
"""So many values are asked for, from the lowest to the highest of the peers."""
RANGE = "range"
NOT_READ = "not_read"
"""Reason of a view that reads nothing of an indicator."""
RESPONSE_COLUMNS = (
    *("city", "indicator", "to", "value", "far", "view", "horizon", "change", "reason"),
)


class _Goal(NamedTuple):
    """Where a lever of a city is moved; ``to`` is `MEDIAN`, `BEST` or a value of the `RANGE`."""

    city: str
    indicator: str
    to: str
    value: float


def responses(
    ground: Ground, table: pd.DataFrame, near: Nearness, horizon: int | None = None
) -> pd.DataFrame:
    """Return how the forecast of each view differs when a lever moves to where its peers are.

    Parameters
    ----------
    table : DataFrame
        Of `levers`.
    near : Nearness
        That of the ground.
    horizon : int, optional
        All of the model when it is not given.

    Returns
    -------
    DataFrame
        `RESPONSE_COLUMNS`, in the unit of the measure. ``to`` is the peers' median or best
        quartile, where the city is short of it, and ``range`` for `POINTS` values from their lowest
        to their highest. A change is NaN with its reason where the indicator cannot be moved there
        or the view reads nothing of it. ``far`` is whether the whole row is then farther from the
        rows that the model learns from than these are from each other, as for a scenario.
    """
    views = ground.forecaster.views
    asked = Asked(
        {
            (name, h): model.spec
            for name, view in views.items()
            for h, model in view.horizons.items()
            if horizon is None or h <= horizon
        }
    )
    goals = list(_goals(table))
    reasons = [_ask(asked, ground, goal) for goal in goals]
    if not goals:
        return pd.DataFrame([], columns=list(RESPONSE_COLUMNS))
    far = _far(asked, ground, near, [ground.row_of(goal.city) for goal in goals], reasons)
    parts = [_of_view(asked, view, name, goals, reasons) for name, view in views.items()]
    found = pd.concat(parts, ignore_index=True)
    found["far"] = np.tile(far, len(found) // len(goals))
    kept = found if horizon is None else found[found["horizon"] == horizon]
    return kept[list(RESPONSE_COLUMNS)].reset_index(drop=True)


def _goals(table: pd.DataFrame) -> Iterator[_Goal]:
    for row in table.to_dict("records"):
        about = str(row["city"]), str(row["indicator"])
        for to in (MEDIAN, BEST):
            if np.isfinite(short := row[f"to_{to}"]) and short != 0.0:
                yield _Goal(*about, to, float(row[to]))
        if row["lowest"] < row["highest"]:
            for value in np.linspace(row["lowest"], row["highest"], POINTS):
                yield _Goal(*about, RANGE, float(value))


def _ask(asked: Asked, ground: Ground, goal: _Goal) -> str:
    """Ask for a city moved to a goal; return why it cannot be, "" where it can."""
    text = f"{goal.indicator}={goal.value:g}"
    try:
        moved = move_city(ground, goal.city, [Setting(text, goal.indicator, "to", goal.value)])
    except InputError as error:
        return str(error).removeprefix(f"--set {text}: ")
    asked.add(ground.rows, moved)
    return ""


def _far(
    asked: Asked, ground: Ground, near: Nearness, rows: Sequence[int], reasons: Sequence[str]
) -> Mask:
    """Say which goals take the whole row of their city away from the training rows."""
    reached = np.array([not reason for reason in reasons])
    found = np.zeros(len(reasons), dtype=bool)
    if reached.any():
        key = (FORECASTING, min(ground.forecaster.horizons))
        found[reached] = near.far(*asked.pair(key), ground.rows.cities[rows][reached])
    return found


def _of_view(
    asked: Asked, view: Forecaster, name: str, goals: Sequence[_Goal], reasons: Sequence[str]
) -> pd.DataFrame:
    """Return what one view says of all goals, horizon after horizon."""
    reached = np.array([not reason for reason in reasons])
    horizons = sorted(h for own, h in asked.specs if own == name)
    quiet, changes = np.zeros(len(goals), dtype=bool), np.full((len(horizons), len(goals)), np.nan)
    if reached.any():
        added: dict[int, Float] = {h: asked.change(view.horizons[h], (name, h)) for h in horizons}
        changes[:, reached] = np.stack(list(summed(view, added).values()))
        quiet[reached] = np.all([asked.quiet((name, h)) for h in horizons], axis=0)
    table = pd.DataFrame(goals, columns=list(_Goal._fields)).assign(reason=reasons)
    whole = quiet | ~reached
    unread = pd.Series(whole).groupby([table["city"], table["indicator"]]).transform("all")
    table["reason"] = table["reason"].where(~(unread & reached), NOT_READ)
    parts = [
        table.assign(view=name, horizon=h, change=np.where(unread, np.nan, own))
        for h, own in zip(horizons, changes, strict=True)
    ]
    return pd.concat(parts, ignore_index=True)
