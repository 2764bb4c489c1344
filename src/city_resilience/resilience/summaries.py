"""Reading a measured panel: reasons counted, extremes listed, resistance against recovery."""

from __future__ import annotations

import pandas as pd

from city_resilience.errors import InputError, nearest

__all__ = ["count_reasons", "extremes", "resistance_and_recovery"]

_SUFFIX = "_reason"


def count_reasons(frame: pd.DataFrame) -> pd.DataFrame:
    """Count the cities by reason, for every measure and window of a measured panel.

    Parameters
    ----------
    frame : DataFrame
        As `measure_panel` returns it.

    Returns
    -------
    DataFrame
        ``measure, window, reason, cities``; the reason "" counts the values that are known, so
        that the cities of a measure and window add up to all of them.
    """
    counted = [
        frame.groupby(["window", column], sort=True)
        .size()
        .rename("cities")
        .reset_index()
        .rename(columns={column: "reason"})
        .assign(measure=column.removesuffix(_SUFFIX))
        for column in frame.columns
        if column.endswith(_SUFFIX)
    ]
    if not counted:
        raise InputError("no reasons to count: give a frame of measure_panel")
    order = ["measure", "window", "reason", "cities"]
    return pd.concat(counted, ignore_index=True)[order]


def extremes(frame: pd.DataFrame, measure: str, window: str, most: int = 10) -> pd.DataFrame:
    """List the cities with the highest and the lowest values of a measure in one window.

    Parameters
    ----------
    frame : DataFrame
        As `measure_panel` returns it.
    measure : str
        A numeric column of it.
    window : str
        As in its column ``window``, for example ``"2008:2009:2011"``.
    most : int
        How many cities at either end; half of the cities at the most.

    Returns
    -------
    DataFrame
        ``side`` (``"most"`` or ``"least"``), ``rank`` from that side, ``city``, ``province``,
        ``nation`` and ``growth_gap_pp`` when known, and the measure. Ties go by the name of the
        city.

    Raises
    ------
    InputError
        If the frame has no such measure or window.
    """
    one = _window_of(frame, window)
    if measure not in one or not pd.api.types.is_numeric_dtype(one[measure]):
        numbers = [c for c in one.select_dtypes("number").columns if c not in ("start", "end")]
        raise InputError(
            f"measure {measure!r} is not a number in the frame{nearest(measure, numbers)}"
        )
    beside = [
        c for c in ("city", "province", "nation", "growth_gap_pp") if c in one and c != measure
    ]
    known = one.loc[one[measure].notna(), [*beside, measure]].sort_values("city")
    most = min(most, len(known) // 2)
    sides = {
        "most": known.sort_values(measure, ascending=False, kind="stable").head(most),
        "least": known.sort_values(measure, kind="stable").head(most),
    }
    tables = [
        table.assign(side=side, rank=range(1, len(table) + 1)) for side, table in sides.items()
    ]
    return pd.concat(tables, ignore_index=True)[["side", "rank", *beside, measure]]


def resistance_and_recovery(frame: pd.DataFrame) -> pd.DataFrame:
    """Correlation of resistance with recovery over the cities, one row per window.

    Parameters
    ----------
    frame : DataFrame
        As `measure_panel` returns it, with the measures ``resistance`` and ``recovery``.

    Returns
    -------
    DataFrame
        ``window``, ``n`` (cities with both), ``pearson``, ``spearman`` (ties share their mean
        rank); NaN below 3 cities, and where one of the two does not vary.

    Raises
    ------
    InputError
        If the frame lacks either measure.
    """
    if missing := [name for name in ("resistance", "recovery") if name not in frame]:
        raise InputError(f"measure {missing[0]!r} is not in the frame; measure it as well")
    rows = []
    for window, one in frame.groupby("window", sort=False):
        both = one[["resistance", "recovery"]].dropna()
        enough = len(both) >= 3 and (both.max() > both.min()).all()
        pearson = both["resistance"].corr(both["recovery"]) if enough else float("nan")
        ranks = both.rank()
        spearman = ranks["resistance"].corr(ranks["recovery"]) if enough else float("nan")
        rows.append({"window": window, "n": len(both), "pearson": pearson, "spearman": spearman})
    return pd.DataFrame(rows)


def _window_of(frame: pd.DataFrame, window: str) -> pd.DataFrame:
    one = frame[frame["window"] == str(window)]
    if one.empty:
        known = ", ".join(dict.fromkeys(frame["window"]))
        raise InputError(f"window {str(window)!r} is not in the frame; it has {known}")
    return one
