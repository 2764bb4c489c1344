"""What the scripts of the report read: cities, their records and what their forecasts are made of.

Every number is one of the summary; the scripts filter, sort, write and draw them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from city_resilience.report.beside import peers_values
from city_resilience.report.grading import grades_of
from city_resilience.report.packed import (
    RECORD,
    packed_before,
    packed_cities,
    packed_issued,
    packed_levers,
    packed_parts,
    packed_records,
)
from city_resilience.report.texts import Texts, language_of, unit_words
from city_resilience.report.tiers import TIERS

__all__ = ["COLUMNS", "ExploreColumn", "group_filters", "page_data"]

FEW = 12
"""A group of more levels is searched, not filtered by a list."""
TEXTS = {
    "compare": "compare_add",
    "none": "rows_none",
    "mine": "out_group",
    "total": "out_group_total",
    "end": "out_group_end",
    "clear": "out_clear",
    "clear_none": "out_clear_none",
    "shown": "rows_shown",
    "flag_carried": "flag_carried",
    "why_named": "why_named",
    "why_alone": "why_alone",
    "compare_drop": "compare_drop",
    "peers_said": "peers_said",
    "peers_apart": "peers_apart",
    "problems_more": "problems_more",
    "lever_sd": "city_lever_sd",
}
"""Name in the scripts → key; the script fills those with {figures}."""
ADDING_UP = ("growth_gap", "composite")
"""Measures of which a forecast over some years is the sum of their years."""
WORDS = (
    *("base", "forecast", "missing_inputs", "rest", "range_80", "range_90"),
    *("key_group", "key_peers", "col_own_error", "record_average", "compare_values", "place_why"),
    *("city_lever", "city_lever_value", "key_peers", "city_lever_best", "city_lever_to_median"),
    *(f"city_lever_{what}" for what in ("short", "old", "there", "no_direction", "few_peers")),
    *("why_unstable", "study_grade_firm", "study_grade_likely"),
    *(
        f"city_said_ungraded_{why}"
        for why in ("no_study", "other_recipe", "no_part", "nil", "horizon")
    ),
    *("past_outcome", "past_forecast", "explore_all", "copied", "own_name"),
    *("problem_masked", "problem_artefact"),
    *("shock", "shock_gap", "shock_recovery_gap", "shock_resistance", "shock_recovery"),
)


@dataclass(frozen=True)
class ExploreColumn:
    """A column of the table of all cities.

    Attributes
    ----------
    id : str
        Key of a city's values at the horizon, else of the city.
    text : str
        Key of its head.
    kind : str
        How it is written: "text", "signed", "share", "whole", "interval", "tier", "list".
    shown : bool
        Whether it is there unless the reader chooses otherwise.
    down : bool
        Whether the first click puts the largest first.
    """

    id: str
    text: str
    kind: str
    shown: bool = True
    down: bool = False


COLUMNS = (
    ExploreColumn("city", "city", "text"),
    ExploreColumn("province", "province", "text"),
    ExploreColumn("nation", "nation", "text"),
    ExploreColumn("tier", "col_tier", "tier"),
    ExploreColumn("p_below_0", "col_below_0", "share", down=True),
    ExploreColumn("forecast", "forecast", "signed", down=True),
    ExploreColumn("range", "range_90", "interval"),
    ExploreColumn("moved", "moved", "signed", down=True),
    ExploreColumn("p_worst_tenth", "col_worst_tenth", "share", down=True),
    ExploreColumn("p_below_minus_2", "col_below_2", "share", shown=False, down=True),
    ExploreColumn("rank", "rank", "whole", shown=False),
    ExploreColumn("output", "col_output", "whole", shown=False, down=True),
    ExploreColumn("mae", "col_own_error", "figure", shown=False, down=True),
    ExploreColumn("drivers", "drivers_3", "drivers", shown=False, down=True),
    ExploreColumn("observed", "coverage_share", "share", shown=False, down=True),
    ExploreColumn("flags", "flags", "list"),
)


def page_data(summary: Mapping[str, Any], say: Texts) -> dict[str, Any]:
    """Return what the scripts read, as JSON can hold it."""
    families = dict.fromkeys(entry["family"] for entry in summary["indicators"])
    study = summary.get("study")
    grades = grades_of(study, same=bool(study and study["same"]))
    return {
        "title": summary["title"],
        "name": summary["run"]["name"],
        "horizons": summary["horizons"],
        "indicators": [
            {**entry, "unit": unit_words(entry["unit"])} for entry in summary["indicators"]
        ],
        "families": {family: say.name("family", family) for family in families},
        "years": summary["past_years"],
        "group_past": summary["group_past"],
        "nation_growth": summary["nation_growth"],
        "cities": packed_cities(summary, say),
        "values": _values(summary),
        "levers": packed_levers(summary),
        "adds_up": summary["measure"]["id"] in ADDING_UP,
        "groups": group_filters(summary["cities"], say),
        "tiers": {tier: say(f"tier_{tier}") for tier, *_ in TIERS},
        "columns": _columns(summary, say),
        "parts": {
            h: packed_parts(part, summary, grades, h) for h, part in summary["by_horizon"].items()
        },
        "outlook": {
            h: _outlook(part, summary["cities"], say) for h, part in summary["by_horizon"].items()
        },
        "before": {h: packed_before(part, summary) for h, part in summary["by_horizon"].items()},
        "record": RECORD,
        "words": {key: say(key) for key in WORDS},
        "unit": say.name("unit", say.unit) if say.unit else "",
        "issued": {h: packed_issued(part, summary) for h, part in summary["by_horizon"].items()},
        "texts": {name: say.unfilled(say.special(key)) for name, key in TEXTS.items()},
        "names": language_of(summary["outcome_cities"]),
    }


def _values(summary: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values of the leading indicators: a row for each city, and one of its peers."""
    own = summary.get("levels") or {"indicators": [], "rows": {}}
    cities = summary["cities"]
    return {
        "indicators": own["indicators"],
        "rows": [own["rows"].get(city["city"]) for city in cities],
        "peers": [peers_values(city["peers"], own["rows"]) for city in cities],
    }


def _columns(summary: Mapping[str, Any], say: Texts) -> list[dict[str, Any]]:
    """Return the columns of which any city has a value."""
    cities = summary["cities"]
    told = [at for own in cities for at in own["h"].values()]
    rows = [*cities, *told, *(at["nowcast"] for at in told if at.get("nowcast"))]
    present = {key for row in rows for key, value in row.items() if value not in (None, "")}
    parts = any(part["parts"] for part in summary["by_horizon"].values())
    present |= {"range"} if summary["has_intervals"] else set()
    present |= {"drivers", "observed"} if parts else set()
    records = any(part["outlook"]["records"] for part in summary["by_horizon"].values())
    present |= {"mae"} if records else set()
    return [{**vars(own), "text": say(own.text)} for own in COLUMNS if own.id in present]


def group_filters(cities: Iterable[Mapping[str, Any]], say: Texts) -> list[dict[str, Any]]:
    """Return the groups by which cities can be filtered: those of a few levels."""
    levels: dict[str, dict[str, None]] = {}
    for own in cities:
        for group, level in own.get("groups", {}).items():
            levels.setdefault(group, {})[level] = None
    return [
        {
            "id": group,
            "name": say.name("group", group),
            "levels": [[level, say.level(group, level)] for level in sorted(found)],
        }
        for group, found in levels.items()
        if 1 < len(found) <= FEW
    ]


def _outlook(
    part: Mapping[str, Any], cities: Sequence[Mapping[str, Any]], say: Texts
) -> dict[str, Any]:
    own, told = part["outlook"], part.get("nowcast_outlook")
    group, numbers = own["group"], {city["city"]: place for place, city in enumerate(cities)}
    return {
        "group": group and {"group": group["group"], "name": say.name("group", group["group"])},
        "rows": _group_rows(own, numbers, say),
        "nowcast_rows": _group_rows(told, numbers, say) if told else None,
        "records": packed_records(own["records"], cities),
    }


def _group_rows(
    outlook: Mapping[str, Any], numbers: Mapping[str, int], say: Texts
) -> list[dict[str, Any]]:
    """Return the levels of the shown group, their cities by number."""
    group = outlook["group"]
    return [
        {
            **row,
            "name": say.level(group["group"], row["level"]),
            "cities": [numbers[city] for city in row["cities"]],
        }
        for row in (group["rows"] if group else ())
    ]
