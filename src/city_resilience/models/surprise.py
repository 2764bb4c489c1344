"""What a group has published before its cities: how far it is from what was forecast of them.

A group's surprise is its published growth less what the forecasts of its members add up to, both
relative to the share-weighted mean of the groups of the nation that published. Beside it stands the
last known error of adding up: the published growth of a year that is over less the growth of the
members' sum.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from city_resilience.arrays import Float, Int, Mask
from city_resilience.indicators.formulas.history import national_growth
from city_resilience.indicators.formulas.ratios import ratio
from city_resilience.tasks.dataset import AsOf
from city_resilience.tasks.early import EarlyView

__all__ = ["KINDS", "Told", "Way", "adding_up_error", "surprises", "ways_of", "years_told"]

Way = Literal["growth", "ranks"]
KINDS = ("alone", "member", "neighbour")
"""How a city is told of: its own figure, that of its group, that of others in its province."""

LEAST_GROUPS = 2
OLDEST_ERROR = 3
RANK_YEARS = 5
WILD = 6.0
_TO_SD = 1.2533141373155001  # of a normal variable: standard deviation by mean absolute deviation


@dataclass(frozen=True)
class Told:
    """What one release tells of the cities at an origin.

    Attributes
    ----------
    inputs : ndarray, shape (cities, 2)
        The surprise of the city's group, and less its last known error of adding up, pp.
    kind : ndarray of int, shape (cities,)
        Position in ``KINDS``; -1 for a city that the release tells nothing of.
    """

    inputs: Float
    kind: Int

    @property
    def known(self) -> Mask:
        """Cities that are told of, shape (cities,)."""
        told: Mask = self.kind >= 0
        return told


def ways_of(release: EarlyView) -> tuple[Way, ...]:
    """Return the ways in which a release may be used: nominal growth also by its order alone."""
    return ("growth", "ranks") if release.nominal else ("growth",)


def years_told(release: EarlyView) -> int:
    """Return for how many years after the origin the release has figures, without a hole."""
    silent = np.flatnonzero(~np.isfinite(release.beyond).any(axis=0))
    return int(silent[0]) if silent.size else release.beyond.shape[1]


def adding_up_error(view: AsOf, release: EarlyView) -> float:
    """Return how far a release is from the growth of its members' sums, over the past years.

    Parameters
    ----------
    view : AsOf
    release : EarlyView
        One of the view's.

    Returns
    -------
    float
        Mean absolute difference over groups and years, both relative to the share-weighted mean of
        the groups of the nation that year, in log points; NaN where no group can be compared.
    """
    found: list[Float] = []
    for rows, nation in view.nation.parts():
        groups = _Groups.of(view.of(rows, nation), release.of(rows))
        years = range(release.past.shape[1])
        found.extend(groups.centred(groups.error(back)) for back in years)
    sizes = np.abs(np.concatenate(found)) if found else np.full(1, np.nan)
    return float(np.nanmean(sizes)) if np.isfinite(sizes).any() else float("nan")


def surprises(
    view: AsOf,
    release: EarlyView,
    forecast: Float,
    years: int,
    way: Way = "growth",
    province: Int | None = None,
) -> Told:
    """Compare what a release says of the years after an origin with a forecast of them.

    Parameters
    ----------
    view : AsOf
    release : EarlyView
        One of the view's.
    forecast : ndarray, shape (cities,)
        Gap of each city over the ``years`` years after the origin, pp.
    years : int
        At least 1, at most `years_told`.
    way : {"growth", "ranks"}
    province : ndarray of int, shape (cities,), optional
        Code of the province of each city, -1 = unknown: where a release is about single cities,
        those that published tell of the others in their province.
    """
    inputs, kind = np.zeros((len(forecast), 2)), np.full(len(forecast), -1)
    for rows, nation in view.nation.parts():
        inside = None if province is None else province[rows]
        own = view.of(rows, nation), release.of(rows), forecast[rows]
        told = _in_nation(*own, years, way, inside)
        inputs[rows], kind[rows] = told.inputs, told.kind
    return Told(inputs, kind)


def _in_nation(
    view: AsOf, release: EarlyView, forecast: Float, years: int, way: Way, province: Int | None
) -> Told:
    """Tell the cities of one nation, see `surprises`."""
    groups = _Groups.of(view, release)
    grown = release.beyond[:, :years].sum(axis=1)
    expected = groups.mean(forecast)
    error = groups.centred(groups.last_error())
    if way == "ranks":
        grown, error = groups.by_rank(grown), np.zeros(len(grown))
    surprise = groups.centred(grown - expected)
    inputs = groups.tamed(np.column_stack([surprise, -np.nan_to_num(error)]))
    told = _spread(inputs, groups)
    return told if province is None else _beside(told, groups, province)


@dataclass(frozen=True)
class _Groups:
    """The groups of a release in one nation: their members, sizes and past."""

    view: AsOf
    release: EarlyView
    size: Float  # of each city at the origin, NaN = no outcome

    @classmethod
    def of(cls, view: AsOf, release: EarlyView) -> _Groups:
        return cls(view, release, view.counts)

    @property
    def total(self) -> Float:
        return self._sum(self.size)

    @property
    def members(self) -> Int:
        """Number of cities with an outcome at the origin, by group."""
        return self._sum(np.isfinite(self.size).astype(np.float64)).astype(np.int64)

    def mean(self, values: Float) -> Float:
        """Share-weighted mean over the members of each group; NaN for a group without any."""
        known = np.isfinite(values) & np.isfinite(self.size)
        total = self._sum(np.where(known, self.size, np.nan))
        summed = self._sum(np.where(known, self.size * values, np.nan))
        return ratio(summed, total)

    def centred(self, values: Float) -> Float:
        """Values of groups less their share-weighted mean; NaN for a lone group."""
        total = self.total
        known = np.isfinite(values) & (total > 0)
        if known.sum() < LEAST_GROUPS:
            return np.full(len(values), np.nan)
        middle = np.average(values[known], weights=total[known])
        return np.where(known, values - middle, np.nan)

    def tamed(self, inputs: Float) -> Float:
        """Clip wild figures at six times the median size of the surprises of the groups."""
        sizes = np.abs(inputs[:, 0])
        known = sizes[np.isfinite(sizes)]
        limit = WILD * np.median(known) if known.size else 0.0
        return np.clip(inputs, -limit, limit) if limit > 0 else inputs

    def past_growth(self, back: int) -> Float:
        """Growth of the members' sum in a year before the origin, log points, by group."""
        end = self.view.outcome.shape[1] - back
        nation = self.view.nation.until(end)
        grown = np.full(len(self.release.levels), np.nan)
        for group in np.unique(self.release.member):
            inside = self.release.member == group
            outcome = self.view.outcome[inside, :end]
            if end > 1:
                grown[group] = 100.0 * national_growth(outcome, nation.of(inside))[-1]
        return grown

    def last_error(self) -> Float:
        """Published growth less that of the members' sum, newest of the last years; by group."""
        found = np.full(len(self.release.levels), np.nan)
        for back in range(min(OLDEST_ERROR, self.release.past.shape[1])):
            found = np.where(np.isfinite(found), found, self.error(back))
        return found

    def error(self, back: int) -> Float:
        """Published growth less that of the members' sum in a year before the origin, by group."""
        return self.release.past[:, -1 - back] - self.past_growth(back)

    def by_rank(self, grown: Float) -> Float:
        """Growth as far from the middle as its rank is, on the spread of the groups' past gaps."""
        from scipy.stats import norm, rankdata

        known = np.isfinite(grown) & (self.total > 0)
        if known.sum() < LEAST_GROUPS:
            return np.full(len(grown), np.nan)
        past = [self.centred(self.past_growth(back)) for back in range(RANK_YEARS)]
        values = np.abs(np.concatenate(past))
        spread = _TO_SD * float(np.nanmean(values)) if np.isfinite(values).any() else 0.0
        ranks = (rankdata(grown[known]) - 0.5) / known.sum()
        placed = np.full(len(grown), np.nan)
        placed[known] = spread * norm.ppf(ranks)
        return placed

    def _sum(self, values: Float) -> Float:
        known = np.isfinite(values)
        member, groups = self.release.member[known], len(self.release.levels)
        return np.bincount(member, values[known], minlength=groups).astype(np.float64)


def _spread(inputs: Float, groups: _Groups) -> Told:
    """Give each city with an outcome the inputs of its group."""
    member = groups.release.member
    own = inputs[member]
    alone = groups.members[member] == 1
    told = np.isfinite(own[:, 0]) & np.isfinite(groups.size)
    kind = np.where(told, np.where(alone, KINDS.index("alone"), KINDS.index("member")), -1)
    return Told(np.where(told[:, None], own, 0.0), kind.astype(np.int64))


def _beside(told: Told, groups: _Groups, province: Int) -> Told:
    """Tell the cities that published nothing what those of their province are told in the mean."""
    inputs, kind = told.inputs.copy(), told.kind.copy()
    for code in np.unique(province[province >= 0]):
        inside = province == code
        tellers = inside & told.known
        quiet = inside & ~told.known & np.isfinite(groups.size)
        if tellers.any() and quiet.any():
            inputs[quiet] = np.average(told.inputs[tellers], axis=0, weights=groups.size[tellers])
            kind[quiet] = KINDS.index("neighbour")
    return replace(told, inputs=inputs, kind=kind)
