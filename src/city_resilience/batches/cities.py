"""A panel as batches of whole cities, read one after another."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from city_resilience.catalogue.variables import Variable
from city_resilience.memory import BATCH, Rows, batches_of, rows_of
from city_resilience.reading.panel import Grid

__all__ = ["CityBatches"]


@dataclass(frozen=True)
class CityBatches:
    """A panel as batches of whole cities, in the order of its cities.

    Attributes
    ----------
    grid : Grid
        All cities. Its values may lie on disk, as `numpy.memmap` of shape (cities, years); names,
        provinces, nations and coordinates of the cities are in memory.
    variables : mapping of str to Variable
        Meaning of the values.
    source : str
        Name of the file, for errors.
    headers : mapping of str to str
        Variable id to the header of its column in the file.
    size : int
        Cities of a batch.
    """

    grid: Grid
    variables: Mapping[str, Variable]
    source: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    size: int = BATCH

    def slices(self) -> Iterator[slice]:
        """Yield batches in the order of the cities, for what asks about no other city."""
        return batches_of(len(self.grid.cities), self.size)

    def batches(self) -> Iterator[tuple[Rows, dict[str, int]]]:
        """Yield the rows of each batch, of one nation each where nations are named.

        With them comes the place, among the cities of its nation, of the first one; the nation is
        "" where none is named.
        """
        if self.grid.nation is None:
            yield from ((rows, {"": rows.start}) for rows in self.slices())
            return
        names, codes = np.unique(self.grid.nation, return_inverse=True)
        ends = np.cumsum(np.bincount(codes))
        order = np.argsort(codes, kind="stable")
        for name, own in zip(names.tolist(), np.split(order, ends[:-1]), strict=True):
            for start in range(0, len(own), self.size):
                yield own[start : start + self.size], {"": 0, name: start}

    def read(self, rows: Rows, names: Collection[str]) -> Grid:
        """Return some variables of a batch, in memory."""
        values = {name: rows_of(self.grid.values[name], rows) for name in names}
        grid = self.grid
        keys = Grid(grid.cities, grid.years, {}, grid.province, grid.coordinates, grid.nation)
        return replace(keys.of(rows), values=values)
