"""The summary of a run: everything that page, terminal and model card show, as plain values.

All computing of the report happens here and in the modules this one calls; JSON can hold the
summary. It has codes and figures; words are put to them by `texts`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, TypedDict

import pandas as pd

from city_resilience.errors import InputError
from city_resilience.experiment.experiment import Experiment
from city_resilience.foreign import read_json
from city_resilience.mechanisms.recipe import asked_hash
from city_resilience.report.cities import (
    Labels,
    cities_table,
    contributions,
    driver_groups,
    families,
    indicator_list,
    leading_values,
)
from city_resilience.report.city_places import Places, unknown_place
from city_resilience.report.coverage import coverage_table, live_families
from city_resilience.report.formatting import rounded, text_of
from city_resilience.report.grading import grades_of
from city_resilience.report.group_rows import group_past, shown_group
from city_resilience.report.headline import headline
from city_resilience.report.intervals import interval_part
from city_resilience.report.mechanisms import with_mechanisms
from city_resilience.report.nowcast import moved_horizons, nowcast_part, panel_alone
from city_resilience.report.outlook import nowcast_outlook, outlook_part, with_reasons
from city_resilience.report.outlook_shapes import Outlook
from city_resilience.report.periods import period_scores
from city_resilience.report.places import places_part
from city_resilience.report.shapes import shapes_part
from city_resilience.report.shock_part import shocks_part
from city_resilience.report.skill import group_scores, model_scores, outcomes, yearly_errors
from city_resilience.report.study import study_part
from city_resilience.report.texts import measure_words
from city_resilience.report.totals import totals_part
from city_resilience.report.views import views_part
from city_resilience.report.vintages import vintage_part

__all__ = [
    "HorizonPart",
    "RunInfo",
    "Summary",
    "read_summary",
    "summarise",
    "with_mechanisms",
    "with_study",
]

FORMAT = 3

Rows = list[dict[str, Any]]


class HorizonPart(TypedDict):
    """What is known at one horizon; see the function that makes each part."""

    skill: Rows
    periods: dict[str, Any]
    years: dict[str, Any]
    headline: dict[str, Any]
    outcomes: dict[str, Any]
    groups: Rows
    families: dict[str, Any]
    driver_groups: Rows
    parts: dict[str, dict[str, Any]]
    intervals: dict[str, Any] | None
    totals: dict[str, Any] | None
    shapes: dict[str, dict[str, Any]]
    places: dict[str, dict[str, Any]]
    outlook: Outlook
    nowcast_outlook: Outlook | None


class Summary(TypedDict, total=False):
    """What a run found. ``by_horizon`` has the horizon as text; ``study`` is there if one is.

    ``levels``, as of `leading_values`, is there where there are drivers, ``levers`` where any are
    marked.
    All but ``nowcast`` is about the forecast from the panel alone; that is there if one is, and
    ``changed`` where the forecast was issued after another one.
    """

    format: int
    title: dict[str, str]
    outcome: dict[str, str]
    measure: dict[str, str]
    simulated: bool
    origin: int | None
    targets: list[int]
    city_count: int
    served: str
    interval_level: float
    horizons: list[int]
    by_horizon: dict[str, HorizonPart]
    indicators: list[dict[str, str]]
    cities: Rows
    past_years: list[int]
    nation_growth: list[float | None]
    group_past: dict[str, list[float | None]]
    levels: dict[str, Any]
    levers: dict[str, Any]
    has_intervals: bool
    outcome_cities: list[str]
    coverage: dict[str, Any]
    run: dict[str, Any]
    study: dict[str, Any]
    mechanisms: dict[str, Any]
    nowcast: dict[str, Any]
    vintages: dict[str, Any]
    views: dict[str, Any]
    changed: dict[str, Any] | None
    shocks: Rows


class RunInfo(TypedDict, total=False):
    """About a run; each entry may be absent."""

    served: str  # default: that of the experiment
    weights: Mapping[int, Mapping[str, float]]  # horizon → member
    slopes: Mapping[int, float]  # horizon → share of its size at which it is taken
    versions: Mapping[str, str]
    fingerprint: str
    created: str
    seconds: float
    run_id: str
    files: str
    notes: Iterable[str]  # of the panel, sentences
    account: Mapping[str, Any]  # what came in, as `Account.as_dict` returns it
    audit: Mapping[str, int]  # severity → number
    checks: Rows  # what each check of the audit found, as of `audit_checks`
    accepted: Mapping[str, str]  # issue → why
    unlabelled: Mapping[int, Mapping[str, int]]  # horizon → reason → city-years without a label
    absent: Mapping[str, Any]  # indicator → why
    dropped: Mapping[str, Any]
    outcome: tuple[str, str]  # English and Chinese label
    nation: str  # default: sum; see `Nation.id`
    cities: int  # default: how many are listed
    interval_level: float  # default: 0.95
    learners: Mapping[str, Any]  # by these and the rules a study of another recipe is told
    rules: int
    study: Mapping[str, Any] | None  # what run_study returned
    mechanisms: Mapping[str, Any] | None  # what run_mechanisms returned
    places: Places  # what is known of the places besides their forecasts
    levers: Mapping[str, Any] | None  # what `every_lever` returned


def summarise(
    experiment: Experiment,
    tables: Mapping[str, pd.DataFrame],
    info: RunInfo,
    labels: Labels | None = None,
) -> Summary:
    """Compute all that is shown of a backtest and, where there is one, of its forecast.

    Parameters
    ----------
    experiment : Experiment
        What was asked for; its title, data source, licence and settings are shown.
    tables : mapping of str to DataFrame
        What a run writes, by the name of its file: ``backtest.parquet``, ``scores.csv`` and
        ``coverage.csv``; ``comparisons.csv``, ``intervals.csv``, ``reliability.csv``,
        ``sums.csv``, ``forecast.csv``, ``forecast_groups.csv``, ``drivers.parquet`` and
        ``drivers_by_group.csv``, ``structural.csv`` and ``drivers_structural.parquet`` may be
        absent, as may ``shapes``, ``dependence``, ``pairs`` and ``places`` of the folder
        ``drivers`` and ``stated``, the intervals at scored origins; with early releases there are
        ``nowcast_scores.csv`` and ``nowcast.csv``, with earlier panels ``vintages.csv``.
    info : mapping
    labels : mapping
        Indicator id → (English label, Chinese label, family, unit).

    Raises
    ------
    InputError
        If the served model has no score at a horizon.
    """
    nowcast, moved = nowcast_part(tables), moved_horizons(tables.get("nowcast.csv"))
    tables = {name: panel_alone(own) for name, own in tables.items()}
    scores, coverage = tables["scores.csv"], tables["coverage.csv"]
    intervals = tables.get("intervals.csv")
    forecast = tables.get("forecast.csv", pd.DataFrame(columns=_FORECAST))
    drivers = tables.get("drivers.parquet", pd.DataFrame(columns=_DRIVERS))
    served = str(info.get("served") or experiment.model.serve)
    live = _live_origin(forecast, coverage)
    drivers = _live_drivers(drivers, forecast)
    indicators = indicator_list(drivers, labels or {})
    observed = live_families(coverage, live)
    shown = [family for family in experiment.features.families if family in observed]
    names: dict[str, int] = {}
    places = info.get("places") or Places(past_years=[], nation_growth=[], cities={})
    cities = [
        {**entry, **places["cities"].get(entry["city"], unknown_place())}
        for entry in cities_table(forecast, moved)
    ]
    by_horizon: dict[str, HorizonPart] = {}
    for horizon in sorted({int(value) for value in scores["horizon"]}):
        table = model_scores(scores, horizon, served, tables.get("comparisons.csv"))
        naive = next((row["model"] for row in table if row["best_naive"]), None)
        years = yearly_errors(scores, horizon, served, naive)
        totals = totals_part(tables.get("forecast_groups.csv"), tables.get("sums.csv"), horizon)
        outlook = outlook_part(cities, tables, totals, horizon, served)
        by_horizon[str(horizon)] = {
            "skill": table,
            "periods": period_scores(scores, horizon, served),
            "years": years,
            "headline": headline(table, years),
            "outcomes": outcomes(tables["backtest.parquet"], scores, horizon, served, names),
            "groups": group_scores(scores, horizon, served, naive),
            "families": families(drivers, horizon, indicators, observed),
            "driver_groups": driver_groups(tables.get("drivers_by_group.csv"), horizon, shown),
            "parts": contributions(drivers, horizon, indicators, observed),
            "intervals": interval_part(
                intervals, tables.get("reliability.csv"), horizon, experiment.model.interval
            ),
            "totals": totals,
            "shapes": shapes_part(tables, horizon, labels or {}),
            "places": places_part(tables.get("places"), horizon, labels or {}),
            "outlook": outlook,
            "nowcast_outlook": nowcast_outlook(cities, outlook, horizon),
        }
    summary: Summary = {
        **_heading(experiment, info, forecast, live),
        "served": served,
        "interval_level": float(info.get("interval_level", 0.95)),
        "horizons": [int(horizon) for horizon in by_horizon],
        "by_horizon": by_horizon,
        "indicators": indicators,
        "cities": cities,
        "past_years": places["past_years"],
        "nation_growth": places["nation_growth"],
        "shocks": shocks_part(cities, places["past_years"], places["nation_growth"]),
        "group_past": group_past(cities, shown_group(cities)),
        "has_intervals": "lower" in forecast and bool(forecast["lower"].notna().any()),
        "outcome_cities": list(names),
        "coverage": coverage_table(coverage, experiment.features.families, live),
        "run": _run(experiment, info, labels or {}),
    }
    if (levels := leading_values(drivers, indicators, observed)) is not None:
        summary["levels"] = levels
    if levers := info.get("levers"):
        summary["levers"] = dict(levers)
    if nowcast is not None:
        summary["nowcast"] = nowcast
    if (vintages := vintage_part(tables.get("vintages.csv"))) is not None:
        summary["vintages"] = vintages
    views = views_part(
        tables.get("structural.csv"), tables.get("drivers_structural.parquet"), labels or {}
    )
    if views is not None:
        summary["views"] = views
    if mechanisms := info.get("mechanisms"):
        summary = with_mechanisms(summary, mechanisms)
    if study := info.get("study"):
        return with_study(summary, study)
    return {**summary, "by_horizon": with_reasons(summary, grades_of(None, same=False))}


def read_summary(path: Path) -> Summary:
    """Read the summary that a run left.

    Raises
    ------
    InputError
        If it was written by a version that keeps other values.
    """
    summary: Summary = read_json(path, "train again")
    found = summary.get("format") if isinstance(summary, dict) else None
    if found != FORMAT:
        raise InputError(
            f"{path}: expected a summary of format {FORMAT}, found {found!r}; train again with "
            "this version"
        )
    return summary


def with_study(summary: Summary, study: Mapping[str, Any]) -> Summary:
    """Return a summary with what a study found, in place of any other study.

    Raises
    ------
    InputError
        If the study is of another experiment or measure.
    """
    run, measure = summary["run"], summary["measure"]["id"]
    for what, own, found in (
        ("experiment", run["name"], study["experiment"]),
        ("measure", measure, study["measure"]),
    ):
        if own != found:
            raise InputError(
                f"study.json: it is about {what} {found!r}, the report about {own!r}; name the "
                "study of the same experiment"
            )
    part = study_part(study, {**run, "served": summary["served"]})
    graded = with_reasons(summary, grades_of(part, part["same"]))
    return {**summary, "study": part, "by_horizon": graded}


_FORECAST = ("city", "origin", "horizon", "target_year", "forecast")
_DRIVERS = ("city", "origin", "horizon", "indicator", "family", "value", "contribution")


def _live_origin(forecast: pd.DataFrame, coverage: pd.DataFrame) -> int | None:
    origins = forecast["origin"] if len(forecast) else coverage["origin"]
    return int(origins.max()) if len(origins) else None


def _live_drivers(drivers: pd.DataFrame, forecast: pd.DataFrame) -> pd.DataFrame:
    live = forecast.drop_duplicates("city").set_index("city")["origin"]
    return drivers[drivers["origin"] == drivers["city"].map(live)]


def _heading(
    experiment: Experiment, info: RunInfo, forecast: pd.DataFrame, live: int | None
) -> Summary:
    title = experiment.title or experiment.name
    outcome = info.get("outcome") or (experiment.outcome.variable,) * 2
    targets = forecast.loc[forecast["origin"] == live, "target_year"]
    return {
        "format": FORMAT,
        "title": {"en": title, "zh": experiment.title_zh or title},
        "outcome": {"en": str(outcome[0]), "zh": str(outcome[1] or outcome[0])},
        "simulated": experiment.data.simulated,
        "measure": measure_words(
            experiment.outcome.measure, experiment.noun, info.get("nation", "sum")
        ),
        "origin": live,
        "targets": sorted({int(year) for year in targets}),
        "city_count": int(info.get("cities") or forecast["city"].nunique()),
    }


def _run(experiment: Experiment, info: RunInfo, labels: Labels) -> dict[str, Any]:
    weights = info.get("weights") or {}
    members = list(dict.fromkeys(name for part in weights.values() for name in part))
    return {
        "name": experiment.name,
        "digest": experiment.digest(),
        "claims": asked_hash(experiment.mechanisms.model_dump(mode="json")),
        "learners": info.get("learners"),
        "rules": info.get("rules"),
        "source": experiment.data.source,
        "licence": experiment.data.licence,
        "settings": list(_settings(experiment.model_dump(mode="json"))),
        "members": members,
        "weights": [
            {"horizon": int(horizon), "weights": [rounded(part.get(name)) for name in members]}
            for horizon, part in sorted(weights.items(), key=lambda item: int(item[0]))
        ],
        "slopes": [
            {"horizon": int(horizon), "percent": percent}
            for horizon, slope in sorted((info.get("slopes") or {}).items())
            if (percent := round(100 * slope)) < 100
        ],
        "versions": {str(name): str(value) for name, value in info.get("versions", {}).items()},
        "seconds": rounded(info.get("seconds"), 1),
        **{name: text_of(info.get(name)) for name in ("fingerprint", "created", "run_id", "files")},
        "notes": [str(note) for note in info.get("notes", ())],
        "account": dict(info.get("account", {})),
        "audit": dict(info.get("audit", {})),
        "checks": list(info.get("checks", ())),
        "accepted": dict(info.get("accepted", {})),
        "unlabelled": [
            {"horizon": int(horizon), "reason": reason, "n": int(n)}
            for horizon, reasons in info.get("unlabelled", {}).items()
            for reason, n in reasons.items()
        ],
        "absent": _reasons(info.get("absent", {}), labels),
        "dropped": _reasons(info.get("dropped", {}), labels),
    }


def _settings(values: Mapping[str, Any], prefix: str = "") -> Iterable[list[str]]:
    for key, value in values.items():
        if isinstance(value, Mapping):
            yield from _settings(value, f"{prefix}{key}.")
        elif f"{prefix}{key}" != "data.path":
            shown = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
            yield [f"{prefix}{key}", "–" if value is None or shown == "" else shown]


def _reasons(reasons: Mapping[str, Any], labels: Labels) -> list[dict[str, str]]:
    found = []
    for name, reason in reasons.items():
        en, zh, *_ = labels.get(name, (name, name))
        found.append({"id": name, "en": en or name, "zh": zh or en or name, "reason": str(reason)})
    return found
