"""One entry of the table of indicators."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["OUTCOME", "PROVINCE", "Float", "Function", "Indicator"]

Float = NDArray[np.float64]
Function = Callable[..., Float]

OUTCOME = "@outcome"
PROVINCE = "@province"


@dataclass(frozen=True)
class Indicator:
    """What one indicator is and how it is computed.

    Attributes
    ----------
    id : str
        Name of the indicator, unique in the table.
    family : str
        One of `city_resilience.experiment.FAMILIES`.
    label_en, label_zh : str
        What it is called in a report.
    unit : str
        Unit of its values.
    inputs : tuple of str
        Variable ids it cannot do without, in the order of the function's arguments.
        ``"@outcome"`` stands for the experiment's outcome, ``"@province"`` for the province of
        each city (an array of str, shape (cities,)).
    function : callable
        Pure function of the inputs, then the optional inputs, each of shape (cities, years), to
        an array of shape (cities, years). Its value in a year may use that year and earlier
        years only.
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

    def variables(self) -> tuple[str, ...]:
        """Return the variable ids among the inputs, the optional ones last."""
        return tuple(v for v in (*self.inputs, *self.optional) if not v.startswith("@"))

    def __call__(self, *arrays: Any) -> Float:
        """Compute the indicator; values that are not finite become NaN."""
        with np.errstate(all="ignore"):
            values = np.asarray(self.function(*arrays), dtype=np.float64)
        return np.where(np.isfinite(values), values, np.nan)
