"""What differs between groups of cities in the report: skill by group, and the differences found.

A difference counts as found where its q-value, over all that was looked at, is at most 5 %.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from city_resilience.explain.places import SKILL, STEEPNESS
from city_resilience.explain.thresholds import ALPHA
from city_resilience.report.formatting import rounded, text_of, whole
from city_resilience.report.tables import Column, Table, table_of
from city_resilience.report.texts import LANGUAGES, Both, Texts, joined

__all__ = ["places_part", "places_sentence", "places_table", "skill_by_group_table"]

MOST = 12
"""Differences that are shown; all stand in the table of the run."""
FIGURES = ("value", "value_rest", "difference", "low", "high", "q_value")
GROUP = Column("place_level", "{level}", "{group}")
COUNTS = Column("place_cities#", "{n}", "{others}")
BY_GROUP = (
    *(GROUP, COUNTS),
    Column("place_skill#", "{value:0%}"),
    Column("place_skill_rest#", "{value_rest:0%}"),
    Column("place_skill_apart#", "{difference:+0%}", "{low:+0%} … {high:+0%}"),
    Column("place_q#", "{q_value:3}"),
)
FOUND = (
    Column("place_name", "{name}", "{figure}"),
    *(GROUP, COUNTS),
    Column("place_value#", "{value:+3}"),
    Column("place_rest#", "{value_rest:+3}"),
    Column("place_apart#", "{difference:+3}", "{low:+3} … {high:+3}"),
    Column("place_q#", "{q_value:3}"),
)


def places_part(
    table: pd.DataFrame | None, horizon: int, labels: Mapping[str, Any]
) -> dict[str, dict[str, Any]]:
    """Return what differs between groups of cities at a horizon, by view.

    Parameters
    ----------
    table : DataFrame or None
        As of `place_differences`, with ``view`` and ``horizon``.
    labels : mapping
        Indicator id → (English label, Chinese label, …).

    Returns
    -------
    dict
        View → ``skill`` (a row for each level of each group), ``found`` (the leading differences
        with a q-value of at most 5 %, those of the data before those of the models),
        ``found_count``, ``looked_at``, and ``few`` of ``levels`` that were withheld.
    """
    if table is None or table.empty:
        return {}
    own = table[table["horizon"] == horizon]
    return {str(view): _view(part, labels) for view, part in own.groupby("view", observed=True)}


def _view(part: pd.DataFrame, labels: Mapping[str, Any]) -> dict[str, Any]:
    skill = part[part["figure"] == SKILL]
    found = part[part["q_value"] <= ALPHA]
    found = found.assign(model=~found["figure"].isin((SKILL, STEEPNESS)))
    found = found.sort_values(["model", "q_value", "p_value"], kind="stable")
    levels = part.drop_duplicates(["group", "level"])
    return {
        "skill": [_row(row, labels) for row in skill.to_dict("records")],
        "found": [_row(row, labels) for row in found.head(MOST).to_dict("records")],
        "found_count": len(found),
        "looked_at": int(part["looked_at"].iloc[0]),
        "levels": len(levels),
        "few": int(part.groupby(["group", "level"])["p_value"].count().eq(0).sum()),
    }


def _row(row: Mapping[Any, Any], labels: Mapping[str, Any]) -> dict[str, Any]:
    name = str(row["name"])
    en, zh, *_ = labels.get(name, (name, name))
    return {
        **{key: text_of(row[key]) for key in ("group", "level", "stands_in_for", "kind", "figure")},
        **{key: whole(row[key]) for key in ("n", "rest", "provinces")},
        **{key: rounded(row[key]) for key in FIGURES},
        "id": name,
        "en": str(en or name),
        "zh": str(zh or en or name),
        "withheld": bool(text_of(row["withheld"])),
    }


def places_sentence(own: Mapping[str, Any], say: Texts) -> Both:
    """Say how many differences were looked at, and how many stand."""
    if not own["looked_at"]:
        return say("places_few")
    code = "places_found" if own["found_count"] else "places_none"
    figures = {name: own[name] for name in ("looked_at", "found_count")}
    said = [say(code, shown=min(own["found_count"], MOST), **figures)]
    if own["few"]:
        said.append(say.count("places_withheld", own["few"], levels=own["levels"]))
    return joined(said, say("space"))


def skill_by_group_table(own: Mapping[str, Any], say: Texts) -> Table:
    """Return the skill of a view in each level of each group, beside all other cities.

    Withheld levels are left out; `places_sentence` counts them.
    """
    rows = [_words(row, say) for row in own["skill"] if not row["withheld"]]
    return table_of(BY_GROUP, rows, say)


def places_table(own: Mapping[str, Any], say: Texts) -> Table:
    """Return the differences that were found."""
    return table_of(FOUND, [_words(row, say) for row in own["found"]], say)


def _words(row: Mapping[str, Any], say: Texts) -> dict[str, Any]:
    kinds = {"family": say.name("family", row["id"]), "view": say("place_view")}
    counts = {"others": row["rest"], "provinces": row["provinces"]}
    return {
        **row,
        "name": kinds.get(row["kind"], {lang: row[lang] for lang in LANGUAGES}),
        "figure": say(f"place_figure_{row['figure']}"),
        "level": say.level(row["group"], row["level"]),
        "group": say.name("group", row["group"]),
        "others": say("place_others", **counts),
    }
