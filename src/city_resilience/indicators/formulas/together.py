"""The gate through which cities meet: all that a formula may ask about other cities.

A formula works city by city. Whatever depends on the other cities of the nation goes through
`totals`, `counts` or `gathered`, so that a panel of any size can be computed in batches of whole
cities. Outside of a pass over batches they look at the cities they are given, which are all.

In a pass (`asking`) each call is known by who asks (`asked_by`) and the how manieth call of it it
is. What earlier passes brought together is returned; where it is not there yet, what the batch
adds to it is kept, and `Pending` ends the formula. A formula that asks for something of all cities
and then for something that depends on it so takes three passes, the last of which has its values.
Sums run over the cities one after another, and go on from batch to batch: the bits are those of
one frame.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from city_resilience.arrays import Float, Int, Positions, Strings

__all__ = [
    "Asking",
    "Column",
    "Gathered",
    "GroupTotals",
    "Key",
    "Part",
    "Pending",
    "Tallies",
    "Totals",
    "asked_by",
    "asking",
    "counts",
    "gathered",
    "independent",
    "totals",
    "totals_by",
]

Key = tuple[str, str, int]
"""Nation, who asks, and which of its calls it is."""


class Pending(Exception):
    """What a formula asked for is not brought together yet."""


class Part(Protocol):
    """What the cities of a batch add to something of all cities."""

    def onto(self, whole: Any) -> Any:
        """Return the whole with this part after it; None is a whole of nothing."""

    def read(self, whole: Any, first: int) -> Any:
        """Return what the formula gets; ``first`` is the place in the nation of its first city."""


@dataclass
class Asking:
    """A batch of cities in one pass.

    Attributes
    ----------
    known : mapping of Key to Any
        What earlier passes brought together.
    first : mapping of str to int
        For each nation, the place of the batch's first city among its cities.
    keep : callable
        Takes what this batch adds to what is not known yet, each once.
    """

    known: Mapping[Key, Any]
    first: Mapping[str, int]
    keep: Callable[[Key, Part], None]
    asked: set[Key] = field(default_factory=set)
    owner: tuple[str, str] = ("", "")
    calls: int = 0

    def ask(self, part: Part) -> Any:
        """Return the whole, or keep what the batch adds to it and raise `Pending`."""
        key = (*self.owner, self.calls)
        self.calls += 1
        if key in self.known:
            return part.read(self.known[key], self.first[self.owner[0]])
        if key not in self.asked:
            self.asked.add(key)
            self.keep(key, part)
        raise Pending


_ASKING: ContextVar[Asking | None] = ContextVar("asking", default=None)


@contextmanager
def asking(
    known: Mapping[Key, Any], first: Mapping[str, int], keep: Callable[[Key, Part], None]
) -> Iterator[None]:
    """Compute a batch of cities in a pass, see `Asking`."""
    token = _ASKING.set(Asking(known, first, keep))
    try:
        yield
    finally:
        _ASKING.reset(token)


@contextmanager
def asked_by(nation: str, name: str) -> Iterator[None]:
    """Count the calls of one formula, for the cities of one nation."""
    own = _ASKING.get()
    if own is None:
        yield
        return
    outer = own.owner, own.calls
    own.owner, own.calls = (nation, name), 0
    try:
        yield
    finally:
        own.owner, own.calls = outer


def independent(*calls: Callable[[], Any]) -> list[Any]:
    """Return the results of calls none of which needs another's: they wait for the same pass."""
    results, pending = [], False
    for call in calls:
        try:
            results.append(call())
        except Pending:
            pending = True
    if pending:
        raise Pending  # anew: one that was kept would keep the arrays of its formula
    return results


def totals(*arrays: NDArray[Any]) -> list[Float]:
    """Sum each array over the cities with a value, one city after another.

    The sum of a year has the same bits whatever other years stand beside it (numpy's own sum
    depends on the shape).

    Parameters
    ----------
    *arrays : ndarray, shape (cities, ...)
        NaN = no value.

    Returns
    -------
    list of ndarray, shape (...)
        0 where no city has a value.

    Examples
    --------
    >>> totals(np.array([[1.0, np.nan], [2.0, np.nan]]))[0].tolist()
    [3.0, 0.0]
    """
    found: list[Float] = _met(Totals(arrays))
    return found


def totals_by(groups: Strings, *arrays: Float) -> list[Float]:
    """Sum each array over the cities of the same group, one city after another.

    Parameters
    ----------
    groups : ndarray of str, shape (cities,)
    *arrays : ndarray, shape (cities, years)
        NaN = no value.

    Returns
    -------
    list of ndarray, shape (cities, years)
        For each city the sum over its group; 0 where no city of the group has a value.

    Examples
    --------
    >>> totals_by(np.array(["a", "b", "a"]), np.array([[1.0], [2.0], [3.0]]))[0].ravel().tolist()
    [4.0, 2.0, 4.0]
    """
    found: list[Float] = _met(GroupTotals(groups, arrays))
    return found


def counts(own: ArrayLike) -> Int:
    """Return numbers of cities, added up over the batches.

    Parameters
    ----------
    own : array of int
        How many of the cities at hand there are of each; any shape without cities.
    """
    found: Int = _met(Tallies(own))
    return found


def gathered(columns: Float, prepare: Callable[[Float], Any] | None = None) -> tuple[Any, slice]:
    """Return the columns of all cities, and which rows are those of the cities at hand.

    Parameters
    ----------
    columns : ndarray, shape (cities, k)
    prepare : callable, optional
        Computes something of the columns of all cities, once; it is then returned in their place.
    """
    found: tuple[Any, slice] = _met(Gathered(columns, prepare))
    return found


def _met(part: Part) -> Any:
    own = _ASKING.get()
    return part.read(part.onto(None), 0) if own is None else own.ask(part)


@dataclass(frozen=True)
class Totals:
    """Values to be added up, see `totals`; the whole is the sum of each array."""

    arrays: tuple[NDArray[Any], ...]

    def onto(self, whole: list[Float] | None) -> list[Float]:
        """Go on adding."""
        return [
            _added(array, None if whole is None else whole[k])
            for k, array in enumerate(self.arrays)
        ]

    def read(self, whole: list[Float], first: int) -> list[Float]:
        """Return the sums."""
        del first
        return whole


@dataclass(frozen=True)
class GroupTotals:
    """Values to be added up by group, see `totals_by`; the whole is the sums by group."""

    groups: Strings
    arrays: tuple[Float, ...]

    def onto(self, whole: _GroupSums | None) -> _GroupSums:
        """Go on adding."""
        years = self.arrays[0].shape[1]
        sums = _GroupSums(np.zeros((len(self.arrays), 0, years))) if whole is None else whole
        names, codes = np.unique(self.groups, return_inverse=True)
        places = sums.places(names)
        own = np.concatenate([np.arange(len(names)), codes])
        for added, array in zip(sums.sums, self.arrays, strict=True):
            known = np.where(np.isfinite(array), array, 0.0)
            added[places] = _added_by(own, np.concatenate([added[places], known]))
        return sums

    def read(self, whole: _GroupSums, first: int) -> list[Float]:
        """Return the sums of each city's group."""
        del first
        names, codes = np.unique(self.groups, return_inverse=True)
        return list(whole.sums[:, whole.places(names)[codes]])


@dataclass
class _GroupSums:
    """Sums by group, shape (arrays, groups, years), and the place of each group."""

    sums: Float
    known: dict[str, int] = field(default_factory=dict)

    def places(self, names: Strings) -> Positions:
        """Return the places of groups; a new one has sums of 0."""
        for name in names.tolist():
            self.known.setdefault(name, len(self.known))
        if new := len(self.known) - self.sums.shape[1]:
            zeros = np.zeros((len(self.sums), new, self.sums.shape[2]))
            self.sums = np.concatenate([self.sums, zeros], axis=1)
        return np.array([self.known[name] for name in names.tolist()], dtype=np.intp)


@dataclass(frozen=True)
class Tallies:
    """Numbers of cities, see `counts`."""

    own: ArrayLike

    def onto(self, whole: Int | None) -> Int:
        """Go on counting."""
        own = np.asarray(self.own, dtype=np.int64)
        return own if whole is None else whole + own

    def read(self, whole: Int, first: int) -> Int:
        """Return the numbers."""
        del first
        return whole


class Column(Protocol):
    """Columns of all cities, with what was computed of them."""

    prepared: Any

    def whole(self) -> Float:
        """Return them, shape (cities, k)."""

    def below(self, rows: Float) -> Column:
        """Return them with further rows below."""


@dataclass
class _InMemory:
    rows: Float
    prepared: Any = None

    def whole(self) -> Float:
        return self.rows

    def below(self, rows: Float) -> Column:
        return _InMemory(np.concatenate([self.rows, rows]))


@dataclass(frozen=True)
class Gathered:
    """Columns to be laid one under another, see `gathered`."""

    columns: Float
    prepare: Callable[[Float], Any] | None = None

    def onto(self, whole: Column | None) -> Column:
        """Lay the columns under those before."""
        return _InMemory(self.columns) if whole is None else whole.below(self.columns)

    def read(self, whole: Column, first: int) -> tuple[Any, slice]:
        """Return all, or what is prepared of them, and the rows of the cities at hand."""
        if self.prepare is not None and whole.prepared is None:
            whole.prepared = self.prepare(whole.whole())
        own = slice(first, first + len(self.columns))
        return whole.whole() if self.prepare is None else whole.prepared, own


_FEW = 2**14  # rows that numpy adds before scipy is imported


def _added(array: NDArray[Any], before: Float | None) -> Float:
    """Sum over the first axis from ``before`` on, in its order."""
    # Rows lie one after another in memory: numpy adds those in their order.
    known = np.ascontiguousarray(np.where(np.isfinite(array), array, 0.0))
    known = known.reshape(len(known), math.prod(known.shape[1:]))
    if before is not None:
        known = np.concatenate([before.reshape(1, -1), known])
    if not len(known):
        return np.zeros(array.shape[1:])
    # It adds along the fast axis in pairs, and that is the axis of the cities of one column.
    added = known.cumsum(axis=0)[-1] if known.shape[1] == 1 else np.add.reduce(known, axis=0)
    return np.asarray(added).reshape(array.shape[1:])


def _added_by(codes: Int, rows: Float) -> Float:
    """Sum the rows of each code, in their order, shape (codes, years)."""
    if len(codes) <= _FEW:
        added = np.zeros((codes.max() + 1, *rows.shape[1:]))
        np.add.at(added, codes, rows)
        return added
    from scipy.sparse import csr_array

    kind, columns = codes.max() + 1, np.argsort(codes, kind="stable")
    starts = np.concatenate([[0], np.cumsum(np.bincount(codes, minlength=kind))])
    ones = csr_array((np.ones(len(codes)), columns, starts), shape=(kind, len(codes)))
    return np.asarray(ones @ rows)
