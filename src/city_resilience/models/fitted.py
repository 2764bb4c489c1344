"""Fitted models as plain arrays: they predict, explain themselves, and turn into a file.

Nothing here needs scikit-learn or pickle to be read back. Every ``from_bytes`` checks shapes and
bounds, so a damaged or hostile file raises ``InputError`` instead of reading out of bounds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from city_resilience.errors import InputError
from city_resilience.models.arrays import Layout, pack_arrays, unpack_arrays
from city_resilience.models.ubjson import check_booster

__all__ = ["FITTED", "Booster", "Fitted", "Forest", "Linear"]

Float = NDArray[np.float64]
MOST_ROUNDING = 1e-3  # pp; a larger difference is no rounding and must show


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


@dataclass(frozen=True)
class Booster:
    """Gradient-boosted trees of xgboost, kept as UBJSON."""

    kind: ClassVar[str] = "booster"
    file: ClassVar[str] = "booster.ubj"
    ubjson: bytes

    @cached_property
    def _booster(self) -> Any:
        import xgboost

        booster = xgboost.Booster()
        try:
            booster.load_model(bytearray(self.ubjson))
        except (xgboost.core.XGBoostError, ValueError) as error:
            raise InputError(
                "booster.ubj: xgboost cannot read it; export the model again"
            ) from error
        return booster

    def predict(self, features: Float) -> Float:
        """Forecast rows of shape (n, columns)."""
        return np.asarray(self._booster.inplace_predict(features), dtype=np.float64)

    def contributions(self, features: Float) -> tuple[Float, float]:
        """SHAP values by xgboost itself, their float32 rounding given to the largest of a row."""
        import xgboost

        found = self._booster.predict(xgboost.DMatrix(features), pred_contribs=True)
        found = np.asarray(found, dtype=np.float64)
        values, base = found[:, :-1], float(found[0, -1]) if len(found) else 0.0
        rounding = self.predict(features) - values.sum(axis=1) - base
        small = np.where(np.abs(rounding) < MOST_ROUNDING, rounding, 0.0)
        if values.size:
            values[np.arange(len(values)), np.abs(values).argmax(axis=1)] += small
        return values, base

    def to_bytes(self) -> bytes:
        """Return the UBJSON file."""
        return self.ubjson

    @classmethod
    def from_bytes(cls, data: bytes, columns: int) -> Self:
        """Read the UBJSON file back: checked to be trees over the columns, then by xgboost."""
        check_booster(data, columns)
        model = cls(data)
        _ = model._booster
        return model


@dataclass(frozen=True)
class Forest(_Arrays):
    """An average of regression trees as flat node arrays.

    Attributes
    ----------
    left, right, feature : ndarray of int32, shape (nodes,)
        Children of a node, counted from the first node of its tree (-1 = leaf), and the column
        it splits on.
    threshold : ndarray of float32, shape (nodes,)
        A row goes left where its value is at most this.
    value : ndarray of float64, shape (nodes,)
        Forecast of a leaf, pp.
    cover : ndarray of float32, shape (nodes,)
        Training rows that reached the node.
    roots : ndarray of int32, shape (trees + 1,)
        Where each tree begins; the last entry is the number of nodes.
    fill : ndarray of float64, shape (columns,)
        The value that stands in for a missing one.
    """

    kind: ClassVar[str] = "forest"
    file: ClassVar[str] = "forest.npz"
    layout: ClassVar[Layout] = {
        "left": ("i4", "nodes"),
        "right": ("i4", "nodes"),
        "feature": ("i4", "nodes"),
        "threshold": ("f4", "nodes"),
        "value": ("f8", "nodes"),
        "cover": ("f4", "nodes"),
        "roots": ("i4", "roots"),
        "fill": ("f8", "columns"),
    }
    left: NDArray[np.int32]
    right: NDArray[np.int32]
    feature: NDArray[np.int32]
    threshold: NDArray[np.float32]
    value: Float
    cover: NDArray[np.float32]
    roots: NDArray[np.int32]
    fill: Float

    def _filled(self, features: Float) -> NDArray[np.float32]:
        return np.where(np.isnan(features), self.fill, features).astype(np.float32)

    def predict(self, features: Float) -> Float:
        """Forecast rows of shape (n, columns)."""
        rows = self._filled(features)
        start = self.roots[:-1]
        node = np.tile(start, (len(rows), 1))
        index = np.arange(len(rows))[:, None]
        while True:
            inner = self.left[node] >= 0
            if not inner.any():
                break
            goes_left = rows[index, self.feature[node]] <= self.threshold[node]
            child = np.where(goes_left, self.left[node], self.right[node])
            node = np.where(inner, start + child, node)
        mean: Float = self.value[node].mean(axis=1)
        return mean

    def contributions(self, features: Float) -> tuple[Float, float]:
        """SHAP values by ``shap.TreeExplainer`` on the node arrays (path-dependent)."""
        explainer = self._explainer
        rows = self._filled(features).astype(np.float64)
        values = np.asarray(explainer.shap_values(rows, check_additivity=False))
        base = float(np.ravel(explainer.expected_value)[0])
        return values.reshape(features.shape), base

    @cached_property
    def _explainer(self) -> Any:
        import shap

        trees = len(self.roots) - 1
        nodes = []
        for first, end in zip(self.roots[:-1], self.roots[1:], strict=True):
            span = slice(first, end)
            nodes.append(
                {
                    "children_left": self.left[span],
                    "children_right": self.right[span],
                    "children_default": self.left[span],
                    "features": self.feature[span],
                    "thresholds": self.threshold[span].astype(np.float64),
                    "values": self.value[span].reshape(-1, 1) / trees,
                    "node_sample_weight": self.cover[span].astype(np.float64),
                }
            )
        return shap.TreeExplainer({"trees": nodes}, feature_perturbation="tree_path_dependent")

    @classmethod
    def from_bytes(cls, data: bytes, columns: int) -> Self:
        """Read the npz file back and check that no index leaves its tree."""
        forest = super().from_bytes(data, columns)
        if not forest._is_sound(columns):
            raise InputError(
                "forest.npz: a node points outside its tree or columns; export the model again"
            )
        return forest

    def _is_sound(self, columns: int) -> bool:
        roots = self.roots
        sizes = np.diff(roots)
        if roots.size < 2 or roots[0] != 0 or roots[-1] != self.left.size or (sizes <= 0).any():
            return False
        here = np.arange(self.left.size) - np.repeat(roots[:-1], sizes)
        size = np.repeat(sizes, sizes)
        inner = self.left >= 0
        ahead = (self.left > here) & (self.right > here)
        inside = (self.left < size) & (self.right < size)
        column = (self.feature >= 0) & (self.feature < columns)
        return bool((ahead & inside & column)[inner].all())


FITTED: Mapping[str, type[Linear] | type[Booster] | type[Forest]] = {
    model.kind: model for model in (Linear, Booster, Forest)
}
