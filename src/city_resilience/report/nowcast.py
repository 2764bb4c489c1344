"""The nowcast in the summary of a run: beside the forecast, and never mixed with it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from city_resilience.models.rows import FORECAST, NOWCAST
from city_resilience.report.formatting import rounded

__all__ = ["nowcast_part", "panel_alone"]

_LIVE = ("city", "horizon", "forecast", "lower", "upper", "rank", "early_release")


def panel_alone(table: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of a table that know the panel alone."""
    if "information" not in table:
        return table
    return table[table["information"] == FORECAST].reset_index(drop=True)


def nowcast_part(tables: Mapping[str, pd.DataFrame]) -> dict[str, Any] | None:
    """Return what is shown of the nowcast; None for a run without early releases.

    Returns
    -------
    dict or None
        ``sides``: the rows of ``nowcast_scores.csv``; ``intervals``: coverage, width and score by
        horizon, worst year first; ``live``: forecast and move of each city, by horizon.
    """
    sides = tables.get("nowcast_scores.csv")
    if sides is None:
        return None
    intervals = tables["intervals.csv"]
    own = intervals[(intervals["information"] == NOWCAST) & (intervals["slice"] == "all")]
    live = tables.get("nowcast.csv")
    return {
        "sides": _plain(sides),
        "intervals": _plain(own.drop(columns="information")),
        "live": [] if live is None else _plain(live[list(_LIVE)]),
    }


def _plain(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the rows with texts as they are and figures rounded."""
    rows = table.to_dict("records")
    return [
        {str(k): v if isinstance(v, str) else rounded(v) for k, v in row.items()} for row in rows
    ]
