"""Read a panel of cities and years from a file, in catalogue units, checked."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from city_resilience.errors import InputError
from city_resilience.experiment import Data
from city_resilience.panel import checks
from city_resilience.panel.cells import as_numbers, as_text, as_years
from city_resilience.panel.decode import open_table
from city_resilience.panel.headers import Layout, Source, groups_looked_up, lay_out
from city_resilience.panel.panel import Panel
from city_resilience.panel.places import place_cities

__all__ = ["read_panel"]


def read_panel(path: Path | str, data: Data | None = None, *, outcome: str = "") -> Panel:
    """Read, name, convert and check a panel.

    Parameters
    ----------
    path : Path
        A CSV (UTF-8 with or without mark, else GB18030), XLSX or Parquet file. Its first row
        holds the headers; each further row is one city in one year.
    data : Data, optional
        Names of the keys where the catalogue does not know them, groups, units, own columns,
        and the sheet of a workbook.
    outcome : str
        Id of the variable that must be present and positive; not checked if empty.

    Returns
    -------
    Panel
        Sorted by city and year, whatever the order of rows and columns in the file.

    Raises
    ------
    InputError
        If the file cannot be read, a key or declared column is missing, two columns are the
        same variable, a unit does not fit, a cell is no number, no year, blank or infinite, a
        city-year is given twice, there is only one city, or the outcome is absent, empty, zero
        or negative; with a gazetteer, if a city's name is unknown or ambiguous.
    """
    path, data = Path(path), data or Data()
    table = open_table(path, data.sheet)
    layout = lay_out(table.headers, data, str(path))
    raw = table.load([*layout.keys.values(), *layout.groups.values()])
    raw, blank = _without_blank_rows(raw, layout)
    if raw.empty:
        raise InputError(f"{path}: a header and no rows; export the panel again")
    name = str(path)
    keys, notes = _keys(name, raw, table.headers, layout), list(layout.notes)
    looked_up = groups_looked_up(table.headers, data)
    if data.gazetteer != "none":
        places = place_cities(name, keys, data.gazetteer, looked_up)
        raw, keys = raw[places.kept], dict(places.keys)
        notes += places.notes
    frame = pd.DataFrame(
        keys
        | {header: as_text(raw[at]) for header, at in layout.groups.items()}
        | {source.variable.id: _values(name, raw, source) for source in layout.sources},
        index=raw.index,
    )
    if layout.no_city and frame.duplicated(["city", "year"]).any():
        raise InputError(f"{path}: {layout.no_city}")
    checks.check_duplicates(name, frame)
    checks.check_cities(name, frame["city"])
    if outcome:
        _check_outcome(name, raw, frame, layout, outcome)
    return Panel(
        frame=frame.sort_values(["city", "year"], kind="stable", ignore_index=True),
        variables={source.variable.id: source.variable for source in layout.sources},
        groups=(*layout.groups, *looked_up),
        notes=(*table.notes, *notes, *([f"{blank} blank rows left out"] * (blank > 0))),
        source=path.name,
    )


def _without_blank_rows(raw: pd.DataFrame, layout: Layout) -> tuple[pd.DataFrame, int]:
    """Drop rows in which no column that is read holds anything; the index keeps its count."""
    filled = np.zeros(len(raw), dtype=bool)
    for key in ("city", "year"):
        filled |= (as_text(raw[layout.keys[key]]) != "").to_numpy(dtype=bool)
    for source in layout.sources:
        filled |= raw[source.position].notna().to_numpy(dtype=bool)
    return (raw, 0) if filled.all() else (raw[filled], int((~filled).sum()))


def _keys(path: str, raw: pd.DataFrame, headers: tuple[str, ...], layout: Layout) -> dict[str, Any]:
    city, year = layout.keys["city"], layout.keys["year"]
    cities = as_text(raw[city])
    checks.check_city_names(path, headers[city], cities)
    years, bad = as_years(raw[year])
    checks.check_years(path, headers[year], raw[year], bad)
    checks.check_year_range(path, headers[year], raw[year], np.asarray(years, dtype=np.float64))
    keys: dict[str, Any] = {"city": cities, "year": years}
    if "province" in layout.keys:
        keys["province"] = as_text(raw[layout.keys["province"]])
    return keys


def _values(path: str, raw: pd.DataFrame, source: Source) -> NDArray[np.float64]:
    cells = raw[source.position]
    values, bad = as_numbers(cells)
    checks.check_numbers(path, source.header, cells, bad)
    checks.check_finite(path, source.header, cells, values)
    if source.variable.kind == "share" and not source.unit:
        checks.check_share(path, source.header, values)
    return values if source.factor == 1.0 else values * source.factor


def _check_outcome(
    path: str, raw: pd.DataFrame, frame: pd.DataFrame, layout: Layout, outcome: str
) -> None:
    sources = {source.variable.id: source for source in layout.sources}
    if outcome in layout.misfits and outcome not in sources:
        raise InputError(f"{path}: {layout.misfits[outcome]}")
    checks.check_outcome(path, outcome, sources)
    source = sources[outcome]
    values = frame[outcome].to_numpy(dtype=np.float64)
    checks.check_positive(path, source.header, frame, raw[source.position], values)
