"""Past shocks over all places: how the nation fell, how far places came apart, who came back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from city_resilience.report.formatting import rounded
from city_resilience.report.tables import Column, Table, table_of
from city_resilience.report.texts import Texts

__all__ = ["shocks_part", "shocks_table"]

BEFORE = 3
"""Years before a shock whose mean growth stands beside that of the shock."""
TENTHS = (0.1, 0.5, 0.9)
SHOCKS = (
    Column("shocks_when", "{span}", "{recovery}"),
    Column("shocks_nation#", "{growth:1}", "{before:1}"),
    Column("cities_count#", "{n:,}"),
    Column("shocks_spread#", "{median:+1}", "{low:+1} … {high:+1}"),
    Column("shocks_behind#", "{behind:0%}"),
    Column("shocks_back#", "{back:0%}"),
    Column("shocks_goes_on#", "{goes_on:+2}"),
)


def shocks_part(
    cities: Sequence[Mapping[str, Any]], years: Sequence[int], growth: Sequence[float | None]
) -> list[dict[str, Any]]:
    """Return what each past shock did to the places, oldest first.

    Parameters
    ----------
    cities : sequence of mapping
        Entries of the summary, with their ``shocks``.
    years, growth : sequence
        Growth of the nation in percent, by year.

    Returns
    -------
    list of dict
        ``start``, ``end``, ``recovery_end``; ``growth`` of the nation, mean over the years of the
        shock, and ``before``, mean of the three years before; ``n`` places with a gap over both
        spans; ``low``, ``median``, ``high``: tenth, middle and ninetieth percentile of the gaps
        over the shock; ``behind``: share below zero; ``back``: share of these above zero over the
        recovery; ``goes_on``: rank correlation of both gaps. Figures are None without places.
    """
    known = dict(zip(years, growth, strict=False))
    found: dict[tuple[int, int, int], list[tuple[float, float]]] = {}
    for city in cities:
        for own in city.get("shocks", ()):
            key = own["start"], own["end"], own["recovery_end"]
            pairs = found.setdefault(key, [])
            if own["gap"] is not None and own["recovery_gap"] is not None:
                pairs.append((own["gap"], own["recovery_gap"]))
    return [_shock(key, found[key], known) for key in sorted(found)]


def _shock(
    key: tuple[int, int, int], pairs: list[tuple[float, float]], growth: Mapping[int, float | None]
) -> dict[str, Any]:
    start, end, recovery_end = key
    gap, after = np.array(pairs).reshape(-1, 2).T
    below = gap < 0
    low, median, high = np.quantile(gap, TENTHS) if len(gap) else (np.nan,) * 3
    return {
        "start": start,
        "end": end,
        "recovery_end": recovery_end,
        "growth": _mean(growth, range(start + 1, end + 1)),
        "before": _mean(growth, range(start + 1 - BEFORE, start + 1)),
        "n": len(gap),
        "low": rounded(low),
        "median": rounded(median),
        "high": rounded(high),
        "behind": rounded(below.mean()) if len(gap) else None,
        "back": rounded((after[below] > 0).mean()) if below.any() else None,
        "goes_on": _rank_correlation(gap, after),
    }


def _mean(growth: Mapping[int, float | None], years: range) -> float | None:
    values = [growth.get(year) for year in years]
    known = [value for value in values if value is not None]
    return rounded(np.mean(known)) if known and len(known) == len(values) else None


def _rank_correlation(first: np.ndarray, second: np.ndarray) -> float | None:
    """Return Spearman's correlation; None with fewer than ten pairs or a constant."""
    from scipy.stats import rankdata

    ranks = rankdata(first), rankdata(second)
    if len(first) < 10 or any(np.ptp(own) == 0 for own in ranks):
        return None
    return rounded(np.corrcoef(*ranks)[0, 1])


def shocks_table(summary: Mapping[str, Any], say: Texts) -> Table:
    """Return the past shocks, one a row."""
    rows = [
        {
            **own,
            "span": f"{own['start']}–{own['end']}",
            "recovery": say("shocks_until", year=own["recovery_end"]),
        }
        for own in summary["shocks"]
    ]
    return table_of(SHOCKS, rows, say)
