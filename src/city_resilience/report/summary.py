"""The summary: everything the report shows, as one plain dict that JSON can hold.

All computing of the report happens here and in the modules this one calls; figures and the page
only arrange what the summary says.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import pandas as pd

from city_resilience.errors import InputError
from city_resilience.experiment import Experiment
from city_resilience.report.cities import (
    Labels,
    cities_table,
    contributions,
    driver_groups,
    families,
    indicator_list,
)
from city_resilience.report.intervals import interval_part
from city_resilience.report.observed import coverage_table, observed_families
from city_resilience.report.plain import plain, plain_text
from city_resilience.report.skill import best_naive, groups, outcomes, skill_table, yearly
from city_resilience.report.study import study_section
from city_resilience.report.verdict import verdict
from city_resilience.resilience.measures import MEASURES

__all__ = ["summarise", "with_study"]


def summarise(
    experiment: Experiment,
    *,
    backtest: pd.DataFrame,
    scores: pd.DataFrame,
    forecast: pd.DataFrame,
    drivers: pd.DataFrame,
    coverage: pd.DataFrame,
    labels: Labels,
    info: Mapping[str, Any],
    drivers_by_group: pd.DataFrame | None = None,
    intervals: pd.DataFrame | None = None,
    reliability: pd.DataFrame | None = None,
) -> dict[str, Any]:
    """Compute all that the report shows.

    Parameters
    ----------
    experiment : Experiment
        What was asked for; its title, data source, licence and settings are shown.
    backtest : DataFrame
        Columns ``model, city, origin, horizon, target_year, truth, forecast`` (pp).
    scores : DataFrame
        Tidy scores: ``model, horizon, slice`` ("all", "year", "group:<column>"), ``level`` (an
        origin year for "year"), ``n, mae, rmse, rank_correlation, sign_hit_rate, skill_naive,
        skill_history, difference_history, difference_low, difference_high, years``. Differences
        are MAE minus MAE of history only: below zero is better.
    forecast : DataFrame
        Columns ``city, origin, horizon, target_year, forecast`` and where known ``province,
        lower, upper, coverage, rank, flags``; one row per city and horizon.
    drivers : DataFrame
        Columns ``city, origin, horizon, indicator, family, value, contribution`` (pp), with one
        row ``(base)`` per city and horizon.
    coverage : DataFrame
        Columns ``origin, family, share, age, status, indicators`` and, when known, ``used``.
    labels : mapping
        Indicator id → (English label, Chinese label, family, unit).
    info : mapping
        About the run; each entry may be absent: ``served`` (model name, default that of the
        experiment), ``weights`` (horizon → member → weight), ``versions``, ``fingerprint``,
        ``created``, ``seconds``, ``run_id``, ``files``, ``notes`` (sentences), ``absent``
        (indicator → reason), ``dropped`` (indicator → reason or count, or just ids),
        ``outcome`` (English label, Chinese label), ``interval_level`` (default 0.95),
        ``learners`` and ``rules`` (by which a study of another recipe is told),
        ``study`` (what ``study.run_study`` returned).

    drivers_by_group : DataFrame, optional
        Columns ``group, level, n, horizon, family, mean_abs, mean``; see
        ``drivers.drivers_by_group``.
    intervals, reliability : DataFrame, optional
        See ``forecasting.score_intervals`` and ``forecasting.reliability``.

    Returns
    -------
    dict
        JSON-able; per horizon (as text) ``skill``, ``years``, ``verdict``, ``outcomes``,
        ``groups``, ``families``, ``driver_groups``, ``parts``; besides ``cities``, ``coverage``,
        ``indicators``, ``run`` and what the heading needs.

    Raises
    ------
    InputError
        If the served model has no score at a horizon.
    """
    served = str(info.get("served") or experiment.model.serve)
    level = float(info.get("interval_level", 0.95))
    live = int(forecast["origin"].max()) if len(forecast) else None
    drivers = _live_drivers(drivers, forecast)
    indicators = indicator_list(drivers, labels)
    observed = observed_families(coverage, live)
    shown = [family for family in experiment.features.families if family in observed]
    names: dict[str, int] = {}
    measure = experiment.outcome.measure
    by_horizon = {
        str(horizon): {
            **_accuracy(
                backtest, scores, horizon, served, level=level, names=names, measure=measure
            ),
            "families": families(drivers, horizon, indicators, observed),
            "driver_groups": []
            if drivers_by_group is None
            else driver_groups(drivers_by_group, horizon, shown),
            "parts": contributions(drivers, horizon, indicators, observed),
            "intervals": interval_part(intervals, reliability, horizon, measure),
        }
        for horizon in sorted({int(value) for value in scores["horizon"]})
    }
    summary = {
        **_heading(experiment, info, forecast, live),
        "served": served,
        "interval_level": level,
        "horizons": [int(horizon) for horizon in by_horizon],
        "by_horizon": by_horizon,
        "indicators": indicators,
        "cities": cities_table(forecast),
        "has_intervals": "lower" in forecast and bool(forecast["lower"].notna().any()),
        "outcome_cities": list(names),
        "coverage": coverage_table(coverage, experiment.features.families, live),
        "run": _run(experiment, info, labels),
    }
    return with_study(summary, info["study"]) if info.get("study") else summary


def with_study(summary: Mapping[str, Any], study: Mapping[str, Any]) -> dict[str, Any]:
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
    return {**summary, "study": study_section(study, {**run, "served": summary["served"]})}


def _accuracy(
    backtest: pd.DataFrame,
    scores: pd.DataFrame,
    horizon: int,
    served: str,
    *,
    level: float,
    names: dict[str, int],
    measure: str,
) -> dict[str, Any]:
    table = skill_table(scores, horizon, served)
    naive = best_naive(scores[(scores["horizon"] == horizon) & (scores["slice"] == "all")])
    years = yearly(scores, horizon, served, naive)
    return {
        "skill": table,
        "years": years,
        "verdict": verdict(table, years, horizon, level, measure),
        "outcomes": outcomes(backtest, scores, horizon, served, names),
        "groups": groups(scores, horizon, served, naive),
    }


def _live_drivers(drivers: pd.DataFrame, forecast: pd.DataFrame) -> pd.DataFrame:
    live = forecast.drop_duplicates("city").set_index("city")["origin"]
    return drivers[drivers["origin"] == drivers["city"].map(live)]


def _heading(
    experiment: Experiment, info: Mapping[str, Any], forecast: pd.DataFrame, live: int | None
) -> dict[str, Any]:
    title = experiment.title or experiment.name
    outcome = info.get("outcome") or (experiment.outcome.variable,) * 2
    return {
        "title": {"en": title, "zh": experiment.title_zh or title},
        "outcome": {"en": str(outcome[0]), "zh": str(outcome[1] or outcome[0])},
        "simulated": experiment.data.simulated,
        "measure": _measure(experiment.outcome.measure),
        "origin": live,
        "targets": sorted(
            {int(y) for y in forecast.loc[forecast["origin"] == live, "target_year"]}
        ),
        "city_count": int(forecast["city"].nunique()),
    }


def _measure(name: str) -> dict[str, str]:
    measure = MEASURES[name]
    return {
        "id": measure.id,
        "en": measure.label_en,
        "zh": measure.label_zh,
        "unit": measure.mark,
    }


def _run(experiment: Experiment, info: Mapping[str, Any], labels: Labels) -> dict[str, Any]:
    weights = info.get("weights") or {}
    members = list(dict.fromkeys(name for part in weights.values() for name in part))
    return {
        "name": experiment.name,
        "digest": experiment.digest(),
        "learners": info.get("learners"),
        "rules": info.get("rules"),
        "source": experiment.data.source,
        "licence": experiment.data.licence,
        "settings": list(_settings(experiment.model_dump(mode="json"))),
        "members": members,
        "weights": [
            {"horizon": int(horizon), "weights": [plain(part.get(name)) for name in members]}
            for horizon, part in sorted(weights.items(), key=lambda item: int(item[0]))
        ],
        "versions": {str(name): str(value) for name, value in info.get("versions", {}).items()},
        "seconds": plain(info.get("seconds"), 1),
        **{name: plain_text(info.get(name)) for name in ("fingerprint", "created", "run_id")},
        "files": plain_text(info.get("files")),
        "notes": [str(note) for note in info.get("notes", ())],
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


def _reasons(entries: Mapping[str, Any] | Iterable[str], labels: Labels) -> list[dict[str, str]]:
    reasons = entries if isinstance(entries, Mapping) else dict.fromkeys(entries, "")
    found = []
    for name, reason in reasons.items():
        en, zh, *_ = labels.get(name, (name, name))
        found.append({"id": name, "en": en or name, "zh": zh or en or name, "reason": str(reason)})
    return found
