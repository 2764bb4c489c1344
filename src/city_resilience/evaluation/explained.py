"""What the forecasts of an origin are made of: contributions of each member by indicator."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from city_resilience.arrays import Float, Positions
from city_resilience.models.fitted import Fitted
from city_resilience.models.forecaster import HorizonModel
from city_resilience.models.learners import Values, fit_member
from city_resilience.tasks.features import FeatureSpec
from city_resilience.tasks.task import Task

__all__ = ["Explained", "explain_members"]


@dataclass(frozen=True)
class Explained:
    """What the members' forecasts at one origin are made of, in what the horizon adds.

    Attributes
    ----------
    spec : FeatureSpec
        Columns that the members see.
    values : ndarray of float32, shape (listed cities, indicators, members)
        Contributions of the indicators of ``spec``, pp; cities as of ``Dataset.listed``.
    base : ndarray, shape (members,)
    members : mapping of str to Fitted
        The members themselves, where they are kept.
    """

    spec: FeatureSpec
    values: NDArray[np.float32]
    base: Float
    members: Mapping[str, Fitted] = field(default_factory=dict)

    def taken(self, shares: Float) -> tuple[Float, float]:
        """Return contributions, shape (listed, indicators), and base value of a sum of members."""
        return self.values.astype(np.float64) @ shares, float(self.base @ shares)


def explain_members(
    task: Task,
    columns: Positions | None,
    members: Mapping[str, Values],
    seed: int,
    listed: Positions | slice = slice(None),
) -> tuple[Float, Explained]:
    """Fit members on all rows of a task, forecast its cities and explain the forecasts.

    Parameters
    ----------
    columns : ndarray of int or None
        Columns that members see; None for all, which are then read as they lie in memory, so that
        the forecasts are those without an explanation to the last bit.
    listed : ndarray of int, optional
        Cities whose forecasts are explained.

    Returns
    -------
    forecasts : ndarray, shape (cities, members)
    explained : Explained
    """
    spec, learnt, asked = task.spec, task.learnt, task.asked
    if columns is not None:
        spec, learnt, asked = spec.only(columns), learnt.only(columns), asked[:, columns]
    forecasts, values, bases = [], [], []
    kept: dict[str, Fitted] = {}
    for name, own in members.items():
        fitted = kept[name] = fit_member(learnt, name, own, seed)
        alone = HorizonModel(task.horizon, spec, {name: fitted}, {name: 1.0})
        _, by_indicator, base = alone.by_indicator(asked[listed])
        forecasts.append(fitted.predict(asked))
        values.append(by_indicator.astype(np.float32))
        bases.append(base)
    return np.column_stack(forecasts), Explained(spec, np.stack(values, -1), np.array(bases), kept)
