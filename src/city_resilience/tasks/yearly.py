"""Labels over one year of any cities of a view, with the bits of `AsOf.labels` of all of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from typing import Any

import numpy as np

from city_resilience.arrays import Float
from city_resilience.indicators.formulas.nation import Nation
from city_resilience.indicators.formulas.together import (
    Key,
    Part,
    Pending,
    asked_by,
    asking,
    independent,
)
from city_resilience.memory import batches_of, rows_of
from city_resilience.tasks.dataset import AsOf
from city_resilience.tasks.outcome import label_of

__all__ = ["Labels", "in_order_sum", "yearly_labels"]

Labels = Callable[[slice], Float]
"""Cities to their labels, shape (cities, years)."""
_TOGETHER = 2**16  # numbers that are added at once


def yearly_labels(view: AsOf, level: Labels | None = None) -> Labels:
    """Return what gives the labels over one year of some cities, in the measure's unit.

    What they need of all cities is brought together first, in passes over batches of cities, so
    that no array of all cities and years is held.

    Parameters
    ----------
    view : AsOf
        Its outcome may lie in a file.
    level : callable, optional
        Gives the outcome of some cities where it is not the view's.
    """
    level = level or partial(rows_of, view.outcome)
    known: dict[Key, Any] = {}
    while found := _asked(view, level, known):
        known |= found
    return partial(_labels, view, level, known)


def _asked(view: AsOf, level: Labels, known: Mapping[Key, Any]) -> dict[Key, Any]:
    """Pass over the cities and return what they ask of all cities and is not known yet."""
    found: dict[Key, Any] = {}

    def keep(key: Key, part: Part) -> None:
        found[key] = part.onto(found.get(key))

    for rows in batches_of(len(view.outcome)):
        try:
            _labels(view, level, known, rows, keep)
        except Pending:
            continue
        break  # where one batch waits for nothing, no batch does
    return found


def _labels(
    view: AsOf,
    level: Labels,
    known: Mapping[Key, Any],
    rows: slice,
    keep: Callable[[Key, Part], None] | None = None,
) -> Float:
    outcome, numbers = level(rows), view.nation.own
    own = np.zeros(len(outcome), dtype=np.int64) if numbers is None else numbers[rows]
    weight = None if view.nation.weight is None else rows_of(view.nation.weight, rows)
    nations = np.unique(own).tolist()

    def label(number: int) -> Float:
        cities = own == number
        nation = Nation(view.nation.way, None if weight is None else weight[cities])
        with asked_by(str(number), "@yearly"):
            return label_of(view.measure, outcome[cities], 1, nation=nation)

    labels = np.empty(outcome.shape)
    first = {"": 0, **{str(number): 0 for number in nations}}
    with asking(known, first, keep or _unexpected):
        found = independent(*(partial(label, number) for number in nations))
    for number, values in zip(nations, found, strict=True):
        labels[own == number] = values
    return labels


def _unexpected(key: Key, _: Part) -> None:
    raise ValueError(f"{key}: a label asks of all cities what no pass brought together")


def in_order_sum(parts: Iterable[Float], count: int) -> float:
    """Sum numbers that come in parts, with the bits of numpy's sum of all of them.

    numpy adds in pairs: it halves an array at a multiple of 8 until little is left. The same
    halves are taken here, so that only a part of them has to be there.

    Parameters
    ----------
    parts : iterable of ndarray, one axis
    count : int
        How many numbers come.

    Examples
    --------
    >>> in_order_sum([np.array([1.0, 2.0]), np.array([3.0])], 3)
    6.0
    """
    return _halved(_Taken(iter(parts)), count)


def _halved(taken: _Taken, count: int) -> float:
    if count <= _TOGETHER:
        return float(np.add.reduce(taken(count)))
    half = count // 2 - count // 2 % 8
    return _halved(taken, half) + _halved(taken, count - half)


class _Taken:
    """Takes so many numbers after another from parts of any length."""

    def __init__(self, parts: Iterator[Float]) -> None:
        self._parts, self._rest = parts, np.empty(0)

    def __call__(self, count: int) -> Float:
        while len(self._rest) < count:
            self._rest = np.concatenate([self._rest, next(self._parts)])
        own, self._rest = self._rest[:count], self._rest[count:]
        return own
