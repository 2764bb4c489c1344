"""One run of ``train``: the forecaster that is served, and the files of the run."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pandas as pd

from city_resilience import __version__
from city_resilience.audit.training_levels import training_levels
from city_resilience.commands.evaluation import FILES as TABLES
from city_resilience.commands.evaluation import OPTIONAL_FILES as OPTIONAL_TABLES
from city_resilience.commands.evaluation import Evaluation, evaluated, summary_of
from city_resilience.commands.places import levers_of
from city_resilience.commands.source import Source
from city_resilience.companion import Beside, beside, companion, sharing
from city_resilience.errors import InputError
from city_resilience.evaluation.backtest import Backtest, run_backtest
from city_resilience.evaluation.folds import told
from city_resilience.evaluation.live import fit_forecaster
from city_resilience.evaluation.study.stability_table import STABILITY_COLUMNS
from city_resilience.evaluation.study.study import RECIPE_VERSION, recipe_of
from city_resilience.evaluation.tables import levels_of, score_tables
from city_resilience.explain.contributions import contributions, with_early
from city_resilience.explain.driver_tables import (
    HELD_OUT,
    driver_tables,
    with_local_effects,
    write_driver_tables,
)
from city_resilience.explain.forecast_table import name_drivers
from city_resilience.explain.held_families import held_out_families
from city_resilience.explain.held_tables import describe_held_out
from city_resilience.explain.slices import drivers_by_group
from city_resilience.files import sha256_of, write_json, write_table, write_tables
from city_resilience.issued.drift import drift_reference, indicators_read
from city_resilience.models.bundle import save_bundle
from city_resilience.models.forecaster import Forecaster
from city_resilience.models.group_forecast import forecast_groups
from city_resilience.models.intervals import city_positions
from city_resilience.models.manifest import MANIFEST, foreign_files
from city_resilience.models.rows import FORECASTING, STRUCTURAL, ForecastRows
from city_resilience.models.versions import package_versions
from city_resilience.progress import Progress
from city_resilience.reading.marks import MARKS, YEAR_MARKS, mark_tables
from city_resilience.report.audit_page import write_audit
from city_resilience.report.brief_document import write_brief
from city_resilience.report.card import model_card
from city_resilience.report.grading import PART
from city_resilience.report.report_page import BESIDE, write_report
from city_resilience.report.report_workbook import write_report_workbook
from city_resilience.report.summary import Summary
from city_resilience.report.tall import tall_notes
from city_resilience.report.texts import Texts
from city_resilience.tracking.comparison import REVISED_FORECASTS
from city_resilience.unfinished import settle
from city_resilience.workers import seldom_collecting

__all__ = [
    "DRIFT_REFERENCE",
    "FILES",
    "OPTIONAL_FILES",
    "OWN",
    "Live",
    "check_model_folder",
    "digest_of",
    "evaluate_and_fit",
    "graded",
    "run_beside",
    "summarise_run",
    "write_run",
]

MODEL = "model"
DRIFT_REFERENCE = "drift_reference.parquet"
"""What the training panel knew of the indicators that the model reads."""
FILES = (
    *TABLES,
    *(
        "audit.json",
        "audit.html",
        "forecast.csv",
        "forecast_groups.csv",
        "drivers.parquet",
        "drivers_by_group.csv",
        "drivers_structural.parquet",
    ),
    *("summary.json", "report.html", "report.xlsx", "brief.docx", "verdict.json"),
    *(MARKS, YEAR_MARKS, DRIFT_REFERENCE),
)
"""What a run leaves in its output folder, beside the folder of the model."""
GRADES = "grades"
"""Among the tables of drivers: their grades, where a study of the same recipe gives them."""
STRUCTURAL_DRIVERS = "drivers_structural.parquet"
"""What the structural view rests on, where there is one."""
OPTIONAL_FILES = (*OPTIONAL_TABLES, "nowcast.csv", REVISED_FORECASTS)
"""What a run with early releases, earlier panels or revised figures leaves there as well."""
DRIVERS = "drivers"
OWN = (*FILES, *OPTIONAL_FILES, DRIVERS, MODEL)
"""All that a run may leave there: what an earlier one left of it goes when a new one comes."""
LEAST_CELLS = 5_000
"""City-years from which a second process saves more than the 2 s that it takes to start."""
MOST_CELLS = 200_000
"""City-years from which sending a backtest to it takes memory that is better left free."""
Held = tuple[pd.DataFrame, dict[str, pd.DataFrame]]


@dataclass(frozen=True)
class Live:
    """The forecaster that is served, and what it says of the panel it was trained on.

    Attributes
    ----------
    forecast : DataFrame
        As of ``forecast_table``.
    groups : DataFrame
        As of ``forecast_groups``.
    drivers, by_group : DataFrame
        As of ``contributions`` and ``drivers_by_group``; of the forecast.
    nowcast : DataFrame or None
        As of ``forecast_table``, with what early releases say; None where they say nothing.
    structural : DataFrame or None
        As of ``contributions``, of the structural view; None for a model without.
    held_out : DataFrame
        As of ``held_out_drivers``.
    about : mapping of str to DataFrame
        The tables of the folder ``drivers``: ``driver_tables`` and ``held_tables``.
    """

    forecaster: Forecaster
    forecast: pd.DataFrame
    groups: pd.DataFrame
    drivers: pd.DataFrame
    by_group: pd.DataFrame
    nowcast: pd.DataFrame | None = None
    structural: pd.DataFrame | None = None
    held_out: pd.DataFrame = field(default_factory=pd.DataFrame)
    about: Mapping[str, pd.DataFrame] = field(default_factory=dict)

    def tables(self) -> dict[str, pd.DataFrame]:
        """Return the table of each file."""
        return {
            "forecast.csv": self.forecast,
            "forecast_groups.csv": self.groups,
            "drivers.parquet": self.drivers,
            "drivers_by_group.csv": self.by_group,
            **({} if self.nowcast is None else {"nowcast.csv": self.nowcast}),
            **({} if self.structural is None else {STRUCTURAL_DRIVERS: self.structural}),
        }


def check_model_folder(out: Path | None) -> None:
    """Refuse to replace a folder ``model`` that holds anything but a bundle."""
    if out is None:
        return
    settle(out)
    model = out / MODEL
    if model.is_symlink() or model.is_file():
        raise InputError(f"--out {out}: its {MODEL!r} is no plain folder; name another folder")
    if model.exists() and (foreign := foreign_files(model)):
        raise InputError(
            f"--out {out}: {foreign[0]!r} in its {MODEL!r} is no part of a model bundle and would "
            "be replaced; name another folder"
        )


def digest_of(folder: Path) -> str:
    """Return the SHA-256 of the manifest of the model in a run's folder."""
    return sha256_of(folder / MODEL / MANIFEST)


@contextmanager
def run_beside(source: Source) -> Iterator[None]:
    """Let tables and pages of a run be made in a second process, where that pays."""
    cells = source.dataset.outcome.size
    imports = ("city_resilience.commands.run", "scipy.stats", "openpyxl", "pyarrow.parquet")
    wanted = LEAST_CELLS <= cells <= MOST_CELLS
    with seldom_collecting(cells <= MOST_CELLS), companion(imports, wanted):
        yield


def evaluate_and_fit(
    source: Source, fingerprint: str, progress: Progress
) -> tuple[Evaluation, Live]:
    """Run the rolling origins and score them, while the forecaster that is served is fitted.

    Raises
    ------
    InputError
        If the panel is too short, or a required indicator never has a value.
    """
    dataset, settings = source.dataset, source.experiment
    found = run_backtest(dataset, settings, progress, views=True, explain=True)
    panel, breaks = told(dataset), source.audited.level_breaks
    with sharing():
        held = beside(describe_held_out, found.told(explained=True), panel, settings)
        tabled = beside(score_tables, found.told(explained=False), panel, settings, breaks)
        live = _fit_live(source, found, held, fingerprint, progress)
        return evaluated(source, found, tabled.result()), live


def _fit_live(
    source: Source, found: Backtest, held: Beside[Held], fingerprint: str, progress: Progress
) -> Live:
    """Fit the forecaster that is served; forecast and explain the panel with it.

    Parameters
    ----------
    held : Beside
        Of `describe_held_out`.
    """
    settings = source.experiment
    alone = fit_forecaster(
        source.dataset,
        settings,
        found.served_weights,
        fingerprint,
        progress,
        calibrations=found.calibrations,
        slopes=found.served_slopes,
        structural=found.structural,
    )
    position = city_positions(source.dataset.cities, alone.cities)
    now = found.nowcast.live(position) if found.nowcast else {}
    levels = training_levels(source.panel, alone.cities)
    notes = tuple(tall_notes(source.dataset, settings, live=True))
    forecaster = replace(alone, nowcasts=now, levels=levels, notes=notes)
    progress("explaining the forecasts", 0, 1)
    rows = ForecastRows.of(source.dataset)
    listed = rows.among(source.dataset.listed)
    drivers = contributions(forecaster, listed)
    table = forecaster.forecast(rows)
    forecast, nowcast = name_drivers(table, drivers, forecaster, rows), None
    if moved := forecaster.early_moves(rows, table):
        told = with_early(drivers, rows, moved)
        nowcast = name_drivers(forecaster.nowcast(rows, table, moved), told, forecaster, rows)
    groups = levels_of(source.dataset)
    by_group = drivers_by_group(drivers, groups, settings.evaluation.min_group)
    progress("explaining the forecasts", 1, 1)
    totals = forecast_groups(forecaster, rows, table)
    structural = None
    if STRUCTURAL in forecaster.views:
        structural = contributions(forecaster.view(STRUCTURAL), listed)
    live = Live(forecaster, forecast, totals, drivers, by_group, nowcast, structural)
    return _described(live, source, found, held, progress)


def _described(
    live: Live, source: Source, found: Backtest, held: Beside[Held], progress: Progress
) -> Live:
    """Add what both views rest on, live and at the scored origins."""
    progress("describing drivers", 0, 1)
    every, settings = ForecastRows.of(source.dataset), source.experiment
    rows = every.among(source.dataset.listed)
    made = {FORECASTING: live.drivers, STRUCTURAL: live.structural}
    about = driver_tables(live.forecaster, rows, made)
    families = held_out_families(found, source.dataset, settings)
    held_out, tables = held.result()
    about |= with_local_effects(live.forecaster, rows, tables)
    if len(families):
        about |= {"families_held_out": families}
    progress("describing drivers", 1, 1)
    return replace(live, held_out=held_out, about=about)


def summarise_run(source: Source, evaluation: Evaluation, live: Live, **about: Any) -> Summary:
    """Return the summary of a run; ``about`` are further entries of ``RunInfo``."""
    models = live.forecaster.horizons
    return summary_of(
        source,
        evaluation,
        live,
        served=source.experiment.model.serve,
        weights={horizon: dict(model.weights) for horizon, model in models.items()},
        slopes={horizon: model.slope for horizon, model in models.items()},
        dropped={
            name: why for model in models.values() for name, why in model.spec.dropped.items()
        },
        versions={"city-resilience": __version__, **package_versions()},
        fingerprint=live.forecaster.fingerprint,
        created=dt.datetime.now(dt.UTC).strftime("%Y-%m-%d %H:%M UTC"),
        learners=recipe_of(source.experiment)["learners"],
        rules=RECIPE_VERSION,
        levers=levers_of(source, live.forecaster),
        **about,
    )


def write_run(
    folder: Path, source: Source, evaluation: Evaluation, live: Live, summary: Summary
) -> None:
    """Write the files of a run and its model."""
    pages = beside(_write_pages, folder, summary, source.audited.as_dict())
    tables = {**evaluation.tables(), **live.tables(), **mark_tables(source.panel)}
    write_tables(tables, folder)
    grades = graded(summary)
    own = {GRADES: grades} if len(grades) else {}
    write_driver_tables({**live.about, **own}, folder / DRIVERS)
    write_table(live.held_out, folder / DRIVERS / HELD_OUT)
    cities, years = len(source.panel.cities), source.panel.years
    places = Texts(noun=source.experiment.noun).of_places("cities")
    card = model_card(live.forecaster, summary, f"{cities} {places}, {years[0]}-{years[-1]}")
    save_bundle(live.forecaster, folder / MODEL, card_text=card)
    model, dataset = live.forecaster, source.dataset
    known = drift_reference(dataset, model.origin, model.cities, indicators_read(model))
    write_table(known, folder / DRIFT_REFERENCE)
    pages.result()


def _write_pages(folder: Path, summary: Summary, audit: Mapping[str, Any]) -> None:
    write_audit(audit, folder / "audit.json")
    write_audit(audit, folder / "audit.html")
    write_json(summary, folder / "summary.json")
    write_report_workbook(summary, folder / "report.xlsx")
    write_brief(summary, folder / "brief.docx")
    write_report(summary, folder / "report.html", beside=BESIDE)


def graded(summary: Summary) -> pd.DataFrame:
    """Return the study that grades the drivers; no row where it is of another recipe."""
    study = summary.get("study")
    part = study["parts"].get(PART) if study and study["same"] else None
    return pd.DataFrame([] if part is None else part["rows"], columns=list(STABILITY_COLUMNS))
