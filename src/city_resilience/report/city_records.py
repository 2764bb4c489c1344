"""The own record of every city: how the forecasts of the scored origins did for it."""

from __future__ import annotations

import numpy as np
import pandas as pd

from city_resilience.report.formatting import rounded
from city_resilience.report.outlook_shapes import Record

__all__ = ["city_records"]

_BOUNDS = ("lower", "upper")


def city_records(backtest: pd.DataFrame, horizon: int, served: str) -> dict[str, Record]:
    """Return the record of each city at a horizon.

    Parameters
    ----------
    backtest : DataFrame
        ``model, city, origin, horizon, target_year, forecast, truth``, and ``lower`` and
        ``upper`` where there are intervals.
    horizon : int
    served : str
        The model in use.
    """
    own = backtest[(backtest["model"] == served) & (backtest["horizon"] == horizon)]
    own = own.dropna(subset=["forecast", "truth"]).sort_values("origin")
    bounds = own.reindex(columns=list(_BOUNDS))
    error = (own["forecast"] - own["truth"]).abs()
    signed = (own["forecast"] != 0) & (own["truth"] != 0)
    rows = own.assign(
        **{name: bounds[name] for name in _BOUNDS},
        error=error,
        size=own["truth"].abs(),
        average=error.groupby(own["origin"]).transform("mean"),
        signed=signed,
        right=signed & (np.sign(own["forecast"]) == np.sign(own["truth"])),
        bounded=bounds.notna().all(axis="columns"),
        inside=own["truth"].between(bounds["lower"], bounds["upper"]),
    )
    return {str(city): _record(part) for city, part in rows.groupby("city", sort=True)}


def _record(rows: pd.DataFrame) -> Record:
    last = rows.iloc[-1]
    return {
        "years": len(rows),
        "mae": rounded(rows["error"].mean()),
        "average": rounded(rows["average"].mean()),
        "zero": rounded(rows["size"].mean()),
        "signs": int(rows["right"].sum()),
        "signs_of": int(rows["signed"].sum()),
        "inside": int((rows["inside"] & rows["bounded"]).sum()),
        "inside_of": int(rows["bounded"].sum()),
        "target": int(last["target_year"]),
        "forecast": rounded(last["forecast"]),
        "truth": rounded(last["truth"]),
        "lower": rounded(last["lower"]),
        "upper": rounded(last["upper"]),
    }
