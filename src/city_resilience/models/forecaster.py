"""The fitted forecaster: models per horizon, and the forecast of every city of a panel."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TypeAlias

import numpy as np
import pandas as pd

from city_resilience.arrays import Float, Int
from city_resilience.audit.training_levels import ColumnLevel
from city_resilience.companion import spread_beside
from city_resilience.errors import InputError, check_known
from city_resilience.experiment.experiment import Experiment
from city_resilience.indicators.formulas.composite import FittedComposite
from city_resilience.memory import give_back
from city_resilience.models.bands import Bands
from city_resilience.models.carried import Carried
from city_resilience.models.family_values import player_values
from city_resilience.models.fitted import Fitted
from city_resilience.models.flags import Flags
from city_resilience.models.forecasts import Coded, Forecasts, ranks_of
from city_resilience.models.intervals import REFERENCE, Calibration, check_coverage
from city_resilience.models.nowcast import (
    HorizonNowcast,
    Telling,
    moves,
    province_codes,
    releases_key,
)
from city_resilience.models.rows import (
    FORECASTING,
    NOWCAST,
    STRUCTURAL,
    ForecastRows,
    Moved,
    forecast_columns,
)
from city_resilience.progress import silent
from city_resilience.reading.early import EarlyRelease
from city_resilience.reading.panel import Panel
from city_resilience.tasks.dataset import build_dataset
from city_resilience.tasks.features import FeatureSpec
from city_resilience.tasks.outcome import horizon_before

__all__ = ["NO_EARLY", "Forecaster", "HorizonModel"]


NO_EARLY = "no_early_release"
"""Flag of a row that no release moves, in a table of nowcasts."""
TOGETHER = 2**13
"""Rows that are read and forecast together: their features over three horizons are some 40 MB."""

_Summed: TypeAlias = dict[int, tuple[Float, Carried, Int]]


@dataclass(frozen=True)
class HorizonModel:
    """Members and weights of what one horizon adds to the one before it.

    Attributes
    ----------
    spec : FeatureSpec
        Columns and ages of the features.
    members : mapping of str to Fitted
        Fitted learners.
    weights : mapping of str to float
        Weight of each member in the forecast.
    calibration : Calibration or None
        Residuals that the intervals stand on; None for a model without intervals.
    slope : float
        Share of its size, 0 to 1, at which the weighted sum is taken; see ``slope_at``.
    """

    horizon: int
    spec: FeatureSpec
    members: Mapping[str, Fitted]
    weights: Mapping[str, float]
    calibration: Calibration | None = None
    slope: float = 1.0

    @property
    def used(self) -> list[tuple[Fitted, float]]:
        """Members with a weight, and what each is taken times, in the order of summation."""
        return [(self.members[name], self.slope * w) for name, w in self.weights.items() if w > 0]

    def predict(self, features: Float) -> Float:
        """Forecast what the horizon adds for rows of shape (n, columns), in the measure's unit."""
        parts = (weight * member.predict(features) for member, weight in self.used)
        return sum(parts, np.zeros(len(features)))

    def contributions(self, features: Float) -> tuple[Float, float]:
        """SHAP values, shape (n, columns), and base value: the weighted sums of the members'."""
        values, base = np.zeros(features.shape), 0.0
        for member, weight in self.used:
            own_values, own_base = member.contributions(features)
            values += weight * own_values
            base += weight * own_base
        return values, base

    def by_indicator(self, features: Float) -> tuple[tuple[str, ...], Float, float]:
        """Return the indicators, what each contributes, shape (n, indicators), and the base value.

        The contributions of the columns of an indicator are summed.
        """
        values, base = self.contributions(features)
        names = self.spec.indicators
        owner = np.array([name for name, _ in self.spec.columns], dtype=object)
        return names, values @ (owner[:, None] == np.array(names, dtype=object)).astype(float), base

    def by_family(
        self, features: Float, families: Sequence[str]
    ) -> tuple[tuple[str, ...], Float, float]:
        """Return families, their Shapley values as players, shape (n, families), and base value.

        Parameters
        ----------
        features : ndarray, shape (n, columns)
        families : sequence of str, length columns
            Family of each column; see `player_values`.
        """
        names = tuple(dict.fromkeys(families))
        players = np.array([names.index(own) for own in families], dtype=np.intp)
        values, base = np.zeros((len(features), len(names))), 0.0
        for member, weight in self.used:
            own_values, own_base = player_values(member, features, players)
            values += weight * own_values
            base += weight * own_base
        return names, values, base


@dataclass(frozen=True)
class Forecaster:
    """All that is needed to forecast a panel, without the training data.

    Attributes
    ----------
    experiment : Experiment
        The experiment it was trained by.
    origin : int
        Common origin of the training panel.
    cities : tuple of str
        Cities of the training panel with an outcome in any year up to that origin.
    horizons : mapping of int to HorizonModel
        What each horizon adds to the one before it, see `before`.
    fingerprint : str
        Fingerprint of the training panel.
    composite : FittedComposite or None
        Ranges and weights of a composite outcome, as they were frozen.
    nations : tuple of str
        Nation of each of the cities; empty where all are of one.
    nowcasts : mapping of int to HorizonNowcast
        By horizon, what early releases make of a forecast; empty for a model without.
    structural : mapping of int to HorizonModel
        The structural view: the same horizons without the past of the outcome; may be empty.
    levels : mapping of str to ColumnLevel
        Level of each column of the training panel; empty where it was not looked at.
    notes : tuple of str
        What of it rests on a sample of a tall panel, in sentences.
    """

    experiment: Experiment
    origin: int
    cities: tuple[str, ...]
    horizons: Mapping[int, HorizonModel]
    fingerprint: str = ""
    composite: FittedComposite | None = None
    nations: tuple[str, ...] = ()
    nowcasts: Mapping[int, HorizonNowcast] = field(default_factory=dict)
    structural: Mapping[int, HorizonModel] = field(default_factory=dict)
    levels: Mapping[str, ColumnLevel] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    @property
    def views(self) -> dict[str, Forecaster]:
        """The views that the model has, each a forecaster of its own, the forecasting one first."""
        found = {FORECASTING: replace(self, structural={})}
        if self.structural:
            found[STRUCTURAL] = replace(self, horizons=self.structural, structural={}, nowcasts={})
        return found

    def view(self, name: str) -> Forecaster:
        """Return one view as a forecaster of its own, which knows no other.

        Raises
        ------
        InputError
            If the model has no such view.
        """
        check_known(name, self.views, "view: the model has no", then="train it again")
        return self.views[name]

    def before(self, horizon: int) -> int:
        """Return the horizon that a model adds to, 0 for none; see `horizon_before`."""
        return horizon_before(horizon, self.experiment.outcome)

    def rows(
        self,
        panel: Panel,
        early: tuple[EarlyRelease, ...] = (),
        as_of: dt.date | None = None,
    ) -> ForecastRows:
        """Return the rows of a panel that this forecaster would forecast.

        The early releases and the day of the forecast are as of `build_dataset`.
        """
        dataset = build_dataset(panel, self.experiment, self.composite, early=early, as_of=as_of)
        return ForecastRows.of(dataset)

    def early_moves(self, rows: ForecastRows, table: pd.DataFrame) -> dict[int, dict[str, Float]]:
        """Return by how much early releases move a forecast; empty if they say nothing.

        ``table`` is that of `forecast`. Horizon → release → pp, shape (rows,).
        """
        if not self.nowcasts:
            return {}
        dataset, placed = rows.dataset, {}
        for horizon, part in table.groupby("horizon"):
            placed[int(horizon)] = np.full(len(dataset.cities), np.nan)
            placed[int(horizon)][rows.cities] = part["forecast"].where(~rows.stale).to_numpy()
        telling = Telling(dataset.at(rows.origin), province_codes(dataset))
        found = moves(telling, self.nowcasts, placed, self.experiment.outcome)
        return {
            horizon: {name: np.where(rows.stale, 0.0, by[rows.cities]) for name, by in own.items()}
            for horizon, own in found.items()
            if own
        }

    def forecast(self, rows: ForecastRows, coverage: float = REFERENCE) -> pd.DataFrame:
        """Forecast every row.

        Parameters
        ----------
        coverage : float
            Nominal coverage of ``lower`` to ``upper``.

        Returns
        -------
        DataFrame
            `forecast_columns`, of the types it names, sorted by horizon and city, in the unit of
            the measure; bounds and probabilities are empty for a model without intervals. An
            interval is never narrower than that of a shorter horizon. A ``rank`` is among the
            cities of a nation. ``flags`` are joined by ";": ``stale``, ``target_year_over``,
            ``new_city``, ``new_nation``, and for each family with carried values
            ``carried:FAMILY(YEARS)``, the oldest age among them. ``information`` is ``forecast``;
            ``early_release`` is empty, see `nowcast`.

        Raises
        ------
        InputError
            If the panel lacks an indicator of the model or has no common origin.
        """
        return self.forecasts(rows, coverage).whole()

    def forecasts(self, rows: ForecastRows, coverage: float = REFERENCE) -> Forecasts:
        """Forecast every row; the table of `forecast` is laid out from what is returned.

        Rows are read and forecast in parts, so that memory does not grow with the columns.
        """
        check_coverage(coverage, "coverage")
        if not self.horizons:
            raise InputError("the model has no horizon; train it again")
        horizons, count = sorted(self.horizons), len(rows.cities)
        forecast = {horizon: np.empty(count) for horizon in horizons}
        flags = {horizon: Coded(np.empty(count, dtype=np.int32)) for horizon in horizons}
        seen = {h: np.zeros(len(self.horizons[h].spec.indicators), np.int64) for h in horizons}
        flagged = Flags.of(self.experiment, self.cities, self.nations)

        def take(made: tuple[slice, _Summed]) -> None:
            part, summed = made
            own = rows.part(part)
            for horizon, (sums, carried, known) in summed.items():
                forecast[horizon][part] = sums
                flags[horizon].put(part, *flagged.told(own, horizon, carried))
                seen[horizon] += known

        calls = [partial(_forecast_part, part) for part in rows.parts(TOGETHER)]
        spread_beside(calls, (self, rows), "", silent, take)
        if len(calls) > 1:
            give_back()
        return Forecasts(
            rows,
            coverage,
            forecast,
            {horizon: ranks_of(rows, own) for horizon, own in forecast.items()},
            flags,
            Bands.of(rows, forecast, {h: m.calibration for h, m in self.horizons.items()}),
            {h: (self.horizons[h].spec.indicators, own) for h, own in seen.items()},
            tuple(forecast_columns(self.experiment)),
        )

    def nowcast(
        self, rows: ForecastRows, alone: pd.DataFrame, moved: Moved, coverage: float = REFERENCE
    ) -> pd.DataFrame:
        """Move the rows of a forecast that a release tells of, and flag the others.

        Parameters
        ----------
        alone : DataFrame
            Of `forecast`, at the same coverage.
        moved : mapping
            Of `early_moves`.

        Returns
        -------
        DataFrame
            As of `forecast`: ``information`` is ``nowcast`` and ``early_release`` by how much
            releases moved the row, in pp. A row that none moves is the forecast, flagged
            ``no_early_release``. Ranks are those of the nowcasts.
        """
        nothing = np.zeros(len(rows.cities))
        sums = [sum(moved.get(h, {}).values(), nothing) for h in sorted(self.horizons)]
        whole = alone.assign(forecast=alone["forecast"] + np.concatenate(sums))
        parts = [part.reset_index(drop=True) for _, part in whole.groupby("horizon")]
        for part in parts:
            rank = ranks_of(rows, part["forecast"].to_numpy())
            part["rank"] = pd.Series(rank).astype("Int64").mask(rank == 0)
        calibrations = {h: self.calibrated(h, moved.get(h, ())) for h in self.horizons}
        self._fill_intervals(parts, rows, coverage, calibrations)
        told = (
            pd.concat(parts)
            .reset_index(drop=True)
            .assign(information=NOWCAST, early_release=np.concatenate(sums))
        )
        flags = np.where(alone["flags"] == "", NO_EARLY, alone["flags"] + f";{NO_EARLY}")
        quiet = alone.assign(flags=flags, rank=told["rank"])
        is_told = told["early_release"] != 0.0
        return pd.concat([told[is_told], quiet[~is_told]]).sort_index()

    def calibrated(self, horizon: int, releases: Collection[str]) -> Calibration | None:
        """Return the errors of nowcasts by some releases, else those of the forecast."""
        plain = self.horizons[horizon].calibration
        if horizon not in self.nowcasts:
            return plain
        return self.nowcasts[horizon].calibrations.get(releases_key(releases), plain)

    def _fill_intervals(
        self,
        parts: list[pd.DataFrame],
        rows: ForecastRows,
        coverage: float,
        calibrations: Mapping[int, Calibration | None],
    ) -> None:
        """Fill bounds and probabilities, horizon after horizon."""
        by_horizon = dict(zip(sorted(self.horizons), parts, strict=True))
        forecasts = {horizon: part["forecast"].to_numpy() for horizon, part in by_horizon.items()}
        bands = Bands.of(rows, forecasts, calibrations)
        for horizon, part in by_horizon.items():
            found = bands.columns(horizon, forecasts[horizon], coverage, slice(None))
            if found:
                part[list(found)] = pd.DataFrame(found)

    def summed(self, rows: ForecastRows) -> _Summed:
        """Forecast some rows horizon after horizon, each on top of the one it adds to.

        With the families of carried values, and how many rows have a value of each indicator.
        """
        family = {own.id: own.family for own in rows.dataset.specs}
        found = {0: (np.zeros(len(rows.cities)), Carried.none(len(rows.cities)), np.zeros(0, int))}
        for horizon in sorted(self.horizons):
            model, before = self.horizons[horizon], found[self.before(horizon)]
            names, values, ages = rows.indicators(model.spec)
            carried = Carried.of(tuple(family[name] for name in names), ages)
            found[horizon] = (
                before[0] + model.predict(rows.features(model.spec)),
                before[1].then(carried),
                np.isfinite(values).sum(axis=0),
            )
        del found[0]
        return found


def _forecast_part(
    part: slice, forecaster: Forecaster, rows: ForecastRows
) -> tuple[slice, _Summed]:
    return part, forecaster.summed(rows.part(part))
