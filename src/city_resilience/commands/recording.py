"""Issue a forecast from a command: where its record is, and its copy in MLflow."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from city_resilience.errors import InputError

if TYPE_CHECKING:
    import datetime as dt

    import pandas as pd

    from city_resilience.commands.forecasting import Asked, Predicted
    from city_resilience.commands.run import Live
    from city_resilience.commands.source import Source
    from city_resilience.experiment.experiment import Experiment
    from city_resilience.issued.issuing import Made, Traced
    from city_resilience.issued.record import IssuedForecast
    from city_resilience.models.bundle import OpenedBundle
    from city_resilience.tracking.registry import FoundModel, ModelVersion
    from city_resilience.tracking.store import Store

__all__ = [
    "RECORD",
    "Kept",
    "Recorded",
    "check_issue",
    "checked_record",
    "issue",
    "issue_predicted",
    "issue_trained",
    "kept_of",
    "record_folder",
    "recorded_lines",
]

RECORD = "CITY_RESILIENCE_RECORD"
"""Environment variable that names the folder of the record."""
FOLDER = "issued"


@dataclass(frozen=True)
class Recorded:
    """An issued forecast and where it is kept.

    Attributes
    ----------
    issued : IssuedForecast
    folder : Path
        Its folder in the record.
    run_id : str
        The run in MLflow that has a copy; "" for a model that is not registered.
    problem : str
        Why there is no copy though there should be; "" for none.
    """

    issued: IssuedForecast
    folder: Path
    run_id: str = ""
    problem: str = ""


@dataclass(frozen=True)
class Kept:
    """Where ``train`` issues its forecasts, and the day of publication of its panel."""

    place: Path
    vintage: str


def kept_of(
    experiment: Experiment,
    record: Path | str | None,
    vintage: dt.date | str | None,
    store: str,
    experiment_file: Path | None,
) -> Kept | None:
    """Return where ``train`` issues, checked before any work; None where it issues nothing.

    Raises
    ------
    InputError
        If the record cannot be added to, or an option is of no use.
    """
    from city_resilience.issued.issuing import day_of

    if not experiment.issued.on_train:
        given = {"--record": record, "--vintage": vintage}
        if useless := [name for name, own in given.items() if own]:
            raise InputError(
                f"{useless[0]}: is for the record alone; write on_train = true in [issued] of the "
                "experiment"
            )
        return None
    day = day_of(str(vintage or ""))
    return Kept(checked_record(record, store, experiment.name, experiment_file), day)


def checked_record(
    record: Path | str | None, store: str, model: str, experiment_file: Path | None = None
) -> Path:
    """Return the folder of the record as `record_folder`, checked as `check_record`."""
    from city_resilience.issued.adding import check_record

    place = record_folder(record, store, experiment_file)
    check_record(place, model)
    return place


def record_folder(
    record: Path | str | None = None, store: str = "", experiment_file: Path | None = None
) -> Path:
    """Return the folder of the record: the one that was named, else ``issued`` beside the store.

    Parameters
    ----------
    record : Path, optional
        ``--record``; else the environment variable ``CITY_RESILIENCE_RECORD``.
    store, experiment_file
        As for ``resolve_store``.

    Raises
    ------
    InputError
        If none is named and the store is a server.
    """
    from city_resilience.tracking.backend import SQLITE
    from city_resilience.tracking.store import resolve_store

    if named := record or os.environ.get(RECORD, ""):
        return Path(named).expanduser()
    uri = resolve_store(store, experiment_file)
    if not uri.startswith(SQLITE):
        raise InputError(
            f"{uri}: the store is a server, and the record of issued forecasts is a folder; name "
            f"it with --record or {RECORD}"
        )
    return Path(uri.removeprefix(SQLITE)).parent / FOLDER


def check_issue(issue: bool, asked: Asked, record: object, model: object) -> None:
    """Refuse what cannot be issued, before any work.

    Raises
    ------
    InputError
        If only some cities are asked for, the model is none that can be found again, or an option
        is of no use.
    """
    if not issue:
        given = {"--record": record, "--vintage": asked.vintage}
        if useless := [name for name, own in given.items() if own]:
            raise InputError(f"{useless[0]}: is for the record alone; add --issue")
        return
    from city_resilience.issued.issuing import day_of
    from city_resilience.models.forecaster import Forecaster

    import_module("pyarrow")  # now, and not when the forecast is made and written

    if asked.cities:
        raise InputError("--issue: a forecast is issued whole; leave --city out")
    if isinstance(model, Forecaster):
        raise InputError(
            "issue: what is issued names its model; give its folder or its registered name, not "
            "the loaded model"
        )
    day_of(asked.vintage)


def issue_predicted(
    result: Predicted, place: Path, bundle: OpenedBundle, found: FoundModel
) -> Predicted:
    """Issue what ``predict`` forecast, in the record at a place."""
    from city_resilience.issued.issuing import Made, Traced
    from city_resilience.reading.marks import MARKS, cell_marks

    assert result.rows is not None
    version = found.version
    traced = Traced(
        version=version.reference if version else "",
        model_digest=bundle.digest,
        fingerprint=result.fingerprint,
        vintage=result.asked.vintage,
        newest=result.asked.origin is None,
    )
    made = Made(result.forecaster, result.rows, result.table, result.moved)
    beside = {MARKS: cell_marks(result.panel)}
    return replace(result, issued=issue(place, made, traced, beside, version, found.store))


def issue_trained(
    kept: Kept, source: Source, live: Live, digest: str, version: ModelVersion, store: Store
) -> tuple[Recorded, ...]:
    """Issue what ``train`` forecast: the forecast, and the nowcast where there is one.

    Nothing of a version that is not champion.
    """
    from city_resilience.issued.issuing import Made, Traced
    from city_resilience.models.rows import ForecastRows
    from city_resilience.reading.marks import MARKS, cell_marks

    if not version.is_champion:
        return ()
    rows = ForecastRows.of(source.dataset)
    fingerprint = live.forecaster.fingerprint
    traced = Traced(version.reference, digest, fingerprint, vintage=kept.vintage)
    tables = [live.forecast] if live.nowcast is None else [live.forecast, live.nowcast]
    moved = live.forecaster.early_moves(rows, live.forecast)
    made = [Made(live.forecaster, rows, table, moved) for table in tables]
    beside = {MARKS: cell_marks(source.panel)}
    return tuple(issue(kept.place, own, traced, beside, version, store) for own in made)


def issue(
    place: Path,
    made: Made,
    traced: Traced,
    beside: Mapping[str, pd.DataFrame],
    version: ModelVersion | None,
    store: Store | None,
) -> Recorded:
    """Add a forecast to the record and copy it to the run of its model's version."""
    from city_resilience.issued.issuing import issue_forecast
    from city_resilience.issued.record import read_issues

    issued = issue_forecast(place, made, traced, beside=beside)
    recorded = Recorded(issued, place / issued.model / issued.id)
    if version is None or store is None:
        return recorded
    from city_resilience.tracking.issued_copies import copy_issues

    problem = copy_issues(read_issues(place, issued.model), version, store)
    return Recorded(issued, recorded.folder, "" if problem else version.run_id, problem)


def recorded_lines(recorded: Recorded) -> Iterator[str]:
    """Say what was issued, where it is, and what it supersedes."""
    one = recorded.issued
    what = f"{one.id} of {one.model}, {one.status}"
    yield f"{what}, superseding {one.supersedes}" if one.supersedes else what
    copy = f"; a copy is in run {recorded.run_id}" if recorded.run_id else ""
    yield f"kept in {recorded.folder}{copy}"
    if recorded.problem:
        yield f"not copied to MLflow yet ({recorded.problem}); the next issue tries again"
