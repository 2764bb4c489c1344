"""The first screen: three sentences, the map of dots, the strip by group, and the lists of ten.

Everything is laid out from `Outlook` and the entries of the cities; positions are in the units of
the drawing, and nothing of a number is computed in the template.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from city_resilience.report.formatting import interval, signed
from city_resilience.report.texts import Both, Texts, joined

__all__ = ["bin_of", "first_sentences", "list_rows", "map_of", "strip_of", "tier_rows"]

BINS = 10
"""Classes of the chance below zero, of equal width; the middle is neutral."""
WIDTH, TALLEST, EDGE = 640.0, 400.0, 14.0
SMALLEST, LARGEST = 2.6, 13.0
NAMED = 5
"""Places that the first sentence names."""
LISTS = ("risk", "promising", "changed")

Part = Mapping[str, Any]


def bin_of(chance: float | None) -> int | None:
    """Return the class of a chance, 0 to 9.

    Examples
    --------
    >>> bin_of(0.04), bin_of(0.5), bin_of(1.0), bin_of(None)
    (0, 5, 9, None)
    """
    return None if chance is None else min(int(chance * BINS + 1e-9), BINS - 1)


def map_of(cities: Sequence[Part], h: str) -> dict[str, Any] | None:
    """Place the cities on an equirectangular map that is true at their mean latitude.

    Returns
    -------
    dict or None
        ``width``, ``height`` and ``dots``, the largest first: ``index`` of the city, ``x``, ``y``,
        ``r`` and ``bin`` of its chance below zero. None unless most cities have coordinates.
    """
    known = [
        (index, own["lon"], own["lat"], own.get("output"))
        for index, own in enumerate(cities)
        if own.get("lon") is not None and own.get("lat") is not None
    ]
    if len(known) < 2 or 2 * len(known) < len(cities):
        return None
    flat = math.cos(math.radians(sum(lat for _, _, lat, _ in known) / len(known)))
    east, north = [lon * flat for _, lon, _, _ in known], [lat for _, _, lat, _ in known]
    wide, tall = (max(east) - min(east)) or 1.0, (max(north) - min(north)) or 1.0
    scale = min((WIDTH - 2 * EDGE) / wide, (TALLEST - 2 * EDGE) / tall)
    most = max((size or 0.0 for *_, size in known), default=0.0)
    dots = [
        {
            "index": index,
            "x": round(EDGE + (lon * flat - min(east)) * scale, 1),
            "y": round(EDGE + (max(north) - lat) * scale, 1),
            "r": _radius(size, most),
            "bin": bin_of(cities[index]["h"].get(h, {}).get("p_below_0")),
        }
        for index, lon, lat, size in known
    ]
    return {
        "width": round(wide * scale + 2 * EDGE, 1),
        "height": round(tall * scale + 2 * EDGE, 1),
        "dots": sorted(dots, key=lambda dot: -dot["r"]),
    }


def _radius(size: float | None, most: float) -> float:
    if not size or size < 0 or not most:
        return SMALLEST + 1.4
    return round(max(SMALLEST, LARGEST * math.sqrt(size / most)), 1)


def strip_of(outlook: Part, cities: Sequence[Part], h: str, say: Texts) -> dict[str, Any] | None:
    """Place the cities of each level of the group along one scale of forecasts.

    Returns
    -------
    dict or None
        ``name`` of the group, ``zero`` and ``ends`` of the scale, and ``rows``: ``level``,
        ``name``, ``mean``, ``range`` and ``below`` as written, ``dots`` (``x``, ``bin``), ``at``
        of the mean and ``low``, ``wide`` of its interval, in percent of the scale. None without
        a group.
    """
    group = outlook["group"]
    if not group or not group["rows"]:
        return None
    known = {own["city"]: own["h"][h] for own in cities if h in own["h"]}
    values = [own["forecast"] for own in known.values() if own["forecast"] is not None]
    ends = [row[key] for row in group["rows"] for key in ("lower", "upper") if row[key] is not None]
    low, high = _ends(values, ends)

    def place(value: float) -> float:
        return round(min(100.0, max(0.0, 100 * (value - low) / (high - low))), 1)

    return {
        "group": group["group"],
        "name": say.name("group", group["group"]),
        "zero": place(0.0),
        "ends": (signed(low, 0), signed(high, 0)),
        "rows": [_strip_row(row, group["group"], known, place, say) for row in group["rows"]],
    }


def _ends(values: Sequence[float], ends: Sequence[float]) -> tuple[float, float]:
    """Return the ends of the scale; single cities far off stand at its edge."""
    ordered = sorted(values) or [0.0]
    cut = len(ordered) // 100
    low = min(0.0, ordered[cut], *ends)
    high = max(0.0, ordered[len(ordered) - 1 - cut], *ends)
    pad = 0.03 * (high - low) or 1.0
    return low - pad, high + pad


def _strip_row(
    row: Part, group: str, known: Mapping[str, Part], place: Any, say: Texts
) -> dict[str, Any]:
    middle = row["forecast"] if row["forecast"] is not None else row["mean"]
    lower, upper = row["lower"], row["upper"]
    ranged = lower is not None and upper is not None
    return {
        "level": row["level"],
        "name": say.level(group, row["level"]),
        "mean": signed(middle, 1),
        "range": interval(lower, upper, 1) if ranged else "",
        "below": f"{row['below']}/{row['n']}",
        "at": None if middle is None else place(middle),
        "low": place(lower) if ranged else None,
        "wide": round(place(upper) - place(lower), 1) if ranged else None,
        "dots": [
            {"x": place(own["forecast"]), "bin": bin_of(own.get("p_below_0"))}
            for city in row["cities"]
            if (own := known.get(city)) and own["forecast"] is not None
        ],
    }


def first_sentences(outlook: Part, say: Texts) -> dict[str, Both]:
    """Say which cities are most at risk, how many are below the nation, and how far to trust it."""
    return {
        "risk": _risk(outlook, say),
        "place": say(
            say.special("out_nation"),
            **{name: outlook[name] for name in ("cities", "below", "behind", "ahead")},
        ),
        "trust": _trust(outlook["trust"], say),
    }


def _risk(outlook: Part, say: Texts) -> Both:
    lists, group = outlook["lists"], outlook["group"]
    rows = [row for row in lists["risk"][:NAMED] if row["chance"] is not None]
    if not rows:
        return say("out_risk_unknown")
    named = [say("out_named", city=row["city"], chance=row["chance"]) for row in rows]
    found = say(
        "out_risk",
        named=joined(named, {"en": ", ", "zh": "、"}),
        by_chance=lists["by_chance"]["risk"],
    )
    where = [
        say("out_where", level=say.level(group["group"], str(level)), n=n)
        for level, n in lists["concentrated"]
        if group
    ]
    if not where:
        return found
    places = joined(where, {"en": ", ", "zh": "、"})
    return joined((found, say("out_concentrated", where=places)), say("space"))


def _trust(trust: Part, say: Texts) -> Both:
    said = [say(f"out_trust_{trust['code']}")]
    for period in trust["periods"]:
        if period["mae"] is None or period["mae_rule"] is None:
            continue
        key = "out_trust_recent" if period["recent"] else "out_trust_before"
        said.append(say(key, **period, rule=say.name("model", trust["rule"])))
    return joined(said, say("space"))


def list_rows(
    outlook: Part, cities: Mapping[str, Part], h: str, say: Texts
) -> dict[str, list[dict[str, Any]]]:
    """Return the rows of the three lists as they are written.

    Returns
    -------
    dict
        List → rows: ``city``, ``change`` as written ("" but for changes), ``chance``, ``wide`` of
        its bar in percent, ``bin``, ``forecast``, ``range``, ``clear`` ("behind", "ahead" or ""),
        ``reason``.
    """
    return {
        name: [
            _list_row(row, name, cities[row["city"]]["h"][h], say) for row in outlook["lists"][name]
        ]
        for name in LISTS
    }


def _list_row(row: Part, name: str, own: Part, say: Texts) -> dict[str, Any]:
    change = row["change"]
    return {
        "city": row["city"],
        "change": signed(change, 1) if name == "changed" else "",
        "chance": row["chance"],
        "wide": None if name == "changed" or row["chance"] is None else round(100 * row["chance"]),
        "bin": bin_of(own.get("p_below_0")),
        "forecast": signed(own["forecast"], 1),
        "range": interval(own["lower"], own["upper"], 1) if own["upper"] is not None else "",
        "clear": own.get("clear", ""),
        "reason": _reason(row["reason"], say),
    }


def _reason(reason: Part | None, say: Texts) -> Both | str:
    if reason is None:
        return ""
    own = {lang: reason[lang] for lang in ("en", "zh")}
    return say.name("family", reason["id"]) if reason["level"] == "family" else own


def tier_rows(outlook: Part, say: Texts) -> Iterable[dict[str, Any]]:
    """Return the tiers with their limits, the cities in each, and what came of them before."""
    for row in outlook["tiers"]:
        yield {
            "tier": row["tier"],
            "name": say(f"tier_{row['tier']}"),
            **{name: row[name] for name in ("low", "high", "below")},
            "cities": row["cities"],
            "n": row["n"],
        }
