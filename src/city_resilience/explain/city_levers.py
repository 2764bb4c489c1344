"""Levers as the page of a city shows them: with the answers of the models and the literature."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from city_resilience.explain.directions import directions_for
from city_resilience.explain.lever_responses import NOT_READ, RANGE, responses
from city_resilience.explain.levers import BEST, MEDIAN, absent_levers, levers
from city_resilience.explain.moving import Ground
from city_resilience.explain.peers import peers_of
from city_resilience.explain.support import Nearness

__all__ = ["city_levers"]

GOALS = (MEDIAN, BEST)
FIGURES = (
    *("value", "lowest", "median", "best_quartile", "highest"),
    *(f"{what}_to_{goal}" for what in ("sd", "years", "cost") for goal in GOALS),
    *(f"to_{goal}" for goal in GOALS),
)


def city_levers(ground: Ground, near: Nearness, city: str, horizon: int) -> dict[str, Any] | None:
    """Return the levers of a city, short boards first; None where nothing is marked actionable.

    Returns
    -------
    dict
        ``rows``, each with ``changes``: goal (``median``, ``best_quartile``) to view to the
        difference of the forecast at the horizon when the indicator alone moves there (None where
        it is there or cannot be moved), ``unread``: views that read nothing of it, and ``curve``:
        ``value``, ``far`` and ``changes`` by view over the range of the peers; ``absent``, what is
        marked and no lever here, with the reason; ``directions``, the literature's for the place
        and its short boards.
    """
    experiment = ground.forecaster.experiment
    if not experiment.actionable:
        return None
    peers = peers_of(ground.rows, city, experiment.features.carry_forward).cities
    table = levers(ground, city, peers)
    answers = responses(ground, table, near, horizon)
    place = ground.rows.dataset.cities.index(city)
    groups = {name: str(own[place]) for name, own in ground.rows.dataset.groups.items()}
    advice = directions_for(groups, set(table.loc[table["short_board"], "family"]))
    return {
        "rows": [
            _row(row, answers[answers["indicator"] == row["indicator"]])
            for row in table.to_dict("records")
        ],
        "absent": absent_levers(ground, city),
        "directions": [one.said() for one in advice],
    }


def _row(row: Mapping[Any, Any], answers: pd.DataFrame) -> dict[str, Any]:
    told = {key: row[key] for key in ("indicator", "family", "unit", "cost_unit", "why")}
    counts = {key: int(row[key]) for key in ("year", "direction", "peers")}
    figures = {key: _plain(row[key]) for key in FIGURES}
    at = {goal: answers[answers["to"] == goal] for goal in (*GOALS, RANGE)}
    unread = answers.loc[answers["reason"] == NOT_READ, "view"].unique().tolist()
    return {
        **told,
        **counts,
        **figures,
        "short": bool(row["short_board"]),
        "old": bool(row["old"]),
        "changes": {goal: _changes(at[goal]) for goal in GOALS},
        "unread": unread,
        "curve": [
            {"value": float(value), "far": bool(own["far"].any()), "changes": _changes(own)}
            for value, own in at[RANGE].groupby("value")
        ],
    }


def _changes(answers: pd.DataFrame) -> dict[str, float | None]:
    return {row["view"]: _plain(row["change"]) for row in answers.to_dict("records")}


def _plain(value: float) -> float | None:
    return None if value != value else float(value)  # noqa: PLR0124 NaN
