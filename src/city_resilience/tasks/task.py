"""Tasks: rows to learn from and rows to forecast, from the as-of view; the truth is not in them.

A task forecasts what its horizon adds to the next shorter one of the experiment: with the horizons
1, 2 and 3 the gap of the first, of the second and of the third year. The forecast of a horizon is
the sum, so that the horizons of a city agree with each other. Ratios are forecast each by itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import cast

import numpy as np

from city_resilience.arrays import Float, Mask, Positions
from city_resilience.experiment.experiment import Experiment
from city_resilience.experiment.training import Features
from city_resilience.tasks.dataset import AsOf
from city_resilience.tasks.features import (
    FeatureSpec,
    choose_features,
    feature_columns,
    feature_matrix,
)
from city_resilience.tasks.outcome import horizon_before
from city_resilience.tasks.tall import TallRows, cities_of_rows

__all__ = ["Sample", "Task", "prepare_task", "prepare_window_task"]


@dataclass(frozen=True)
class Sample:
    """Rows to learn from.

    Attributes
    ----------
    features : ndarray, shape (n, columns)
        NaN = missing. `TallRows` of a tall panel, see `drawn`.
    labels : ndarray, shape (n,)
        What the horizon adds, in the measure's unit, all finite.
    columns : tuple of (indicator id, form), length columns
        Form is ``value``, ``rank`` or ``age``.
    history : ndarray of int
        Positions of the columns of the family history.
    ages : ndarray, shape (n,)
        Years from each row to the origin.
    cities : ndarray of int, shape (n,)
        Position, among the rows asked, of the city of each row.
    before : int
        The next shorter horizon of the experiment, which the labels add to; 0 for none.
    measure : str
        Id of the measure of the labels.
    """

    features: Float
    labels: Float
    columns: tuple[tuple[str, str], ...]
    history: Positions
    ages: Float
    cities: Positions
    before: int = 0
    measure: str = "growth_gap"

    @property
    def forms(self) -> tuple[str, ...]:
        """Form of each column."""
        return tuple(form for _, form in self.columns)

    def only(self, columns: Positions) -> Sample:
        """Return the sample on some of its columns."""
        return replace(
            self,
            features=self.features[:, columns],
            columns=tuple(self.columns[k] for k in columns),
            history=np.flatnonzero(np.isin(columns, self.history)),
        )

    def drawn(self, seed: int) -> Sample:
        """Return the rows of cities drawn at random, of a tall panel, as an array; else itself.

        Of so many cities that there are about ``SAMPLED_ROWS`` rows.
        """
        if not isinstance(self.features, TallRows):
            return self
        own = self.rows(np.isin(self.cities, cities_of_rows(self.cities, seed)))
        return replace(own, features=np.asarray(own.features))

    def rows(self, kept: Mask | Positions) -> Sample:
        """Return some of its rows, given as a mask of shape (n,) or as positions, repeats too."""
        return replace(
            self,
            features=self.features[kept],
            labels=self.labels[kept],
            ages=self.ages[kept],
            cities=self.cities[kept],
        )


@dataclass(frozen=True)
class Task:
    """What is asked at one origin and horizon.

    Attributes
    ----------
    before : int
        The next shorter horizon of the experiment, which the labels add to; 0 for none.
    spec : FeatureSpec
        Columns of the features, and how late each series is read.
    learnt : Sample
        Rows to learn from, ordered by city and year.
    asked : ndarray, shape (cities, columns)
        Features of every city at the origin.
    """

    origin: int
    horizon: int
    before: int
    spec: FeatureSpec
    learnt: Sample
    asked: Float


def prepare_task(view: AsOf, horizon: int, experiment: Experiment) -> Task | None:
    """Select features and lay out the training rows; None without a label or a city to forecast."""
    settings = experiment.features
    before = horizon_before(horizon, experiment.outcome)
    labels = view.labels(horizon, before)
    labels[:, : settings.min_history] = np.nan
    known = np.isfinite(labels)
    if not known.any() or not view.reporting.any():
        return None
    spec = choose_features(view, settings, horizon)
    return _laid_out(view, spec, (horizon, before), labels[known], np.nonzero(known))


def prepare_window_task(
    view: AsOf, labels: Sequence[tuple[int, Float]], settings: Features
) -> Task:
    """Lay out what is asked before a shock.

    Parameters
    ----------
    view : AsOf
        At the newest year before what is measured begins.
    labels : sequence of (int, ndarray)
        For each shock to learn from, the year that its features stand on, and its measured
        values, shape (cities,), NaN where not known.
    settings : Features
        How features are chosen, as for a horizon of one year.
    """
    spec = choose_features(view, settings, 1)
    known = [np.isfinite(values) & (year >= view.years[0]) for year, values in labels]
    city = np.concatenate([np.flatnonzero(own) for own in known])
    column = np.repeat([y - view.years[0] for y, _ in labels], [own.sum() for own in known])
    values = np.concatenate([own[rows] for (_, own), rows in zip(labels, known, strict=True)])
    return _laid_out(view, spec, (1, 0), values, (city, column))


def _laid_out(
    view: AsOf,
    spec: FeatureSpec,
    horizons: tuple[int, int],
    labels: Float,
    rows: tuple[Positions, ...],
) -> Task:
    """Return the task with some labels, rows given as (cities, years)."""
    city, year = rows
    if view.kept is None:
        read = np.union1d(year, len(view.years) - 1)
        matrix = feature_matrix(view, spec, read)
        chosen, asked = matrix[city, np.searchsorted(read, year)], matrix[:, -1]
    else:
        columns = feature_columns(view, spec)
        asked = columns[:, -1] if spec.columns else np.empty((len(view.outcome), 0))
        # rows and columns of it are chosen as those of an array
        chosen = cast(Float, TallRows(columns.columns, city, year))
    ages = (view.origin - view.years[year]).astype(np.float64)
    history = spec.family_columns(view.of_family("history"))
    learnt = Sample(
        *(chosen, labels, spec.columns, history, ages, city),
        before=horizons[1],
        measure=view.measure,
    )
    return Task(view.origin, *horizons, spec, learnt, asked)
