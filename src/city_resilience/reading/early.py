"""Early releases as they are read: what groups of cities published, and when."""

from __future__ import annotations

from dataclasses import dataclass

from city_resilience.arrays import Float, Int, Positions
from city_resilience.experiment.early import Concept, Vintage

__all__ = ["EarlyRelease"]


@dataclass(frozen=True)
class EarlyRelease:
    """The figures of one release as growth, whatever they were published as.

    Attributes
    ----------
    name : str
        As the experiment names it.
    group : str
        A group of the panel, ``nation`` or ``city``.
    levels : tuple of str
        Values of that group in the panel, sorted; the cities themselves for ``city``, and ``""``
        alone for the nation. A level that published nothing has only NaN.
    member : ndarray of int, shape (cities,)
        Position in `levels` of each city, the cities sorted as in the panel.
    years : ndarray of int64, shape (years,)
        Consecutive years.
    growth : ndarray, shape (levels, years)
        100 ln(value in the year / value in the year before), in log points; NaN = not published.
    published : ndarray of int64, shape (levels, years)
        Day of publication as `datetime.date.toordinal`; 0 where there is no figure.
    nominal : bool
        Whether it is growth at the prices of each year.
    concept, vintage : str
        As in the experiment.
    label_en, label_zh : str
        Names in the report; the name where none is given.
    notes : tuple of str
        What was left out or looked odd, one sentence each.
    """

    name: str
    group: str
    levels: tuple[str, ...]
    member: Positions
    years: Int
    growth: Float
    published: Int
    nominal: bool = False
    concept: Concept = "same"
    vintage: Vintage = "revised"
    label_en: str = ""
    label_zh: str = ""
    notes: tuple[str, ...] = ()
