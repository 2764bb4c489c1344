"""The choices of a specification curve, each of which a careful analyst could have made."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import product

import numpy as np

from city_resilience.arrays import Float, Mask
from city_resilience.errors import InputError
from city_resilience.experiment.mechanisms import Mechanisms
from city_resilience.mechanisms.baseline import usable_controls
from city_resilience.mechanisms.build import index_values
from city_resilience.mechanisms.design import Design, reach_of

__all__ = ["ALL", "PANDEMIC", "TOP_RANKS", "Cell", "Choices", "choices_of", "described"]

ALL, NONE, OWN = "all", "none", "own"
PANDEMIC = 2020
TOP_RANKS = ("municipality", "sub_provincial")
"""Levels of the group ``rank`` that are left out, one after the other, highest first."""
WEIGHTS = ("equal", "entropy", "pca")


@dataclass(frozen=True)
class Cell:
    """Choices that share the rows and the effects; the sets of controls are fitted together.

    Attributes
    ----------
    index, places, years, lag, winsorised, effects : str
        Keys of `Choices`; the lag in years, ``no`` or ``yes``, ``year`` or ``province_year``.
    """

    index: str
    places: str
    years: str
    lag: int
    winsorised: str
    effects: str


@dataclass(frozen=True)
class Choices:
    """What varies for one outcome and one digital index, the preferred choice first.

    Attributes
    ----------
    index : mapping of str to ndarray, shape (cities, years)
        The index by its weights, ``own`` where it is one indicator, ``only:NAME`` for a component.
    controls : mapping of str to tuple of str
        Sets of controls: ``all``, ``none``, ``without:NAME``.
    names : tuple of str
        All controls.
    places : mapping of str to ndarray of bool, shape (cities,)
    years : mapping of str to ndarray of bool, shape (years,)
    lags : tuple of int
    winsorised, effects : tuple of str
    """

    index: Mapping[str, Float]
    controls: Mapping[str, tuple[str, ...]]
    names: tuple[str, ...]
    places: Mapping[str, Mask]
    years: Mapping[str, Mask]
    lags: tuple[int, ...]
    winsorised: tuple[str, ...]
    effects: tuple[str, ...]

    def cells(self) -> Iterator[Cell]:
        """Yield all combinations but those of the controls, the preferred one first."""
        axes = (self.index, self.places, self.years, self.lags, self.winsorised, self.effects)
        for own in product(*axes):
            yield Cell(*own)


def described(cell: Cell, controls: str) -> str:
    """Return a specification as ``key=value; key=value``."""
    return (
        f"index={cell.index}; controls={controls}; winsorised={cell.winsorised}; "
        f"places={cell.places}; years={cell.years}; lag={cell.lag}; effects={cell.effects}"
    )


def choices_of(design: Design, settings: Mechanisms, outcome: str, treatment: str) -> Choices:
    """Return the choices that a design offers."""
    names = usable_controls(design, outcome, treatment)
    controls = {ALL: names} if names else {}
    controls[NONE] = ()
    if len(names) > 1:
        for left_out in names:
            controls[f"without:{left_out}"] = tuple(name for name in names if name != left_out)
    return Choices(
        index=_indices(design, settings, treatment),
        controls=controls,
        names=names,
        places=_places(design),
        years=_years(design, outcome, settings.horizon),
        lags=tuple(dict.fromkeys((0, *settings.lags))),
        winsorised=("no", "yes") if settings.winsorise else ("no",),
        effects=("year", "province_year") if len(design.province) else ("year",),
    )


def _indices(design: Design, settings: Mechanisms, treatment: str) -> dict[str, Float]:
    """Return an index by each way to weight it, its own first, and each component alone."""
    series = design.treatments[treatment]
    if series.makeup is None:
        return {OWN: series.values}
    made, own = series.makeup, settings.treatments.get(treatment)
    first = own.weights if own else WEIGHTS[0]
    found = {first: series.values}
    for weights in WEIGHTS:
        if weights != first:
            try:
                found[weights] = index_values(made.parts, made.signs, weights, made.years)
            except InputError:  # too few complete years for these weights
                continue
    for name, sign, values in zip(series.components, made.signs, made.parts, strict=True):
        found[f"only:{name}"] = sign * values
    return found


def _places(design: Design) -> dict[str, Mask]:
    """Return all places, and those without the highest ranks."""
    kept = np.ones(len(design.cities), dtype=bool)
    found = {ALL: kept}
    ranks = design.groups.get("rank", np.full(len(design.cities), ""))
    gone = []
    for level in TOP_RANKS:
        if (ranks == level).any():
            kept = kept & (ranks != level)
            gone.append(level)
            found["without:" + "+".join(gone)] = kept
    return found


def _years(design: Design, outcome: str, horizon: int) -> dict[str, Mask]:
    """Return all years, and those whose outcome does not touch 2020."""
    series, touched = design.outcomes[outcome], np.zeros(len(design.years), dtype=bool)
    if series.windows:
        for window in series.windows:
            start, *_, end = (int(year) for year in window.split(":"))
            touched |= (design.years == start) & (start <= PANDEMIC <= end)
    else:
        reached = design.years + reach_of(series, horizon)
        touched = (design.years <= PANDEMIC) & (reached >= PANDEMIC)
    touched &= np.isfinite(series.values).any(axis=0)
    found = {ALL: np.ones(len(design.years), dtype=bool)}
    if touched.any():
        found[f"without:{PANDEMIC}"] = ~touched
    return found
