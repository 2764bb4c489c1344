"""Fit the forecaster that is served: the engine's task at the live origin."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

import numpy as np

from city_resilience.errors import InputError
from city_resilience.evaluation.backtest import StructuralPart
from city_resilience.evaluation.baselines import NAIVE, naive_model
from city_resilience.evaluation.candidates import BLEND
from city_resilience.evaluation.checks import check_serve
from city_resilience.evaluation.engine import Engine
from city_resilience.evaluation.folds import Folds
from city_resilience.experiment.experiment import Experiment
from city_resilience.models.fitted import Fitted
from city_resilience.models.forecaster import Forecaster, HorizonModel
from city_resilience.models.intervals import Calibration, city_positions
from city_resilience.models.learners import Values, fit_member, learner_parameters
from city_resilience.progress import Progress, silent
from city_resilience.tasks.dataset import Dataset
from city_resilience.tasks.outcome import horizon_before
from city_resilience.tasks.task import Sample, Task
from city_resilience.workers import spread

__all__ = ["fit_forecaster"]


def fit_forecaster(
    dataset: Dataset,
    experiment: Experiment,
    weights: Mapping[int, Mapping[str, float]],
    fingerprint: str = "",
    progress: Progress = silent,
    *,
    calibrations: Mapping[int, Calibration] | None = None,
    slopes: Mapping[int, float] | None = None,
    structural: StructuralPart | None = None,
) -> Forecaster:
    """Fit the members at the live origin, with the weights and slopes the backtest arrived at.

    Parameters
    ----------
    weights : mapping of int to mapping of str to float
        Of the blend, in what each horizon adds.
    calibrations : mapping of int to Calibration
        Residuals of the backtest per horizon, for the intervals.
    slopes : mapping of int to float, optional
        Share of its size at which what the blend adds is taken; all of it when left out.
    structural : StructuralPart, optional
        The structural view as the backtest arrived at it, to be fitted beside.

    Raises
    ------
    InputError
        If ``model.serve`` is no candidate, or no label is known at the live origin.
    """
    check_serve(experiment)
    horizons, sizes = experiment.outcome.horizons, slopes or {}
    engine = Engine(dataset, experiment, keep=horizons if structural else ())
    newest = engine.newest
    present = np.flatnonzero(np.isfinite(dataset.at(newest).outcome).any(axis=1))
    cities = tuple(dataset.cities[k] for k in present)
    position = city_positions(dataset.cities, cities)

    def known(of: Mapping[int, Calibration], horizon: int) -> Calibration | None:
        own = of.get(horizon)
        return None if own is None else own.known_at(newest).numbered(position)

    calls = [
        partial(_fitted, newest, h, weights[h], sizes.get(h, 1.0), known(calibrations or {}, h))
        for h in horizons
    ]
    part = structural
    if part is not None:
        calls += [
            partial(_structural, newest, h, part, known(part.calibrations, h)) for h in horizons
        ]
    fitted = spread(calls, (engine.folds,), "fitting the served model", progress)
    nations = dataset.groups.get("nation")
    return Forecaster(
        experiment=experiment,
        origin=newest,
        cities=cities,
        horizons=dict(zip(horizons, fitted, strict=False)),
        fingerprint=fingerprint,
        composite=dataset.composite,
        nations=() if nations is None else tuple(nations[present].tolist()),
        structural=dict(zip(horizons if part else (), fitted[len(horizons) :], strict=True)),
    )


def _fitted(
    origin: int,
    horizon: int,
    blend: Mapping[str, float],
    slope: float,
    calibration: Calibration | None,
    folds: Folds,
) -> HorizonModel:
    model = folds.experiment.model
    if model.serve in NAIVE:
        return _rule(folds, origin, horizon, calibration)
    task = _task(folds, origin, horizon)
    shares = blend if model.serve == BLEND else {model.serve: 1.0}
    size = slope if model.serve == BLEND else 1.0
    members = _members(task.learnt, shares, learner_parameters(model), model.seed)
    weights = {name: weight for name, weight in shares.items() if name in members}
    return HorizonModel(horizon, task.spec, members, weights, calibration, size)


def _structural(
    origin: int,
    horizon: int,
    part: StructuralPart,
    calibration: Calibration | None,
    folds: Folds,
) -> HorizonModel:
    """Fit the structural view of a horizon."""
    task, own = _task(folds, origin, horizon), part.rolled[horizon]
    assert part.variant.columns is not None
    columns = part.variant.columns(task)
    values = part.variant.members(folds.experiment.model)
    shares = own.live_weights if part.serve == BLEND else {part.serve: 1.0}
    size = own.slopes[own.live] if part.serve == BLEND else 1.0
    learnt = task.learnt.only(columns)
    members = _members(learnt, shares, values, folds.experiment.model.seed)
    weights = {name: weight for name, weight in shares.items() if name in members}
    return HorizonModel(horizon, task.spec.only(columns), members, weights, calibration, size)


def _members(
    learnt: Sample, shares: Mapping[str, float], values: Mapping[str, Values], seed: int
) -> dict[str, Fitted]:
    """Fit the members that have a share."""
    return {
        name: fit_member(learnt, name, own, seed)
        for name, own in values.items()
        if shares.get(name, 0.0) > 0
    }


def _task(folds: Folds, origin: int, horizon: int) -> Task:
    """Return what is asked at the live origin.

    Raises
    ------
    InputError
        If no label is known there.
    """
    task = folds.task(origin, horizon)
    if task is None:
        raise InputError(
            f"outcome.horizons: no label of horizon {horizon} is known at {origin}; "
            "bring more years or drop that horizon"
        )
    return task


def _rule(folds: Folds, origin: int, horizon: int, calibration: Calibration | None) -> HorizonModel:
    """Return the naive rule that is served, with its slopes at the live origin."""
    experiment = folds.experiment
    name, before = experiment.model.serve, horizon_before(horizon, experiment.outcome)
    view, least = folds.dataset.at(origin), experiment.features.min_history
    spec, model = naive_model(name, view, horizon, before, least)
    return HorizonModel(horizon, spec, {name: model}, {name: 1.0}, calibration)
