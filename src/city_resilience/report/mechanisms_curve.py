"""The specification curve in the summary: a row for each outcome and index, and for each index."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from city_resilience.mechanisms.verdicts import claimed_sign
from city_resilience.report.mechanisms_rows import Rows, cautious_row, tone_of

__all__ = ["POINTS", "curve_rows"]

POINTS = 240
"""Specifications of a pair that are drawn, evenly from the smallest to the largest."""
Row = Mapping[str, Any]


def curve_rows(rows: Iterable[Row], curves: Iterable[Row] = ()) -> Rows:
    """Return one row for each outcome and index, then one for each index over all outcomes.

    Parameters
    ----------
    rows : iterable of mapping
        One for each specification and way of inference.
    curves : iterable of mapping
        ``about["curves"]`` of the part; those without an outcome are over all.

    Returns
    -------
    list of dict
        ``outcome, treatment``, the counts of the preferred specification, ``specifications``, the
        shares ``above`` zero, ``clear_above`` and ``clear_below``, ``median, least, most``,
        ``preferred`` (its place from the smallest on, and its estimate; None without one) and what
        is drawn, from the smallest to the largest: ``place, estimate, low, high``. A row over all
        outcomes has ``outcome`` "", is in the sign of more resilience, and nothing is drawn of it.
    """
    pairs: dict[tuple[str, str], dict[tuple[str, str], list[Row]]] = {}
    for row in rows:
        if row["estimate"] is not None:
            own = pairs.setdefault((row["outcome"], row["treatment"]), {})
            own.setdefault((row["term"], row["part_of"]), []).append(row)
    made = [_pair(*pair, own) for pair, own in pairs.items()]
    return [*made, *(_together(one, made) for one in curves if not one["outcome"])]


def _together(joint: Row, pairs: Iterable[Row]) -> dict[str, Any]:
    """Return an index over all outcomes."""
    ends = [
        claimed_sign(row["outcome"]) * row[key]
        for row in pairs
        if row["treatment"] == joint["treatment"]
        for key in ("least", "most")
    ]
    same = joint["same_sign"]
    return {
        "outcome": "",
        "treatment": joint["treatment"],
        "specifications": joint["specifications"],
        "above": same if joint["median"] > 0 else 1 - same,
        "clear_above": joint["above"],
        "clear_below": joint["below"],
        "median": joint["median"],
        "least": min(ends),
        "most": max(ends),
    }


def _pair(outcome: str, treatment: str, own: Mapping[Any, list[Row]]) -> dict[str, Any]:
    best = [row for specification in own.values() if (row := cautious_row(specification))]
    first = best[0]
    ordered = sorted(best, key=lambda row: row["estimate"])
    tones, last = [tone_of(row) for row in best], len(ordered) - 1
    drawn = sorted({round(k * last / (POINTS - 1)) for k in range(POINTS)})
    named = any(row.get("note") == "preferred" for row in next(iter(own.values())))
    return {
        "outcome": outcome,
        "treatment": treatment,
        **{key: first.get(key) for key in ("n", "cities", "years")},
        "specifications": len(best),
        "above": sum(row["estimate"] > 0 for row in best) / len(best),
        "clear_above": tones.count("up") / len(best),
        "clear_below": tones.count("down") / len(best),
        "median": ordered[last // 2]["estimate"],
        "least": ordered[0]["estimate"],
        "most": ordered[last]["estimate"],
        "preferred": [ordered.index(first) + 1, first["estimate"]] if named else None,
        "place": [k + 1 for k in drawn],
        **{key: [ordered[k].get(key) for k in drawn] for key in ("estimate", "low", "high")},
    }
