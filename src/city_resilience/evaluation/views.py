"""The structural view: what is forecast from indicators alone, without the past of the outcome.

It is the same recipe on other columns: the members of the experiment that read more than the past,
on the indicators of `structural_ids`. Everything else, origins, weights, slopes and intervals, is
made as for the forecast that is served.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import partial

from city_resilience.arrays import Positions
from city_resilience.evaluation.engine import Variant
from city_resilience.experiment.experiment import Experiment
from city_resilience.experiment.training import Model
from city_resilience.models.learners import LEARNERS, Values, learner_parameters
from city_resilience.models.rows import STRUCTURAL
from city_resilience.tasks.dataset import Dataset
from city_resilience.tasks.structural import structural_ids
from city_resilience.tasks.task import Task

__all__ = ["structural_members", "structural_variant"]

DEFAULT_MEMBERS = ("xgboost", "xgboost_all_years")
"""Where every member of an experiment reads the past alone."""


def structural_members(model: Model) -> dict[str, Values]:
    """Return the members of the structural view and their parameters."""
    own = {n: v for n, v in learner_parameters(model).items() if not LEARNERS[n].past_only}
    return own or {name: LEARNERS[name].defaults for name in DEFAULT_MEMBERS}


def structural_variant(dataset: Dataset, experiment: Experiment) -> Variant | None:
    """Return the structural view as a variant; None where the panel has nothing for it to read."""
    ids = structural_ids(dataset, experiment)
    members: Mapping[str, Values] = structural_members(experiment.model)
    if not ids:
        return None
    return Variant(
        STRUCTURAL,
        columns=partial(_columns, ids),
        parameters=members,
        explained=True,
    )


def _columns(ids: Collection[str], task: Task) -> Positions:
    return task.spec.family_columns(ids)
