"""Early releases as of an origin: what was published by the day on which the forecast is made."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from city_resilience.arrays import Float, Int, Positions
from city_resilience.experiment.early import Concept, Vintage
from city_resilience.reading.early import EarlyRelease, contradictions

__all__ = ["EarlyView", "available_from", "early_at", "notices_at"]


@dataclass(frozen=True)
class EarlyView:
    """One release as it stands on the day of the forecast at an origin.

    Attributes
    ----------
    name, group : str
        As of `EarlyRelease`; so are `levels`, `member`, `nominal`, `concept`, `vintage`,
        `label_en` and `label_zh`.
    past : ndarray, shape (levels, years)
        Published growth in the years of the as-of view of the panel, which end at the origin, in
        log points; NaN = not published by the day.
    beyond : ndarray, shape (levels, years ahead)
        Published growth in the years after the origin, the first of them in column 0, up to the
        newest with a figure; no column where nothing is out.
    """

    name: str
    group: str
    levels: tuple[str, ...]
    member: Positions
    past: Float
    beyond: Float
    nominal: bool
    concept: Concept
    vintage: Vintage
    label_en: str
    label_zh: str

    def of(self, cities: Positions | slice) -> EarlyView:
        """Return what the release says of some of the cities."""
        return replace(self, member=self.member[cities])

    def ahead(self, years: int) -> Float:
        """Growth of the group of each city in the year ``origin + years``, shape (cities,)."""
        if years > self.beyond.shape[1]:
            return np.full(len(self.member), np.nan)
        values: Float = self.beyond[self.member, years - 1]
        return values

    def history(self) -> Float:
        """Growth of the group of each city up to the origin, shape (cities, years)."""
        values: Float = self.past[self.member]
        return values


def available_from(origin: int, delay_days: int) -> dt.date:
    """Date on which the outcome of the origin year is published.

    One year after the end of the origin year, plus the configured delay in days.

    Examples
    --------
    >>> available_from(2023, 90)
    datetime.date(2025, 3, 31)
    """
    return dt.date(origin + 1, 12, 31) + dt.timedelta(days=delay_days)


def early_at(releases: Sequence[EarlyRelease], years: Int, day: dt.date) -> tuple[EarlyView, ...]:
    """Return the releases as they stood on a day.

    Parameters
    ----------
    years : ndarray of int64, shape (years,)
        Years of the panel's view; the last one is the origin.
    day : date
        What was published later is not in the view.
    """
    return tuple(_view(release, years, day.toordinal()) for release in releases)


def _view(release: EarlyRelease, years: Int, day: int) -> EarlyView:
    out = (release.published > 0) & (release.published <= day)
    known = np.where(out, release.growth, np.nan)
    later = release.years > years[-1]
    ahead = release.years[later & np.isfinite(known).any(axis=0)]
    last = int(ahead[-1]) if ahead.size else int(years[-1])
    return EarlyView(
        name=release.name,
        group=release.group,
        levels=release.levels,
        member=release.member,
        past=_laid_on(known, release.years, int(years[0]), int(years[-1])),
        beyond=_laid_on(known, release.years, int(years[-1]) + 1, last),
        nominal=release.nominal,
        concept=release.concept,
        vintage=release.vintage,
        label_en=release.label_en,
        label_zh=release.label_zh,
    )


def _laid_on(values: Float, years: Int, first: int, last: int) -> Float:
    """Return columns of the years from the first to the last, NaN where there are none."""
    laid = np.full((len(values), max(0, last - first + 1)), np.nan)
    inside = (years >= first) & (years <= last)
    laid[:, years[inside] - first] = values[:, inside]
    return laid


def notices_at(releases: Sequence[EarlyRelease], origin: int, day: dt.date) -> Iterator[str]:
    """Say, by name, what of the releases is odd or of no use on the day of a forecast."""
    for release in releases:
        yield from release.notes
        later = np.isfinite(release.growth) & (release.years > origin)
        if not later.any():
            last = release.years[np.isfinite(release.growth).any(axis=0)][-1]
            yield (
                f"early.{release.name}: it ends in {last}, and the panel has the outcome of "
                f"{origin} already, so it says nothing new; bring its next figures"
            )
        late = later & (release.published > day.toordinal())
        for at in np.flatnonzero(late.any(axis=0)).tolist():
            first = dt.date.fromordinal(int(release.published[late[:, at], at].min()))
            yield (
                f"early.{release.name}: {int(late[:, at].sum())} figures of {release.years[at]} "
                f"are published from {first} on, after the day of the forecast, {day}, and are "
                "not used"
            )
    yield from contradictions(releases)
