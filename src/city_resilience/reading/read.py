"""Read a panel of cities and years from a file, in catalogue units, checked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from city_resilience.errors import InputError
from city_resilience.experiment.data import Data
from city_resilience.experiment.outcome import Outcome
from city_resilience.progress import Progress, silent
from city_resilience.reading import checks
from city_resilience.reading.account import Account, unread_values
from city_resilience.reading.column_cells import as_text
from city_resilience.reading.corrections import apply_corrections
from city_resilience.reading.headers import groups_looked_up, lay_out
from city_resilience.reading.nations import nation_of_rows
from city_resilience.reading.opening import RawTable, open_table
from city_resilience.reading.panel import Panel
from city_resilience.reading.places import place_cities
from city_resilience.reading.row_blocks import BlockTable, open_blocks
from city_resilience.reading.row_steps import (
    Rows,
    blank_note,
    keep_scope,
    leave_out_blank,
    leave_out_nations,
    leave_out_totals,
    read_keys,
    read_values,
    refuse_other_scopes,
    scope_note,
    tell_apart,
)
from city_resilience.reading.settled_places import SEVERAL_CITIES
from city_resilience.reading.size import size_labels
from city_resilience.reading.stored_checks import (
    is_amount,
    stored_with_outcome,
    stored_with_size,
)
from city_resilience.reading.stored_panel import StoredPanel
from city_resilience.reading.streamed import NO_ROWS, read_streamed

__all__ = ["Uncorrected", "read_opened", "read_panel", "read_uncorrected"]

MOST_ROWS = 500_000
"""Rows of a Parquet table up to which it is read at once. A panel of them and 20 variables takes
1.2 GB while it is read and audited, and above it the columns lie in files, see `stored_panel`."""


def read_panel(
    source: Path | str | pd.DataFrame,
    data: Data | None = None,
    *,
    outcome: Outcome | str = "",
    progress: Progress = silent,
) -> Panel:
    """Read, name, convert and check a panel.

    Parameters
    ----------
    source : Path or DataFrame
        A text file (its encoding, separator and decimal mark are recognised), a workbook, a Parquet
        or a Stata file whose first row holds the headers, or a frame with the same headers as
        columns; each row is one city in one year. A frame is left as it is.
    data : Data, optional
        Names of the keys where the catalogue does not know them, groups, units, own columns,
        the scope, corrections of cells, and the sheet of a workbook.
    outcome : Outcome or str
        The variable that must be present and, unless its scale is log or rate, positive; not
        checked if empty. The outcome's own column and weight are read as well.
    progress : callable, optional
        Told how many rows are read of a table that is read in blocks.

    Returns
    -------
    Panel
        Sorted by city and year, whatever the order of rows and columns in the file. Its issues
        are the rows and cells that could not be read or used, which are left out.

    Raises
    ------
    InputError
        If the file cannot be read, a key or declared column is missing, two columns are the
        same variable, a unit does not fit, there is only one city, or the outcome is absent; with
        a gazetteer, if no row is a city.
    """
    data = data or Data()
    settings = Outcome(variable=outcome) if isinstance(outcome, str) else outcome
    return read_uncorrected(source, data, settings, progress).corrected(data.corrections)


@dataclass(frozen=True)
class Uncorrected:
    """A panel before its corrections, so that they can be changed without reading it again.

    Attributes
    ----------
    panel : Panel
    outcome : Outcome
    scope : str
        That of its experiment.
    found : Series or None
        The outcome as the file has it, by row; None where it is not known.
    """

    panel: Panel
    outcome: Outcome
    scope: str
    found: pd.Series | None

    def corrected(self, corrections: Mapping[str, float | str]) -> Panel:
        """Return the panel as `read_panel` does with these ``[data.corrections]``."""
        panel = _with_size(apply_corrections(self.panel, corrections), self.scope)
        panel = panel.stated(self.outcome)
        if self.found is None:
            return panel
        return _with_outcome(panel, self.outcome, self.found)


def read_uncorrected(
    source: Path | str | pd.DataFrame, data: Data, outcome: Outcome, progress: Progress = silent
) -> Uncorrected:
    """Read a panel without its corrections; see `read_panel`."""
    large = _large(source, data)
    if large is not None:
        with _named(large.name):
            panel, found = read_streamed(large, data, outcome, progress)
        return Uncorrected(panel, outcome, data.scope, found)
    table = open_table(source, data.sheet, data.decimal, encoding=data.encoding)
    return read_opened(table, data, outcome)


def read_opened(table: RawTable, data: Data, outcome: Outcome) -> Uncorrected:
    """Read a panel without its corrections from a table that is open already."""
    with _named(table.name):
        panel, found = _read(table, data, outcome)
    return Uncorrected(panel, outcome, data.scope, found)


def _large(source: Path | str | pd.DataFrame, data: Data) -> BlockTable | None:
    """Open a table of more than `MOST_ROWS` rows whose names need no gazetteer, else None.

    A gazetteer weighs the rows of a table against each other, and none has units enough for so
    many rows.
    """
    if isinstance(source, pd.DataFrame) or data.gazetteer != "none":
        return None
    table = open_blocks(Path(source))
    return table if table is not None and table.rows > MOST_ROWS else None


@contextmanager
def _named(name: str) -> Iterator[None]:
    """Name the table in errors."""
    try:
        yield
    except InputError as error:
        raise InputError(f"{name}: {error}", error.paste) from error


def _read(table: RawTable, data: Data, settings: Outcome) -> tuple[Panel, pd.Series | None]:
    """Return the panel before its corrections, and the outcome as the file has it, by row."""
    outcome = settings.variable
    layout = lay_out(table.headers, data, settings)
    text = [*layout.keys.values(), *layout.groups.values()]
    rows = Rows(table.load(text), data.decimal or table.decimal)
    stood = len(rows.cells)
    leave_out_blank(rows, layout)
    if rows.cells.empty:
        raise InputError(NO_ROWS)
    read_keys(rows, table.headers, layout)
    keep_scope(rows, table.headers, layout, data.scope)
    refuse_other_scopes(len(rows.cells), layout, data.scope)
    rows.notes += (*layout.notes, *scope_note(rows.aside, data.scope))
    looked_up = groups_looked_up(table.headers, data)
    if data.gazetteer == "none":
        leave_out_totals(rows)
        tell_apart(rows)
    else:
        placed = place_cities(rows.keys, data.gazetteer, looked_up, level=layout.level)
        rows.set_aside(placed.unknown, "name", named=True)
        rows.set_aside(~placed.kept & ~placed.unknown, "territory", named=True)
        rows.drop(~placed.kept)
        nation = {key: rows.keys[key] for key in ("nation",) if key in rows.keys}
        rows.keys = {**placed.keys, **nation}
        rows.notes += placed.notes
        rows.found("place", placed.issues)
    if "nation" in rows.keys:
        header = table.headers[layout.keys["nation"]]
        rows.keys["nation"] = nation_of_rows(rows.keys["city"], rows.keys["nation"], header)
    groups = {header: as_text(rows.cells[at]) for header, at in layout.groups.items()}
    values = {source.id: read_values(rows, source) for source in layout.sources}
    frame = pd.DataFrame({**rows.keys, **groups, **values}, index=rows.cells.index)
    if layout.no_city and frame[["city", "year"]].duplicated(keep=False).mean() > SEVERAL_CITIES:
        raise InputError(layout.no_city)
    frame = leave_out_nations(rows, frame, data.nation_min_cities, outcome)
    rows.found("duplicate", checks.check_duplicates(frame))
    repeated = frame[["city", "year"]].duplicated().to_numpy(dtype=bool)
    rows.set_aside(repeated, "duplicate")
    frame = frame[~repeated]
    checks.check_cities(frame["city"].unique(), rows.every_issue)
    positions = {source.id: source.position for source in layout.sources}
    if outcome and outcome not in positions and outcome in layout.misfits:
        raise InputError(layout.misfits[outcome])
    if outcome:
        checks.check_outcome(outcome, positions, unread_values(layout.columns))
    ordered = frame.sort_values(["city", "year"], kind="stable")
    panel = Panel(
        frame=ordered.reset_index(drop=True),
        variables={source.id: source.match.variable for source in layout.sources},
        groups=(*layout.groups, *looked_up),
        notes=(*table.notes, *rows.notes, *blank_note(rows.aside)),
        source=table.source,
        rows=ordered.index.to_numpy(dtype=np.int64),
        headers={source.id: source.header for source in layout.sources},
        issues=tuple(rows.every_issue),
        account=Account(layout.columns, stood, tuple(rows.aside), table.encoding),
    )
    return panel, rows.cells[positions[outcome]] if outcome else None


def _with_size(panel: Panel, scope: str) -> Panel:
    """Add the size class of each city where the experiment names it as a group."""
    if "size" not in panel.groups or "size" in panel.slices():
        return panel
    if isinstance(panel, StoredPanel):
        return stored_with_size(panel, scope)
    labels, note = size_labels(panel.frame, panel.variables, scope=scope)
    return replace(panel, frame=panel.frame.assign(size=labels), notes=(*panel.notes, note))


def _with_outcome(panel: Panel, settings: Outcome, found: pd.Series) -> Panel:
    """Check the outcome; values of an amount that are not positive are left out."""
    outcome = settings.variable
    if isinstance(panel, StoredPanel):
        return stored_with_outcome(panel, settings, found)
    by_row = panel.frame.set_axis(panel.rows, axis="index").sort_index()
    header = panel.headers[outcome]
    if not is_amount(panel, settings):
        issues = checks.check_filled(header, outcome, by_row)
        return replace(panel, issues=(*panel.issues, *issues))
    issues = checks.check_positive(header, outcome, by_row, found)
    positive = panel.frame[outcome].where(panel.frame[outcome] > 0)
    frame = panel.frame.assign(**{outcome: positive})
    return replace(panel, frame=frame, issues=(*panel.issues, *issues))
