"""The numbers of a figure as a table, for readers who check them or cannot see the drawing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from city_resilience.report.shapes import SHOWN, value_words
from city_resilience.report.tables import Column, Table, table_of
from city_resilience.report.texts import LANGUAGES, Texts

__all__ = ["covered_numbers", "no_numbers", "outcome_numbers", "shape_numbers", "year_numbers"]

Part = Mapping[str, Any]
COVERED = (
    Column("origin_year", "{year}"),
    Column("covered_90#", "{coverage:0%}"),
    Column("covered_80#", "{coverage_80:0%}"),
)
OUTCOMES = (
    Column("origin_year", "{origin}"),
    Column("target_year#", "{target}"),
    Column("rows#", "{n:,}"),
    Column("mae#", "{mae:2}"),
    Column("rank_correlation#", "{rank_correlation:2}"),
    Column("sign_hit#", "{sign_hit_rate:0%}"),
)
CURVES = (
    Column("shape_indicator", "{name}"),
    Column("shape_mean#", "{value}"),
    Column("shape_means#", "{contribution:+2}"),
    Column("shape_band#", "{low:+2} … {high:+2}"),
    Column("shape_ale#", "{ale:+2}"),
)


def no_numbers(_part: Part, _summary: Part, _say: Texts) -> None:
    """Return nothing: the numbers of the figure stand beside its marks or in a table below it."""


def year_numbers(part: Part, _summary: Part, say: Texts) -> Table | None:
    """Return errors of the model in use and of every rule by origin year, newest first."""
    found = part["years"]
    errors = found["errors"]
    skills = found.get("skill_zero") or [None] * len(found["years"])
    columns = (
        Column("origin_year", "{year}"),
        Column("skill_zero#", "{skill:+0%}"),
        *(Column(say.name("model", own["model"]), f"{{of_{own['model']}:2}}") for own in errors),
    )
    rows = [
        {"year": year, "skill": skills[at], **{f"of_{o['model']}": o["mae"][at] for o in errors}}
        for at, year in enumerate(found["years"])
    ]
    return table_of(columns, reversed(rows), say) if rows else None


def covered_numbers(part: Part, _summary: Part, say: Texts) -> Table | None:
    """Return the share of outcomes inside the intervals by origin year, the worst first."""
    if not part["intervals"]:
        return None
    found = part["intervals"]["years"]
    names = ("year", "coverage", "coverage_80")
    rows = [dict(zip(names, row, strict=True)) for row in zip(*map(found.get, names), strict=True)]
    return table_of(COVERED, sorted(rows, key=lambda row: row["coverage"] or 0.0), say)


def outcome_numbers(part: Part, _summary: Part, say: Texts) -> Table | None:
    """Return how the forecasts of each origin year did, newest first."""
    rows = [{**own, "origin": int(origin)} for origin, own in part["outcomes"].items()]
    return table_of(OUTCOMES, sorted(rows, key=lambda row: -row["origin"]), say) if rows else None


def shape_numbers(view: str, part: Part, _summary: Part, say: Texts) -> Table | None:
    """Return the bins of the curves of a view, an indicator after the other."""
    rows = []
    for own in part["shapes"].get(view, {"indicators": []})["indicators"][:SHOWN]:
        if own["withheld"]:
            continue
        curve = own["curve"]
        for at, value in enumerate(curve["value"]):
            name = {lang: own[lang] for lang in LANGUAGES} if at == 0 else ""
            figures = {key: curve[key][at] for key in ("contribution", "low", "high", "ale")}
            rows.append({"name": name, "value": value_words(value), **figures})
    return table_of(CURVES, rows, say) if rows else None
