"""The bands of groups: what they hold of the groups' totals, at origins whose outcome is known."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
import pandas as pd

from city_resilience.arrays import Float
from city_resilience.evaluation.scores import WHOLE, slices
from city_resilience.models.conformal import interval_score
from city_resilience.models.intervals import REFERENCE, Calibration
from city_resilience.models.joint import Grouping, band_draws, group_bands, joint_parts

__all__ = ["SUM_COLUMNS", "SUM_ROWS", "score_sums", "summed_rows"]

SUM_ROWS = ("group", "level", "cities", "origin", "horizon", "truth", "forecast", "lower", "upper")
SUM_COLUMNS = (
    *("horizon", "group", "slice", "level", "years", "n", "worst_year", "worst_coverage"),
    *("coverage", "width", "score"),
)
SCORED_DRAWS = 1000


def summed_rows(
    calibration: Calibration, forecast: Float, truth: Float, scale: Float, grouping: Grouping
) -> pd.DataFrame:
    """Forecast the groups of one origin and horizon, each over its cities with an outcome.

    Parameters
    ----------
    calibration : Calibration
        As it stood at the origin.
    forecast, truth, scale : ndarray, shape (cities,)

    Returns
    -------
    DataFrame
        ``SUM_ROWS`` without group, origin and horizon.
    """
    samples = joint_parts(
        calibration, forecast, scale, grouping, draws=band_draws(len(forecast), SCORED_DRAWS)
    )
    scored = np.where(np.isfinite(truth), forecast, np.nan)
    bands = group_bands(samples, scored, grouping, REFERENCE)
    came = group_bands((), np.where(np.isfinite(forecast), truth, np.nan), grouping, REFERENCE)
    lower, upper = bands["forecast"] - bands["half"], bands["forecast"] + bands["half"]
    return bands.assign(truth=came["forecast"], lower=lower, upper=upper).drop(columns="half")


def score_sums(rows: pd.DataFrame) -> pd.DataFrame:
    """Tabulate how many totals of groups lay inside their bands of 90 %.

    Parameters
    ----------
    rows : DataFrame
        ``SUM_ROWS``.

    Returns
    -------
    DataFrame
        ``SUM_COLUMNS``: slice is ``all``, ``period`` or ``year``; means of yearly means,
        ``worst_year`` is the origin with the lowest coverage, ``score`` the interval score.
    """
    known = rows[rows["upper"].notna()].rename(columns={"level": "city"})
    return pd.DataFrame(_scored(known), columns=list(SUM_COLUMNS))


def _scored(known: pd.DataFrame) -> Iterator[Mapping[str, object]]:
    for (horizon, group), own in known.groupby(["horizon", "group"], sort=True):
        for name, level, part in slices(own, None):
            if name in WHOLE:
                truth, lower, upper = (part[c].to_numpy() for c in ("truth", "lower", "upper"))
                losses = pd.DataFrame(
                    {
                        "coverage": ((truth >= lower) & (truth <= upper)).astype(np.float64),
                        "width": upper - lower,
                        "score": interval_score(truth, lower, upper, REFERENCE),
                    }
                )
                years = losses.groupby(part["origin"].to_numpy()).mean()
                about = {"horizon": horizon, "group": group, "slice": name, "level": level}
                worst = {"worst_year": years["coverage"].idxmin(), "n": len(part)}
                worst |= {"worst_coverage": years["coverage"].min(), "years": len(years)}
                yield {**about, **worst, **years.mean().to_dict()}
