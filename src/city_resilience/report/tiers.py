"""Tiers of cities by their chance of growing less than the nation, and what came of each before."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from city_resilience.models.intervals import BELOW_ZERO
from city_resilience.report.formatting import rounded
from city_resilience.report.outlook_shapes import Tier, TierRow

__all__ = ["TIERS", "clear_of", "overlap", "tier_of", "tier_rows"]

TIERS: tuple[tuple[Tier, float, float], ...] = (
    ("likely_behind", 0.75, 1.0),
    ("rather_behind", 0.6, 0.75),
    ("open", 0.4, 0.6),
    ("rather_ahead", 0.25, 0.4),
    ("likely_ahead", 0.0, 0.25),
)
"""Tiers by the chance of a value below zero, low limit included: 3 in 4, 3 in 5, and so on."""
FEW = 20
"""City-years below which a share says too little to be shown."""
END = 0.1
"""Share of the cities at either end whose order is compared."""


def tier_of(chance: float | None) -> Tier | None:
    """Return the tier of a chance of a value below zero, None where none is known.

    Examples
    --------
    >>> tier_of(0.81), tier_of(0.6), tier_of(0.5), tier_of(0.25), tier_of(None)
    ('likely_behind', 'rather_behind', 'open', 'rather_ahead', None)
    """
    if chance is None:
        return None
    return next(name for name, low, _ in TIERS if chance >= low)


def clear_of(lower: float | None, upper: float | None) -> str:
    """Return "behind" or "ahead" for an interval that zero lies outside of, else "".

    Examples
    --------
    >>> clear_of(-3.0, -0.2), clear_of(-1.0, 2.0), clear_of(0.1, 2.0), clear_of(None, None)
    ('behind', '', 'ahead', '')
    """
    if lower is None or upper is None:
        return ""
    return "behind" if upper < 0 else "ahead" if lower > 0 else ""


def tier_rows(
    live: Iterable[Mapping[str, Any]], stated: pd.DataFrame | None, horizon: int
) -> list[TierRow]:
    """Return the tiers with their cities now, and how often theirs were below zero before.

    Parameters
    ----------
    live : iterable of mapping
        The forecasts of the horizon, with ``tier``.
    stated : DataFrame or None
        As of `INTERVAL_ROWS`: the chances that were stated at scored origins, and the truth.

    Returns
    -------
    list of dict
        Empty where no chance is known.
    """
    now = [row["tier"] for row in live if row["tier"] is not None]
    if not now:
        return []
    before = pd.DataFrame(columns=["tier", "below"])
    if stated is not None:
        own = stated[(stated["horizon"] == horizon) & stated[BELOW_ZERO].notna()]
        tiers = [tier_of(chance) for chance in own[BELOW_ZERO]]
        before = pd.DataFrame({"tier": tiers, "below": own["truth"].to_numpy() < 0})
    return [
        {
            "tier": name,
            "low": low,
            "high": high,
            "cities": now.count(name),
            "n": len(came := before.loc[before["tier"] == name, "below"]),
            "below": rounded(came.mean()) if len(came) >= FEW else None,
        }
        for name, low, high in TIERS
    ]


def overlap(backtest: pd.DataFrame, horizon: int, served: str) -> float | None:
    """Return how often the ends of the ranking came out the other way round.

    At every scored origin each city of the lowest tenth of the forecasts meets each of the highest
    tenth; the share of pairs in which the first did better, ties counting half.

    Parameters
    ----------
    backtest : DataFrame
        ``model, horizon, origin, forecast, truth``.

    Returns
    -------
    float or None
        Mean over the origins; 0.5 for an order that tells nothing. None where nothing was scored.
    """
    own = backtest[(backtest["model"] == served) & (backtest["horizon"] == horizon)]
    own = own.dropna(subset=["forecast", "truth"])
    shares = []
    for _, rows in own.groupby("origin"):
        truth = rows.sort_values(["forecast", "city"])["truth"].to_numpy()
        n = max(1, round(END * len(truth)))
        if len(truth) > n:
            apart = truth[:n, None] - truth[None, -n:]
            shares.append(float(np.mean((apart > 0) + 0.5 * (apart == 0))))
    return rounded(np.mean(shares)) if shares else None
