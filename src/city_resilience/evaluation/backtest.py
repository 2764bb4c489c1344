"""The backtest: what is served, each member, history alone and the baselines at scored origins."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from city_resilience.errors import InputError, nearest
from city_resilience.evaluation.baselines import BASELINES
from city_resilience.evaluation.candidates import BLEND, HISTORY_ONLY
from city_resilience.evaluation.engine import (
    HISTORY,
    SERVED,
    Engine,
    Rolled,
    in_threads,
    scored_origins,
)
from city_resilience.evaluation.forecasts import forecast_frame
from city_resilience.evaluation.interval_scores import crps
from city_resilience.experiment import Experiment
from city_resilience.models.intervals import INTERVAL_ROWS, Calibration, city_scale, interval_rows
from city_resilience.progress import Progress, silent
from city_resilience.tasks.dataset import Dataset
from city_resilience.tasks.features import FeatureSpec

__all__ = ["Backtest", "backtest_at", "check_required", "run_backtest"]

Float = NDArray[np.float64]


@dataclass(frozen=True)
class Backtest:
    """Result of the rolling origins.

    Attributes
    ----------
    frame : DataFrame
        ``BACKTEST_COLUMNS``, scored origins only, pp; the served model has intervals.
    weights : DataFrame
        Columns model, origin, horizon, member, weight: the blends at every origin.
    specs : mapping of (int, int) to FeatureSpec
        Columns by origin and horizon.
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
    specs: Mapping[tuple[int, int], FeatureSpec]
    served_weights: Mapping[int, Mapping[str, float]]
    served: Mapping[int, Mapping[int, Float]]
    calibrations: Mapping[int, Calibration]
    intervals: pd.DataFrame

    @property
    def dropped(self) -> pd.DataFrame:
        """Columns origin, horizon, indicator, reason."""
        rows = [
            (origin, horizon, name, why)
            for (origin, horizon), spec in self.specs.items()
            for name, why in spec.dropped.items()
        ]
        table = pd.DataFrame(rows, columns=["origin", "horizon", "indicator", "reason"])
        return table.sort_values(["horizon", "origin"], kind="stable", ignore_index=True)


def run_backtest(dataset: Dataset, experiment: Experiment, progress: Progress = silent) -> Backtest:
    """Forecast every scored origin and horizon of an experiment with every candidate.

    Raises
    ------
    InputError
        If no origin can be scored or a required indicator never has a value.
    """
    scored = scored_origins(dataset, experiment)
    return backtest_at(Engine(dataset, experiment, progress), scored, "rolling origins")


def backtest_at(engine: Engine, scored: Sequence[int], what: str = "") -> Backtest:
    """Forecast some origins with every candidate, after those that warm up the blend.

    Parameters
    ----------
    scored : sequence of int
        Consecutive years.
    what : str
        Told to the engine's ``progress``; nothing is told when empty.

    Raises
    ------
    InputError
        If a horizon has no label to learn from, or a required indicator never has a value.
    """
    serve, horizons = engine.experiment.model.serve, engine.experiment.outcome.horizons
    origins = engine.origins(scored)
    rolled = engine.roll((SERVED, HISTORY), horizons, origins, what)
    specs = {cell: spec for cell, spec in engine.specs.items() if cell[0] in origins}
    columns = {name for spec in specs.values() for name, _ in spec.columns}
    check_required(engine.dataset, engine.experiment, columns)
    own, history = rolled[SERVED.id], rolled[HISTORY.id]
    for horizon in horizons:
        _check_scored(own[horizon], scored, horizon)
    served = {horizon: own[horizon].of(serve) for horizon in horizons}
    calibrations = {h: _calibrated(engine, h, forecasts) for h, forecasts in served.items()}
    frame = _scored_rows(engine, scored, own, history)
    intervals = _intervals(engine, scored, served, calibrations)
    frame.loc[frame["model"] == serve, ["lower", "upper"]] = intervals[
        ["lower", "upper"]
    ].to_numpy()
    return Backtest(
        frame=frame,
        weights=pd.concat([_weights(h, own[h], history[h]) for h in horizons], ignore_index=True),
        specs=specs,
        served_weights={
            h: dict(zip(own[h].names, own[h].weights[engine.newest].tolist(), strict=True))
            for h in horizons
        },
        served=served,
        calibrations=calibrations,
        intervals=intervals,
    )


def _scored_rows(
    engine: Engine,
    scored: Collection[int],
    own: Mapping[int, Rolled],
    history: Mapping[int, Rolled],
) -> pd.DataFrame:
    """Lay out what every candidate forecast at the scored origins, without bounds."""
    serve = engine.experiment.model.serve
    cells = [(o, h) for h, rolled in own.items() for o in rolled.blend if o in scored]
    baselines = dict(zip(cells, _baselines(engine, cells), strict=True))
    frames = []
    for horizon, rolled in own.items():
        origins = [origin for origin, of in cells if of == horizon]
        naive = {name: {o: baselines[o, horizon][name] for o in origins} for name in BASELINES}
        candidates = {name: rolled.of(name) for name in (*rolled.names, BLEND)}
        candidates[HISTORY_ONLY] = history[horizon].of(serve)
        fitted = {name: {o: of[o] for o in origins} for name, of in candidates.items()}
        frames.append(forecast_frame(engine.dataset, horizon, naive | fitted))
    frame = pd.concat(frames, ignore_index=True)
    return frame.sort_values(["model", "horizon", "origin", "city"], ignore_index=True)


def _baselines(engine: Engine, cells: Sequence[tuple[int, int]]) -> list[dict[str, Float]]:
    least = engine.experiment.features.min_history

    def forecast(origin: int, horizon: int) -> dict[str, Float]:
        view = engine.dataset.at(origin)
        return {name: base.forecast(view, horizon, least) for name, base in BASELINES.items()}

    return in_threads([partial(forecast, *cell) for cell in cells], "", silent)


def _calibrated(engine: Engine, horizon: int, forecasts: Mapping[int, Float]) -> Calibration:
    """Collect the residuals of the served model at every origin of a horizon."""
    truths = {origin: engine.dataset.truth(origin, horizon) for origin in forecasts}
    scales = {origin: city_scale(engine.dataset.at(origin)) for origin in forecasts}
    return Calibration.of(engine.dataset.wait(horizon), truths, forecasts, scales)


def _intervals(
    engine: Engine,
    scored: Collection[int],
    served: Mapping[int, Mapping[int, Float]],
    calibrations: Mapping[int, Calibration],
) -> pd.DataFrame:
    """Bounds and probabilities of the served model, from what was known at each origin."""
    dataset, parts = engine.dataset, []
    for horizon, forecasts in served.items():
        for origin in (origin for origin in forecasts if origin in scored):
            known_then = calibrations[horizon].known_at(origin)
            truth, scale = dataset.truth(origin, horizon), city_scale(dataset.at(origin))
            rows = interval_rows(known_then, forecasts[origin], scale).assign(
                city=np.array(dataset.cities, dtype=object),
                origin=origin,
                horizon=horizon,
                truth=truth,
                crps=crps(known_then, forecasts[origin], scale, truth),
            )
            parts.append(rows.loc[np.isfinite(truth), list(INTERVAL_ROWS)])
    return pd.concat(parts, ignore_index=True)


def _weights(horizon: int, own: Rolled, history: Rolled) -> pd.DataFrame:
    """Lay out the weights of both blends at every origin but the live one."""
    rows = [
        (model, origin, horizon, member, weight)
        for model, rolled in ((BLEND, own), (HISTORY_ONLY, history))
        for origin in rolled.blend
        for member, weight in zip(rolled.names, rolled.weights[origin].tolist(), strict=True)
    ]
    return pd.DataFrame(rows, columns=["model", "origin", "horizon", "member", "weight"])


def _check_scored(rolled: Rolled, scored: Sequence[int], horizon: int) -> None:
    if not any(origin in scored for origin in rolled.blend):
        raise InputError(
            f"outcome.horizons: at none of the scored origins {scored[0]}-{scored[-1]} is a label "
            f"of horizon {horizon} known for training; score later origins or drop that horizon"
        )


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
