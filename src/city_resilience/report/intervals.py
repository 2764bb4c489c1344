"""The intervals in the summary: what they covered, by year and by group, and what chances meant."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any

import pandas as pd

from city_resilience.evaluation.periods import PERIOD
from city_resilience.evaluation.scores import WITHOUT_BREAKS
from city_resilience.experiment.training import IntervalRule
from city_resilience.models.intervals import EVENTS
from city_resilience.report.formatting import rounded, rounded_all, text_of, whole
from city_resilience.report.skill import DIGITS
from city_resilience.report.texts import Both, Texts, joined

__all__ = ["interval_part", "interval_sentence", "unbroken_sentence"]

_OF_PERIOD = ("coverage", "width", "interval_score", "coverage_80", "width_80")
_FIGURES = ("coverage", "width", "coverage_80", "width_80", "difference", "low", "high")


def interval_part(
    intervals: pd.DataFrame | None,
    reliability: pd.DataFrame | None,
    horizon: int,
    rule: IntervalRule = "split",
) -> dict[str, Any] | None:
    """Compute what the report shows of the intervals at a horizon.

    Parameters
    ----------
    intervals, reliability : DataFrame or None
        Of ``score_intervals`` and ``reliability`` in ``evaluation.interval_scores``.
    rule : {"split", "year"}
        What the intervals hold for.

    Returns
    -------
    dict or None
        ``coverage, width, coverage_80, width_80`` over all years; ``difference, low, high`` of
        the score against plain intervals and its ``code`` ("better", "same", "worse", "few");
        ``worst`` (``year``, ``coverage``, ``coverage_80``); ``periods`` (``origins``, ``worst``,
        coverage, width and ``interval_score``); ``years`` (``year``, ``coverage``,
        ``coverage_80``); ``groups`` (one row a level) and ``chances`` (one row a bin of stated
        probability: its ends and by event ``probability``, ``frequency``, ``n``); ``unbroken``
        (``worst``, ``coverage``) over windows without a level break, None where there is no
        break; ``rule``. None without intervals.
    """
    if intervals is None or reliability is None:
        return None
    own = intervals[intervals["horizon"] == horizon]
    every = own[own["slice"] == "all"]
    if every.empty:
        return None
    years, periods = own[own["slice"] == "year"], own[own["slice"] == PERIOD]
    grouped = own[own["slice"].str.startswith("group:") & (own["slice"] != "group:province")]
    return {
        **{name: rounded(every.iloc[0][name], DIGITS) for name in _FIGURES},
        "code": _code(every.iloc[0]),
        "rule": rule,
        "worst": _worst(every.iloc[0]),
        "years": {
            "year": [int(level) for level in years["level"]],
            **{name: rounded_all(years[name]) for name in ("coverage", "coverage_80")},
        },
        "periods": [
            {
                "origins": row["level"].replace("-", "–"),
                "worst": _worst(row),
                **{name: rounded(row[name]) for name in _OF_PERIOD},
            }
            for row in periods.sort_values("level").to_dict("records")
        ],
        "unbroken": _unbroken(own),
        "groups": [_group(row) for row in grouped.to_dict("records")],
        "chances": _chances(reliability[reliability["horizon"] == horizon]),
    }


def interval_sentence(part: Mapping[str, Any], say: Texts) -> Both:
    """Say what the intervals covered, and how they did against plain ones."""
    own = part["worst"]
    worst = {"worst": own["coverage"], "worst_80": own["coverage_80"], "year": own["year"]}
    one = len(part["years"]["year"]) == 1
    covered = say(f"interval_sentence{'_one' * one}", **{**part, **worst})
    if part["rule"] == "year":
        covered = joined((say("interval_rule_year"), covered))
    said = [covered, say(f"interval_{part['code']}", **part)]
    if part["unbroken"]:
        said.append(unbroken_sentence(part["unbroken"], say))
    return joined(said)


def unbroken_sentence(part: Mapping[str, Any], say: Texts) -> Both:
    """Say what the intervals covered where no level broke."""
    worst = part["worst"]
    return say("interval_unbroken", **{**part, "worst": worst["coverage"], "year": worst["year"]})


def _unbroken(rows: pd.DataFrame) -> dict[str, Any] | None:
    own = rows[(rows["slice"] == WITHOUT_BREAKS) & (rows["level"] == "all years")]
    if own.empty:
        return None
    return {"worst": _worst(own.iloc[0]), "coverage": rounded(own.iloc[0]["coverage"])}


def _code(every: pd.Series) -> str:
    if pd.isna(every["high"]):
        return "few"
    if every["high"] < 0:
        return "better"
    return "worse" if every["low"] > 0 else "same"


def _worst(row: Mapping[Hashable, Any] | pd.Series) -> dict[str, Any]:
    """Return the year with the lowest coverage, and the lowest one of the 80 % intervals."""
    return {
        "year": whole(row["worst_year"]),
        "coverage": rounded(row["worst_coverage"]),
        "coverage_80": rounded(row["worst_coverage_80"]),
    }


def _group(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "group": str(row["slice"]).removeprefix("group:"),
        "level": text_of(row["level"]),
        "n": int(row["n"]),
        "withheld": bool(pd.isna(row["coverage"])),
        "worst": _worst(row),
        **{name: rounded(row[name]) for name in ("coverage", "width", "coverage_80")},
    }


def _chances(rows: pd.DataFrame) -> list[dict[str, Any]]:
    """One row a bin of stated probability, with what came to pass of each event."""
    found: dict[str, dict[str, Any]] = {}
    for row in rows.to_dict("records"):
        if text_of(row["bin"]) and row["event"] in EVENTS:
            figures = {name: rounded(row[name]) for name in ("probability", "frequency")}
            found.setdefault(row["bin"], {})[row["event"]] = {**figures, "n": int(row["n"])}
    ends = {name: [float(end) for end in name.split("-")] for name in sorted(found)}
    return [{"low": low, "high": high, "events": found[name]} for name, (low, high) in ends.items()]
