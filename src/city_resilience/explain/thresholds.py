"""Whether a relation has a threshold: a step or a bend against a straight line, with its interval.

The response is what the held-out truth leaves to an indicator (its family's contributions and the
miss, a partial residual), so the scatter of the data decides and not how finely a tree cuts. What
is no threshold is a straight line in the indicator, in its normal score, on which a logarithm is as
good as a line, or a mixture of both. Years have means of their own.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from city_resilience.arrays import Float, Int
from city_resilience.explain.resampling import RowClusters, bounds

__all__ = ["ALPHA", "NONE", "Break", "find_break", "normal_scores", "products"]

KINK, NONE, STEP = "kink", "none", "step"
OUTER, CANDIDATES = 0.15, 36
ALPHA = 0.05
WILD_DRAWS = 999
"""Enough for a p-value of 0.001, which stays below 0.05 among fifteen indicators."""


@dataclass(frozen=True)
class Break:
    """The best break of a relation, and how sure it is.

    Attributes
    ----------
    form : str
        ``step`` (another level), ``kink`` (another slope) or ``none``.
    at, low, high : float
        Where it lies, and the 95 % interval, in the unit of the indicator; NaN for none.
    size : float
        Height of a step, pp; change of the slope at a kink, pp per standard deviation.
    statistic : float
        The largest F statistic over all places and both forms.
    p_value : float
        Of no break at all.
    """

    form: str
    at: float
    low: float
    high: float
    size: float
    statistic: float
    p_value: float


def normal_scores(values: Float) -> Float:
    """Return the normal quantile of each value's mean rank; they keep the order of the values.

    Examples
    --------
    >>> normal_scores(np.array([1.0, 100.0, 3.0])).round(2).tolist()
    [-0.67, 0.67, 0.0]
    """
    from scipy.stats import norm, rankdata

    return np.asarray(norm.ppf(rankdata(values) / (len(values) + 1)), dtype=np.float64)


def find_break(
    values: Float,
    response: Float,
    years: Int,
    clusters: RowClusters,
    draws: int = 199,
    seed: int = 0,
) -> Break:
    """Look for one break of a relation.

    The p-value is of a wild bootstrap over clusters that imposes the straight line (sup-F, as
    in Andrews 1993 and Hansen 2000), so that looking at many places is paid for. The interval is of
    the places found in draws by clusters and blocks of years, the form held fixed.

    Parameters
    ----------
    values, response : ndarray, shape (n,)
        All finite.
    years : ndarray, shape (n,)
    """
    rows = _Rows.of(values, response, years)
    found = rows.best()
    p_value = rows.wild_p(found.statistic, clusters.of, WILD_DRAWS, seed)
    if p_value > ALPHA:
        nothing = float("nan")
        return Break(NONE, nothing, nothing, nothing, nothing, found.statistic, p_value)
    weights = clusters.weights(draws, seed)
    low, high = bounds(rows.drawn_places(found.form, weights[weights.any(axis=1)]))
    half = rows.spacing(found.at)
    low, high = min(low, found.at) - half, max(high, found.at) + half
    at, low, high = (rows.value_at(score) for score in (found.at, low, high))
    return Break(found.form, at, low, high, found.size, found.statistic, p_value)


@dataclass(frozen=True)
class _Best:
    form: str
    at: float
    size: float
    statistic: float


@dataclass(frozen=True)
class _Rows:
    """Rows, the places where a break may be, and what no break is: a line in score and value."""

    values: Float
    scores: Float
    response: Float
    years: Float
    places: Float

    @classmethod
    def of(cls, values: Float, response: Float, years: Int) -> _Rows:
        scores = normal_scores(values)
        places = np.unique(np.quantile(scores, np.linspace(OUTER, 1 - OUTER, CANDIDATES)))
        known = (np.unique(years)[:, None] == years).astype(np.float64)
        return cls(values, scores, response, known, places)

    @property
    def line(self) -> Float:
        """What is no break: the normal score and the standardised value, shape (n, 2)."""
        spread = max(float(self.values.std()), 1e-12)
        return np.column_stack([self.scores, (self.values - self.values.mean()) / spread])

    def candidates(self, form: str) -> Float:
        """Return the column of a break at each place, shape (n, places)."""
        beyond = self.scores[:, None] - self.places
        step: Float = (beyond > 0).astype(np.float64)
        return step if form == STEP else np.maximum(beyond, 0.0)

    def best(self) -> _Best:
        """Return the break that explains most of the response."""
        line = self._within(self.line)
        response = _less(self._within(self.response[:, None]), line)[:, 0]
        total = float(response @ response)
        best = _Best(STEP, float(self.places[0]), 0.0, 0.0)
        for own in (STEP, KINK):
            column = _less(self._within(self.candidates(own)), line)
            size, cross = (column**2).sum(axis=0), response @ column
            gain = np.divide(cross**2, size, out=np.zeros_like(size), where=size > 1e-9)
            top = int(gain.argmax())
            rest = max(total - float(gain[top]), 1e-12) / max(len(response) - 4, 1)
            statistic = float(gain[top]) / rest
            if statistic > best.statistic:
                best = _Best(own, float(self.places[top]), float(cross[top] / size[top]), statistic)
        return best

    def drawn_places(self, form: str, weights: Float) -> Float:
        """Return the place of the best break of a form, rows counted by weights, shape (draws,).

        Weighted regressions on years, line and each candidate, all draws at once by their moments.
        """
        known, columns = np.column_stack([self.years.T, self.line]), self.candidates(form)
        wide, many = known.shape[1], columns.shape[1]
        of_known = (weights @ products(known, known)).reshape(-1, wide, wide)
        both = (weights @ products(known, columns)).reshape(-1, wide, many)
        response = self.response[:, None]
        slopes = np.linalg.pinv(of_known, rcond=1e-9, hermitian=True) @ both
        size = weights @ columns**2 - (both * slopes).sum(axis=1)
        left = (slopes * (weights @ (known * response))[:, :, None]).sum(axis=1)
        cross = weights @ (columns * response) - left
        gain = np.divide(cross**2, size, out=np.zeros_like(size), where=size > 1e-9)
        return np.asarray(self.places[gain.argmax(axis=1)])

    def wild_p(self, statistic: float, clusters: Int, draws: int, seed: int) -> float:
        """Return how often clusters of flipped residuals of the line give as large a statistic.

        All sums over rows are of sums over clusters, which a flip only turns.
        """
        line, count = self._within(self.line), int(clusters.max(initial=0)) + 1
        residual = _less(self._within(self.response[:, None]), line)[:, 0]
        inside = (np.arange(count)[:, None] == clusters) * residual
        flips = np.random.default_rng(seed).choice([-1.0, 1.0], size=(count, draws))
        base, sizes, _ = np.linalg.svd(np.column_stack([self.years.T, line]), full_matrices=False)
        base = base[:, sizes > 1e-6 * sizes[0]]
        total = residual @ residual - (((inside @ base).T @ flips) ** 2).sum(axis=0)
        largest = np.zeros(draws)
        for form in (STEP, KINK):
            column = _less(self._within(self.candidates(form)), line)
            size = (column**2).sum(axis=0)
            column = column[:, size > 1e-9] / np.sqrt(size[size > 1e-9])
            gain = (((inside @ column).T @ flips) ** 2).max(axis=0, initial=0.0)
            rest = np.maximum(total - gain, 1e-12) / max(len(self.scores) - 4, 1)
            largest = np.maximum(largest, gain / rest)
        return float((1 + (largest >= statistic).sum()) / (draws + 1))

    def _within(self, columns: Float) -> Float:
        """Take out the mean of each year."""
        means = (self.years @ columns) / self.years.sum(axis=1)[:, None]
        return np.asarray(columns - self.years.T @ means)

    def spacing(self, place: float) -> float:
        """Return half the distance from a place to its neighbours: a place is no finer known."""
        k = int(np.abs(self.places - place).argmin())
        near = self.places[max(k - 1, 0) : k + 2]
        return float((near[-1] - near[0]) / (2 * max(len(near) - 1, 1)))

    def value_at(self, score: float) -> float:
        """Return the value of the indicator at a score."""
        order = np.argsort(self.scores)
        return float(np.interp(score, self.scores[order], self.values[order]))


def _less(columns: Float, line: Float) -> Float:
    """Take out the regression on the columns of the line."""
    slopes = np.linalg.pinv(line.T @ line, rcond=1e-6, hermitian=True) @ (line.T @ columns)
    return np.asarray(columns - line @ slopes)


def products(one: Float, other: Float) -> Float:
    """Return the products of the columns of both, shape (n, columns of one x of the other).

    Summed by weights they are the moments of a weighted regression, for many weights at once.
    """
    return np.asarray((one[:, :, None] * other[:, None, :]).reshape(len(one), -1))
