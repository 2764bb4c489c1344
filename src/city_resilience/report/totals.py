"""The forecasts of groups' totals in the summary, and how many totals lay inside their bands."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from city_resilience.report.formatting import rounded, text_of
from city_resilience.report.texts import Both, Texts

__all__ = ["totals_part", "totals_sentence"]


def totals_part(
    groups: pd.DataFrame | None, sums: pd.DataFrame | None, horizon: int
) -> dict[str, Any] | None:
    """Compute what the report shows of the totals at a horizon.

    Parameters
    ----------
    groups, sums : DataFrame or None
        Of ``forecast_groups`` in ``models.group_forecast`` and ``score_sums`` in
        ``evaluation.sums``.

    Returns
    -------
    dict or None
        ``rows``, one a level (``group``, ``level``, ``n`` cities, ``forecast``, ``lower``,
        ``upper``); ``record`` (``group``, ``worst``, ``year``, ``coverage``, ``width``) or None
        where nothing was scored. None without a forecast of any group.
    """
    own = None if groups is None else groups[groups["horizon"] == horizon]
    if own is None or own.empty:
        return None
    return {
        "rows": [
            {
                "group": row["group"],
                "level": text_of(row["level"]),
                "n": int(row["cities"]),
                "withheld": False,
                **{name: rounded(row[name]) for name in ("forecast", "lower", "upper")},
            }
            for row in own.to_dict("records")
        ],
        "record": None if sums is None else _record(sums[sums["horizon"] == horizon]),
    }


def totals_sentence(part: Mapping[str, Any], say: Texts) -> Both:
    """Say how many totals of earlier years lay inside their bands."""
    if part["record"] is None:
        return say("totals_unscored")
    name = say.name("group", part["record"]["group"])
    return say("totals_sentence", **{**part["record"], "group": {**name, "en": name["en"].lower()}})


def _record(sums: pd.DataFrame) -> dict[str, Any] | None:
    if sums.empty:
        return None
    every = sums[sums["slice"] == "all"].iloc[0]
    years = sums[sums["slice"] == "year"]
    worst = years.loc[years["coverage"].idxmin()]
    return {
        "group": str(every["group"]),
        "worst": rounded(worst["coverage"]),
        "year": int(worst["level"]),
        **{name: rounded(every[name]) for name in ("coverage", "width")},
    }
