"""Which years are scored: what the years of a panel allow."""

from __future__ import annotations

from dataclasses import dataclass

from city_resilience.errors import InputError

__all__ = ["Schedule", "plan_years"]

LEAST_SCORED, MOST_SCORED = 5, 12
_LONGEST = 3
_WAYS = ((3, 4), (3, 3), (3, 2), (2, 2), (2, 1), (1, 1), (1, 0))  # min_history, warmup_origins
_FEWEST_YEARS = 4


@dataclass(frozen=True)
class Schedule:
    """Keys of ``[outcome]``, ``[features]`` and ``[evaluation]`` that are about years.

    Attributes
    ----------
    horizons : tuple of int
    min_history, warmup_origins, first_origin : int
    scored : int
        Years that are scored at the longest horizon.
    """

    horizons: tuple[int, ...]
    min_history: int
    warmup_origins: int
    first_origin: int
    scored: int


def plan_years(first: int, last: int) -> Schedule:
    """Choose the longest horizon and the most training with which five years can be scored.

    Parameters
    ----------
    first, last : int
        First and last year with an outcome for nearly all places.

    Raises
    ------
    InputError
        If no year can be scored at all.

    Examples
    --------
    >>> plan_years(1970, 1986).horizons, plan_years(1970, 1986).first_origin
    ((1, 2, 3), 1978)
    >>> plan_years(2013, 2020)
    Schedule(horizons=(1,), min_history=1, warmup_origins=0, first_origin=2015, scored=5)
    """
    if last - first + 1 < _FEWEST_YEARS:
        raise InputError(
            f"the panel has values for {last - first + 1} years ({first}-{last}), and a forecast "
            f"needs at least {_FEWEST_YEARS} to learn from and to be scored; bring more years"
        )
    for longest in range(_LONGEST, 0, -1):
        for history, warmup in _WAYS:
            start = first + history + 1 + warmup
            scored = last - longest - start + 1
            if scored >= LEAST_SCORED:
                start += max(0, scored - MOST_SCORED)
                return _of(longest, history, warmup, start, last)
    return _of(1, 1, 0, first + 2, last)


def _of(longest: int, history: int, warmup: int, start: int, last: int) -> Schedule:
    return Schedule(
        tuple(range(1, longest + 1)), history, warmup, start, last - longest - start + 1
    )
