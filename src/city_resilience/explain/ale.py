"""Accumulated local effects: what the model adds as one indicator moves, others as they are.

Where indicators go together, a curve that sets one of them to values it never has beside the others
asks the model about cities that do not exist. Accumulated local effects (Apley & Zhu 2020) move
each row only within its own bin and add up. The indicator is moved, so that its rank among the
cities of the year moves as well; composite indices and shares that contain it stay.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from city_resilience.arrays import Float, Mask, Positions, Strings
from city_resilience.models.forecaster import Forecaster
from city_resilience.models.rows import ForecastRows
from city_resilience.tasks.features import feature_matrix

__all__ = ["accumulated_effects", "effects_of", "moved_rank"]


def accumulated_effects(
    predict: Callable[[Float], Float],
    features: Float,
    columns: Sequence[tuple[str, str]],
    indicator: str,
    edges: Float,
    nations: Strings | None = None,
) -> Float:
    """Return the accumulated local effect in the middle of each bin, centred on the rows.

    Parameters
    ----------
    predict : callable
        From features, shape (n, columns), to forecasts, shape (n,).
    features : ndarray, shape (cities, years, columns)
    columns : sequence of (indicator id, form)
        Form is ``value``, ``rank`` or ``age``.
    edges : ndarray, shape (bins + 1,)
        Rising; rows outside are left out.
    nations : ndarray of str, shape (cities,)
        Nation of each city, among which ranks are taken; all are of one when left out.

    Returns
    -------
    ndarray, shape (bins,)
        In the unit of the measure; a bin without a row adds nothing.
    """
    values, known = _values_of(features, columns, indicator, edges)
    city, year = np.nonzero(known)
    own = values[city, year]
    place = np.clip(np.searchsorted(edges, own, side="left") - 1, 0, len(edges) - 2)
    sides = [
        predict(_moved(features, columns, indicator, (city, year), edges[place + side], nations))
        for side in (0, 1)
    ]
    counts = np.bincount(place, minlength=len(edges) - 1)
    steps = np.bincount(place, sides[1] - sides[0], minlength=len(counts)) / np.maximum(counts, 1)
    total = np.concatenate([[0.0], np.cumsum(steps)])
    middle = (total[:-1] + total[1:]) / 2
    return np.asarray(middle - middle @ counts / max(counts.sum(), 1))


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
) -> dict[str, Float]:
    """Return the accumulated local effects of a forecast, a horizon's being the sum up to it.

    Parameters
    ----------
    forecaster : Forecaster
        With the view that is explained.
    rows : ForecastRows
        Their panel: every city and year up to the origin of the forecaster is a row.
    edges : mapping of str to ndarray
        Indicator to the edges of its bins.
    """
    view = rows.dataset.at(rows.origin)
    nations = rows.dataset.groups.get("nation")
    found = {name: np.zeros(len(own) - 1) for name, own in edges.items()}
    while horizon:
        model = forecaster.horizons[horizon]
        features, columns = feature_matrix(view, model.spec), model.spec.columns
        for name in {name for name, form in columns if form != "age"} & set(edges):
            found[name] = found[name] + accumulated_effects(
                model.predict, features, columns, name, edges[name], nations
            )
        horizon = forecaster.before(horizon)
    return found


def _values_of(
    features: Float, columns: Sequence[tuple[str, str]], indicator: str, edges: Float
) -> tuple[Float, Mask]:
    values = features[:, :, list(columns).index((indicator, "value"))]
    return values, np.asarray((values >= edges[0]) & (values <= edges[-1]))


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
