"""Members: one learner fitted on the rows of one fold."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from city_resilience.experiment import Parameter
from city_resilience.models.fitted import Fitted, Linear
from city_resilience.models.learners import LEARNERS, Sample
from city_resilience.tasks.fold import Fold

__all__ = ["fit_member"]


def fit_member(
    fold: Fold,
    learner: str,
    values: Mapping[str, Parameter],
    seed: int,
    columns: NDArray[np.intp] | None = None,
) -> Fitted:
    """Fit one learner on all or some of a fold's columns; on none, the median of the labels."""
    sample = Sample(fold.features, fold.labels, fold.spec.columns, fold.history, fold.ages)
    if columns is not None:
        sample = sample.only(columns)
    if not sample.columns:
        nothing = np.empty(0)
        return Linear(nothing, nothing, nothing, float(np.median(sample.labels)))
    return LEARNERS[learner].fit(sample, values, seed)
