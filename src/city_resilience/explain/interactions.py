"""The leading pairs of indicators by what they make together, beyond each alone."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pandas as pd

from city_resilience.arrays import Float
from city_resilience.models.forecaster import Forecaster
from city_resilience.models.interactions import interaction_values
from city_resilience.models.rows import ForecastRows

__all__ = ["INTERACTION_COLUMNS", "interaction_table"]

INTERACTION_COLUMNS = ("horizon", "first", "second", "interaction", "share", "rows")
LEADING = 20
LEAST_WEIGHT = 0.02
"""Members with less of the weight are left out: a forest of a few per mille costs seconds."""


def interaction_table(
    forecaster: Forecaster, rows: ForecastRows, most: int = LEADING
) -> pd.DataFrame:
    """Return the pairs of indicators with the largest interactions at each horizon.

    Returns
    -------
    DataFrame
        ``INTERACTION_COLUMNS``, the largest first. ``interaction`` is the mean absolute SHAP
        interaction value of the pair, both halves, over the ``rows`` (pp); ``share`` what it is
        of the sum of such means over all pairs and all indicators alone. Linear members have
        no interactions, and members with less than 2 % of the weight are left out. Empty where no
        two indicators interact.
    """
    names = tuple(
        dict.fromkeys(
            name
            for horizon in sorted(forecaster.horizons)
            for name in forecaster.horizons[horizon].spec.indicators
        )
    )
    found = {0: np.zeros((len(rows.cities), len(names), len(names)))}
    parts = []
    for horizon in sorted(forecaster.horizons):
        before = found[forecaster.before(horizon)]
        found[horizon] = before + _added(forecaster, horizon, rows, names)
        parts.append(_leading(horizon, found[horizon], names, most))
    return pd.concat(parts, ignore_index=True)[list(INTERACTION_COLUMNS)]


def _added(
    forecaster: Forecaster, horizon: int, rows: ForecastRows, names: tuple[str, ...]
) -> Float:
    """Return the interaction values of what one horizon adds, shape (n, m, m)."""
    model = forecaster.horizons[horizon]
    features = rows.features(model.spec)
    place = {name: k for k, name in enumerate(names)}
    owners = np.array([place[name] for name, _ in model.spec.columns], dtype=np.intp)
    total = np.zeros((len(features), len(names), len(names)))
    for name, member in model.members.items():
        if (weight := model.slope * model.weights.get(name, 0.0)) < LEAST_WEIGHT * model.slope:
            continue
        own = interaction_values(member, features, owners)
        total[:, : own.shape[1], : own.shape[2]] += weight * own
    return total


def _leading(horizon: int, values: Float, names: tuple[str, ...], most: int) -> pd.DataFrame:
    size = np.abs(values).mean(axis=0) if len(values) else np.zeros(values.shape[1:])
    pairs = list(combinations(range(len(names)), 2))
    sizes = np.array([2 * size[pair] for pair in pairs])
    whole = sizes.sum() + np.trace(size)
    order = [k for k in np.argsort(-sizes, kind="stable")[:most] if sizes[k] > 0]
    return pd.DataFrame(
        {
            "horizon": horizon,
            "first": [names[pairs[k][0]] for k in order],
            "second": [names[pairs[k][1]] for k in order],
            "interaction": sizes[order],
            "share": sizes[order] / whole if order else sizes[order],
            "rows": len(values),
        }
    )
