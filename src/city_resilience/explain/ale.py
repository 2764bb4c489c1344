"""Accumulated local effects: what the model adds as one indicator moves, others as they are.

Where indicators go together, a curve that sets one of them to values it never has beside the others
asks the model about cities that do not exist. Accumulated local effects (Apley & Zhu 2020) move
each row only within its own bin and add up. The indicator is moved, so that its rank among the
cities of the year moves as well; composite indices and shares that contain it stay.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from city_resilience.arrays import Float, Int, Positions, Strings
from city_resilience.models.forecaster import Forecaster
from city_resilience.models.rows import ForecastRows
from city_resilience.tasks.features import features_by_year

__all__ = ["MOST_ROWS", "Effect", "accumulated_effects", "effects_of", "moved_rank"]

MOST_ROWS, SEED = 500, 0


class Effect(NamedTuple):
    """Accumulated local effect of an indicator by bin.

    Attributes
    ----------
    values : ndarray, shape (bins,)
        In the unit of the measure, in the middle of the bin.
    rows : ndarray of int, shape (bins,)
        How many rows were moved.
    """

    values: Float
    rows: Int

    @classmethod
    def nothing(cls, bins: int) -> Effect:
        """Return that of an indicator that a model does not read."""
        return cls(np.zeros(bins), np.zeros(bins, dtype=np.int64))

    def plus(self, other: Effect) -> Effect:
        """Return the effect on the sum of two forecasts."""
        return Effect(self.values + other.values, np.maximum(self.rows, other.rows))


def accumulated_effects(
    predict: Callable[[Float], Float],
    features: Float,
    columns: Sequence[tuple[str, str]],
    edges: Mapping[str, Float],
    nations: Strings | None = None,
    most: int = MOST_ROWS,
) -> dict[str, Effect]:
    """Return accumulated local effects of indicators, centred on the rows.

    Parameters
    ----------
    predict : callable
        From features, shape (n, columns), to forecasts, shape (n,); called once.
    features : ndarray, shape (cities, years, columns)
    columns : sequence of (indicator id, form)
        Form is ``value``, ``rank`` or ``age``.
    edges : mapping of str to ndarray, shape (bins + 1,)
        Indicator to the edges of its bins, rising; rows outside are left out.
    nations : ndarray of str, shape (cities,)
        Nation of each city, among which ranks are taken; all are of one when left out.
    most : int
        Where an indicator has a value in more rows, this many are drawn with a fixed seed.

    Returns
    -------
    dict
        Indicator to its effect in the middle of each bin, in the unit of the measure, and the rows
        that were moved within the bin; one without a row adds nothing.
    """
    drawn = {
        name: _drawn(features[:, :, list(columns).index((name, "value"))], own, most)
        for name, own in edges.items()
    }
    moved = [
        _moved(features, columns, name, (city, year), edges[name][place + side], nations)
        for name, (city, year, place) in drawn.items()
        for side in (0, 1)
    ]
    if not moved:
        return {}
    stops = np.cumsum([len(own) for own in moved])[:-1]
    said = iter(np.split(predict(np.concatenate(moved)), stops))
    return {
        name: _added_up(place, -next(said) + next(said), len(edges[name]) - 1)
        for name, (_, _, place) in drawn.items()
    }


def _drawn(values: Float, edges: Float, most: int) -> tuple[Positions, Positions, Positions]:
    """Return city, year and bin of the rows that are moved."""
    city, year = np.nonzero((values >= edges[0]) & (values <= edges[-1]))
    if len(city) > most:
        kept = np.random.default_rng(SEED).choice(len(city), most, replace=False)
        city, year = city[kept], year[kept]
    place = np.searchsorted(edges, values[city, year], side="left") - 1
    return city, year, np.clip(place, 0, len(edges) - 2)


def _added_up(place: Positions, changes: Float, bins: int) -> Effect:
    counts = np.bincount(place, minlength=bins)
    steps = np.bincount(place, changes, minlength=bins) / np.maximum(counts, 1)
    total = np.concatenate([[0.0], np.cumsum(steps)])
    middle = (total[:-1] + total[1:]) / 2
    return Effect(middle - middle @ counts / max(counts.sum(), 1), counts)


def moved_rank(others: Float, own: Float, to: Float) -> Float:
    """Return the rank, in (0, 1], that places have in a year once they are moved.

    Parameters
    ----------
    others : ndarray, shape (cities,)
        Values of the year, those of the places before the move among them; NaN = unknown.
    own, to : ndarray, shape (n,)
        Value of a place before and after.

    Examples
    --------
    >>> year = np.array([1.0, 2.0, 3.0, 4.0])
    >>> moved_rank(year, np.array([2.0, 2.0]), np.array([2.0, 5.0])).tolist()
    [0.5, 1.0]
    """
    ordered = np.sort(others[np.isfinite(others)])
    below, upto = (np.searchsorted(ordered, to, side=side) for side in ("left", "right"))
    below, ties = below - (own < to), upto - below - (own == to)
    return np.asarray((below + 1 + 0.5 * ties) / max(len(ordered), 1), dtype=np.float64)


def effects_of(
    forecaster: Forecaster, rows: ForecastRows, horizon: int, edges: Mapping[str, Float]
) -> dict[str, Effect]:
    """Return the accumulated local effects of a forecast, a horizon's being the sum up to it.

    Parameters
    ----------
    forecaster : Forecaster
        With the view that is explained.
    rows : ForecastRows
        Their panel: cities and years up to the origin of the forecaster are the rows, 500 drawn
        for each indicator where there are more.
    edges : mapping of str to ndarray
        Indicator to the edges of its bins.
    """
    view = rows.dataset.at(rows.origin)
    nations = rows.dataset.groups.get("nation")
    found = {name: Effect.nothing(len(own) - 1) for name, own in edges.items()}
    while horizon:
        model = forecaster.horizons[horizon]
        columns = model.spec.columns
        features: Any = features_by_year(view, model.spec)
        read = {name for name, form in columns if form == "value"}
        asked = {name: own for name, own in edges.items() if name in read}
        added = accumulated_effects(model.predict, features, columns, asked, nations)
        found |= {name: found[name].plus(own) for name, own in added.items()}
        horizon = forecaster.before(horizon)
    return found


def _moved(
    features: Float,
    columns: Sequence[tuple[str, str]],
    indicator: str,
    rows: tuple[Positions, Positions],
    to: Float,
    nations: Strings | None,
) -> Float:
    """Return the features of some rows with one indicator moved to other values."""
    (city, year), columns = rows, list(columns)
    moved: Float = features[city, year].copy()
    at = columns.index((indicator, "value"))
    moved[:, at] = to
    if (indicator, "rank") in columns:
        nation = np.zeros(len(features)) if nations is None else nations
        for label in np.unique(nation):
            for of in np.unique(year):
                own = (year == of) & (nation[city] == label)
                others = features[nation == label, of, at]
                moved[own, columns.index((indicator, "rank"))] = moved_rank(
                    others, features[city[own], of, at], to[own]
                )
    return moved
