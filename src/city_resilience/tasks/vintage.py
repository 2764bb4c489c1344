"""A vintage: a panel as it was published on one day, laid on the newest one."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from city_resilience.arrays import Float
from city_resilience.indicators.formulas.nation import Nation

__all__ = ["Vintage"]


@dataclass(frozen=True)
class Vintage:
    """An earlier panel on the cities, years and indicators of the newest one.

    Attributes
    ----------
    day : date
        On which it was published.
    outcome : ndarray, shape (cities, years)
        NaN where this panel has nothing.
    indicators : ndarray, shape (cities, years, k)
        In the order of the newest panel's; NaN where this panel has nothing.
    nation : Nation
        How its cities make up the nation.
    source : str
        Name of its file.
    """

    day: dt.date
    outcome: Float
    indicators: Float
    nation: Nation
    source: str
