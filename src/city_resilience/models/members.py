"""Members: the learners of a recipe, fitted on the rows of one task."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from city_resilience.experiment import Parameter
from city_resilience.models.fitted import Fitted, Linear
from city_resilience.models.learners import LEARNERS
from city_resilience.tasks.task import Sample

__all__ = ["fit_member"]


def fit_member(sample: Sample, learner: str, values: Mapping[str, Parameter], seed: int) -> Fitted:
    """Fit one learner on a sample; where that has no column, the median of its labels."""
    if not sample.columns:
        nothing = np.empty(0)
        return Linear(nothing, nothing, nothing, float(np.median(sample.labels)))
    return LEARNERS[learner].fit(sample, values, seed)
