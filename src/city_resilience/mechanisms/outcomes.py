"""Outcomes by name: a measure of resilience, of the outcome's variable or of another one."""

from __future__ import annotations

import numpy as np

from city_resilience.arrays import Float
from city_resilience.errors import InputError, check_known
from city_resilience.experiment.experiment import Experiment
from city_resilience.indicators.compute import compute_indicators
from city_resilience.indicators.inputs import variables_behind
from city_resilience.mechanisms.design import Series
from city_resilience.reading.panel import Panel
from city_resilience.resilience.measure_panel import measure_panel
from city_resilience.resilience.measures import MEASURES
from city_resilience.resilience.window import Window
from city_resilience.tasks.outcome import COMPOSITE, composite_level, label_of, with_outcome

__all__ = ["outcome_of"]


def outcome_of(panel: Panel, experiment: Experiment, name: str) -> Series:
    """Return an outcome as a column of the design.

    Parameters
    ----------
    name : str
        ``MEASURE`` or ``MEASURE:VARIABLE``.

    Returns
    -------
    Series
        In the column of year t what follows on t: over the horizon, or over the shock that begins
        after t; a composite as it stands in t.

    Raises
    ------
    InputError
        If the measure or the variable is unknown, or a measure over shocks has no window, or no
        value over its windows.
    """
    measure, colon, variable = name.partition(":")
    then = "choose another measure for mechanisms.outcomes"
    check_known(measure, MEASURES, "mechanisms.outcomes: no measure", then=then)
    own = experiment.outcome.model_copy(update={"measure": measure})
    if colon:
        where = f"{panel.source}: mechanisms.outcomes: no variable"
        check_known(variable, panel.variables, where, then="choose another one")
        changes = {"variable": variable, "deflator": "", "scale": "", "weight": "", "column": ""}
        own = own.model_copy(update=changes)
    settings = experiment.model_copy(update={"outcome": own})
    if MEASURES[measure].kind == "window":
        return _over_windows(panel, settings, name)
    return _by_year(panel, settings, name)


def _by_year(panel: Panel, experiment: Experiment, name: str) -> Series:
    """Return a measure over a horizon, or a composite."""
    own, measure = panel.resolved(experiment.outcome), MEASURES[experiment.outcome.measure]
    grid, variables, series = with_outcome(panel.grid(), panel.variables, own, panel.source)
    behind = frozenset(filter(None, (own.variable, own.deflator)))
    values: Float
    if measure.id == COMPOSITE:
        if own.composite is None:
            raise InputError(
                "mechanisms.outcomes names composite, but the experiment has no "
                "[outcome.composite]; add its components"
            )
        found = compute_indicators(grid, series, variables)
        last = int(grid.years[-1])
        values, _ = composite_level(found, grid.years, own.composite, last)
        parts = [s for s in found.specs if s.id in own.composite.components]
        behind = frozenset(v for spec in parts for v in variables_behind(spec))
        components = tuple(own.composite.components)
        return Series(
            name,
            values,
            measure.label_en,
            measure.label_zh,
            measure.unit,
            behind=behind,
            components=components,
        )
    horizon = experiment.mechanisms.horizon
    values = label_of(measure.id, series.level, horizon, nation=series.nation)
    label = variables[own.variable]
    labels = (f"{measure.label_en}, {label.label_en}", f"{measure.label_zh}，{label.label_zh}")
    return Series(name, values, *labels, measure.unit, behind=behind)


def _over_windows(panel: Panel, experiment: Experiment, name: str) -> Series:
    """Return a measure over shocks; each value stands in the year before its shock."""
    own = experiment.outcome
    texts = experiment.mechanisms.windows or own.windows
    if not texts:
        raise InputError(
            f"mechanisms.outcomes names {name}, which is measured over shocks, but "
            'mechanisms.windows is empty; add them, as in windows = ["2008:2009:2011"]'
        )
    windows = [Window.parse(text) for text in texts]
    table = measure_panel(
        panel,
        own,
        [own.measure],
        windows,
        counterfactual=own.counterfactual,
        floor=own.floor,
        deflator=own.deflator,
    )
    grid, measure = panel.grid(), MEASURES[own.measure]
    values = np.full(grid.shape, np.nan)
    at = {city: k for k, city in enumerate(grid.cities)}
    rows = [at[city] for city in table["city"]]
    values[rows, table["start"].to_numpy() - grid.years[0]] = table[own.measure].to_numpy(float)
    if not np.isfinite(values).any():
        raise InputError(
            f"mechanisms.outcomes: {name} has no value over {', '.join(texts)}; {panel.source} has "
            f"the years {grid.years[0]}-{grid.years[-1]}: name windows in them, with the end of "
            "the recovery for a measure of it, as in 2008:2009:2011"
        )
    label = panel.variables[own.variable]
    return Series(
        name,
        values,
        f"{measure.label_en}, {label.label_en}",
        f"{measure.label_zh}，{label.label_zh}",
        measure.unit,
        behind=frozenset([own.variable]),
        windows=tuple(texts),
    )
