"""The keys of a table that is read in blocks: which place each row is of, every place once.

What a place is called and whether it is kept depends on its keys alone (name, province, code,
nation) and on the years in which it stands. So the steps of `row_steps` are taken with one row for
each place, and what they decide holds for all of its rows.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from city_resilience.reading.account import Aside, RowsAside
from city_resilience.reading.column_cells import as_text
from city_resilience.reading.headers import Layout
from city_resilience.reading.issues import Issue
from city_resilience.reading.row_blocks import BlockTable
from city_resilience.reading.row_steps import (
    Mask,
    Rows,
    keep_scope,
    leave_out_blank,
    read_keys,
    tell_apart,
)
from city_resilience.unfinished import Scratch

__all__ = [
    "Gathered",
    "PlaceRows",
    "RowKeys",
    "counts_by",
    "place_rows",
    "scan_keys",
    "tell_apart_places",
]

_KEYS = ("city", "province", "code", "nation")
_MARK = "\x1f"
_ORDER: tuple[Aside, ...] = (
    *("blank", "keys", "scope", "total", "no_nation", "small_nation", "duplicate"),
)


@dataclass
class Gathered:
    """What is wrong with the rows of all blocks, and which of them are set aside."""

    issues: dict[str, list[Issue]] = field(default_factory=dict)
    rows_aside: dict[Aside, RowsAside] = field(default_factory=dict)

    def add(self, rows: Rows) -> None:
        """Add those of a block."""
        for about, issues in rows.issues.items():
            self.issues.setdefault(about, []).extend(issues)
        for one in rows.aside:
            self.add_aside(one)

    def add_aside(self, new: RowsAside) -> None:
        """Add rows that come after those that are set aside for the same reason."""
        old = self.rows_aside.get(new.why)
        if old is None:
            self.rows_aside[new.why] = new
            return
        spans = (*old.spans, *new.spans)
        self.rows_aside[new.why] = replace(old, rows=old.rows + new.rows, spans=spans)

    @property
    def aside(self) -> tuple[RowsAside, ...]:
        """Rows set aside, in the order of the steps."""
        chosen = (self.rows_aside[why] for why in _ORDER if why in self.rows_aside)
        return tuple(replace(one, spans=_joined(one.spans)) for one in chosen)


def _joined(spans: Sequence[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    """Return runs of rows in their order, neighbours as one."""
    joined: list[tuple[int, int]] = []
    for first, last in sorted(spans):
        if joined and joined[-1][1] + 1 == first:
            joined[-1] = joined[-1][0], last
        else:
            joined.append((first, last))
    return tuple(joined)


@dataclass(frozen=True)
class RowKeys:
    """The keys of all rows.

    Attributes
    ----------
    files : tuple of Path
        Which place each row is of (int32, -1 where it is set aside), and of which year (int16).
    rows : int
        Number of rows.
    texts : mapping of str to list of str
        ``city`` and, as far as the table has them, province, code and nation of each place.
    first : ndarray of int64, shape (places,)
        Row in the file in which each place stands first; ascending.
    span : tuple of int
        First and last year of any row.
    runs : int
        How often a row is of another place than the row before it.
    """

    files: tuple[Path, Path]
    rows: int
    texts: Mapping[str, Sequence[str]]
    first: NDArray[np.int64]
    span: tuple[int, int]
    runs: int = 0

    def of(self, first: int, count: int) -> tuple[NDArray[np.int32], NDArray[np.int16]]:
        """Return place and year of some rows, by position from 0."""
        place, year = self.files
        return (
            np.fromfile(place, np.int32, count, offset=4 * first),
            np.fromfile(year, np.int16, count, offset=2 * first),
        )

    def at(self, rows: NDArray[np.int64]) -> tuple[NDArray[np.int32], NDArray[np.int16]]:
        """Return the same of rows in any order."""
        if (
            len(rows)
            and int(rows[-1]) - int(rows[0]) == len(rows) - 1
            and (np.diff(rows) == 1).all()
        ):
            return self.of(int(rows[0]), len(rows))
        place, year = self.files
        return np.memmap(place, np.int32, "r")[rows], np.memmap(year, np.int16, "r")[rows]

    @property
    def scattered(self) -> bool:
        """Whether most rows stand apart from the other rows of their place."""
        return self.runs > len(self.first) + self.rows // 2


def scan_keys(
    table: BlockTable, layout: Layout, scope: str, scratch: Scratch
) -> tuple[RowKeys, Gathered]:
    """Read the keys of all rows.

    The other columns are read only where a row has neither city nor year, to see whether it is
    blank.
    """
    found = _scan(table, layout, scope, scratch, whole=False)
    return found or _scan(table, layout, scope, scratch, whole=True)  # type: ignore[return-value]


def _scan(
    table: BlockTable, layout: Layout, scope: str, scratch: Scratch, *, whole: bool
) -> tuple[RowKeys, Gathered] | None:
    gathered = Gathered({about: [] for about in ("city", "year", "scope")})
    places = _Places(tuple(key for key in _KEYS if key in layout.keys))
    columns = {*layout.keys.values()} | {s.position for s in layout.sources if whole}
    paths = scratch.path / "places.bin", scratch.path / "years.bin"
    with paths[0].open("wb") as place_file, paths[1].open("wb") as year_file:
        for cells in table.blocks(columns, coded=True):
            rows = Rows(cells)
            if whole:
                leave_out_blank(rows, layout)
            elif _may_be_blank(cells, layout):
                return None
            read_keys(rows, table.headers, layout)
            keep_scope(rows, table.headers, layout, scope)
            gathered.add(rows)
            places.write(rows, cells.index, place_file, year_file)
    return places.keys(table.rows, paths), gathered


def _may_be_blank(cells: pd.DataFrame, layout: Layout) -> bool:
    blank = np.ones(len(cells), dtype=bool)
    for key in ("city", "year"):
        if blank.any():
            blank &= (as_text(cells[layout.keys[key]]) == "").to_numpy(dtype=bool)
    return bool(blank.any())


class _Places:
    """The places met so far."""

    def __init__(self, names: tuple[str, ...]) -> None:
        self.names = names
        self.known: dict[str, int] = {}
        self.first: list[NDArray[np.int64]] = []
        self.span = (9999, 0)
        self.runs = 0

    def write(self, rows: Rows, index: pd.Index, place_file: BinaryIO, year_file: BinaryIO) -> None:
        """Append place and year of the rows of a block to the files."""
        places = np.full(len(index), -1, dtype=np.int32)
        years = np.zeros(len(index), dtype=np.int16)
        if len(rows.cells):
            at = rows.cells.index.to_numpy() - index[0]
            places[at], years[at] = self._places_of(rows), rows.keys["year"]
            own = rows.keys["year"]
            self.span = min(self.span[0], int(own.min())), max(self.span[1], int(own.max()))
        self.runs += int(np.count_nonzero(np.diff(places)))
        places.tofile(place_file)
        years.tofile(year_file)

    def _places_of(self, rows: Rows) -> NDArray[np.int32]:
        """Return the number of each row's place; new ones are numbered as they come."""
        coded = [pd.factorize(rows.keys[name]) for name in self.names]
        code = coded[0][0].astype(np.int64)
        for codes, texts in coded[1:]:
            code = code * max(len(texts), 1) + codes
        own, distinct = pd.factorize(code)
        at = np.full(len(distinct), len(code), dtype=np.int64)
        np.minimum.at(at, own, np.arange(len(code)))
        columns = [np.asarray(texts, dtype=object)[codes[at]] for codes, texts in coded]
        marks = [_MARK.join(texts) for texts in zip(*columns, strict=True)]
        before = len(self.known)
        numbers = [self.known.setdefault(mark, len(self.known)) for mark in marks]
        new = np.array(numbers, dtype=np.int32)
        self.first.append(rows.cells.index.to_numpy()[at[new >= before]])
        return np.asarray(new[own])

    def keys(self, rows: int, files: tuple[Path, Path]) -> RowKeys:
        """Return the keys of all rows, and forget the places."""
        columns: list[list[str]] = [[] for _ in self.names]
        texts: dict[str, str] = {}
        for mark in self.known:
            for column, text in zip(columns, mark.split(_MARK), strict=True):
                column.append(texts.setdefault(text, text))
        self.known = {}
        first = np.concatenate([np.empty(0, dtype=np.int64), *self.first])
        named = dict(zip(self.names, columns, strict=True))
        return RowKeys(files, rows, named, first, self.span, self.runs)


@dataclass
class PlaceRows(Rows):
    """One row for each place; what is set aside or counted are all of its rows.

    Attributes
    ----------
    of_place : ndarray of int64, shape (places,)
        How many rows of the table each place has.
    why : dict of str to ndarray of int
        Places set aside, with their names in ``named``.
    """

    of_place: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, dtype=np.int64))
    why: dict[Aside, NDArray[np.int64]] = field(default_factory=dict)
    named: dict[Aside, tuple[str, ...]] = field(default_factory=dict)

    def count(self, chosen: Mask) -> int:
        """Return how many rows of the table are chosen."""
        return int(self.of_place[self.keys["place"][chosen]].sum())

    def set_aside(
        self, rows: Mask, why: Aside, *, named: bool = False, names: tuple[str, ...] = ()
    ) -> None:
        """Note which places are not in the panel."""
        if rows.any():
            self.why[why] = self.keys["place"][rows]
            self.named[why] = tuple(dict.fromkeys(self.keys["city"][rows])) if named else names


def place_rows(keys: RowKeys) -> PlaceRows:
    """Return one row for each place, whose index is the row in the file where it stands first."""
    index = pd.Index(keys.first)
    columns: dict[str, Any] = {
        name: pd.Series(texts, index=index, dtype=str) for name, texts in keys.texts.items()
    }
    columns["place"] = np.arange(len(index))
    of_place = np.zeros(len(index), dtype=np.int64)
    for places, _ in _chunks(keys):
        of_place += np.bincount(places[places >= 0], minlength=len(index))
    return PlaceRows(pd.DataFrame(index=index), keys=columns, of_place=of_place)


def counts_by(keys: RowKeys) -> NDArray[np.uint8]:
    """Return in how many rows each place stands in each year, at most 255; (places, years)."""
    first, last = keys.span
    years = max(last - first + 1, 0)
    counts = np.zeros((len(keys.first), years), dtype=np.uint8)
    flat = counts.reshape(-1)
    for places, own in _chunks(keys):
        chosen = places >= 0
        at = places[chosen].astype(np.int64) * years + (own[chosen] - first)
        cells, times = np.unique(at, return_counts=True)
        flat[cells] = np.minimum(flat[cells] + times, 255)
    return counts


def _chunks(keys: RowKeys, rows: int = 1 << 18) -> Iterator[tuple[NDArray[Any], NDArray[Any]]]:
    for at in range(0, keys.rows, rows):
        yield keys.of(at, rows)


def tell_apart_places(rows: PlaceRows, counts: NDArray[np.uint8], first_year: int) -> None:
    """Give places of one name what tells them apart; see `tell_apart`."""
    names = rows.keys["city"]
    alike = np.flatnonzero(names.duplicated(keep=False).to_numpy())
    marks = {key: rows.keys[key] for key in ("province", "code", "nation") if key in rows.keys}
    rows.keys.pop("code", None)
    if not alike.size:
        return
    at, year = np.nonzero(counts[rows.keys["place"][alike]])
    order = np.argsort(year, kind="stable")
    at, year = alike[at[order]], year[order]
    index = pd.RangeIndex(len(at))
    keys: dict[str, Any] = {"city": names.iloc[at].set_axis(index), "year": year + first_year}
    keys |= {key: mark.iloc[at].set_axis(index) for key, mark in marks.items()}
    each = Rows(pd.DataFrame(index=index), keys=keys)
    tell_apart(each)
    rows.notes += each.notes
    told = names.to_numpy(dtype=object).copy()
    told[at] = each.keys["city"].to_numpy(dtype=object)
    rows.keys["city"] = pd.Series(told, index=names.index, dtype=str)
