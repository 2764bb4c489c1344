"""A composite of several indicators: entropy weights, the first principal component, or TOPSIS.

Everything fitted (range, mean, weights, ideal points) is frozen in a `FittedComposite`, so that a
year added later rewrites no score of the past. A composite is fitted on training years and is
therefore no entry of the table of indicators.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any, Literal, get_args

import numpy as np

from city_resilience.arrays import Float, Mask
from city_resilience.errors import InputError

__all__ = ["FittedComposite", "Method", "entropy_weights", "topsis_closeness", "varies"]

Method = Literal["entropy", "pca", "topsis"]
LEAST_PART = 0.5
_VARIES = 1e-12


@dataclass(frozen=True)
class FittedComposite:
    """A fitted composite, more of which is better: plain values, ready to be stored.

    Attributes
    ----------
    components : tuple of str, length k
        Ids, in the order of the arrays.
    method : {"entropy", "pca", "topsis"}
    offset, scale : tuple of float, length k
        A component enters as ``(x - offset) / scale``: from 0 (worst) to 1 (best) of the fitted
        values, the standard score for ``pca``; the scale of a component of which less is better
        is negative.
    weights : tuple of float, length k
        Absolute values add to 1; 0 for a component that does not vary.
    ideal, anti_ideal : tuple of float, length k
        Best and worst weighted value of ``topsis``; else empty.
    complete : bool
        Whether a score needs every component with a weight, or half of them with half the weight.
    """

    components: tuple[str, ...]
    method: Method
    offset: tuple[float, ...]
    scale: tuple[float, ...]
    weights: tuple[float, ...]
    ideal: tuple[float, ...] = ()
    anti_ideal: tuple[float, ...] = ()
    complete: bool = False

    def __post_init__(self) -> None:
        _check_method(self.method)
        k = len(self.components)
        lengths = dict.fromkeys(("offset", "scale", "weights"), k)
        lengths |= dict.fromkeys(("ideal", "anti_ideal"), k if self.method == "topsis" else 0)
        for name, length in lengths.items():
            if len(getattr(self, name)) != length:
                found = len(getattr(self, name))
                raise InputError(f"composite: {k} components, but {found} values of {name}")
            if not all(_is_finite(own) for own in getattr(self, name)):
                raise InputError(f"composite: a value of {name} is no number")
        if 0.0 in self.scale:
            raise InputError("composite: a scale of 0, by which nothing can be divided")

    @classmethod
    def fit(
        cls,
        values: Float,
        *,
        components: Sequence[str],
        directions: Sequence[int] = (),
        method: Method = "entropy",
        complete: bool = False,
        when: str = "the training years",
    ) -> FittedComposite:
        """Fit ranges or moments, weights and ideal points.

        Parameters
        ----------
        values : ndarray, shape (k, cities, years)
            Training years only; NaN = unknown.
        components : sequence of str, length k
        directions : sequence of int, length k
            1 more is better, -1 less is better; by default all 1.
        method : {"entropy", "pca", "topsis"}
            ``entropy``: sum of the range-scaled components with `entropy_weights`; ``topsis``:
            their closeness to the ideal (`topsis_closeness`); ``pca``: loadings of the first
            principal component of the standard scores, from the correlations over pairs that are
            both known, with the sign that makes their sum positive.
        complete : bool
            Whether city-years count only with every component, in the fit and in the scores.
        when : str
            What the years are called in an error.

        Raises
        ------
        InputError
            If the method or a direction is none, no component varies, or fewer than two
            city-years are complete where they must be.
        """
        _check_method(method)
        complete = complete or method == "topsis"  # no distance to an ideal is partly known
        signs = _checked_signs(directions, len(values))
        rows = _rows(np.asarray(values, dtype=np.float64), complete, when, components)
        vary = np.array([varies(row) for row in rows])
        if not vary.any():
            raise InputError(
                f"composite: no component varies in {when} ({', '.join(components)}); choose "
                "others or more years"
            )
        offset, scale = _standardised(rows, vary, signs, method)
        scaled = ((rows.T - offset) / scale).T[vary]
        weights = np.zeros(len(rows))
        weights[vary] = _loadings(scaled) if method == "pca" else entropy_weights(scaled)
        weighted = np.zeros(rows.shape if method == "topsis" else (0, 1))
        if method == "topsis":
            weighted[vary] = weights[vary, None] * scaled
        return cls(
            tuple(components),
            method,
            offset=tuple(offset.tolist()),
            scale=tuple(scale.tolist()),
            weights=tuple(weights.tolist()),
            ideal=tuple(weighted.max(axis=1).tolist()),
            anti_ideal=tuple(weighted.min(axis=1).tolist()),
            complete=complete,
        )

    def apply(self, values: Float) -> Float:
        """Score city-years with what was frozen.

        A value outside the fitted range scores below 0 or above 1; nothing is clipped, so that
        cities which pass the old best stay told apart.

        Parameters
        ----------
        values : ndarray, shape (k, cities, years)
            Any years.

        Returns
        -------
        ndarray, shape (cities, years)
            Weighted sum of the components, or `topsis_closeness`. Where only some are needed, the
            weights of the known ones are rescaled. Missing where too few are known.

        Raises
        ------
        InputError
            If the number of components is not the fitted one.
        """
        if len(values) != len(self.components):
            raise InputError(
                f"composite: {len(values)} components, fitted on {len(self.components)}; "
                "give the components it was fitted on, in their order"
            )
        used = [at for at, weight in enumerate(self.weights) if weight]
        weighted = np.stack(
            [self.weights[at] * ((values[at] - self.offset[at]) / self.scale[at]) for at in used]
        )
        known = np.isfinite(weighted)
        if self.complete:
            return np.where(known.all(axis=0), self._scores(weighted, used), np.nan)
        sizes = np.abs(np.array(self.weights)[used])
        size = _in_order(np.where(known, sizes[:, None, None], 0.0))
        whole = sum(sizes.tolist())
        enough = known.sum(axis=0) >= LEAST_PART * len(used)
        enough &= size >= LEAST_PART * whole * (1 - 1e-12)
        total = self._scores(np.where(known, weighted, 0.0), used)
        return np.where(enough, whole * total / np.where(enough, size, 1.0), np.nan)

    def _scores(self, weighted: Float, used: Sequence[int]) -> Float:
        if self.method != "topsis":
            return _in_order(weighted)
        return topsis_closeness(
            weighted, np.array(self.ideal)[used], np.array(self.anti_ideal)[used]
        )

    def as_dict(self) -> dict[str, Any]:
        """Return plain lists, numbers and words for JSON, without what is left at its default."""
        plain = {k: list(v) if isinstance(v, tuple) else v for k, v in asdict(self).items()}
        return {k: v for k, v in plain.items() if v not in ([], False)}

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> FittedComposite:
        """Read what `as_dict` wrote.

        Raises
        ------
        InputError
            If a key is missing or unknown, or the values do not hang together.
        """
        names = {field.name for field in fields(cls)}
        needed = names - {"ideal", "anti_ideal", "complete"}
        if wrong := sorted((needed - set(stored)) | (set(stored) - names)):
            raise InputError(f"composite: missing or unknown keys {', '.join(wrong)}; fit it anew")
        values: dict[str, Any] = {
            k: tuple(v) if isinstance(v, list) else v for k, v in stored.items()
        }
        return cls(**values)


def entropy_weights(scaled: Float) -> Float:
    """Entropy weights: the more unequally a component is spread, the more it weighs.

    ``p = x'/Σx'``, ``e = -(1/ln n) Σ p ln p`` with ``0 ln 0 = 0``, ``w = (1-e)/Σ(1-e)``.

    Parameters
    ----------
    scaled : ndarray, shape (k, n)
        Components scaled to [0, 1], more = better; NaN = unknown, n is then the number of known
        values of the component. A component that is 0 throughout (constant before scaling), or
        has fewer than two values, has weight 0.

    Returns
    -------
    ndarray, shape (k,)
        The same bits whatever the order of the n columns.

    Raises
    ------
    ValueError
        If no component varies.

    Examples
    --------
    >>> entropy_weights(np.array([[0.0, 1.0, 1.0], [0.0, 0.0, 1.0]])).round(4)
    array([0.2696, 0.7304])
    """
    spread = np.array([_information(component[np.isfinite(component)]) for component in scaled])
    if not spread.sum() > 0:
        raise ValueError("every component is constant, there is nothing to weigh")
    return np.asarray(spread / spread.sum())


def topsis_closeness(weighted: Float, ideal: Float, anti_ideal: Float) -> Float:
    """Closeness to the ideal, ``C = D⁻ / (D⁺ + D⁻)``, in [0, 1].

    Distances are one-sided: a component beyond the ideal is at distance 0 from it, and one below
    the anti-ideal at distance 0 from that. Within the window they are the usual distances; beyond
    it they keep better from scoring worse.

    Parameters
    ----------
    weighted : ndarray, shape (k, cities, years)
        Weighted range-scaled components, more = better.
    ideal, anti_ideal : ndarray, shape (k,)

    Notes
    -----
    Hwang & Yoon 1981, *Multiple Attribute Decision Making*.
    """
    best, worst = ideal[:, None, None], anti_ideal[:, None, None]
    to_ideal = np.sqrt((np.maximum(best - weighted, 0.0) ** 2).sum(axis=0))
    to_anti = np.sqrt((np.maximum(weighted - worst, 0.0) ** 2).sum(axis=0))
    return np.asarray(to_anti / (to_ideal + to_anti))


def varies(values: Float) -> bool:
    """Whether the known values of a component differ by more than rounding."""
    known = values[np.isfinite(values)]
    return len(known) > 1 and float(np.ptp(known)) > _VARIES * float(np.max(np.abs(known)))


def _is_finite(value: object) -> bool:
    """Say whether a value is a number that fits a float; a whole number may be far too large."""
    return isinstance(value, int | float) and abs(value) <= sys.float_info.max


def _check_method(method: str) -> None:
    if method not in get_args(Method):
        raise InputError(
            f"composite: no method {method!r}; use one of {', '.join(get_args(Method))}"
        )


def _checked_signs(directions: Sequence[int], count: int) -> tuple[int, ...]:
    signs = tuple(directions) or (1,) * count
    if len(signs) != count or any(sign not in (1, -1) for sign in signs):
        raise InputError(
            f"composite: directions {signs} of {count} components; give 1 (more is better) or -1 "
            "(less is better) for each"
        )
    return signs


def _rows(values: Float, complete: bool, when: str, components: Sequence[str]) -> Float:
    """City-years as columns, shape (k, n); the complete ones alone if they must be."""
    rows = values.reshape(len(values), -1)
    rows = np.where(np.isfinite(rows), rows, np.nan)
    if not complete:
        return rows
    absent = [name for name, row in zip(components, rows, strict=False) if np.isnan(row).all()]
    rows = rows[:, np.isfinite(rows).all(axis=0)]
    if rows.shape[1] < 2:
        none = f" ({', '.join(absent)}: no value in them)" if absent else ""
        raise InputError(
            f"composite: {rows.shape[1]} city-years of {when} have every component, at least 2 "
            f"are needed{none}; choose other components or more years"
        )
    return rows


def _standardised(
    rows: Float, vary: Mask, signs: Sequence[int], method: Method
) -> tuple[Float, Float]:
    """Return offset and scale of each component; 0 and 1 for one that does not vary."""
    offset, scale = np.zeros(len(rows)), np.ones(len(rows))
    for at in map(int, np.flatnonzero(vary)):
        known, sign = rows[at][np.isfinite(rows[at])], signs[at]
        if method == "pca":
            offset[at], scale[at] = known.mean(), sign * known.std()
        else:
            low, high = known.min(), known.max()
            offset[at], scale[at] = low if sign > 0 else high, sign * (high - low)
    return offset, scale


def _in_order(layers: Float) -> Float:
    """Sum over the first axis, one layer after another."""
    total = np.zeros(layers.shape[1:])
    for layer in layers:
        total += layer
    return total


def _information(known: Float) -> float:
    """Return ``1 - e`` of one component; 0 when it has no positive value."""
    total = math.fsum(known)
    if total <= 0 or len(known) < 2:
        return 0.0
    p = known[known > 0] / total
    return 1.0 + math.fsum(p * np.log(p)) / math.log(len(known))


def _loadings(scaled: Float) -> Float:
    """First principal component, absolute loadings adding to 1."""
    known = np.isfinite(scaled)
    filled = np.where(known, scaled, 0.0)
    pairs = known.astype(np.float64) @ known.T
    correlation = np.where(pairs > 0, filled @ filled.T / np.maximum(pairs, 1.0), 0.0)
    first = np.linalg.eigh(correlation)[1][:, -1]
    if first.sum() < 0:
        first = -first
    return np.asarray(first / np.abs(first).sum())
