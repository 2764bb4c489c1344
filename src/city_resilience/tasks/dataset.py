"""The one gate to the past: what is known when ``origin`` is the newest data year.

``Dataset`` holds the whole panel; forecasting code sees it only through ``Dataset.at(origin)``,
whose arrays end at the origin. Labels are computed from those shortened arrays, so a label that is
not known yet cannot exist. The truth for scoring is asked for by name, with ``Dataset.truth``.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

import numpy as np

from city_resilience.arrays import Float, Int, Mask, Positions, Strings
from city_resilience.catalogue.nouns import of_places
from city_resilience.errors import InputError
from city_resilience.experiment.experiment import Experiment
from city_resilience.experiment.training import Truth
from city_resilience.indicators.compute import IndicatorValues, compute_indicators
from city_resilience.indicators.formulas.composite import FittedComposite
from city_resilience.indicators.formulas.nation import SUM, Nation
from city_resilience.indicators.indicator import Index, Indicator
from city_resilience.indicators.table import load_indices
from city_resilience.reading.early import EarlyRelease
from city_resilience.reading.panel import Panel
from city_resilience.tasks.early import EarlyView, available_from, early_at
from city_resilience.tasks.outcome import (
    COMPOSITE,
    check_measure,
    composite_level,
    label_of,
    wait_of,
    with_outcome,
    with_past_of,
)
from city_resilience.tasks.tall import KeptColumns, is_tall, listed_cities
from city_resilience.tasks.vintage import Vintage

__all__ = [
    "COMMON_ORIGIN_SHARE",
    "AsOf",
    "Dataset",
    "build_dataset",
    "common_origin",
    "dated",
]

COMMON_ORIGIN_SHARE = 0.9
LATEST_YEARS = 10


@dataclass(frozen=True)
class AsOf:
    """The panel as it stands at an origin; every array ends there.

    Attributes
    ----------
    origin : int
        Newest data year of the outcome.
    years : ndarray of int64, shape (years,)
        Years up to the origin.
    outcome : ndarray, shape (cities, years)
        The outcome as a positive series whose log growth is measured.
    indicators : ndarray, shape (cities, years, k)
        Indicator values; NaN = unknown.
    ids, families : tuple of str, length k
        What the last axis holds.
    measure : str
        Id of the measure that is forecast.
    nation : Nation
        How the cities make up the nation, up to the origin.
    early : tuple of EarlyView
        The early releases, as far as they were published by the day of the forecast.
    kept : KeptColumns or None
        Where columns of features are kept, of a tall panel.
    """

    origin: int
    years: Int
    outcome: Float
    indicators: Float
    ids: tuple[str, ...]
    families: tuple[str, ...]
    measure: str
    nation: Nation = SUM
    early: tuple[EarlyView, ...] = ()
    kept: KeptColumns | None = None

    def of(self, cities: Positions | slice, nation: Nation) -> AsOf:
        """Return the view of the cities of one nation."""
        return replace(
            self,
            outcome=self.outcome[cities],
            indicators=self.indicators[cities],
            nation=nation,
            early=tuple(release.of(cities) for release in self.early),
            kept=None,
        )

    def labels(self, horizon: int, before: int = 0) -> Float:
        """Labels known at the origin, shape (cities, years), in the measure's unit.

        The label of year t is NaN unless t + horizon is at most the origin. With ``before``, a
        shorter horizon, they are what the horizon adds to it.
        """
        return label_of(self.measure, self.outcome, horizon, before, self.nation)

    def of_family(self, family: str) -> set[str]:
        """Ids of the indicators of a family."""
        return {name for name, own in zip(self.ids, self.families, strict=True) if own == family}

    @property
    def counts(self) -> Float:
        """How much each city counts in its nation at the origin, shape (cities,).

        Up to a factor: the mean of a group's growth gaps by it is, to first order, the gap of the
        group's total. NaN for a city that does not count.
        """
        level, nation = self.outcome[:, -1], self.nation
        weight = np.ones(len(level)) if nation.weight is None else nation.weight[:, -1]
        amount = nation.way in ("sum", "mean") and self.measure != COMPOSITE
        counted = weight * level if amount else np.where(np.isfinite(level), weight, np.nan)
        return np.where(counted > 0, counted, np.nan)

    @property
    def reporting(self) -> Mask:
        """Cities that have an outcome at the origin, shape (cities,)."""
        present: Mask = np.isfinite(self.outcome[:, -1])
        return present


@dataclass(frozen=True)
class Dataset:
    """All that the panel says, past and future; read it through ``at``.

    Attributes
    ----------
    cities : tuple of str
        Sorted names.
    years : ndarray of int64, shape (years,)
        Consecutive years.
    outcome : ndarray, shape (cities, years)
        The outcome as a positive series whose log growth is measured.
    indicators : IndicatorValues
        Indicators, values of shape (cities, years, k).
    groups : mapping of str to ndarray of str, shape (cities,)
        Slices of the cities, ``province`` among them when known.
    composite : FittedComposite or None
        What a composite outcome was computed with.
    nation : Nation
        How the cities make up the nation, or each its own.
    early : tuple of EarlyRelease
        Releases of the experiment, whole; an origin sees what was out on its day.
    delay_years, delay_days : int
        Whole years from the end of the year after an origin, and days after those, to the day of
        the forecast there; so that leap days shift no origin's.
    vintages : tuple of Vintage
        Earlier panels by the day of their publication; each origin sees that of its day.
    scored_on : {"newest", "first"}
        Whether the truth is that of the newest panel, or of the one in which it was first known.
    kept : KeptColumns or None
        Where columns of features are kept, of a tall panel.
    """

    cities: tuple[str, ...]
    years: Int
    outcome: Float
    indicators: IndicatorValues
    groups: Mapping[str, Strings]
    measure: str
    composite: FittedComposite | None = None
    nation: Nation = SUM
    early: tuple[EarlyRelease, ...] = ()
    delay_years: int = 0
    delay_days: int = 0
    vintages: tuple[Vintage, ...] = ()
    scored_on: Truth = "newest"
    kept: KeptColumns | None = None

    @property
    def specs(self) -> tuple[Indicator | Index, ...]:
        """What is known of all that a feature can be made of, the indices of a task included."""
        return (*self.indicators.specs, *load_indices())

    @property
    def listed(self) -> Positions:
        """Cities whose forecasts are explained and shown one by one; of a tall panel a sample."""
        count = len(self.cities)
        return np.arange(count) if self.kept is None else listed_cities(count)

    def at(self, origin: int) -> AsOf:
        """Return the view at an origin.

        Raises
        ------
        InputError
            If the panel has no such year.
        """
        end, own = self._column(origin) + 1, self.vintage(origin)
        indicators = own.indicators if own else self.indicators.values
        return AsOf(
            origin=origin,
            years=self.years[:end],
            outcome=(own or self).outcome[:, :end],
            indicators=indicators[:, :end],
            ids=self.indicators.ids,
            families=tuple(spec.family for spec in self.indicators.specs),
            measure=self.measure,
            nation=(own or self).nation.until(end),
            early=early_at(self.early, self.years[:end], self.day(origin)),
            kept=None if own else self.kept,
        )

    def day(self, origin: int) -> dt.date:
        """Return the day on which the forecast at an origin is made."""
        return available_from(origin + self.delay_years, self.delay_days)

    def vintage(self, origin: int) -> Vintage | None:
        """Return the earlier panel that an origin reads; None for the newest panel.

        It is the newest that was out on the day of the forecast, else the oldest. The newest panel
        is read from the newest origin on: without it there would be no such origin.
        """
        if not self.vintages or origin >= common_origin(self.outcome, self.years):
            return None
        day = self.day(origin)
        return next((own for own in reversed(self.vintages) if own.day <= day), self.vintages[0])

    def truth(self, origin: int, horizon: int, before: int = 0) -> Float:
        """Return what came to pass after an origin, shape (cities,); for scoring only.

        With ``before``, a shorter horizon, it is what the horizon added to it.
        """
        newest = int(self.years[-1])
        known = origin + self.wait(horizon) if self.scored_on == "first" else newest
        return self.truths(min(known, newest), [origin], horizon, before)[origin]

    def truths(
        self, known: int, origins: Iterable[int], horizon: int, before: int = 0
    ) -> dict[int, Float]:
        """Return by origin what came to pass after it, as an origin later on sees it.

        Parameters
        ----------
        known : int
            The later origin. What it cannot know yet is NaN.
        origins : iterable of int
        horizon, before : int
            As of `truth`.
        """
        end, own = self._column(known) + 1, self.vintage(known) or self
        nation = own.nation.until(end)
        labels = label_of(self.measure, own.outcome[:, :end], horizon, before, nation)
        columns = {origin: self._column(origin) for origin in origins}
        return {origin: labels[:, at] for origin, at in columns.items() if at < end}

    def wait(self, horizon: int) -> int:
        """Return how many years after an origin what came to pass is known, by the measure."""
        return wait_of(self.measure, horizon)

    def _column(self, year: int) -> int:
        if not self.years[0] <= year <= self.years[-1]:
            raise InputError(
                f"origin {year}: the panel has the years {self.years[0]}-{self.years[-1]}; "
                "choose an origin among them"
            )
        return int(year - self.years[0])


def build_dataset(
    panel: Panel,
    experiment: Experiment,
    composite: FittedComposite | None = None,
    *,
    early: tuple[EarlyRelease, ...] = (),
    as_of: dt.date | None = None,
) -> Dataset:
    """Compute every indicator of a panel once, and the outcome.

    Parameters
    ----------
    composite : FittedComposite, optional
        Of a stored model whose outcome is a composite.
    early : tuple of EarlyRelease
        Early releases, read for this panel.
    as_of : date, optional
        Day on which the forecast at the newest origin is made, the day on which its outcome is
        published when left out; earlier origins are forecast as many days before or after it.

    Raises
    ------
    InputError
        If the outcome, its measure or deflator, or a component of a composite is not there, or the
        day of the forecast lies before the end of the newest origin.
    """
    settings = experiment.outcome
    check_measure(settings)
    grid, variables, series = with_outcome(
        panel.grid(),
        panel.variables,
        panel.resolved(settings),
        panel.source,
        experiment.features.publication_lag,
    )
    indicators = compute_indicators(
        grid,
        series,
        variables,
        publication_lag=experiment.features.publication_lag,
        families=experiment.features.families,
        exclude=experiment.features.exclude,
    )
    level, nation = series.level, series.nation
    if settings.measure == COMPOSITE and settings.composite is not None:
        first = experiment.evaluation.first_origin - experiment.evaluation.warmup_origins
        every = compute_indicators(grid, series, variables)  # those that are no features as well
        nation = SUM.within(grid.nation)
        level, composite = composite_level(every, grid.years, settings.composite, first, composite)
        indicators = with_past_of(level, indicators, grid, experiment.features.exclude)
    dataset = Dataset(
        cities=grid.cities,
        years=grid.years,
        outcome=level,
        indicators=indicators,
        groups=panel.slices(),
        measure=settings.measure,
        composite=composite,
        nation=nation,
        early=early,
        scored_on=experiment.evaluation.truth,
        kept=KeptColumns() if is_tall(*level.shape) else None,
    )
    return dated(dataset, settings.publication_delay_days, as_of)


def dated(dataset: Dataset, publication: int, as_of: dt.date | None) -> Dataset:
    """Return the dataset with the days of its forecasts.

    Parameters
    ----------
    publication : int
        Days from the end of the year after an origin to the publication of its outcome.
    as_of : date, optional
        As of `build_dataset`.
    """
    years, days = _delay(dataset.outcome, dataset.years, publication, as_of)
    return replace(dataset, delay_years=years, delay_days=days)


def _delay(level: Float, years: Int, publication: int, as_of: dt.date | None) -> tuple[int, int]:
    """Return the years and days from the end of the year after an origin to its forecast."""
    if as_of is None:
        return 0, publication
    newest = common_origin(level, years)
    published = available_from(newest, publication)
    if as_of.year > published.year + LATEST_YEARS:
        raise InputError(
            f"--as-of {as_of}: more than {LATEST_YEARS} years after the outcome of {newest}, the "
            f"newest of the panel, was published ({published}); correct the day or bring a newer "
            "panel"
        )
    if as_of <= dt.date(newest, 12, 31):
        raise InputError(
            f"--as-of {as_of}: the panel has the outcome of {newest}, a year that was not over "
            f"then; give a day from {published} on, when it was published"
        )
    years_later = as_of.year - newest - 2
    return years_later, (as_of - available_from(newest + years_later, 0)).days


def common_origin(outcome: Float, years: Int, noun: str = "city") -> int:
    """Return the newest year with an outcome for at least 90 % of the cities.

    Parameters
    ----------
    outcome : ndarray, shape (cities, years)
    years : ndarray, shape (years,)
    noun : str
        What a place is called, for the error.

    Raises
    ------
    InputError
        If no year reaches that share.
    """
    share = np.isfinite(outcome).mean(axis=0)
    enough = np.flatnonzero(share >= COMMON_ORIGIN_SHARE)
    if not enough.size:
        places = of_places("cities", noun)
        raise InputError(
            f"outcome: no year has a value for {COMMON_ORIGIN_SHARE:.0%} of the {places}, the best "
            f"is {years[share.argmax()]} with {share.max():.0%}; leave out {places} without data"
        )
    return int(years[enough[-1]])
