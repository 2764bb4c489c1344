"""Fitted models as plain arrays: they predict, explain themselves, and turn into files.

Nothing here needs scikit-learn or pickle to be read back. Every ``from_files`` checks shapes and
bounds, so a damaged or hostile file raises ``InputError`` instead of reading out of bounds.
"""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any, ClassVar, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from city_resilience.errors import InputError

__all__ = [
    "FITTED",
    "Booster",
    "Fitted",
    "Forest",
    "Linear",
    "expect_array",
    "read_arrays",
    "write_arrays",
]

Float = NDArray[np.float64]
MOST_ROUNDING = 1e-3  # pp; a larger difference is no rounding and must show
MOST_BYTES = 256 * 1024 * 1024


class Fitted(Protocol):
    """A fitted model of one horizon; forecasts in percentage points."""

    kind: ClassVar[str]

    def predict(self, features: Float) -> Float:
        """Forecast rows of shape (n, columns); returns shape (n,)."""

    def contributions(self, features: Float) -> tuple[Float, float]:
        """SHAP values, shape (n, columns), and the base value they add up with."""

    def to_files(self) -> dict[str, bytes]:
        """Return the model as named files."""

    @classmethod
    def from_files(cls, files: Mapping[str, bytes], columns: int) -> Self:
        """Read the files back; ``columns`` is the width of the features."""


@dataclass(frozen=True)
class Linear:
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

    def to_files(self) -> dict[str, bytes]:
        """Return the model as one npz file."""
        arrays = {
            "coefficients": self.coefficients,
            "fill": self.fill,
            "centre": self.centre,
            "intercept": np.array([self.intercept]),
        }
        return {"linear.npz": write_arrays(arrays)}

    @classmethod
    def from_files(cls, files: Mapping[str, bytes], columns: int) -> Self:
        """Read the npz file back."""
        arrays = read_arrays(files, "linear.npz")
        for name in ("coefficients", "fill", "centre"):
            expect_array(arrays, name, "f8", (columns,), "linear.npz")
        expect_array(arrays, "intercept", "f8", (1,), "linear.npz")
        return cls(
            arrays["coefficients"],
            arrays["fill"],
            arrays["centre"],
            float(arrays["intercept"][0]),
        )


@dataclass(frozen=True)
class Booster:
    """Gradient-boosted trees of xgboost, kept as UBJSON."""

    kind: ClassVar[str] = "booster"
    ubjson: bytes
    columns: int

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
        if booster.num_features() != self.columns:
            raise InputError(
                f"booster.ubj: made for {booster.num_features()} columns, the manifest has "
                f"{self.columns}; export the model again"
            )
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

    def to_files(self) -> dict[str, bytes]:
        """Return the UBJSON file."""
        return {"booster.ubj": self.ubjson}

    @classmethod
    def from_files(cls, files: Mapping[str, bytes], columns: int) -> Self:
        """Read the UBJSON file back; xgboost checks it when it is first used."""
        if "booster.ubj" not in files:
            raise InputError("booster.ubj: missing from the model; export the model again")
        model = cls(files["booster.ubj"], columns)
        _ = model._booster
        return model


@dataclass(frozen=True)
class Forest:
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

    def to_files(self) -> dict[str, bytes]:
        """Return the node arrays as one npz file."""
        return {"forest.npz": write_arrays({n: getattr(self, n) for n in _names(self)})}

    @classmethod
    def from_files(cls, files: Mapping[str, bytes], columns: int) -> Self:
        """Read the node arrays back and check that no index leaves its tree."""
        arrays = read_arrays(files, "forest.npz")
        if "left" not in arrays or "roots" not in arrays:
            raise InputError("forest.npz: arrays are missing; export the model again")
        nodes, trees = arrays["left"].size, arrays["roots"].size - 1
        kinds = {"left": "i4", "right": "i4", "feature": "i4", "threshold": "f4", "cover": "f4"}
        for name, kind in kinds.items():
            expect_array(arrays, name, kind, (nodes,), "forest.npz")
        expect_array(arrays, "value", "f8", (nodes,), "forest.npz")
        expect_array(arrays, "roots", "i4", (trees + 1,), "forest.npz")
        expect_array(arrays, "fill", "f8", (columns,), "forest.npz")
        forest = cls(**{name: arrays[name] for name in _names(cls)})
        forest._check_nodes(columns)
        return forest

    def _check_nodes(self, columns: int) -> None:
        roots = self.roots
        sound = roots.size > 1 and roots[0] == 0 and roots[-1] == self.left.size
        if sound and (np.diff(roots) > 0).all():
            start = np.repeat(roots[:-1], np.diff(roots))
            size = np.repeat(np.diff(roots), np.diff(roots))
            here = np.arange(self.left.size) - start
            inner = self.left >= 0
            ahead = (self.left > here) & (self.right > here)
            inside = (self.left < size) & (self.right < size)
            column = (self.feature >= 0) & (self.feature < columns)
            sound = bool((ahead & inside & column)[inner].all())
        else:
            sound = False
        if not sound:
            raise InputError(
                "forest.npz: a node points outside its tree or columns; export the model again"
            )


FITTED: Mapping[str, type[Linear] | type[Booster] | type[Forest]] = {
    model.kind: model for model in (Linear, Booster, Forest)
}


def _names(model: Forest | type[Forest]) -> list[str]:
    return [field.name for field in fields(model)]


def write_arrays(arrays: Mapping[str, NDArray[Any]]) -> bytes:
    """Pack arrays into a compressed npz whose bytes depend on the arrays alone."""
    import zipfile

    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in sorted(arrays):
            member = io.BytesIO()
            np.lib.format.write_array(member, np.ascontiguousarray(arrays[name]), version=(1, 0))
            info = zipfile.ZipInfo(f"{name}.npy", date_time=(1980, 1, 1, 0, 0, 0))
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, member.getvalue())
    return buffer.getvalue()


def read_arrays(files: Mapping[str, bytes], name: str) -> dict[str, NDArray[Any]]:
    """Unpack an npz without pickle, refusing one that unpacks to more than 256 MB."""
    import zipfile

    if name not in files:
        raise InputError(f"{name}: missing from the model; export the model again")
    try:
        with zipfile.ZipFile(io.BytesIO(files[name])) as archive:
            size = sum(member.file_size for member in archive.infolist())
            if size > MOST_BYTES:
                raise InputError(f"{name}: unpacks to {size:,} bytes; not a model of this tool")
        with np.load(io.BytesIO(files[name]), allow_pickle=False) as loaded:
            return {key: loaded[key] for key in loaded.files}
    except (zipfile.BadZipFile, ValueError, OSError, EOFError, KeyError) as error:
        raise InputError(f"{name}: not a readable npz; export the model again") from error


def expect_array(
    arrays: Mapping[str, NDArray[Any]], name: str, kind: str, shape: tuple[int, ...], where: str
) -> None:
    """Refuse an array that is missing, of another kind or shape, or not finite."""
    array = arrays.get(name)
    if array is None or array.dtype.str[1:] != kind or array.shape != shape:
        found = "nothing" if array is None else f"{array.dtype} of shape {array.shape}"
        raise InputError(
            f"{where}: array {name!r} should be {kind} of shape {json.dumps(shape)}, found "
            f"{found}; export the model again"
        )
    if kind.startswith("f") and not np.isfinite(array).all():
        raise InputError(f"{where}: array {name!r} holds a value that is not finite")
