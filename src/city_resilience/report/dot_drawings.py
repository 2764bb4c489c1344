"""The drawings of the first screen: the map of dots and the strip by group.

Everything is laid out from `Outlook` and the entries of the cities; positions are in the units of
the drawing.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from city_resilience.report.formatting import signed
from city_resilience.report.texts import Texts

__all__ = ["bin_of", "map_of", "strip_of"]

BINS = 10
"""Classes of the chance below zero, of equal width; the middle is neutral."""
WIDTH, TALLEST, EDGE = 640.0, 400.0, 14.0
SMALLEST, LARGEST = 2.6, 13.0

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
        if _on_earth(own.get("lon"), own.get("lat"))
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


def _on_earth(lon: float | None, lat: float | None) -> bool:
    return lon is not None and lat is not None and abs(lon) <= 180 and abs(lat) <= 90


def _radius(size: float | None, most: float) -> float:
    if not size or size < 0 or not most:
        return SMALLEST + 1.4
    return round(max(SMALLEST, LARGEST * math.sqrt(size / most)), 1)


def strip_of(outlook: Part, cities: Sequence[Part], h: str, say: Texts) -> dict[str, Any] | None:
    """Place the cities of each level of the group along one scale of forecasts.

    Returns
    -------
    dict or None
        ``name`` of the group, ``by`` as it stands in a sentence, ``totals`` (whether figures are
        of totals, else of the cities'
        mean), ``zero`` and ``ends`` of the scale, and ``rows``: ``level``, ``name``, ``figure``,
        and ``below`` as written, ``dots`` (class and path of its cities), ``at`` of the figure and
        ``low``, ``high`` of its interval, in percent of the scale. None without a group.
    """
    group = outlook["group"]
    if not group or not group["rows"]:
        return None
    rows, name = group["rows"], say.name("group", group["group"])
    known = {own["city"]: own["h"][h] for own in cities if h in own["h"]}
    values = [own["forecast"] for own in known.values() if own["forecast"] is not None]
    ends = [row[key] for row in rows for key in ("lower", "upper") if row[key] is not None]
    low, high = _ends(values, ends)

    def place(value: float) -> float:
        return round(min(100.0, max(0.0, 100 * (value - low) / (high - low))), 1)

    totals = all(row["forecast"] is not None for row in rows)
    return {
        "group": group["group"],
        "name": name,
        "by": {**name, "en": name["en"][:1].lower() + name["en"][1:]},
        "totals": totals,
        "zero": place(0.0),
        "ends": (signed(low, 0), signed(high, 0)),
        "rows": [
            {
                "level": row["level"],
                "name": say.level(group["group"], row["level"]),
                "below": f"{row['below']}/{row['n']}",
                **_figure(row, "forecast" if totals else "mean", place),
                "dots": _dots(row["cities"], known, place),
            }
            for row in rows
        ],
    }


def _ends(values: Sequence[float], ends: Sequence[float]) -> tuple[float, float]:
    """Return the ends of the scale; single cities far off stand at its edge."""
    ordered = sorted(values) or [0.0]
    cut = len(ordered) // 100
    low = min(0.0, ordered[cut], *ends)
    high = max(0.0, ordered[len(ordered) - 1 - cut], *ends)
    pad = 0.03 * (high - low) or 1.0
    return low - pad, high + pad


def _figure(row: Part, key: str, place: Callable[[float], float]) -> dict[str, Any]:
    """Return the figure of a level, its place and that of its interval, which a mean has not."""
    value, lower, upper = row[key], row["lower"], row["upper"]
    ranged = key == "forecast" and lower is not None and upper is not None
    return {
        "figure": signed(value, 1),
        "at": None if value is None else place(value),
        "low": place(lower) if ranged else None,
        "high": place(upper) if ranged else None,
    }


def _dots(
    cities: Iterable[str], known: Mapping[str, Part], place: Callable[[float], float]
) -> list[tuple[str, str]]:
    """Return a path of points for each class of the chance."""
    found: dict[int | None, str] = {}
    for city in cities:
        own = known.get(city)
        if own and own["forecast"] is not None:
            bin = bin_of(own.get("p_below_0"))
            found[bin] = f"{found.get(bin, '')}M{place(own['forecast']):g} 5h0"
    return [("none" if bin is None else f"bin-{bin}", path) for bin, path in found.items()]
