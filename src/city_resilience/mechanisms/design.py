"""What the claims are tested on: outcomes, indices, controls, channels and policies of a panel."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from city_resilience.arrays import Float, Int, Mask, Strings

__all__ = ["NEVER", "Design", "Makeup", "Policy", "Series", "ahead_of", "reach_of"]

NEVER = 0


@dataclass(frozen=True)
class Makeup:
    """What an index of several components is made from, see `index_values`.

    Attributes
    ----------
    parts : ndarray of float64, shape (k, cities, years)
    signs : tuple of int, length k
        1 more is more digital, -1 less.
    years : ndarray of bool, shape (years,)
        Years from which moments, ranges and weights are taken.
    """

    parts: Float
    signs: tuple[int, ...]
    years: Mask


@dataclass(frozen=True)
class Series:
    """One column of the design.

    Attributes
    ----------
    name : str
    values : ndarray of float64, shape (cities, years)
        NaN = unknown.
    label_en, label_zh, unit : str
    family : str
        Family of the indicator; "" for an outcome.
    direction : int
        1 where more of an indicator is better, -1 where less is, 0 where that is open.
    behind : frozenset of str
        Ids of the variables of the panel that it is computed from.
    components : tuple of str
        Indicators of an index or of a composite.
    frozen : bool
        Whether ranges and weights of an index come from a stated window; true for one indicator.
    windows : tuple of str
        Shocks of an outcome that is measured over them: its values stand in the year before each
        shock, NaN in all other years.
    own_year : bool
        Whether an outcome stands in its own year, as a composite and a level do, and not for what
        follows on it.
    censored : float
        Share of the places and shocks of which an outcome is only known to be larger, so that they
        have no value; NaN where it cannot be so.
    makeup : Makeup or None
        Of an index, None for one indicator.
    """

    name: str
    values: Float
    label_en: str = ""
    label_zh: str = ""
    unit: str = ""
    family: str = ""
    direction: int = 0
    behind: frozenset[str] = frozenset()
    components: tuple[str, ...] = ()
    frozen: bool = True
    windows: tuple[str, ...] = ()
    own_year: bool = False
    censored: float = np.nan
    makeup: Makeup | None = None


def reach_of(outcome: Series, horizon: int) -> int:
    """Return how many years beyond its column an outcome that has a value every year reaches.

    A composite or a level stands in its own year, growth reaches to the end of its horizon.
    """
    return 0 if outcome.own_year else horizon


def ahead_of(outcome: Series, horizon: int) -> int:
    """Return how many columns before that of joining a policy affects in part."""
    return max(reach_of(outcome, horizon) - 1, 0)


@dataclass(frozen=True)
class Policy:
    """A policy that places join in different years.

    Attributes
    ----------
    name : str
    since : ndarray of int64, shape (cities,)
        First year of each place; `NEVER` for a place that did not join.
    partial : ndarray of bool, shape (cities,)
        Places of which only a county or district takes part; ``since`` is `NEVER` there in a pilot
        of the gazetteer, while a column of the user may count them as a whole.
    label_en, label_zh : str
    """

    name: str
    since: Int
    partial: Mask
    label_en: str = ""
    label_zh: str = ""


@dataclass(frozen=True)
class Design:
    """All that `mechanisms` reads; every array begins with an axis of the cities.

    An outcome in the column of year t is what follows on t (a growth gap from t to t + h, a
    resistance over a shock that begins after t), or stands in t (a composite, a level); treatment,
    controls and mediators in that column are those of t.

    Attributes
    ----------
    cities : tuple of str
    years : ndarray of int64, shape (years,)
        Consecutive years.
    outcomes, treatments, controls, mediators, thresholds : mapping of str to Series
    groups : mapping of str to ndarray of str, shape (cities,)
        Slices by which places may differ, without the province; "" or "none" where unknown.
    province : ndarray of str, shape (cities,)
        "" where unknown; each city its own where the panel has no provinces.
    coordinates : ndarray of float64, shape (cities, 2), or None
        Longitude and latitude in degrees.
    policies : mapping of str to Policy
    variables : mapping of str to Series
        Variables of the panel from which the columns are computed.
    simulated : bool
        Whether the panel is made up.
    noun : str
        What the places are, such as ``city`` or ``state``.
    """

    cities: tuple[str, ...]
    years: Int
    outcomes: Mapping[str, Series]
    treatments: Mapping[str, Series]
    controls: Mapping[str, Series] = field(default_factory=dict)
    mediators: Mapping[str, Series] = field(default_factory=dict)
    thresholds: Mapping[str, Series] = field(default_factory=dict)
    groups: Mapping[str, Strings] = field(default_factory=dict)
    province: Strings = field(default_factory=lambda: np.empty(0, dtype=str))
    coordinates: Float | None = None
    policies: Mapping[str, Policy] = field(default_factory=dict)
    variables: Mapping[str, Series] = field(default_factory=dict)
    simulated: bool = False
    noun: str = "city"

    @property
    def shape(self) -> tuple[int, int]:
        """Number of cities and of years."""
        return len(self.cities), len(self.years)

    def series(self, name: str) -> Series:
        """Return an outcome, treatment, control, mediator or threshold variable by its name."""
        for table in (
            self.treatments,
            self.controls,
            self.mediators,
            self.thresholds,
            self.outcomes,
        ):
            if name in table:
                return table[name]
        raise KeyError(name)
