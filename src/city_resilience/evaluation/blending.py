"""What a fold forecast, and the blend of its members over the origins of one horizon.

Members forecast what a horizon adds to the next shorter one; what is served and scored is the sum
over the horizons.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from city_resilience.experiment import Experiment
from city_resilience.models.weights import weights_at
from city_resilience.tasks.dataset import Dataset

__all__ = ["Blend", "FoldForecasts", "summed_members"]

Float = NDArray[np.float64]


@dataclass(frozen=True)
class FoldForecasts:
    """What one origin and horizon gave.

    Attributes
    ----------
    before : int
        The next shorter horizon, 0 for none.
    baselines : mapping of str to ndarray, shape (cities,)
        Forecasts of the whole horizon.
    members : mapping of str to ndarray, shape (cities,)
        Forecasts of what the horizon adds to the shorter one.
    scale : ndarray, shape (cities,)
    dropped : mapping of str to str
        Indicator to the reason.
    kept : frozenset of str
        Indicators.
    """

    origin: int
    horizon: int
    before: int
    baselines: Mapping[str, Float]
    members: Mapping[str, Float]
    scale: Float
    dropped: Mapping[str, str]
    kept: frozenset[str]


def summed_members(
    folds: list[FoldForecasts], shorter: Mapping[int, Mapping[str, Float]]
) -> dict[int, dict[str, Float]]:
    """Return each member's forecasts of the whole horizon by origin.

    Parameters
    ----------
    folds : list of FoldForecasts
        Of one horizon.
    shorter : mapping of int to mapping of str to ndarray
        What this returned for the next shorter horizon; empty for none.
    """
    return {
        fold.origin: {
            name: shorter[fold.origin][name] + added if fold.before else added
            for name, added in fold.members.items()
        }
        for fold in folds
    }


class Blend:
    """A blend over the origins of one horizon; weights at an origin from those before it."""

    def __init__(
        self,
        name: str,
        prefix: str,
        dataset: Dataset,
        experiment: Experiment,
        folds: list[FoldForecasts],
        shorter: Blend | None = None,
    ) -> None:
        self.name = name
        self.members = experiment.model.members
        keys = [prefix + member for member in self.members]
        self._inputs = {
            fold.origin: np.column_stack([fold.members[key] for key in keys]) for fold in folds
        }
        self._truths = {
            fold.origin: dataset.truth_added(fold.origin, fold.horizon, fold.before)
            for fold in folds
        }
        self._horizon = folds[0].horizon if folds else 0
        self._shorter = shorter
        self._weights: dict[int, Float] = {}

    def by_member(self, origin: int) -> dict[str, float]:
        """Weights at an origin, from truths of target years up to it."""
        return dict(zip(self.members, self._at(origin).tolist(), strict=True))

    def _at(self, origin: int) -> Float:
        if origin not in self._weights:
            found = weights_at(origin, self._horizon, self._inputs, self._truths)
            self._weights[origin] = found
        return self._weights[origin]

    def forecast(self, origin: int) -> Float:
        """Return the blended forecast of the whole horizon at an origin, shape (cities,)."""
        added: Float = self._inputs[origin] @ self._at(origin)
        return added if self._shorter is None else self._shorter.forecast(origin) + added

    def weights(self, origin: int) -> pd.DataFrame:
        """Return the weights at an origin: model, origin, horizon, member, weight."""
        weights = self.by_member(origin)
        return pd.DataFrame(
            {
                "model": self.name,
                "origin": origin,
                "horizon": self._horizon,
                "member": list(weights),
                "weight": list(weights.values()),
            }
        )
