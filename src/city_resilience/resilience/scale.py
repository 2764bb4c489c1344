"""The scale of an outcome: the series that is measured, and the nation that its places make up.

Whatever its scale, an outcome becomes a positive series whose log growth is what is measured: a
level as it is, a logarithm as its exponential, a rate of p points as exp(p / 100) (so that 100
log points are points of the rate), an amount per head or an index as it is. What differs is the
nation, see `Nation`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np

from city_resilience.arrays import Float
from city_resilience.catalogue.units import conversion_factor, parse_unit
from city_resilience.catalogue.variables import Variable, load_catalogue
from city_resilience.errors import InputError, nearest
from city_resilience.experiment.outcome import Outcome, Scale
from city_resilience.indicators.formulas.nation import SUM, Nation, Way
from city_resilience.indicators.formulas.ratios import ratio
from city_resilience.indicators.formulas.together import counts
from city_resilience.indicators.formulas.years import lag, newest
from city_resilience.indicators.outcome import OutcomeSeries
from city_resilience.resilience.measures import MEASURES, Measure

__all__ = ["check_scale", "outcome_series", "scale_of", "weight_of"]

WAYS: Mapping[Scale, Way] = {
    "level": "sum",
    "log": "sum",
    "per_head": "mean",
    "rate": "mean_of_logs",
    "index": "mean_growth",
}
_WEIGHED = ("per_head", "rate", "index")
_KINDS: Mapping[str, Scale] = {"log": "log", "share": "rate", "index": "index"}
_PEOPLE = "population"
_LARGEST_LOG = 100.0
_POINTS = 100.0


def scale_of(variable: Variable, declared: Scale = "") -> Scale:
    """Return the scale of an outcome: the declared one, else what the catalogue knows of it.

    One that the catalogue does not know is a level.

    Raises
    ------
    InputError
        If the catalogue knows it as a rate and nothing is declared.

    Examples
    --------
    >>> scale_of(load_catalogue().variables["gdp_per_head"])
    'per_head'
    """
    if declared:
        return declared
    known = load_catalogue().variables.get(variable.id)
    if known is None:
        return "level"
    unit = parse_unit(known.unit)
    if unit is not None and unit.denominator:
        return "per_head"
    scale = _KINDS.get(known.kind, "level")
    if scale == "rate":
        raise InputError(
            f"outcome {variable.id!r} is a rate or share, whose growth in percent says nothing; "
            'set scale = "rate" and a direction under [outcome] to measure its change in points',
            f'[outcome]\nvariable = "{variable.id}"\nscale = "rate"\n'
            f"direction = {known.direction or 1}  # 1: more is better, -1: less is better",
        )
    return scale


def weight_of(
    variable: Variable, scale: Scale, declared: str, columns: Mapping[str, object]
) -> str:
    """Return the column by which cities count in the nation, "" where all count alike.

    Raises
    ------
    InputError
        If it is not a column, or an amount per head has none.
    """
    if scale not in _WEIGHED:
        if declared:
            raise InputError(
                f"outcome.weight: an outcome of scale {scale!r} adds up and takes no weight; "
                "remove it, or set scale to per_head, rate or index"
            )
        return ""
    if declared and declared not in columns:
        raise InputError(
            f"outcome.weight: {declared!r} is not a column{nearest(declared, columns)}; name one "
            "or add it"
        )
    people = _PEOPLE if scale != "index" and _PEOPLE in columns else ""
    if declared or people or scale != "per_head":
        return declared or people
    raise InputError(
        f"outcome {variable.id!r} is an amount per head, whose sum over places is no nation, and "
        "the panel has no population to weigh them by; add that column and name it as weight under "
        '[outcome], or set scale = "index": the nation then grows as its places do on average',
        f'[outcome]\nvariable = "{variable.id}"\nscale = "per_head"\n'
        f'weight = "{_PEOPLE}"  # the column that holds what it is per',
    )


def check_scale(measure: Measure, scale: Scale, outcome: Outcome) -> None:
    """Refuse what has no sense for a scale.

    Raises
    ------
    InputError
        Naming the measures that have one.
    """
    if scale == "rate" and (measure.ratio or measure.categories):
        forms = ", ".join(m.id for m in MEASURES.values() if not m.ratio and not m.categories)
        raise InputError(
            f"measure {measure.id!r} compares growth rates, which an outcome of scale 'rate' does "
            f"not have; choose among {forms}"
        )
    if scale != "rate" and outcome.direction == -1:
        raise InputError(
            f"outcome.direction: -1 is for a rate, whose change is in points; an outcome of scale "
            f"{scale!r} that grows is ahead of the nation; remove direction"
        )
    if scale == "rate" and outcome.deflator:
        raise InputError("outcome.deflator: a rate has no prices; remove it")
    mixed = outcome.counterfactual == "industry_mix" and "counterfactual" in measure.needs
    if scale != "level" and mixed:
        raise InputError(
            f"outcome.counterfactual: an industry mix adds up to a level, and the outcome is of "
            f"scale {scale!r}; use the counterfactual plain"
        )


def outcome_series(
    columns: Mapping[str, Float],
    variables: Mapping[str, Variable],
    outcome: Outcome,
    measures: Iterable[Measure],
    lags: Mapping[str, int] | None = None,
) -> OutcomeSeries:
    """Return an outcome as it is measured.

    Parameters
    ----------
    columns : mapping of str to ndarray, shape (cities, years)
        Columns of the panel by variable id, in their units; the outcome and its deflator are
        among them.
    variables : mapping of str to Variable
    outcome : Outcome
        Its variable, deflator, scale, weight and direction count.
    measures : iterable of Measure
        What is measured.
    lags : mapping of str to int, optional
        Years by which a variable is published later than the outcome. The newest weight
        published by a year counts in it.

    Raises
    ------
    InputError
        If the scale does not go with the outcome or a measure, or the weight is missing.
    """
    variable = variables[outcome.variable]
    scale = scale_of(variable, outcome.scale)
    for measure in measures:
        check_scale(measure, scale, outcome)
    weight = weight_of(variable, scale, outcome.weight, columns)
    late = (lags or {}).get(weight, 0)
    nation = _nation(scale, columns[weight] if weight else None, late)
    values = columns[outcome.variable]
    if scale == "rate":
        points = outcome.direction * _points(values, variable, outcome.direction)
        return OutcomeSeries(variable.id, np.exp(points / _POINTS), nation, points=points)
    level = _exponential(values, variable) if scale == "log" else values
    level = ratio(level, columns[outcome.deflator]) if outcome.deflator else level
    if scale == "index":
        return OutcomeSeries(variable.id, level, nation)
    output = level if nation.weight is None else level * nation.weight
    return OutcomeSeries(variable.id, level, nation, output)


def _nation(scale: Scale, weight: Float | None, weight_lag: int) -> Nation:
    if scale in ("level", "log"):
        return SUM
    if weight is None:
        return Nation(WAYS[scale], None)
    known = np.where(weight > 0, weight, np.nan)
    return Nation(WAYS[scale], newest(lag(known, weight_lag)))


def _exponential(values: Float, variable: Variable) -> Float:
    largest = np.nanmax(np.abs(values), initial=0.0)
    if largest > _LARGEST_LOG:
        raise InputError(
            f"outcome {variable.id!r}: scale 'log' was declared, and a value is {largest:g}, which "
            'is no logarithm of anything measured; set scale = "level"'
        )
    return np.exp(values)


def _points(values: Float, variable: Variable, direction: int) -> Float:
    """Return a rate in points of a hundred."""
    if direction not in (1, -1):
        raise InputError(
            f"outcome {variable.id!r} is a rate, and nothing says which way is better; set "
            "direction = 1 (more is better) or -1 (less is better) under [outcome]"
        )
    unit, percent = parse_unit(variable.unit), parse_unit("%")
    if unit is None and not variable.unit and not counts(np.count_nonzero(np.abs(values) > 1.0)):
        raise InputError(
            f"outcome {variable.id!r} is a rate without a unit, and no value is above 1; set "
            'unit = "fraction" or unit = "%" under [outcome]'
        )
    assert percent is not None  # the catalogue's own word
    factor = conversion_factor(unit, percent) if unit else None
    return values if factor is None else factor * values
