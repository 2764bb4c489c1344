"""What several indicators share, computed once for a grid.

A derived input is named ``"@…"`` like the outcome. It is the one pass over all cities that
national aggregates, industry shares and distances need; the indicators then work city by city.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, cached_property, partial
from typing import TYPE_CHECKING, Any

import numpy as np

from city_resilience.arrays import Float
from city_resilience.catalogue.industries import broad_groups, industry_ids
from city_resilience.indicators.formulas import agglomeration
from city_resilience.indicators.formulas.history import growth_gap_past, province_gap
from city_resilience.indicators.formulas.spatial import proximity, spatial_lag
from city_resilience.indicators.formulas.together import Pending, asked_by, independent
from city_resilience.indicators.formulas.variety import mean_densities
from city_resilience.indicators.indicator import (
    COORDINATES,
    EMPLOYMENT_TOTAL,
    GAP,
    INDUSTRIES,
    INDUSTRY_SHARES,
    NATION,
    NATIONAL_MIX,
    NEIGHBOURS,
    NEIGHBOURS_GAP,
    OUTCOME,
    OUTPUT,
    POINTS,
    PRODUCER_SERVICES,
    PROVINCE,
    PROVINCE_GAP,
    RELATEDNESS_DENSITY,
    YEARS,
    Indicator,
)

if TYPE_CHECKING:
    from city_resilience.indicators.outcome import OutcomeSeries
    from city_resilience.reading.panel import Grid

__all__ = ["Derived", "Inputs", "lag_of", "reads_outcome", "shared_inputs", "variables_behind"]


@dataclass(frozen=True)
class Derived:
    """An intermediate result that indicators take as an input.

    Attributes
    ----------
    inputs : tuple of str
        Variable ids, or names of special and derived inputs, that it cannot do without.
    function : callable
        Pure function of the inputs, then the optional inputs.
    optional : tuple of str
        Variable ids that are NaN where the panel has them not.
    """

    inputs: tuple[str, ...]
    function: Callable[..., Any]
    optional: tuple[str, ...] = ()


@cache
def shared_inputs() -> Mapping[str, Derived]:
    """Return what several indicators share, by name."""
    industries = industry_ids()
    total = ("unit_employment", "employment", *industries)
    services = broad_groups()["producer services"]
    return {
        GAP: Derived((OUTCOME, NATION), growth_gap_past),
        PROVINCE_GAP: Derived((OUTCOME, PROVINCE, NATION), province_gap),
        EMPLOYMENT_TOTAL: Derived((), agglomeration.employment_total, total),
        PRODUCER_SERVICES: Derived(services, agglomeration.joint_employment),
        INDUSTRIES: Derived(industries, agglomeration.checked_industries, ("unit_employment",)),
        INDUSTRY_SHARES: Derived((INDUSTRIES,), agglomeration.industry_shares),
        NATIONAL_MIX: Derived((INDUSTRIES, INDUSTRY_SHARES), agglomeration.national_mix),
        RELATEDNESS_DENSITY: Derived((INDUSTRY_SHARES, NATIONAL_MIX), mean_densities),
        NEIGHBOURS: Derived((COORDINATES,), proximity),
        NEIGHBOURS_GAP: Derived((GAP, NEIGHBOURS), spatial_lag),
    }


_ABSENT = {
    PROVINCE: "needs the province of each city, which the panel does not have",
    OUTPUT: "needs an outcome that adds up over cities, which this one does not",
    POINTS: "needs an outcome that is a rate",
    COORDINATES: "needs longitude and latitude, which neither the panel nor the gazetteer has",
}


def _given(names: tuple[str, ...]) -> Iterator[str]:
    """Yield the variables and special inputs behind some inputs, those behind derived ones too."""
    for name in names:
        if name in shared_inputs():
            derived = shared_inputs()[name]
            yield from _given((*derived.inputs, *derived.optional))
        else:
            yield name


def variables_of(names: tuple[str, ...]) -> Iterator[str]:
    """Yield the variable ids behind some inputs, those behind derived inputs too."""
    return (name for name in _given(names) if not name.startswith("@"))


def variables_behind(spec: Indicator) -> list[str]:
    """Return the variable ids behind an indicator, each once, the optional ones last."""
    return list(dict.fromkeys(variables_of((*spec.inputs, *spec.optional))))


def reads_outcome(spec: Indicator) -> bool:
    """Whether an indicator is computed from the outcome of the experiment."""
    return not {OUTCOME, OUTPUT, NATION, POINTS}.isdisjoint(_given((*spec.inputs, *spec.optional)))


def lag_of(spec: Indicator, lags: Mapping[str, int]) -> int:
    """Return the longest publication lag of the variables behind an indicator, in years."""
    return max((lags.get(name, 0) for name in variables_behind(spec)), default=0)


class Inputs:
    """The inputs of indicators by name, each derived one computed once.

    Parameters
    ----------
    grid : Grid
        Variables on (cities, years).
    series : OutcomeSeries
        The outcome.
    nation : str
        Name of the nation that the cities are of, "" where no nation is named.
    """

    def __init__(self, grid: Grid, series: OutcomeSeries, nation: str = "") -> None:
        self._grid, self._nation = grid, nation
        self._special: dict[str, Any] = {
            OUTCOME: series.level,
            NATION: series.nation,
            OUTPUT: series.output,
            POINTS: series.points,
            PROVINCE: grid.province,
            COORDINATES: grid.coordinates,
            YEARS: grid.years,
        }
        self._derived: dict[str, Any] = {}

    @cached_property
    def _unknown(self) -> Float:
        unknown = np.full(self._grid.shape, np.nan)
        unknown.flags.writeable = False
        return unknown

    def __getitem__(self, name: str) -> Any:
        """Return an input; NaN for a variable that the panel does not have."""
        if name in self._special:
            return self._special[name]
        if name not in shared_inputs():
            return self._grid.values.get(name, self._unknown)
        if name not in self._derived:
            derived = shared_inputs()[name]
            try:
                with np.errstate(all="ignore"):
                    names = (*derived.inputs, *derived.optional)
                    self._derived[name] = self._computed(name, derived.function, names)
            except Pending:
                self._derived[name] = Pending
        if self._derived[name] is Pending:
            raise Pending
        return self._derived[name]

    def values_of(self, spec: Indicator) -> Float:
        """Compute an indicator, shape (cities, years), before any publication lag."""
        values: Float = self._computed(spec.id, spec, (*spec.inputs, *spec.optional))
        return values

    def _computed(self, name: str, function: Callable[..., Any], names: tuple[str, ...]) -> Any:
        """Apply a function to inputs; what it asks of all cities is asked under its name."""
        arrays = independent(*(partial(self.__getitem__, part) for part in names))
        with asked_by(self._nation, name):
            return function(*arrays)

    def has(self, name: str) -> bool:
        """Return whether an input has a value at all."""
        return not self.missing(name)

    def missing(self, name: str) -> str:
        """Return why an input is absent, "" where it is there."""
        if name in shared_inputs():
            derived = shared_inputs()[name]
            if derived.inputs:
                return next(filter(None, map(self.missing, derived.inputs)), "")
            return self.none_of(derived.optional)
        if name in _ABSENT:
            known = self._special[name]
            there = known is not None and bool(
                np.any(known != "" if name == PROVINCE else np.isfinite(known))
            )
            return "" if there else _ABSENT[name]
        if name in self._special or self._has_values(name):
            return ""
        return f"needs {name!r}, which the panel does not have"

    def none_of(self, names: tuple[str, ...]) -> str:
        """Return that none of some inputs is there, "" where one is."""
        if any(self.has(name) for name in names):
            return ""
        shown = ", ".join(map(repr, list(variables_of(names))[:3]))
        return f"needs {shown}, which the panel does not have"

    def _has_values(self, name: str) -> bool:
        values = self._grid.values
        return name in values and bool(np.isfinite(values[name]).any())
