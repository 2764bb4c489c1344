"""The structural view in the summary of a run: its skill first, then what it rests on.

Where no skill is shown, what the view rests on says nothing about the cities: it is greyed, and a
sentence says so.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from city_resilience.evaluation.grades import FIRM, UNSTABLE
from city_resilience.evaluation.periods import PERIOD
from city_resilience.evaluation.view_skill import RIVALS, shown
from city_resilience.explain.contributions import BASE, mean_sizes
from city_resilience.models.rows import STRUCTURAL
from city_resilience.report.formatting import plain_rows, rounded
from city_resilience.report.grading import grades_of
from city_resilience.report.tables import Column, Table, table_of
from city_resilience.report.texts import Both, Texts

__all__ = [
    "view_drivers_table",
    "view_sentence",
    "view_skill_table",
    "views_part",
]

LEADING = 15
_WHOLE = frozenset(("years", "n", "wins", "worst_year"))
SKILL = (
    Column("view_span", "{span}", "{recent}"),
    Column("view_mae#", "{mae:2}"),
    *(Column(f"view_{name}#", f"{{mae_{name}:2}}", f"{{skill_{name}:+0%}}") for name in RIVALS),
    Column("view_wins#", "{wins} / {years}"),
    Column("view_difference#", "{difference:+3}", "{low:+3} … {high:+3}"),
    Column("view_covered#", "{coverage:0%}", "{worst_coverage:0%} ({worst_year})"),
)
DRIVERS = (
    Column("view_driver", "{name}", "{kind}"),
    Column("view_size#", "{size:2}"),
    Column("view_grade", "{grade}", "{ranks}", "tone"),
)


def views_part(
    skill: pd.DataFrame | None, drivers: pd.DataFrame | None, labels: Mapping[str, Any]
) -> dict[str, Any] | None:
    """Return what is shown of the structural view; None for a run without.

    Parameters
    ----------
    skill : DataFrame or None
        As of `structural_skill`.
    drivers : DataFrame or None
        As of `contributions`: of the live forecasts of the view.
    labels : mapping
        Indicator id → (English label, Chinese label, …).

    Returns
    -------
    dict or None
        Horizon (text) → ``skill`` (rows over all years and by period), ``shown`` (whether the view
        is better than a gap of zero beyond its interval), ``families`` and ``indicators``: id, mean
        absolute contribution (pp) and labels of each, largest first.
    """
    if skill is None or skill.empty:
        return None
    found = {}
    for horizon, part in skill.groupby("horizon"):
        rows = part[part["slice"].isin(("all", PERIOD))]
        plain = plain_rows(rows, _WHOLE)
        every = next(row for row in plain if row["slice"] == "all")
        own = drivers[drivers["horizon"] == horizon] if drivers is not None else None
        found[str(horizon)] = {
            "skill": plain,
            "shown": every["high"] is not None and shown(every),
            **_sizes(own, labels),
        }
    return found


def _sizes(drivers: pd.DataFrame | None, labels: Mapping[str, Any]) -> dict[str, Any]:
    """Return mean absolute contributions over the cities, by family and by leading indicator."""
    if drivers is None or drivers.empty:
        return {"families": [], "indicators": []}
    families, indicators = mean_sizes(drivers), mean_sizes(drivers, "indicator")[:LEADING]
    return {
        "families": [{"id": str(k), "size": rounded(v)} for k, v in families.items()],
        "indicators": [
            {"id": str(k), "size": rounded(v), "en": own[0] or k, "zh": own[1] or own[0] or k}
            for k, v in indicators.items()
            if k != BASE
            for own in [labels.get(str(k), (str(k), str(k)))]
        ],
    }


def view_sentence(
    part: Mapping[str, Any], horizon: str, say: Texts, greyed: str = "view_greyed"
) -> Both:
    """Say what the indicators alone are worth at a horizon.

    Parameters
    ----------
    greyed : str
        Key of the text that says what is greyed where they are worth nothing.
    """
    own = part[horizon]
    every = next(row for row in own["skill"] if row["slice"] == "all")
    if every["high"] is None:
        code = "few"
    else:
        code = "shown" if own["shown"] else "nothing" if every["low"] <= 0 else "worse"
    better = every["skill_forecasting"] > 0
    other = say("view_than_better" if better else "view_than_worse", **every)
    about = {"ahead": say.count("ahead", int(horizon)), "other": other, "greyed": say(greyed)}
    return say(f"view_{code}", **about, **every)


def view_skill_table(part: Mapping[str, Any], horizon: str, say: Texts) -> Table:
    """Return the errors of the view beside its rivals, over all years and by period."""
    rows = part[horizon]["skill"]
    periods = sorted((row for row in rows if row["slice"] == PERIOD), key=lambda r: r["level"])
    if len(periods) < 2:
        periods = []
    last = periods[-1] if periods else None
    every = [row for row in rows if row["slice"] == "all"]
    records = [
        {
            **row,
            "span": row["level"].replace("-", "–") or say.count("view_years", row["years"]),
            "recent": say("period_recent") if row is last else "",
        }
        for row in (*every, *periods)
    ]
    return table_of(SKILL, records, say)


def view_drivers_table(
    part: Mapping[str, Any], study: Mapping[str, Any] | None, horizon: str, say: Texts
) -> Table:
    """Return families and leading indicators with their sizes and, where measured, their grades."""
    grades = grades_of(study, bool(study and study["same"]))
    own, records = part[horizon], []
    for level, entries in (("family", own["families"]), ("indicator", own["indicators"])):
        for entry in entries:
            graded = grades.rows.get((STRUCTURAL, int(horizon), level, entry["id"]))
            name = say.name("family", entry["id"]) if level == "family" else entry
            records.append(
                {
                    "name": {lang: name[lang] for lang in ("en", "zh")},
                    "kind": say(f"view_level_{level}"),
                    "size": entry["size"],
                    **_graded(graded, say),
                }
            )
    return table_of(DRIVERS, records, say)


def _graded(row: Mapping[str, Any] | None, say: Texts) -> dict[str, Any]:
    if row is None:
        return {"grade": say("view_not_graded"), "ranks": "", "tone": ""}
    ranks = say("study_ranks" if row["ordered"] else "study_ranks_loose", **row)
    tone = {FIRM: "up", UNSTABLE: "down"}.get(row["grade"], "")
    return {"grade": say(f"study_grade_{row['grade']}"), "ranks": ranks, "tone": tone}
