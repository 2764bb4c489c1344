"""The file of a release, laid out by the groups of a panel and year."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from city_resilience.arrays import Float, Int, Positions
from city_resilience.errors import InputError
from city_resilience.experiment.data import Data
from city_resilience.experiment.early import Release
from city_resilience.reading.early import EarlyRelease
from city_resilience.reading.opening import RawTable, open_table
from city_resilience.reading.panel import Panel
from city_resilience.reading.release_figures import check_kind, growth_of, prices_of
from city_resilience.reading.release_groups import group_levels, place_groups
from city_resilience.reading.release_rows import ReleaseRows, read_rows

__all__ = ["read_release"]

_ODD, _SHOWN = 40.0, 3  # log points of growth in a year that are said aloud
_SAME = 1e-9


def read_release(
    name: str,
    settings: Release,
    source: Path | str | pd.DataFrame,
    panel: Panel,
    data: Data | None = None,
) -> EarlyRelease:
    """Read an early release for a panel.

    Parameters
    ----------
    name : str
        Of the release in the experiment.
    settings : Release
    source : Path or DataFrame
        A file of any kind that a panel may be, or a frame; a row for each group and year.
    panel : Panel
        Whose groups and cities the release is laid out by.
    data : Data, optional
        The gazetteer and the mark of decimals of the panel hold for the release.

    Raises
    ------
    InputError
        If the file cannot be read, a column is missing, no group is one of the panel, a cell is no
        number, year or date, two rows contradict each other, or the figures cannot be what they
        are said to be.
    """
    data = data or Data()
    about = {"what": "early release", "table": f"[early.{name}]"}
    table = open_table(source, settings.sheet, data.decimal, **about)
    try:
        return _read(name, settings, table, panel, data)
    except InputError as error:
        raise InputError(f"{table.name}: {error}", error.paste) from error


def _read(name: str, settings: Release, table: RawTable, panel: Panel, data: Data) -> EarlyRelease:
    levels, member = group_levels(panel, settings.group, name)
    rows, position, notes = _placed(name, settings, table, data, levels)
    years: Int = np.arange(rows.year.min(), rows.year.max() + 1, dtype=np.int64)
    figures, days = _laid_out(name, rows, position, levels, years)
    check_kind(name, settings.column, settings.kind, figures)
    growth, published = growth_of(figures, days, settings.kind)
    if not np.isfinite(growth).any():
        raise InputError(
            f"early.{name}: no group has {settings.column!r} in two years that follow each other, "
            "and growth needs both; bring more years"
        )
    said = (*notes, *_prices(settings), *_odd(levels, years, growth))
    return EarlyRelease(
        name=name,
        group=settings.group,
        levels=levels,
        member=member,
        years=years,
        growth=growth,
        published=published,
        nominal=settings.prices == "nominal",
        concept=settings.concept,
        vintage=settings.vintage,
        label_en=settings.label_en or name,
        label_zh=settings.label_zh or settings.label_en or name,
        source=table.source,
        notes=tuple(f"early.{name}: {note}" for note in said),
    )


def _placed(
    name: str, settings: Release, table: RawTable, data: Data, levels: Sequence[str]
) -> tuple[ReleaseRows, Positions, tuple[str, ...]]:
    """Return the rows, which level each is about, and what is said of names."""
    named = tuple(levels) != ("",)
    if settings.key and not named:
        raise InputError(
            f"early.{name}.key: a release of the whole has no column of groups; remove key, or "
            "name another group"
        )
    rows = read_rows(name, settings, table, data, named=named)
    if not named:
        return rows, np.zeros(len(rows.name), dtype=np.intp), ()
    years = rows.year.tolist()
    return rows, *place_groups(rows.name, years, levels, settings.group, data.gazetteer)


def _laid_out(
    name: str, rows: ReleaseRows, position: Positions, levels: Sequence[str], years: Int
) -> tuple[Float, Int]:
    """Return figures and days of shape (levels, years); rows that contradict each other stop it."""
    figures = np.full((len(levels), len(years)), np.nan)
    days = np.zeros(figures.shape, dtype=np.int64)
    first = np.zeros(figures.shape, dtype=np.int64)
    for at in np.flatnonzero(position >= 0).tolist():
        cell = position[at], rows.year[at] - years[0]
        before, figure = figures[cell], rows.figure[at]
        if np.isfinite(before) and abs(before - figure) > _SAME * max(1.0, abs(before)):
            raise InputError(
                f"early.{name}: rows {first[cell]} and {rows.row[at]} contradict each other about "
                f"{levels[cell[0]] or 'the nation'} in {rows.year[at]}: {before:.6g} and "
                f"{figure:.6g}; keep one row for each group and year"
            )
        if not np.isfinite(before):
            figures[cell], first[cell], days[cell] = figure, rows.row[at], rows.day[at]
        days[cell] = min(days[cell], rows.day[at])
    return figures, days


def _prices(settings: Release) -> Iterator[str]:
    """Say where the header tells other prices than the experiment."""
    told = prices_of(settings.column, settings.kind)
    if told not in (None, settings.prices):
        yield (
            f"column {settings.column!r} reads like figures at {told} prices, and is taken as "
            f'{settings.prices}; set prices = "{told}" if it is so'
        )


def _odd(levels: Sequence[str], years: Int, growth: Float) -> Iterator[str]:
    """Say which groups grow or shrink by more in a year than economies do."""
    odd = np.argwhere(np.abs(growth) > _ODD).tolist()
    if not odd:
        return
    shown = ", ".join(
        f"{levels[row] or 'the nation'} {years[at]} "
        f"({100 * np.expm1(growth[row, at] / 100):+.0f} %)"
        for row, at in odd[:_SHOWN]
    )
    more = f" and {len(odd) - _SHOWN} more" if len(odd) > _SHOWN else ""
    yield f"growth that is hardly possible, kept as it is: {shown}{more}"
