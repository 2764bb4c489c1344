"""Scenarios: the change of a city's forecast when some of its indicators are set otherwise.

The models are asked again with the moved city; nothing is fitted to the scenario. The interval
comes from refits on rows drawn anew: how much of the change is chance of the sample. A change is
the model's association, not an effect.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from city_resilience.arrays import Float, Mask
from city_resilience.errors import InputError
from city_resilience.explain.moving import Ground, move_city
from city_resilience.explain.responses import Asked, Refits, summed
from city_resilience.explain.settings import Setting
from city_resilience.explain.support import Nearness, Support, support_of
from city_resilience.progress import Progress, silent

__all__ = [
    "ASSOCIATION",
    "COVERAGE",
    "LEAST_REFITS",
    "NOT_READ",
    "REFITS",
    "REFUSED",
    "SCENARIO_COLUMNS",
    "Scenario",
    "scenario_of",
]

ASSOCIATION = "This is the model's association, not an effect. 这是模型的关联，不是效应。"
"""What every table of a scenario says, in both languages."""
REFITS, LEAST_REFITS = 30, 10
COVERAGE = 0.9
"""Share of the refits whose change lies inside the interval."""
REFUSED = "refused"
"""Flag of a city of several that cannot be moved as asked; it has its reason."""
NOT_READ = "not_read"
"""Flag of a view of which no column moved."""
SCENARIO_COLUMNS = (
    *("city", "view", "origin", "horizon", "target_year", "settings", "forecast", "scenario"),
    *("change", "lower", "upper", "refits", "distance_share", "flags", "reason", "note"),
)


@dataclass(frozen=True)
class Scenario:
    """What the models make of some settings.

    Attributes
    ----------
    table : DataFrame
        `SCENARIO_COLUMNS`: one row for each city, view and horizon, in the unit of the measure;
        ``change`` is ``scenario`` less ``forecast``, ``lower`` and ``upper`` are its interval from
        the refits (empty without), ``distance_share`` the share of the training rows that are
        nearer to each other than the moved row is to them.
    moves : DataFrame
        What was set and what followed, with ``city``; see `MovedCity`.
    support : mapping of str to Support
        By city.
    refits : int
    refused : mapping of str to str
        City to the reason why it cannot be moved so; its changes are empty. Of one city, or where
        none can be moved, the reason is raised.
    """

    table: pd.DataFrame
    moves: pd.DataFrame
    support: Mapping[str, Support]
    refits: int
    refused: Mapping[str, str] = field(default_factory=dict)


def scenario_of(
    ground: Ground,
    cities: Sequence[str],
    settings: tuple[Setting, ...],
    *,
    refits: int = REFITS,
    progress: Progress = silent,
) -> Scenario:
    """Ask the models again with some cities moved, each by itself.

    Parameters
    ----------
    refits : int
        How many refits the intervals stand on; 0 for none.

    Raises
    ------
    InputError
        If a city has no forecast, the settings are refused for all cities (`move_city`,
        `support_of`), or there are too few refits for an interval.
    """
    if refits and refits < LEAST_REFITS:
        raise InputError(
            f"--refits {refits}: too few for an interval; give {LEAST_REFITS} or more, or 0 for no "
            "interval"
        )
    served = {
        (name, h): model.spec
        for name, view in ground.forecaster.views.items()
        for h, model in view.horizons.items()
    }
    again = Refits(ground) if refits else None
    asked = Asked(served | (again.specs if again else {}))
    rows = [ground.row_of(city) for city in cities]
    moves, support, refused = _moved(ground, cities, settings, asked, progress)
    drawn = again.changes(asked, refits, progress) if again else {}
    reached = np.array([city in support for city in cities])
    parts = [
        _part(ground, name, rows, reached, asked, drawn.get(name))
        for name in ground.forecaster.views
    ]
    table = _told(pd.concat(parts, ignore_index=True), settings, support, refused)
    return Scenario(table, moves, support, refits, refused)


def _moved(
    ground: Ground,
    cities: Sequence[str],
    settings: tuple[Setting, ...],
    asked: Asked,
    progress: Progress,
) -> tuple[pd.DataFrame, dict[str, Support], dict[str, str]]:
    """Move cities; return what moved, how far from the data, and why some were not moved."""
    moves, support, refused, near = [], {}, {}, Nearness.of(ground)
    for done, city in enumerate(cities, start=1):
        try:
            moved = move_city(ground, city, settings)
            support[city] = support_of(ground, moved, settings, near)
        except InputError as error:
            refused[city] = str(error)
        else:
            asked.add(ground.rows, moved)
            moves.append(moved.moves.assign(city=city))
        progress("moving cities", done, len(cities))
    if not support:
        raise InputError(next(iter(refused.values())))
    table = pd.concat(moves, ignore_index=True)
    return table[["city", *(name for name in table if name != "city")]], support, refused


def _told(
    table: pd.DataFrame,
    settings: tuple[Setting, ...],
    support: Mapping[str, Support],
    refused: Mapping[str, str],
) -> pd.DataFrame:
    """Add settings, distances, flags and reasons; the cities in the order in which they came."""
    flags = zip(table["city"], table["flags"], strict=True)
    shares = {city: own.share for city, own in support.items()}
    found = table.assign(
        flags=[_flags(*pair, support) for pair in flags],
        reason=[refused.get(city, "") for city in table["city"]],
        distance_share=table["city"].map(shares),
        settings="; ".join(setting.text for setting in settings),
        note=ASSOCIATION,
    )
    return found.sort_values("row", kind="stable")[list(SCENARIO_COLUMNS)].reset_index(drop=True)


def _flags(city: str, own: str, support: Mapping[str, Support]) -> str:
    flags = support[city].flags if city in support else (REFUSED,)
    return ";".join(filter(None, (own, *flags)))


def _part(
    ground: Ground,
    name: str,
    rows: Sequence[int],
    reached: Mask,
    asked: Asked,
    drawn: Mapping[int, Float] | None,
) -> pd.DataFrame:
    """Lay out what one view makes of the scenario, city after city at each horizon."""
    view = ground.forecaster.views[name]
    table, parts = view.forecast(ground.rows), []
    found = summed(view, {h: asked.change(model, (name, h)) for h, model in view.horizons.items()})
    changes = {h: _spread(change, reached) for h, change in found.items()}
    quiet = np.zeros(len(rows), dtype=bool)
    quiet[reached] = np.all([asked.quiet((name, h)) for h in view.horizons], axis=0)
    stale = ground.rows.stale[rows]
    flags = [
        ";".join(f for f, on in zip((NOT_READ, "stale"), marks, strict=True) if on)
        for marks in zip(quiet, stale, strict=True)
    ]
    for horizon in sorted(view.horizons):
        own = table[table["horizon"] == horizon].iloc[list(rows)]
        part = own[["city", "origin", "horizon", "target_year", "forecast"]].assign(
            view=name, change=changes[horizon], flags=flags, row=np.arange(len(rows))
        )
        part["scenario"] = part["forecast"] + part["change"]
        part["lower"], part["upper"], part["refits"] = np.nan, np.nan, 0
        if drawn is not None:
            tail = (1.0 - COVERAGE) / 2.0
            ends = np.quantile(drawn[horizon], (tail, 1.0 - tail), axis=0)
            part["lower"], part["upper"] = (_spread(end, reached) for end in ends)
            part["refits"] = len(drawn[horizon])
        parts.append(part)
    return pd.concat(parts)


def _spread(values: Float, reached: Mask) -> Float:
    """Return values of the cities that were moved in the places of all, NaN elsewhere."""
    every = np.full(len(reached), np.nan)
    every[reached] = values
    return every
