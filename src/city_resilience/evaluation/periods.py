"""The record by period: the last four scored origins beside those before.

A mean over all years hides how the newest ones went, which is what a reader will live with. This
is the only place that says which origins are recent.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
import pandas as pd

from city_resilience.arrays import Strings
from city_resilience.evaluation.candidates import candidate_kind

__all__ = [
    "PERIOD",
    "RECENT",
    "Period",
    "Standing",
    "period_levels",
    "periods",
    "recent_rows",
    "standing",
]

PERIOD = "period"
"""Slice of the scores, with a level for each period."""
RECENT = 4
LEAST_BEFORE = 2
LEVEL = 0.02
"""Share of a rule's error below which neither is ahead: four years do not tell so little apart."""


@dataclass(frozen=True)
class Period:
    """Scored origins from the first to the last; ``recent`` where there are others before them."""

    first: int
    last: int
    recent: bool = False

    @property
    def level(self) -> str:
        """Its years, such as "2019-2022"."""
        return f"{self.first}-{self.last}" if self.first < self.last else f"{self.first}"

    @classmethod
    def of(cls, level: str, *, recent: bool) -> Period:
        """Return the period that a level names."""
        years = [int(year) for year in level.split("-")]
        return cls(years[0], years[-1], recent)


class Standing(NamedTuple):
    """How a model did beside the naive rule with the smallest error of the same years.

    ``skill`` is 1 − error / error of the rule, ``wins`` the years with the smaller error. One is
    ahead of the other by 2 % or more, and in more than half of the years; else they are level.
    """

    code: Literal["ahead", "level", "behind"]
    rule: str
    skill: float
    wins: int


def periods(origins: Iterable[int]) -> tuple[Period, ...]:
    """Divide the scored origins of a horizon.

    Returns
    -------
    tuple of Period
        The origins before and the last four; a single one where fewer than two were before.

    Examples
    --------
    >>> [period.level for period in periods(range(2010, 2023))]
    ['2010-2018', '2019-2022']
    >>> periods(range(2018, 2023))
    (Period(first=2018, last=2022, recent=False),)
    """
    years = sorted({int(year) for year in origins})
    before, recent = years[:-RECENT], years[-RECENT:]
    if len(before) < LEAST_BEFORE:
        return (Period(years[0], years[-1]),) if years else ()
    return Period(before[0], before[-1]), Period(recent[0], recent[-1], recent=True)


def period_levels(frame: pd.DataFrame) -> Strings:
    """Return the level of each row of a frame, by its horizon and origin, shape (rows,)."""
    found = np.full(len(frame), "", dtype="U9")
    horizon, origin = frame["horizon"].to_numpy(), frame["origin"].to_numpy()
    for own in (horizon == value for value in np.unique(horizon)):
        for period in periods(np.unique(origin[own])):
            found[own & (origin >= period.first) & (origin <= period.last)] = period.level
    return found


def recent_rows(scores: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of the recent period; none at a horizon with a single period."""
    rows = scores[scores["slice"] == PERIOD]
    levels = rows.groupby("horizon")["level"]
    recent = rows["level"] == levels.transform("max")
    return rows[recent & (levels.transform("nunique") > 1)]


def standing(years: pd.DataFrame, served: str) -> Standing | None:
    """Compare the errors of a model with those of the naive rules over the same years.

    Parameters
    ----------
    years : DataFrame
        Yearly errors: a row for each origin, a column for each model.

    Returns
    -------
    Standing or None
        None where the model or every other naive rule was not scored.

    Examples
    --------
    >>> years = pd.DataFrame({"blend": [1.7, 1.5], "zero": [2.0, 1.4], "last": [2.1, 1.9]})
    >>> standing(years, "blend").code
    'level'
    """
    means = years.dropna(axis="columns").mean()
    rules = means[[name != served and candidate_kind(name) == "naive" for name in means.index]]
    rules = rules[rules > 0]
    if served not in means or rules.empty:
        return None
    rule = str(rules.idxmin())
    skill, less = 1.0 - means[served] / rules[rule], years[served] - years[rule]
    code: Literal["ahead", "level", "behind"] = "level"
    if skill >= LEVEL and (less < 0).mean() > 0.5:
        code = "ahead"
    elif skill <= -LEVEL and (less > 0).mean() > 0.5:
        code = "behind"
    return Standing(code, rule, float(skill), int((less < 0).sum()))
