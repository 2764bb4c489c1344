"""The rows of one regression: complete cases of a design, in long form."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from city_resilience.arrays import Float, Int, Mask, Positions, Strings
from city_resilience.mechanisms.design import Design

__all__ = ["Sample", "complete", "sample_of", "within", "without_singletons"]


@dataclass(frozen=True)
class Sample:
    """Complete rows, sorted by city and year.

    Attributes
    ----------
    y : ndarray of float64, shape (rows,)
    x : ndarray of float64, shape (rows, variables)
    names : tuple of str
        What the columns of ``x`` hold; the treatment comes first.
    city, year, province : ndarray of int64, shape (rows,)
        Position of the city in the design, calendar year, and number of the province.
    """

    y: Float
    x: Float
    names: tuple[str, ...]
    city: Int
    year: Int
    province: Int

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.y)

    def of(self, rows: Mask | Positions) -> Sample:
        """Return the sample of some rows."""
        return replace(
            self,
            y=self.y[rows],
            x=self.x[rows],
            city=self.city[rows],
            year=self.year[rows],
            province=self.province[rows],
        )

    @property
    def counts(self) -> Mapping[str, int]:
        """Rows, places and years, by the names of `Estimate`."""
        return {
            "n": len(self),
            "cities": len(np.unique(self.city)),
            "years": len(np.unique(self.year)),
        }


def sample_of(
    design: Design,
    outcome: str,
    variables: Sequence[str | Float],
    *,
    names: Sequence[str] = (),
    cities: Mask | None = None,
    years: Mask | None = None,
) -> Sample:
    """Return the complete rows of an outcome and variables.

    Parameters
    ----------
    design : Design
    outcome : str
        Name of an outcome, or of any other series of the design.
    variables : sequence of str or ndarray of shape (cities, years)
        Names of series of the design, or arrays; the treatment first.
    names : sequence of str
        Names of the columns, needed where arrays are given.
    cities, years : ndarray of bool, optional
        Places and years that count, shapes (cities,) and (years,).

    Returns
    -------
    Sample
        Places with a single row are left out: an effect of their own absorbs it.
    """
    y = design.series(outcome).values
    columns = [design.series(r).values if isinstance(r, str) else r for r in variables]
    called = tuple(names) or tuple(r if isinstance(r, str) else "" for r in variables)
    return complete(design, y, columns, called, cities=cities, years=years)


def complete(
    design: Design,
    y: Float,
    columns: Sequence[Float],
    names: Sequence[str],
    *,
    cities: Mask | None = None,
    years: Mask | None = None,
) -> Sample:
    """Return the complete rows of arrays of shape (cities, years), see `sample_of`."""
    known = np.isfinite(y)
    for column in columns:
        known &= np.isfinite(column)
    if cities is not None:
        known &= cities[:, None]
    if years is not None:
        known &= years[None, :]
    city, at = np.nonzero(known)
    province = _numbered(design.province, len(design.cities))
    found = Sample(
        y=y[city, at],
        x=np.column_stack([c[city, at] for c in columns]) if columns else np.empty((len(city), 0)),
        names=tuple(names),
        city=city.astype(np.int64),
        year=design.years[at],
        province=province[city],
    )
    return without_singletons(found)


def without_singletons(sample: Sample, *, by_province: bool = False) -> Sample:
    """Return the sample without places and years that have one row, until none is left.

    Parameters
    ----------
    by_province : bool
        Years of each province instead: effects of its own absorb a place that is alone in one.
    """
    while len(sample):
        kept = np.ones(len(sample), dtype=bool)
        cell = np.column_stack([sample.province * by_province, sample.year])
        for key in (sample.city, cell):
            own = np.unique(key, axis=0, return_inverse=True, return_counts=True)
            kept &= own[2][own[1].ravel()] > 1
        if kept.all():
            break
        sample = sample.of(kept)
    return sample


def within(sample: Sample, values: Float) -> Float:
    """Return values less their effects of city and year, shape as given.

    Parameters
    ----------
    sample : Sample
        Rows that the values belong to.
    values : ndarray, shape (rows,) or (rows, k)

    Notes
    -----
    The method of alternating projections, by ``pyhdfe``, whose tolerance is an absolute one: each
    column is measured by its largest value. A balanced sample is solved in one step.
    """
    table = values[:, None] if values.ndim == 1 else values
    if not table.shape[1]:
        return values
    found = _balanced(sample, table)
    if found is None:
        from pyhdfe import create

        ids = np.column_stack([sample.city, sample.year])
        size = np.abs(table).max(axis=0)
        size = np.where(size > 0, size, 1.0)
        found = create(ids, drop_singletons=False).residualize(table / size) * size
    return np.asarray(found).reshape(values.shape)


def _balanced(sample: Sample, table: Float) -> Float | None:
    """Subtract means where each city has each year; None where one is missing."""
    cities, years = len(np.unique(sample.city)), len(np.unique(sample.year))
    if cities * years != len(sample):
        return None
    block = table.reshape(cities, years, -1)
    centred = (
        block - block.mean(axis=0) - block.mean(axis=1, keepdims=True) + block.mean(axis=(0, 1))
    )
    left: Float = centred.reshape(table.shape)
    return left


def _numbered(province: Strings, cities: int) -> Int:
    """Return the number of each city's province; a city without one is a province of its own."""
    if not len(province):
        return np.arange(cities, dtype=np.int64)
    _, number = np.unique(province, return_inverse=True)
    return np.where(province == "", number.max() + 1 + np.arange(cities), number).astype(np.int64)
