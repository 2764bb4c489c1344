"""How sure a difference of scores is: Diebold-Mariano over years, a bootstrap over cities.

The two ask different things. The test takes the years as the sample: would the ranking hold in
other years? The bootstrap takes the cities as the sample and keeps the years as they were: would
it hold for other cities in the same years? Both come from a backtest frame alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import astuple, dataclass

import numpy as np
import pandas as pd

from city_resilience.arrays import Float
from city_resilience.evaluation.baselines import BASELINES
from city_resilience.evaluation.candidates import HISTORY_ONLY, candidate_kind
from city_resilience.evaluation.scores import best_naive, paired_interval, yearly

__all__ = [
    "COMPARED",
    "DM_COLUMNS",
    "LOSSES",
    "SKILL_COLUMNS",
    "DieboldMariano",
    "city_draws",
    "compare_errors",
    "diebold_mariano",
    "diebold_mariano_test",
    "drawn_errors",
    "error_grid",
    "long_run_variance",
    "mean_yearly_errors",
    "percentile_interval",
    "rivals",
    "skill_intervals",
    "underpowered",
]


LEVEL = 0.95
FEW_YEARS, FEW_BEYOND = 10, 8
LOSSES: Mapping[str, Callable[[Float], Float]] = {"absolute": np.abs, "squared": np.square}
DM_COLUMNS = (
    *("horizon", "loss", "versus", "kind", "years", "difference", "statistic", "p"),
    *("outcome", "underpowered"),
)
COMPARED = ("difference", "low", "high", "city_low", "city_high")
SKILL_COLUMNS = (
    *("horizon", "versus", "figure", "estimate", "low", "high", "cities", "years", "draws"),
    "outcome",
)


@dataclass(frozen=True)
class DieboldMariano:
    """A Diebold-Mariano test with the correction of Harvey, Leybourne and Newbold.

    Attributes
    ----------
    difference : float
        Mean yearly loss difference; below zero the first forecast lost less.
    statistic, p : float
        Two-sided, against t(n - 1); NaN where the test cannot be computed.
    """

    years: int
    difference: float
    statistic: float
    p: float


def underpowered(years: int, horizon: int) -> bool:
    """Whether there are too few years for a test to find much (under 10, or 8 beyond h)."""
    return years < FEW_YEARS or years - horizon < FEW_BEYOND


def long_run_variance(differences: Float, horizon: int) -> float:
    """Variance of the mean of a series with autocovariances up to horizon - 1.

    (g_0 + 2 (g_1 + ... + g_{h-1})) / n with g_k = sum of (d_t - m)(d_{t-k} - m) / n, as in
    Diebold & Mariano 1995. It may be negative for h > 1.

    Parameters
    ----------
    differences : ndarray, shape (years,)
        Consecutive years; NaN where a year is missing.
    """
    known = np.isfinite(differences)
    n = int(known.sum())
    centred = np.where(known, differences - differences[known].mean(), 0.0)
    total = float(centred @ centred)
    for lag in range(1, min(horizon, len(centred))):
        total += 2.0 * float(centred[lag:] @ centred[:-lag])
    return total / n**2


def diebold_mariano_test(differences: Float, horizon: int) -> DieboldMariano:
    """Test whether yearly loss differences have mean zero.

    The statistic is the mean over the root of its long-run variance, times
    sqrt((n + 1 - 2h + h(h - 1)/n) / n) (Harvey, Leybourne & Newbold 1997, with n years).

    Parameters
    ----------
    differences : ndarray, shape (years,)
        Loss of the first forecast minus that of the second, consecutive origin years; NaN where a
        year is missing.
    horizon : int
        Years ahead; outcomes of neighbouring origins overlap beyond 1.

    Returns
    -------
    DieboldMariano
        Statistic and p are NaN where the variance or the factor is not positive.

    Examples
    --------
    >>> test = diebold_mariano_test(np.array([-1.0, -2.0, -1.0, -2.0]), 1)
    >>> test.years, test.difference, round(test.statistic, 4)
    (4, -1.5, -5.1962)
    """
    from scipy.stats import t

    known = differences[np.isfinite(differences)]
    n = len(known)
    if n == 0:
        return DieboldMariano(0, np.nan, np.nan, np.nan)
    mean = float(known.mean())
    factor = (n + 1 - 2 * horizon + horizon * (horizon - 1) / n) / n
    variance = long_run_variance(differences, horizon)
    # Equal differences leave rounding errors of a variance that is zero.
    if n < 2 or factor <= 0 or variance <= 1e-24 * max(1.0, mean**2):
        return DieboldMariano(n, mean, np.nan, np.nan)
    statistic = mean / np.sqrt(variance) * np.sqrt(factor)
    return DieboldMariano(n, mean, float(statistic), float(2 * t.sf(abs(statistic), n - 1)))


def rivals(frame: pd.DataFrame, served: str) -> dict[str, str]:
    """Return what a served model is compared with at one horizon, and what kind each is.

    The naive rules, the references, and the runner-up: the best other member or blend.
    """
    models = set(frame["model"]) - {served}
    kinds = {name: candidate_kind(name) for name in (*BASELINES, HISTORY_ONLY) if name in models}
    others = frame[frame["model"].isin(models - set(kinds))]
    if len(others):
        mae = yearly(others).groupby("model")["mae"].mean()
        return {**kinds, str(mae.idxmin()): "runner_up"}
    return dict(kinds)


def diebold_mariano(frame: pd.DataFrame, served: str) -> pd.DataFrame:
    """Test the served model of a backtest against its rivals, by horizon and loss.

    Parameters
    ----------
    frame : DataFrame
        Columns ``model, city, origin, horizon, truth, forecast`` (pp).
    served : str
        The model that is tested.

    Returns
    -------
    DataFrame
        ``DM_COLUMNS``. ``difference`` is the mean over years of the yearly mean loss of the served
        model minus the rival's (pp, or squared pp): below zero is better. ``outcome`` is better,
        worse, not_shown or not_computable, at 5 %.
    """
    rows: list[tuple[object, ...]] = []
    for horizon, part in frame.groupby("horizon"):
        error = (part["forecast"] - part["truth"]).to_numpy(dtype=np.float64)
        found = rivals(part, served).items()
        for loss, of in LOSSES.items():
            losses = part.assign(loss=of(error))
            means = losses.pivot_table(index="origin", columns="model", values="loss")
            every = means.reindex(range(int(means.index.min()), int(means.index.max()) + 1))
            for versus, kind in found:
                test = diebold_mariano_test((every[served] - every[versus]).to_numpy(), horizon)
                rows.append((horizon, loss, versus, kind, *_judged(test, horizon)))
    return pd.DataFrame(rows, columns=list(DM_COLUMNS))


def _judged(test: DieboldMariano, horizon: int) -> tuple[object, ...]:
    if np.isnan(test.p):  # no positive long-run variance
        outcome = "not_computable"
    elif test.p >= 1 - LEVEL:
        outcome = "not_shown"
    else:
        outcome = "better" if test.difference < 0 else "worse"
    return (*astuple(test), outcome, underpowered(test.years, horizon))


def error_grid(frame: pd.DataFrame) -> dict[str, Float]:
    """Lay out the absolute errors of each model as (cities, origins), NaN where not scored.

    Parameters
    ----------
    frame : DataFrame
        Rows of one horizon; cities and origins are sorted, so their order does not matter.
    """
    table = frame.assign(error=(frame["forecast"] - frame["truth"]).abs()).pivot_table(
        index="city", columns=["model", "origin"], values="error"
    )
    origins = sorted(frame["origin"].unique())
    return {
        str(model): table[model].reindex(columns=origins).to_numpy(dtype=np.float64)
        for model in table.columns.levels[0]
    }


def city_draws(cities: int, draws: int = 1000, seed: int = 0) -> Float:
    """Draw cities with replacement; how often each was drawn, shape (draws, cities)."""
    rng = np.random.default_rng(seed)
    return rng.multinomial(cities, np.full(cities, 1.0 / cities), size=draws).astype(np.float64)


def mean_yearly_errors(errors: Float, weights: Float) -> Float:
    """Mean of the yearly mean errors in every draw.

    Parameters
    ----------
    errors : ndarray, shape (cities, origins)
        NaN where not scored.
    weights : ndarray, shape (draws, cities)
        How often a city was drawn, with all its years.

    Returns
    -------
    ndarray, shape (draws,)
        A year in which no drawn city is scored does not count.
    """
    known = np.isfinite(errors)
    count = weights @ known.astype(np.float64)
    total = weights @ np.where(known, errors, 0.0)
    means = np.divide(total, count, out=np.zeros_like(total), where=count > 0)
    years = np.maximum((count > 0).sum(axis=1), 1)
    result: Float = means.sum(axis=1) / years
    return result


def drawn_errors(frame: pd.DataFrame, draws: int, seed: int) -> dict[str, Float]:
    """Mean yearly absolute error of each model of one horizon in every draw of the cities.

    Returns
    -------
    dict
        Model → errors, shape (draws + 1,); the first is that of the cities as they are.
    """
    errors = error_grid(frame)
    cities = len(next(iter(errors.values())))
    weights = np.vstack([np.ones((1, cities)), city_draws(cities, draws, seed)])
    return {model: mean_yearly_errors(values, weights) for model, values in errors.items()}


def compare_errors(
    frame: pd.DataFrame, model: str, versus: str, draws: int, seed: int
) -> dict[str, float]:
    """Compare the mean yearly MAE of two models of one horizon, less is better.

    Returns
    -------
    dict
        ``difference`` (MAE of ``model`` minus that of ``versus``), ``low, high`` (t interval over
        the paired years), ``city_low, city_high`` (bootstrap over cities).
    """
    years = yearly(frame).pivot_table(index="origin", columns="model", values="mae")
    pairs = (years[model] - years[versus]).to_numpy(dtype=np.float64)
    drawn = drawn_errors(frame[frame["model"].isin([model, versus])], draws, seed)
    over_cities = percentile_interval((drawn[model] - drawn[versus])[1:])
    return dict(zip(COMPARED, (*paired_interval(pairs), *over_cities), strict=True))


def percentile_interval(values: Float, level: float = LEVEL) -> tuple[float, float]:
    """Return the percentile interval of draws."""
    low, high = np.quantile(values, [0.5 - level / 2, 0.5 + level / 2])
    return float(low), float(high)


def skill_intervals(
    frame: pd.DataFrame, served: str, draws: int = 1000, seed: int = 0
) -> pd.DataFrame:
    """Bootstrap the skill of the served model over cities, by horizon.

    Cities are drawn with replacement, each with all its years, and the mean of the yearly MAE is
    taken anew. The best naive rule is the one of the whole frame, fixed beforehand.

    Returns
    -------
    DataFrame
        ``SKILL_COLUMNS``: ``figure`` is skill (1 - MAE / MAE of ``versus``) or difference (MAE -
        MAE of ``versus``, pp) with its 95 % percentile interval. ``outcome`` is better, worse or
        not_shown.
    """
    best = best_naive(yearly(frame))
    rows: list[tuple[object, ...]] = []
    for horizon, part in frame.groupby("horizon"):
        models = set(part["model"])
        versus = [name for name in (best.get(horizon, ""), HISTORY_ONLY) if name in models]
        wanted = part[part["model"].isin([served, *versus])]
        about = (wanted["city"].nunique(), wanted["origin"].nunique(), draws)
        drawn = drawn_errors(wanted, draws, seed)
        own = drawn[served]
        for name in versus:
            figures = {"skill": 1 - own / drawn[name], "difference": own - drawn[name]}
            for figure, values in figures.items():
                bounds = percentile_interval(values[1:])
                outcome = _shown(bounds if figure == "skill" else (-bounds[1], -bounds[0]))
                rows.append((horizon, name, figure, float(values[0]), *bounds, *about, outcome))
    return pd.DataFrame(rows, columns=list(SKILL_COLUMNS))


def _shown(gain: tuple[float, float]) -> str:
    """Say whether an interval of a gain excludes zero."""
    return "better" if gain[0] > 0 else "worse" if gain[1] < 0 else "not_shown"
