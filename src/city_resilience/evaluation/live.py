"""Fit the forecaster that is served: the last task, at the live origin."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from city_resilience.errors import InputError, nearest
from city_resilience.evaluation.backtest import check_required
from city_resilience.evaluation.candidates import BLEND
from city_resilience.evaluation.engine import Engine, scored_origins
from city_resilience.experiment import Experiment
from city_resilience.models.forecaster import Forecaster, HorizonModel
from city_resilience.models.intervals import Calibration
from city_resilience.models.learners import fit_member, learner_parameters
from city_resilience.progress import Progress, silent
from city_resilience.tasks.dataset import Dataset
from city_resilience.tasks.overlap import find_overlaps, refuse_overlaps

__all__ = ["check_experiment", "fit_forecaster", "served_candidates"]


def served_candidates(experiment: Experiment) -> tuple[str, ...]:
    """Return the names that ``model.serve`` may take."""
    return (BLEND, *experiment.model.members)


def check_experiment(dataset: Dataset, experiment: Experiment) -> None:
    """Check, before anything is fitted, what can be known of an experiment and its panel.

    Raises
    ------
    InputError
        If no origin can be scored, a learner, parameter or served candidate does not exist, the
        panel does not offer a required indicator, or an indicator overlaps with the label.
    """
    scored_origins(dataset, experiment)
    learner_parameters(experiment.model)
    _check_serve(experiment)
    check_required(dataset, experiment, [spec.id for spec in dataset.specs])
    composite = experiment.outcome.composite
    overlaps = find_overlaps(dataset, experiment, tuple(composite.components) if composite else ())
    refuse_overlaps(overlaps, experiment.features.accept_overlap)


def _check_serve(experiment: Experiment) -> None:
    serve, known = experiment.model.serve, served_candidates(experiment)
    if serve not in known:
        raise InputError(
            f"model.serve: no candidate {serve!r}{nearest(serve, known)}; choose among "
            f"{', '.join(known)}"
        )


def fit_forecaster(
    dataset: Dataset,
    experiment: Experiment,
    weights: Mapping[int, Mapping[str, float]],
    fingerprint: str = "",
    progress: Progress = silent,
    calibrations: Mapping[int, Calibration] | None = None,
) -> Forecaster:
    """Fit the members at the live origin, with the weights the backtest arrived at.

    Parameters
    ----------
    weights : mapping of int to mapping of str to float
        Of the blend, in what each horizon adds.
    calibrations : mapping of int to Calibration
        Residuals of the backtest per horizon, for the intervals.

    Raises
    ------
    InputError
        If ``model.serve`` is no candidate, or no label is known at the live origin.
    """
    _check_serve(experiment)
    engine = Engine(dataset, experiment)
    horizons = {}
    for done, horizon in enumerate(experiment.outcome.horizons, start=1):
        calibration = (calibrations or {}).get(horizon)
        horizons[horizon] = _horizon_model(engine, horizon, weights[horizon], calibration)
        progress("fitting the served model", done, len(experiment.outcome.horizons))
    present = np.flatnonzero(np.isfinite(dataset.at(engine.newest).outcome).any(axis=1))
    return Forecaster(
        experiment=experiment,
        origin=engine.newest,
        cities=tuple(dataset.cities[k] for k in present),
        horizons=horizons,
        fingerprint=fingerprint,
        composite=dataset.composite,
    )


def _horizon_model(
    engine: Engine, horizon: int, blend: Mapping[str, float], calibration: Calibration | None
) -> HorizonModel:
    origin, model = engine.newest, engine.experiment.model
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
        calibration.known_at(origin) if calibration else None,
    )
