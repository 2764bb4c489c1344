"""A Parquet table of any size, read in blocks of rows into a panel whose columns lie in files.

Two passes. The first reads the keys and decides which places there are, by the same steps as a
table that is read at once. The second reads every other column and writes each number to the place
of its city and year, so that rows of a city that are scattered over the file come together there.

As long as the files fit into the memory that the system has free for them, that costs what sorting
costs: of 1,000,000 shuffled rows of 20 variables, 4.7 processor seconds against 2.1 for DuckDB's
sort (at most 0.5 GB) and 2.2 for reading what it wrote. Beyond that each block would touch pages of
every file that have left memory again. So scattered rows are sorted by DuckDB first where the files
are larger than the free memory, and only there.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from city_resilience.errors import InputError
from city_resilience.experiment.data import Data
from city_resilience.experiment.outcome import Outcome
from city_resilience.progress import Progress, silent
from city_resilience.reading import checks, sorting
from city_resilience.reading.account import Account, Aside, RowsAside, spans_of, unread_values
from city_resilience.reading.column_cells import (
    Written,
    as_text,
    how_written,
    notes_of,
    read_numbers,
)
from city_resilience.reading.headers import Layout, Source, lay_out
from city_resilience.reading.issues import Issue
from city_resilience.reading.nations import nation_of_rows
from city_resilience.reading.row_blocks import FIRST_ROW, BlockTable
from city_resilience.reading.row_places import (
    Gathered,
    PlaceRows,
    RowKeys,
    counts_by,
    place_rows,
    scan_keys,
    tell_apart_places,
)
from city_resilience.reading.row_steps import (
    Rows,
    blank_note,
    leave_out_nations,
    leave_out_totals,
    refuse_other_scopes,
    scope_note,
    values_of,
)
from city_resilience.reading.stored_columns import ColumnFile, Store, TextFile, check_space
from city_resilience.reading.stored_panel import StoredPanel
from city_resilience.unfinished import Scratch

__all__ = ["NO_ROWS", "SEVERAL_CITIES", "read_streamed"]

NO_ROWS = "a header and no rows; export the panel again"
SEVERAL_CITIES = 0.5  # share of repeated rows from which a coarser unit holds several cities


def read_streamed(
    table: BlockTable, data: Data, settings: Outcome, progress: Progress = silent
) -> tuple[StoredPanel, pd.Series | None]:
    """Read a panel without its corrections, as `read.read_uncorrected` does.

    Parameters
    ----------
    table : BlockTable
    data : Data
        Without a gazetteer.
    settings : Outcome
    progress : callable

    Returns
    -------
    panel : StoredPanel
        Cell for cell, issue for issue and note for note the same as if it was read at once.
    found : Series or None
        By row, the outcomes as the file has them that are not above zero.
    """
    layout = lay_out(table.headers, data, settings)
    if not table.rows:
        raise InputError(NO_ROWS)
    scratch = Scratch()
    progress("read", 0, 2 * table.rows)
    keys, gathered = scan_keys(table, layout, data.scope, scratch)
    progress("read", table.rows, 2 * table.rows)
    if gathered.rows_aside.get("blank", RowsAside("blank", 0, ())).rows == table.rows:
        raise InputError(NO_ROWS)
    refuse_other_scopes(len(keys.first), layout, data.scope)
    written = _written(table, layout, data)
    places = _settled(table, layout, data, settings.variable, (keys, gathered, written))
    _check_outcome(settings.variable, layout)
    keys = replace(keys, texts={})
    filling = _Filling.of(keys, places, layout, scratch, table.rows, gathered)
    for block in filling.blocks(table, layout):
        filling.fill(block, layout, (data, settings.variable), written)
        progress("read", table.rows + filling.done, 2 * table.rows)
    return filling.panel(table, layout, data, written)


def _written(table: BlockTable, layout: Layout, data: Data) -> dict[int, Written]:
    """Decide how the numbers of columns of text are written, from all their rows."""
    odd = [source.position for source in layout.sources if source.position not in table.plain]
    cells: dict[int, dict[Any, None]] = {at: {} for at in odd}
    for block in table.blocks(odd) if odd else ():
        for at in odd:
            cells[at] |= dict.fromkeys(block[at].to_numpy(dtype=object, na_value=None))
    return {at: how_written([*own], data.decimal) for at, own in cells.items()}


@dataclass(frozen=True)
class _Places:
    """What was decided about each place of a table.

    Attributes
    ----------
    names : ndarray of str, shape (places,)
        What it is called.
    city : ndarray of int64, shape (places,)
        Its position among the cities, -1 where it is left out.
    read : ndarray of bool, shape (places,)
        Whether its cells are looked at, though it may be left out.
    cities : tuple of str
    years : ndarray of int64
    texts : mapping of str to (ndarray of int32, shape (places,), tuple of str)
        Province and nation: the code of each place, and the texts.
    again : ndarray of bool, shape (cities × years,)
        Cells that stand in more than one row.
    aside : mapping of str to (ndarray of int, tuple of str)
        Places set aside for each reason, and the names to say.
    first_notes, notes : sequence of str
        What stands before and after the notes about the columns.
    """

    names: NDArray[np.object_]
    city: NDArray[np.int64]
    read: NDArray[np.bool_]
    cities: tuple[str, ...]
    years: NDArray[np.int64]
    texts: Mapping[str, tuple[NDArray[np.int32], tuple[str, ...]]]
    again: NDArray[np.bool_]
    aside: Mapping[Aside, tuple[NDArray[np.int64], tuple[str, ...]]]
    first_notes: Sequence[str]
    notes: Sequence[str]


def _settled(
    table: BlockTable,
    layout: Layout,
    data: Data,
    outcome: str,
    scanned: tuple[RowKeys, Gathered, dict[int, Written]],
) -> _Places:
    """Decide what each place is called, and which are left out."""
    keys, gathered, written = scanned
    rows, counts = place_rows(keys), counts_by(keys)
    leave_out_totals(rows)
    tell_apart_places(rows, counts, keys.span[0])
    if "nation" in rows.keys:
        header = table.headers[layout.keys["nation"]]
        rows.keys["nation"] = nation_of_rows(rows.keys["city"], rows.keys["nation"], header)
    frame = pd.DataFrame(rows.keys)
    read = np.zeros(len(keys.first), dtype=bool)
    read[frame["place"]] = True
    if layout.no_city and _share_again(frame, counts) > SEVERAL_CITIES:
        raise InputError(layout.no_city)
    notes, rows.notes = rows.notes, []
    if "nation" in frame and any(source.id == outcome for source in layout.sources):
        known = _with_outcome(table, layout, data, outcome, (keys, written))
        frame[outcome] = np.where(known[frame["place"]], 1.0, np.nan)
    frame = leave_out_nations(rows, frame, data.nation_min_cities, outcome)
    every = [issue for found in gathered.issues.values() for issue in found]
    cities = tuple(sorted(frame["city"].unique()))
    checks.check_cities(cities, every)
    return _placed(keys, rows, frame, counts, (cities, read, notes))


def _placed(
    keys: RowKeys,
    rows: PlaceRows,
    frame: pd.DataFrame,
    counts: NDArray[np.uint8],
    decided: tuple[tuple[str, ...], NDArray[np.bool_], list[str]],
) -> _Places:
    cities, read, notes = decided
    count, place = len(keys.first), frame["place"].to_numpy()
    city = np.full(count, -1, dtype=np.int64)
    city[place] = pd.Index(cities).get_indexer(frame["city"])
    names = np.array(keys.texts["city"], dtype=object)
    names[place] = np.array(cities, dtype=object)[city[place]]
    years = np.flatnonzero(counts[place].any(axis=0))
    span = slice(int(years[0]), int(years[-1]) + 1)
    texts = {}
    for key in (key for key in ("province", "nation") if key in frame):
        codes, distinct = pd.factorize(frame[key])
        texts[key] = np.full(count, -1, dtype=np.int32), tuple(map(str, distinct))
        texts[key][0][place] = codes
    times = np.zeros((len(cities), span.stop - span.start), dtype=np.uint16)
    for own in (place[at : at + 100_000] for at in range(0, len(place), 100_000)):
        np.add.at(times, city[own], np.minimum(counts[own, span], 2))
        np.minimum(times, 2, out=times)
    return _Places(
        names=names,
        city=city,
        read=read,
        cities=cities,
        years=np.arange(span.start, span.stop) + keys.span[0],
        texts=texts,
        again=(times > 1).reshape(-1),
        aside={why: (own, rows.named[why]) for why, own in rows.why.items()},
        first_notes=rows.notes,
        notes=notes,
    )


def _share_again(frame: pd.DataFrame, counts: NDArray[np.uint8]) -> float:
    """Return the share of the rows whose city and year stand in another row as well."""
    city = pd.factorize(frame["city"])[0]
    times = np.zeros((int(city.max()) + 1, counts.shape[1]), dtype=np.int64)
    np.add.at(times, city, counts[frame["place"]].astype(np.int64))
    return float(times[times > 1].sum() / max(times.sum(), 1))


def _with_outcome(
    table: BlockTable,
    layout: Layout,
    data: Data,
    outcome: str,
    scanned: tuple[RowKeys, dict[int, Written]],
) -> NDArray[np.bool_]:
    """Say which places have an outcome in any year; shape (places,)."""
    source = next(source for source in layout.sources if source.id == outcome)
    known = np.zeros(len(scanned[0].first), dtype=bool)
    for place, values in _column(table, source, data, scanned):
        known[place[np.isfinite(values)]] = True
    return known


def _column(
    table: BlockTable, source: Source, data: Data, scanned: tuple[RowKeys, dict[int, Written]]
) -> Iterator[tuple[NDArray[np.int32], NDArray[np.float64]]]:
    """Yield the places and the values of one column, block by block."""
    keys, written = scanned
    for block in table.blocks([source.position]):
        place, year = keys.of(block.index[0] - FIRST_ROW, len(block))
        chosen = np.flatnonzero(place >= 0)
        cells, place = block.iloc[chosen], place[chosen]
        names = pd.Series("", index=cells.index)
        rows = Rows(cells, data.decimal, {"city": names, "year": year[chosen]})
        column = cells[source.position]
        numbers = read_numbers(column, data.decimal, written.get(source.position))
        yield place, values_of(rows, source, numbers)


def _check_outcome(outcome: str, layout: Layout) -> None:
    positions = {source.id for source in layout.sources}
    if outcome and outcome not in positions and outcome in layout.misfits:
        raise InputError(layout.misfits[outcome])
    if outcome:
        checks.check_outcome(outcome, positions, unread_values(layout.columns))


@dataclass
class _Filling:
    """The files of a panel while they are filled."""

    keys: RowKeys
    places: _Places
    store: Store
    gathered: Gathered
    codes: dict[str, dict[str, int]] = field(default_factory=dict)
    marks: dict[str, tuple[dict[str, int], dict[Any, int]]] = field(default_factory=dict)
    shares: dict[str, list[int]] = field(default_factory=dict)
    twice: list[pd.DataFrame] = field(default_factory=list)
    raw: list[pd.Series] = field(default_factory=list)
    taken: NDArray[np.bool_] = field(default_factory=lambda: np.empty(0, dtype=bool))
    done: int = 0

    @classmethod
    def of(
        cls,
        keys: RowKeys,
        places: _Places,
        layout: Layout,
        scratch: Scratch,
        rows: int,
        gathered: Gathered,
    ) -> _Filling:
        """Make the files, blank."""
        shape = len(places.cities), len(places.years)
        names = (*places.texts, *layout.groups)
        check_space(shape, len(layout.sources), len(names), rows)
        coded = {name: ColumnFile.blank(scratch, shape, "<i4") for name in names}
        store = Store(
            places.cities,
            places.years,
            ColumnFile.blank(scratch, shape, "<i8"),
            {name: TextFile(f, places.texts.get(name, (None, ()))[1]) for name, f in coded.items()},
            {source.id: ColumnFile.blank(scratch, shape) for source in layout.sources},
        )
        for source in layout.sources:
            gathered.issues.setdefault(source.id, [])
        taken = np.zeros(shape[0] * shape[1], dtype=bool)
        return cls(keys, places, store, gathered, {name: {} for name in names}, taken=taken)

    def blocks(self, table: BlockTable, layout: Layout) -> Any:
        """Yield what is to be written, block by block."""
        positions = {source.position for source in layout.sources} | {*layout.groups.values()}
        store = self.store
        size = 8 * store.shape[0] * store.shape[1] * (len(store.numbers) + 1)
        whole = not any(part.constants for part in table.parts)
        if whole and self.keys.scattered and size > sorting.free_memory():
            return sorting.sorted_blocks(table, positions, layout.keys["city"], store.scratch)
        return table.blocks(positions)

    def fill(
        self,
        cells: pd.DataFrame,
        layout: Layout,
        told: tuple[Data, str],
        written: Mapping[int, Written],
    ) -> None:
        """Read a block and write what it holds to its cities and years."""
        data, outcome = told
        place, year = self.keys.at(cells.index.to_numpy(dtype=np.int64) - FIRST_ROW)
        self.done += len(cells)
        self._set_aside(place, cells.index)
        read = (place >= 0) & self.places.read[place]
        if not read.all():
            cells, place, year = cells[read], place[read], year[read]
        if cells.empty:
            return
        keys = {"city": pd.Series(self.places.names[place], dtype=object), "year": year}
        rows = Rows(cells, data.decimal, keys)
        new, at = self._new(rows, place, year)
        self.store.rows.put(at, cells.index.to_numpy()[new])
        for source in layout.sources:
            values = self._numbers(rows, source, written)
            self.store.numbers[source.id].put(at, values[new])
            if source.id == outcome:
                self.raw.append(cells[source.position][values <= 0])
        for name, (codes, _) in self.places.texts.items():
            self.store.texts[name].codes.put(at, codes[place[new]])
        for name, position in layout.groups.items():
            self._texts(name, as_text(cells[position]).to_numpy(dtype=object)[new], at)
        self.gathered.add(rows)

    def _set_aside(self, place: NDArray[np.int32], index: pd.Index) -> None:
        for why, (places, names) in self.places.aside.items():
            chosen = (place >= 0) & np.isin(place, places)
            if chosen.any():
                spans = spans_of(index[chosen])
                self.gathered.add_aside(RowsAside(why, int(chosen.sum()), spans, names))

    def _new(
        self, rows: Rows, place: NDArray[np.int32], year: NDArray[np.int16]
    ) -> tuple[NDArray[np.intp], NDArray[np.int64]]:
        """Return which rows are the first of their city and year, and where those are written."""
        city = self.places.city[place]
        at = city * len(self.places.years) + (year - self.places.years[0])
        kept = np.flatnonzero(city >= 0)
        again = self.places.again[at[kept]]
        if not again.any():
            return kept, at[kept]
        odd = kept[again]
        found = {"city": rows.keys["city"].to_numpy()[odd], "year": year[odd].astype(np.int64)}
        self.twice.append(pd.DataFrame(found, index=rows.cells.index[odd]))
        repeated = np.zeros(len(at), dtype=bool)
        repeated[odd] = self.taken[at[odd]] | pd.Series(at[odd]).duplicated().to_numpy()
        self.taken[at[odd]] = True
        rows.set_aside(repeated, "duplicate")
        kept = kept[~repeated[kept]]
        return kept, at[kept]

    def _numbers(
        self, rows: Rows, source: Source, written: Mapping[int, Written]
    ) -> NDArray[np.float64]:
        cells = rows.cells[source.position]
        numbers = read_numbers(cells, rows.decimal, written.get(source.position))
        values = values_of(rows, source, numbers)
        marks, styles = self.marks.setdefault(source.id, ({}, {}))
        for mark, count in numbers.marks.items():
            marks[mark] = marks.get(mark, 0) + count
        for style, count in numbers.styles.items():
            styles[style] = styles.get(style, 0) + count
        if source.match.variable.kind == "share" and not source.match.unit_in_header:
            above, known = self.shares.setdefault(source.id, [0, 0])
            self.shares[source.id] = [
                above + int((values > 1).sum()),
                known + int(np.isfinite(values).sum()),
            ]
        return values

    def _texts(self, name: str, texts: NDArray[np.object_], at: NDArray[np.int64]) -> None:
        own, distinct = pd.factorize(texts)
        known = self.codes[name]
        codes = np.array([known.setdefault(text, len(known)) for text in distinct], dtype=np.int32)
        self.store.texts[name].codes.put(at, codes[own])

    def panel(
        self, table: BlockTable, layout: Layout, data: Data, written: dict[int, Written]
    ) -> tuple[StoredPanel, pd.Series | None]:
        """Return the panel, and the raw outcomes that are not above zero."""
        issues, places = self.gathered.issues, self.places
        for source in layout.sources:
            above, known = self.shares.get(source.id, (0, 1))
            if 2 * above >= known:
                parts = _column(table, source, data, (self.keys, written))
                values = np.concatenate([own[places.read[at]] for at, own in parts])
                issues[source.id] += checks.check_share(source.header, source.id, values)
        if self.twice:
            issues["duplicate"] = [*checks.check_duplicates(pd.concat(self.twice).sort_index())]
        read = (
            f"column {source.header!r}: {note}"
            for source in layout.sources
            for note in notes_of(*self.marks.get(source.id, ({}, {})))
        )
        aside = self.gathered.aside
        notes = (
            *places.first_notes,
            *layout.notes,
            *scope_note(aside, data.scope),
            *places.notes,
            *read,
            *blank_note(aside),
        )
        texts = {
            name: replace(text, texts=tuple(self.codes[name])) if self.codes[name] else text
            for name, text in self.store.texts.items()
        }
        panel = StoredPanel(
            variables={source.id: source.match.variable for source in layout.sources},
            groups=tuple(layout.groups),
            notes=notes,
            source=table.source,
            headers={source.id: source.header for source in layout.sources},
            issues=tuple(
                issue for found in issues.values() for issue in sorted(found, key=_by_row)
            ),
            account=Account(layout.columns, table.rows, aside),
            store=replace(self.store, texts=texts),
        )
        return panel, pd.concat(self.raw) if self.raw else None


def _by_row(issue: Issue) -> tuple[bool, int]:
    """Sort issues of rows as the rows stand in the file, what is about many rows after them."""
    return not issue.place.row, issue.place.row
