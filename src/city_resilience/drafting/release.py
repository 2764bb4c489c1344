"""The table of an early release that an experiment lacks, guessed from the file."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from city_resilience.arrays import Float
from city_resilience.errors import InputError
from city_resilience.experiment.added_lines import toml_string
from city_resilience.experiment.data import Data
from city_resilience.experiment.early import CITY, NATION
from city_resilience.reading.column_cells import as_text, as_years, read_numbers
from city_resilience.reading.opening import open_table
from city_resilience.reading.panel import Panel
from city_resilience.reading.release_figures import Looks, looks_of, prices_of
from city_resilience.reading.release_groups import group_levels, place_groups
from city_resilience.reading.release_rows import release_cells, text_columns, year_columns

__all__ = ["release_lines"]

_UNSAFE = re.compile(r"[^A-Za-z0-9_-]+")
_MOST = 2  # other columns that are named


def release_lines(
    source: Path | str | pd.DataFrame, panel: Panel, data: Data, name: str = ""
) -> str:
    """Return lines that declare a release of a file in an experiment, to be looked at and pasted.

    Parameters
    ----------
    source : Path or DataFrame
    panel : Panel
        Whose groups the release is about.
    name : str
        Of the release; after its group when left out.

    Raises
    ------
    InputError
        If the file cannot be read, or no column of it holds figures.
    """
    table = open_table(source, "", data.decimal, what="early release", table="[early.NAME]")
    cells, headers = release_cells(table), table.headers
    at_years = [at for at in year_columns(headers) if at in cells]
    years = as_years(cells[at_years[0]]) if at_years else np.zeros(len(cells), dtype=np.int64)
    texts = [at for at in text_columns(cells) if at not in at_years]
    group, key = _group(cells, texts, years.tolist(), panel, data)
    names = as_text(cells[key]).tolist() if key is not None else [""] * len(cells)
    found = []
    for at in cells.columns:
        values = read_numbers(cells[at], data.decimal or table.decimal).values
        if headers[at] and at not in (*texts, *at_years) and np.isfinite(values).any():
            found.append((headers[at], looks_of(_laid_out(names, years.tolist(), values))[0]))
    if not found:
        raise InputError(f"{table.name}: no column holds figures; name another file")
    found.sort(key=lambda column: (column[1] in ("level", "chained"), len(column[0])))
    key_header = None if key is None else headers[key]
    year_header = headers[at_years[0]] if at_years else ""
    return "\n".join(_lines(name, group, key_header, year_header, found))


def _lines(
    name: str,
    group: str,
    key: str | None,
    year: str,
    columns: Sequence[tuple[str, Looks]],
) -> Iterator[str]:
    (header, looks), *others = columns
    also = ", ".join(toml_string(each) for each, _ in others[:_MOST])
    kind = looks.removesuffix("_fraction")
    yield f"[early.{name or _UNSAFE.sub('_', group).strip('_') or 'release'}]"
    yield f"group = {toml_string(group)}"
    if key is not None:
        yield f"key = {toml_string(key)}"
    if year:
        yield f"year = {toml_string(year)}"
    yield f"column = {toml_string(header)}" + (f"  # or {also}" if also else "")
    yield f'kind = "{kind}"'
    yield f'prices = "{prices_of(header, kind) or ("nominal" if kind == "level" else "real")}"'
    yield "delay_days = 45  # days after the end of a year until it is published"


def _group(
    cells: pd.DataFrame, texts: Sequence[int], years: Sequence[int], panel: Panel, data: Data
) -> tuple[str, int | None]:
    """Return the group of the panel whose names stand in a column, and that column."""
    best, share = (NATION, None if not texts else texts[0]), 0.0
    for group in (*panel.slices(), CITY):
        levels, _ = group_levels(panel, group, "")
        for at in texts:
            names = as_text(cells[at]).tolist()
            try:
                position, _ = place_groups(names, years, levels, group, data.gazetteer)
            except InputError:
                continue
            own = float((position >= 0).mean()) - (0.01 if group == CITY else 0.0)
            if own > share:
                best, share = (group, at), own
    return best if share else (best[0], None)


def _laid_out(names: Sequence[str], years: Sequence[int], values: Float) -> Float:
    """Return figures by group and year, whichever comes first where there are several."""
    frame = pd.DataFrame({"name": names, "year": years, "value": values})
    frame = frame.drop_duplicates(["name", "year"])
    laid: Float = frame.pivot_table(index="name", columns="year", values="value").to_numpy()
    return laid
