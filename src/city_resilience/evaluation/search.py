"""Hyper-parameters by optuna, judged on origins before the first scored one."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

import numpy as np
from numpy.typing import NDArray

from city_resilience.errors import InputError, nearest
from city_resilience.evaluation.engine import Engine, Variant, forecast_members, in_threads
from city_resilience.experiment import Experiment, Model, Parameter
from city_resilience.models.learners import LEARNERS, learner_parameters
from city_resilience.progress import Progress, silent
from city_resilience.tasks.dataset import Dataset
from city_resilience.tasks.task import Task

__all__ = ["search_parameters"]

Float = NDArray[np.float64]


def search_parameters(
    dataset: Dataset,
    experiment: Experiment,
    progress: Progress = silent,
) -> Experiment:
    """Return the experiment with searched parameters in ``model.parameters``.

    A trial is judged by the mean absolute error over the ``inner_origins`` origins whose target
    years all lie before the first scored origin, at the shortest horizon, so that no scored year
    takes part in the choice. With ``search.trials = 0`` the experiment comes back unchanged.

    Raises
    ------
    InputError
        If no inner origin has a known label.
    """
    settings = experiment.search
    if settings.trials == 0:
        return experiment
    for name in settings.learners:
        if name not in experiment.model.members:
            raise InputError(
                f"search.learners: {name!r} is not among model.members"
                f"{nearest(name, experiment.model.members)}; name members only"
            )
    import optuna

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    horizon = min(experiment.outcome.horizons)
    tasks = _inner_tasks(dataset, experiment, horizon)
    chosen = {name: dict(own) for name, own in experiment.model.parameters.items()}
    members = [name for name in experiment.model.members if LEARNERS[name].parameters]
    learners = settings.learners or members
    for count, name in enumerate(learners):
        base = learner_parameters(experiment.model)[name]

        def loss(
            trial: optuna.Trial, name: str = name, base: Mapping[str, Parameter] = base
        ) -> float:
            values = {**base, **LEARNERS[name].suggest(trial)}
            trial = Variant(name, parameters={name: values})
            jobs = [partial(_error, *own, trial, experiment.model) for own in tasks]
            return float(np.mean(in_threads(jobs, "", silent)))

        def report(_study: object, trial: optuna.trial.FrozenTrial, count: int = count) -> None:
            total = settings.trials * len(learners)
            progress("search", count * settings.trials + trial.number + 1, total)

        sampler = optuna.samplers.TPESampler(seed=experiment.model.seed)
        study = optuna.create_study(sampler=sampler)
        study.optimize(loss, n_trials=settings.trials, callbacks=[report])
        chosen.setdefault(name, {}).update(study.best_params)
    model = experiment.model.model_copy(update={"parameters": chosen})
    return experiment.model_copy(update={"model": model})


def _inner_tasks(
    dataset: Dataset, experiment: Experiment, horizon: int
) -> list[tuple[Task, Float]]:
    """Return the tasks of the inner origins, each with what came to pass."""
    last = experiment.evaluation.first_origin - horizon
    years = range(last - experiment.search.inner_origins + 1, last + 1)
    engine = Engine(dataset, experiment)
    tasks = [engine.task(year, horizon) for year in years if year > dataset.years[0]]
    found = [(task, dataset.truth(task.origin, horizon)) for task in tasks if task is not None]
    if not found:
        raise InputError(
            f"search.inner_origins: no label is known at the origins {years[0]}-{years[-1]}; "
            "start scoring later or set search.trials = 0"
        )
    return found


def _error(task: Task, truth: Float, trial: Variant, model: Model) -> float:
    """Mean absolute error of one learner at one origin."""
    forecast = forecast_members(task, trial, model)[:, 0]
    return float(np.nanmean(np.abs(forecast - truth)))
