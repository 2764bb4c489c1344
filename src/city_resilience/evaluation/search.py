"""Hyper-parameters by optuna, judged on origins before the first scored one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np

from city_resilience.arrays import Float
from city_resilience.errors import InputError, check_known
from city_resilience.evaluation.engine import Engine, Variant, forecast_members
from city_resilience.experiment.experiment import Experiment
from city_resilience.experiment.training import Model, Parameter
from city_resilience.models.learners import LEARNERS, learner_parameters
from city_resilience.progress import Progress, silent
from city_resilience.tasks.dataset import Dataset
from city_resilience.tasks.task import Task
from city_resilience.workers import spread

__all__ = ["search_parameters"]


def search_parameters(
    dataset: Dataset, experiment: Experiment, progress: Progress = silent
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
    settings, model = experiment.search, experiment.model
    if settings.trials == 0:
        return experiment
    for name in settings.learners:
        no = "is not among model.members"
        check_known(name, model.members, "search.learners:", no, "name members only")
    tasks = _inner_tasks(dataset, experiment, min(experiment.outcome.horizons))
    searchable = [name for name in model.members if LEARNERS[name].parameters]
    learners = settings.learners or searchable
    parameters = {name: dict(own) for name, own in model.parameters.items()}
    for place, name in enumerate(learners):

        def told(done: int, before: int = place * settings.trials) -> None:
            progress("search", before + done, settings.trials * len(learners))

        parameters.setdefault(name, {}).update(_best(tasks, experiment, name, told))
    return experiment.model_copy(
        update={"model": model.model_copy(update={"parameters": parameters})}
    )


def _best(
    tasks: Sequence[tuple[Task, Float]],
    experiment: Experiment,
    name: str,
    told: Callable[[int], None],
) -> dict[str, Parameter]:
    """Return the parameters of one learner with the smallest error over the inner origins."""
    import optuna

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    base = learner_parameters(experiment.model)[name]

    def loss(trial: optuna.Trial) -> float:
        values = {**base, **LEARNERS[name].suggest(trial)}
        variant = Variant(name, parameters={name: values})
        calls = [partial(_error, place, variant) for place in range(len(tasks))]
        return float(np.mean(spread(calls, (tasks, experiment.model), "", silent)))

    def report(_study: object, trial: optuna.trial.FrozenTrial) -> None:
        told(trial.number + 1)

    sampler = optuna.samplers.TPESampler(seed=experiment.model.seed)
    study = optuna.create_study(sampler=sampler)
    study.optimize(loss, n_trials=experiment.search.trials, callbacks=[report])
    return dict(study.best_params)


def _inner_tasks(
    dataset: Dataset, experiment: Experiment, horizon: int
) -> list[tuple[Task, Float]]:
    """Return the tasks of the inner origins, each with what came to pass."""
    last = experiment.evaluation.first_origin - horizon
    years = range(last - experiment.search.inner_origins + 1, last + 1)
    engine = Engine(dataset, experiment)
    tasks = [engine.task(year, horizon) for year in years if year > dataset.years[0]]
    asked = [task for task in tasks if task is not None]
    known = last + dataset.wait(horizon)
    truths = dataset.truths(known, [task.origin for task in asked], horizon)
    found = [(task, truths[task.origin]) for task in asked]
    if not found:
        raise InputError(
            f"search.inner_origins: no label is known at the origins {years[0]}-{years[-1]}; "
            "start scoring later or set search.trials = 0"
        )
    return found


def _error(place: int, trial: Variant, tasks: Sequence[tuple[Task, Float]], model: Model) -> float:
    """Mean absolute error of one learner at one origin."""
    task, truth = tasks[place]
    forecast = forecast_members(task, trial, model)[:, 0]
    return float(np.nanmean(np.abs(forecast - truth)))
