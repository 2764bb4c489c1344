"""The backtest: what is served, each member, history alone and the baselines at scored origins."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

import pandas as pd

from city_resilience.arrays import Float, Int
from city_resilience.errors import InputError
from city_resilience.evaluation.baselines import BASELINES
from city_resilience.evaluation.candidates import BLEND, HISTORY_ONLY
from city_resilience.evaluation.checks import check_required, scored_origins
from city_resilience.evaluation.engine import (
    HISTORY,
    SERVED,
    Engine,
    Rolled,
    Variant,
)
from city_resilience.evaluation.explained import Explained
from city_resilience.evaluation.forecasts import forecast_frame
from city_resilience.evaluation.nowcasts import Nowcasts, Rolls
from city_resilience.evaluation.served_intervals import Past, served_intervals, served_sums
from city_resilience.evaluation.views import structural_variant
from city_resilience.experiment.experiment import Experiment
from city_resilience.models.intervals import Calibration
from city_resilience.models.nowcast import HorizonNowcast
from city_resilience.models.rows import NOWCAST, STRUCTURAL
from city_resilience.progress import Progress, silent
from city_resilience.tasks.dataset import Dataset, common_origin
from city_resilience.tasks.features import FeatureSpec
from city_resilience.workers import in_threads

__all__ = ["Backtest", "NowcastPart", "backtest_at", "nowcast_part", "run_backtest"]

BOUNDS = ["lower", "upper"]


@dataclass(frozen=True)
class NowcastPart:
    """The nowcasts of the served model, scored beside its forecasts and never mixed with them.

    Attributes
    ----------
    rolled : Nowcasts
        At all origins, warm-up included.
    frame, intervals : DataFrame
        As of `Backtest`, scored origins at which a release tells of some city.
    calibrations : mapping of int to mapping of str to Calibration
        Horizon → `releases_key` → residuals of the nowcasts by these releases, as they stand at
        the live origin.
    """

    rolled: Nowcasts
    frame: pd.DataFrame
    intervals: pd.DataFrame
    calibrations: Mapping[int, Mapping[str, Calibration]]

    def live(self, position: Int) -> dict[int, HorizonNowcast]:
        """Return by horizon what turns the forecasts of the live origin into nowcasts.

        ``position`` is that of each city of the panel among the cities of the forecaster.
        """
        return {
            horizon: HorizonNowcast(
                self.rolled.live[horizon],
                {key: calibration.numbered(position) for key, calibration in own.items()},
            )
            for horizon, own in self.calibrations.items()
        }


@dataclass(frozen=True)
class StructuralPart:
    """The structural view at the same origins, see ``views``.

    Attributes
    ----------
    serve : str
        What of it is taken: the blend of its members, or the member that is served.
    rolled : mapping of int to Rolled
        By horizon, warm-up included.
    variant : Variant
        Columns and members.
    intervals : DataFrame
        ``INTERVAL_ROWS``, scored origins only.
    calibrations : mapping of int to Calibration
        Residuals as they stand at the live origin.
    """

    serve: str
    rolled: Mapping[int, Rolled]
    variant: Variant
    intervals: pd.DataFrame
    calibrations: Mapping[int, Calibration]

    @property
    def forecasts(self) -> dict[int, Mapping[int, Float]]:
        """Horizon → origin, warm-up included → forecasts, shape (cities,), pp."""
        return {horizon: own.of(self.serve) for horizon, own in self.rolled.items()}


@dataclass(frozen=True)
class Backtest:
    """Result of the rolling origins.

    Attributes
    ----------
    serve : str
        The model that is served.
    frame : DataFrame
        ``BACKTEST_COLUMNS``, scored origins only, pp; the served model has intervals.
    intervals : DataFrame
        ``INTERVAL_ROWS``: intervals and probabilities of the served model, scored origins only.
    sums : DataFrame
        ``SUM_ROWS``: totals of groups beside their bands, scored origins only.
    calibrations : mapping of int to Calibration
        Residuals of the served model at all origins, warm-up included, per horizon, without those
        over a level break, as they stand at the live origin.
    whole, history : mapping of int to Rolled
        By horizon, what members forecast that see all columns, or history alone.
    specs : mapping of (int, int) to FeatureSpec
        Columns by origin and horizon.
    nowcast : NowcastPart or None
        Of a panel with early releases.
    structural : StructuralPart or None
        Without the past of the outcome, where it was asked for and has indicators to read.
    explained : mapping of (str, int, int) to Explained
        Variant, scored origin, horizon → what each member's forecasts are made of.
    """

    serve: str
    frame: pd.DataFrame
    intervals: pd.DataFrame
    sums: pd.DataFrame
    calibrations: Mapping[int, Calibration]
    whole: Mapping[int, Rolled]
    history: Mapping[int, Rolled]
    specs: Mapping[tuple[int, int], FeatureSpec]
    nowcast: NowcastPart | None = None
    structural: StructuralPart | None = None
    explained: Mapping[tuple[str, int, int], Explained] = field(default_factory=dict)

    def told(self, *, explained: bool) -> Backtest:
        """Return what it says, to be sent elsewhere: without the members, and without nowcasts."""
        parts = {key: replace(own, members={}) for key, own in self.explained.items()}
        return replace(self, nowcast=None, explained=parts if explained else {})

    @property
    def served(self) -> dict[int, Mapping[int, Float]]:
        """Forecasts of the served model: horizon → origin, warm-up included → (cities,), pp."""
        return {horizon: rolled.of(self.serve) for horizon, rolled in self.whole.items()}

    @property
    def served_weights(self) -> dict[int, dict[str, float]]:
        """Weights of the blend at the live origin, in what each horizon adds."""
        return {horizon: own.live_weights for horizon, own in self.whole.items()}

    @property
    def served_slopes(self) -> dict[int, float]:
        """Share of its size at which what each horizon adds is taken at the live origin."""
        return {horizon: own.slopes[own.live] for horizon, own in self.whole.items()}

    @property
    def weights(self) -> pd.DataFrame:
        """Weights of both blends and their slopes at every origin but the live one."""
        rows = [
            (model, origin, horizon, member, weight, own.slopes[origin])
            for horizon in self.whole
            for model, own in ((BLEND, self.whole[horizon]), (HISTORY_ONLY, self.history[horizon]))
            for origin in own.blend
            for member, weight in zip(own.names, own.weights[origin].tolist(), strict=True)
        ]
        return pd.DataFrame(
            rows, columns=["model", "origin", "horizon", "member", "weight", "slope"]
        )

    @property
    def dropped(self) -> pd.DataFrame:
        """Indicators left out at each origin and horizon, with the reason."""
        rows = [
            (origin, horizon, name, why)
            for (origin, horizon), spec in self.specs.items()
            for name, why in spec.dropped.items()
        ]
        table = pd.DataFrame(rows, columns=["origin", "horizon", "indicator", "reason"])
        return table.sort_values(["horizon", "origin"], kind="stable", ignore_index=True)


def run_backtest(
    dataset: Dataset,
    experiment: Experiment,
    progress: Progress = silent,
    *,
    views: bool = False,
    explain: bool = False,
) -> Backtest:
    """Forecast every scored origin and horizon of an experiment with every candidate.

    Parameters
    ----------
    views : bool
        Forecast with the structural view too.
    explain : bool
        Take the forecasts of the scored origins apart, see ``Backtest.explained``.

    Raises
    ------
    InputError
        If no origin can be scored or a required indicator never has a value.
    """
    scored = scored_origins(dataset, experiment)
    structural = structural_variant(dataset, experiment) if views else None
    engine = Engine(dataset, experiment, progress, explain=scored if explain else ())
    return backtest_at(engine, scored, "rolling origins", structural)


def backtest_at(
    engine: Engine, scored: Sequence[int], what: str = "", structural: Variant | None = None
) -> Backtest:
    """Forecast some origins with every candidate, after those that warm up the blend.

    Parameters
    ----------
    scored : sequence of int
        Consecutive years.
    what : str
        Told to the engine's ``progress``; nothing is told when empty.
    structural : Variant, optional
        The structural view, to be forecast beside.

    Raises
    ------
    InputError
        If a horizon has no label to learn from, or a required indicator never has a value.
    """
    horizons, origins = engine.experiment.outcome.horizons, engine.origins(scored)
    variants = [SERVED, HISTORY, *([structural] if structural else [])]
    rolled = engine.roll(variants, horizons, origins, what)
    specs = {cell: spec for cell, spec in engine.specs.items() if cell[0] in origins}
    columns = {name for spec in specs.values() for name, _ in spec.columns}
    check_required(engine.dataset, engine.experiment, columns)
    whole, history = rolled[SERVED.id], rolled[HISTORY.id]
    for horizon, own in whole.items():
        _check_scored(own, scored, horizon)
    serve = engine.experiment.model.serve
    past = Past(engine.dataset, engine.experiment.model.interval)
    served = {horizon: own.of(serve) for horizon, own in whole.items()}
    calibrations = {h: past.calibrated(h, own, engine.newest) for h, own in served.items()}
    intervals = served_intervals(past, served, scored)
    sums = served_sums(past, served, scored)
    frame = _scored_rows(engine, scored, whole, history)
    frame.loc[frame["model"] == serve, BOUNDS] = intervals[BOUNDS].to_numpy()
    beside = structural_part(past, scored, structural, rolled) if structural else None
    if beside is not None:
        frame = _with_structural(engine.dataset, frame, beside, scored)
    nowcast = nowcast_part(engine, past, scored, served) if engine.dataset.early else None
    return Backtest(
        *(serve, frame, intervals, sums, calibrations, whole, history, specs, nowcast),
        structural=beside,
        explained=dict(engine.explained),
    )


def structural_part(
    past: Past,
    scored: Sequence[int],
    variant: Variant,
    rolled: Mapping[str, Mapping[int, Rolled]],
    serve: str = BLEND,
) -> StructuralPart:
    """Give the structural view the intervals of its own errors."""
    own = rolled[variant.id]
    part = StructuralPart(serve, own, variant, pd.DataFrame(), {})
    intervals = served_intervals(past, part.forecasts, scored)
    newest = common_origin(past.dataset.outcome, past.dataset.years)
    known = {h: past.calibrated(h, values, newest) for h, values in part.forecasts.items()}
    return replace(part, intervals=intervals, calibrations=known)


def _with_structural(
    dataset: Dataset, frame: pd.DataFrame, part: StructuralPart, scored: Collection[int]
) -> pd.DataFrame:
    """Append the rows of the structural view, with its own bounds."""
    parts = [
        forecast_frame(dataset, horizon, {STRUCTURAL: _at(own, scored)})
        for horizon, own in part.forecasts.items()
    ]
    rows = pd.concat(parts, ignore_index=True)
    rows = rows.sort_values(["model", "horizon", "origin", "city"], ignore_index=True)
    rows[BOUNDS] = part.intervals[BOUNDS].to_numpy()
    every = pd.concat([frame, rows], ignore_index=True)
    return every.sort_values(["model", "horizon", "origin", "city"], ignore_index=True)


def nowcast_part(
    engine: Engine,
    past: Past,
    scored: Sequence[int],
    served: Mapping[int, Mapping[int, Float]],
) -> NowcastPart | None:
    """Lay out the nowcasts of the served model; None where no release tells of a scored origin.

    Parameters
    ----------
    past : Past
        Of the engine's panel.
    scored : sequence of int
        Origins.
    served : mapping of int to mapping of int to ndarray, shape (cities,)
        Horizon → origin, warm-up included → forecast from the panel alone, pp.
    """
    rolls = Rolls(engine.dataset, served, engine.experiment.outcome)
    whole = rolls.of(rolls.names)
    told = {horizon: own for horizon, own in whole.forecasts.items() if set(own) & set(scored)}
    if not told:
        return None
    intervals = served_intervals(past, told, scored, rolls.residuals)
    serve = engine.experiment.model.serve
    frames = [
        forecast_frame(engine.dataset, horizon, {serve: _at(own, scored)}, NOWCAST)
        for horizon, own in told.items()
    ]
    frame = pd.concat(frames, ignore_index=True)
    frame = frame.sort_values(["model", "horizon", "origin", "city"], ignore_index=True)
    frame[BOUNDS] = intervals[BOUNDS].to_numpy()
    calibrations = {
        horizon: {
            key: past.calibrated(horizon, own, engine.newest)
            for key, own in rolls.kinds(horizon).items()
        }
        for horizon in told
    }
    return NowcastPart(whole, frame, intervals, calibrations)


def _at(values: Mapping[int, Float], origins: Collection[int]) -> dict[int, Float]:
    return {origin: own for origin, own in values.items() if origin in origins}


def _scored_rows(
    engine: Engine,
    scored: Collection[int],
    whole: Mapping[int, Rolled],
    history: Mapping[int, Rolled],
) -> pd.DataFrame:
    """Lay out what every candidate forecast at the scored origins, without bounds."""
    serve = engine.experiment.model.serve
    cells = [(o, h) for h, rolled in whole.items() for o in rolled.blend if o in scored]
    baselines = dict(zip(cells, _baselines(engine, cells), strict=True))
    frames = []
    for horizon, rolled in whole.items():
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


def _check_scored(rolled: Rolled, scored: Sequence[int], horizon: int) -> None:
    if not any(origin in scored for origin in rolled.blend):
        raise InputError(
            f"outcome.horizons: at none of the scored origins {scored[0]}-{scored[-1]} is a label "
            f"of horizon {horizon} known for training; score later origins or drop that horizon"
        )
