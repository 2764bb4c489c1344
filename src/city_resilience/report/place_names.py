"""The names of places as each language has them: an English one beside a Chinese one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from city_resilience.report.texts import Both, Texts

__all__ = ["place_names"]


def place_names(cities: Iterable[Mapping[str, Any]], say: Texts) -> dict[str, Both]:
    """Return the name of each city in both languages, no two of them alike.

    Cities of one English name have their province behind it, and where that does not tell them
    apart their own name.

    Parameters
    ----------
    cities : iterable of mapping
        ``city``, ``province`` and ``name_en`` ("" where it has none).

    Examples
    --------
    >>> rows = [("苏州市", "江苏省", "Suzhou"), ("宿州市", "安徽省", "Suzhou"), ("Ohio", "", "")]
    >>> cities = [dict(zip(("city", "province", "name_en"), row)) for row in rows]
    >>> [name["en"] for name in place_names(cities, Texts()).values()]
    ['Suzhou (Jiangsu)', 'Suzhou (Anhui)', 'Ohio']
    """
    rows = list(cities)
    own = Counter(_english(row) for row in rows)
    inner = {
        row["city"]: _within(row, say) if own[_english(row)] > 1 else _english(row) for row in rows
    }
    again = Counter(inner.values())
    return {
        row["city"]: {"en": name if again[name] == 1 else row["city"], "zh": row["city"]}
        for row in rows
        for name in (inner[row["city"]],)
    }


def _english(row: Mapping[str, Any]) -> str:
    return str(row["name_en"] or row["city"])


def _within(row: Mapping[str, Any], say: Texts) -> str:
    province = say.level("province", row["province"])["en"] if row["province"] else ""
    return f"{_english(row)} ({province})" if row["name_en"] and province else _english(row)
