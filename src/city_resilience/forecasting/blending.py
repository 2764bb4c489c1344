"""What a fold forecast, and the blend of its members over the origins of one horizon."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from city_resilience.experiment import Experiment
from city_resilience.forecasting.asof import Facts
from city_resilience.forecasting.blend import blend_weights
from city_resilience.resilience import known_labels

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
        self._keys = [prefix + member for member in self.members]
        self._rows = {
            fold.origin: self._known_rows(facts.truth(fold.origin, fold.horizon), fold)
            for fold in folds
        }
        self._horizon = folds[0].horizon if folds else 0
        self._weights: dict[int, dict[str, float]] = {}

    def _known_rows(self, truth: Float, fold: FoldForecasts) -> tuple[Float, Float]:
        known = np.isfinite(truth)
        return self.inputs(fold)[known], truth[known]

    def inputs(self, fold: FoldForecasts) -> Float:
        """Forecasts of the members, shape (cities, members)."""
        return np.column_stack([fold.forecasts[key] for key in self._keys])

    def by_member(self, origin: int) -> dict[str, float]:
        """Weights at an origin, from truths of target years up to it."""
        if origin not in self._weights:
            self._weights[origin] = self._fitted(origin)
        return self._weights[origin]

    def _fitted(self, origin: int) -> dict[str, float]:
        known = known_labels(origin, self._horizon, np.array(list(self._rows), dtype=np.int64))
        past = [rows for rows, ok in zip(self._rows.values(), known, strict=True) if ok]
        if past:
            inputs = np.concatenate([rows[0] for rows in past])
            truth = np.concatenate([rows[1] for rows in past])
        else:
            inputs, truth = np.empty((0, len(self.members))), np.empty(0)
        return dict(zip(self.members, blend_weights(inputs, truth).tolist(), strict=True))

    def forecast(self, fold: FoldForecasts) -> Float:
        """Return the blended forecast, shape (cities,)."""
        weights = self.by_member(fold.origin)
        result: Float = self.inputs(fold) @ np.array([weights[m] for m in self.members])
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
