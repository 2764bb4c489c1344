"""One fold: the rows to train on and to forecast at an origin and horizon, from the as-of view.

A fold forecasts what its horizon adds to the next shorter one of the experiment: with the horizons
1, 2 and 3 the gap of the first, of the second and of the third year. The forecast of a horizon is
the sum, so that the horizons of a city agree with each other. Ratios are forecast each by itself.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from city_resilience.experiment import Experiment
from city_resilience.tasks.dataset import AsOf
from city_resilience.tasks.features import FeatureSpec, choose_features, feature_matrix
from city_resilience.tasks.outcome import horizon_before

__all__ = ["Fold", "prepare_fold"]

Float = NDArray[np.float64]


@dataclass(frozen=True)
class Fold:
    """Training rows and the rows to forecast, at one origin and horizon.

    Attributes
    ----------
    features : ndarray, shape (n, columns)
        Training rows, ordered by city and year.
    before : int
        The next shorter horizon of the experiment; 0 for none.
    labels : ndarray, shape (n,)
        Known labels less those of the shorter horizon, in the unit of the measure.
    at_origin : ndarray, shape (cities, columns)
        Features of every city at the origin.
    history : ndarray of int
        Positions of the columns of the history family.
    cities : ndarray of int, shape (n,)
        Position of the city of each training row.
    ages : ndarray, shape (n,)
        Years from each training row to the origin.
    """

    origin: int
    horizon: int
    before: int
    spec: FeatureSpec
    features: Float
    labels: Float
    at_origin: Float
    history: NDArray[np.intp]
    cities: NDArray[np.intp]
    ages: Float


def prepare_fold(view: AsOf, horizon: int, experiment: Experiment) -> Fold | None:
    """Select features and lay out the training rows; None without a label or a city to forecast."""
    settings = experiment.features
    before = horizon_before(horizon, experiment.outcome)
    labels = view.added(horizon, before)
    labels[:, : settings.min_history] = np.nan
    known = np.isfinite(labels)
    if not known.any() or not view.reporting.any():
        return None
    spec = choose_features(view, settings, horizon)
    matrix = feature_matrix(view, spec)
    past = {
        name for name, family in zip(view.ids, view.families, strict=True) if family == "history"
    }
    city, year = np.nonzero(known)
    return Fold(
        origin=view.origin,
        horizon=horizon,
        before=before,
        spec=spec,
        features=matrix[known],
        labels=labels[known],
        at_origin=matrix[:, -1],
        history=spec.family_columns(past),
        cities=city,
        ages=(view.origin - view.years[year]).astype(np.float64),
    )
