"""Levers as the page of a city shows them: with the answers of the models and the literature."""

from __future__ import annotations

from typing import Any

from city_resilience.explain.directions import directions_for
from city_resilience.explain.levers import levers, responses
from city_resilience.explain.moving import Ground
from city_resilience.explain.peers import peers_of

__all__ = ["city_levers"]

FIGURES = (
    *("value", "median", "best_quartile", "to_median", "sd_to_median"),
    *("years_to_median", "cost_to_median"),
)


def city_levers(ground: Ground, city: str, horizon: int) -> dict[str, Any] | None:
    """Return the levers of a city, short boards first; None where nothing is marked actionable.

    Returns
    -------
    dict
        ``rows``, each with ``changes`` by view: of the forecast at the horizon when the indicator
        moves to the peers' median (None where it is there or cannot be moved); ``directions``, the
        literature's for the place and its short boards.
    """
    experiment = ground.forecaster.experiment
    peers = peers_of(ground.rows, city, experiment.features.carry_forward).cities
    table = levers(ground, city, peers)
    if table.empty:
        return None
    answers = responses(ground, table)
    asked = answers[(answers["horizon"] == horizon) & (answers["to"] == "median")]
    found = asked.dropna(subset="change").set_index(["indicator", "view"])["change"].to_dict()
    rows = [
        {
            "indicator": row["indicator"],
            "unit": row["unit"],
            "cost_unit": row["cost_unit"],
            "short": bool(row["short_board"]),
            **{key: _plain(row[key]) for key in FIGURES},
            "changes": {v: found.get((row["indicator"], v)) for v in ground.forecaster.views},
        }
        for row in table.to_dict("records")
    ]
    place = ground.rows.dataset.cities.index(city)
    groups = {name: str(own[place]) for name, own in ground.rows.dataset.groups.items()}
    advice = directions_for(groups, set(table.loc[table["short_board"], "family"]))
    said = [{"en": one.en, "zh": one.zh, "source": one.source} for one in advice]
    return {"rows": rows, "directions": said}


def _plain(value: float) -> float | None:
    return None if value != value else float(value)  # noqa: PLR0124 NaN
