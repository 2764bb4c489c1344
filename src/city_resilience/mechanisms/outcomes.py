"""Outcomes by name: a measure of resilience or the level, of the outcome's variable or another."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np

from city_resilience.catalogue.industries import industry_ids
from city_resilience.catalogue.variables import Variable
from city_resilience.errors import InputError, check_known
from city_resilience.experiment.experiment import Experiment
from city_resilience.experiment.outcome import Outcome
from city_resilience.indicators.compute import compute_indicators
from city_resilience.indicators.inputs import variables_behind
from city_resilience.mechanisms.design import Series
from city_resilience.reading.panel import Panel
from city_resilience.resilience.measure_panel import measure_panel
from city_resilience.resilience.measures import MEASURES
from city_resilience.resilience.scale import scale_of
from city_resilience.resilience.window import Window
from city_resilience.tasks.outcome import COMPOSITE, composite_level, label_of, with_outcome

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["OUTCOMES", "outcome_of"]

LEVEL = "level"
"""The outcome that is no measure of resilience: 100 times the natural logarithm of a variable."""


def outcome_of(panel: Panel, experiment: Experiment, name: str) -> Series:
    """Return an outcome as a column of the design.

    Parameters
    ----------
    name : str
        A name of `OUTCOMES`, of the outcome's variable or of another one as ``NAME:VARIABLE``.

    Returns
    -------
    Series
        In the column of year t what follows on t: over the horizon, or over the shock that begins
        after t; a composite and a level as they stand in t.

    Raises
    ------
    InputError
        If the measure or the variable is unknown, the measure is no number, or one over shocks has
        no window, or no value over its windows.
    """
    what, colon, variable = name.partition(":")
    then = "choose another one for mechanisms.outcomes, such as growth_gap or level"
    check_known(what, [*MEASURES, LEVEL], "mechanisms.outcomes: no measure", then=then)
    if what not in OUTCOMES:
        raise InputError(
            f"mechanisms.outcomes: {what} is a category and no number; name resistance or recovery"
        )
    if colon and what == COMPOSITE:
        raise InputError(
            f"mechanisms.outcomes: {name}: a composite is of the components of [outcome.composite] "
            f"and takes no variable; write {COMPOSITE}"
        )
    measure = "growth_gap" if what == LEVEL else what
    own = experiment.outcome.model_copy(update={"measure": measure})
    if colon and variable != own.variable:
        where = f"{panel.source}: mechanisms.outcomes: no variable"
        check_known(variable, panel.variables, where, then="choose another one")
        _no_rate(panel.variables[variable], name)
        changes = {"variable": variable, "deflator": "", "scale": "", "weight": "", "column": ""}
        own = own.model_copy(update=changes)
    return OUTCOMES[what](panel, experiment.model_copy(update={"outcome": own}), name)


def _no_rate(variable: Variable, name: str) -> None:
    """Refuse a rate beside the outcome: only the table of the outcome says which way is better."""
    try:
        scale_of(variable)
    except InputError as error:
        raise InputError(
            f"mechanisms.outcomes: {name}: {variable.id} is a rate or share, of which nothing says "
            "which way is better; make it the outcome of a second experiment file and write "
            f"{name.partition(':')[0]} alone there",
            error.paste,
        ) from None


def _over_horizon(panel: Panel, experiment: Experiment, name: str) -> Series:
    own, measure = panel.resolved(experiment.outcome), MEASURES[experiment.outcome.measure]
    _, variables, series = with_outcome(panel.grid(), panel.variables, own, panel.source)
    horizon = experiment.mechanisms.horizon
    values = label_of(measure.id, series.level, horizon, nation=series.nation)
    label = variables[own.variable]
    labels = (f"{measure.label_en}, {label.label_en}", f"{measure.label_zh}，{label.label_zh}")
    return Series(name, values, *labels, measure.unit, behind=_behind(own))


def _level(panel: Panel, experiment: Experiment, name: str) -> Series:
    """Return 100 times the natural logarithm of a variable; a rate in its points."""
    own = panel.resolved(experiment.outcome)
    _, variables, series = with_outcome(panel.grid(), panel.variables, own, panel.source)
    label, points = variables[own.variable], series.points
    if points is not None:
        turned = (
            (", turned: less is better", "（取反：越小越好）") if own.direction < 0 else ("", "")
        )
        words = (label.label_en + turned[0], label.label_zh + turned[1], "points")
        return Series(name, points, *words, behind=_behind(own), own_year=True)
    values = 100.0 * np.log(np.where(series.level > 0, series.level, np.nan))
    if not np.isfinite(values).any():
        raise InputError(
            f"{panel.source}: mechanisms.outcomes: {name} is 100 times the logarithm of "
            f"{own.variable}, of which no value is above zero; name another variable"
        )
    words = (f"100 ln {label.label_en}", f"100 ln {label.label_zh}", "log points")
    return Series(name, values, *words, behind=_behind(own), own_year=True)


def _behind(own: Outcome) -> frozenset[str]:
    return frozenset(filter(None, (own.variable, own.deflator)))


def _composite(panel: Panel, experiment: Experiment, name: str) -> Series:
    own, measure = panel.resolved(experiment.outcome), MEASURES[COMPOSITE]
    if own.composite is None:
        raise InputError(
            "mechanisms.outcomes names composite, but the outcome of the experiment is none; set "
            "outcome.measure to composite and add [outcome.composite], in a second experiment file "
            "if the forecast is of another measure",
            f'[outcome]\nvariable = "{own.variable}"\nmeasure = "{COMPOSITE}"\n\n'
            "[outcome.composite]\ncomponents = { FIRST_INDICATOR = 1, SECOND_INDICATOR = 1 }\n"
            f"window = [{panel.grid().years[0]}, {experiment.evaluation.first_origin}]",
        )
    grid, variables, series = with_outcome(panel.grid(), panel.variables, own, panel.source)
    found = compute_indicators(grid, series, variables)
    values, _ = composite_level(found, grid.years, own.composite, int(grid.years[-1]))
    parts = [s for s in found.specs if s.id in own.composite.components]
    return Series(
        name,
        values,
        measure.label_en,
        measure.label_zh,
        measure.unit,
        behind=frozenset(v for spec in parts for v in variables_behind(spec)),
        components=tuple(own.composite.components),
        own_year=True,
    )


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
    labels = (f"{measure.label_en}, {label.label_en}", f"{measure.label_zh}，{label.label_zh}")
    if "outcome" not in measure.needs:
        labels = (measure.label_en, measure.label_zh)
    return Series(
        name,
        values,
        *labels,
        measure.unit,
        behind=_behind(own) | _industries(panel, own),
        windows=tuple(texts),
        censored=_censored(table, own.measure),
    )


def _censored(table: pd.DataFrame, measure: str) -> float:
    """Return the share of what was observed that is only known to be larger; NaN without such."""
    if f"{measure}_censored" not in table:
        return float("nan")
    censored = table[f"{measure}_censored"].to_numpy(bool)
    observed = int((np.isfinite(table[measure].to_numpy(float)) | censored).sum())
    return float(censored.sum() / observed) if observed else float("nan")


def _industries(panel: Panel, own: Outcome) -> frozenset[str]:
    """Return the industries that a measure over shocks reads, or what it expects of a place."""
    needs = MEASURES[own.measure].needs
    mixed = "counterfactual" in needs and own.counterfactual == "industry_mix"
    read = mixed or "industries" in needs
    return frozenset(name for name in industry_ids() if read and name in panel.variables)


_BY_KIND = {"horizon": _over_horizon, "level": _composite, "window": _over_windows}
OUTCOMES: Mapping[str, Callable[[Panel, Experiment, str], Series]] = MappingProxyType(
    {m.id: _BY_KIND[m.kind] for m in MEASURES.values() if not m.categories} | {LEVEL: _level}
)
"""What an outcome may be: each measure that is a number, and the level."""
