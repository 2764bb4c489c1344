"""Tall panels: features by column on disk, shared by origins, and rows read part by part.

Up to `TALL` city-years a task is one matrix. Beyond it a column is kept once for all origins: none
looks ahead, so that an origin reads the first years of what a later one laid out. Boosters learn
from all rows, part after part; other learners from a sample of whole cities; and the forecasts of
a sample of cities are explained.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Hashable, Iterator, Mapping
from dataclasses import dataclass, replace
from threading import RLock
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from city_resilience.arrays import Float, Int, Positions

__all__ = [
    "LISTED_CITIES",
    "SAMPLED_ROWS",
    "TALL",
    "KeptColumns",
    "TallMatrix",
    "TallRows",
    "cities_of_rows",
    "drawn_cities",
    "is_tall",
    "listed_cities",
    "on_disk",
]

TALL = 2**18
"""City-years of a panel above which it is tall.

With a hundred columns of 8 bytes a matrix of so many rows takes 200 MB, and a fold holds it and its
copies, five at most, beside those of the next fold: with two at once 2 GB.
"""
SAMPLED_ROWS = 2**15
"""Rows of a tall panel that a learner gets which needs all of its rows in memory at once.

Forests and linear programmes grow faster than their rows. What a sample costs is measured by
``benchmarks/train_scale.py --tolerance``.
"""
LISTED_CITIES = 1000
"""Cities of a tall panel that are explained, and listed on pages and sheets, drawn at random.

A mean over so many is known to about 3 %, and a page of them is of 2 MB.
"""
PART = 2**15  # rows that are laid out at once: 13 MB of float32 for a hundred columns
SEED = 19


def is_tall(cities: int, years: int) -> bool:
    """Whether a panel of so many cities and years is tall."""
    return cities * years > TALL


def drawn_cities(cities: int, most: int, seed: int = SEED) -> Positions:
    """Return positions of cities drawn at random, in their order; all where there are no more.

    Draws of one seed hold each other: more cities add to fewer.
    """
    if cities <= most:
        return np.arange(cities)
    return np.sort(np.random.default_rng(seed).permutation(cities)[:most])


def cities_of_rows(cities: Positions, seed: int = SEED) -> Positions:
    """Return cities drawn of those of some rows, which have about ``SAMPLED_ROWS`` of them."""
    known = np.unique(cities)
    most = max(1, SAMPLED_ROWS * len(known) // max(len(cities), 1))
    return np.asarray(known[drawn_cities(len(known), most, seed)])


def listed_cities(cities: int) -> Positions:
    """Return positions of the cities of a tall panel that are explained and listed."""
    return drawn_cities(cities, LISTED_CITIES)


def on_disk(values: Float) -> Float:
    """Return an array as a file that is mapped to memory, and that goes when it is let go."""
    with tempfile.TemporaryFile(prefix="city-resilience-") as file:
        kept = np.memmap(file, dtype=values.dtype, mode="w+", shape=values.shape)
    kept[...] = values
    return kept


class KeptColumns:
    """Columns of shape (cities, years) on disk, made once for all origins that read them."""

    def __init__(self, made: Mapping[Hashable, Float] = MappingProxyType({})) -> None:
        self._made: dict[Hashable, Float] = dict(made)
        self._lock = RLock()

    def __reduce__(self) -> tuple[type[KeptColumns], tuple[()]]:
        """Travel to another process empty; it lays out its own."""
        return KeptColumns, ()

    def reduce_to_files(self) -> tuple[Any, ...]:
        """Travel with what is laid out, to a process that maps the files of large arrays."""
        with self._lock:
            return KeptColumns, (dict(self._made),)

    def column(self, key: Hashable, years: int, make: Callable[[], Float]) -> Float:
        """Return the first years of a column, laid out where it is not there for as many.

        Parameters
        ----------
        make : callable
            Gives the column for exactly so many years, from what is known in the last of them.
        """
        with self._lock:
            found = self._made.get(key)
            if found is None or found.shape[1] < years:
                found = self._made[key] = on_disk(make())
            return found[:, :years]


@dataclass(frozen=True)
class TallMatrix:
    """Columns of all cities and years, read as an array of shape (cities, years, columns) is.

    Attributes
    ----------
    columns : tuple of ndarray, shape (cities, years)
    """

    columns: tuple[Float, ...]

    def __len__(self) -> int:
        return len(self.columns[0]) if self.columns else 0

    @property
    def shape(self) -> tuple[int, int, int]:
        """Cities, years and columns."""
        return (*(self.columns[0].shape if self.columns else (0, 0)), len(self.columns))

    def __getitem__(self, key: tuple[Any, ...]) -> Float:
        """Return what (cities, years) or (cities, years, column) choose."""
        if len(key) == 3:
            return np.asarray(self.columns[key[2]][key[:2]])
        return np.stack([np.asarray(own[key]) for own in self.columns], axis=-1)


@dataclass(frozen=True)
class TallRows:
    """Rows of a matrix, chosen and laid out as an array of shape (rows, columns) is.

    Attributes
    ----------
    columns : tuple of ndarray, shape (cities, years)
    city, year : ndarray of int, shape (rows,)
    """

    columns: tuple[Float, ...]
    city: Int
    year: Int

    def __len__(self) -> int:
        return len(self.city)

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return len(self.city), len(self.columns)

    def __getitem__(self, key: Any) -> TallRows:
        """Choose rows, by ``[rows]``, or columns, by ``[:, columns]``."""
        if isinstance(key, tuple):
            every, chosen = key
            return replace(self[every], columns=tuple(self.columns[k] for k in chosen))
        return replace(self, city=self.city[key], year=self.year[key])

    def __reduce__(self) -> tuple[type[TallRows], tuple[Any, ...]]:
        """Travel to another process without what was made of it here."""
        return TallRows, (self.columns, self.city, self.year)

    def __array__(self, dtype: DTypeLike | None = None, copy: bool | None = None) -> NDArray[Any]:
        """Lay all rows out."""
        found = np.empty(self.shape, dtype=dtype or np.float64)
        for k, own in enumerate(self.columns):
            found[:, k] = own[self.city, self.year]
        return found

    def parts(self) -> Iterator[tuple[slice, NDArray[np.float32]]]:
        """Yield some rows after another, laid out as trees read them."""
        for first in range(0, len(self), PART):
            rows = slice(first, first + PART)
            yield rows, np.asarray(self[rows], dtype=np.float32)
