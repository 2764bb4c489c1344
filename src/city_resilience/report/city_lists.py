"""The lists of ten: cities most at risk, most promising, and changed most since the last issue."""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Mapping, Sequence
from math import comb
from typing import Any, Literal

from city_resilience.evaluation.driver_sizes import FAMILY, INDICATOR
from city_resilience.models.intervals import BELOW_ZERO, WORST
from city_resilience.models.rows import FORECASTING
from city_resilience.report.formatting import rounded
from city_resilience.report.grading import NAMED, Grades
from city_resilience.report.outlook_shapes import ListRow, Lists, Reason

__all__ = ["TEN", "changed_list", "city_lists", "concentrated", "reason_of"]

TEN = 10
WORST_SHARE = 0.1
"""Chance of the worst tenth for a city about which nothing is known."""
SURPRISE = 0.05
"""Chance, over all provinces, from which on a list is not called concentrated."""

Row = Mapping[str, Any]


def city_lists(
    live: Sequence[Row],
    levels: Mapping[str, str],
    parts: Mapping[str, Row],
    indicators: Sequence[Mapping[str, str]],
    grades: Grades,
    horizon: int,
) -> Lists:
    """Return the lists of a horizon, none of changes among them.

    Parameters
    ----------
    live : sequence of mapping
        ``city``, ``forecast``, `BELOW_ZERO` and `WORST` of the cities of the newest origin.
    levels : mapping
        City to its province, "" where unknown.
    parts : mapping
        City to what its forecast is made of, see `contributions`.
    indicators : sequence of mapping
        The summary's, which ``parts`` count by.
    grades : Grades
    horizon : int
    """
    risk = sorted(live, key=lambda row: (-(row[WORST] or 0.0), row["forecast"], row["city"]))[:TEN]
    promising = sorted(
        live, key=lambda row: (row[BELOW_ZERO] or 0.0, -row["forecast"], row["city"])
    )[:TEN]

    def listed(row: Row, chance: float | None, sign: int) -> ListRow:
        why = reason_of(parts.get(row["city"]), indicators, grades, horizon, sign)
        return ListRow(city=row["city"], chance=chance, reason=why, change=None, before=None)

    chances = [row[BELOW_ZERO] for row in live if row[BELOW_ZERO] is not None]
    above = {"promising": round(1 - sum(chances) / len(chances), 4)} if chances else {}
    return {
        "risk": [listed(row, row[WORST], -1) for row in risk],
        "promising": [listed(row, _rest(row[BELOW_ZERO]), 1) for row in promising],
        "changed": [],
        "by_chance": {"risk": WORST_SHARE, **above},
        "concentrated": concentrated(
            [levels.get(row["city"], "") for row in risk],
            [levels.get(row["city"], "") for row in live],
        ),
        "why_none": grades.why,
    }


def changed_list(changed: Row | None, horizon: int, here: Container[str]) -> list[ListRow]:
    """Return the cities whose forecast changed most since the issue before, largest first.

    Parameters
    ----------
    changed : mapping or None
        As of `changed_part`.
    horizon : int
    here : container of str
        The cities that may be listed.
    """
    rows = [
        row
        for row in (changed or {"rows": []})["rows"]
        if row["horizon"] == horizon and row["city"] in here
    ]
    return [
        {
            "city": row["city"],
            "chance": None,
            "reason": None,
            "change": rounded(row["moved"]),
            "before": rounded(row["forecast_before"]),
        }
        for row in rows[:TEN]
    ]


def reason_of(
    part: Row | None,
    indicators: Sequence[Mapping[str, str]],
    grades: Grades,
    horizon: int,
    sign: int,
) -> Reason | None:
    """Return the largest contribution of a sign among drivers that are graded firm or likely.

    An indicator goes before a family, as it says more; None where none is graded so.

    Parameters
    ----------
    part : mapping or None
        What the forecast of the city is made of, see `contributions`.
    sign : int
        -1 for what lowers the forecast, 1 for what raises it.
    """
    if part is None:
        return None
    named = [(indicators[at]["id"], indicators[at], size) for at, _, size in part["top"]]
    families = [(id, {"en": id, "zh": id}, size) for id, size in part["families"].items()]
    for level, rows in ((INDICATOR, named), (FAMILY, families)):
        graded = [
            (id, names, size, grade)
            for id, names, size in rows
            if (size or 0.0) * sign > 0
            and (grade := grades.of(FORECASTING, horizon, level, id)) in NAMED
        ]
        if graded:
            id, names, size, grade = max(graded, key=lambda row: abs(row[2]))
            kind: Literal["indicator", "family"] = "indicator" if level == INDICATOR else "family"
            en, zh = names["en"], names["zh"]
            return Reason(level=kind, id=id, en=en, zh=zh, contribution=size, grade=grade)
    return None


def _rest(chance: float | None) -> float | None:
    return None if chance is None else round(1 - chance, 4)


def concentrated(drawn: Sequence[str], every: Sequence[str]) -> list[list[str | int]]:
    """Return the levels that a list has more cities of than chance would give it, most first.

    Parameters
    ----------
    drawn, every : sequence of str
        Levels of the cities on the list, and of all cities; "" where unknown.

    Returns
    -------
    list
        Level and its cities on the list, where as many would come of a random draw with a chance
        of at most 5 %, taken over all levels (hypergeometric, times the number of levels).

    Examples
    --------
    >>> concentrated(["A", "A", "A", "B"], ["A"] * 5 + ["B"] * 40 + ["C"] * 55)
    [['A', 3]]
    """
    counts, sizes = Counter(drawn), Counter(every)
    tested = len([level for level in sizes if level])
    found = [
        (level, n)
        for level, n in counts.items()
        if level and tested * _as_many(n, len(drawn), sizes[level], len(every)) <= SURPRISE
    ]
    return [[level, n] for level, n in sorted(found, key=lambda item: (-item[1], item[0]))]


def _as_many(n: int, drawn: int, size: int, every: int) -> float:
    """Return the chance that a draw without replacement has at least ``n`` of ``size`` cities."""
    ways = sum(
        comb(size, k) * comb(every - size, drawn - k) for k in range(n, min(size, drawn) + 1)
    )
    return ways / comb(every, drawn)
