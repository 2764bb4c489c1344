"""Rolling origins: every candidate forecasts every city from what was known at each origin.

Folds are independent and run in threads (the learners release the interpreter lock). Blends are
put together afterwards, each origin's weights from the origins before it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from city_resilience.errors import InputError, nearest
from city_resilience.evaluation.baselines import BASELINES
from city_resilience.evaluation.blending import Blend, FoldForecasts, summed_members
from city_resilience.evaluation.interval_scores import crps
from city_resilience.experiment import Experiment, Parameter
from city_resilience.models.interval_rows import INTERVAL_ROWS, interval_rows
from city_resilience.models.intervals import Calibration, city_scale, residuals_of
from city_resilience.models.learners import LEARNERS, learner_parameters
from city_resilience.models.members import fit_member
from city_resilience.progress import Progress, silent
from city_resilience.tasks.dataset import Dataset, common_origin
from city_resilience.tasks.fold import Fold, prepare_fold

__all__ = [
    "BACKTEST_COLUMNS",
    "BLEND",
    "HISTORY_ONLY",
    "Backtest",
    "check_required",
    "run_backtest",
    "scored_origins",
]

Float = NDArray[np.float64]

BACKTEST_COLUMNS = (
    "model",
    "city",
    "origin",
    "horizon",
    "target_year",
    "truth",
    "forecast",
    "lower",
    "upper",
)
BLEND = "blend"
HISTORY_ONLY = "history_only"
HISTORY_PREFIX = "history:"  # of forecasts by a member on history only


@dataclass(frozen=True)
class Backtest:
    """Result of the rolling origins.

    Attributes
    ----------
    frame : DataFrame
        ``BACKTEST_COLUMNS``, scored origins only, pp; the served model has intervals.
    weights : DataFrame
        Columns model, origin, horizon, member, weight: the blends at every origin.
    dropped : DataFrame
        Columns origin, horizon, indicator, reason.
    served_weights : mapping of int to mapping of str to float
        Weights of the blend at the live origin, in what each horizon adds.
    served : mapping of int to mapping of int to ndarray, shape (cities,)
        Forecasts of the served model: horizon → origin, warm-up included → pp.
    calibrations : mapping of int to Calibration
        Residuals of the served model at all origins, warm-up included, per horizon.
    intervals : DataFrame
        ``INTERVAL_ROWS``: intervals and probabilities of the served model, scored origins only.
    """

    frame: pd.DataFrame
    weights: pd.DataFrame
    dropped: pd.DataFrame
    served_weights: Mapping[int, Mapping[str, float]]
    served: Mapping[int, Mapping[int, Float]]
    calibrations: Mapping[int, Calibration]
    intervals: pd.DataFrame


def scored_origins(dataset: Dataset, experiment: Experiment) -> list[int]:
    """Return the origins of the experiment that the panel can score at the shortest horizon.

    Raises
    ------
    InputError
        If the panel is too short for a single scored origin.
    """
    settings = experiment.evaluation
    newest = common_origin(dataset.outcome, dataset.years)
    last = newest - min(experiment.outcome.horizons)
    earliest = int(dataset.years[0]) + experiment.features.min_history + 1
    panel = (
        f"the panel starts in {dataset.years[0]} and its newest year with at least 90 % of the "
        f"cities is {newest}"
    )
    if last < earliest:
        raise InputError(
            f"evaluation: {panel}, which leaves no origin that can be scored at horizon "
            f"{min(experiment.outcome.horizons)}; bring more years, leave out cities that ended, "
            "or lower features.min_history"
        )
    if not earliest <= settings.first_origin <= newest - max(experiment.outcome.horizons):
        raise InputError(
            f"evaluation.first_origin = {settings.first_origin}: {panel}, so it may lie between "
            f"{earliest} and {newest - max(experiment.outcome.horizons)} for the horizons "
            f"{', '.join(map(str, experiment.outcome.horizons))}; change it or the horizons"
        )
    if settings.last_origin is not None:
        last = min(last, settings.last_origin)
    if last < settings.first_origin:
        raise InputError(
            f"evaluation.last_origin = {settings.last_origin}: it lies before first_origin = "
            f"{settings.first_origin}; change one of them"
        )
    return list(range(settings.first_origin, last + 1))


def run_backtest(
    dataset: Dataset,
    experiment: Experiment,
    progress: Progress = silent,
    workers: int = 2,
) -> Backtest:
    """Forecast every scored origin and horizon with every candidate.

    Parameters
    ----------
    dataset : Dataset
        The panel; folds see it through ``Dataset.at``.
    experiment : Experiment
        Candidates, horizons, origins.
    progress : callable
        Called with (what, folds done, folds in all).
    workers : int
        Threads.

    Raises
    ------
    InputError
        If no origin can be scored or a required indicator never has a value.
    """
    scored = scored_origins(dataset, experiment)
    origins = [
        o
        for o in range(scored[0] - experiment.evaluation.warmup_origins, scored[-1] + 1)
        if o > dataset.years[0]
    ]
    folds = list(_all_folds(dataset, experiment, origins, progress, workers))
    folds.sort(key=lambda fold: (fold.horizon, fold.origin))
    check_required(dataset, experiment, frozenset[str]().union(*(fold.kept for fold in folds)))
    live = common_origin(dataset.outcome, dataset.years)
    done: list[_Evaluated] = []
    for horizon in experiment.outcome.horizons:
        own = [fold for fold in folds if fold.horizon == horizon]
        _check_scored(own, scored, horizon)
        shorter = done[-1] if done and own[0].before else None
        done.append(_evaluate(dataset, experiment, own, scored, shorter))
    frame = pd.concat([each.rows for each in done], ignore_index=True)
    return Backtest(
        frame=frame.sort_values(["model", "horizon", "origin", "city"], ignore_index=True),
        weights=pd.concat([each.weights for each in done], ignore_index=True),
        dropped=_dropped_frame(folds),
        served_weights={each.horizon: each.blends[BLEND].by_member(live) for each in done},
        served={each.horizon: each.served for each in done},
        calibrations={each.horizon: each.calibration for each in done},
        intervals=pd.concat([each.intervals for each in done], ignore_index=True),
    )


@dataclass(frozen=True)
class _Evaluated:
    """One horizon of a backtest; the next longer one stands on its blends and members."""

    horizon: int
    blends: Mapping[str, Blend]
    members: Mapping[int, Mapping[str, Float]]
    served: Mapping[int, Float]
    calibration: Calibration
    weights: pd.DataFrame
    rows: pd.DataFrame
    intervals: pd.DataFrame


def _evaluate(
    dataset: Dataset,
    experiment: Experiment,
    folds: list[FoldForecasts],
    scored: Collection[int],
    shorter: _Evaluated | None,
) -> _Evaluated:
    """Put the candidates of one horizon together and lay out what is scored."""
    serve = experiment.model.serve
    members = summed_members(folds, shorter.members if shorter else {})
    blends = {
        name: Blend(
            name, prefix, dataset, experiment, folds, shorter.blends[name] if shorter else None
        )
        for name, prefix in ((BLEND, ""), (HISTORY_ONLY, HISTORY_PREFIX))
    }
    candidates = {fold.origin: _candidates(fold, members, blends, serve) for fold in folds}
    served = {origin: found[serve] for origin, found in candidates.items()}
    calibration = _calibrated(dataset, folds, served)
    rows, intervals = [], []
    for fold in (fold for fold in folds if fold.origin in scored):
        known_then = calibration.known_at(fold.origin)
        intervals.append(_interval_rows(dataset, fold, served[fold.origin], known_then))
        own = _scored_rows(dataset, fold, candidates[fold.origin])
        rows.append(_with_intervals(own, intervals[-1], serve))
    weights = [blend.weights(fold.origin) for blend in blends.values() for fold in folds]
    return _Evaluated(
        horizon=folds[0].horizon,
        blends=blends,
        members=members,
        served=served,
        calibration=calibration,
        weights=pd.concat(weights, ignore_index=True),
        rows=pd.concat(rows, ignore_index=True),
        intervals=pd.concat(intervals, ignore_index=True),
    )


def _calibrated(
    dataset: Dataset, folds: list[FoldForecasts], forecasts: Mapping[int, Float]
) -> Calibration:
    """Collect the residuals of the served model at every origin of a horizon."""
    truths = {fold.origin: dataset.truth(fold.origin, fold.horizon) for fold in folds}
    scales = {fold.origin: fold.scale for fold in folds}
    return Calibration(folds[0].horizon, residuals_of(truths, forecasts, scales))


def _interval_rows(
    dataset: Dataset, fold: FoldForecasts, forecast: Float, calibration: Calibration
) -> pd.DataFrame:
    truth = dataset.truth(fold.origin, fold.horizon)
    rows = interval_rows(calibration, forecast, fold.scale).assign(
        city=np.array(dataset.cities, dtype=object),
        origin=fold.origin,
        horizon=fold.horizon,
        truth=truth,
        crps=crps(calibration, forecast, fold.scale, truth),
    )
    return rows.loc[np.isfinite(truth), list(INTERVAL_ROWS)]


def _with_intervals(frame: pd.DataFrame, rows: pd.DataFrame, serve: str) -> pd.DataFrame:
    """Fill the bounds of the served model; both frames have the same cities in the same order."""
    own = (frame["model"] == serve).to_numpy()
    for name in ("lower", "upper"):
        frame.loc[own, name] = rows[name].to_numpy()
    return frame


def _check_scored(folds: list[FoldForecasts], scored: list[int], horizon: int) -> None:
    if not any(fold.origin in scored for fold in folds):
        raise InputError(
            f"outcome.horizons: at none of the scored origins {scored[0]}-{scored[-1]} is a label "
            f"of horizon {horizon} known for training; score later origins or drop that horizon"
        )


def _all_folds(
    dataset: Dataset, experiment: Experiment, origins: list[int], progress: Progress, workers: int
) -> Iterator[FoldForecasts]:
    parameters = learner_parameters(experiment.model)
    newest = common_origin(dataset.outcome, dataset.years)
    tasks = [
        (origin, horizon)
        for origin in reversed(origins)
        for horizon in experiment.outcome.horizons
        if origin + horizon <= newest
    ]
    with ThreadPoolExecutor(workers) as pool:
        futures = [pool.submit(_one_fold, dataset, experiment, parameters, *task) for task in tasks]
        try:
            for done, future in enumerate(as_completed(futures), start=1):
                progress("rolling origins", done, len(tasks))
                result = future.result()
                if result is not None:
                    yield result
        finally:
            pool.shutdown(cancel_futures=True)


def _one_fold(
    dataset: Dataset,
    experiment: Experiment,
    parameters: Mapping[str, Mapping[str, Parameter]],
    origin: int,
    horizon: int,
) -> FoldForecasts | None:
    view = dataset.at(origin)
    fold = prepare_fold(view, horizon, experiment)
    if fold is None:
        return None
    least = experiment.features.min_history
    baselines = {name: b.forecast(view, horizon, least) for name, b in BASELINES.items()}
    members = {}
    for learner, values in parameters.items():
        model = fit_member(fold, learner, values, experiment.model.seed)
        members[learner] = model.predict(fold.at_origin)
        members[HISTORY_PREFIX + learner] = (
            members[learner]
            if LEARNERS[learner].past_only
            else _on_history(fold, learner, values, experiment.model.seed)
        )
    names = frozenset(name for name, _ in fold.spec.columns)
    return FoldForecasts(
        origin=origin,
        horizon=horizon,
        before=fold.before,
        baselines=baselines,
        members=members,
        scale=city_scale(view),
        dropped=fold.spec.dropped,
        kept=names,
    )


def _on_history(fold: Fold, learner: str, values: Mapping[str, Parameter], seed: int) -> Float:
    model = fit_member(fold, learner, values, seed, fold.history)
    return model.predict(fold.at_origin[:, fold.history])


def _candidates(
    fold: FoldForecasts,
    members: Mapping[int, Mapping[str, Float]],
    blends: Mapping[str, Blend],
    serve: str,
) -> dict[str, Float]:
    """Return what every candidate forecasts for the whole horizon, shape (cities,) each."""
    own = members[fold.origin]
    found = {**fold.baselines}
    found |= {name: own[name] for name in own if not name.startswith(HISTORY_PREFIX)}
    found |= {name: blend.forecast(fold.origin) for name, blend in blends.items()}
    if serve != BLEND:
        found[HISTORY_ONLY] = own[HISTORY_PREFIX + serve]
    return found


def _scored_rows(
    dataset: Dataset, fold: FoldForecasts, forecasts: Mapping[str, Float]
) -> pd.DataFrame:
    truth = dataset.truth(fold.origin, fold.horizon)
    known = np.flatnonzero(np.isfinite(truth))
    cities = np.array(dataset.cities, dtype=object)[known]
    rows = pd.DataFrame(
        {
            "city": np.tile(cities, len(forecasts)),
            "origin": fold.origin,
            "horizon": fold.horizon,
            "target_year": fold.origin + fold.horizon,
            "truth": np.tile(truth[known], len(forecasts)),
            "forecast": np.concatenate([values[known] for values in forecasts.values()]),
            "lower": np.nan,
            "upper": np.nan,
        }
    )
    rows.insert(0, "model", np.repeat(list(forecasts), len(known)))
    return rows[list(BACKTEST_COLUMNS)]


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
            f"features.required: indicator {name!r} has no value in any fold "
            f"({why or 'never observed at an origin'}); bring its data or take it off the list"
        )


def _dropped_frame(folds: list[FoldForecasts]) -> pd.DataFrame:
    rows = [
        (fold.origin, fold.horizon, name, why)
        for fold in folds
        for name, why in fold.dropped.items()
    ]
    return pd.DataFrame(rows, columns=["origin", "horizon", "indicator", "reason"])
