"""Read a panel of cities and years from a file, in catalogue units, checked."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from city_resilience.catalogue.sheets import load_sheet_rules, plain
from city_resilience.errors import InputError
from city_resilience.experiment import Data
from city_resilience.reading import checks
from city_resilience.reading.cells import Cell, as_text, as_years, read_numbers
from city_resilience.reading.corrections import apply_corrections
from city_resilience.reading.headers import Layout, Source, groups_looked_up, lay_out
from city_resilience.reading.issues import Issue, Place
from city_resilience.reading.panel import Panel
from city_resilience.reading.places import place_cities
from city_resilience.reading.raw_table import open_table
from city_resilience.reading.size import size_labels
from city_resilience.reading.wording import percent_factor

__all__ = ["read_panel"]

SEVERAL_CITIES = 0.5  # share of repeated rows from which a coarser unit holds several cities


def read_panel(
    source: Path | str | pd.DataFrame, data: Data | None = None, *, outcome: str = ""
) -> Panel:
    """Read, name, convert and check a panel.

    Parameters
    ----------
    source : Path or DataFrame
        A CSV (UTF-8 with or without mark, else GB18030), XLSX or Parquet file whose first row
        holds the headers, or a frame with the same headers as columns; each row is one city in
        one year. A frame is left as it is.
    data : Data, optional
        Names of the keys where the catalogue does not know them, groups, units, own columns,
        the scope, corrections of cells, and the sheet of a workbook.
    outcome : str
        Id of the variable that must be present and positive; not checked if empty.

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
    table = open_table(source, data.sheet)
    name = table.name
    layout = lay_out(table.headers, data, name)
    raw = table.load([*layout.keys.values(), *layout.groups.values()])
    raw, blank = _without_blank_rows(raw, layout)
    if raw.empty:
        raise InputError(f"{name}: a header and no rows; export the panel again")
    issues: list[Issue] = []
    raw, keys = _keys(raw, table.headers, layout, issues)
    raw, keys, outside = _in_scope(name, raw, keys, layout, data.scope)
    notes = [*layout.notes, *outside]
    looked_up, rules = groups_looked_up(table.headers, data), load_sheet_rules()
    if data.gazetteer != "none":
        level = rules.keys.get(plain(table.headers[layout.keys["city"]]), "")
        places = place_cities(
            name,
            keys,
            data.gazetteer,
            looked_up,
            level="city" if level == "city_only" else "",
        )
        raw, keys = raw[places.kept], dict(places.keys)
        notes += places.notes
        issues += places.issues
    frame = pd.DataFrame(
        keys
        | {header: as_text(raw[at]) for header, at in layout.groups.items()}
        | {s.variable.id: _values(raw, keys, s, issues, notes) for s in layout.sources},
        index=raw.index,
    )
    if layout.no_city and frame.duplicated(["city", "year"], keep=False).mean() > SEVERAL_CITIES:
        raise InputError(f"{name}: {layout.no_city}")
    issues += checks.check_duplicates(frame)
    frame = frame.drop_duplicates(["city", "year"])
    checks.check_cities(name, frame["city"], issues)
    ordered = frame.sort_values(["city", "year"], kind="stable")
    panel = Panel(
        frame=ordered.reset_index(drop=True),
        variables={source.variable.id: source.variable for source in layout.sources},
        groups=(*layout.groups, *looked_up),
        notes=(*table.notes, *notes, *([f"{blank} blank rows left out"] * (blank > 0))),
        source=table.source,
        rows=ordered.index.to_numpy(dtype=np.int64),
        headers={source.variable.id: source.header for source in layout.sources},
        issues=tuple(issues),
    )
    panel = _with_size(apply_corrections(panel, data.corrections), data.scope)
    return _with_outcome(name, panel, raw, layout, outcome) if outcome else panel


def _with_size(panel: Panel, scope: str) -> Panel:
    """Add the size class of each city where the experiment names it as a group."""
    if "size" not in panel.groups or "size" in panel.frame:
        return panel
    labels, note = size_labels(panel.frame, panel.variables, scope=scope)
    return replace(panel, frame=panel.frame.assign(size=labels), notes=(*panel.notes, note))


def _without_blank_rows(raw: pd.DataFrame, layout: Layout) -> tuple[pd.DataFrame, int]:
    """Drop rows in which no column that is read holds anything; the index keeps its count."""
    filled = np.zeros(len(raw), dtype=bool)
    for key in ("city", "year"):
        filled |= (as_text(raw[layout.keys[key]]) != "").to_numpy(dtype=bool)
    for source in layout.sources:
        filled |= raw[source.position].notna().to_numpy(dtype=bool)
    return (raw, 0) if filled.all() else (raw[filled], int((~filled).sum()))


def _keys(
    raw: pd.DataFrame, headers: tuple[str, ...], layout: Layout, issues: list[Issue]
) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Read the keys; rows whose keys cannot be read are left out."""
    city, year = layout.keys["city"], layout.keys["year"]
    cities, years = as_text(raw[city]), as_years(raw[year])
    issues += checks.check_city_names(headers[city], cities)
    issues += checks.check_years(headers[year], raw[year], years)
    sound = (cities != "").to_numpy(dtype=bool) & checks.is_year(years)
    keys: dict[str, Any] = {"city": cities[sound], "year": years[sound]}
    if "province" in layout.keys:
        keys["province"] = as_text(raw[layout.keys["province"]])[sound]
    return raw[sound], keys


def _in_scope(
    path: str, raw: pd.DataFrame, keys: dict[str, Any], layout: Layout, scope: str
) -> tuple[pd.DataFrame, dict[str, Any], list[str]]:
    """Keep the rows of one scope where a column tells it."""
    if "scope" not in layout.keys:
        return raw, keys, []
    scopes = load_sheet_rules().scopes
    words = as_text(raw[layout.keys["scope"]])
    found = {word: scopes.get(plain(word), word) for word in words.unique()}
    for row, word in zip(words.index, words, strict=True):
        if word and found[word] not in scopes.values():
            raise InputError(
                f"{path}: row {row}: scope 全市 or 市辖区 expected, found {word!r}; correct it"
            )
    kept = words.map(lambda word: not word or found[word] == scope).to_numpy(dtype=bool)
    if not kept.any():
        raise InputError(f"{path}: no row is about the scope {scope!r}; change scope in [data]")
    note = (
        [f"{(~kept).sum()} rows of another scope than {scope} left out"] if not kept.all() else []
    )
    return raw[kept], {key: values[kept] for key, values in keys.items()}, note


def _values(
    raw: pd.DataFrame,
    keys: dict[str, Any],
    source: Source,
    issues: list[Issue],
    notes: list[str],
) -> NDArray[np.float64]:
    """Read a column in the unit of its variable; cells that are no number are unknown."""
    cells, variable, factor = raw[source.position], source.variable, source.factor
    numbers = read_numbers(cells)
    wrong, values = dict(numbers.wrong), numbers.values
    values = values if factor == 1.0 else values * factor
    if numbers.percent.any():
        factor, fault = percent_factor(variable, source.unit, factor)
        values = np.where(numbers.percent, numbers.values * factor, values)
        odd = np.flatnonzero(numbers.percent).tolist() if fault else ()
        wrong |= dict.fromkeys(odd, Cell(fault=fault))
    for at, cell in wrong.items():
        place = Place(row=int(cells.index[at]), header=source.header)
        key = (str(keys["city"].iloc[at]), int(keys["year"][at]))
        found = cells.iloc[at]
        issue = checks.cell_issue("unreadable", cell.fault, found, place, variable.id, key)
        issues.append(replace(issue, likely=cell.likely))
    if variable.kind == "share" and not source.unit:
        issues += checks.check_share(source.header, variable.id, values)
    notes += (f"column {source.header!r}: {note}" for note in numbers.notes)
    return values


def _with_outcome(
    path: str, panel: Panel, raw: pd.DataFrame, layout: Layout, outcome: str
) -> Panel:
    """Check the outcome; values that are not positive are left out."""
    if outcome in layout.misfits and outcome not in panel.variables:
        raise InputError(f"{path}: {layout.misfits[outcome]}")
    checks.check_outcome(path, outcome, panel.variables)
    position = next(source.position for source in layout.sources if source.variable.id == outcome)
    by_row = panel.frame.set_axis(panel.rows, axis="index").sort_index()
    issues = checks.check_positive(panel.headers[outcome], outcome, by_row, raw[position])
    positive = panel.frame[outcome].where(panel.frame[outcome] > 0)
    return replace(
        panel,
        frame=panel.frame.assign(**{outcome: positive}),
        issues=(*panel.issues, *issues),
    )
