"""How large each column was when a model was trained, and what of a newer panel does not fit.

A column whose every value is ten thousand times too large looks sound by itself; beside the panel
that the model learnt from it does not.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from city_resilience.arrays import Float, Mask
from city_resilience.audit import thresholds as limit
from city_resilience.audit.trajectories import median_of_known
from city_resilience.audit.wording import compared, likely_power, span, why_factor
from city_resilience.reading.panel import Grid, Panel

__all__ = ["ColumnLevel", "level_doubts", "training_levels"]

_DIGITS = 5


@dataclass(frozen=True)
class ColumnLevel:
    """The level of one column in the years of a training panel.

    Attributes
    ----------
    first : int
        First year.
    medians : tuple of float or None
        Median over the training cities of ln |value|, for each year; None where no city has a
        value other than zero.
    """

    first: int
    medians: tuple[float | None, ...]

    def as_array(self) -> Float:
        """Return the medians, NaN where there is none."""
        return np.array([np.nan if own is None else own for own in self.medians], dtype=np.float64)


def training_levels(panel: Panel, cities: Collection[str]) -> dict[str, ColumnLevel]:
    """Return the level of each column of the panel that a model is trained on.

    Parameters
    ----------
    panel : Panel
        Its almost certainly wrong cells are unknown.
    cities : collection of str
        The training cities.
    """
    grid = panel.grid()
    first = int(grid.years[0])
    levels = {}
    for name, medians in _medians(grid, cities).items():
        if np.isfinite(medians).any():
            kept = [round(own, _DIGITS) if np.isfinite(own) else None for own in medians.tolist()]
            levels[name] = ColumnLevel(first, tuple(kept))
    return levels


def _medians(grid: Grid, cities: Collection[str]) -> dict[str, Float]:
    """Return the median of ln |value| of each column, shape (years,); none without a city."""
    known = frozenset(cities)
    own = np.array([city in known for city in grid.cities], dtype=bool)
    found: dict[str, Float] = {}
    if not own.any():
        return found
    for name, values in grid.values.items():
        size = np.abs(values[own])
        logs = np.log(np.where(size > 0, size, np.nan))
        found[name] = median_of_known(logs.T)
    return found


def level_doubts(
    panel: Panel, levels: Mapping[str, ColumnLevel], cities: Collection[str]
) -> tuple[str, ...]:
    """Name the columns and years of a panel that are far from the level of their training.

    Parameters
    ----------
    panel : Panel
        Before any cell is masked.
    levels : mapping of str to ColumnLevel
        Of `training_levels`; a column that the model did not know is not looked at.
    cities : collection of str
        The training cities.

    Returns
    -------
    tuple of str
        One sentence for each column and run of years.
    """
    grid = panel.grid()
    present = len(set(grid.cities) & set(cities)) / max(len(cities), 1)
    known = limit.TRAINED_LEVEL if present >= limit.TRAINED_PRESENT else limit.TRAINED_LEVEL_PART
    medians = _medians(grid, cities)
    doubts: list[str] = []
    for name, level in levels.items():
        if name in medians:
            off = _off(medians[name], grid.years.tolist(), level, known)
            header = panel.headers.get(name, name)
            doubts += _said(name, header, grid.years.tolist(), off, np.isfinite(medians[name]))
    return tuple(doubts)


def _off(medians: Float, years: Sequence[int], level: ColumnLevel, known: float) -> Float:
    """Return ln of how far each year is from what is expected of it; 0 where it is near."""
    trained = level.as_array()
    at = np.flatnonzero(np.isfinite(trained))
    moves = np.diff(trained[at]) / np.diff(at)
    usual = float(np.median(moves)) if moves.size else 0.0
    scatter = limit.MAD_DEVIATIONS * float(np.median(np.abs(moves - usual))) if moves.size else 0.0
    off = np.zeros(len(years))
    for k, year in enumerate(years):
        if not np.isfinite(medians[k]):
            continue
        place = year - level.first
        nearest = int(at[np.argmin(np.abs(at - place))])
        away = place - nearest
        move = float(medians[k]) - (float(trained[nearest]) + usual * away)
        wide = limit.TRAINED_MOVES * scatter * np.sqrt(abs(away))
        room = min(np.log(known) + wide, np.log(limit.TRAINED_MOST))
        outside = max(float(medians[k] - trained[at].max()), float(trained[at].min() - medians[k]))
        near = abs(move) <= room or (away != 0 and outside <= np.log(known))
        off[k] = 0.0 if near else move
    return off


def _said(name: str, header: str, years: Sequence[int], off: Float, seen: Mask) -> Iterator[str]:
    """Yield a sentence for all years together where all are off alike, else for each run."""
    wrong = off != 0.0
    if not wrong.any():
        return
    column = f"{name} (column {header!r})" if header != name else name
    alike = np.ptp(off[wrong]) <= np.log(limit.TRAINED_ALIKE)
    if alike and wrong.sum() == seen.sum() and wrong.sum() > 1:
        told = [years[k] for k in np.flatnonzero(wrong).tolist()]
        yield _sentence(column, f"in every year, {span(told)}", float(np.median(off[wrong])))
        return
    start = None
    for k in range(len(years) + 1):
        on = k < len(years) and bool(wrong[k])
        if on and start is None:
            start = k
        if not on and start is not None:
            typical = float(np.median(off[start:k]))
            yield _sentence(column, f"in {span(years[start:k])}", typical)
            start = None


def _sentence(column: str, when: str, off: float) -> str:
    power = int(likely_power(np.array([off]))[0])
    why = f" ({why_factor(power)}?)" if power else ""
    return (
        f"{column} is {compared(off)} its level when the model was trained, {when}{why}; "
        "correct the file or its unit, or train the model again"
    )
