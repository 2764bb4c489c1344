"""Fit the forecaster that is served: the engine's task at the live origin."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

import numpy as np

from city_resilience.errors import InputError
from city_resilience.evaluation.baselines import NAIVE, naive_model
from city_resilience.evaluation.candidates import BLEND
from city_resilience.evaluation.checks import check_serve
from city_resilience.evaluation.engine import Engine, in_threads
from city_resilience.experiment.experiment import Experiment
from city_resilience.models.forecaster import Forecaster, HorizonModel
from city_resilience.models.intervals import Calibration, city_positions
from city_resilience.models.learners import fit_member, learner_parameters
from city_resilience.progress import Progress, silent
from city_resilience.tasks.dataset import Dataset
from city_resilience.tasks.outcome import horizon_before

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

    Raises
    ------
    InputError
        If ``model.serve`` is no candidate, or no label is known at the live origin.
    """
    check_serve(experiment)
    engine, known, sizes = Engine(dataset, experiment), calibrations or {}, slopes or {}
    horizons = experiment.outcome.horizons
    present = np.flatnonzero(np.isfinite(dataset.at(engine.newest).outcome).any(axis=1))
    cities = tuple(dataset.cities[k] for k in present)
    position = city_positions(dataset.cities, cities)
    known = {h: own.known_at(engine.newest).numbered(position) for h, own in known.items()}
    calls = [
        partial(_fitted, engine, h, weights[h], sizes.get(h, 1.0), known.get(h)) for h in horizons
    ]
    fitted = in_threads(calls, "fitting the served model", progress)
    nations = dataset.groups.get("nation")
    return Forecaster(
        experiment=experiment,
        origin=engine.newest,
        cities=cities,
        horizons=dict(zip(horizons, fitted, strict=True)),
        fingerprint=fingerprint,
        composite=dataset.composite,
        nations=() if nations is None else tuple(nations[present].tolist()),
    )


def _fitted(
    engine: Engine,
    horizon: int,
    blend: Mapping[str, float],
    slope: float,
    calibration: Calibration | None,
) -> HorizonModel:
    origin, model = engine.newest, engine.experiment.model
    if model.serve in NAIVE:
        return _rule(engine, horizon, calibration)
    task = engine.task(origin, horizon)
    if task is None:
        raise InputError(
            f"outcome.horizons: no label of horizon {horizon} is known at {origin}; "
            "bring more years or drop that horizon"
        )
    weights = blend if model.serve == BLEND else {model.serve: 1.0}
    members = {
        name: fit_member(task.learnt, name, values, model.seed)
        for name, values in learner_parameters(model).items()
        if weights.get(name, 0.0) > 0
    }
    return HorizonModel(
        horizon,
        task.spec,
        members,
        {name: weight for name, weight in weights.items() if name in members},
        calibration,
        slope if model.serve == BLEND else 1.0,
    )


def _rule(engine: Engine, horizon: int, calibration: Calibration | None) -> HorizonModel:
    """Return the naive rule that is served, with its slopes at the live origin."""
    experiment = engine.experiment
    name, before = experiment.model.serve, horizon_before(horizon, experiment.outcome)
    view, least = engine.dataset.at(engine.newest), experiment.features.min_history
    spec, model = naive_model(name, view, horizon, before, least)
    return HorizonModel(horizon, spec, {name: model}, {name: 1.0}, calibration)
