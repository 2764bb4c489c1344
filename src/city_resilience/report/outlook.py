"""The outlook of a horizon: which cities, how sure, and how the forecasts did before."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from city_resilience.report.city_lists import changed_list, city_lists
from city_resilience.report.city_records import city_records
from city_resilience.report.grading import Grades, grades_of
from city_resilience.report.group_rows import group_rows, levels_by_city, shown_group
from city_resilience.report.outlook_shapes import Outlook
from city_resilience.report.tiers import clear_of, overlap, tier_rows
from city_resilience.report.trust import trust

__all__ = ["live_rows", "outlook_part", "with_changed", "with_reasons"]

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
    live, group = live_rows(cities, str(horizon)), shown_group(cities)
    levels = levels_by_city(cities, group)
    clear = [row["clear"] for row in live]
    inner = [clear_of(row["lower_80"], row["upper_80"]) for row in live]
    backtest = tables["backtest.parquet"]
    return {
        "cities": len(live),
        "below": sum(row["forecast"] < 0 for row in live),
        "behind": clear.count("behind"),
        "ahead": clear.count("ahead"),
        "behind_80": inner.count("behind"),
        "ahead_80": inner.count("ahead"),
        "overlap": overlap(backtest, horizon, served),
        "tiers": tier_rows(live, tables.get("stated"), horizon),
        "group": group_rows(live, cities, totals, group),
        "lists": city_lists(live, levels, {}, (), grades_of(None, same=False), horizon),
        "trust": trust(tables["scores.csv"], tables.get("intervals.csv"), horizon, served),
        "records": city_records(backtest, horizon, served),
    }


def with_reasons(summary: Row, grades: Grades) -> dict[str, Any]:
    """Return the parts of a summary by horizon with the lists' reasons, as drivers are graded."""
    cities, indicators = summary["cities"], summary["indicators"]
    levels = levels_by_city(cities, shown_group(cities))
    found = {}
    for horizon, part in summary["by_horizon"].items():
        live, lists = live_rows(cities, horizon), part["outlook"]["lists"]
        own = city_lists(live, levels, part["parts"], indicators, grades, int(horizon))
        own["changed"] = lists["changed"]
        found[horizon] = {**part, "outlook": {**part["outlook"], "lists": own}}
    return found


def with_changed(summary: Row, changed: Row | None) -> dict[str, Any]:
    """Return the parts of a summary by horizon with the list of changes since the last issue.

    An issue may have cities that the summary lacks: they are not listed.
    """
    found = {}
    for horizon, part in summary["by_horizon"].items():
        here = {row["city"] for row in live_rows(summary["cities"], horizon)}
        lists = {**part["outlook"]["lists"], "changed": changed_list(changed, int(horizon), here)}
        found[horizon] = {**part, "outlook": {**part["outlook"], "lists": lists}}
    return found
