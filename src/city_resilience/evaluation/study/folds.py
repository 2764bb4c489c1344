"""Folds that the parts of a study share: prepared once, fitted on some rows and columns.

Every forecast is made from the as-of view of its origin; blends are weighted at an origin by what
their own members forecast at origins before it, warm-up origins included.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from city_resilience.evaluation.backtest import BACKTEST_COLUMNS, BLEND, scored_origins
from city_resilience.experiment import Experiment
from city_resilience.models.learners import LEARNERS, learner_parameters
from city_resilience.models.members import fit_member
from city_resilience.models.weights import weights_at
from city_resilience.progress import Progress
from city_resilience.tasks.dataset import Dataset, common_origin
from city_resilience.tasks.fold import Fold, prepare_fold

__all__ = [
    "Prepared",
    "forecast_rows",
    "in_threads",
    "member_forecasts",
    "only_rows",
    "past_only_forecasts",
    "prepare_folds",
    "served_forecasts",
]

Float = NDArray[np.float64]
Rows = NDArray[np.bool_]
Result = TypeVar("Result")
WORKERS = 2


@dataclass(frozen=True)
class Prepared:
    """A fold, and what came to pass after its origin.

    Attributes
    ----------
    truth : ndarray, shape (all cities,)
        Of the whole horizon, for scoring; NaN where unknown.
    added : ndarray, shape (all cities,)
        What the horizon added to the shorter one, for the weights of later origins.
    scored : bool
        False for an origin that only trains the blend.
    """

    fold: Fold
    truth: Float
    added: Float
    scored: bool


def in_threads(
    tasks: Sequence[Callable[[], Result]], what: str, progress: Progress
) -> list[Result]:
    """Run tasks in two threads and return what they gave, in order."""
    results = []
    with ThreadPoolExecutor(WORKERS) as pool:
        futures = [pool.submit(task) for task in tasks]
        try:
            for done, future in enumerate(futures, start=1):
                results.append(future.result())
                progress(what, done, len(tasks))
        finally:
            pool.shutdown(cancel_futures=True)
    return results


def prepare_folds(
    dataset: Dataset, experiment: Experiment, horizon: int, progress: Progress
) -> list[Prepared]:
    """Prepare the folds of the rolling origins at one horizon, warm-up origins first.

    Raises
    ------
    InputError
        If the panel is too short for a single scored origin.
    """
    scored = scored_origins(dataset, experiment)
    first = scored[0] - experiment.evaluation.warmup_origins
    newest = common_origin(dataset.outcome, dataset.years)
    origins = [o for o in range(first, scored[-1] + 1) if dataset.years[0] < o <= newest - horizon]

    def prepared(origin: int) -> Prepared | None:
        fold = prepare_fold(dataset.at(origin), horizon, experiment)
        if fold is None:
            return None
        added = dataset.truth_added(origin, horizon, fold.before)
        return Prepared(fold, dataset.truth(origin, horizon), added, origin in scored)

    tasks = [lambda origin=origin: prepared(origin) for origin in origins]
    found = in_threads(tasks, f"features, horizon {horizon}", progress)
    return [fold for fold in found if fold is not None]


def only_rows(fold: Fold, rows: Rows) -> Fold:
    """Return the fold with some of its training rows, given as a mask of shape (n,)."""
    kept = {name: getattr(fold, name)[rows] for name in ("features", "labels", "cities", "ages")}
    return replace(fold, **kept)


def member_forecasts(
    fold: Fold,
    experiment: Experiment,
    columns: NDArray[np.intp] | None = None,
    known: Mapping[str, Float] | None = None,
) -> Float:
    """Fit every member on all or some columns and forecast every city.

    Parameters
    ----------
    columns : ndarray of int, optional
        All when absent.
    known : mapping of str to ndarray, shape (cities,)
        Forecasts of members that need not be fitted again.

    Returns
    -------
    ndarray, shape (cities, members)
    """
    known = known or {}
    asked = fold.at_origin if columns is None else fold.at_origin[:, columns]
    seed = experiment.model.seed
    forecasts = [
        known[learner]
        if learner in known
        else fit_member(fold, learner, values, seed, columns).predict(asked)
        for learner, values in learner_parameters(experiment.model).items()
    ]
    return np.column_stack(forecasts)


def past_only_forecasts(fold: Fold, experiment: Experiment) -> dict[str, Float]:
    """Forecasts of the members that read nothing but history, shape (cities,) each.

    They are the same on any columns that hold all of those of the family history.
    """
    own = {
        learner: values
        for learner, values in learner_parameters(experiment.model).items()
        if LEARNERS[learner].past_only
    }
    seed = experiment.model.seed
    return {
        learner: fit_member(fold, learner, values, seed).predict(fold.at_origin)
        for learner, values in own.items()
    }


def served_forecasts(
    experiment: Experiment,
    folds: Sequence[Prepared],
    members: Mapping[int, Float],
    shorter: Mapping[int, Float],
) -> dict[int, Float]:
    """Put the members' forecasts together as the experiment serves them.

    Parameters
    ----------
    folds : sequence of Prepared
        Of one horizon; their outcomes are read once the target year has been reached.
    members : mapping of int to ndarray, shape (cities, members)
        Forecasts of what the horizon adds, by origin; NaN for a city that was not forecast.
    shorter : mapping of int to ndarray, shape (cities,)
        What this returned for the next shorter horizon; empty for none.

    Returns
    -------
    dict
        Origin → forecast of the whole horizon, shape (cities,).
    """
    added = {p.fold.origin: p.added for p in folds}
    if experiment.model.serve != BLEND:
        position = experiment.model.members.index(experiment.model.serve)
        own = {origin: values[:, position] for origin, values in members.items()}
    else:
        horizon = folds[0].fold.horizon
        own = {
            origin: values @ weights_at(origin, horizon, members, added)
            for origin, values in members.items()
        }
    if not folds[0].fold.before:
        return own
    return {origin: shorter[origin] + forecast for origin, forecast in own.items()}


def forecast_rows(
    dataset: Dataset, model: str, horizon: int, forecasts: Mapping[int, Float]
) -> pd.DataFrame:
    """Lay out forecasts as rows of a backtest, those with a truth and a forecast.

    Parameters
    ----------
    forecasts : mapping of int to ndarray, shape (cities,)
        By origin.
    """
    cities = np.array(dataset.cities, dtype=object)
    parts = []
    for origin, values in forecasts.items():
        truth = dataset.truth(origin, horizon)
        known = np.isfinite(truth) & np.isfinite(values)
        rows = {"model": model, "city": cities[known], "origin": origin, "horizon": horizon}
        rows |= {"target_year": origin + horizon, "truth": truth[known], "forecast": values[known]}
        parts.append(pd.DataFrame({**rows, "lower": np.nan, "upper": np.nan}))
    empty = pd.DataFrame(columns=list(BACKTEST_COLUMNS))
    return pd.concat(parts, ignore_index=True)[list(BACKTEST_COLUMNS)] if parts else empty
