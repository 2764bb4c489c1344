"""Entries of the table of indicators."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from city_resilience.arrays import Float

__all__ = [
    "COORDINATES",
    "EMPLOYMENT_TOTAL",
    "GAP",
    "INDUSTRIES",
    "INDUSTRY_SHARES",
    "NATION",
    "NATIONAL_MIX",
    "NEIGHBOURS",
    "NEIGHBOURS_GAP",
    "OUTCOME",
    "OUTPUT",
    "POINTS",
    "PRODUCER_SERVICES",
    "PROVINCE",
    "PROVINCE_GAP",
    "RELATEDNESS_DENSITY",
    "YEARS",
    "Function",
    "Index",
    "Indicator",
]

Function = Callable[..., Float]

# What is no variable of the panel: the outcome in its forms, what is known of the cities, and
# results that several indicators share (`city_resilience.indicators.inputs`).
OUTCOME = "@outcome"
NATION = "@nation"
OUTPUT = "@output"
POINTS = "@points"
PROVINCE = "@province"
COORDINATES = "@coordinates"
YEARS = "@years"
GAP = "@gap"
PROVINCE_GAP = "@province_gap"
EMPLOYMENT_TOTAL = "@employment_total"
PRODUCER_SERVICES = "@producer_services"
INDUSTRIES = "@industries"
INDUSTRY_SHARES = "@industry_shares"
NATIONAL_MIX = "@national_mix"
RELATEDNESS_DENSITY = "@relatedness_density"
NEIGHBOURS = "@neighbours"
NEIGHBOURS_GAP = "@neighbours_gap"


@dataclass(frozen=True)
class Indicator:
    """What one indicator is and how it is computed.

    Attributes
    ----------
    id : str
        Name of the indicator, unique in the table.
    family : str
        One of `city_resilience.experiment.family.FAMILIES`.
    label_en, label_zh : str
        What it is called in a report.
    unit : str
        Unit of its values.
    inputs : tuple of str
        Variable ids it cannot do without, in the order of the function's arguments.
        ``"@outcome"`` stands for the experiment's outcome as a positive series, ``"@nation"`` for
        how the cities make up the nation, ``"@output"`` for what of the outcome adds up over
        cities, ``"@points"`` for a rate in points, ``"@province"`` for the province of each city
        (an array of str, shape (cities,)), ``"@years"`` for the years (shape (years,)),
        ``"@coordinates"`` for longitude and latitude (shape (cities, 2)); the other constants of
        this module stand for results that several indicators share.
    function : callable
        Pure function of the inputs, then the optional inputs, to an array of shape
        (cities, years), which is the shape of variables. Its value in a year may use that year
        and earlier years only.
    direction : int
        +1 more is better, -1 more is worse, 0 unknown.
    optional : tuple of str
        Variable ids that are used where the panel has them, and are NaN where it has not.
    """

    id: str
    family: str
    label_en: str
    label_zh: str
    unit: str
    inputs: tuple[str, ...]
    function: Function
    direction: int = 0
    optional: tuple[str, ...] = ()

    def __call__(self, *arrays: Any) -> Float:
        """Compute the indicator; values that are not finite become NaN."""
        with np.errstate(all="ignore"):
            values = np.asarray(self.function(*arrays), dtype=np.float64)
        return np.where(np.isfinite(values), values, np.nan)


@dataclass(frozen=True)
class Index:
    """A composite of several indicators, fitted on the training years of a task.

    Attributes
    ----------
    id, family, label_en, label_zh : str
        As of an `Indicator`.
    components : tuple of str
        Ids of indicators whose direction is known; an index is made of those a panel offers.
    """

    id: str
    family: str
    label_en: str
    label_zh: str
    components: tuple[str, ...]

    @property
    def unit(self) -> str:
        """Unit of its values."""
        return "index"
