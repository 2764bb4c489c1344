"""Through which variable an indicator moves, and how far that has to move."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass

from city_resilience.catalogue.variables import load_catalogue
from city_resilience.errors import InputError
from city_resilience.indicators.indicator import NEIGHBOURS, PRODUCER_SERVICES, Indicator
from city_resilience.indicators.inputs import shared_inputs, variables_behind
from city_resilience.indicators.table import formula_of

__all__ = ["Numerator", "numerator_of", "solved"]

THROUGH_NUMERATOR = frozenset(
    [
        *("ratios.value", "ratios.ratio", "ratios.ratio_since", "ratios.share"),
        *("ratios.share_of_sum", "ratios.log_level", "ratios.log_ratio", "ratios.log_growth"),
        *("ratios.log_relative", "ratios.relative_growth", "ratios.change", "ratios.exp_ratio"),
        *("agglomeration.location_quotient", "agglomeration.employment_share"),
        *("agglomeration.employment_quotient", "agglomeration.stated_share"),
        *("structure.urban_share", "structure.oriented_theil"),
    ]
)
"""Formulas whose first argument that is known decides the value where the others are held."""
FIRST_STEP, STEPS, HALVINGS = 0.05, 24, 60


@dataclass(frozen=True)
class Numerator:
    """The variables that move with an indicator, all in one proportion.

    Attributes
    ----------
    values : mapping of str to float
        Their values in the city and year.
    held : frozenset of str
        Wholes that stay: an indicator that is a share of one moves at the cost of its other parts.
    """

    values: Mapping[str, float]
    held: frozenset[str]

    def at(self, times: float) -> dict[str, float]:
        """Return the values at so many times their size; one that is not positive moves by it."""
        return {
            name: times * x if x > 0 else x + (times - 1.0) * max(abs(x), 1.0)
            for name, x in self.values.items()
        }


def numerator_of(
    spec: Indicator, values: Mapping[str, float], text: str, held: Collection[str]
) -> Numerator:
    """Return through what an indicator moves.

    Parameters
    ----------
    values : mapping of str to float
        Known variables of the city and year.
    text : str
        The setting, for errors.
    held : collection of str
        Variables that may not move.

    Raises
    ------
    InputError
        If it is of other cities, the outcome's, or made of many variables.
    """
    behind = variables_behind(spec)
    if spec.family == "history":
        raise InputError(
            f"--set {text}: {spec.id} is the outcome's own past, which no scenario moves; set "
            "another indicator"
        )
    if NEIGHBOURS in spec.inputs:
        raise InputError(
            f"--set {text}: {spec.id} is of the neighbouring cities, and a scenario moves one "
            "city; set another indicator"
        )
    names = _first(spec, values) if formula_of(spec.id) in THROUGH_NUMERATOR else ()
    if not names or set(names) & set(held):
        free = [name for name in behind if name in values and name not in held]
        then = f"set one of its variables: {', '.join(free)}" if free else "set another indicator"
        raise InputError(
            f"--set {text}: {spec.id} is made of the outcome or of many variables, so that it "
            f"moves in no single way; {then}"
        )
    variables = load_catalogue().variables
    wholes = {variables[name].sums_to for name in names if name in variables} & set(behind)
    return Numerator({name: values[name] for name in names}, frozenset(wholes))


def _first(spec: Indicator, values: Mapping[str, float]) -> tuple[str, ...]:
    """Return the variables of the first argument that is known."""
    arguments = spec.inputs[:1] or spec.optional
    for name in arguments:
        names = shared_inputs()[name].inputs if name == PRODUCER_SERVICES else (name,)
        if all(own in values for own in names):
            return names
    return ()


def solved(
    numerator: Numerator,
    target: float,
    reached: Callable[[Mapping[str, float]], float],
    text: str,
) -> dict[str, float]:
    """Return the values of a numerator at which an indicator is at a target.

    Parameters
    ----------
    reached : callable
        From values of the numerator to the indicator; it may refuse them.

    Raises
    ------
    InputError
        If no values reach the target.
    """
    from scipy.optimize import brentq

    refused: list[InputError] = []

    def short(times: float) -> float:
        try:
            return reached(numerator.at(times)) - target
        except InputError as error:
            refused.append(error)
            return math.nan

    start = short(1.0)
    if abs(start) <= 1e-12 * max(abs(target), 1e-12):
        return numerator.at(1.0)
    for sign in (1.0, -1.0):
        for times in _further(short, sign):
            if short(times) * start <= 0:
                return numerator.at(float(brentq(short, 1.0, times, xtol=1e-14, rtol=1e-13)))
    if refused:
        raise refused[-1]
    raise InputError(
        f"--set {text}: {target:.6g} cannot be reached by moving {', '.join(numerator.values)}; "
        "set another value"
    )


def _further(short: Callable[[float], float], sign: float) -> Iterator[float]:
    """Yield sizes further and further from 1, up to where values are refused."""
    good, bad = 1.0, math.nan
    for step in range(STEPS):
        times = max(1.0 + sign * FIRST_STEP * 2.0**step, 0.0)
        if math.isnan(short(times)):
            bad = times
            break
        good = times
        yield good
        if good == 0.0:
            return
    for _ in range(0 if math.isnan(bad) else HALVINGS):
        middle = (good + bad) / 2.0
        if math.isnan(short(middle)):
            bad = middle
        else:
            good = middle
            yield good
