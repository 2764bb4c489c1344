"""The fitted forecaster: models per horizon, and the forecast of every city of a panel."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from city_resilience.arrays import Float, Int, Mask, Positions, Strings
from city_resilience.errors import InputError
from city_resilience.experiment.experiment import Experiment
from city_resilience.indicators.formulas.composite import FittedComposite
from city_resilience.models.artefacts import break_stretch
from city_resilience.models.fitted import Fitted
from city_resilience.models.intervals import (
    EVENTS,
    REFERENCE,
    Calibration,
    check_coverage,
    city_scale,
    half_widths,
    interval_columns,
)
from city_resilience.reading.early import EarlyRelease
from city_resilience.reading.panel import Panel
from city_resilience.tasks.breaks import level_breaks
from city_resilience.tasks.dataset import Dataset, build_dataset, common_origin
from city_resilience.tasks.early import available_from
from city_resilience.tasks.features import FeatureSpec, feature_matrix, read_indicators
from city_resilience.tasks.outcome import horizon_before

__all__ = [
    "FORECAST_COLUMNS",
    "ForecastRows",
    "Forecaster",
    "HorizonModel",
    "forecast_columns",
]


FLAGS = ("stale", "target_year_over", "new_city", "new_nation")
FORECAST_COLUMNS: Mapping[str, str] = {
    "city": "str",
    "province": "str",
    "origin": "int64",
    "horizon": "int64",
    "target_year": "int64",
    "forecast": "float64",
    "lower": "float64",
    "upper": "float64",
    "coverage": "float64",
    "rank": "Int64",
    "flags": "str",
    "lower_80": "float64",
    "upper_80": "float64",
    **dict.fromkeys(EVENTS, "float64"),
}


def forecast_columns(experiment: Experiment) -> dict[str, str]:
    """Return the columns of a forecast and their types; places of several nations name theirs."""
    columns = dict(FORECAST_COLUMNS)
    if not experiment.data.nation:
        return columns
    return {
        "city": columns.pop("city"),
        "province": columns.pop("province"),
        "nation": "str",
    } | columns


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


@dataclass(frozen=True)
class ForecastRows:
    """Rows of a panel that are forecast: one per city, at its own newest usable year.

    Attributes
    ----------
    origin : int
        The common origin of the run.
    cities : ndarray of int
        Positions in ``dataset.cities``.
    origins : ndarray of int64
        Origin of each row; older than the common one for a stale city.
    """

    dataset: Dataset
    origin: int
    cities: Positions
    origins: Int

    @classmethod
    def of(cls, dataset: Dataset, origin: int | None = None) -> ForecastRows:
        """Find the common origin, unless given, and each city's own."""
        if origin is None:
            origin = common_origin(dataset.outcome, dataset.years)
        known = np.isfinite(dataset.at(origin).outcome)
        cities = np.flatnonzero(known.any(axis=1))
        newest = known.shape[1] - 1 - known[cities, ::-1].argmax(axis=1)
        return cls(dataset, origin, cities, dataset.years[newest])

    @property
    def names(self) -> NDArray[np.object_]:
        """City of each row."""
        return np.array(self.dataset.cities, dtype=object)[self.cities]

    @property
    def stale(self) -> Mask:
        """Whether the series of the city ends before the common origin."""
        return self.origins < self.origin

    def of_group(self, name: str) -> Strings:
        """Return the level of each row in a group of the cities, "" where there is none."""
        levels = self.dataset.groups.get(name)
        return np.full(len(self.cities), "") if levels is None else levels[self.cities]

    def features(self, spec: FeatureSpec) -> Float:
        """Features of the rows, shape (rows, columns), read through the as-of view."""
        matrix = feature_matrix(self.dataset.at(self.origin), spec)
        rows: Float = matrix[self.cities, self.origins - self.dataset.years[0]]
        return rows

    def indicators(self, spec: FeatureSpec) -> tuple[tuple[str, ...], Float, Float]:
        """Return ids of the indicators, and values and ages as the model reads them.

        Both of shape (rows, indicators). An age is in years: 0 is the origin of the row, or the
        newest year that the publication lag lets it read; NaN where there is no value.
        """
        names, values, age = read_indicators(self.dataset.at(self.origin), spec)
        year = self.origins - self.dataset.years[0]
        return names, values[self.cities, year], age[self.cities, year]

    def carried_families(self, spec: FeatureSpec) -> list[dict[str, int]]:
        """Return, for each row, the families with carried values and the oldest age of those."""
        names, _, ages = self.indicators(spec)
        age = np.nan_to_num(ages)
        family = {own.id: own.family for own in self.dataset.specs}
        owner = np.array([family[name] for name in names], dtype=np.str_)
        oldest = {name: age[:, owner == name].max(axis=1) for name in dict.fromkeys(owner.tolist())}
        return [
            {name: int(years[row]) for name, years in oldest.items() if years[row] > 0}
            for row in range(len(age))
        ]


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
    """

    experiment: Experiment
    origin: int
    cities: tuple[str, ...]
    horizons: Mapping[int, HorizonModel]
    fingerprint: str = ""
    composite: FittedComposite | None = None
    nations: tuple[str, ...] = ()

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
            ``carried:FAMILY(YEARS)``, the oldest age among them.

        Raises
        ------
        InputError
            If the panel lacks an indicator of the model or has no common origin.
        """
        check_coverage(coverage, "coverage")
        if not self.horizons:
            raise InputError("the model has no horizon; train it again")
        parts = self._summed(rows)
        return pd.concat(self._with_intervals(parts, rows, coverage), ignore_index=True)

    def _with_intervals(
        self, parts: list[pd.DataFrame], rows: ForecastRows, coverage: float
    ) -> list[pd.DataFrame]:
        """Fill bounds and probabilities, horizon after horizon."""
        view = rows.dataset.at(rows.origin)
        every, breaks = city_scale(view), level_breaks(view)
        scale = every[rows.cities]
        widest: dict[str, Float] = {"": np.zeros(len(scale)), "_80": np.zeros(len(scale))}
        for part, horizon in zip(parts, sorted(self.horizons), strict=True):
            calibration = self.horizons[horizon].calibration
            if calibration is None:
                continue
            forecast = part["forecast"].to_numpy()
            placed = np.full(len(every), np.nan)
            placed[rows.cities] = forecast
            stretch = break_stretch(calibration, placed, every, breaks)
            calibration = calibration.stretched(stretch[rows.cities])
            ranked = np.where(rows.stale, np.nan, forecast)
            halves = half_widths(calibration, scale, coverage)
            halves = {name: np.maximum(half, widest[name]) for name, half in halves.items()}
            for name, half in halves.items():
                widest[name] = np.where(np.isfinite(half), half, widest[name])
            found = interval_columns(calibration, forecast, scale, halves, ranked)
            part[list(found)] = pd.DataFrame(found)
            part["coverage"] = np.where(part["upper"].notna(), coverage, np.nan)
        return parts

    def _summed(self, rows: ForecastRows) -> list[pd.DataFrame]:
        """Forecast horizon after horizon, each on top of the one it adds to."""
        parts = []
        forecast = {0: np.zeros(len(rows.cities))}
        carried: dict[int, list[dict[str, int]]] = {0: [{} for _ in rows.cities]}
        for horizon in sorted(self.horizons):
            model, before = self.horizons[horizon], self.before(horizon)
            forecast[horizon] = forecast[before] + model.predict(rows.features(model.spec))
            own = rows.carried_families(model.spec)
            both = zip(carried[before], own, strict=True)
            carried[horizon] = [_oldest(*pair) for pair in both]
            parts.append(self._one_horizon(horizon, forecast[horizon], carried[horizon], rows))
        return parts

    def _one_horizon(
        self, horizon: int, forecast: Float, carried: list[dict[str, int]], rows: ForecastRows
    ) -> pd.DataFrame:
        ranks = rows.dataset.nation.of(rows.cities).apart(
            lambda _, ranked: pd.Series(ranked).rank(ascending=False, method="min").to_numpy(),
            np.where(rows.stale, np.nan, forecast),
        )
        frame = pd.DataFrame(
            {
                "city": rows.names,
                **{key: rows.of_group(key) for key in ("province", "nation")},
                "origin": rows.origins,
                "horizon": horizon,
                "target_year": rows.origins + horizon,
                "forecast": forecast,
                "rank": pd.Series(ranks).astype("Int64"),
                "flags": self._flags(rows, horizon, carried),
            }
        )
        return frame.reindex(columns=list(forecast_columns(self.experiment)))

    def _flags(self, rows: ForecastRows, horizon: int, carried: list[dict[str, int]]) -> list[str]:
        new = ~np.isin(rows.names, self.cities)
        foreign = ~np.isin(rows.of_group("nation"), self.nations) if self.nations else ~new & new
        delay = self.experiment.outcome.publication_delay_days
        over = [
            dt.date(int(origin) + horizon, 12, 31) <= available_from(int(origin), delay)
            for origin in rows.origins
        ]
        marks = zip(rows.stale, over, new, foreign, carried, strict=True)
        return [
            ";".join(
                [flag for flag, on in zip(FLAGS, m, strict=True) if on]
                + [f"carried:{family}({years})" for family, years in old.items()]
            )
            for *m, old in marks
        ]


def _oldest(first: Mapping[str, int], second: Mapping[str, int]) -> dict[str, int]:
    """Return the families of both with the older of their ages."""
    names = dict.fromkeys((*first, *second))
    return {name: max(first.get(name, 0), second.get(name, 0)) for name in names}
