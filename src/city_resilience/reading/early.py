"""Early releases as they are read: what groups of cities published, and when."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from city_resilience.arrays import Float, Int, Positions
from city_resilience.experiment.early import Concept, Vintage

__all__ = ["EarlyRelease", "contradictions"]

_ROUNDING = 0.15  # log points between two figures of one decimal that say the same
_SHOWN = 3


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
    source : str
        Name of the file, empty for a frame.
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
    source: str = ""
    notes: tuple[str, ...] = ()


def contradictions(releases: Sequence[EarlyRelease]) -> Iterator[str]:
    """Say which releases of one group give it other growth in the same year.

    Only those that should agree are compared: at the same prices, of the same concept and vintage.
    """
    for first, second in combinations(releases, 2):
        if _kind(first) != _kind(second):
            continue
        years, one, two = np.intersect1d(first.years, second.years, return_indices=True)[:3]
        found = first.growth[:, one], second.growth[:, two]
        odd = np.argwhere(np.abs(found[0] - found[1]) > _ROUNDING).tolist()
        if odd:
            shown = "; ".join(
                f"{first.levels[row] or 'the nation'} {years[at]}: "
                f"{_percent(found[0][row, at])} and {_percent(found[1][row, at])}"
                for row, at in odd[:_SHOWN]
            )
            yield (
                f"early releases {first.name!r} and {second.name!r} contradict each other in "
                f"{len(odd)} figures: {shown}{'; …' if len(odd) > _SHOWN else ''}"
            )


def _kind(release: EarlyRelease) -> tuple[object, ...]:
    return release.group, release.nominal, release.concept, release.vintage


def _percent(growth: float) -> str:
    return f"{100 * np.expm1(growth / 100):.1f} %"
