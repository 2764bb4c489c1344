"""From a panel and an experiment to the design that claims are tested on."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from city_resilience.arrays import Float, Mask
from city_resilience.errors import InputError, check_known
from city_resilience.experiment.experiment import Experiment
from city_resilience.experiment.mechanisms import Mechanisms, Treatment
from city_resilience.indicators.compute import IndicatorValues, compute_indicators
from city_resilience.indicators.formulas.composite import FittedComposite
from city_resilience.indicators.inputs import reads_outcome, variables_behind
from city_resilience.mechanisms.design import Design, Makeup, Series
from city_resilience.mechanisms.outcomes import outcome_of
from city_resilience.mechanisms.policies import policies_of
from city_resilience.reading.panel import Grid, Panel
from city_resilience.tasks.outcome import with_outcome

__all__ = ["CHANNEL_FAMILIES", "CONTROL_FAMILIES", "LEAST_SHARE", "build_design", "index_values"]

CONTROL_FAMILIES = ("control",)
CHANNEL_FAMILIES = ("innovation", "green_innovation", "talent", "structure", "agglomeration")
LEAST_SHARE = 0.8
"""Share of the rows of the first treatment that a control must have to be taken by itself."""
LEAST_YEARS, LEAST_CITIES = 4, 20
LOGARITHM = "ln:"
_SIZE = "population"
_MOVES = re.compile(r"^neighbours_|_growth$|_change\d*$")
"""Indicators that are movements of another one, or its values nearby: taken only by name."""


@dataclass(frozen=True)
class _Columns:
    """Indicators and variables of a panel, by name.

    ``outcome``: the variables that the outcome of the experiment is computed from.
    """

    panel: Panel
    grid: Grid
    found: IndicatorValues
    outcome: frozenset[str]

    def families(self, wanted: Sequence[str]) -> list[Series]:
        """Return the indicators of some families, each as a level."""
        own = (s.id for s in self.found.specs if s.family in wanted)
        return [self.indicator(name) for name in own if not _MOVES.search(name)]

    def indicator(self, name: str) -> Series:
        """Return an indicator."""
        at = self.found.ids.index(name)
        spec = self.found.specs[at]
        behind = self.grid.values.keys() & variables_behind(spec)
        return Series(
            name=name,
            values=self.found.values[:, :, at],
            label_en=spec.label_en,
            label_zh=spec.label_zh,
            unit=spec.unit,
            family=spec.family,
            direction=spec.direction,
            behind=frozenset(behind | self.outcome if reads_outcome(spec) else behind),
        )

    def named(self, name: str, where: str) -> Series:
        """Return an indicator, or the logarithm of a variable.

        Raises
        ------
        InputError
            If there is none of that name.
        """
        key = f"mechanisms.{where}"
        if not name.startswith(LOGARITHM):
            then = "name another, or the logarithm of a variable as ln:VARIABLE"
            check_known(name, self.found.ids, f"{key}: the panel offers no indicator", then=then)
            return self.indicator(name)
        own = name.removeprefix(LOGARITHM)
        check_known(own, self.grid.values, f"{key}: the panel has no variable", then="name another")
        return self.logarithm(own)

    def behind(self, columns: Iterable[Series]) -> dict[str, Series]:
        """Return the variables from which some columns are computed."""
        names = frozenset().union(*(own.behind for own in columns))
        return {
            name: Series(
                name,
                self.grid.values[name],
                variable.label_en,
                variable.label_zh,
                variable.unit,
                behind=frozenset([name]),
            )
            for name, variable in self.panel.variables.items()
            if name in names and name in self.grid.values
        }

    def logarithm(self, name: str) -> Series:
        """Return the natural logarithm of a variable; NaN where it is not positive."""
        values, variable = self.grid.values[name], self.panel.variables[name]
        logs = np.log(np.where(values > 0, values, np.nan))
        labels = (f"ln {variable.label_en}", f"ln {variable.label_zh}")
        return Series(LOGARITHM + name, logs, *labels, behind=frozenset([name]))


def build_design(
    panel: Panel,
    experiment: Experiment,
    coordinates: Mapping[str, tuple[float, float]] | None = None,
) -> Design:
    """Compute outcomes, indices, controls, channels and policies of a panel.

    Indicators are those of the year itself: publication lags are a matter of forecasts.

    Parameters
    ----------
    panel : Panel
    experiment : Experiment
    coordinates : mapping, optional
        Place to longitude and latitude, in place of those that the panel states or the gazetteer
        knows.

    Raises
    ------
    InputError
        If a name of ``[mechanisms]`` is unknown or stands for two things, no outcome or no
        treatment can be computed, or a window is missing.
    """
    settings = experiment.mechanisms
    resolved = panel.resolved(experiment.outcome)
    grid, variables, series = with_outcome(panel.grid(), panel.variables, resolved, panel.source)
    own = frozenset(filter(None, (resolved.variable, resolved.deflator)))
    columns = _Columns(panel, grid, compute_indicators(grid, series, variables), own)
    outcomes = {name: outcome_of(panel, experiment, name) for name in settings.outcomes}
    treatments = _treatments(columns, settings)
    _apart(columns, outcomes, treatments)
    base = np.isfinite(next(iter(treatments.values())).values)
    mediators = _chosen(columns, settings.mediators, CHANNEL_FAMILIES, "mediators", base)
    controls = _chosen(columns, settings.controls, CONTROL_FAMILIES, "controls", base)
    if settings.controls is None:
        shared = frozenset().union(*(own.behind for own in outcomes.values()))
        every = {**controls, **_size(columns)}
        controls = {k: v for k, v in every.items() if k not in mediators and not v.behind & shared}
    thresholds = _thresholds(columns, settings, treatments)
    tables = (outcomes, treatments, controls, mediators, thresholds)
    slices = panel.slices()
    province = slices.pop("province", np.empty(0, dtype=str))
    return Design(
        cities=grid.cities,
        years=grid.years,
        outcomes=outcomes,
        treatments=treatments,
        controls=controls,
        mediators=mediators,
        thresholds=thresholds,
        groups=slices,
        province=province,
        coordinates=_coordinates(grid, coordinates or {}),
        policies=policies_of(panel, experiment, settings.pilots),
        variables=columns.behind(own for table in tables for own in table.values()),
        simulated=experiment.data.simulated,
        noun=experiment.noun,
    )


def _coordinates(grid: Grid, stated: Mapping[str, tuple[float, float]]) -> Float | None:
    """Return longitude and latitude, shape (cities, 2); None where no place has them."""
    if not stated:
        return grid.coordinates
    unknown = (np.nan, np.nan)
    return np.asarray([stated.get(city, unknown) for city in grid.cities], dtype=np.float64)


def _treatments(columns: _Columns, settings: Mechanisms) -> dict[str, Series]:
    """Return the digital indices; each usable digital indicator by itself where none is named."""
    if settings.treatments:
        return {name: _index(columns, name, own) for name, own in settings.treatments.items()}
    every = columns.families(("digital",))
    own = [series for series in every if _usable(series.values)]
    if not own:
        raise InputError(
            "mechanisms: the panel has no digital indicator that varies within places, in "
            f"{LEAST_YEARS} years of {LEAST_CITIES} places; name one in [mechanisms.treatments]"
        )
    return {series.name: series for series in own}


def _apart(
    columns: _Columns, outcomes: Mapping[str, Series], treatments: Mapping[str, Series]
) -> None:
    """Refuse an index under the name of an outcome, or of an indicator that it is not."""
    logarithms = {LOGARITHM + name for name in columns.grid.values}
    taken = {*outcomes, *columns.found.ids, *logarithms}
    for name, own in treatments.items():
        if name in taken and own.components not in ((), (name,)):
            raise InputError(
                f"mechanisms.treatments.{name}: an outcome, an indicator or a logarithm of this "
                "panel has that name too; give the index another name"
            )


def _usable(values: Float) -> bool:
    """Whether enough places have enough years of a series, and it varies within them."""
    known = np.isfinite(values).sum(axis=1) >= LEAST_YEARS
    if known.sum() < LEAST_CITIES:
        return False
    return bool(np.nanmax(np.nanstd(values[known], axis=1)) > 0)


def _index(columns: _Columns, name: str, settings: Treatment) -> Series:
    """Return a treatment of one indicator, or an index of several."""
    where = f"treatments.{name}.components"
    parts = [columns.named(own, where) for own in settings.components]
    signs = list(settings.components.values())
    if len(parts) == 1:
        return replace(
            parts[0],
            name=name,
            values=signs[0] * parts[0].values,
            components=tuple(settings.components),
            label_en=settings.label_en or parts[0].label_en,
            label_zh=settings.label_zh or parts[0].label_zh,
        )
    years = _window(columns.grid, settings.window, name)
    _known(parts, years, columns.grid, name)
    stack = np.stack([own.values for own in parts])
    return Series(
        name=name,
        values=index_values(stack, signs, settings.weights, years),
        label_en=settings.label_en or name,
        label_zh=settings.label_zh or name,
        unit="index",
        family="digital",
        behind=frozenset().union(*(own.behind for own in parts)),
        components=tuple(settings.components),
        frozen=settings.window is not None,
        makeup=Makeup(stack, tuple(signs), years),
    )


def _window(grid: Grid, window: tuple[int, int] | None, name: str) -> Mask:
    """Return the years that fix an index, shape (years,)."""
    if window is None:
        return np.ones(len(grid.years), dtype=bool)
    years = (grid.years >= window[0]) & (grid.years <= window[1])
    if not years.any():
        raise InputError(
            f"mechanisms.treatments.{name}.window {window[0]}-{window[1]}: the panel has the years "
            f"{grid.years[0]}-{grid.years[-1]}; choose among them"
        )
    return np.asarray(years)


def _known(parts: Sequence[Series], years: Mask, grid: Grid, name: str) -> None:
    """Refuse components without a value in the years that fix an index."""
    absent = [one.name for one in parts if not np.isfinite(one.values[:, years]).any()]
    if absent:
        own = grid.years[years]
        raise InputError(
            f"mechanisms.treatments.{name}: no value of {', '.join(absent)} in {own[0]}-{own[-1]}, "
            "the years that fix the index; choose another window, or leave the component out"
        )


def index_values(stack: Float, signs: Sequence[int], weights: str, years: Mask) -> Float:
    """Return an index of several components, shape (cities, years); NaN where one is unknown.

    Parameters
    ----------
    stack : ndarray, shape (k, cities, years)
    signs : sequence of int, length k
        1 more is more digital, -1 less.
    weights : {"equal", "entropy", "pca"}
        ``equal``: the mean of the standard scores; the others as in `FittedComposite`.
    years : ndarray of bool, shape (years,)
        Years from which moments, ranges and weights are taken.

    Raises
    ------
    InputError
        If no component varies in these years.
    """
    if weights != "equal":
        fitted = FittedComposite.fit(
            stack[:, :, years],
            components=[str(k) for k in range(len(stack))],
            directions=signs,
            method=weights,  # type: ignore[arg-type]
            complete=True,
            when="the years of the window",
        )
        return fitted.apply(stack)
    part = stack[:, :, years].reshape(len(stack), -1)
    mean, spread = np.nanmean(part, axis=1), np.nanstd(part, axis=1)
    scores = (stack - mean[:, None, None]) / np.where(spread > 0, spread, np.nan)[:, None, None]
    index: Float = (scores * np.asarray(signs)[:, None, None]).mean(axis=0)
    return index


def _chosen(
    columns: _Columns,
    named: tuple[str, ...] | None,
    families: Sequence[str],
    where: str,
    base: Mask,
) -> dict[str, Series]:
    """Return what is named; else the indicators of some families that the sample has."""
    if named is not None:
        own = [columns.named(name, where) for name in named]
    else:
        least = LEAST_SHARE * base.sum()
        every = columns.families(families)
        own = [one for one in every if (np.isfinite(one.values) & base).sum() >= least]
    return {one.name: one for one in own}


def _thresholds(
    columns: _Columns, settings: Mechanisms, treatments: Mapping[str, Series]
) -> dict[str, Series]:
    """Return the variables at whose values the relation may change."""
    if settings.thresholds is not None:
        own = [columns.named(name, "thresholds") for name in settings.thresholds]
        return {one.name: one for one in own}
    return {**treatments, **_size(columns)}


def _size(columns: _Columns) -> dict[str, Series]:
    """Return the logarithm of population, where the panel has it."""
    if _SIZE not in columns.grid.values:
        return {}
    size = columns.logarithm(_SIZE)
    return {size.name: size}
