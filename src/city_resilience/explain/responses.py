"""What models say of moved rows: the served ones, and refits of them on rows drawn anew."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial

import numpy as np

from city_resilience.arrays import Float, Mask
from city_resilience.evaluation.baselines import NAIVE
from city_resilience.evaluation.engine import SERVED, Engine, Variant
from city_resilience.evaluation.refits import clusters_of, draw, refit
from city_resilience.evaluation.views import structural_variant
from city_resilience.explain.moving import Ground, MovedCity
from city_resilience.models.forecaster import Forecaster, HorizonModel
from city_resilience.models.rows import FORECASTING, STRUCTURAL, ForecastRows
from city_resilience.progress import Progress
from city_resilience.tasks.features import FeatureSpec, features_in_year
from city_resilience.tasks.task import Task
from city_resilience.workers import spread

__all__ = ["Asked", "Key", "Refits", "summed"]

Key = tuple[str, int]
"""A view, or `TASK`, and a horizon."""
TASK = "task"


@dataclass
class Asked:
    """Features of moved cities before and after, for some specs.

    Attributes
    ----------
    specs : mapping of (str, int) to FeatureSpec
    before, after : dict of (str, int) to list of ndarray, shape (columns,)
        One for each city, in the order in which they were added.
    """

    specs: Mapping[Key, FeatureSpec]
    before: dict[Key, list[Float]] = field(default_factory=dict)
    after: dict[Key, list[Float]] = field(default_factory=dict)
    _unmoved: dict[tuple[Key, int], Float] = field(default_factory=dict, repr=False)

    def add(self, rows: ForecastRows, moved: MovedCity) -> None:
        """Take the features of a moved city; ``rows`` are the unmoved ones."""
        origin = int(rows.origins[moved.row])
        for key, spec in self.specs.items():
            if (key, origin) not in self._unmoved:
                self._unmoved[key, origin] = _read(rows, spec, origin)
            city = rows.cities[moved.row]
            self.before.setdefault(key, []).append(self._unmoved[key, origin][city])
            self.after.setdefault(key, []).append(_read(moved.rows, spec, origin)[city])

    def pair(self, key: Key) -> tuple[Float, Float]:
        """Features before and after, shape (cities, columns) each."""
        return np.stack(self.before[key]), np.stack(self.after[key])

    def change(self, model: HorizonModel, key: Key) -> Float:
        """Change of what a horizon adds, shape (cities,)."""
        before, after = self.pair(key)
        return model.predict(after) - model.predict(before)

    def quiet(self, key: Key) -> Mask:
        """Whether no column of a city moved, shape (cities,)."""
        before, after = self.pair(key)
        return np.asarray(((before == after) | (np.isnan(before) & np.isnan(after))).all(axis=1))


def _read(rows: ForecastRows, spec: FeatureSpec, origin: int) -> Float:
    """Features of every city at the origin of a row, shape (cities, columns)."""
    return features_in_year(rows.dataset.at(rows.origin), spec, origin)


def summed(forecaster: Forecaster, added: Mapping[int, Float]) -> dict[int, Float]:
    """Sum what each horizon adds over the horizons up to it."""
    found: dict[int, Float] = {}
    for horizon in sorted(added):
        before = forecaster.before(horizon)
        found[horizon] = added[horizon] + found[before] if before else added[horizon]
    return found


class Refits:
    """Refits of the views of a model at the origin of a panel.

    Parameters
    ----------
    ground : Ground
        Its panel is learned from; the weights and the slopes are those of the model.
    """

    def __init__(self, ground: Ground) -> None:
        self._forecaster = ground.forecaster
        self._views = ground.forecaster.views
        experiment, dataset = ground.forecaster.experiment, ground.rows.dataset
        engine = Engine(dataset, experiment)
        tasks = {h: engine.task(ground.rows.origin, h) for h in sorted(ground.forecaster.horizons)}
        self._tasks: dict[int, Task] = {h: own for h, own in tasks.items() if own is not None}
        self._clusters = clusters_of(dataset)
        structural = structural_variant(dataset, experiment) if STRUCTURAL in self._views else None
        found = {FORECASTING: SERVED, STRUCTURAL: structural}
        if experiment.model.serve in NAIVE:  # it is not fitted, and no indicator moves it
            del found[FORECASTING]
        self._variants: dict[str, Variant] = {
            name: own for name, own in found.items() if own is not None and name in self._views
        }

    @property
    def specs(self) -> dict[Key, FeatureSpec]:
        """What the refits read, by horizon."""
        return {(TASK, h): task.spec for h, task in self._tasks.items()}

    def changes(self, asked: Asked, count: int, progress: Progress) -> dict[str, dict[int, Float]]:
        """Return the change of each refit.

        Returns
        -------
        dict
            View → horizon → shape (refits, cities).
        """
        calls = [partial(_refitted, number) for number in range(count)]
        every = spread(calls, (self, asked), "refitting", progress)
        return {
            name: {h: np.stack([own[name][h] for own in every]) for h in self._tasks}
            for name in self._variants
        }

    def one(self, asked: Asked, number: int) -> dict[str, dict[int, Float]]:
        """Return the change of one refit: view → horizon → shape (cities,)."""
        found = {}
        for name, variant in self._variants.items():
            view = self._views[name]
            added = {h: self._added(asked, variant, view.horizons[h], number) for h in self._tasks}
            found[name] = summed(view, added)
        return found

    def _added(self, asked: Asked, variant: Variant, served: HorizonModel, number: int) -> Float:
        horizon, model = served.horizon, self._forecaster.experiment.model
        task = self._tasks[horizon]
        drawn = draw(task.learnt, self._clusters, horizon, number, model.seed)
        again = refit(task, variant, drawn, model, served.weights, served.slope)
        columns = slice(None) if variant.columns is None else variant.columns(task)
        before, after = (own[:, columns] for own in asked.pair((TASK, horizon)))
        return again.predict(after) - again.predict(before)


def _refitted(number: int, refits: Refits, asked: Asked) -> dict[str, dict[int, Float]]:
    return refits.one(asked, number)
