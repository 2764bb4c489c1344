"""Fit the forecaster that is served: the last fold, at the live origin."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from city_resilience.errors import InputError, nearest
from city_resilience.evaluation.backtest import BLEND, check_required, scored_origins
from city_resilience.experiment import Experiment
from city_resilience.models.forecaster import Forecaster, HorizonModel
from city_resilience.models.intervals import Calibration
from city_resilience.models.learners import learner_parameters
from city_resilience.models.members import fit_member
from city_resilience.progress import Progress, silent
from city_resilience.tasks.dataset import Dataset, common_origin
from city_resilience.tasks.fold import prepare_fold
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
    serve = experiment.model.serve
    origin = common_origin(dataset.outcome, dataset.years)
    view = dataset.at(origin)
    horizons = {}
    for done, horizon in enumerate(experiment.outcome.horizons, start=1):
        fold = prepare_fold(view, horizon, experiment)
        if fold is None:
            raise InputError(
                f"outcome.horizons: no label of horizon {horizon} is known at {origin}; "
                "bring more years or drop that horizon"
            )
        own = weights[horizon] if serve == BLEND else {serve: 1.0}
        members = {
            name: fit_member(fold, name, values, experiment.model.seed)
            for name, values in learner_parameters(experiment.model).items()
            if own.get(name, 0.0) > 0
        }
        used = {name: weight for name, weight in own.items() if name in members}
        calibration = (calibrations or {}).get(horizon)
        horizons[horizon] = HorizonModel(
            horizon,
            fold.spec,
            members,
            used,
            calibration.known_at(origin) if calibration else None,
        )
        progress("fitting the served model", done, len(experiment.outcome.horizons))
    present = np.flatnonzero(np.isfinite(view.outcome).any(axis=1))
    return Forecaster(
        experiment=experiment,
        origin=origin,
        cities=tuple(dataset.cities[k] for k in present),
        horizons=horizons,
        fingerprint=fingerprint,
        composite=dataset.composite,
    )
