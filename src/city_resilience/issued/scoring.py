"""Issued forecasts beside what came to pass: errors, coverage and skill, as a backtest has them.

A mean is over the yearly means, so that a year counts once. Live and reconstructed issues, and
those with and without early releases, are never averaged together. Of several issues of one origin
the one counts that was issued last; a live one goes before all that are reconstructed.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd

from city_resilience.arrays import Float
from city_resilience.evaluation.periods import PERIOD, period_levels
from city_resilience.evaluation.scores import (
    POINT_SCORES,
    WITHOUT_BREAKS,
    best_naive,
    paired_interval,
    slices,
    spans_break,
    yearly,
)
from city_resilience.issued.record import LIVE, NAIVE_COLUMNS, QUANTILES
from city_resilience.models.conformal import interval_score
from city_resilience.models.intervals import REFERENCE
from city_resilience.tasks.dataset import Dataset, common_origin

__all__ = [
    "CUMULATIVE",
    "FIRST",
    "INTERVAL_SCORES",
    "ISSUE",
    "ISSUED",
    "KEYS",
    "NEWEST",
    "SCORE_COLUMNS",
    "SURVEY_COLUMNS",
    "issued_scores",
    "quantile_crps",
    "scored_rows",
    "survey_table",
]

FIRST, NEWEST = "first", "newest"
"""Whether an outcome is as it was first published, or as the newest panel has it."""
ISSUED, ISSUE, CUMULATIVE = "issued", "issue", "cumulative"
KEYS = ("vintage", "issue_information", "status")
"""What is never averaged over."""
INTERVAL_SCORES = ("promised", "coverage", "coverage_80", "width", "interval_score", "crps")
SCORE_COLUMNS = (
    *KEYS,
    *("horizon", "slice", "level", "model", "years", "n", *POINT_SCORES, *INTERVAL_SCORES),
    *("best_naive", "skill_naive"),
)
SURVEY_COLUMNS = (
    *KEYS,
    *("horizon", "period", "baseline", "years", "n", "rmse", "rmse_baseline", "rmse_ratio"),
    *("mae", "mae_baseline", "mae_ratio", "difference", "low", "high"),
)
_EVEN = {name: level for name, level in QUANTILES.items() if 0.05 <= level <= 0.95}
_EVERY = "all"


def quantile_crps(quantiles: Float, levels: Float, truth: Float) -> Float:
    """Continuous ranked probability score from quantiles, shape (n,): twice the mean pinball loss.

    As in the backtest, over the quantiles 5 % to 95 % in steps of five (Gneiting & Ranjan 2011);
    in the unit of the measure, less is better.

    Parameters
    ----------
    quantiles : ndarray, shape (n, levels)
    levels : ndarray, shape (levels,)
    truth : ndarray, shape (n,)
    """
    error = truth[:, None] - quantiles
    return np.asarray(2.0 * np.maximum(levels * error, (levels - 1.0) * error).mean(axis=1))


def scored_rows(issued: pd.DataFrame, vintages: Mapping[str, Dataset]) -> pd.DataFrame:
    """Return every issued row whose outcome is known, with its errors.

    Parameters
    ----------
    issued : DataFrame
        The table of ``Issues``.
    vintages : mapping of str to Dataset
        Panels with outcomes, the oldest first, by what they are called. An outcome is known once
        its year is the common origin of a panel, or before it.

    Returns
    -------
    DataFrame
        The columns of ``issued`` but quantiles; ``issue_origin``, the common origin; ``vintage``,
        ``newest`` and, of several panels, ``first``; ``truth``, ``error`` (forecast − truth, in the
        unit of the measure), ``inside`` and ``inside_80`` (0 or 1, NaN without an interval),
        ``interval_score``, ``crps``, ``error_<rule>``; ``counts``, whether the averages hold it.
        The rows of cities that were forecast from an older year than the others count in none.
    """
    truths = [_truths(issued, dataset) for dataset in vintages.values()]
    if not truths:
        return _with_errors(issued.iloc[:0], np.empty(0), NEWEST)
    stacked = np.stack(truths)
    taken = {NEWEST: _last_known(stacked[::-1])}
    if len(truths) > 1:
        taken = {FIRST: _last_known(stacked), **taken}
    parts = [_with_errors(issued, truth, vintage) for vintage, truth in taken.items()]
    return pd.concat(parts, ignore_index=True)


def _last_known(truths: Float) -> Float:
    """Return the first known of each column, shape (rows,)."""
    return np.asarray(pd.DataFrame(truths).bfill().iloc[0].to_numpy(dtype=np.float64))


def _truths(issued: pd.DataFrame, dataset: Dataset) -> Float:
    """Return what a panel says of each row, NaN where it is not known, shape (rows,)."""
    last = common_origin(dataset.outcome, dataset.years)
    position = pd.Index(dataset.cities).get_indexer(issued["city"])
    found = np.full(len(issued), np.nan)
    origins, horizons = issued["origin"].to_numpy(), issued["horizon"].to_numpy()
    for origin, horizon in sorted(set(zip(origins.tolist(), horizons.tolist(), strict=True))):
        if not dataset.years[0] <= origin <= last - dataset.wait(horizon):
            continue
        own = (origins == origin) & (horizons == horizon) & (position >= 0)
        found[own] = dataset.truth(origin, horizon)[position[own]]
    return found


def _with_errors(issued: pd.DataFrame, truth: Float, vintage: str) -> pd.DataFrame:
    counts = _counting(issued)
    common = issued.groupby("issue")["origin"].transform("max")
    known = np.isfinite(truth)
    rows, truth = issued[known].reset_index(drop=True), truth[known]
    found = {"issue_origin": common[known].to_numpy(), "vintage": vintage, "truth": truth}
    found["error"] = rows["forecast"].to_numpy() - truth
    for end, name in (("", "inside"), ("_80", "inside_80")):
        lower, upper = (rows[f"{side}{end}"].to_numpy() for side in ("lower", "upper"))
        inside = ((truth >= lower) & (truth <= upper)).astype(np.float64)
        found[name] = np.where(np.isfinite(upper), inside, np.nan)
    lower, upper = rows["lower"].to_numpy(), rows["upper"].to_numpy()
    promised = rows["coverage"].fillna(REFERENCE).to_numpy()
    found["interval_score"] = interval_score(truth, lower, upper, promised)
    quantiles = rows[list(_EVEN)].to_numpy(dtype=np.float64)
    found["crps"] = quantile_crps(quantiles, np.array(list(_EVEN.values())), truth)
    for column, rule in NAIVE_COLUMNS.items():
        found[f"error_{rule}"] = rows[column].to_numpy() - truth
    found["counts"] = counts[known]
    return rows.drop(columns=list(QUANTILES)).assign(**found)


def _counting(issued: pd.DataFrame) -> Any:
    """Whether each row counts in averages, shape (rows,)."""
    about = issued.drop_duplicates("issue").assign(
        issue_origin=lambda own: own["issue"].map(issued.groupby("issue")["origin"].max()),
        live=lambda own: own["status"] == LIVE,
        place=lambda own: np.arange(len(own)),
    )
    last = about.sort_values(["live", "place"]).drop_duplicates(
        ["issue_origin", "issue_information"], keep="last"
    )
    common = issued.groupby("issue")["origin"].transform("max")
    return (issued["issue"].isin(last["issue"]) & (issued["origin"] == common)).to_numpy()


def issued_scores(
    rows: pd.DataFrame,
    groups: Mapping[str, Mapping[str, str]] | None = None,
    min_group: int = 10,
    flagged: Collection[tuple[str, int]] = (),
) -> pd.DataFrame:
    """Tabulate the scores of issued forecasts and of the naive rules of their days.

    Parameters
    ----------
    rows : DataFrame
        Of `scored_rows`.
    groups : mapping of str to mapping of str to str
        Slice name to the level of each city.
    min_group : int
        Fewest cities of a group in the average year; of a smaller one only the number is told.
    flagged : collection of (city, year)
        City-years whose growth from the year before is an artefact, from the data alone.

    Returns
    -------
    DataFrame
        ``SCORE_COLUMNS``. The slice is ``all``, ``period``, ``year`` (the origin),
        ``group:<name>``, ``cumulative`` (all origins up to one), ``issue`` (one issue, superseded
        ones too) or, if any city-year is flagged, ``without_breaks`` (rows without one of these
        from the origin to the target year); ``model`` is ``issued`` or a naive rule. What the
        intervals promised and held, their width, interval score and CRPS are of ``issued`` alone.
        ``best_naive`` has the lowest mean error of the horizon over all issues that count, and
        ``skill_naive`` is 1 − MAE / that rule's.
    """
    found = []
    for keys, own in rows.groupby(list(KEYS)):
        counted = own[own["counts"]]
        best = best_naive(yearly(_long(counted)))
        every = [*_slices(counted, groups), *_issues(own)]
        unbroken = counted[~spans_break(counted, flagged)] if flagged else counted[:0]
        every += [(WITHOUT_BREAKS, "all years", unbroken)] if len(unbroken) else []
        for slice_, level, part in every:
            least = min_group if slice_.startswith("group:") else 0
            table = _scored(part, best, least)
            found.append(
                table.assign(**dict(zip(KEYS, keys, strict=True)), slice=slice_, level=level)
            )
    if not found:
        return pd.DataFrame(columns=list(SCORE_COLUMNS))
    whole = pd.concat(found, ignore_index=True)
    return whole.reindex(columns=list(SCORE_COLUMNS))


def _slices(
    rows: pd.DataFrame, groups: Mapping[str, Mapping[str, str]] | None
) -> Iterator[tuple[str, str, pd.DataFrame]]:
    rows = rows.assign(origin=rows["issue_origin"])
    yield from slices(rows, groups)
    for origin, newest in rows.groupby("origin"):
        known = rows["horizon"].isin(newest["horizon"])
        yield CUMULATIVE, str(origin), rows[known & (rows["origin"] <= origin)]


def _issues(rows: pd.DataFrame) -> Iterator[tuple[str, str, pd.DataFrame]]:
    for issue, own in rows[rows["origin"] == rows["issue_origin"]].groupby("issue", sort=False):
        yield ISSUE, str(issue), own


def _long(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of each model below each other, as a backtest has them."""
    columns = {"forecast": ISSUED, **NAIVE_COLUMNS}
    kept = rows[["city", "issue_origin", "horizon", "target_year", "truth"]]
    kept = kept.rename(columns={"issue_origin": "origin"})
    parts = [kept.assign(model=name, forecast=rows[column]) for column, name in columns.items()]
    return pd.concat(parts, ignore_index=True)


def _scored(rows: pd.DataFrame, best: Mapping[int, str], least: int) -> pd.DataFrame:
    years = yearly(_long(rows))
    own = years.groupby(["horizon", "model"])
    table = own.agg(n=("n", "sum"), years=("origin", "nunique"))
    if years["n"].mean() < least:
        return table.reset_index()
    table = table.join(own[list(POINT_SCORES)].mean()).reset_index()
    table["best_naive"] = table["horizon"].map(best)
    mae = table.set_index(["horizon", "model"])["mae"]
    versus = zip(table["horizon"], table["best_naive"], strict=True)
    table["skill_naive"] = 1.0 - table["mae"] / np.array([mae.get(key, np.nan) for key in versus])
    spans = _interval_means(rows).assign(model=ISSUED)
    return table.merge(spans, on=["horizon", "model"], how="left")


def _interval_means(rows: pd.DataFrame) -> pd.DataFrame:
    named = rows.assign(
        promised=rows["coverage"],
        coverage=rows["inside"],
        coverage_80=rows["inside_80"],
        width=rows["upper"] - rows["lower"],
    )
    years = named.groupby(["horizon", "issue_origin"])[list(INTERVAL_SCORES)].mean()
    return years.groupby(level="horizon").mean().reset_index()


def survey_table(rows: pd.DataFrame) -> pd.DataFrame:
    """Tabulate errors as surveys of forecasters do: horizon × period × vintage × baseline.

    Returns
    -------
    DataFrame
        ``SURVEY_COLUMNS``: root mean squared and mean absolute errors of the issued forecasts and
        of a naive rule on the same rows, means over the years, and their ratios, below 1 where the
        forecasts were better; ``difference`` of the yearly mean absolute errors with its 95 %
        interval over the years. The period is ``all``, or as in the backtest.
    """
    found: list[dict[str, Any]] = []
    for keys, own in rows[rows["counts"]].groupby([*KEYS, "horizon"]):
        about = dict(zip([*KEYS, "horizon"], keys, strict=True))
        years = yearly(_long(own))
        parts = [(_EVERY, years)]
        apart = list(years.groupby(period_levels(years)))
        parts += [(str(level), part) for level, part in apart] if len(apart) > 1 else []
        for period, part in parts:
            found += [about | {PERIOD: period} | one for one in _against(part)]
    return pd.DataFrame(found, columns=list(SURVEY_COLUMNS))


def _against(years: pd.DataFrame) -> Iterator[dict[str, Any]]:
    table = years.pivot_table(index="origin", columns="model", values=["rmse", "mae"])
    n = years[years["model"] == ISSUED]["n"].sum()
    for rule in NAIVE_COLUMNS.values():
        found: dict[str, Any] = {"baseline": rule, "years": len(table), "n": int(n)}
        for kind in ("rmse", "mae"):
            ours, theirs = table[kind][ISSUED].mean(), table[kind][rule].mean()
            found |= {kind: ours, f"{kind}_baseline": theirs}
            found |= {f"{kind}_ratio": ours / theirs if theirs > 0 else np.nan}
        apart = (table["mae"][ISSUED] - table["mae"][rule]).to_numpy()
        found |= zip(("difference", "low", "high"), paired_interval(apart), strict=True)
        yield found
