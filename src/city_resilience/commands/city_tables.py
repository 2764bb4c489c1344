"""What ``explain`` knows of cities: computed on a panel, or found in the tables of a run."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from city_resilience.audit.read_audited import read_audited
from city_resilience.commands.beside import record_beside, skill_beside, summary_beside
from city_resilience.commands.early import Given, as_day, early_lines, named_files, read_early
from city_resilience.commands.run import STRUCTURAL_DRIVERS
from city_resilience.errors import InputError
from city_resilience.evaluation.study.study import (
    read_study,
    recipe_of,
    same_recipe,
    study_beside,
)
from city_resilience.experiment.experiment import Experiment
from city_resilience.explain.city import (
    CityExplanation,
    at_horizon,
    explain_rows,
    of_cities,
    summed_table,
    with_ranks,
)
from city_resilience.explain.city_levers import city_levers
from city_resilience.explain.contributions import contributions, early_labels, with_early
from city_resilience.explain.forecast_table import check_city, check_panel, unobserved_families
from city_resilience.explain.moving import ground_of
from city_resilience.explain.support import Nearness
from city_resilience.foreign import read_table
from city_resilience.indicators.indicator import Index, Indicator
from city_resilience.indicators.table import load_indices, load_table
from city_resilience.models.forecaster import Forecaster
from city_resilience.models.nowcast import EARLY_FAMILY
from city_resilience.models.rows import FORECASTING, STRUCTURAL, ForecastRows
from city_resilience.reading.panel import Panel
from city_resilience.report.cities import Labels
from city_resilience.report.city_summary import CityAbout
from city_resilience.report.grading import Grades, grades_of
from city_resilience.report.summary import Summary, read_summary
from city_resilience.report.texts import measure_words, placed
from city_resilience.spreadsheet import plain_text
from city_resilience.tracking.registry import FoundModel, result_file

__all__ = ["Known", "known_by_panel", "known_of_run"]

OTHERWISE = "give the panel with --data"
PANEL_ALONE = ("past", "changed", "peers", "analogues")
"""Sections of a page that only a panel gives."""


@dataclass(frozen=True)
class Known:
    """The cities that were asked for, and what is known besides."""

    cities: Sequence[CityExplanation]
    about: CityAbout


def known_by_panel(
    forecaster: Forecaster,
    found: FoundModel | None,
    data: pd.DataFrame | Path | str,
    cities: Sequence[str],
    horizon: int | None,
    *,
    early: Given = None,
    as_of: dt.date | str | None = None,
    study: Path | str | None = None,
) -> Known:
    """Compute what a panel says of some cities."""
    experiment = forecaster.experiment
    given, day = named_files(early), as_day(as_of, experiment)
    panel = read_audited(data, experiment, purpose="predict").panel
    releases = read_early(experiment, given, panel)
    rows = check_panel(forecaster, panel, allow_partial=True, early=releases.releases, as_of=day)
    for city in cities:
        check_city(city, list(rows.names), experiment, rows)
    chosen = _horizon(horizon, list(forecaster.horizons))
    tables, drivers = _views(forecaster, rows, cities)
    specs = (*load_table(), *rows.dataset.specs)
    names = {spec.id: _labels(spec, panel, experiment) for spec in specs}
    for id, name in early_labels(releases.releases).items():
        names[id] = (name, name, EARLY_FAMILY, "")
    outcome = panel.variables[experiment.outcome.variable]
    absent = (
        f"early.{name}: no file of this release; give it with --early {name}=PATH"
        for name in releases.missing
    )
    unseen = unobserved_families(forecaster, rows)
    about = CityAbout(
        experiment=experiment,
        measure=measure_words(experiment.outcome.measure, experiment.noun, rows.dataset.nation.id),
        labels=names,
        observed={EARLY_FAMILY, *(spec.family for spec in rows.dataset.specs)} - set(unseen),
        grades=_grades(forecaster, study),
        notes=(*early_lines(rows.dataset, rows.origin), *absent),
        outcome=(outcome.label_en, outcome.label_zh or outcome.label_en),
        levers=_levers(forecaster, panel, rows, cities, chosen),
        **_beside(found, forecaster, chosen),
    )
    return Known(explain_rows(forecaster, rows, cities, chosen, tables, drivers), about)


def _levers(
    forecaster: Forecaster, panel: Panel, rows: ForecastRows, cities: Sequence[str], horizon: int
) -> dict[str, dict[str, Any]]:
    """Return the levers of cities, where the experiment marks some."""
    if not forecaster.experiment.actionable:
        return {}
    ground = ground_of(forecaster, panel, rows)
    near = Nearness.of(ground)
    found = {city: city_levers(ground, near, city, horizon) for city in cities}
    return {city: own for city, own in found.items() if own is not None}


def _views(
    forecaster: Forecaster, rows: ForecastRows, cities: Sequence[str]
) -> tuple[dict[str, pd.DataFrame], dict[str, pd.DataFrame]]:
    """Return of each view the forecasts of all cities, and the contributions of some."""
    views = forecaster.views
    own = of_cities(rows, cities)
    tables = {name: view.forecast(rows) for name, view in views.items()}
    drivers = {name: contributions(view, own) for name, view in views.items()}
    if forecaster.nowcasts:
        moved = forecaster.early_moves(rows, tables[FORECASTING])
        tables[FORECASTING] = forecaster.nowcast(rows, tables[FORECASTING], moved)
        told = with_early(drivers[FORECASTING], rows, moved)
        drivers[FORECASTING] = told[told["city"].isin(list(cities))]
    return tables, drivers


def known_of_run(
    forecaster: Forecaster,
    found: FoundModel | None,
    cities: Sequence[str],
    horizon: int | None,
    *,
    study: Path | str | None = None,
) -> Known:
    """Return what the tables of a run say of some cities."""
    experiment = forecaster.experiment
    if found is None:
        raise InputError("drivers.parquet: a loaded model has none; give the panel with --data")
    drivers = read_table(result_file(found, "drivers.parquet", OTHERWISE))
    table = read_table(result_file(found, "forecast.csv", OTHERWISE))
    summary = read_summary(result_file(found, "summary.json", OTHERWISE))
    for city in cities:
        check_city(city, list(drivers["city"].unique()), experiment)
    chosen = _horizon(horizon, [int(h) for h in drivers["horizon"].unique()])
    ranked = with_ranks(_typed(table, drivers["city"].unique()))
    alone = "This is the forecast from the panel alone. The nowcast needs --data and --early."
    about = CityAbout(
        experiment=experiment,
        measure=summary["measure"],
        labels=_stored_labels(summary),
        observed=_observed(summary),
        grades=_grades(forecaster, study),
        notes=(alone,) if forecaster.nowcasts else (),
        missing=(*PANEL_ALONE, *(["levers"] if experiment.actionable else [])),
        outcome=(summary["outcome"]["en"], summary["outcome"]["zh"]),
        **_beside(found, forecaster, chosen),
    )
    return Known(_stored(forecaster, found, cities, chosen, ranked, drivers), about)


def _stored(
    forecaster: Forecaster,
    found: FoundModel,
    cities: Sequence[str],
    horizon: int,
    ranked: pd.DataFrame,
    drivers: pd.DataFrame,
) -> list[CityExplanation]:
    """Return what stored forecasts and drivers of both views say of some cities."""
    views, structural = {FORECASTING: drivers}, None
    if STRUCTURAL in forecaster.views:
        views[STRUCTURAL] = read_table(result_file(found, STRUCTURAL_DRIVERS, OTHERWISE))
        structural = summed_table(ranked, views[STRUCTURAL])
    return [
        CityExplanation(
            city=city,
            horizon=horizon,
            table=ranked,
            views={name: at_horizon(own, city, horizon) for name, own in views.items()},
            structural=structural,
        )
        for city in cities
    ]


def _typed(table: pd.DataFrame, cities: Iterable[str]) -> pd.DataFrame:
    """Return a stored table with the types and the names that it was written from."""
    filed = {plain_text(city): city for city in cities}
    texts = ("province", "flags", "information")
    filled = {name: table[name].fillna("").astype(str) for name in texts}
    named = table["city"].replace(filed)
    return table.assign(**filled, city=named, rank=table["rank"].astype("Int64"))


def _horizon(horizon: int | None, known: Sequence[int]) -> int:
    """Return the horizon that is asked for, the shortest where none is."""
    horizons = sorted(known)
    if horizon is None:
        return horizons[0]
    if horizon not in horizons:
        raise InputError(f"--horizon {horizon}: the model has {horizons}; choose one of them")
    return horizon


def _labels(
    spec: Indicator | Index, panel: Panel, experiment: Experiment
) -> tuple[str, str, str, str]:
    """Return the name of an indicator; one of ours is about the places of the experiment."""
    text = {"en": spec.label_en, "zh": spec.label_zh or spec.label_en}
    if spec.id not in panel.variables:
        text = placed(text, experiment.noun)
    return text["en"], text["zh"], spec.family, spec.unit


def _stored_labels(summary: Summary) -> Labels:
    """Return the names of indicators that a run left, the table's own for others."""
    every: tuple[Indicator | Index, ...] = (*load_table(), *load_indices())
    known = {spec.id: (spec.label_en, spec.label_zh, spec.family, spec.unit) for spec in every}
    own = summary["indicators"]
    return known | {row["id"]: (row["en"], row["zh"], row["family"], row["unit"]) for row in own}


def _observed(summary: Summary) -> set[str]:
    """Return the families with live values or carried ones at the origin of a run."""
    absent = {row["family"] for row in summary["coverage"]["absent"]}
    return {row["family"] for row in summary["indicators"]} - absent


def _beside(found: FoundModel | None, forecaster: Forecaster, horizon: int) -> dict[str, Any]:
    """Return skill and record of the model, where a run left its scores beside it."""
    summary = summary_beside(found)
    return {
        "model": found.version.reference
        if found is not None and found.version is not None
        else forecaster.experiment.name,
        "record": record_beside(found, summary),
        "skill": skill_beside(summary, [horizon])[horizon],
    }


def _grades(forecaster: Forecaster, study: Path | str | None) -> Grades:
    """Return the grades of drivers: of a study that is named, or of that beside the experiment."""
    experiment = forecaster.experiment
    beside = Path("experiments") / experiment.name / "experiment.toml"
    found: Mapping[str, object] | None = (
        read_study(Path(study)) if study is not None else study_beside(beside, experiment)
    )
    wanted = recipe_of(experiment) | {"fingerprint": forecaster.fingerprint}
    return grades_of(found, found is not None and same_recipe(found, wanted))
