"""A composite index by entropy weights or TOPSIS, frozen on a training window.

Everything that is fitted (range, weights, ideal points) comes from the window alone and is stored,
so that a year which is added later changes no score of the years before.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from city_resilience.errors import InputError
from city_resilience.indicators.formulas.weights import entropy_weights
from city_resilience.resilience.reasons import Measured, measured

__all__ = ["CompositeMethod", "FrozenComposite", "topsis_closeness"]

Float = NDArray[np.float64]
CompositeMethod = Literal["entropy", "topsis"]


def topsis_closeness(weighted: Float, ideal: Float, anti_ideal: Float) -> Float:
    """Closeness to the ideal, ``C = D⁻ / (D⁺ + D⁻)``, in [0, 1].

    Distances are one-sided: a component beyond the ideal is at distance 0 from it, and one below
    the anti-ideal at distance 0 from that. Within the window they are the usual distances; beyond
    it they keep better from scoring worse.

    Parameters
    ----------
    weighted : ndarray, shape (k, ...)
        Weighted range-scaled components, more = better.
    ideal, anti_ideal : ndarray, shape (k,)

    Notes
    -----
    Hwang & Yoon 1981, *Multiple Attribute Decision Making*.
    """
    shape = (-1,) + (1,) * (weighted.ndim - 1)
    to_ideal = np.sqrt((np.maximum(ideal.reshape(shape) - weighted, 0.0) ** 2).sum(axis=0))
    to_anti = np.sqrt((np.maximum(weighted - anti_ideal.reshape(shape), 0.0) ** 2).sum(axis=0))
    return np.asarray(to_anti / (to_ideal + to_anti))


@dataclass(frozen=True)
class FrozenComposite:
    """A fitted composite index: plain values, ready to be stored with a model.

    Attributes
    ----------
    components : tuple of str, length k
        Variable ids.
    directions : tuple of int, length k
        1 = more is better, -1 = more is worse (a cost).
    method : {"entropy", "topsis"}
        Entropy-weighted sum, or closeness to the ideal with entropy weights.
    minimum, maximum : tuple of float, length k
        Range in the window, in the unit of the component.
    weights : tuple of float, length k
        Sum 1.
    ideal, anti_ideal : tuple of float, length k
        Best and worst weighted value in the window.
    window : tuple of two int
        First and last year of the training window.
    n : int
        City-years with every component that the fit stands on.
    constant : tuple of str
        Components that do not vary in the window; their weight is 0.
    """

    components: tuple[str, ...]
    directions: tuple[int, ...]
    method: CompositeMethod
    minimum: tuple[float, ...]
    maximum: tuple[float, ...]
    weights: tuple[float, ...]
    ideal: tuple[float, ...]
    anti_ideal: tuple[float, ...]
    window: tuple[int, int]
    n: int
    constant: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        k = len(self.components)
        for name in ("directions", "minimum", "maximum", "weights", "ideal", "anti_ideal"):
            if len(getattr(self, name)) != k:
                found = len(getattr(self, name))
                raise InputError(f"composite: {k} components, but {found} values of {name}")
        _check_choices(self.directions, self.method)

    @classmethod
    def fit(
        cls,
        values: Float,
        years: NDArray[np.int64],
        *,
        components: Sequence[str],
        window: tuple[int, int],
        directions: Sequence[int] = (),
        method: CompositeMethod = "entropy",
    ) -> FrozenComposite:
        """Fit range, weights and ideal points on the city-years of a window.

        Parameters
        ----------
        values : ndarray, shape (k, cities, years)
            Components; NaN = unknown. City-years with every component count.
        years : ndarray of int64, shape (years,)
        components : sequence of str, length k
        window : tuple of two int
            First and last year, both included.
        directions : sequence of int, length k
            1 or -1; by default all 1.
        method : {"entropy", "topsis"}

        Raises
        ------
        InputError
            If a direction or the method is unknown, fewer than two city-years of the window have
            every component, or no component varies.
        """
        signs = tuple(int(d) for d in directions) or (1,) * len(components)
        _check_choices(signs, method)
        if len(signs) != len(components):
            raise InputError(
                f"composite: {len(components)} components, but {len(signs)} directions"
            )
        rows = _training_rows(values, years, window)
        low, high = rows.min(axis=1), rows.max(axis=1)
        constant = tuple(c for c, same in zip(components, low == high, strict=True) if same)
        if len(constant) == len(components):
            raise InputError(
                f"composite: no component varies in {window[0]}-{window[1]} "
                f"({', '.join(constant)}); choose others or a longer window"
            )
        scaled = _scaled(rows, low, high, np.array(signs))
        weights = entropy_weights(scaled)
        weighted = weights[:, None] * scaled
        return cls(
            tuple(components),
            signs,
            method,
            minimum=tuple(low.tolist()),
            maximum=tuple(high.tolist()),
            weights=tuple(weights.tolist()),
            ideal=tuple(weighted.max(axis=1).tolist()),
            anti_ideal=tuple(weighted.min(axis=1).tolist()),
            window=(int(window[0]), int(window[1])),
            n=rows.shape[1],
            constant=constant,
        )

    def apply(self, values: Float) -> Float:
        """Score city-years, shape (k, cities, years) -> (cities, years); see `measure`."""
        return self.measure(values).values

    def measure(self, values: Float) -> Measured:
        """Score city-years with what was frozen.

        A value beyond the range of the window is not clipped: the weighted sum then leaves
        [0, 1], so that cities which pass the old best stay told apart. Logarithms occur in the
        weights alone, where every share is at least 0.

        Parameters
        ----------
        values : ndarray, shape (k, cities, years)

        Returns
        -------
        Measured, shape (cities, years)
            ``no_components`` where a component with a weight is missing.
        """
        weights = np.array(self.weights)
        scaled = _scaled(
            values, np.array(self.minimum), np.array(self.maximum), np.array(self.directions)
        )
        missing = (~np.isfinite(scaled) & (weights > 0)[:, None, None]).any(axis=0)
        used = weights > 0
        weighted = weights[used, None, None] * scaled[used]
        if self.method == "topsis":
            ideal, anti_ideal = np.array(self.ideal)[used], np.array(self.anti_ideal)[used]
            scores = topsis_closeness(weighted, ideal, anti_ideal)
        else:
            scores = weighted.sum(axis=0)
        return measured(scores, ("no_components", missing))

    def as_dict(self) -> dict[str, Any]:
        """Return plain lists, numbers and words, for JSON."""
        return {k: list(v) if isinstance(v, tuple) else v for k, v in asdict(self).items()}

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> FrozenComposite:
        """Read what `as_dict` wrote.

        Raises
        ------
        InputError
            If a key is missing or unknown, or the lengths do not agree.
        """
        names = {f.name for f in fields(cls)}
        if set(stored) != names:
            wrong = ", ".join(sorted(names ^ set(stored)))
            raise InputError(f"composite: missing or unknown keys {wrong}; fit it anew")
        values: dict[str, Any] = {
            k: tuple(v) if isinstance(v, list) else v for k, v in stored.items()
        }
        return cls(**values)


def _check_choices(directions: Sequence[int], method: str) -> None:
    if wrong := [d for d in directions if d not in (1, -1)]:
        raise InputError(f"composite: direction {wrong[0]} is neither 1 (more is better) nor -1")
    if method not in get_args(CompositeMethod):
        raise InputError(f"composite: method {method!r} is not one of entropy, topsis")


def _training_rows(values: Float, years: NDArray[np.int64], window: tuple[int, int]) -> Float:
    """City-years of the window with every component, shape (k, n)."""
    inside = values[:, :, (years >= window[0]) & (years <= window[1])].reshape(len(values), -1)
    rows = inside[:, np.isfinite(inside).all(axis=0)]
    if rows.shape[1] < 2:
        raise InputError(
            f"composite: {rows.shape[1]} city-years of {window[0]}-{window[1]} have every "
            "component, at least 2 are needed; choose other components or another window"
        )
    return rows


def _scaled(values: Float, low: Float, high: Float, directions: NDArray[np.int64]) -> Float:
    """Range-scaled components, reversed for costs; 0 for a constant one."""
    shape = (-1,) + (1,) * (values.ndim - 1)
    base = np.where(directions > 0, low, high).reshape(shape)
    varies = (high > low).reshape(shape)
    span = (directions * (high - low)).reshape(shape)
    return np.where(varies, (values - base) / np.where(varies, span, 1.0), 0.0)
