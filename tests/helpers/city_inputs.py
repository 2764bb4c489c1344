"""The summary of a made-up city, in the shape that `summarise_city` returns."""

from __future__ import annotations

from typing import Any

from city_resilience.report.texts import measure_words

FORECAST = {
    "horizon": 1,
    "target": 2021,
    "forecast": 0.5,
    "lower": -1.0,
    "upper": 2.0,
    "lower_80": -0.5,
    "upper_80": 1.5,
    "coverage": 0.9,
    "rank": 3,
    "of": 40,
    "province_rank": 1,
    "province_of": 4,
    "peers_rank": 2,
    "peers_of": 11,
    "p_below_0": 0.3,
    "flags": ["stale"],
    "information": "forecast",
    "early_release": None,
}
NAMES = {"en": "Leading indicator that raises hopes", "zh": "促进指标"}
"""A name is quoted as it stands, whatever its words."""


CHANGES = {
    "median": {"forecasting": 0.25, "structural": None},
    "best_quartile": {"forecasting": 0.3, "structural": 0.1},
}
LEVER: dict[str, Any] = {
    "indicator": "students_per_10k",
    "family": "talent",
    "label": {"en": "Students", "zh": "学生"},
    "unit": "per 10k people",
    "cost_unit": "million yuan",
    "why": "",
    "year": 2020,
    "direction": 1,
    "peers": 10,
    "short": True,
    "old": False,
    "value": 12.0,
    "lowest": 10.0,
    "median": 20.0,
    "best_quartile": 30.0,
    "highest": 40.0,
    "to_median": 8.0,
    "to_best_quartile": 18.0,
    "sd_to_median": 1.25,
    "sd_to_best_quartile": 2.5,
    "years_to_median": 2.0,
    "years_to_best_quartile": None,
    "cost_to_median": 16.0,
    "cost_to_best_quartile": None,
    "changes": CHANGES,
    "unread": [],
    "curve": [
        {"value": 10.0, "far": False, "changes": {"forecasting": -0.1, "structural": 0.0}},
        {"value": 40.0, "far": True, "changes": {"forecasting": 0.5, "structural": 0.2}},
    ],
}
BEYOND: dict[str, Any] = {
    "short": False,
    "value": 50.0,
    "unread": ["forecasting"],
    "changes": {"median": {}, "best_quartile": {}},
    "curve": [{**own, "changes": own["changes"] | {"forecasting": None}} for own in LEVER["curve"]],
}
ABSENT = {"en": "Patents", "zh": "专利"}
ADVICE = {"en": "improve the wider financing", "zh": "促进融资"}
"""A direction is quoted: it may say what our own words may not."""
LEVERS: dict[str, Any] = {
    "rows": [LEVER, LEVER | BEYOND],
    "absent": [{"indicator": "x", "code": "not_in_panel", "detail": "", "label": ABSENT}],
    "directions": [ADVICE | {"source": {"en": "somebody, 2020", "zh": "某人，2020"}}],
}


def row_of(**own: Any) -> dict[str, Any]:
    every = {"slice": "all", "level": "", "years": 9, "wins": 5, "mae": 1.4}
    errors = {f"mae_{name}": 1.5 for name in ("zero", "group_median", "forecasting")}
    skills = {f"skill_{name}": 0.07 for name in ("zero", "group_median", "forecasting")}
    return every | errors | skills | {"difference": -0.1, "low": -0.2, "high": -0.01} | own


def view(name: str, grade: str = "", **own: Any) -> dict[str, Any]:
    indicator = {"id": "x", "label": NAMES, "family": "digital", "unit": "%", "value": -1.5}
    return {
        "view": name,
        "horizon": 1,
        "forecast": 0.5,
        "lower": -1.0,
        "upper": 2.0,
        "coverage": 0.9,
        "rank": 3,
        "of": 40,
        "skill": None,
        "nil": False,
        "base": 0.1,
        "missing": 0.05,
        "missing_count": 1,
        "rest": -0.05,
        "rest_count": 2,
        "families": [
            {"family": "digital", "contribution": 0.4, "grade": grade},
            {"family": "talent", "contribution": -0.05, "grade": "unstable" if grade else ""},
        ],
        "indicators": [{**indicator, "contribution": 0.4, "grade": grade}],
        "ordered": {"family": False, "indicator": False},
        **own,
    }


def summary(grade: str = "", **own: Any) -> dict[str, Any]:
    nil = {"rows": [row_of(high=0.1)], "shown": False}
    analogues = [{"city": "Elford", "year": 2010, "target": 2011, "distance": 0.4, "outcome": -1.0}]
    changed = {"id": "x", "label": NAMES, "family": "digital", "unit": "%"}
    return {
        "format": 1,
        "city": "Alby",
        "groups": [{"group": "region", "level": "East"}],
        "horizon": 1,
        "origin": 2020,
        "target": 2021,
        "model": "demo",
        "simulated": True,
        "title": {"en": "Demo", "zh": "演示"},
        "outcome": {"en": "real GDP", "zh": "实际地区生产总值"},
        "measure": measure_words("growth_gap"),
        "forecasts": [FORECAST],
        "past": [{"year": 2019, "outcome": 3.0}, {"year": 2020, "outcome": -1.0}],
        "record": {
            "years": 1,
            "first": 2019,
            "last": 2019,
            "mae": 1.0,
            "zero_mae": 2.0,
            "forecasts": [{"year": 2020, "forecast": 0.0}],
        },
        "views": [view("forecasting", grade), view("structural", grade, skill=nil, nil=True)],
        "changed": {
            "origin": 2019,
            "before": 0.1,
            "now": 0.5,
            "change": 0.4,
            "missing": 0.0,
            "families": [{"family": "digital", "change": 0.4, "grade": grade}],
            "indicators": [{**changed, "value_before": -1.0, "value": -1.5, "change": 0.4}],
        },
        "peers": {
            "groupings": ["region"],
            "indicators": 7,
            "rows": [
                {
                    "city": "Bren|dale",
                    "province": "P",
                    "distance": 0.2,
                    "groups": 0.0,
                    "size": 0.1,
                    "structure": None,
                    "forecast": 1.0,
                    "rank": 2,
                }
            ],
        },
        "levers": None,
        "analogues": {
            "median": -1.0,
            "low": -1.0,
            "high": -1.0,
            "compared": 90,
            "every": 0.1,
            "indicators": 30,
            "rows": analogues,
        },
        "graded": {"why": "" if grade else "no_study", "refits": 50 if grade else None},
        "notes": [],
        "missing": [],
        **own,
    }
