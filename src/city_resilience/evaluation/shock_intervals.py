"""Intervals of forecasts of shocks, from errors on cities that were not learnt from."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from city_resilience.arrays import Float

__all__ = ["shock_coverage", "shock_intervals"]

LEAST = 30
"""Fewest errors that an interval stands on."""


def shock_intervals(
    frame: pd.DataFrame,
    unseen: str,
    province: Mapping[str, str],
    spans: Mapping[str, tuple[int, int]],
) -> pd.DataFrame:
    """Give each forecast of a shock a 90 % interval from errors on cities it did not learn from.

    A city of a held-out province stands on the errors in the other provinces in the same shock; a
    later shock on the errors in the held-out provinces of shocks that were over before it.

    Parameters
    ----------
    frame : DataFrame
        Columns test, window, model, city, truth, forecast.
    unseen : str
        The test on provinces that were held out.
    province : mapping of str to str
    spans : mapping of str to (int, int)
        Window → the year its features stand on, and the newest year that its values are of.

    Returns
    -------
    DataFrame
        With ``lower`` and ``upper``; NaN where fewer than 30 errors are known.
    """
    size = (frame["truth"] - frame["forecast"]).abs().to_numpy()
    where = frame["city"].map(province).fillna("").to_numpy()
    half = np.full(len(frame), np.nan)
    held_out = frame["test"].to_numpy() == unseen
    for (test, window, model), rows in frame.groupby(["test", "window", "model"]):
        same = held_out & (frame["model"] == model).to_numpy()
        if test == unseen:
            own = same & (frame["window"] == window).to_numpy()
            for name in np.unique(where[rows.index]):
                inside = rows.index[where[rows.index] == name]
                half[inside] = _half(size[own & (where != name)])
        else:
            over = [one for one, (_, last) in spans.items() if last <= spans[str(window)][0]]
            half[rows.index] = _half(size[same & frame["window"].isin(over).to_numpy()])
    lower, upper = frame["forecast"] - half, frame["forecast"] + half
    return frame.assign(lower=lower, upper=upper)


def _half(errors: Float) -> float:
    """Split conformal half width of 90 %: the ceil(0.9 (n + 1))-th smallest error."""
    n = len(errors)
    rank = int(np.ceil(0.9 * (n + 1)))
    return float(np.sort(errors)[rank - 1]) if n >= LEAST and rank <= n else np.nan


def shock_coverage(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the coverage and width of the intervals by test, window and model."""
    known = frame[frame["upper"].notna()]
    inside = known["truth"].between(known["lower"], known["upper"])
    rows = known.assign(coverage=inside.astype(float), width=known["upper"] - known["lower"])
    keys = ["test", "window", "model"]
    return rows.groupby(keys)[["coverage", "width"]].mean().reset_index()
