"""Scores of nowcasts, and the nowcast beside the forecast of the same model at the same origins."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from city_resilience.evaluation.backtest import Backtest, NowcastPart
from city_resilience.evaluation.candidates import HISTORY_ONLY, candidate_kind
from city_resilience.evaluation.interval_scores import score_intervals
from city_resilience.evaluation.releases import release_table, slope_table
from city_resilience.evaluation.scores import paired_interval, score, slices
from city_resilience.tasks.dataset import Dataset, common_origin

__all__ = [
    "EVERY",
    "SEVERAL",
    "SIDE_COLUMNS",
    "NowcastScores",
    "lone_cities",
    "quoted_cities",
    "score_nowcasts",
]

EVERY, SEVERAL = "every", "several"
"""Cities of a comparison: every one, or those whose group has several and that do not report early
themselves, so that no release tells them their own outcome."""
SIDE_COLUMNS = (
    *("horizon", "cities", "slice", "level", "years", "n"),
    *("forecast", "nowcast", "skill", "wins", "difference", "low", "high"),
)


@dataclass(frozen=True)
class NowcastScores:
    """What nowcasts are worth.

    Attributes
    ----------
    scores, intervals : DataFrame
        As of ``score`` and ``score_intervals``, the nowcasts alone. Skill is against the naive
        rule, and against history alone, at the same origins; both know the panel alone.
    sides : DataFrame
        ``SIDE_COLUMNS``: mean yearly MAE of forecast and nowcast in pp, all years, by period and
        by year; the share by which the nowcast's is lower, the years in which it is, and the mean
        yearly difference with its 95 % interval.
    releases, slopes : DataFrame
        As of `release_table` and `slope_table`, for the live origin.
    """

    scores: pd.DataFrame
    intervals: pd.DataFrame
    sides: pd.DataFrame
    releases: pd.DataFrame
    slopes: pd.DataFrame


def score_nowcasts(
    backtest: Backtest,
    part: NowcastPart,
    dataset: Dataset,
    levels: Mapping[str, Mapping[str, str]],
    min_group: int,
    flagged: Collection[tuple[str, int]] = (),
) -> NowcastScores:
    """Score nowcasts, and compare them with the forecasts.

    Parameters
    ----------
    levels, min_group, flagged
        As for ``score``.
    """
    serve, beside = backtest.serve, _same_cells(backtest.frame, part.frame)
    rules = beside["model"].map(candidate_kind).eq("naive") | beside["model"].eq(HISTORY_ONLY)
    rules &= beside["model"] != serve
    table = score(pd.concat([beside[rules], part.frame]), levels, min_group, flagged)
    own = table[table["model"] == serve].reset_index(drop=True)
    forecasts = beside[beside["model"] == serve]
    newest = common_origin(dataset.outcome, dataset.years)
    first = part.frame.loc[part.frame["horizon"] == part.frame["horizon"].min(), "origin"]
    return NowcastScores(
        scores=own,
        intervals=score_intervals(part.intervals, levels, min_group),
        sides=_sides(forecasts, part.frame, lone_cities(dataset)),
        releases=release_table(dataset, newest, part.rolled, sorted(set(first))),
        slopes=slope_table(part.rolled, dataset),
    )


def lone_cities(dataset: Dataset) -> tuple[str, ...]:
    """Return the cities that a release tells their own outcome.

    They are the only one of a group that publishes early, or report early themselves.
    """
    lone = np.zeros(len(dataset.cities), dtype=bool)
    for release in dataset.early:
        publishes = np.isfinite(release.growth[release.member]).any(axis=1)
        lone |= publishes & (np.bincount(release.member)[release.member] == 1)
    return tuple(name for name, own in zip(dataset.cities, lone, strict=True) if own)


def quoted_cities(sides: pd.DataFrame) -> str:
    """Return of which cities the figure is quoted: without lone ones, where there are any."""
    return SEVERAL if (sides["cities"] == SEVERAL).any() else EVERY


def _same_cells(frame: pd.DataFrame, nowcasts: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of the origins and horizons that have a nowcast."""
    keys = ["horizon", "origin"]
    cells = nowcasts[keys].drop_duplicates()
    return frame.merge(cells, on=keys)


def _sides(forecasts: pd.DataFrame, nowcasts: pd.DataFrame, lone: Collection[str]) -> pd.DataFrame:
    keys = ["horizon", "origin", "city"]
    both = nowcasts.merge(forecasts[[*keys, "forecast"]], on=keys, suffixes=("_now", "_alone"))
    errors = both[[*keys]].assign(
        forecast=(both["forecast_alone"] - both["truth"]).abs(),
        nowcast=(both["forecast_now"] - both["truth"]).abs(),
    )
    parts = [(EVERY, errors), (SEVERAL, errors[~errors["city"].isin(lone)])]
    rows = [
        {"horizon": horizon, "cities": cities, **row}
        for cities, kept in (parts if len(lone) else parts[:1])
        for horizon, part in kept.groupby("horizon")
        for row in _by_slice(part)
    ]
    return pd.DataFrame(rows, columns=list(SIDE_COLUMNS))


def _by_slice(errors: pd.DataFrame) -> Iterator[dict[str, object]]:
    for slice_, level, rows in slices(errors, None):
        years = rows.groupby("origin")[["forecast", "nowcast"]].mean()
        change = (years["nowcast"] - years["forecast"]).to_numpy()
        difference, low, high = paired_interval(change)
        mean = years.mean()
        yield {
            "slice": slice_,
            "level": level,
            "years": len(years),
            "n": len(rows),
            **mean.to_dict(),
            "skill": 1.0 - mean["nowcast"] / mean["forecast"],
            "wins": int((change < 0).sum()),
            "difference": difference,
            "low": low,
            "high": high,
        }
