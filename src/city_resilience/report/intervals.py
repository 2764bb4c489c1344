"""The intervals in the summary: what they covered, by year and by group, and what chances meant."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from city_resilience.models.interval_rows import EVENTS
from city_resilience.report.plain import plain, plain_text
from city_resilience.report.texts import load_texts, signed, unsigned

__all__ = ["interval_part"]


def interval_part(
    intervals: pd.DataFrame | None, reliability: pd.DataFrame | None, horizon: int, measure: str
) -> dict[str, Any] | None:
    """Compute what the report shows of the intervals at a horizon.

    Parameters
    ----------
    intervals, reliability : DataFrame or None
        Of ``forecasting.score_intervals`` and ``forecasting.reliability``.

    Returns
    -------
    dict or None
        ``sentence`` (language → text), ``years`` (``year``, ``coverage``, ``coverage_80``),
        ``groups`` (one row a level) and ``chances`` (rows of cells); None without
        intervals.
    """
    if intervals is None or reliability is None:
        return None
    own = intervals[intervals["horizon"] == horizon]
    whole = own[own["slice"] == "all"]
    if whole.empty:
        return None
    years = own[own["slice"] == "year"]
    grouped = own[own["slice"].str.startswith("group:") & (own["slice"] != "group:province")]
    return {
        "sentence": {
            lang: _sentence(whole.iloc[0], years, texts)
            for lang, texts in load_texts(measure).items()
        },
        "years": {
            "year": [int(level) for level in years["level"]],
            **{name: [plain(v) for v in years[name]] for name in _SERIES},
        },
        "groups": [_group(row) for row in grouped.to_dict("records")],
        "chances": _chances(reliability[reliability["horizon"] == horizon]),
    }


_SERIES = ("coverage", "coverage_80")


def _sentence(whole: pd.Series, years: pd.DataFrame, texts: Mapping[str, str]) -> str:
    worst = years.loc[years["coverage"].idxmin()]
    if pd.isna(whole["high"]):
        against = texts["interval_few"]
    elif whole["high"] < 0:
        against = texts["interval_better"]
    else:
        against = texts["interval_worse" if whole["low"] > 0 else "interval_same"]
    return texts["interval_sentence"].format(
        covered=f"{100 * whole['coverage']:.1f}",
        year=worst["level"],
        worst=f"{100 * worst['coverage']:.1f}",
        width=unsigned(whole["width"], 1),
        width_80=unsigned(whole["width_80"], 1),
        covered_80=f"{100 * whole['coverage_80']:.1f}",
    ) + against.format(
        difference=signed(whole["difference"]),
        low=signed(whole["low"]) if pd.notna(whole["low"]) else "–",
        high=signed(whole["high"]) if pd.notna(whole["high"]) else "–",
    )


def _group(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "group": str(row["slice"]).removeprefix("group:"),
        "level": plain_text(row["level"]),
        "n": int(row["n"]),
        "withheld": bool(pd.isna(row["coverage"])),
        **{name: plain(row[name]) for name in ("coverage", "width", "coverage_80")},
    }


def _chances(rows: pd.DataFrame) -> list[list[dict[str, str]]]:
    """One row a bin of stated probability, two cells an event: stated and come to pass."""
    found = {(row["event"], row["bin"]): row for row in rows.to_dict("records")}
    bins = [name for name in dict.fromkeys(rows["bin"]) if name]
    table = []
    for name in sorted(bins):
        low, high = (100 * float(end) for end in name.split("-"))
        cells = [_cell(f"{low:g}–{high:g}\u00a0%")]
        for event in EVENTS:
            row = found.get((event, name))
            cells += [_cell("–"), _cell("–")] if row is None else _pair(row)
        table.append(cells)
    return table


def _pair(row: Mapping[str, Any]) -> list[dict[str, str]]:
    return [
        _cell(f"{100 * row['probability']:.0f} %"),
        _cell(f"{100 * row['frequency']:.0f} %", f"n = {row['n']}"),
    ]


def _cell(text: str, sub: str = "") -> dict[str, str]:
    return {"text": text, "sub": sub, "tone": ""}
