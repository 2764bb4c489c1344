"""What intervals and probabilities are worth: coverage, width, scores, reliability."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
import pandas as pd

from city_resilience.arrays import Float
from city_resilience.evaluation.scores import WHOLE, WITHOUT_BREAKS, slices
from city_resilience.evaluation.significance import percentile_interval
from city_resilience.models.conformal import interval_score
from city_resilience.models.intervals import EVENTS, REFERENCE, Calibration

__all__ = [
    "INTERVAL_COLUMNS",
    "RELIABILITY_COLUMNS",
    "crps",
    "reliability",
    "score_intervals",
    "year_bootstrap",
]


INTERVAL_COLUMNS = (
    *("horizon", "slice", "level", "years", "n", "worst_year", "worst_coverage"),
    *("coverage", "width", "interval_score", "pinball", "crps"),
    *("worst_coverage_80", "coverage_80", "width_80"),
    *("plain_coverage", "plain_width", "plain_score", "difference", "low", "high"),
)
RELIABILITY_COLUMNS = ("horizon", "event", "bin", "n", "probability", "frequency", "brier")
LEVELS = np.arange(1, 20) / 20.0
BINS = np.array([0.0, 0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 0.9, 1.0])
DRAWS = 2000


def crps(calibration: Calibration, forecast: Float, scale: Float, truth: Float) -> Float:
    """Continuous ranked probability score, shape (cities,): twice the mean pinball loss.

    Over the quantiles 5 % to 95 % in steps of five (Gneiting & Ranjan 2011); in the unit of the
    measure, less is better.
    """
    error = truth - calibration.quantiles(forecast, scale, LEVELS)
    loss = np.maximum(LEVELS[:, None] * error, (LEVELS[:, None] - 1.0) * error)
    return np.asarray(2.0 * loss.mean(axis=0))


def score_intervals(
    rows: pd.DataFrame, groups: Mapping[str, Mapping[str, str]] | None = None, min_group: int = 10
) -> pd.DataFrame:
    """Tabulate coverage, width and scores by horizon, period, origin year and group.

    Parameters
    ----------
    rows : DataFrame
        ``INTERVAL_ROWS``; rows without an interval are left out.
    groups : mapping of str to mapping of str to str
        Slice name to the level of each city.
    min_group : int
        Fewest cities in the average year; the figures of a smaller group are withheld.

    Returns
    -------
    DataFrame
        ``INTERVAL_COLUMNS``: means of yearly means at 90 %; ``worst_year`` is the origin with the
        lowest coverage, ``worst_coverage``; ``pinball`` is the mean loss at the
        two bounds, ``difference`` the interval score minus that of plain split conformal with a
        95 % interval from a bootstrap over years. Where a level broke, the slice
        ``without_breaks`` has all years, and each, of the rows whose window holds none; the truth
        is then against the nation of such cities.
    """
    known = rows[rows["upper"].notna()]
    found = []
    for horizon, part in known.groupby("horizon"):
        for slice_, level, own in slices(_losses(part), groups):
            least = min_group if slice_ not in WHOLE else 0
            about = {"horizon": horizon, "slice": slice_, "level": level}
            found.append({**about, **_scored(own, least)})
        found += _without_breaks(part, int(horizon))
    table = pd.DataFrame(found, columns=list(INTERVAL_COLUMNS))
    return table.astype({"worst_year": "Int64"})


def _without_breaks(rows: pd.DataFrame, horizon: int) -> Iterator[dict[str, object]]:
    whole = rows["unbroken"].notna()
    if whole.all():
        return
    clean = rows[whole].assign(truth=rows["unbroken"], crps=np.nan)
    for slice_, level, own in slices(_losses(clean), None):
        if slice_ in ("all", "year"):
            about = {"slice": WITHOUT_BREAKS, "level": level or "all years"}
            yield {"horizon": horizon, **about, **_scored(own, 0)}


def _scored(losses: pd.DataFrame, least: int) -> dict[str, object]:
    origins = losses["origin"].nunique()
    counts = {"years": origins, "n": len(losses)}
    if len(losses) / origins < least:
        return counts
    years = losses.drop(columns=["city", "horizon"]).groupby("origin").mean()
    difference = (years["interval_score"] - years["plain_score"]).to_numpy()
    low, high = year_bootstrap(difference)
    apart = {"difference": float(difference.mean()), "low": low, "high": high}
    worst = {
        "worst_year": int(years["coverage"].idxmin()),
        "worst_coverage": float(years["coverage"].min()),
        "worst_coverage_80": float(years["coverage_80"].min()),
    }
    return {**counts, **years.mean().to_dict(), **worst, **apart}


def _losses(rows: pd.DataFrame) -> pd.DataFrame:
    truth, alpha = rows["truth"].to_numpy(), 1.0 - REFERENCE
    found = {name: rows[name].to_numpy() for name in ("city", "horizon", "origin", "crps")}
    for front, end in (("", ""), ("", "_80"), ("plain_", "")):
        lower, upper = (rows[f"{front}{side}{end}"].to_numpy() for side in ("lower", "upper"))
        found[f"{front}coverage{end}"] = ((truth >= lower) & (truth <= upper)).astype(np.float64)
        found[f"{front}width{end}"] = upper - lower
        if not end:
            score = interval_score(truth, lower, upper, REFERENCE)
            found["plain_score" if front else "interval_score"] = score
    return pd.DataFrame(found).assign(pinball=lambda own: own["interval_score"] * alpha / 4.0)


def year_bootstrap(difference: Float, seed: int = 0) -> tuple[float, float]:
    """95 % interval of a mean over years, years drawn with replacement; NaN for a single year."""
    if len(difference) < 2:
        return float("nan"), float("nan")
    rng = np.random.default_rng(seed)
    return percentile_interval(rng.choice(difference, (DRAWS, len(difference))).mean(axis=1))


def reliability(rows: pd.DataFrame) -> pd.DataFrame:
    """Compare probabilities with how often it came to pass, in bins of the probability.

    Returns
    -------
    DataFrame
        ``RELIABILITY_COLUMNS``; the row with an empty ``bin`` is over all, with the Brier score.
        Being among the worst tenth is decided among the cities of an origin with an outcome.
    """
    known = rows[rows["upper"].notna()]
    found: list[dict[str, object]] = []
    for horizon, part in known.groupby("horizon"):
        limit = part.groupby("origin")["truth"].transform(lambda year: year.quantile(0.1))
        events = (part["truth"] < 0, part["truth"] < -2, part["truth"] < limit)
        for name, came in zip(EVENTS, events, strict=True):
            found += _bins(int(horizon), name, part[name].to_numpy(), came.to_numpy(dtype=float))
    return pd.DataFrame(found, columns=list(RELIABILITY_COLUMNS))


def _bins(horizon: int, event: str, stated: Float, came: Float) -> Iterator[dict[str, object]]:
    whole = np.ones(len(stated), dtype=bool)
    place = np.clip(np.searchsorted(BINS, stated, side="right") - 1, 0, len(BINS) - 2)
    chosen = [("", whole)]
    chosen += [(f"{BINS[k]:.2f}-{BINS[k + 1]:.2f}", place == k) for k in range(len(BINS) - 1)]
    for label, own in chosen:
        if own.any():
            yield {
                "horizon": horizon,
                "event": event,
                "bin": label,
                "n": int(own.sum()),
                "probability": float(stated[own].mean()),
                "frequency": float(came[own].mean()),
                "brier": float(np.mean((stated[own] - came[own]) ** 2)),
            }
