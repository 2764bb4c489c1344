"""The headline at a horizon: better than naive or not, and what the indicators add to history."""

from __future__ import annotations

from typing import Any

from city_resilience.evaluation.candidates import HISTORY_ONLY
from city_resilience.report.formatting import rounded
from city_resilience.report.texts import Both, Texts

__all__ = ["FEW_YEARS", "headline", "headline_sentence", "worth"]

FEW_YEARS = 8


def worth(row: dict[str, Any]) -> str:
    """Classify what the indicators add to history only.

    Parameters
    ----------
    row : dict
        The served model's row of the scores.

    Returns
    -------
    str
        "history" (the model is history only), "absent" (nothing to compare with), "unknown" (no
        interval), "none" (the interval includes zero), "gain" or "loss".
    """
    if row["model"] == HISTORY_ONLY:
        return "history"
    if row["difference_history"] is None:
        return "absent"
    low, high = row["difference_low"], row["difference_high"]
    if low is None or high is None:
        return "unknown"
    if low <= 0 <= high:
        return "none"
    return "gain" if high < 0 else "loss"


def headline(scores: list[dict[str, Any]], years: dict[str, Any]) -> dict[str, Any]:
    """Return the headline at one horizon.

    Parameters
    ----------
    scores, years : list, dict
        What `model_scores` and `yearly_errors` returned for it.

    Returns
    -------
    dict
        ``code``: "better", "same", "worse" (than the best naive rule, in whole percent),
        "alone" (nothing to compare with) or "is_naive"; ``served``, ``mae``, ``naive``,
        ``naive_mae``, ``skill``, ``percent``, ``wins``, ``of``; ``scored`` (years) and whether
        these are ``few``; ``worth``, ``difference``, ``low``, ``high``.
    """
    row = next(entry for entry in scores if entry["served"])
    naive = next((entry for entry in scores if entry["best_naive"]), None)
    scored = years["of"] or len(years["years"]) or row["years"] or 0
    skill = None
    if naive is not None and naive["mae"] and row["mae"] is not None:
        skill = rounded(1 - row["mae"] / naive["mae"])
    percent = 0 if skill is None else round(100 * skill)
    if naive is not None and naive["model"] == row["model"]:
        code = "is_naive"
    elif skill is None:
        code = "alone"
    else:
        code = "better" if percent > 0 else "worse" if percent < 0 else "same"
    return {
        "code": code,
        "served": row["model"],
        "mae": row["mae"],
        "naive": naive["model"] if naive else None,
        "naive_mae": naive["mae"] if naive else None,
        "skill": skill,
        "percent": percent,
        "wins": years["wins"],
        "of": years["of"],
        "scored": scored,
        "few": scored < FEW_YEARS,
        "worth": worth(row),
        "difference": row["difference_history"],
        "low": row["difference_low"],
        "high": row["difference_high"],
    }


def headline_sentence(found: dict[str, Any], horizon: int, level: float, say: Texts) -> Both:
    """Return the headline in words; ``level`` is that of the interval, for example 0.95."""
    change, low, high = found["difference"], found["low"], found["high"]
    if found["worth"] == "gain":
        change, low, high = -change, -high, -low
    worth = say(f"worth_{found['worth']}", level=level, change=change, low=low, high=high)
    names = {role: say.name("model", found[role] or "") for role in ("served", "naive")}
    told = {**found, **names, "percent": abs(found["percent"]), "worth": worth}
    return say(f"headline_{found['code']}", ahead=say.count("ahead", horizon), **told)
