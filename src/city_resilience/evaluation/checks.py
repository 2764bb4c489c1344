"""What can be known of an experiment and its panel before anything is fitted."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np

from city_resilience.catalogue.nouns import of_places
from city_resilience.errors import InputError, check_known, nearest
from city_resilience.evaluation.baselines import BASELINES, NAIVE
from city_resilience.evaluation.candidates import BLEND
from city_resilience.evaluation.nowcasts import check_early
from city_resilience.experiment.experiment import Experiment
from city_resilience.indicators.table import load_table
from city_resilience.models.learners import GROWTH_GAP, PERSISTENT, learner_parameters
from city_resilience.tasks.dataset import Dataset, common_origin
from city_resilience.tasks.overlap import find_overlaps, refuse_overlaps

__all__ = [
    "best_rule",
    "check_actionable",
    "check_experiment",
    "check_required",
    "check_serve",
    "scored_origins",
]


def check_experiment(dataset: Dataset, experiment: Experiment) -> None:
    """Check, before anything is fitted, what can be known of an experiment and its panel.

    Raises
    ------
    InputError
        If no origin can be scored, a learner, parameter or served candidate does not exist, the
        panel does not offer a required indicator, an indicator overlaps with the label, or early
        releases do not go with the measure.
    """
    scored_origins(dataset, experiment)
    learner_parameters(experiment.model)
    check_serve(experiment)
    check_early(dataset)
    check_required(dataset, experiment, [spec.id for spec in dataset.specs])
    check_actionable(experiment)
    composite = experiment.outcome.composite
    overlaps = find_overlaps(dataset, experiment, tuple(composite.components) if composite else ())
    refuse_overlaps(overlaps, experiment.features.accept_overlap)


def check_actionable(experiment: Experiment) -> None:
    """Check that what is marked as actionable is an indicator, which a panel may have or not.

    Raises
    ------
    InputError
        If it is none, or is the outcome's own past.
    """
    own = [column.id or header for header, column in experiment.data.columns.items()]
    table = {spec.id: spec.family for spec in load_table()}
    for name in experiment.actionable:
        check_known(name, [*table, *own], "actionable: no indicator", then="correct its id")
        if table.get(name) == "history":
            raise InputError(
                f"actionable: {name!r} is the outcome's own past, which nobody can act on; remove "
                "its table"
            )


def scored_origins(dataset: Dataset, experiment: Experiment) -> list[int]:
    """Return the origins of the experiment that the panel can score at the shortest horizon.

    Raises
    ------
    InputError
        If the panel is too short for a single scored origin.
    """
    settings, horizons = experiment.evaluation, experiment.outcome.horizons
    newest = common_origin(dataset.outcome, dataset.years, experiment.noun)
    last = newest - min(horizons)
    earliest = int(dataset.years[0]) + experiment.features.min_history + 1
    places = of_places("cities", experiment.noun)
    panel = (
        f"the panel starts in {dataset.years[0]} and its newest year with at least 90 % of the "
        f"{places} is {newest}"
    )
    if last < earliest:
        raise InputError(
            f"evaluation: {panel}, which leaves no origin that can be scored at horizon "
            f"{min(horizons)}; bring more years, leave out {places} that ended, "
            "or lower features.min_history"
        )
    if not earliest <= settings.first_origin <= newest - max(horizons):
        raise InputError(
            f"evaluation.first_origin = {settings.first_origin}: {panel}, so it may lie between "
            f"{earliest} and {newest - max(horizons)} for the horizons "
            f"{', '.join(map(str, horizons))}; change it or the horizons"
        )
    if settings.last_origin is not None:
        last = min(last, settings.last_origin)
    if last < settings.first_origin:
        raise InputError(
            f"evaluation.last_origin = {settings.last_origin}: it lies before first_origin = "
            f"{settings.first_origin}; change one of them"
        )
    return list(range(settings.first_origin, last + 1))


def check_serve(experiment: Experiment) -> None:
    """Refuse to serve what is neither the blend, nor a member of it, nor a naive rule.

    A naive rule is served from the past gaps among the indicators, so they must be there and of
    what is forecast.
    """
    serve, settings = experiment.model.serve, experiment.features
    candidates = (BLEND, *experiment.model.members, *NAIVE)
    check_known(serve, candidates, "model.serve: no candidate")
    if serve not in NAIVE:
        return
    if (measure := experiment.outcome.measure) != GROWTH_GAP:
        raise InputError(
            f"model.serve: the naive rule {serve!r} can be served where the growth gap is "
            f"forecast, found outcome.measure = {measure!r}; serve the blend or a member"
        )
    missing = [name for name, _ in PERSISTENT if name in settings.exclude]
    if missing or "history" not in settings.families:
        raise InputError(
            f"model.serve: the naive rule {serve!r} reads {' and '.join(n for n, _ in PERSISTENT)} "
            "of the family history, which features leave out; let them in or serve the blend"
        )


def best_rule(dataset: Dataset, experiment: Experiment) -> str:
    """Return the naive rule with the lowest mean yearly error at the shortest horizon.

    Over the scored origins; the first of ``NAIVE`` among equals.
    """
    horizon, least = min(experiment.outcome.horizons), experiment.features.min_history
    origins = scored_origins(dataset, experiment)
    errors = {
        name: [
            float(np.nanmean(np.abs(BASELINES[name].forecast(dataset.at(o), horizon, least) - own)))
            for o in origins
            for own in [dataset.truth(o, horizon)]
            if np.isfinite(own).any()
        ]
        for name in NAIVE
    }
    return min(NAIVE, key=lambda name: np.mean(errors[name]))


def check_required(dataset: Dataset, experiment: Experiment, kept: Collection[str]) -> None:
    """Refuse an experiment that requires an indicator which is not among those kept."""
    for name in experiment.features.required:
        if name in kept:
            continue
        why = dataset.indicators.absent.get(name)
        known = [spec.id for spec in dataset.specs]
        if why is None and name not in known:
            why = f"no such indicator{nearest(name, [*known, *dataset.indicators.absent])}"
        raise InputError(
            f"features.required: indicator {name!r} enters no forecast "
            f"({why or 'never observed at an origin'}); bring its data or take it off the list"
        )
