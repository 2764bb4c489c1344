"""Issue a forecast: lay out all that is kept of it, say whether it is live, and add it."""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd

from city_resilience import __version__
from city_resilience.errors import InputError
from city_resilience.evaluation.baselines import BASELINES
from city_resilience.issued.adding import add_issue
from city_resilience.issued.distribution import distributions, samples_of
from city_resilience.issued.record import (
    NAIVE_COLUMNS,
    ROW_COLUMNS,
    SAMPLES,
    TABLE,
    IssuedForecast,
)
from city_resilience.models.forecaster import Forecaster
from city_resilience.models.rows import NOWCAST, ForecastRows, Moved
from city_resilience.resilience.measures import MEASURES
from city_resilience.tasks.early import available_from

__all__ = ["Made", "Traced", "day_of", "issue_forecast", "issued_rows"]

OWN_COLUMNS = ("province", "nation")
"""Groups of cities that have a column of their own in a forecast."""


@dataclass(frozen=True)
class Made:
    """A forecast as it was made.

    Attributes
    ----------
    table : DataFrame
        Of `Forecaster.forecast` or ``nowcast``, of all rows, perhaps with its drivers.
    moved : mapping
        Of `Forecaster.early_moves`; empty without early releases.
    """

    forecaster: Forecaster
    rows: ForecastRows
    table: pd.DataFrame
    moved: Moved = field(default_factory=dict)


@dataclass(frozen=True)
class Traced:
    """Where a forecast comes from.

    Attributes
    ----------
    version : str
        NAME/VERSION; "" for a model that is not registered.
    model_digest : str
        SHA-256 of the manifest of its bundle.
    fingerprint, vintage : str
        Of the panel; its day of publication where it was told.
    newest : bool
        Whether the panel was read to its end.
    """

    version: str
    model_digest: str
    fingerprint: str
    vintage: str = ""
    newest: bool = True


def issue_forecast(
    record: Path,
    made: Made,
    traced: Traced,
    *,
    beside: Mapping[str, pd.DataFrame] | None = None,
    now: dt.datetime | None = None,
) -> IssuedForecast:
    """Add a forecast to a record.

    Parameters
    ----------
    record : Path
        Folder of the record.
    beside : mapping of str to DataFrame
        Further tables that are kept with it, by names that end in ``.parquet``.
    now : datetime, optional
        When it is issued; now unless given, in UTC.

    Raises
    ------
    InputError
        As of `add_issue`.
    """
    experiment, rows = made.forecaster.experiment, made.rows
    now = (now or dt.datetime.now(dt.UTC)).astimezone(dt.UTC).replace(microsecond=0)
    known_from = _known_from(made)
    measure = MEASURES[experiment.outcome.measure]
    told = (made.table["information"] == NOWCAST).any()
    live = _is_live(made, traced, now.date(), known_from)
    draft = IssuedForecast(
        id="",
        model=experiment.name,
        version=traced.version,
        model_digest=traced.model_digest,
        origin=int(rows.origin),
        information="nowcast" if told else "forecast",
        issued_at=now,
        known_from=known_from,
        status="live" if live else "reconstructed",
        fingerprint=traced.fingerprint,
        vintage=day_of(traced.vintage),
        measure=measure.id,
        unit=measure.mark,
        program=__version__,
    )
    tables = {TABLE: issued_rows(made), **(beside or {})}
    samples = samples_of(made.forecaster, rows, made.table, made.moved)
    if len(samples):
        tables[SAMPLES] = samples
    return add_issue(record, draft, {name: _bytes(own) for name, own in tables.items()})


def issued_rows(made: Made) -> pd.DataFrame:
    """Lay out the table of an issued forecast: ``ROW_COLUMNS``, groups of cities and drivers."""
    rows, table = made.rows, made.table.reset_index(drop=True)
    spread = distributions(made.forecaster, rows, table, made.moved)
    naive = pd.DataFrame(_naive(made))
    drivers = [name for name in table.columns if name.startswith("driver_")]
    levels = {
        f"group_{name}": np.tile(own[rows.cities], len(made.forecaster.horizons))
        for name, own in rows.dataset.groups.items()
        if name not in OWN_COLUMNS
    }
    whole = pd.concat([table.drop(columns=drivers), spread, naive], axis=1)
    typed = whole.astype({name: kind for name, kind in ROW_COLUMNS.items() if name in whole})
    return pd.concat([typed.assign(**levels), table[drivers]], axis=1)


def _naive(made: Made) -> dict[str, pd.Series]:
    """Return what each naive rule says of each row; nothing of a stale city."""
    rows, horizon = made.rows, made.table["horizon"].to_numpy()
    view, least = rows.dataset.at(rows.origin), made.forecaster.experiment.features.min_history
    found = {}
    for column, name in NAIVE_COLUMNS.items():
        values = np.full(len(horizon), np.nan)
        for years in np.unique(horizon):
            every = BASELINES[name].forecast(view, int(years), least)
            values[horizon == years] = np.where(rows.stale, np.nan, every[rows.cities])
        found[column] = pd.Series(values)
    return found


def _known_from(made: Made) -> dt.date:
    """Return the day on which the first of the outcomes can be known."""
    dataset, settings = made.rows.dataset, made.forecaster.experiment.outcome
    soonest = min(dataset.wait(horizon) for horizon in made.forecaster.horizons)
    return available_from(int(made.rows.origin) + soonest, settings.publication_delay_days)


def _is_live(made: Made, traced: Traced, day: dt.date, known_from: dt.date) -> bool:
    """Say whether a forecast could have been made without its outcomes, and was.

    It is issued by the day on which the first of them can be known, from a panel that was read to
    its end and has none of them, by a model that learnt from no later year.
    """
    dataset, origin = made.rows.dataset, made.rows.origin
    later = bool(np.isfinite(dataset.outcome[:, dataset.years > origin]).any())
    learnt = made.forecaster.origin <= origin
    return traced.newest and learnt and not later and day <= known_from


def day_of(vintage: str) -> str:
    """Return the day of publication of a panel as it is kept; "" where none was told.

    Raises
    ------
    InputError
        If it is no day.
    """
    if not vintage:
        return ""
    try:
        return dt.date.fromisoformat(vintage).isoformat()
    except ValueError:
        raise InputError(
            f"--vintage {vintage!r}: no day; give the day on which the panel was published, such "
            "as 2024-03-31"
        ) from None


def _bytes(table: pd.DataFrame) -> bytes:
    file = io.BytesIO()
    table.to_parquet(file, index=False, engine="pyarrow", compression="zstd")
    return file.getvalue()
