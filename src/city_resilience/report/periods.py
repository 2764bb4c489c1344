"""The record by period in the summary: errors of the model in use beside every naive rule."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import pandas as pd

from city_resilience.evaluation.baselines import BASELINES
from city_resilience.evaluation.candidates import HISTORY_ONLY
from city_resilience.evaluation.periods import PERIOD, Period, standing
from city_resilience.report.formatting import rounded
from city_resilience.report.skill import DIGITS
from city_resilience.report.texts import Both, Texts

__all__ = ["period_scores", "recent_sentence", "skill_note", "standing_words"]


def period_scores(scores: pd.DataFrame, horizon: int, served: str) -> dict[str, Any]:
    """Return the errors by period of the model in use, every naive rule and history only.

    Returns
    -------
    dict
        ``models``, those that were scored; ``rows``, oldest first: ``first`` and ``last`` origin,
        ``years``, whether it is ``recent``, ``mae`` by model, and ``standing`` against the naive
        rule with the smallest error of these years (``code``, ``rule``, ``mae``, ``mae_rule``,
        ``skill``, ``wins``), None where there is none. A single row is not ``recent``.
    """
    own = scores[scores["horizon"] == horizon]
    rows, yearly = own[own["slice"] == PERIOD], own[own["slice"] == "year"]
    years = yearly.assign(origin=yearly["level"].astype(int)).pivot_table(
        index="origin", columns="model", values="mae"
    )
    naive = (name for name, own in BASELINES.items() if own.kind == "naive")
    wanted = dict.fromkeys((served, *naive, HISTORY_ONLY))
    models = [name for name in wanted if name in set(rows["model"])]
    levels = sorted(rows["level"].unique())
    return {
        "models": models,
        "rows": [
            _row(rows[rows["level"] == period.level], period, models, years, served)
            for place, level in enumerate(levels)
            if (period := Period.of(level, recent=place > 0))
        ],
    }


def _row(
    rows: pd.DataFrame, period: Period, models: list[str], years: pd.DataFrame, served: str
) -> dict[str, Any]:
    errors = rows.set_index("model")["mae"]
    return {
        "first": period.first,
        "last": period.last,
        "recent": period.recent,
        "years": int(rows["years"].max()),
        "mae": [rounded(errors[name], DIGITS) for name in models],
        "standing": _standing(years.loc[period.first : period.last], errors, served),
    }


def _standing(years: pd.DataFrame, errors: pd.Series, served: str) -> dict[str, Any] | None:
    found = standing(years, served)
    if found is None:
        return None
    return {
        "code": found.code,
        "rule": found.rule,
        "mae": rounded(errors[served], DIGITS),
        "mae_rule": rounded(errors[found.rule], DIGITS),
        "skill": rounded(found.skill),
        "wins": found.wins,
    }


def standing_words(row: Mapping[str, Any], served: str, say: Texts) -> Both:
    """Name who was ahead in a period: the model in use, a naive rule, or neither."""
    own = row["standing"]
    if own is None:
        return say("standing_none")
    if own["code"] == "level":
        return say("standing_level")
    return say.name("model", served if own["code"] == "ahead" else own["rule"])


def recent_sentence(rows: Iterable[Mapping[str, Any]], say: Texts) -> Both | None:
    """Say that the recent forecasts were no better than a naive rule, where they were not."""
    own = _recent(rows, say)
    return say(f"recent_{own['code']}", **own) if own and own["code"] != "ahead" else None


def skill_note(rows: Iterable[Mapping[str, Any]], say: Texts) -> Both:
    """Say what the skill is, and what it is in the recent period where that stands apart."""
    own = _recent(rows, say)
    return say("tile_skill_note_recent", **own) if own else say("tile_skill_note")


def _recent(rows: Iterable[Mapping[str, Any]], say: Texts) -> dict[str, Any] | None:
    """Return the figures of the recent period with the name of its best rule."""
    for row in rows:
        if row["recent"] and row["standing"]:
            rule = say.name("model", row["standing"]["rule"])
            return {**row, **row["standing"], "rule": rule}
    return None
