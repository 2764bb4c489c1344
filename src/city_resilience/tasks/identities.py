"""Accounting identities of the outcome, and made-up variables that fulfil them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np

from city_resilience.arrays import Float, Strings
from city_resilience.catalogue.variables import Identity, load_catalogue
from city_resilience.experiment.outcome import Outcome
from city_resilience.indicators.formulas.years import lag

__all__ = ["COMBINE", "Draw", "draw_variables", "identities_of", "load_identities"]


CITIES, YEARS = 40, 12
STEP, SLOW_STEP = 0.05, 0.001  # standard deviation of yearly log growth


@dataclass(frozen=True)
class Draw:
    """Made-up variables, arrays (cities, years), and provinces, shape (cities,)."""

    values: Mapping[str, Float]
    province: Strings


COMBINE: Mapping[str, Callable[[Float], Float]] = {
    "sum": lambda parts: np.asarray(parts.sum(axis=0)),
    "product": lambda parts: np.asarray(parts.prod(axis=0)),
    "growth": lambda parts: np.asarray(100.0 * parts[0] / lag(parts[0], 1)),
}


@cache
def load_identities() -> tuple[Identity, ...]:
    """Return the identities of the catalogue, in its order."""
    variables = load_catalogue().variables.values()
    return tuple(own for whole in variables for own in whole.identities)


def identities_of(series: str, outcome: Outcome) -> tuple[Identity, ...]:
    """Return the identities that an outcome takes part in.

    Parameters
    ----------
    series : str
        Id of the series that is forecast.
    outcome : Outcome
        With a deflator the series is the variable over the deflator, an identity of its own.
    """
    deflated = Identity(
        outcome.variable,
        (series, outcome.deflator),
        "product",
        f"the outcome is {outcome.variable} over {outcome.deflator}",
    )
    own = (deflated,) if outcome.deflator else ()
    return tuple(one for one in (*own, *load_identities()) if series in one.variables)


def draw_variables(names: Sequence[str], identity: Identity | None, seed: int = 0) -> Draw:
    """Draw variables as independent random walks, but for one identity that they fulfil.

    Parameters
    ----------
    names : sequence of str
        Variables; those of the identity are added.
    identity : Identity or None
        None: all are independent.
    seed : int
        Of the random walks.
    """
    rng = np.random.default_rng(seed)
    parts = identity.of if identity else ()
    slow = identity.slow if identity else ()
    values = {
        name: _walk(rng, SLOW_STEP if name in slow else STEP)
        for name in dict.fromkeys((*parts, *names))
    }
    if identity:
        stacked = np.stack([values[name] for name in parts])
        values[identity.whole] = COMBINE[identity.how](stacked)
    province = np.array([f"p{k % 4}" for k in range(CITIES)])
    return Draw(values, province)


def _walk(rng: np.random.Generator, step: float) -> Float:
    growth = rng.normal(0.0, step, (CITIES, YEARS))
    walk: Float = np.exp(rng.normal(0.0, 0.3, (CITIES, 1)) + growth.cumsum(axis=1))
    return walk
