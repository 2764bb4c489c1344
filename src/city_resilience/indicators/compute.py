"""From a grid of variables to values of indicators."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np

from city_resilience.arrays import Float
from city_resilience.catalogue.variables import Variable, load_catalogue
from city_resilience.errors import InputError, check_known
from city_resilience.experiment.family import FAMILIES, POLICY
from city_resilience.indicators.formulas.ratios import value
from city_resilience.indicators.formulas.together import independent
from city_resilience.indicators.formulas.years import lag
from city_resilience.indicators.indicator import POINTS, Indicator
from city_resilience.indicators.inputs import Inputs, lag_of, variables_behind
from city_resilience.indicators.outcome import OutcomeSeries
from city_resilience.indicators.table import load_indices, load_table

if TYPE_CHECKING:
    from city_resilience.reading.panel import Grid

__all__ = [
    "Computer",
    "IndicatorValues",
    "asked_indicators",
    "compute_indicators",
    "missing_inputs",
    "no_value_of",
]

_NO_OUTCOME = "outcome.variable: the panel has no"
NO_LAGS: Mapping[str, int] = MappingProxyType({})
_TOGETHER = 8  # layers written at once: they lie side by side in the array


@dataclass(frozen=True)
class IndicatorValues:
    """Indicators of a panel.

    Attributes
    ----------
    specs : tuple of Indicator
        The indicators that are present, in the order of the last axis.
    values : ndarray of float64, shape (cities, years, indicators)
        NaN = missing. The value of a year uses data published by then only.
    absent : mapping of str to str
        Id of each indicator of the table that is not present to the reason.
    """

    specs: tuple[Indicator, ...]
    values: Float
    absent: Mapping[str, str]

    @property
    def ids(self) -> tuple[str, ...]:
        """Ids of the indicators, in the order of the last axis."""
        return tuple(spec.id for spec in self.specs)


def compute_indicators(
    grid: Grid,
    outcome: str | OutcomeSeries,
    variables: Mapping[str, Variable],
    *,
    publication_lag: Mapping[str, int] | None = None,
    families: Collection[str] = FAMILIES,
    exclude: Sequence[str] = (),
) -> IndicatorValues:
    """Compute every indicator of the table that the panel has the inputs for.

    An indicator of inputs with publication lags is computed on data of one and the same year and
    then shifted by the longest of the lags, so that a ratio never mixes years. In a panel of
    several nations those of each are computed by themselves.

    Parameters
    ----------
    grid : Grid
        Variables on (cities, years).
    outcome : str or OutcomeSeries
        The outcome as it is measured, or the id of a variable that is a level and adds up.
    variables : mapping of str to Variable
        Meaning of the panel's variables. Those that the shipped catalogue does not know (columns
        of the user's own) become indicators of their family, value as is.
    publication_lag : mapping of str to int
        Years by which a variable is published later than the outcome; default 0.
    families : collection of str
        Families to compute.
    exclude : sequence of str
        Ids of indicators to leave out.

    Raises
    ------
    InputError
        If the outcome, an excluded indicator or a lagged variable does not exist, or a lag is
        negative or set on the outcome.
    """
    lags = dict(publication_lag or {})
    if isinstance(outcome, OutcomeSeries):
        series = outcome
    else:
        check_known(outcome, grid.values, _NO_OUTCOME, then="name a variable of the panel")
        series = OutcomeSeries(outcome, grid.values[outcome], output=grid.values[outcome])
    asked = asked_indicators(
        grid.values, series, variables, publication_lag=lags, families=families, exclude=exclude
    )
    absent = missing_inputs(asked, grid, series, exclude)
    wanted, computer = [spec for spec in asked if spec.id not in absent], Computer(grid, series)
    specs, layers = [], []
    # One array for all: layers that are stacked at the end would need the memory twice.
    indicators = np.empty((*grid.shape, len(wanted)))
    for spec in wanted:
        values = computer.values(spec, lags)
        if np.isfinite(values).any():
            specs.append(spec)
            layers.append(values)
        else:
            absent[spec.id] = no_value_of(spec)
        if layers and (len(layers) == _TOGETHER or spec is wanted[-1]):
            indicators[:, :, len(specs) - len(layers) : len(specs)] = np.stack(layers, axis=-1)
            layers.clear()
    return IndicatorValues(tuple(specs), indicators[:, :, : len(specs)], absent)


def asked_indicators(
    columns: Collection[str],
    series: OutcomeSeries,
    variables: Mapping[str, Variable],
    *,
    publication_lag: Mapping[str, int],
    families: Collection[str],
    exclude: Sequence[str],
) -> list[Indicator]:
    """Return the indicators that may be computed of a panel, whether it has their inputs or not.

    Parameters
    ----------
    columns : collection of str
        Ids of the panel's variables, the outcome among them.
    series, variables, publication_lag, families, exclude
        As of `compute_indicators`, which says what is refused.
    """
    table = (*load_table(), *_own_columns(variables, series.id))
    _check(columns, series.id, publication_lag, table, exclude)
    return [spec for spec in table if spec.family in families and _about(spec, series)]


def missing_inputs(
    asked: Sequence[Indicator], grid: Grid, series: OutcomeSeries, exclude: Collection[str]
) -> dict[str, str]:
    """Return the asked indicators that a grid cannot have, or that are excluded, with the reason.

    Of the values of the grid and the series it counts whether there is any.
    """
    whole = Inputs(grid, series)
    return {
        spec.id: "excluded by the experiment" if spec.id in exclude else reason
        for spec in asked
        if spec.id in exclude or (reason := _missing(spec, whole, series.id))
    }


class Computer:
    """Computes indicators of a grid, nation by nation; what several share is computed once.

    Parameters
    ----------
    grid : Grid
    series : OutcomeSeries
        The outcome as it is measured.
    """

    def __init__(self, grid: Grid, series: OutcomeSeries) -> None:
        names = np.array([""]) if grid.nation is None else grid.nation
        self._shape = grid.shape
        self._parts = [
            (rows, Inputs(grid.of(rows), series.of(rows, nation), str(names[rows][0])))
            for rows, nation in series.nation.within(grid.nation).parts()
        ]

    def values(self, spec: Indicator, lags: Mapping[str, int] = NO_LAGS) -> Float:
        """Compute an indicator, shape (cities, years), shifted by the longest of its lags."""
        found = independent(*(partial(inputs.values_of, spec) for _, inputs in self._parts))
        values = np.empty(self._shape)
        for (rows, _), own in zip(self._parts, found, strict=True):
            values[rows] = own
        return lag(values, lag_of(spec, lags))


def _about(spec: Indicator, series: OutcomeSeries) -> bool:
    """Whether an indicator is one of such outcomes; that of rates is not missing from others."""
    return series.points is not None or POINTS not in spec.inputs


def _own_columns(variables: Mapping[str, Variable], outcome: str) -> Iterator[Indicator]:
    taken = {spec.id for spec in load_table()}
    for variable in variables.values():
        if variable.id in load_catalogue().variables or variable.id == outcome:
            continue
        if variable.family in ("outcome", POLICY):  # the first is the weight of a nation
            continue
        if variable.id in taken:
            raise InputError(
                f"data.columns: the column {variable.id!r} has the id of an indicator of the "
                "table; give it another id"
            )
        yield Indicator(
            variable.id,
            variable.family,
            variable.label_en,
            variable.label_zh,
            variable.unit,
            (variable.id,),
            value,
            variable.direction,
        )


def _check(
    columns: Collection[str],
    outcome: str,
    lags: Mapping[str, int],
    table: Sequence[Indicator],
    exclude: Sequence[str],
) -> None:
    check_known(outcome, columns, _NO_OUTCOME, then="name a variable of the panel")
    then = "remove it or correct its name"
    ids = {spec.id for spec in table} | {index.id for index in load_indices()}
    for name in exclude:
        check_known(name, ids, "features.exclude: no indicator", then=then)
    known = {*columns, *(v for spec in table for v in variables_behind(spec))}
    for name, years in lags.items():
        check_known(name, known, "features.publication_lag: no variable", then=then)
        if years < 0 or (name == outcome and years):
            raise InputError(
                f"features.publication_lag: {name!r} has {years}; lags are years after the "
                "outcome, 0 or more, and the outcome itself has none"
            )


def _missing(spec: Indicator, inputs: Inputs, outcome: str) -> str:
    """Return why an indicator cannot be computed, "" where it can."""
    reason = next(filter(None, map(inputs.missing, spec.inputs)), "")
    if reason:
        return reason
    if spec.inputs == (outcome,):
        return f"{outcome!r} is the outcome, whose past is the family history"
    return "" if spec.inputs else inputs.none_of(spec.optional)


def no_value_of(spec: Indicator) -> str:
    """Return that an indicator has no value at all, though its inputs are there."""
    wanted = variables_behind(spec)
    names = ", ".join(map(repr, wanted[:3])) + (", …" if len(wanted) > 3 else "")
    return f"has no city and year with all it needs of {names or 'the outcome'}"
