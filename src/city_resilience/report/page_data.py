"""What the scripts of the report read: cities, their records and what their forecasts are made of.

Every number is one of the summary; the scripts filter, sort, write and draw them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from city_resilience.report.flags import flag_words
from city_resilience.report.texts import Both, Texts, both, language_of

__all__ = ["COLUMNS", "ExploreColumn", "group_filters", "page_data"]

FEW = 12
"""A group of more levels is searched, not filtered by a list."""
TEXTS = {"compare": "compare_add", "none": "rows_none", "mine": "out_group", "shown": "rows_shown"}
"""Name in the scripts → key; the script fills those with {figures}."""
WORDS = (
    *("base", "forecast", "missing_inputs", "rest", "range_90"),
    *("past_outcome", "past_forecast", "explore_all", "copied"),
    *("shock", "shock_gap", "shock_recovery_gap", "shock_resistance", "shock_recovery"),
)


RECORD = (
    *("years", "mae", "average", "zero", "signs", "signs_of", "inside", "inside_of"),
    *("target", "forecast", "truth"),
)
"""What the page says of a city's record, in this order."""


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
    ExploreColumn("coverage", "coverage_share", "share", shown=False, down=True),
    ExploreColumn("flags", "flags", "list"),
)


def page_data(summary: Mapping[str, Any], say: Texts) -> dict[str, Any]:
    """Return what the scripts read, as JSON can hold it."""
    families = dict.fromkeys(entry["family"] for entry in summary["indicators"])
    flags: dict[str, Both] = {}
    cities = [_city(own, flags, say) for own in summary["cities"]]
    present = {key for own in cities for key in own}
    present |= {key for own in cities for at in own["h"].values() for key in at}
    present |= {"range"} if summary["has_intervals"] else set()
    present |= (
        {"drivers"} if any(part["parts"] for part in summary["by_horizon"].values()) else set()
    )
    return {
        "title": summary["title"],
        "name": summary["run"]["name"],
        "horizons": summary["horizons"],
        "indicators": summary["indicators"],
        "families": {family: say.name("family", family) for family in families},
        "years": summary["past_years"],
        "group_past": summary["group_past"],
        "nation_growth": summary["nation_growth"],
        "cities": cities,
        "flags": list(flags.values()),
        "groups": group_filters(summary["cities"], say),
        "tiers": {
            tier: say(f"tier_{tier}")
            for tier in ("likely_behind", "rather_behind", "open", "rather_ahead", "likely_ahead")
        },
        "columns": [{**vars(own), "text": _head(own, say)} for own in COLUMNS if own.id in present],
        "parts": {h: part["parts"] for h, part in summary["by_horizon"].items()},
        "outlook": {h: _outlook(part["outlook"], say) for h, part in summary["by_horizon"].items()},
        "before": {h: _before(part, summary) for h, part in summary["by_horizon"].items()},
        "record": RECORD,
        "words": {key: say(key) for key in WORDS},
        "texts": {name: say.find(say.special(key)) for name, key in TEXTS.items()},
        "names": language_of(summary["outcome_cities"]),
    }


def _head(column: ExploreColumn, say: Texts) -> Both:
    return say(column.text)


def _city(own: Mapping[str, Any], flags: dict[str, Both], say: Texts) -> dict[str, Any]:
    keys = (
        "city",
        "province",
        "nation",
        "origin",
        "groups",
        "keys",
        "output",
        "past",
        "peers",
        "peers_past",
        "shocks",
    )
    kept = {key: own[key] for key in keys if own.get(key) not in (None, "", [], {})}
    problems = [_problem(row, say) for row in own.get("problems", ())]
    about = {"problems": problems, "problem_count": own["problem_count"]} if problems else {}
    return {**kept, **about, "h": {h: _at(at, flags, say) for h, at in own["h"].items()}}


def _at(at: Mapping[str, Any], flags: dict[str, Both], say: Texts) -> dict[str, Any]:
    found = {key: value for key, value in at.items() if key != "flags" and value not in (None, "")}
    known = list(flags)
    places = []
    for text in flag_words(at["flags"], say):
        flags.setdefault(text["en"], text)
        known = list(flags)
        places.append(known.index(text["en"]))
    if isinstance(nowcast := found.get("nowcast"), Mapping):
        found["nowcast"] = {key: value for key, value in nowcast.items() if value not in (None, "")}
        found["moved"] = nowcast["moved"]
    return found | ({"flags": places} if places else {})


def _problem(row: Mapping[str, Any], say: Texts) -> Both:
    from city_resilience.report.audit_summary import rule_names

    name = say.find(row["kind"]) or rule_names().get(row["kind"]) or both(lambda _: row["kind"])
    years = "–".join(str(year) for year in dict.fromkeys((row["first"], row["last"])) if year)
    about = [row["variable"], both(lambda _: years)]
    return both(lambda lang: " · ".join(filter(None, [name[lang], *(t.get(lang) for t in about)])))


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


def _outlook(own: Mapping[str, Any], say: Texts) -> dict[str, Any]:
    group = own["group"]
    rows = [
        {**row, "name": say.level(group["group"], row["level"])}
        for row in (group["rows"] if group else ())
    ]
    return {
        "group": group and {"group": group["group"], "name": say.name("group", group["group"])},
        "rows": rows,
        "records": {city: [row[key] for key in RECORD] for city, row in own["records"].items()},
    }


def _before(part: Mapping[str, Any], summary: Mapping[str, Any]) -> dict[str, Any]:
    """Return the forecasts of past origins: ``targets`` and city → forecasts, None for none."""
    years = sorted(part["outcomes"], key=int)
    found: dict[str, list[float | None]] = {}
    for place, origin in enumerate(years):
        own = part["outcomes"][origin]
        for index, forecast in zip(own["city"], own["forecast"], strict=True):
            city = summary["outcome_cities"][index]
            row = found.setdefault(city, [None] * len(years))
            row[place] = None if forecast is None else round(forecast, 2)
    return {
        "targets": [part["outcomes"][origin]["target"] for origin in years],
        "of": found,
    }
