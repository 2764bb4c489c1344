"""The provinces, or a panel's first group where it has none: cities, total and its interval."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from city_resilience.models.intervals import BELOW_ZERO
from city_resilience.report.formatting import rounded
from city_resilience.report.outlook_shapes import Group, GroupRow
from city_resilience.report.tiers import TIERS

__all__ = ["PROVINCE", "group_past", "group_rows", "levels_by_city", "shown_group"]

PROVINCE = "province"

Row = Mapping[str, Any]


def shown_group(cities: Sequence[Row]) -> str:
    """Return the group that the strip shows: provinces, else the first there is, "" for none."""
    if any(city["province"] for city in cities):
        return PROVINCE
    return next((name for city in cities for name in city["groups"]), "")


def levels_by_city(cities: Sequence[Row], group: str) -> dict[str, str]:
    """Return the level of each city in a group, "" where unknown."""
    if group == PROVINCE:
        return {city["city"]: city["province"] for city in cities}
    return {city["city"]: city["groups"].get(group, "") for city in cities}


def group_rows(
    live: Sequence[Row], cities: Sequence[Row], totals: Row | None, group: str
) -> Group | None:
    """Return the levels of a group at a horizon by the forecast of their total, lowest first.

    Parameters
    ----------
    live : sequence of mapping
        ``city``, ``forecast``, `BELOW_ZERO`, ``tier`` and ``clear`` of the cities of the newest
        origin.
    cities : sequence of mapping
        Of the summary, for level and ``output``.
    totals : mapping or None
        As of `totals_part`.
    group : str
        As of `shown_group`.

    Returns
    -------
    dict or None
        None without a group.
    """
    levels = levels_by_city(cities, group) if group else {}
    output = {city["city"]: city["output"] or 0.0 for city in cities}
    whole = sum(output[row["city"]] for row in live)
    known = {row["level"]: row for row in (totals or {"rows": []})["rows"] if row["group"] == group}
    by_level: dict[str, list[Row]] = {}
    for row in live:
        if level := levels.get(row["city"], ""):
            by_level.setdefault(level, []).append(row)
    if not by_level:
        return None
    rows = [
        _row(level, own, known.get(level, {}), _share((output[at["city"]] for at in own), whole))
        for level, own in by_level.items()
    ]
    return {"group": group, "rows": sorted(rows, key=_by_forecast)}


def group_past(cities: Sequence[Row], group: str) -> dict[str, list[float | None]]:
    """Return the mean past gaps of the cities of each level of a group, each counting alike."""
    past: dict[str, list[Sequence[float | None]]] = {}
    for city, level in zip(cities, levels_by_city(cities, group).values(), strict=True):
        if level and city["past"]:
            past.setdefault(level, []).append(city["past"])
    return {
        level: [_mean([own for own in year if own is not None]) for year in zip(*rows, strict=True)]
        for level, rows in past.items()
    }


def _mean(known: Sequence[float]) -> float | None:
    return rounded(sum(known) / len(known), 2) if known else None


def _by_forecast(row: GroupRow) -> tuple[float, str]:
    value = row["mean"] if row["forecast"] is None else row["forecast"]
    return value or 0.0, row["level"]


def _row(level: str, own: Sequence[Row], total: Row, share: float | None) -> GroupRow:
    chances = [row[BELOW_ZERO] for row in own if row[BELOW_ZERO] is not None]
    tiers = Counter(row["tier"] for row in own)
    clear = Counter(row["clear"] for row in own)
    order = sorted(own, key=lambda row: (row["forecast"], row["city"]))
    return {
        "level": level,
        "n": len(own),
        "forecast": total.get("forecast"),
        "lower": total.get("lower"),
        "upper": total.get("upper"),
        "mean": rounded(sum(row["forecast"] for row in own) / len(own)),
        "below": sum(row["forecast"] < 0 for row in own),
        "expected_below": rounded(sum(chances), 1) if len(chances) == len(own) else None,
        "behind": clear["behind"],
        "ahead": clear["ahead"],
        "share": share,
        "tiers": {name: tiers[name] for name, _, _ in TIERS if tiers[name]},
        "cities": [row["city"] for row in order],
    }


def _share(output: Any, whole: float) -> float | None:
    return rounded(sum(output) / whole) if whole else None
