"""The origins that one backtest has scored and another has not, as in a new year."""

from __future__ import annotations

import pandas as pd

from city_resilience.evaluation.scores import best_naive, yearly

__all__ = ["ADDED_COLUMNS", "added_origins"]

ADDED_COLUMNS = (
    *("horizon", "origin", "n", "mae", "usual", "naive", "mae_naive"),
    *("rank_correlation", "inside", "issued"),
)


def added_origins(
    backtest: pd.DataFrame, served: str, known: pd.DataFrame, issued: pd.DataFrame
) -> pd.DataFrame:
    """Score the origins that an earlier backtest of the same recipe did not have.

    Parameters
    ----------
    backtest : DataFrame
        ``BACKTEST_COLUMNS`` of all models.
    served : str
        The model that is served.
    known : DataFrame
        The earlier backtest: ``origin, horizon``.
    issued : DataFrame
        What the earlier model forecast from its newest year: ``city, origin, horizon, forecast``.

    Returns
    -------
    DataFrame
        ``ADDED_COLUMNS``, a row for each horizon and added origin: the mean absolute error, that of
        the earlier origins on average (``usual``), the best naive rule of all origins with its
        error, the share of outcomes inside the intervals, and the error of the forecasts as they
        were made then (``issued``), NaN where none was.
    """
    years = yearly(backtest)
    own, rules = years[years["model"] == served], best_naive(years)
    before = known[["horizon", "origin"]].drop_duplicates()
    marked = own.merge(before, how="left", on=["horizon", "origin"], indicator=True)
    old = marked["_merge"] == "both"
    usual = marked[old].groupby("horizon")["mae"].mean()
    found = marked[~old].assign(usual=lambda rows: rows["horizon"].map(usual))
    found["naive"] = found["horizon"].map(rules)
    naive = years.rename(columns={"model": "naive", "mae": "mae_naive"})
    keys = ["horizon", "origin"]
    found = found.merge(naive[["naive", *keys, "mae_naive"]], how="left", on=["naive", *keys])
    rows = backtest[backtest["model"] == served]
    found = found.merge(_inside(rows), how="left", on=keys)
    found = found.merge(_issued(rows, issued), how="left", on=keys)
    return found[list(ADDED_COLUMNS)].sort_values(keys, ignore_index=True)


def _inside(rows: pd.DataFrame) -> pd.DataFrame:
    known = rows[rows["upper"].notna()]
    inside = known["truth"].between(known["lower"], known["upper"]).rename("inside")
    return inside.groupby([known["horizon"], known["origin"]]).mean().reset_index()


def _issued(rows: pd.DataFrame, issued: pd.DataFrame) -> pd.DataFrame:
    keys = ["city", "origin", "horizon"]
    both = rows[[*keys, "truth"]].merge(issued[[*keys, "forecast"]], on=keys)
    error = (both["forecast"] - both["truth"]).abs().rename("issued")
    return error.groupby([both["horizon"], both["origin"]]).mean().reset_index()
