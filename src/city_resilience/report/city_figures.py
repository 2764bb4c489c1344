"""The figures of a city's page: bars of which a style sheet needs only where they begin and end.

Both are laid out by the template in plain elements, so that they need no script, follow the width
of the page, and are read in the reader's language. Places are in percent of the figure.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from city_resilience.report.formatting import tone
from city_resilience.report.texts import Both, Texts

__all__ = ["past_columns", "waterfall"]

Place = Callable[[float], float]

LEAST = 0.005
"""Contributions that round to zero are summed, not drawn."""


def waterfall(
    parts: Iterable[tuple[Both, float | None, str]], base: float, total: float, say: Texts
) -> list[dict[str, Any]]:
    """Return the rows of a waterfall from the base value to the forecast.

    Parameters
    ----------
    parts : iterable of (text, number, str)
        Name, contribution and grade of each.
    base, total : float
        Base value and forecast, which the contributions lie between.

    Returns
    -------
    list of dict
        ``label``, ``value``, ``grade``, ``kind`` ("base", "part", "total"), ``tone``; ``left`` and
        ``width`` of the bar and ``zero``, in percent.
    """
    at, steps = base, [(say("base"), base, "", "base", 0.0, base)]
    for label, size, grade in parts:
        if size is None or abs(size) < LEAST:
            continue
        steps.append((label, size, grade, "part", at, at + size))
        at += size
    steps.append((say("city_total"), total, "", "total", 0.0, total))
    place = _scale([end for *_, first, last in steps for end in (first, last)])
    return [
        {
            "label": label,
            "value": value,
            "grade": grade,
            "kind": kind,
            "tone": tone(value) if kind == "part" else "",
            "left": round(min(place(first), place(last)), 2),
            "width": round(abs(place(last) - place(first)), 2),
            "zero": round(place(0.0), 2),
        }
        for label, value, grade, kind, first, last in steps
    ]


def past_columns(summary: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the columns of the past and the forecast, the oldest year first.

    Returns
    -------
    list of dict
        ``year``; of a past year ``outcome``, ``forecast`` (None where there was none), of the
        target year ``forecast``, ``lower``, ``upper`` (None without intervals); their places from
        the top in percent as ``top``, ``height``, ``dot``, and ``zero``.
    """
    if not summary["past"]:
        return []
    at = next(own for own in summary["forecasts"] if own["horizon"] == summary["horizon"])
    record = summary["record"] or {"forecasts": ()}
    before = {own["year"]: own["forecast"] for own in record["forecasts"]}
    outcomes = [own["outcome"] for own in summary["past"]]
    shown = [before[own["year"]] for own in summary["past"] if own["year"] in before]
    bounds = [at[key] for key in ("lower", "upper") if at[key] is not None]
    place = _scale([*outcomes, *shown, *bounds, at["forecast"]])

    def down(value: float) -> float:
        return round(100.0 - place(value), 2)

    past = [_past_column(own, before.get(own["year"]), down) for own in summary["past"]]
    return [*past, _forecast_column(at, down)]


def _past_column(own: Mapping[str, Any], before: float | None, down: Place) -> dict[str, Any]:
    return {
        "year": own["year"],
        "outcome": own["outcome"],
        "forecast": before,
        **_bar(own["outcome"], 0.0, down),
        "dot": None if before is None else down(before),
        "zero": down(0.0),
        "tone": tone(own["outcome"]),
    }


def _forecast_column(at: Mapping[str, Any], down: Place) -> dict[str, Any]:
    lower, upper = (at["forecast"] if at[key] is None else at[key] for key in ("lower", "upper"))
    return {
        "year": at["target"],
        "outcome": None,
        "forecast": at["forecast"],
        **_bar(lower, upper, down),
        "dot": down(at["forecast"]),
        "zero": down(0.0),
        "tone": "",
    }


def _bar(first: float, last: float, down: Place) -> dict[str, float]:
    top, foot = sorted((down(first), down(last)))
    return {"top": top, "height": round(foot - top, 2)}


def _scale(values: Sequence[float]) -> Place:
    """Return the function from a value to its place in percent, zero being on the figure."""
    low, high = min(0.0, *values), max(0.0, *values)
    pad = 0.04 * (high - low) or 1.0
    low, high = low - pad, high + pad
    return lambda value: 100.0 * (value - low) / (high - low)
