"""The outcome of an experiment as a series: a column in its scale, over its deflator if nominal."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace

import numpy as np

from city_resilience.arrays import Float, Int
from city_resilience.catalogue.variables import Variable
from city_resilience.errors import InputError, check_known
from city_resilience.experiment.outcome import Composite, Outcome
from city_resilience.indicators.compute import IndicatorValues, compute_indicators
from city_resilience.indicators.formulas.composite import FittedComposite
from city_resilience.indicators.formulas.nation import SUM, Nation
from city_resilience.indicators.formulas.years import lead
from city_resilience.indicators.outcome import OutcomeSeries
from city_resilience.reading.panel import Grid
from city_resilience.resilience.measures import MEASURES, Measure
from city_resilience.resilience.reasons import REASONS, reason_ids
from city_resilience.resilience.scale import outcome_series, scale_of
from city_resilience.resilience.window import Window

__all__ = [
    "COMPOSITE",
    "check_measure",
    "composite_level",
    "horizon_before",
    "label_of",
    "missing_labels",
    "past_of",
    "wait_of",
    "with_outcome",
    "with_past_of",
]

COMPOSITE = "composite"
_POINTS = 100.0


def check_measure(outcome: Outcome) -> None:
    """Refuse a measure that does not exist, or that is not about horizons.

    Raises
    ------
    InputError
        Names the nearest measures, or the command that a measure over a shock belongs to.
    """
    check_known(outcome.measure, MEASURES, "outcome.measure: no measure")
    measure = MEASURES[outcome.measure]
    if measure.categories:
        raise InputError(
            f"outcome.measure: {measure.id} is a category and no number, so it cannot be forecast; "
            "forecast resistance or recovery"
        )
    if measure.kind == "window" and not outcome.windows:
        raise InputError(
            f"outcome.measure: {measure.id} is about a shock; name shocks as outcome.windows, for "
            'example ["2008:2009:2011", "2019:2020:2022"]'
        )


def with_outcome(
    grid: Grid,
    variables: Mapping[str, Variable],
    outcome: Outcome,
    source: str,
    lags: Mapping[str, int] | None = None,
) -> tuple[Grid, dict[str, Variable], OutcomeSeries]:
    """Return the grid and its variables with the outcome among them, and the outcome.

    A nominal outcome is divided by its deflator under a name of its own, so that indicators which
    use the nominal series are not touched. A logarithm gives way to its exponential.

    Parameters
    ----------
    lags : mapping of str to int, optional
        Years by which a variable is published later than the outcome; the weight's counts.

    Raises
    ------
    InputError
        If the panel has no such outcome, deflator or weight, or the scale does not go with the
        outcome or the measure.
    """
    for key, name in (("variable", outcome.variable), ("deflator", outcome.deflator)):
        if name:
            then = f"set outcome.{key} or add the column"
            check_known(name, variables, f"{source}: outcome", "is not a column", then)
    measures = (MEASURES[outcome.measure],)
    series = outcome_series(grid.values, variables, outcome, measures, lags)
    name, variable, known = outcome.variable, variables[outcome.variable], dict(variables)
    if outcome.deflator:
        name = f"{name}_deflated"
        label = f"{variable.label_en}, deflated"
        known[name] = replace(variable, id=name, kind="volume", label_en=label)
        series = replace(series, id=name)
    series = replace(series, nation=series.nation.within(grid.nation))
    if outcome.deflator or scale_of(variable, outcome.scale) == "log":
        grid = replace(grid, values={**grid.values, name: series.level})
    return grid, known, series


def label_of(
    measure: str, outcome: Float, horizon: int, before: int = 0, nation: Nation = SUM
) -> Float:
    """Return labels at origin t over a horizon, shape (cities, years), in the measure's unit.

    With ``before``, a shorter horizon, they are what the horizon adds to it. A composite is
    forecast as its change over the horizon, in points of a hundred. A measure over shocks has no
    label at every origin; the growth gap stands in for it year by year.
    """
    if before:
        whole = label_of(measure, outcome, horizon, nation=nation)
        return whole - label_of(measure, outcome, before, nation=nation)
    if measure == COMPOSITE:
        return lead(outcome, horizon) - outcome
    return _yearly(measure).label(outcome, horizon, nation)


def wait_of(measure: str, horizon: int) -> int:
    """Return how many years after its origin a label over a horizon is known.

    Examples
    --------
    >>> wait_of("growth_gap", 3)
    3
    """
    known = _yearly(measure).known_from(Window(0, horizon))
    assert known is not None  # only a measure over shocks leaves it to each city
    return known


def _yearly(measure: str) -> Measure:
    """Return the measure whose labels are forecast: the growth gap for one over shocks."""
    own = MEASURES[measure]
    return MEASURES["growth_gap"] if own.kind == "window" else own


def horizon_before(horizon: int, outcome: Outcome) -> int:
    """Return the horizon that a forecast adds to: the next shorter one of the experiment.

    0 for the shortest, and for a measure that divides by national growth: ratios over one and two
    years do not add up.

    Examples
    --------
    >>> horizon_before(3, Outcome(horizons=(1, 3, 5)))
    1
    >>> horizon_before(3, Outcome(horizons=(1, 3), measure="relative_resistance"))
    0
    """
    if MEASURES[outcome.measure].ratio:
        return 0
    return max((own for own in outcome.horizons if own < horizon), default=0)


def missing_labels(
    measure: str, outcome: Float, horizon: int, nation: Nation = SUM
) -> dict[str, int]:
    """Count the city-years without a label by reason; what is not over yet is left out.

    Examples
    --------
    >>> missing_labels("growth_gap", np.array([[1.0, 2.0, 3.0], [1.0, np.nan, 4.0]]), 1)
    {'no_start': 1, 'no_end': 1}
    """
    if MEASURES[measure].over_horizon is None:
        return {}
    reasons = reason_ids(MEASURES[measure].reasons(outcome, horizon, nation))
    ids, counts = np.unique(reasons, return_counts=True)
    found = dict(zip(ids.tolist(), counts.tolist(), strict=True))
    return {name: found[name] for name in REASONS if name in found and name not in ("", "not_yet")}


def composite_level(
    indicators: IndicatorValues,
    years: Int,
    settings: Composite,
    first_origin: int,
    frozen: FittedComposite | None = None,
) -> tuple[Float, FittedComposite]:
    """Return a composite of indicators in points, shape (cities, years), and what was frozen.

    Parameters
    ----------
    indicators : IndicatorValues
    settings : Composite
        Components with their directions, method, window.
    first_origin : int
        Earliest origin that is fitted: the window must end by then.
    frozen : FittedComposite, optional
        Of a stored model; nothing is fitted then.

    Raises
    ------
    InputError
        If a component is no indicator of the panel, or the window reaches beyond the origin.
    """
    for name in settings.components:
        where = "outcome.composite.components: the panel offers no indicator"
        check_known(name, indicators.ids, where, then="choose another")
    if settings.window[1] > first_origin:
        raise InputError(
            f"outcome.composite.window ends in {settings.window[1]}, after the first origin "
            f"{first_origin}; end it by then, so that no weight knows the future"
        )
    values = np.stack(
        [indicators.values[:, :, indicators.ids.index(name)] for name in settings.components]
    )
    first, last = settings.window
    frozen = frozen or FittedComposite.fit(
        values[:, :, (years >= first) & (years <= last)],
        components=tuple(settings.components),
        directions=tuple(settings.components.values()),
        method=settings.method,
        complete=True,
        when=f"{first}-{last}",
    )
    return _POINTS * frozen.apply(values), frozen


def past_of(level: Float) -> Float:
    """Return a composite as the series whose log growth is its change.

    A composite of p points enters as exp(p / 100): a gap is then the change in points less that of
    the nation.
    """
    return np.exp(level / 100.0)


def with_past_of(
    level: Float, indicators: IndicatorValues, grid: Grid, exclude: Collection[str]
) -> IndicatorValues:
    """Return the indicators with the history of a composite in place of that of a variable."""
    past = replace(grid, values={COMPOSITE: past_of(level)})
    history = compute_indicators(past, COMPOSITE, {}, families=("history",))
    others = [k for k, spec in enumerate(indicators.specs) if spec.family != "history"]
    if len(others) == len(indicators.specs):
        return indicators
    kept = [k for k, spec in enumerate(history.specs) if spec.id not in exclude]
    return IndicatorValues(
        (*(indicators.specs[k] for k in others), *(history.specs[k] for k in kept)),
        np.concatenate([indicators.values[:, :, others], history.values[:, :, kept]], axis=-1),
        {**indicators.absent, **history.absent},
    )
