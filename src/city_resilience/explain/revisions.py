"""How far the forecasts of a model move because figures were revised after it was trained.

The same model forecasts from the same origin again, on a later panel cut at that origin. Whatever
differs from what it forecast then comes from cells that say something else now: a city's own, and
those of others through national totals and ranks.
"""

from __future__ import annotations

import pandas as pd

from city_resilience.errors import InputError
from city_resilience.explain.contributions import contributions
from city_resilience.models.forecaster import Forecaster
from city_resilience.models.rows import ForecastRows
from city_resilience.reading.panel import Panel
from city_resilience.tasks.dataset import build_dataset

__all__ = ["MOVED_COLUMNS", "forecasts_moved"]

MOVED_COLUMNS = (
    *("city", "origin", "horizon", "before", "after", "move"),
    *("indicator", "family", "change"),
)
_ROW = ["city", "horizon"]


def forecasts_moved(
    forecaster: Forecaster,
    panel: Panel,
    forecast: pd.DataFrame,
    drivers: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Forecast again from the model's origin on a later panel, beside what was forecast then.

    Parameters
    ----------
    forecaster : Forecaster
        The model as it was trained.
    panel : Panel
        A later one, read and audited as the model's experiment says; cut at the model's origin
        here.
    forecast : DataFrame
        What the model forecast then from the panel alone: ``city, origin, horizon, forecast``.
    drivers : DataFrame, optional
        What that rested on, as of `contributions`; the indicator that moved each forecast most is
        then named.

    Returns
    -------
    DataFrame
        ``MOVED_COLUMNS``, the largest move first: ``move`` is ``after`` less ``before`` in the unit
        of the measure, ``change`` by how much the contribution of ``indicator`` moved; these are
        empty without drivers. Cities that only one of the panels can forecast from that origin are
        left out.

    Raises
    ------
    InputError
        If the panel does not reach the model's origin or lacks an indicator of the model.
    """
    rows = _rows_at_origin(forecaster, panel)
    again = forecaster.forecast(rows)[[*_ROW, "origin", "forecast"]]
    before = forecast[[*_ROW, "origin", "forecast"]].rename(columns={"forecast": "before"})
    moved = before.merge(
        again.rename(columns={"forecast": "after"}), on=[*_ROW, "origin"], validate="1:1"
    )
    moved["move"] = moved["after"] - moved["before"]
    if drivers is not None:
        moved = moved.merge(_leading(drivers, contributions(forecaster, rows)), how="left", on=_ROW)
    moved = moved.reindex(columns=list(MOVED_COLUMNS))
    order = moved["move"].abs().sort_values(ascending=False, kind="stable").index
    return moved.loc[order].reset_index(drop=True)


def _rows_at_origin(forecaster: Forecaster, panel: Panel) -> ForecastRows:
    origin = forecaster.origin
    if origin not in panel.years:
        raise InputError(
            f"the panel has the years {panel.years[0]}-{panel.years[-1]}, and the model stands on "
            f"{origin}; bring a panel with that year"
        )
    cut = panel.truncate(origin)
    dataset = build_dataset(cut, forecaster.experiment, forecaster.composite)
    return ForecastRows.of(dataset, origin)


def _leading(before: pd.DataFrame, after: pd.DataFrame) -> pd.DataFrame:
    """Return by city and horizon the indicator whose contribution moved most."""
    keys = [*_ROW, "indicator", "family"]
    both = before[[*keys, "contribution"]].merge(
        after[[*keys, "contribution"]], on=keys, suffixes=("_before", "")
    )
    both["change"] = both["contribution"] - both["contribution_before"]
    largest = both["change"].abs().groupby([both[key] for key in _ROW]).idxmax()
    return both.loc[largest, [*keys, "change"]]
