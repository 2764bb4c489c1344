"""The outlook of a horizon: which cities, how sure, and how the forecasts did before."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from city_resilience.report.city_lists import changed_list, city_lists, moved_list
from city_resilience.report.city_records import city_records
from city_resilience.report.grading import Grades, grades_of
from city_resilience.report.group_rows import group_rows, levels_by_city, shown_group
from city_resilience.report.outlook_shapes import Outlook, Standing, TierRow
from city_resilience.report.tiers import clear_of, overlap, tier_rows
from city_resilience.report.trust import trust

__all__ = [
    "live_rows",
    "nowcast_cities",
    "nowcast_outlook",
    "outlook_part",
    "with_changed",
    "with_reasons",
]

Row = Mapping[str, Any]


def live_rows(cities: Sequence[Row], horizon: str) -> list[dict[str, Any]]:
    """Return the forecasts of a horizon of the cities of the newest origin, with their names."""
    newest = max((city["origin"] or 0 for city in cities), default=0)
    return [
        {"city": city["city"], **own}
        for city in cities
        if (own := city["h"].get(horizon)) is not None
        and city["origin"] == newest
        and own["forecast"] is not None
    ]


def outlook_part(
    cities: Sequence[Row],
    tables: Mapping[str, pd.DataFrame],
    totals: Row | None,
    horizon: int,
    served: str,
) -> Outlook:
    """Return the outlook of a horizon, without reasons, which a study gives.

    Parameters
    ----------
    cities : sequence of mapping
        Of the summary, with what is known of the places.
    tables : mapping of str to DataFrame
        As for `summarise`; ``stated``, as of `INTERVAL_ROWS`, may be absent.
    totals : mapping or None
        Of the horizon, as of `totals_part`.
    horizon : int
    served : str
        The model in use.
    """
    live = live_rows(cities, str(horizon))
    backtest = tables["backtest.parquet"]
    return Outlook(
        **_standing(live, cities, totals, horizon),
        overlap=overlap(backtest, horizon, served),
        tiers=tier_rows(live, tables.get("stated"), horizon),
        trust=trust(tables["scores.csv"], tables.get("intervals.csv"), horizon, served),
        records=city_records(backtest, horizon, served),
    )


def _standing(
    live: Sequence[Row], cities: Sequence[Row], totals: Row | None, horizon: int
) -> Standing:
    """Return what is known from the forecasts alone: counts, groups and lists."""
    group, clear = shown_group(cities), [row["clear"] for row in live]
    inner = [clear_of(row["lower_80"], row["upper_80"]) for row in live]
    levels = levels_by_city(cities, group)
    return {
        "cities": len(live),
        "below": sum(row["forecast"] < 0 for row in live),
        "behind": clear.count("behind"),
        "ahead": clear.count("ahead"),
        "behind_80": inner.count("behind"),
        "ahead_80": inner.count("ahead"),
        "group": group_rows(live, cities, totals, group),
        "lists": city_lists(live, levels, {}, (), grades_of(None, same=False), horizon),
    }


def nowcast_outlook(cities: Sequence[Row], forecast: Outlook, horizon: int) -> Outlook | None:
    """Return the outlook with the nowcasts in place of the forecasts they moved.

    What was found of earlier years (tiers, overlap, trust) is that of the forecasts; a group's
    total has no nowcast, and the changes are those that early releases made.

    Parameters
    ----------
    cities : sequence of mapping
        As for `outlook_part`.
    forecast : dict
        What that returned.

    Returns
    -------
    dict or None
        None where no release moved a city at the horizon.
    """
    told = nowcast_cities(cities, str(horizon))
    live = live_rows(told, str(horizon))
    if not any(row.get("moved") for row in live):
        return None
    own = _standing(live, told, None, horizon)
    counts = Counter(row["tier"] for row in live)
    own["lists"]["changed"] = moved_list(live)
    return Outlook(
        **own,
        overlap=forecast["overlap"],
        tiers=[_recounted(row, counts[row["tier"]]) for row in forecast["tiers"]],
        trust=forecast["trust"],
        records={},
    )


def _recounted(row: TierRow, cities: int) -> TierRow:
    own = row.copy()
    own["cities"] = cities
    return own


def nowcast_cities(cities: Sequence[Row], horizon: str) -> list[Row]:
    """Return the cities with the nowcast of a horizon for the forecast, where there is one."""
    found = []
    for city in cities:
        at = city["h"].get(horizon)
        told = {**at, **at["nowcast"]} if at and at.get("nowcast") else at
        found.append({**city, "h": {**city["h"], horizon: told}} if at else city)
    return found


def with_reasons(summary: Row, grades: Grades) -> dict[str, Any]:
    """Return the parts of a summary by horizon with the lists' reasons, as drivers are graded."""
    found = {}
    for horizon, part in summary["by_horizon"].items():
        own = {"outlook": _reasoned(summary["cities"], part["outlook"], summary, grades, horizon)}
        if nowcast := part.get("nowcast_outlook"):
            told = nowcast_cities(summary["cities"], horizon)
            own["nowcast_outlook"] = _reasoned(told, nowcast, summary, grades, horizon)
        found[horizon] = {**part, **own}
    return found


def _reasoned(
    cities: Sequence[Row], outlook: Row, summary: Row, grades: Grades, horizon: str
) -> dict[str, Any]:
    parts = summary["by_horizon"][horizon]["parts"]
    levels = levels_by_city(cities, shown_group(cities))
    live = live_rows(cities, horizon)
    own = city_lists(live, levels, parts, summary["indicators"], grades, int(horizon))
    return {**outlook, "lists": {**own, "changed": outlook["lists"]["changed"]}}


def with_changed(summary: Row, changed: Row | None) -> dict[str, Any]:
    """Return the parts of a summary by horizon with the list of changes since the last issue.

    An issue may have cities that the summary lacks: they are not listed.
    """
    study, indicators = summary.get("study"), summary["indicators"]
    grades = grades_of(study, same=bool(study and study["same"]))
    found = {}
    for horizon, part in summary["by_horizon"].items():
        here = {row["city"] for row in live_rows(summary["cities"], horizon)}
        rows = changed_list(changed, int(horizon), here, part["parts"], indicators, grades)
        lists = {**part["outlook"]["lists"], "changed": rows}
        found[horizon] = {**part, "outlook": {**part["outlook"], "lists": lists}}
    return found
