"""A panel of any size: its columns in files, its cities read in batches.

It is a `Panel` to everyone who asks for its grid or for some of its cities. Its ``frame`` gathers
everything in memory, which is right and, for a large panel, what nobody wants.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from city_resilience.reading.coordinates import located, stated_coordinates
from city_resilience.reading.issues import Issue, Place
from city_resilience.reading.panel import Grid, Mask, Panel
from city_resilience.reading.stored_columns import (
    ColumnFile,
    NumberFiles,
    NumberRows,
    Store,
    TextFile,
)

__all__ = ["BATCH_CITIES", "StoredGrid", "StoredPanel"]

BATCH_CITIES = 5_000
"""Cities looked at together: 20 variables of 20 years are 16 MB, and enough for fifths by size."""
Rows = NDArray[np.intp] | slice


@dataclass(frozen=True)
class StoredGrid(Grid):
    """A grid whose variables are mapped from files, each when it is asked for."""

    def of(self, cities: Rows) -> Grid:
        """Return the grid of some cities, whose variables are read when they are asked for.

        Of all of them it is the grid itself.
        """
        if isinstance(cities, slice) and cities == slice(None):
            return self
        assert isinstance(self.values, NumberFiles)
        province, coordinates, nation = self.province, self.coordinates, self.nation
        names = self.cities
        return Grid(
            names[cities]
            if isinstance(cities, slice)
            else tuple(names[at] for at in cities.tolist()),
            self.years,
            NumberRows(self.values.files, cities),
            None if province is None else province[cities],
            None if coordinates is None else coordinates[cities],
            None if nation is None else nation[cities],
        )


@dataclass(frozen=True)
class StoredPanel(Panel):
    """A panel whose columns lie in files.

    Attributes
    ----------
    store : Store
    """

    frame: pd.DataFrame = field(init=False, repr=False, compare=False)
    store: Store = field(kw_only=True)

    def __getattr__(self, name: str) -> Any:
        """Gather the frame, and the rows in the file, of the whole panel."""
        if name != "frame":
            raise AttributeError(name)
        frame = self.of(slice(None)).frame
        object.__setattr__(self, "frame", frame)
        return frame

    @property
    def cities(self) -> list[str]:
        """Sorted names of the cities."""
        return list(self.store.cities)

    @property
    def years(self) -> range:
        """Every year from the first to the last of the panel."""
        return range(int(self.store.years[0]), int(self.store.years[-1]) + 1)

    @property
    def columns(self) -> list[str]:
        """Names of the columns that the frame would have."""
        return ["city", "year", *self.store.texts, *self.variables]

    @property
    def city_years(self) -> int:
        """Number of rows that the frame would have."""
        return sum(int((self.store.rows.rows(rows) > 0).sum()) for rows in self.in_order())

    def among(self, cities: Collection[str]) -> Panel:
        """Return some cities as a panel in memory."""
        return self.of(self.positions(cities))

    def batches(self, cities: int = 0) -> list[Rows]:
        """Return the positions of cities that are looked at together, each once.

        Parameters
        ----------
        cities : int
            How many at most, in batches of one size; `BATCH_CITIES` where 0.

        Returns
        -------
        list of slice or ndarray of int
            Of one nation each where there are several.
        """
        most = cities or BATCH_CITIES
        if "nation" not in self.store.texts:
            ends = _shares(self.store.shape[0], most)
            return [slice(first, end) for first, end in pairwise(ends)]
        nation = self.slices()["nation"]
        own = (np.flatnonzero(nation == name) for name in np.unique(nation))
        return [
            rows[first:end] for rows in own for first, end in pairwise(_shares(len(rows), most))
        ]

    def of(self, cities: Rows, names: Collection[str] | None = None) -> Panel:
        """Return some cities as a panel in memory, with their issues.

        Parameters
        ----------
        cities : slice or ndarray of int
            Positions in the grid.
        names : collection of str, optional
            Variables; all where not given.

        Returns
        -------
        Panel
            Its grid has every year of this panel.
        """
        store = self.store
        own = [name for name in self.variables if names is None or name in names]
        rows = store.rows.rows(cities)
        city, year = np.nonzero(rows)
        chosen = np.array(store.cities, dtype=object)[cities]
        grid = self.grid().of(cities) if names is None else None
        values = {name: grid.values[name] for name in own} if grid else self._rows_of(cities, own)
        columns: dict[str, Any] = {
            "city": pd.array(chosen, dtype="str").take(city),
            "year": store.years[year],
        }
        for name, text in store.texts.items():
            codes = text.codes.rows(cities)[city, year]
            columns[name] = pd.array([*text.texts, ""], dtype="str").take(
                np.where(codes < 0, len(text.texts), codes)
            )
        frame = pd.DataFrame(columns | {name: values[name][city, year] for name in own})
        panel = Panel(
            frame=frame,
            variables={name: self.variables[name] for name in own},
            groups=self.groups,
            source=self.source,
            rows=rows[city, year],
            headers=self.headers,
            issues=self._issues_of(chosen),
        )
        if grid is not None:
            panel.__dict__["_grid"] = grid
        return panel

    def _rows_of(self, cities: Rows, names: Sequence[str]) -> dict[str, NDArray[np.float64]]:
        return {name: self.store.numbers[name].rows(cities) for name in names}

    def _issues_of(self, cities: NDArray[np.object_]) -> tuple[Issue, ...]:
        if not self._by_city:
            return ()
        return tuple(issue for city in cities for issue in self._by_city.get(city, ()))

    @cached_property
    def _by_city(self) -> Mapping[str, list[Issue]]:
        found: dict[str, list[Issue]] = {}
        for issue in self.issues:
            if issue.city:
                found.setdefault(issue.city, []).append(issue)
        return found

    def place(self, position: int, variable: str = "") -> Place:
        """Return where the cell of a city and year, by its place in the grid laid flat, stands."""
        row = int(self.store.rows.read().reshape(-1)[position])
        return Place(row=row, header=self.headers.get(variable, "")) if row else Place()

    def truncate(self, year: int) -> Panel:
        """Return the panel as it stood when ``year`` was its newest year."""
        kept = self.store.years <= year
        if kept.all():
            return self
        return _rewritten(self, kept, lambda rows: np.asarray((rows[:, kept] > 0).any(axis=1)))

    def without(self, cities: Collection[str]) -> StoredPanel:
        """Return the panel without some cities."""
        left = np.ones(self.store.shape[0], dtype=bool)
        left[self.positions(cities)] = False
        every = np.ones(len(self.store.years), dtype=bool)
        return _rewritten(self, every, lambda rows: np.asarray(rows.any(axis=1)), left)

    def positions(self, cities: Collection[str]) -> NDArray[np.intp]:
        """Return where some cities stand in the grid, ascending."""
        return np.flatnonzero(np.isin(np.array(self.store.cities, dtype=object), list(cities)))

    def emptied_in(self, other: StoredPanel) -> list[str]:
        """Return the cities that have a value here, and none in another panel of them."""
        emptied: list[str] = []
        for rows in self.in_order():
            had, has = (
                np.any([np.isfinite(v).any(axis=1) for v in own._rows_of(rows, names).values()], 0)
                for own in (self, other)
                for names in [list(self.variables)]
            )
            emptied += np.array(self.store.cities[rows], dtype=object)[had & ~has].tolist()
        return emptied

    def fingerprint(self) -> str:
        """Return the hash of keys, columns and values that the same panel in memory has."""
        digest = hashlib.sha256("\x1f".join(self.columns).encode())
        for name in self.columns:
            between = b""
            for rows in self.in_order():
                part = self._column(name, rows)
                if part.dtype.kind in "fi":
                    digest.update(np.ascontiguousarray(part).tobytes())
                elif len(part):
                    digest.update(between + "\x1f".join(part.tolist()).encode())
                    between = b"\x1f"
        return digest.hexdigest()[:16]

    def in_order(self) -> Iterator[slice]:
        """Yield the positions of a batch of cities after another, in the order of the grid."""
        return (slice(at, at + BATCH_CITIES) for at in range(0, self.store.shape[0], BATCH_CITIES))

    def _column(self, name: str, cities: slice) -> NDArray[Any]:
        """Return one column of the frame, for some cities."""
        store = self.store
        city, year = np.nonzero(store.rows.rows(cities))
        if name == "city":
            return np.array(store.cities[cities], dtype=object)[city]
        if name == "year":
            return store.years[year]
        if name in store.texts:
            text = store.texts[name]
            return text.of(text.codes.rows(cities)[city, year])
        return store.numbers[name].rows(cities)[city, year]

    def slices(self) -> dict[str, NDArray[np.str_]]:
        """Return the groups of each city by its newest row, shape (cities,), "" where unknown."""
        return {name: self._newest(name) for name in self.store.texts}  # type: ignore[misc]

    def _newest(self, key: str) -> NDArray[np.str_] | None:
        if key not in self.store.texts:
            return None
        grid: Grid | None = self.__dict__.get("_grid")
        if grid is not None and key in ("province", "nation"):
            return grid.province if key == "province" else grid.nation
        text = self.store.texts[key]
        found = [text.of(_last(text.codes.rows(rows))) for rows in self.in_order()]
        return np.concatenate([own.astype(np.str_) for own in found])

    @cached_property
    def _grid(self) -> Grid:
        store, values = self.store, NumberFiles(self.store.numbers)
        province, nation = map(self._newest, ("province", "nation"))
        coordinates = None
        if {"longitude", "latitude"} <= set(values):
            sides = ("longitude", "latitude")
            parts = [stated_coordinates(self._rows_of(rows, sides)) for rows in self.in_order()]
            coordinates = np.concatenate([part for part in parts if part is not None])
        else:
            names = () if province is None else province
            coordinates = located(store.cities, names)
        return StoredGrid(store.cities, store.years, values, province, coordinates, nation)

    def mask(self, cells: Mapping[str, Mask], notes: Sequence[str]) -> Panel:
        """Return the panel with some cells unknown; see `Panel.mask`."""
        flat = {name: np.flatnonzero(mask) for name, mask in cells.items()}
        return self.unknown(flat, notes)

    def unknown(self, cells: Mapping[str, NDArray[np.int64]], notes: Sequence[str]) -> StoredPanel:
        """Return the panel with some cells, by their place in the grid laid flat, unknown."""
        masked = replace(
            self.blanked(cells),
            notes=(*self.notes, *notes),
            masked=(*self.masked, *notes),
        )
        numbers = NumberFiles(masked.store.numbers)
        masked.__dict__["_grid"] = replace(self.grid(), values=numbers)
        return masked

    def blanked(self, cells: Mapping[str, NDArray[np.int64]]) -> StoredPanel:
        """Return the same without a word about it."""
        numbers = dict(self.store.numbers)
        for name, at in cells.items():
            numbers[name] = numbers[name].copied()
            numbers[name].put(np.sort(at), np.full(len(at), np.nan))
        return replace(self, store=replace(self.store, numbers=numbers))

    def changed(
        self, names: Collection[str], change: Callable[[Panel], Mapping[str, NDArray[np.float64]]]
    ) -> StoredPanel:
        """Return the panel with other values of some variables, batch by batch.

        Parameters
        ----------
        names : collection of str
            Variables that change.
        change : callable
            Returns them of a batch by id, row by row of its frame.
        """
        numbers = dict(self.store.numbers) | {
            name: self.store.numbers[name].copied() for name in names
        }
        for cities in self.in_order():
            present = np.flatnonzero(self.store.rows.rows(cities))
            first = cities.start * self.store.shape[1]
            for name, values in change(self.of(cities, names)).items():
                numbers[name].put(present + first, values)
        return replace(self, store=replace(self.store, numbers=numbers))

    def grouped(self, name: str, labels: Sequence[str]) -> StoredPanel:
        """Return the panel with a group that each city has in all of its rows."""
        codes, texts = pd.factorize(np.array(labels, dtype=object))
        file = ColumnFile.blank(self.store.scratch, self.store.shape, "<i4")
        for cities in self.in_order():
            city, year = np.nonzero(self.store.rows.rows(cities))
            city += cities.start
            file.put(city * self.store.shape[1] + year, codes[city].astype(np.int32))
        own = {**self.store.texts, name: TextFile(file, tuple(map(str, texts)))}
        return replace(self, store=replace(self.store, texts=own))


def _shares(cities: int, most: int) -> list[int]:
    """Return where batches of cities begin and end, none much smaller than the others."""
    count = -(-cities // most)
    return [cities * batch // count for batch in range(count + 1)]


def _last(codes: NDArray[np.int32]) -> NDArray[np.int32]:
    """Return the code of each city's newest row; shape (cities,)."""
    there = codes >= 0
    newest = codes.shape[1] - 1 - there[:, ::-1].argmax(axis=1)
    return np.asarray(codes[np.arange(len(codes)), newest])


def _rewritten(
    panel: StoredPanel,
    years: Mask,
    is_left: Callable[[NDArray[np.int64]], Mask],
    cities: Mask | None = None,
) -> StoredPanel:
    """Return the panel with some of its years, and the cities that have a row in them, in files.

    Parameters
    ----------
    panel : StoredPanel
    years : ndarray of bool
    is_left : callable
        Which of some cities, by their rows in the file, are left.
    cities : ndarray of bool, optional
        Those that may be left.
    """
    store = panel.store
    left = np.concatenate([is_left(store.rows.rows(rows)) for rows in panel.in_order()])
    left &= True if cities is None else cities
    chosen = np.flatnonzero(left)
    parts = [chosen[at : at + BATCH_CITIES] for at in range(0, len(chosen), BATCH_CITIES)]
    seen = np.zeros(len(store.years), dtype=bool)
    for rows in parts:
        seen |= (store.rows.rows(rows) > 0).any(axis=0) & years
    kept = slice(*(np.flatnonzero(seen)[[0, -1]] + [0, 1]).tolist())
    shape = (len(chosen), kept.stop - kept.start)

    def cut(file: ColumnFile) -> ColumnFile:
        new = ColumnFile.blank(store.scratch, (0, 0), file.kind)
        with new.path.open("wb") as out:
            for rows in parts:
                np.ascontiguousarray(file.rows(rows)[:, kept]).tofile(out)
        return replace(new, shape=shape)

    own = Store(
        tuple(np.array(store.cities, dtype=object)[chosen]),
        store.years[kept],
        cut(store.rows),
        {name: replace(text, codes=cut(text.codes)) for name, text in store.texts.items()},
        {name: cut(file) for name, file in store.numbers.items()},
    )
    return replace(panel, store=own)
