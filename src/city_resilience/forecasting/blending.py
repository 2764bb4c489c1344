"""What a fold forecast, and the blend of its members over the origins of one horizon."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from city_resilience.experiment import Experiment
from city_resilience.forecasting.asof import Facts
from city_resilience.forecasting.blend import weights_at

__all__ = ["Blend", "FoldForecasts"]

Float = NDArray[np.float64]


@dataclass(frozen=True)
class FoldForecasts:
    """What one origin and horizon gave: forecasts and scale (cities,), and what was dropped."""

    origin: int
    horizon: int
    forecasts: Mapping[str, Float]
    scale: Float
    dropped: Mapping[str, str]
    kept: frozenset[str]


class Blend:
    """A blend over the origins of one horizon; weights at an origin from those before it."""

    def __init__(
        self,
        name: str,
        prefix: str,
        facts: Facts,
        experiment: Experiment,
        folds: list[FoldForecasts],
    ) -> None:
        self.name = name
        self.members = experiment.model.members
        keys = [prefix + member for member in self.members]
        self._inputs = {
            fold.origin: np.column_stack([fold.forecasts[key] for key in keys]) for fold in folds
        }
        self._truths = {fold.origin: facts.truth(fold.origin, fold.horizon) for fold in folds}
        self._horizon = folds[0].horizon if folds else 0
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
        """Return the blended forecast of an origin, shape (cities,)."""
        result: Float = self._inputs[origin] @ self._at(origin)
        return result

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
