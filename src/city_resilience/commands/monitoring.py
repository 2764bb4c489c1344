"""What ``monitor`` computes: outcomes, scores, drift and alarms; its files and its run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd

from city_resilience.audit.audit import AuditResult
from city_resilience.audit.read_audited import read_audited
from city_resilience.commands.monitor import CHANGED, FILES, PAGE, SUMMARY, TABLES, Monitored
from city_resilience.commands.run import DRIFT_REFERENCE
from city_resilience.errors import InputError
from city_resilience.evaluation.tables import levels_of
from city_resilience.files import write_json, write_table, write_tables
from city_resilience.issued.alarms import backtest_beside, drift_alarms, score_alarms
from city_resilience.issued.changes import changed_since
from city_resilience.issued.drift import (
    REFERENCE_COLUMNS,
    drift_of,
    drift_reference,
    indicators_read,
)
from city_resilience.issued.record import Issues
from city_resilience.issued.scoring import issued_scores, scored_rows, survey_table
from city_resilience.models.forecaster import Forecaster
from city_resilience.publishing import publishing
from city_resilience.report.monitor import write_monitor
from city_resilience.report.monitor_summary import Found, monitor_summary
from city_resilience.report.texts import measure_words
from city_resilience.tasks.dataset import Dataset, build_dataset, common_origin
from city_resilience.tracking.registry import FoundModel, result_file

__all__ = ["looked_at", "write_monitored"]

RUN, PANEL = "run", "panel"
"""Where what the training knew comes from: the model's run, or the older years of the panel."""


def looked_at(
    forecaster: Forecaster,
    found: FoundModel,
    issues: Issues,
    sources: Sequence[pd.DataFrame | Path | str],
    sheet: str,
    lang: str,
) -> Monitored:
    """Compute all that ``monitor`` says; nothing is written.

    Raises
    ------
    InputError
        If a panel is not usable, or what was issued is not what the model forecasts.
    """
    experiment = forecaster.experiment
    _check_measure(issues, forecaster)
    panels = [_outcomes(source, forecaster, sheet) for source in sources]
    last, breaks = panels[-1][0], panels[-1][1].level_breaks
    origin = common_origin(last.outcome, last.years, experiment.noun)
    rows = scored_rows(issues.table, {str(k): own for k, (own, _) in enumerate(panels)})
    least = experiment.evaluation.min_group
    scores = issued_scores(rows, levels_of(last), least, breaks)
    survey, backtest = survey_table(rows), _backtest(found, experiment.model.serve)
    reference, kept = _reference(found, forecaster, last, origin)
    limits = experiment.monitor
    drift = drift_of(reference, last, origin, forecaster.cities, limits)
    changed = changed_since(issues)
    alarms = (*score_alarms(scores, limits, backtest), *drift_alarms(drift))
    title = experiment.title or experiment.name
    summary = monitor_summary(
        Found(scores, survey, drift, changed, alarms, backtest, issues.issued),
        labels={spec.id: (spec.label_en, spec.label_zh) for spec in last.specs},
        about={
            "title": {"en": title, "zh": experiment.title_zh or title},
            "measure": measure_words(experiment.outcome.measure, experiment.noun, last.nation.id),
            "model": found.name if found.version else experiment.name,
            "origin": forecaster.origin,
            "actual_year": origin,
            "simulated": experiment.data.simulated,
            "limits": limits.model_dump(mode="json"),
            "reference": kept,
            "lang": lang,
        },
    )
    return Monitored(rows, scores, survey, drift, changed, alarms, summary, None, "")


def _outcomes(
    source: pd.DataFrame | Path | str, forecaster: Forecaster, sheet: str
) -> tuple[Dataset, AuditResult]:
    read = read_audited(source, forecaster.experiment, purpose="predict", sheet=sheet)
    return build_dataset(read.panel, forecaster.experiment, forecaster.composite), read.audit


def _check_measure(issues: Issues, forecaster: Forecaster) -> None:
    measure = forecaster.experiment.outcome.measure
    for one in issues.issued:
        if one.measure != measure:
            raise InputError(
                f"{issues.folder / one.id}: is a forecast of {one.measure!r}, the model forecasts "
                f"{measure!r}; name the model that issued it with --model"
            )


def _backtest(found: FoundModel, served: str) -> dict[tuple[str, int], dict[str, float]]:
    """Return what the backtest of the model said; nothing where its run has no tables."""
    try:
        scores, intervals = (
            pd.read_csv(result_file(found, name, "train it again"))
            for name in ("scores.csv", "intervals.csv")
        )
    except InputError:
        return {}
    return backtest_beside(scores, intervals, served)


def _reference(
    found: FoundModel, forecaster: Forecaster, newest: Dataset, origin: int
) -> tuple[pd.DataFrame, str]:
    """Return what the training knew of the indicators, and where that comes from."""
    try:
        known = pd.read_parquet(result_file(found, DRIFT_REFERENCE, "train it again"))
        if set(REFERENCE_COLUMNS) <= set(known.columns):
            return known, RUN
    except InputError:
        pass
    start = min(forecaster.origin, origin)
    return (
        drift_reference(newest, start, forecaster.cities, indicators_read(forecaster)),
        PANEL,
    )


def write_monitored(
    seen: Monitored, found: FoundModel, forecaster: Forecaster, out: Path | None
) -> Monitored:
    """Write the files where asked for, and log them to the store of a registered model."""
    with publishing(out, obsolete=FILES) as folder:
        _write(seen, folder)
        run_id = _logged(seen, found, forecaster, folder)
    return replace(seen, out=out, run_id=run_id)


def _write(seen: Monitored, folder: Path) -> None:
    tables = (seen.rows, seen.scores, seen.survey, seen.drift)
    write_tables(dict(zip(TABLES, tables, strict=True)), folder)
    if seen.changed is not None:
        write_table(seen.changed.rows, folder / CHANGED)
    write_json(seen.summary, folder / SUMMARY)
    write_monitor(seen.summary, folder / PAGE)


def _logged(seen: Monitored, found: FoundModel, forecaster: Forecaster, folder: Path) -> str:
    if found.version is None or found.store is None:
        return ""
    from city_resilience.tracking.metrics import issued_metrics
    from city_resilience.tracking.runs import track

    tags: dict[str, Any] = {"model": found.name, "alarms": str(len(seen.alarms))}
    about = {"fingerprint": forecaster.fingerprint, "command": "monitor"}
    with track(found.store, forecaster.experiment, **about) as run:
        metrics = issued_metrics(seen.scores, seen.drift)
        run.record(metrics, tags={f"city_resilience.{k}": own for k, own in tags.items()})
        run.artifacts(folder)
    return run.run_id
