"""Fitted models: they predict, explain themselves, and turn into a file.

Nothing here needs scikit-learn or pickle to be read back. Every ``from_bytes`` checks shapes and
bounds, so a damaged or hostile file raises ``InputError`` instead of reading out of bounds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Protocol, Self

import numpy as np

from city_resilience.arrays import Float
from city_resilience.models.arrays import Layout, pack_arrays, unpack_arrays
from city_resilience.models.trees import Trees

__all__ = ["FITTED", "Fitted", "Linear"]


class Fitted(Protocol):
    """A fitted model of one horizon; forecasts in percentage points.

    Attributes
    ----------
    kind, file : str
        What a manifest calls it, and the name of its file.
    """

    kind: ClassVar[str]
    file: ClassVar[str]

    def predict(self, features: Float) -> Float:
        """Forecast rows of shape (n, columns); returns shape (n,)."""

    def contributions(self, features: Float) -> tuple[Float, float]:
        """SHAP values, shape (n, columns), and the base value they add up with."""

    def to_bytes(self) -> bytes:
        """Return the model as the content of its file."""

    @classmethod
    def from_bytes(cls, data: bytes, columns: int) -> Self:
        """Read the file back; ``columns`` is the width of the features."""


class _Arrays:
    """A model that is stored as the arrays of its layout; one of length 1 is a number."""

    file: ClassVar[str]
    layout: ClassVar[Layout]

    def to_bytes(self) -> bytes:
        """Return the arrays as an npz file."""
        return pack_arrays({name: np.atleast_1d(getattr(self, name)) for name in self.layout})

    @classmethod
    def from_bytes(cls, data: bytes, columns: int) -> Self:
        """Read the npz file back."""
        arrays = unpack_arrays(data, cls.file, cls.layout, columns=columns)
        return cls(**{n: a.item() if cls.layout[n][1] == 1 else a for n, a in arrays.items()})


@dataclass(frozen=True)
class Linear(_Arrays):
    """A linear model on imputed features.

    Attributes
    ----------
    coefficients, fill : ndarray, shape (columns,)
        Slope per column (pp per unit) and the value that stands in for a missing one.
    centre : ndarray, shape (columns,)
        Training mean, about which contributions are measured.
    intercept : float
        Forecast at the centre, pp.
    """

    kind: ClassVar[str] = "linear"
    file: ClassVar[str] = "linear.npz"
    layout: ClassVar[Layout] = {
        "coefficients": ("f8", "columns"),
        "fill": ("f8", "columns"),
        "centre": ("f8", "columns"),
        "intercept": ("f8", 1),
    }
    coefficients: Float
    fill: Float
    centre: Float
    intercept: float

    def predict(self, features: Float) -> Float:
        """Forecast rows of shape (n, columns)."""
        contributions, base = self.contributions(features)
        total: Float = base + contributions.sum(axis=1)
        return total

    def contributions(self, features: Float) -> tuple[Float, float]:
        """Exact SHAP values of a linear model: slope times distance from the centre."""
        filled = np.where(np.isnan(features), self.fill, features)
        return (filled - self.centre) * self.coefficients, self.intercept


FITTED: Mapping[str, type[Linear] | type[Trees]] = {model.kind: model for model in (Linear, Trees)}
