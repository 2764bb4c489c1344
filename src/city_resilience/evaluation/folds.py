"""What is asked at each origin and horizon of a panel: the ground that folds stand on.

It travels to other processes whole, but for what it has prepared: each process prepares its own.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from city_resilience.arrays import Float
from city_resilience.experiment.experiment import Experiment
from city_resilience.tasks.dataset import Dataset
from city_resilience.tasks.task import Task, prepare_task

__all__ = ["Folds", "told"]


@dataclass(frozen=True)
class Folds:
    """Prepares tasks from the as-of view.

    Attributes
    ----------
    dataset : Dataset
        The panel; tasks see it through ``Dataset.at``.
    experiment : Experiment
        Horizons, features and members.
    keep : frozenset of int
        Horizons whose tasks are kept once they are prepared.
    """

    dataset: Dataset
    experiment: Experiment
    keep: frozenset[int] = frozenset()
    _tasks: dict[tuple[int, int], Task | None] = field(
        default_factory=dict, repr=False, compare=False
    )

    def task(self, origin: int, horizon: int) -> Task | None:
        """Prepare what is asked at an origin and horizon; None without a label or a city."""
        key = origin, horizon
        if key in self._tasks:
            return self._tasks[key]
        task = prepare_task(self.dataset.at(origin), horizon, self.experiment)
        if task is None or horizon in self.keep:
            self._tasks[key] = task
        return task

    def __reduce__(self) -> tuple[Any, ...]:
        return Folds, (self.dataset, self.experiment, self.keep)


def told(dataset: Dataset) -> Dataset:
    """Return what a panel says, to be sent elsewhere: without how indicators are computed."""
    specs = tuple(replace(spec, function=_computed) for spec in dataset.indicators.specs)
    return replace(dataset, indicators=replace(dataset.indicators, specs=specs))


def _computed(*_: Float) -> Float:
    raise TypeError("the indicators of this panel are computed already")
