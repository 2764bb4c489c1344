"""The levers of every city as plain values: how far from its peers, without a model's answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from city_resilience.explain.levers import levers
from city_resilience.explain.moving import Ground

__all__ = ["LEVER_FIGURES", "every_lever"]

LEVER_FIGURES = ("value", "median", "best_quartile", "to_median", "sd_to_median")


def every_lever(ground: Ground, peers: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    """Return the levers of each city that has peers, short boards first.

    Parameters
    ----------
    ground : Ground
    peers : mapping
        City to its peers, see ``peers_by_city``.

    Returns
    -------
    dict
        ``indicators``: id → English and Chinese name and unit of those that any city has;
        ``rows``: city → one row a lever: ``indicator``, ``year``, `LEVER_FIGURES` (None where
        unknown), ``short``, ``old`` and ``why`` (there is no distance), as of `levers`.
    """
    rows = {
        city: [_row(row) for row in levers(ground, city, near).to_dict("records")]
        for city, near in peers.items()
    }
    marked = dict.fromkeys(row["indicator"] for own in rows.values() for row in own)
    specs = ground.specs
    names = {
        id: {"en": specs[id].label_en, "zh": specs[id].label_zh, "unit": specs[id].unit}
        for id in marked
    }
    return {"indicators": names, "rows": rows}


def _row(row: Mapping[Any, Any]) -> dict[str, Any]:
    return {
        "indicator": row["indicator"],
        "year": int(row["year"]),
        **{name: _plain(row[name]) for name in LEVER_FIGURES},
        "short": bool(row["short_board"]),
        "old": bool(row["old"]),
        "why": row["why"],
    }


def _plain(value: float) -> float | None:
    return None if value != value else float(f"{value:.6g}")  # noqa: PLR0124 NaN
