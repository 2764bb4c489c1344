"""Scores of a backtest: per horizon, period, year and group, beside the baselines.

A score over several years is the mean of the yearly scores, so that a year counts once however
many cities it has. Every model of a horizon is scored on the same rows.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import cache

import numpy as np
import pandas as pd

from city_resilience.arrays import Float, Mask
from city_resilience.evaluation.baselines import BASELINES
from city_resilience.evaluation.candidates import HISTORY_ONLY
from city_resilience.evaluation.periods import PERIOD, period_levels

__all__ = [
    "POINT_SCORES",
    "SCORES",
    "SCORE_COLUMNS",
    "WITHOUT_BREAKS",
    "best_naive",
    "compare_models",
    "paired_interval",
    "score",
    "slices",
    "spans_break",
    "yearly",
    "yearly_slices",
]


WITHOUT_BREAKS = "without_breaks"
WHOLE = ("all", PERIOD, "year")
"""Slices of all cities, whose figures are never withheld."""
POINT_SCORES = ("mae", "rmse", "rank_correlation", "sign_hit_rate")
SCORES = (
    *POINT_SCORES,
    *("skill_naive", "skill_history", "difference_history", "difference_low", "difference_high"),
)
SCORE_COLUMNS = ("model", "horizon", "slice", "level", "years", "n", *SCORES)


def yearly(frame: pd.DataFrame, by: Sequence[str] = ()) -> pd.DataFrame:
    """Score each model, horizon and origin of a backtest.

    Parameters
    ----------
    by : sequence of str
        Columns whose levels are scored apart; they come first in what is returned.

    Returns
    -------
    DataFrame
        Columns model, horizon, origin, n, mae (pp), rmse (pp), rank_correlation (Spearman across
        cities; NaN for a constant forecast), sign_hit_rate (share of cities whose sign was
        called; NaN for a forecast of zero).
    """
    keys = [*by, "model", "horizon", "origin"]
    rows = frame[[*keys, "truth", "forecast"]].copy()
    error = rows["forecast"] - rows["truth"]
    rows["mae"], rows["square"] = error.abs(), error**2
    hit = np.sign(rows["forecast"]) == np.sign(rows["truth"])
    rows["sign_hit_rate"] = hit.astype(float).where(rows["forecast"] != 0)
    own = rows.groupby(keys)
    named, number = own.size(), own.ngroup()  # texts are compared once
    groups = rows.groupby(number)
    rows["truth_rank"] = groups["truth"].rank()
    rows["forecast_rank"] = groups["forecast"].rank()
    groups = rows.groupby(number)
    result = groups[["mae", "sign_hit_rate"]].mean()
    result["rmse"] = np.sqrt(groups["square"].mean())
    result["n"] = groups.size()
    result["rank_correlation"] = _group_correlation(rows, number)
    return result.set_axis(named.index, axis="index").reset_index()


def _group_correlation(rows: pd.DataFrame, number: pd.Series) -> pd.Series:
    ranks = rows[["truth_rank", "forecast_rank"]]
    centred = ranks - ranks.groupby(number).transform("mean")
    moments = pd.DataFrame(
        {
            "cross": centred["truth_rank"] * centred["forecast_rank"],
            "truth": centred["truth_rank"] ** 2,
            "forecast": centred["forecast_rank"] ** 2,
        }
    )
    sums = moments.groupby(number).sum()
    scale = np.sqrt(sums["truth"] * sums["forecast"])
    return sums["cross"] / scale.where(scale > 0)


def best_naive(years: pd.DataFrame) -> dict[int, str]:
    """Return, per horizon, the naive rule with the lowest mean yearly MAE."""
    naive = [name for name, baseline in BASELINES.items() if baseline.kind == "naive"]
    means = years[years["model"].isin(naive)].groupby(["horizon", "model"])["mae"].mean()
    return {
        int(horizon): str(part.droplevel("horizon").idxmin())
        for horizon, part in means.groupby(level="horizon")
    }


def score(
    frame: pd.DataFrame,
    groups: Mapping[str, Mapping[str, str]] | None = None,
    min_group: int = 10,
    flagged: Collection[tuple[str, int]] = (),
) -> pd.DataFrame:
    """Tabulate the scores of a backtest.

    Parameters
    ----------
    frame : DataFrame
        The backtest.
    groups : mapping of str to mapping of str to str
        Slice name to the level of each city.
    min_group : int
        Fewest cities a group needs in the average year; the figures of a smaller one are
        withheld: its rows have ``years`` and ``n`` and are NaN otherwise.
    flagged : collection of (city, year)
        City-years whose growth from the year before is an artefact. They must be known from the
        data alone, never from a model's error.

    Returns
    -------
    DataFrame
        ``SCORE_COLUMNS``; slice is ``all``, ``period`` (the last four origins of a horizon and
        those before, see ``periods``), ``year``, ``group:<name>`` or, if any city-year is
        flagged, ``without_breaks``: all years, of the rows with no flagged year after the origin
        up to the target year. The best naive rule is that of all rows. Slices overlap: each
        but ``group:<name>`` holds every row.
    """
    found = [*yearly_slices(frame, groups)]
    best = best_naive(found[0][-1])
    unbroken = frame[~spans_break(frame, flagged)] if flagged else frame[:0]
    if not unbroken.empty:
        found.append((WITHOUT_BREAKS, "all years", yearly(unbroken)))
    exempt = (*WHOLE, WITHOUT_BREAKS)
    parts = [
        _scored(years, slice_, level, best, min_group if slice_ not in exempt else 0)
        for slice_, level, years in found
    ]
    table = pd.concat(parts, ignore_index=True)
    return table[list(SCORE_COLUMNS)].sort_values(
        ["horizon", "slice", "level", "mae", "model"], ignore_index=True
    )


def slices(
    frame: pd.DataFrame, groups: Mapping[str, Mapping[str, str]] | None
) -> Iterator[tuple[str, str, pd.DataFrame]]:
    """Yield name, level and rows of each slice: all, each period, each origin year, each group."""
    yield "all", "", frame
    for level, rows in frame.groupby(period_levels(frame)):
        yield PERIOD, str(level), rows
    for year, rows in frame.groupby("origin"):
        yield "year", str(year), rows
    for name, levels in (groups or {}).items():
        for level, rows in frame.groupby(frame["city"].map(levels)):
            if level != "":
                yield f"group:{name}", str(level), rows


def yearly_slices(
    frame: pd.DataFrame, groups: Mapping[str, Mapping[str, str]] | None
) -> Iterator[tuple[str, str, pd.DataFrame]]:
    """Yield name, level and the `yearly` scores of the rows of each of the `slices`."""
    yield from slices(yearly(frame), None)
    city, cities = pd.factorize(frame["city"])
    scored = frame[["model", "horizon", "origin", "truth", "forecast"]]
    for name, levels in (groups or {}).items():
        known, number = np.unique([levels.get(own, "") for own in cities], return_inverse=True)
        rows = scored.assign(level=number[city])[(known != "")[number[city]]]
        rows = rows.sort_values("level", kind="stable")
        for level, own in yearly(rows, ["level"]).groupby("level"):
            yield f"group:{name}", str(known[level]), own.assign(level=str(known[level]))


def spans_break(frame: pd.DataFrame, flagged: Collection[tuple[str, int]]) -> Mask:
    """Whether a flagged year lies after the origin and up to the target year of each row."""
    breaks = pd.DataFrame(list(flagged), columns=["city", "break_year"])
    windows = frame[["city", "origin", "target_year"]].assign(row=np.arange(len(frame)))
    met = windows.merge(breaks, on="city")
    inside = (met["origin"] < met["break_year"]) & (met["break_year"] <= met["target_year"])
    spans: Mask = np.isin(windows["row"].to_numpy(), met.loc[inside, "row"])
    return spans


def _scored(
    years: pd.DataFrame, slice_: str, level: str, best: Mapping[int, str], least: int
) -> pd.DataFrame:
    """Average the yearly scores of a slice, or only count its rows where it is too small."""
    own = years.groupby(["model", "horizon"])
    about = {"slice": slice_, "level": level}
    counts = pd.DataFrame({"n": own["n"].sum(), "years": own["origin"].nunique()})
    if years["n"].mean() < least:
        return counts.reset_index().assign(**about).reindex(columns=list(SCORE_COLUMNS))
    table = own[list(POINT_SCORES)].mean().join(counts).reset_index().assign(**about)
    mae = table.set_index(["model", "horizon"])["mae"]
    for skill, versus in (("skill_naive", best.get), ("skill_history", lambda _: HISTORY_ONLY)):
        other = [mae.get((versus(h), h), np.nan) for h in table["horizon"]]
        table[skill] = 1 - table["mae"] / np.array(other)
    pairs = _paired(years, HISTORY_ONLY)
    table[["difference_history", "difference_low", "difference_high"]] = [
        paired_interval(pairs.get(key, np.empty(0))) for key in mae.index
    ]
    return table


def _paired(years: pd.DataFrame, versus: str) -> dict[tuple[str, int], Float]:
    """Yearly differences in MAE of every model and horizon from one model."""
    rows = [*zip(*(years[name] for name in ("model", "horizon", "origin", "mae")), strict=True)]
    other = {(horizon, origin): mae for model, horizon, origin, mae in rows if model == versus}
    found: dict[tuple[str, int], list[float]] = {}
    for model, horizon, origin, mae in rows if other else ():
        found.setdefault((model, horizon), []).append(mae - other.get((horizon, origin), np.nan))
    return {key: own[np.isfinite(own)] for key, own in ((k, np.array(v)) for k, v in found.items())}


def paired_interval(differences: Float, level: float = 0.95) -> tuple[float, float, float]:
    """Mean of yearly paired differences with its t interval over the years.

    Parameters
    ----------
    differences : ndarray, shape (years,)
        Pp; below zero the first model was better. With overlapping targets (horizons over one
        year) neighbouring years share part of their truth and the interval is too narrow.

    Returns
    -------
    mean, low, high : float
        The bounds are NaN with fewer than two years.
    """
    n = len(differences)
    if n == 0:
        return np.nan, np.nan, np.nan
    mean = float(differences.mean())
    if n == 1:
        return mean, np.nan, np.nan
    half = float(_t_quantile(0.5 + level / 2, n - 1) * differences.std(ddof=1) / np.sqrt(n))
    return mean, mean - half, mean + half


@cache
def _t_quantile(level: float, freedom: int) -> float:
    from scipy.stats import t

    return float(t.ppf(level, freedom))


def compare_models(frame: pd.DataFrame, model: str) -> pd.DataFrame:
    """Compare one model with every other by year.

    Returns
    -------
    DataFrame
        Columns horizon, model, versus, years, wins (years with the lower MAE), sign_test_p
        (two-sided, ties left out), difference, low, high (yearly paired MAE, pp).
    """
    from scipy.stats import binomtest

    years = yearly(frame)
    against = _paired(years, model)
    rows = []
    for horizon in sorted(years["horizon"].unique()):
        for versus in sorted(set(years["model"]) - {model}):
            pairs = -against.get((versus, horizon), np.empty(0))
            wins, decided = int((pairs < 0).sum()), int((pairs != 0).sum())
            p = binomtest(wins, decided).pvalue if decided else 1.0
            rows.append((horizon, model, versus, len(pairs), wins, p, *paired_interval(pairs)))
    columns = ["horizon", "model", "versus", "years", "wins", "sign_test_p"]
    return pd.DataFrame(rows, columns=[*columns, "difference", "low", "high"])
