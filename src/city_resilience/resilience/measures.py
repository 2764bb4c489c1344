"""The table of measures of resilience: what can be forecast."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from city_resilience.resilience.growth_gap import growth_gap

__all__ = ["MEASURES", "Measure"]

Float = NDArray[np.float64]


@dataclass(frozen=True)
class Measure:
    """One measure of resilience.

    Attributes
    ----------
    id : str
        Name in the experiment file.
    unit : str
        Unit of the label.
    sign : str
        What a positive value means.
    label : callable
        Function (outcome, shape (cities, years); horizon) -> label at origin t, shape
        (cities, years). The label of year t is known from year t + horizon on.
    label_en, label_zh : str
        Name in a report.
    """

    id: str
    unit: str
    sign: str
    label: Callable[[Float, int], Float]
    label_en: str
    label_zh: str


_TABLE = (
    Measure(
        "growth_gap",
        "pp",
        "above 0: held up better than the nation",
        growth_gap,
        "growth gap to the nation",
        "相对全国增长差",
    ),
)

MEASURES: Mapping[str, Measure] = MappingProxyType({measure.id: measure for measure in _TABLE})
