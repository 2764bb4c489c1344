"""Figures of the study: what each family adds, and the ranks of drivers, with their intervals."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from city_resilience.evaluation.driver_sizes import INDICATOR
from city_resilience.evaluation.grades import FIRM, UNSTABLE
from city_resilience.evaluation.study.ablation import ADDED, ALL_FAMILIES, BEYOND, WITHOUT
from city_resilience.report.drawing import WhiskerRow, Whiskers
from city_resilience.report.formatting import signed
from city_resilience.report.study import over_all_origins
from city_resilience.report.texts import LANGUAGES, Both, Texts

__all__ = ["draw_added", "draw_left_out", "draw_ranks"]

Rows = list[Mapping[str, Any]]
TONES = {"helps": "up", "hurts": "down", FIRM: "up", UNSTABLE: "none"}
LEADING = 10
"""Indicators of a view whose ranks are drawn."""


def draw_left_out(horizon: str, summary: Mapping[str, Any], say: Texts) -> Whiskers | None:
    """Draw by how much the error grows when a family is left out, with 95 % over the years."""
    found = over_all_origins(_rows(summary, "ablation", horizon))
    rows = (_effect(f, own[WITHOUT], say) for f, own in found.items() if WITHOUT in own)
    return Whiskers.of(rows, say("axis_left_out"), None)


def draw_added(horizon: str, summary: Mapping[str, Any], say: Texts) -> Whiskers | None:
    """Draw by how much the error changes when a family, or all, come to the own history."""
    found = over_all_origins(_rows(summary, "ablation", horizon))
    rows = (
        _effect(family, own.get(ADDED) or own[BEYOND], say)
        for family, own in found.items()
        if ADDED in own or BEYOND in own
    )
    return Whiskers.of(rows, say("axis_added"), None)


def _effect(family: str, row: Mapping[str, Any], say: Texts) -> WhiskerRow:
    value = row["difference"]
    low, high = (value if row[end] is None else row[end] for end in ("low", "high"))
    name = say("study_all_families") if family == ALL_FAMILIES else say.name("family", family)
    return WhiskerRow(name, signed(value, 3), (low, value, high), TONES.get(row["outcome"], ""))


def draw_ranks(view: str, horizon: str, summary: Mapping[str, Any], say: Texts) -> Whiskers | None:
    """Draw the ranks of families and of leading indicators, and where 95 % of the refits had them.

    Nothing is drawn for a study of another recipe.
    """
    study = summary.get("study")
    if not study or not study["same"]:
        return None
    rows = [row for row in _rows(summary, "stability", horizon) if row["view"] == view]
    shown = [row for row in rows if row["level"] != INDICATOR or row["rank"] <= LEADING]
    labels = study["parts"]["stability"]["about"]["labels"] if rows else {}
    return Whiskers.of(_ranks(shown, labels, say), say("axis_rank"), 1.0)


def _ranks(rows: Rows, labels: Mapping[str, Any], say: Texts) -> Iterable[WhiskerRow]:
    before = ""
    for row in rows:
        yield WhiskerRow(
            _label(row, labels, say),
            str(row["rank"]),
            (row["rank_low"], row["rank"], row["rank_high"]),
            TONES.get(row["grade"], ""),
            say(f"study_grade_{row['grade']}") if row["grade"] else "",
            first=bool(before) and row["level"] != before,
        )
        before = row["level"]


def _label(row: Mapping[str, Any], labels: Mapping[str, Any], say: Texts) -> Both:
    if row["level"] != INDICATOR:
        return say.name("family", row["name"])
    return dict(zip(LANGUAGES, labels[row["name"]], strict=True))


def _rows(summary: Mapping[str, Any], part: str, horizon: str) -> Rows:
    study = summary.get("study")
    rows = study["parts"].get(part, {"rows": []})["rows"] if study else []
    return [row for row in rows if str(row["horizon"]) == horizon]
