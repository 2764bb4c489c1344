"""Nowcasts at rolling origins: early releases on top of forecasts, slopes from the past alone."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

import numpy as np

from city_resilience.arrays import Float
from city_resilience.errors import InputError
from city_resilience.experiment.outcome import Outcome
from city_resilience.models.learners import GROWTH_GAP
from city_resilience.models.nowcast import (
    Alternative,
    Slopes,
    Steps,
    Telling,
    fit_slopes,
    province_codes,
    releases_key,
    steps_of,
)
from city_resilience.models.surprise import Told
from city_resilience.tasks.dataset import Dataset, common_origin
from city_resilience.tasks.outcome import horizon_before

__all__ = ["Nowcasts", "Rolls", "check_early", "roll_nowcasts"]


@dataclass(frozen=True)
class Nowcasts:
    """What the forecasts become with early releases.

    Attributes
    ----------
    forecasts : mapping of int to mapping of int to ndarray, shape (cities,)
        Horizon → origin → nowcast, pp; origins at which a release told of some city.
    moved : mapping of int to mapping of int to mapping of str to ndarray, shape (cities,)
        Horizon → origin → release → by how much the cities were moved from the forecast, pp.
    live : mapping of int to Steps
        By horizon, the slopes for the live origin.
    used : mapping of int to mapping of int to tuple of Slopes
        Horizon → origin → the releases that counted there.
    """

    forecasts: Mapping[int, Mapping[int, Float]]
    moved: Mapping[int, Mapping[int, Mapping[str, Float]]]
    live: Mapping[int, Steps]
    used: Mapping[int, Mapping[int, tuple[Slopes, ...]]]


def check_early(dataset: Dataset) -> None:
    """Refuse early releases for a measure that they say nothing of.

    Raises
    ------
    InputError
        If the measure is not the growth gap.
    """
    if dataset.early and dataset.measure != GROWTH_GAP:
        raise InputError(
            f"early: releases say how much groups grew, which tells of {GROWTH_GAP} and not of "
            f"{dataset.measure}; remove [early], or set outcome.measure = {GROWTH_GAP!r}"
        )


def roll_nowcasts(
    dataset: Dataset, served: Mapping[int, Mapping[int, Float]], outcome: Outcome
) -> Nowcasts:
    """Turn the forecasts of rolling origins into nowcasts.

    Parameters
    ----------
    served : mapping of int to mapping of int to ndarray, shape (cities,)
        Horizon → origin, warm-up included → forecast of the whole horizon, pp.
    outcome : Outcome
        Its horizons count.
    """
    origins = sorted({origin for of in served.values() for origin in of})
    province = province_codes(dataset)
    views = {origin: dataset.at(origin) for origin in origins}
    tellings = {origin: Telling(view, province) for origin, view in views.items()}
    steps = steps_of(views[origins[-1]].early) if origins else []
    rolling = _Rolling(dataset, tellings, steps)
    for horizon in sorted(served):
        rolling.roll(horizon, horizon_before(horizon, outcome), served)
    return Nowcasts(rolling.forecasts, rolling.moved, rolling.live, rolling.used)


class Rolls:
    """Nowcasts by any of the releases of a panel, each set rolled once.

    An interval stands on the errors of nowcasts by the releases that move the forecast: those of a
    sharper release, which has ended since, would be too small.
    """

    def __init__(
        self, dataset: Dataset, served: Mapping[int, Mapping[int, Float]], outcome: Outcome
    ) -> None:
        self.dataset, self.served, self.outcome = dataset, served, outcome
        self.names = tuple(release.name for release in dataset.early)
        self._rolled: dict[str, Nowcasts] = {}

    def of(self, names: Collection[str]) -> Nowcasts:
        """Return the nowcasts by some of the releases."""
        key = releases_key(names)
        if key not in self._rolled:
            early = tuple(own for own in self.dataset.early if own.name in names)
            dataset = replace(self.dataset, early=early)
            self._rolled[key] = roll_nowcasts(dataset, self.served, self.outcome)
        return self._rolled[key]

    def residuals(self, horizon: int, origin: int) -> Mapping[int, Float]:
        """Return the nowcasts of a horizon by the releases that move an origin; (cities,) each.

        The forecasts where none does.
        """
        names = tuple(self.of(self.names).moved[horizon].get(origin, ()))
        return self._learnt(horizon, names) if names else self.served[horizon]

    def kinds(self, horizon: int) -> dict[str, Mapping[int, Float]]:
        """Return the nowcasts by each release, and by all together where several groups publish."""
        groups = {release.group for release in self.dataset.early}
        sets = [(name,) for name in self.names] + ([self.names] if len(groups) > 1 else [])
        return {releases_key(names): self._learnt(horizon, names) for names in sets}

    def _learnt(self, horizon: int, names: Collection[str]) -> dict[int, Float]:
        """Return the nowcasts from the first that a release moved."""
        rolled = self.of(names)
        used = rolled.used[horizon]
        first = min((origin for origin, own in used.items() if own), default=None)
        found = rolled.forecasts[horizon]
        return {o: own for o, own in found.items() if first is not None and o >= first}


class _Rolling:
    """Horizons in rising order, origins in rising order, groups in their order."""

    def __init__(
        self, dataset: Dataset, tellings: Mapping[int, Telling], steps: list[list[Alternative]]
    ) -> None:
        self.dataset, self.tellings, self.steps = dataset, tellings, steps
        self.newest = common_origin(dataset.outcome, dataset.years)
        self.forecasts: dict[int, dict[int, Float]] = {}
        self.moved: dict[int, dict[int, dict[str, Float]]] = {}
        self.used: dict[int, dict[int, tuple[Slopes, ...]]] = {}
        self.live: dict[int, Steps] = {}

    def roll(self, horizon: int, before: int, served: Mapping[int, Mapping[int, Float]]) -> None:
        """Nowcast every origin of a horizon: what it adds, moved by what releases tell of it."""
        wait = self.dataset.wait(horizon)
        pasts = [[_Past(own) for own in alternatives] for alternatives in self.steps]
        self.forecasts[horizon], self.moved[horizon], self.used[horizon] = {}, {}, {}
        for origin in sorted(served[horizon]):
            shorter = self.moved[before].get(origin) if before else None
            one = _Origin(origin, served[horizon][origin], shorter or {})
            known = min(origin + wait, self.newest)
            added = self.dataset.truths(known, [origin], horizon, before)[origin]
            if before:
                added = added - (served[horizon][origin] - served[before][origin])
            else:
                added = added - served[horizon][origin]
            for step, alternatives in enumerate(pasts):
                self._step(one, (horizon, step), alternatives, added, origin - wait)
            if shorter is not None or one.told:
                self.forecasts[horizon][origin] = one.forecast
                self.moved[horizon][origin], self.used[horizon][origin] = one.moved, tuple(one.used)
        live = [[own.fitted(self.newest - wait) for own in group] for group in pasts]
        self.live[horizon] = tuple(_ordered(group) for group in live)

    def _step(
        self,
        one: _Origin,
        place: tuple[int, int],
        alternatives: list[_Past],
        missed: Float,
        known: int,
    ) -> None:
        """Move an origin by the best release about one group, and remember what all of them told.

        ``missed`` is what the horizon added less its forecast; read once it is known.
        """
        telling = self.tellings[one.origin]
        told = [telling.of(*place, own.what, one.forecast) for own in alternatives]
        fitted = [own.fitted(known) for own in alternatives]
        one.told |= any(said is not None for said in told)
        for own, slopes, said in zip(alternatives, fitted, told, strict=True):
            own.add(one.origin, said, missed - one.added, slopes)
        if (chosen := _best(fitted, told)) is not None:
            one.move(*chosen)


class _Origin:
    """One origin of a horizon while releases move it."""

    def __init__(self, origin: int, forecast: Float, shorter: Mapping[str, Float]) -> None:
        self.origin, self.moved = origin, dict(shorter)
        self.forecast = forecast + sum(shorter.values(), np.zeros(len(forecast)))
        self.added = np.zeros(len(forecast))
        self.used: list[Slopes] = []
        self.told = False

    def move(self, slopes: Slopes, told: Told) -> None:
        by = slopes.moved(told)
        self.forecast, self.added = self.forecast + by, self.added + by
        self.moved[slopes.release] = self.moved.get(slopes.release, np.zeros(len(by))) + by
        self.used.append(slopes)


class _Past:
    """What one alternative told at the origins so far, and what it was worth there."""

    def __init__(self, what: Alternative) -> None:
        self.what = what
        self._told: dict[int, tuple[Told, Float]] = {}
        self._gains: dict[int, float] = {}

    def add(self, origin: int, told: Told | None, residual: Float, slopes: Slopes | None) -> None:
        """Keep what was told at an origin, the forecast's miss, and what the slopes made of it."""
        if told is None:
            return
        self._told[origin] = told, residual
        rows = told.known & np.isfinite(residual)
        if slopes is not None and rows.any():
            left = np.abs(residual - slopes.moved(told))[rows].mean()
            self._gains[origin] = float(np.abs(residual)[rows].mean() - left)

    def fitted(self, known: int) -> Slopes | None:
        """Learn from the origins up to ``known``, whose outcome is known."""
        past = [told for origin, told in self._told.items() if origin <= known]
        gains = [gain for origin, gain in self._gains.items() if origin <= known]
        gain = float(np.mean(gains)) if gains else 0.0
        return fit_slopes(self.what, past, gain)


def _best(fitted: list[Slopes | None], told: list[Told | None]) -> tuple[Slopes, Told] | None:
    pairs = zip(fitted, told, strict=True)
    both = [(s, t) for s, t in pairs if s is not None and t is not None and s.gain >= 0]
    return max(both, key=lambda pair: pair[0].gain, default=None)


def _ordered(fitted: list[Slopes | None]) -> tuple[Slopes, ...]:
    """Return those that are of use, the best first."""
    known = [slopes for slopes in fitted if slopes is not None and slopes.gain >= 0]
    return tuple(sorted(known, key=lambda own: -own.gain))
