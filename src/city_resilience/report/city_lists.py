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

__all__ = [
    "TEN",
    "changed_list",
    "city_lists",
    "concentrated",
    "moved_list",
    "reasons_of",
    "shared_reason",
]

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
        why = reasons_of(parts.get(row["city"]), indicators, grades, horizon, sign)
        reason, also = (*why[:2], None, None)[:2]
        return _listed(row["city"], chance=chance, reason=reason, also=also)

    lists = {
        "risk": [listed(row, row[WORST], -1) for row in risk],
        "promising": [listed(row, _rest(row[BELOW_ZERO]), 1) for row in promising],
    }
    chances = [row[BELOW_ZERO] for row in live if row[BELOW_ZERO] is not None]
    above = {"promising": round(1 - sum(chances) / len(chances), 4)} if chances else {}
    return {
        "risk": lists["risk"],
        "promising": lists["promising"],
        "changed": [],
        "by_chance": {"risk": WORST_SHARE, **above},
        "concentrated": concentrated(
            [levels.get(row["city"], "") for row in risk],
            [levels.get(row["city"], "") for row in live],
        ),
        "shared": {name: id for name, rows in lists.items() if (id := shared_reason(rows))},
        "why_none": grades.why,
    }


def _listed(
    city: str,
    *,
    chance: float | None = None,
    reason: Reason | None = None,
    also: Reason | None = None,
    change: float | None = None,
    before: float | None = None,
) -> ListRow:
    return ListRow(city=city, chance=chance, reason=reason, also=also, change=change, before=before)


def shared_reason(rows: Sequence[ListRow]) -> str:
    """Return the indicator that is the reason of at least half of the cities, "" for none."""
    ids = [
        row["reason"]["id"] for row in rows if row["reason"] and row["reason"]["level"] == INDICATOR
    ]
    counts = Counter(ids).most_common(1)
    return counts[0][0] if counts and counts[0][1] > 1 and 2 * counts[0][1] >= len(rows) else ""


def changed_list(
    changed: Row | None,
    horizon: int,
    here: Container[str],
    parts: Mapping[str, Row] | None = None,
    indicators: Sequence[Mapping[str, str]] = (),
    grades: Grades | None = None,
) -> list[ListRow]:
    """Return the cities whose forecast changed most since the issue before, largest first.

    Parameters
    ----------
    changed : mapping or None
        As of `changed_part`.
    horizon : int
    here : container of str
        The cities that may be listed.
    parts, indicators, grades : optional
        As for `city_lists`: a reason is the driver whose part in the forecast changed most the same
        way, of those that both issues name.
    """
    rows = [
        row
        for row in (changed or {"rows": []})["rows"]
        if row["horizon"] == horizon and row["city"] in here
    ]
    return [
        _listed(
            row["city"],
            reason=_changed_reason(row, (parts or {}).get(row["city"]), indicators, grades),
            change=rounded(row["moved"]),
            before=rounded(row["forecast_before"]),
        )
        for row in rows[:TEN]
    ]


def moved_list(live: Sequence[Row]) -> list[ListRow]:
    """Return the cities whose forecast early releases moved most, largest first."""
    moved = [row for row in live if row.get("moved")]
    moved.sort(key=lambda row: (-abs(row["moved"]), row["city"]))
    return [
        _listed(row["city"], change=row["moved"], before=rounded(row["forecast"] - row["moved"]))
        for row in moved[:TEN]
    ]


def _changed_reason(
    row: Row, part: Row | None, indicators: Sequence[Mapping[str, str]], grades: Grades | None
) -> Reason | None:
    """Return what a driver that the issue before named has less or more of the forecast now."""
    label, _, written = str(row.get("driver_1_before") or "").rpartition(": ")
    before = rounded(written)
    for at, _, size in part["top"] if part and before is not None else ():
        own = indicators[at]
        if label not in (own["en"], own["zh"]):
            continue
        grade = grades.of(FORECASTING, row["horizon"], INDICATOR, own["id"]) if grades else ""
        if (size - before) * row["moved"] > 0 and grade in NAMED:
            return _reason(INDICATOR, own, None, round(size - before, 6), grade)
    return None


def reasons_of(
    part: Row | None,
    indicators: Sequence[Mapping[str, str]],
    grades: Grades,
    horizon: int,
    sign: int,
) -> list[Reason]:
    """Return the contributions of a sign of drivers that are graded firm or likely, largest first.

    Families only where no indicator is graded so, as an indicator says more.

    Parameters
    ----------
    part : mapping or None
        What the forecast of the city is made of, see `contributions`.
    sign : int
        -1 for what lowers the forecast, 1 for what raises it.
    """
    if part is None:
        return []
    named = [(indicators[at], value, size) for at, value, size in part["top"]]
    families = [
        ({"id": id, "en": id, "zh": id}, None, size) for id, size in part["families"].items()
    ]
    for level, rows in ((INDICATOR, named), (FAMILY, families)):
        graded = [
            _reason(level, own, value, size, grade)
            for own, value, size in rows
            if (size or 0.0) * sign > 0
            and (grade := grades.of(FORECASTING, horizon, level, own["id"])) in NAMED
        ]
        if graded:
            return sorted(graded, key=lambda own: -abs(own["contribution"]))
    return []


def _reason(
    level: str, own: Mapping[str, str], value: float | None, size: float, grade: str
) -> Reason:
    kind: Literal["indicator", "family"] = "indicator" if level == INDICATOR else "family"
    return Reason(
        level=kind,
        id=own["id"],
        en=own["en"],
        zh=own["zh"],
        contribution=size,
        grade=grade,
        value=value,
        unit=own.get("unit", ""),
    )


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
