"""What the structural view is worth: its errors beside zero, group medians and the forecast.

Whether indicators without the past tell anything is said first, and comes before any driver of the
view. One rule says so, `shown`.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from city_resilience.arrays import Float, Strings
from city_resilience.evaluation.backtest import Backtest
from city_resilience.evaluation.forecasts import forecast_frame
from city_resilience.evaluation.interval_scores import score_intervals
from city_resilience.evaluation.scores import WHOLE, paired_interval, yearly_slices
from city_resilience.models.rows import STRUCTURAL
from city_resilience.tasks.dataset import AsOf, Dataset

__all__ = ["RIVALS", "VIEW_COLUMNS", "group_median", "shown", "structural_skill"]

MEDIAN = "group_median"
RIVALS = ("zero", MEDIAN, "forecasting")
VIEW_COLUMNS = (
    *("horizon", "slice", "level", "years", "n", "mae", *(f"mae_{name}" for name in RIVALS)),
    *(f"skill_{name}" for name in RIVALS),
    *("difference", "low", "high", "wins", "rank_correlation"),
    *("coverage", "worst_year", "worst_coverage", "width"),
)


def group_median(view: AsOf, horizon: int, levels: Strings, min_history: int) -> Float:
    """Forecast each city by the median of the labels of its group that are known at the origin.

    Parameters
    ----------
    levels : ndarray of str, shape (cities,)
        "" where a city has no group; it gets the median of all.
    min_history : int
        First years of the panel that are left out.

    Returns
    -------
    ndarray, shape (cities,)
        Pp; 0 where no label is known.
    """
    labels = view.labels(horizon)
    labels[:, :min_history] = np.nan
    known = labels[np.isfinite(labels)]
    found = np.full(len(labels), np.median(known) if known.size else 0.0)
    for level in np.unique(levels[levels != ""]):
        inside = levels == level
        own = labels[inside][np.isfinite(labels[inside])]
        if own.size:
            found[inside] = np.median(own)
    return found


def structural_skill(
    backtest: Backtest, dataset: Dataset, min_history: int, min_group: int = 10
) -> pd.DataFrame:
    """Score the structural view by horizon, period, origin and group.

    Parameters
    ----------
    backtest : Backtest
        Made with ``views``.
    min_group : int
        Fewest cities in the average year; the figures of a smaller group are withheld.

    Returns
    -------
    DataFrame
        ``VIEW_COLUMNS``: means of yearly errors, pp. ``skill_…`` is 1 − mae / the error of a gap of
        zero, of the median of the city's province (or first group of the panel) over all labels
        known at the origin, and of the forecasting view. ``difference`` is mae − mae_zero with its
        95 % t interval over the years, ``wins`` the years with the smaller error. Empty without a
        structural view.
    """
    if backtest.structural is None:
        return pd.DataFrame(columns=list(VIEW_COLUMNS))
    frame = _rivals(backtest, dataset, min_history)
    groups = {
        name: dict(zip(dataset.cities, levels.tolist(), strict=True))
        for name, levels in dataset.groups.items()
    }
    found = [
        {"horizon": int(horizon), "slice": slice_, "level": level, **_scored(years, least)}
        for horizon, part in frame.groupby("horizon")
        for slice_, level, years in yearly_slices(part, groups)
        for least in [min_group if slice_ not in WHOLE else 0]
    ]
    intervals = score_intervals(backtest.structural.intervals, groups, min_group)
    keys = ["horizon", "slice", "level"]
    own = intervals[[*keys, "coverage", "worst_year", "worst_coverage", "width"]]
    table = pd.DataFrame(found).merge(own, on=keys, how="left")
    return table.reindex(columns=list(VIEW_COLUMNS))


def shown(row: Mapping[str, float]) -> bool:
    """Whether a row of `structural_skill` shows skill: better than zero, beyond its interval."""
    return bool(row["skill_zero"] > 0 and row["high"] < 0)


def _rivals(backtest: Backtest, dataset: Dataset, min_history: int) -> pd.DataFrame:
    """Return the rows of the view and of its rivals, under the names of ``RIVALS``."""
    frame, serve = backtest.frame, backtest.serve
    names = {STRUCTURAL: STRUCTURAL, "zero": "zero", serve: "forecasting"}
    if serve == "zero":
        frame = pd.concat([frame, frame[frame["model"] == serve].assign(model="served")])
        names = {STRUCTURAL: STRUCTURAL, "zero": "zero", "served": "forecasting"}
    own = frame[frame["model"].isin(names)]
    own = own.assign(model=own["model"].map(names))
    level = next(iter(dataset.groups.values()), np.full(len(dataset.cities), ""))
    origins = sorted(own["origin"].unique())
    medians = [
        forecast_frame(
            dataset,
            int(horizon),
            {
                MEDIAN: {
                    int(o): group_median(dataset.at(int(o)), int(horizon), level, min_history)
                    for o in origins
                    if o in set(own.loc[own["horizon"] == horizon, "origin"])
                }
            },
        )
        for horizon in sorted(own["horizon"].unique())
    ]
    return pd.concat([own, *medians], ignore_index=True)


def _scored(years: pd.DataFrame, least: int) -> dict[str, float]:
    """Average the yearly scores of a slice, or only count its rows where it is too small."""
    own = years[years["model"] == STRUCTURAL]
    found: dict[str, float] = {"years": own["origin"].nunique(), "n": int(own["n"].sum())}
    if not len(own) or own["n"].mean() < least:
        return found
    errors = years.pivot_table(index="origin", columns="model", values="mae")
    means = errors.mean()
    found["mae"] = float(means[STRUCTURAL])
    for name in RIVALS:
        found[f"mae_{name}"] = float(means[name])
        found[f"skill_{name}"] = 1.0 - found["mae"] / found[f"mae_{name}"]
    less = (errors[STRUCTURAL] - errors["zero"]).to_numpy(dtype=np.float64)
    found |= dict(zip(("difference", "low", "high"), paired_interval(less), strict=True))
    return found | {
        "wins": int((less < 0).sum()),
        "rank_correlation": float(own["rank_correlation"].mean()),
    }
