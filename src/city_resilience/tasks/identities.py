"""Accounting identities of the outcome, and made-up variables that fulfil them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np

from city_resilience.arrays import Float, Strings
from city_resilience.catalogue.variables import load_catalogue
from city_resilience.experiment.outcome import Outcome
from city_resilience.indicators.formulas.years import lag

__all__ = ["Draw", "Identity", "draw_variables", "identities_of", "load_identities"]


CITIES, YEARS = 40, 12
STEP, SLOW_STEP = 0.05, 0.001  # standard deviation of yearly log growth


@dataclass(frozen=True)
class Identity:
    """A variable that is computed from others: their sum, their product, their growth.

    Attributes
    ----------
    whole : str
        Id of the variable.
    parts : tuple of str
        What it is made of.
    combine : callable
        Function of the stacked parts, shape (parts, cities, years), to the whole, (cities, years).
    reason : str
        The identity in words.
    slow : tuple of str
        Parts that hardly change from year to year beside the others: the whole grows as the
        other parts do.
    """

    whole: str
    parts: tuple[str, ...]
    combine: Callable[[Float], Float]
    reason: str
    slow: tuple[str, ...] = ()

    @property
    def variables(self) -> frozenset[str]:
        """The whole and its parts."""
        return frozenset((self.whole, *self.parts))


@dataclass(frozen=True)
class Draw:
    """Made-up variables, arrays (cities, years), and provinces, shape (cities,)."""

    values: Mapping[str, Float]
    province: Strings


def _sum(parts: Float) -> Float:
    return np.asarray(parts.sum(axis=0))


def _product(parts: Float) -> Float:
    return np.asarray(parts.prod(axis=0))


def _growth_index(parts: Float) -> Float:
    return np.asarray(100.0 * parts[0] / lag(parts[0], 1))


_COMBINED = {"sum": _sum, "product": _product, "growth": _growth_index}


@cache
def load_identities() -> tuple[Identity, ...]:
    """Return the identities of the catalogue, in its order."""
    return tuple(
        Identity(whole.id, own.of, _COMBINED[own.how], own.reason, own.slow)
        for whole in load_catalogue().variables.values()
        for own in whole.identities
    )


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
        _product,
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
    parts = identity.parts if identity else ()
    slow = identity.slow if identity else ()
    values = {
        name: _walk(rng, SLOW_STEP if name in slow else STEP)
        for name in dict.fromkeys((*parts, *names))
    }
    if identity:
        values[identity.whole] = identity.combine(np.stack([values[name] for name in parts]))
    province = np.array([f"p{k % 4}" for k in range(CITIES)])
    return Draw(values, province)


def _walk(rng: np.random.Generator, step: float) -> Float:
    growth = rng.normal(0.0, step, (CITIES, YEARS))
    walk: Float = np.exp(rng.normal(0.0, 0.3, (CITIES, 1)) + growth.cumsum(axis=1))
    return walk
