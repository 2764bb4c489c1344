"""Intervals of what is served at past origins, of the cities and of groups, from what was known."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from functools import cache

import numpy as np
import pandas as pd

from city_resilience.arrays import Float
from city_resilience.evaluation.interval_scores import crps
from city_resilience.evaluation.sums import SUM_ROWS, summed_rows
from city_resilience.experiment.training import IntervalRule
from city_resilience.models.artefacts import break_stretch
from city_resilience.models.intervals import INTERVAL_ROWS, Calibration, city_scale, interval_rows
from city_resilience.models.joint import Grouping
from city_resilience.tasks.breaks import level_breaks
from city_resilience.tasks.dataset import Dataset

__all__ = ["Past", "served_intervals", "served_sums"]

Served = Mapping[int, Mapping[int, Float]]
"""Horizon → origin → forecasts of shape (cities,)."""
Learnt = Callable[[int, int], Mapping[int, Float]]
"""From horizon and origin to forecasts by origin, of shape (cities,)."""


class Past:
    """What each origin shows of the past, looked at once: level breaks and scales of the cities.

    Parameters
    ----------
    dataset : Dataset
    rule : {"split", "year"}
        What intervals hold for.
    """

    def __init__(self, dataset: Dataset, rule: IntervalRule) -> None:
        self.dataset, self.rule = dataset, rule
        self.breaks = cache(lambda origin: level_breaks(dataset.at(origin)))
        self.scale = cache(lambda origin: city_scale(dataset.at(origin)))

    def calibrated(self, horizon: int, forecasts: Mapping[int, Float], origin: int) -> Calibration:
        """Collect the residuals of the served model as they stand at an origin.

        Truths are those of the origin's view: a label over a level break seen by then is left out.
        """
        wait, first = self.dataset.wait(horizon), int(self.dataset.years[0])
        labels = self.breaks(origin).labels(horizon)
        known = {o: own for o, own in forecasts.items() if o + wait <= origin}
        truths = {o: labels[:, o - first] for o in known}
        return Calibration.of(wait, truths, known, {o: self.scale(o) for o in known}, self.rule)

    def at(
        self, served: Served, scored: Collection[int], learnt: Learnt | None = None
    ) -> Iterator[tuple[int, int, Calibration, Float]]:
        """Yield horizon, scored origin, what intervals stand on there, and the forecasts.

        ``learnt`` gives the forecasts whose errors count; the same when left out.
        """
        for horizon, forecasts in served.items():
            for origin in (origin for origin in forecasts if origin in scored):
                errors = learnt(horizon, origin) if learnt else forecasts
                known = self.calibrated(horizon, errors, origin)
                forecast = forecasts[origin]
                breaks = self.breaks(origin).newest
                stretch = break_stretch(known, forecast, self.scale(origin), breaks)
                yield horizon, origin, known.stretched(stretch), forecast


def served_intervals(
    past: Past, served: Served, scored: Collection[int], learnt: Learnt | None = None
) -> pd.DataFrame:
    """Bounds and probabilities of the cities.

    Parameters
    ----------
    learnt : callable, optional
        From horizon and origin to the forecasts whose errors count; the same when left out.

    Returns
    -------
    DataFrame
        ``INTERVAL_ROWS``: ``unbroken`` is the truth over windows without a level break, of those
        that can be seen at the newest year.
    """
    dataset, parts = past.dataset, []
    cities, first = np.array(dataset.cities, dtype=object), int(dataset.years[0])
    hindsight = past.breaks(int(dataset.years[-1]))
    unbroken = {horizon: hindsight.labels(horizon) for horizon in served}
    for horizon, origin, known, forecast in past.at(served, scored, learnt):
        truth, scale = dataset.truth(origin, horizon), past.scale(origin)
        rows = interval_rows(known, forecast, scale).assign(
            city=cities,
            origin=origin,
            horizon=horizon,
            truth=truth,
            unbroken=unbroken[horizon][:, origin - first],
            crps=crps(known, forecast, scale, truth),
        )
        parts.append(rows.loc[np.isfinite(truth), list(INTERVAL_ROWS)])
    return pd.concat(parts, ignore_index=True)


def served_sums(past: Past, served: Served, scored: Collection[int]) -> pd.DataFrame:
    """Bands of the provinces, or of the first group that the panel has.

    Returns
    -------
    DataFrame
        ``SUM_ROWS``.
    """
    dataset, parts = past.dataset, [pd.DataFrame(columns=list(SUM_ROWS))]
    group = next(iter(dataset.groups), "")
    for horizon, origin, known, forecast in past.at(served, scored) if group else ():
        grouping = Grouping.of(dataset.groups[group], dataset.at(origin))
        truth = dataset.truth(origin, horizon)
        rows = summed_rows(known, forecast, truth, past.scale(origin), grouping)
        rows = rows.assign(group=group, origin=origin, horizon=horizon)
        parts.append(rows[list(SUM_ROWS)])
    return pd.concat(parts[1:] or parts, ignore_index=True)
