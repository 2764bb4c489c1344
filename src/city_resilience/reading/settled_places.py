"""What the keys of a table decide: what each place is called, and which are left out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from city_resilience.errors import InputError
from city_resilience.experiment.data import Data
from city_resilience.reading import checks
from city_resilience.reading.account import Aside, unread_values
from city_resilience.reading.column_cells import Written, how_written, read_numbers
from city_resilience.reading.headers import Layout, Source
from city_resilience.reading.nations import nation_of_rows
from city_resilience.reading.row_blocks import FIRST_ROW, BlockTable
from city_resilience.reading.row_places import (
    Gathered,
    PlaceRows,
    RowKeys,
    counts_by,
    place_rows,
    tell_apart_places,
)
from city_resilience.reading.row_steps import (
    Rows,
    leave_out_nations,
    leave_out_totals,
    values_of,
)

__all__ = [
    "SEVERAL_CITIES",
    "SettledPlaces",
    "check_outcome_column",
    "column_values",
    "columns_written",
    "settled_places",
]

SEVERAL_CITIES = 0.5  # share of repeated rows from which a coarser unit holds several cities


def columns_written(table: BlockTable, layout: Layout, data: Data) -> dict[int, Written]:
    """Decide how the numbers of columns of text are written, from all their rows."""
    odd = [source.position for source in layout.sources if source.position not in table.plain]
    cells: dict[int, dict[Any, None]] = {at: {} for at in odd}
    for block in table.blocks(odd) if odd else ():
        for at in odd:
            cells[at] |= dict.fromkeys(block[at].to_numpy(dtype=object, na_value=None))
    return {at: how_written([*own], data.decimal) for at, own in cells.items()}


@dataclass(frozen=True)
class SettledPlaces:
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


def settled_places(
    table: BlockTable,
    layout: Layout,
    data: Data,
    outcome: str,
    scanned: tuple[RowKeys, Gathered, dict[int, Written]],
) -> SettledPlaces:
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
) -> SettledPlaces:
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
    return SettledPlaces(
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
    for place, values in column_values(table, source, data, scanned):
        known[place[np.isfinite(values)]] = True
    return known


def column_values(
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


def check_outcome_column(outcome: str, layout: Layout) -> None:
    """Refuse a table without a column of the outcome."""
    positions = {source.id for source in layout.sources}
    if outcome and outcome not in positions and outcome in layout.misfits:
        raise InputError(layout.misfits[outcome])
    if outcome:
        checks.check_outcome(outcome, positions, unread_values(layout.columns))
