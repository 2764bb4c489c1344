"""The summary of a city: everything that its page, its Markdown and the terminal show.

Plain values that JSON can hold, codes and figures; words are put to them by `city_page`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from city_resilience.evaluation.driver_sizes import FAMILY, INDICATOR
from city_resilience.experiment.experiment import Experiment
from city_resilience.explain.city import CityExplanation, rank_among
from city_resilience.explain.contributions import BASE, BASE_FAMILY, NOT_OBSERVED, family_sums
from city_resilience.models.intervals import EVENTS
from city_resilience.models.rows import FORECASTING
from city_resilience.report.cities import Labels, contributions, indicator_list
from city_resilience.report.formatting import rounded, text_of, whole
from city_resilience.report.grading import LEADING, NAMED, Grades

__all__ = ["FORMAT", "CityAbout", "forecast_skill", "structural_skill", "summarise_city"]

FORMAT = 1
CHANGES = 8
DIGITS = 6


@dataclass(frozen=True)
class CityAbout:
    """What is known besides the explanation of a city.

    Attributes
    ----------
    experiment : Experiment
    measure : mapping
        As of `measure_words`.
    labels : mapping
        Indicator id → (English label, Chinese label, family, unit).
    observed : set of str
        Families with live or carried values at the origin.
    skill : mapping of str to mapping
        View to `forecast_skill` or `structural_skill`; a view without one was not scored.
    grades : Grades
    record : DataFrame or None
        Rows of the backtest of the served model: city, origin, horizon, forecast, truth.
    notes : sequence of str
        What early releases say.
    missing : sequence of str
        Sections that the panel is needed for, where there is none.
    levers : mapping of str to mapping
        City to its levers, see ``city_levers``, where an experiment marks some.
    """

    experiment: Experiment
    measure: Mapping[str, str]
    labels: Labels
    observed: set[str]
    grades: Grades
    skill: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    record: pd.DataFrame | None = None
    notes: Sequence[str] = ()
    missing: Sequence[str] = ()
    levers: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    outcome: tuple[str, str] = ("", "")
    model: str = ""


def summarise_city(explained: CityExplanation, about: CityAbout) -> dict[str, Any]:
    """Return all that is shown of a city.

    Returns
    -------
    dict
        ``city``, ``groups``, ``horizon``, ``origin``, ``target``; ``forecasts`` (one a horizon),
        ``past``, ``record``; ``views``, the served one first; ``changed``, ``peers``,
        ``analogues`` (None where they are not known); ``missing``, ``notes``, ``graded``; and
        what is said of model and data.
    """
    experiment, forecast = about.experiment, explained.forecast
    title = experiment.title or experiment.name
    return {
        "format": FORMAT,
        "city": explained.city,
        "groups": _groups(explained, forecast),
        "horizon": explained.horizon,
        "origin": explained.origin,
        "target": int(forecast["target_year"]),
        "title": {"en": title, "zh": experiment.title_zh or title},
        "outcome": dict(zip(("en", "zh"), about.outcome, strict=True)),
        "measure": dict(about.measure),
        "simulated": experiment.data.simulated,
        "model": about.model,
        "forecasts": [_forecast(row, explained) for row in explained.forecasts.to_dict("records")],
        "past": _past(explained),
        "record": _record(explained, about.record),
        "views": [_view(name, explained, about) for name in explained.views],
        "changed": _changed(explained, about),
        "peers": _peers(explained),
        "levers": _levers(explained.city, about),
        "analogues": _analogues(explained),
        "graded": {"why": about.grades.why, "refits": about.grades.refits},
        "notes": list(about.notes),
        "missing": list(about.missing),
    }


def forecast_skill(headline: Mapping[str, Any]) -> dict[str, Any]:
    """Return the skill of the forecasting view of its `headline`: against the best naive rule."""
    keys = ("mae", "naive", "naive_mae", "skill", "wins", "of")
    better = headline["skill"] is None or headline["percent"] > 0
    return {**{key: headline[key] for key in keys}, "shown": better}


def structural_skill(part: Mapping[str, Any]) -> dict[str, Any]:
    """Return the skill of the structural view of its part of a summary, see `views_part`."""
    return {"rows": part["skill"], "shown": part["shown"]}


def _groups(explained: CityExplanation, forecast: pd.Series) -> list[dict[str, str]]:
    province = {"province": text_of(forecast["province"])}
    found = {**province, **explained.groups}
    return [{"group": name, "level": level} for name, level in found.items() if level]


def _forecast(row: Mapping[Any, Any], explained: CityExplanation) -> dict[str, Any]:
    horizon = int(row["horizon"])
    peers = explained.peers.cities if explained.peers is not None else ()
    rank, of = rank_among(explained.table, explained.city, horizon, peers)
    return {
        "horizon": horizon,
        "target": int(row["target_year"]),
        "forecast": rounded(row["forecast"], DIGITS),
        **{key: rounded(row[key]) for key in ("lower", "upper", "lower_80", "upper_80")},
        "coverage": rounded(row["coverage"]),
        **{key: whole(row[key]) for key in ("rank", "province_rank")},
        "of": int(row["of"]),
        "province_of": int(row["province_of"]),
        "peers_rank": rank if peers else None,
        "peers_of": of,
        **{event: rounded(row[event]) for event in EVENTS},
        "flags": [flag for flag in text_of(row["flags"]).split(";") if flag],
        "information": text_of(row["information"]),
        "early_release": rounded(row["early_release"], DIGITS),
    }


def _past(explained: CityExplanation) -> list[dict[str, Any]]:
    if explained.past is None:
        return []
    rows = explained.past.itertuples(index=False)
    return [{"year": int(row.year), "outcome": rounded(row.outcome)} for row in rows]


def _record(explained: CityExplanation, record: pd.DataFrame | None) -> dict[str, Any] | None:
    """Return how the forecasts of past origins did for this city."""
    if record is None:
        return None
    own = record[(record["city"] == explained.city) & (record["horizon"] == explained.horizon)]
    own = own[own["truth"].notna() & (own["target_year"] <= explained.origin)]
    if own.empty:
        return None
    error = (own["forecast"] - own["truth"]).abs()
    return {
        "years": len(own),
        "first": int(own["origin"].min()),
        "last": int(own["origin"].max()),
        "mae": rounded(error.mean()),
        "zero_mae": rounded(own["truth"].abs().mean()),
        "forecasts": [
            {"year": int(row.target_year), "forecast": rounded(row.forecast)}
            for row in own.sort_values("target_year").itertuples()
        ],
    }


def _view(name: str, explained: CityExplanation, about: CityAbout) -> dict[str, Any]:
    """Return what a view says of the city: its skill, then its forecast and what that rests on."""
    drivers, horizon = explained.views[name], explained.horizon
    indicators = indicator_list(drivers, about.labels)
    parts = contributions(drivers, horizon, indicators, about.observed)[explained.city]
    skill = about.skill.get(name)
    families = sorted(parts["families"].items(), key=lambda item: -abs(item[1] or 0.0))
    rows = {
        "families": [{"family": family, "contribution": size} for family, size in families],
        "indicators": [
            {**_indicator(indicators[place]), "value": value, "contribution": size}
            for place, value, size in parts["top"]
        ],
    }

    def of(row: Mapping[str, Any]) -> str:
        driver = (INDICATOR, row["id"]) if "id" in row else (FAMILY, row["family"])
        return about.grades.of(name, horizon, *driver)

    return {
        "view": name,
        "horizon": horizon,
        **_served(name, explained),
        "skill": None if skill is None else dict(skill),
        "nil": skill is not None and not skill["shown"],
        **{key: parts[key] for key in ("base", "missing", "missing_count", "rest", "rest_count")},
        **{key: [row | {"grade": of(row)} for row in own] for key, own in rows.items()},
        "ordered": {
            level: about.grades.ordered(name, horizon, level, names)
            for level, names in _leading(rows, of).items()
        },
    }


def _leading(
    rows: Mapping[str, list[dict[str, Any]]], of: Callable[[Mapping[str, Any]], str]
) -> dict[str, list[str]]:
    """Return the drivers that sentences name, by level."""
    named = {key: [row for row in own if of(row) in NAMED][:LEADING] for key, own in rows.items()}
    return {
        FAMILY: [row["family"] for row in named["families"]],
        INDICATOR: [row["id"] for row in named["indicators"]],
    }


def _served(name: str, explained: CityExplanation) -> dict[str, Any]:
    """Return forecast, interval and rank in a view."""
    table = (
        explained.table
        if name == FORECASTING or explained.structural is None
        else explained.structural
    )
    own = table[(table["city"] == explained.city) & (table["horizon"] == explained.horizon)].iloc[0]
    return {
        "forecast": rounded(own["forecast"], DIGITS),
        **{key: rounded(own[key]) for key in ("lower", "upper", "coverage")},
        "rank": whole(own["rank"]),
        "of": int(own["of"]),
    }


def _indicator(entry: Mapping[str, str]) -> dict[str, Any]:
    return {
        "id": entry["id"],
        "label": {lang: entry[lang] for lang in ("en", "zh")},
        "family": entry["family"],
        "unit": entry["unit"],
    }


def _changed(explained: CityExplanation, about: CityAbout) -> dict[str, Any] | None:
    """Return by how much the forecast changed since the origin before, by family and indicator."""
    if explained.changed is None:
        return None
    table = explained.changed
    families = _family_changes(table, about.observed)
    hidden = families.pop(NOT_OBSERVED, 0.0)
    entries = {entry["id"]: entry for entry in indicator_list(table, about.labels)}
    return {
        "origin": explained.origin - 1,
        "before": rounded(table["contribution_before"].sum(), DIGITS),
        "now": rounded(table["contribution"].sum(), DIGITS),
        "change": rounded(table["change"].sum(), DIGITS),
        "families": [
            {
                "family": name,
                "change": rounded(change, DIGITS),
                "grade": about.grades.of(FORECASTING, explained.horizon, FAMILY, name),
            }
            for name, change in sorted(families.items(), key=lambda item: -abs(item[1]))
        ],
        "missing": rounded(hidden, DIGITS),
        "indicators": [
            {
                **_indicator(entries[row["indicator"]]),
                **{key: rounded(row[key], DIGITS) for key in ("value_before", "value", "change")},
            }
            for row in _leading_changes(table, about.observed)
        ],
    }


def _leading_changes(table: pd.DataFrame, observed: set[str]) -> list[dict[Any, Any]]:
    """Return the rows of the indicators that were known at both origins, the largest first."""
    seen = table["value"].notna() & table["value_before"].notna()
    seen &= table["family"].isin(observed) & (table["indicator"] != BASE)
    order = table[seen].assign(size=table["change"].abs())
    order = order.sort_values(["size", "indicator"], ascending=[False, True])
    rows: list[dict[Any, Any]] = order.head(CHANGES).to_dict("records")
    return rows


def _family_changes(table: pd.DataFrame, observed: set[str]) -> dict[str, float]:
    before = _by_family(table, "contribution_before", "value_before", observed)
    now = _by_family(table, "contribution", "value", observed)
    changes = {name: now.get(name, 0.0) - before.get(name, 0.0) for name in {**before, **now}}
    changes.pop(BASE_FAMILY, None)
    return changes


def _by_family(
    table: pd.DataFrame, contribution: str, value: str, observed: set[str]
) -> dict[str, float]:
    columns = {contribution: "contribution", value: "value"}
    kept = table[["city", "horizon", "indicator", "family", contribution, value]]
    sums = family_sums(kept.rename(columns=columns).assign(origin=0), observed)
    return dict(zip(sums["family"], sums["contribution"], strict=True))


def _peers(explained: CityExplanation) -> dict[str, Any] | None:
    if explained.peers is None:
        return None
    at = explained.table[explained.table["horizon"] == explained.horizon].set_index("city")
    return {
        "groupings": list(explained.peers.groupings),
        "indicators": len(explained.peers.indicators),
        "rows": [
            {
                "city": row["city"],
                "province": text_of(row["province"]),
                **{k: rounded(row[k]) for k in ("distance", "groups", "size", "structure")},
                "forecast": rounded(at.loc[row["city"], "forecast"]),
                "rank": whole(at.loc[row["city"], "rank"]),
            }
            for row in explained.peers.table.to_dict("records")
        ],
    }


def _levers(city: str, about: CityAbout) -> dict[str, Any] | None:
    """Return the levers of a city with the names of their indicators."""
    known = about.levers.get(city)
    if known is None:
        return None

    def named(row: Mapping[str, Any]) -> dict[str, Any]:
        en, zh, *_ = about.labels.get(row["indicator"], (row["indicator"], row["indicator"]))
        return {**row, "label": {"en": en, "zh": zh}}

    return {**known, **{key: [named(row) for row in known[key]] for key in ("rows", "absent")}}


def _analogues(explained: CityExplanation) -> dict[str, Any] | None:
    found = explained.analogues
    if found is None:
        return None
    return {
        **{key: rounded(value) for key, value in found.summary.items()},
        "compared": found.compared,
        "every": rounded(found.every),
        "indicators": found.indicators,
        "rows": [
            {
                "city": row.city,
                "year": int(row.year),
                "target": int(row.target_year),
                "distance": rounded(row.distance),
                "outcome": rounded(row.outcome),
            }
            for row in found.table.itertuples()
        ],
    }
