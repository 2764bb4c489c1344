"""The nowcast: a forecast that passes on what a group has published before its cities.

The members of a group are moved by a slope times its surprise, and back by another slope times its
last known error of adding up, see `models.surprise`. Both slopes are learned at earlier origins by
least absolute error and are never negative. That the constraint of adding up beats regional
predictors once the aggregate is known is shown by Koop, McIntyre & Mitchell (2022).

Releases about the same group are alternatives: the one that lowered the error most at earlier
origins counts. Those about other groups follow in the order in which they are named, each on top of
the ones before it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from city_resilience.arrays import Float, Int
from city_resilience.experiment.outcome import Outcome
from city_resilience.models.intervals import Calibration
from city_resilience.models.surprise import KINDS, Told, Way, surprises, ways_of, years_told
from city_resilience.models.weights import least_absolute_weights
from city_resilience.tasks.dataset import AsOf, Dataset
from city_resilience.tasks.early import EarlyView
from city_resilience.tasks.outcome import horizon_before

__all__ = [
    "EARLY_FAMILY",
    "LEAST_ORIGINS",
    "Alternative",
    "HorizonNowcast",
    "Slopes",
    "Steps",
    "Telling",
    "fit_slopes",
    "moves",
    "province_codes",
    "releases_key",
    "steps_of",
]

EARLY_FAMILY = "early_release"
"""Family of what early releases contribute to a nowcast."""

LEAST_ORIGINS = 2
Alternative = tuple[str, Way]
"""Name of a release, and how it is used."""


@dataclass(frozen=True)
class Slopes:
    """How far a release moves the forecast of a horizon.

    Attributes
    ----------
    release : str
        Name of the release.
    way : {"growth", "ranks"}
        Whether its growth counts, or only the order of its groups.
    by_kind : mapping of str to (float, float)
        Kind of city → slopes of the surprise and of the last error of adding up.
    gain : float
        By how much it lowered the mean absolute error at earlier origins, pp; 0 = not known.
    """

    release: str
    way: Way
    by_kind: Mapping[str, tuple[float, float]]
    gain: float = 0.0

    def moved(self, told: Told) -> Float:
        """Return by how much each city is moved, pp, shape (cities,); 0 where nothing is told."""
        moved = np.zeros(len(told.kind))
        for place, kind in enumerate(KINDS):
            if kind in self.by_kind:
                own = told.kind == place
                moved[own] = told.inputs[own] @ np.array(self.by_kind[kind])
        return moved


Steps = tuple[tuple[Slopes, ...], ...]
"""Groups in their order; for each the alternatives, the best first."""


def steps_of(releases: Sequence[EarlyView]) -> list[list[Alternative]]:
    """Return the alternatives about each group, in the order in which releases are named."""
    found: dict[str, list[Alternative]] = {}
    for release in releases:
        found.setdefault(release.group, []).extend((release.name, w) for w in ways_of(release))
    return list(found.values())


@dataclass
class Telling:
    """What releases tell of one origin, horizon after horizon and step after step.

    Attributes
    ----------
    view : AsOf
    province : ndarray of int, shape (cities,)
        Code of the province of each city, -1 = unknown.
    """

    view: AsOf
    province: Int
    _told: dict[tuple[int, int, Alternative], Told | None] = field(default_factory=dict)
    _horizons: list[int] = field(default_factory=list)

    def of(self, horizon: int, step: int, alternative: Alternative, forecast: Float) -> Told | None:
        """Return what a release tells of a horizon; None where it says nothing of the origin.

        Parameters
        ----------
        horizon : int
            Horizons are asked in rising order. A longer one than the years that were published is
            told what was told of the longest horizon within them.
        step : int
            Position of the release's group among the steps.
        forecast : ndarray, shape (cities,)
            Of the horizon, as it stands before the step, pp.
        """
        if horizon not in self._horizons:
            self._horizons.append(horizon)
        release = next((own for own in self.view.early if own.name == alternative[0]), None)
        years = min(horizon, years_told(release)) if release is not None else 0
        if release is None or not years:
            return None
        at = max((own for own in self._horizons if own <= years), default=self._horizons[0])
        key = at, step, alternative
        if key not in self._told:
            share = min(1.0, years / at)
            beside = self.province if release.group == "city" else None
            told = surprises(
                self.view, release, share * forecast, min(years, at), alternative[1], beside
            )
            self._told[key] = told if told.known.any() else None
        return self._told[key]

    def moved(self, steps: Steps, horizon: int, forecast: Float) -> dict[str, Float]:
        """Return by how much each release moves the cities, pp, shape (cities,) each.

        Parameters
        ----------
        steps : tuple
            Of the horizon.
        forecast : ndarray, shape (cities,)
            Of the horizon, moved by what the next shorter one was moved by.
        """
        found: dict[str, Float] = {}
        for step, alternatives in enumerate(steps):
            for slopes in alternatives:
                told = self.of(horizon, step, (slopes.release, slopes.way), forecast)
                if told is not None:
                    found[slopes.release] = slopes.moved(told)
                    forecast = forecast + found[slopes.release]
                    break
        return found


@dataclass(frozen=True)
class HorizonNowcast:
    """What turns the forecast of a horizon into a nowcast.

    Attributes
    ----------
    steps : Steps
        Slopes of the releases.
    calibrations : mapping of str to Calibration
        `releases_key` of the releases that move a forecast → residuals of earlier nowcasts of
        these releases, that the intervals stand on.
    """

    steps: Steps
    calibrations: Mapping[str, Calibration] = field(default_factory=dict)


def releases_key(releases: Iterable[str]) -> str:
    """Return one name for the releases that move a forecast.

    Examples
    --------
    >>> releases_key(["provinces", "cities"])
    'cities+provinces'
    """
    return "+".join(sorted(releases))


def province_codes(dataset: Dataset) -> Int:
    """Return the code of each city's province, shape (cities,); -1 where it is not known."""
    names = dataset.groups.get("province")
    if names is None:
        return np.full(len(dataset.cities), -1, dtype=np.int64)
    codes = np.unique(names, return_inverse=True)[1]
    return np.where(names == "", -1, codes).astype(np.int64)


def moves(
    telling: Telling,
    nowcasts: Mapping[int, HorizonNowcast],
    forecasts: Mapping[int, Float],
    outcome: Outcome,
) -> dict[int, dict[str, Float]]:
    """Return by how much releases move the forecasts of an origin.

    Parameters
    ----------
    nowcasts : mapping of int to HorizonNowcast
        By horizon.
    forecasts : mapping of int to ndarray, shape (cities,)
        Of the whole horizon, pp; NaN for a city that is not forecast from this origin.
    outcome : Outcome
        Its horizons count.

    Returns
    -------
    dict
        Horizon → release → pp, shape (cities,); what moved a shorter horizon is in the longer.
    """
    found: dict[int, dict[str, Float]] = {0: {}}
    for horizon in sorted(forecasts):
        shorter = found[horizon_before(horizon, outcome)]
        nothing = np.zeros(len(forecasts[horizon]))
        current = forecasts[horizon] + sum(shorter.values(), nothing)
        steps = nowcasts[horizon].steps if horizon in nowcasts else ()
        own = telling.moved(steps, horizon, current)
        names = dict.fromkeys((*shorter, *own))
        found[horizon] = {k: shorter.get(k, nothing) + own.get(k, nothing) for k in names}
    return {horizon: by for horizon, by in found.items() if horizon}


def fit_slopes(
    alternative: Alternative, past: Sequence[tuple[Told, Float]], gain: float = 0.0
) -> Slopes | None:
    """Learn the slopes of a release from earlier origins.

    Parameters
    ----------
    past : sequence of (Told, ndarray of shape (cities,))
        For each earlier origin whose outcome is known, what was told and the outcome less the
        forecast before it, pp; NaN = not known.

    Returns
    -------
    Slopes or None
        None with fewer than two earlier origins.
    """
    if len(past) < LEAST_ORIGINS:
        return None
    slopes = dict(_by_kind(past))
    return Slopes(*alternative, slopes, gain) if slopes else None


def _by_kind(past: Sequence[tuple[Told, Float]]) -> Iterator[tuple[str, tuple[float, float]]]:
    inputs = np.concatenate([told.inputs for told, _ in past])
    kind = np.concatenate([told.kind for told, _ in past])
    residual = np.concatenate([values for _, values in past])
    for place, name in enumerate(KINDS):
        rows = (kind == place) & np.isfinite(residual)
        if rows.any():
            first, second = least_absolute_weights(inputs[rows], residual[rows]).tolist()
            yield name, (first, second)
