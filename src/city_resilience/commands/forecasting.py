"""A panel forecast by a loaded model: read, audited, forecast and explained; nothing is written."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from city_resilience.audit.read_audited import AuditedPanel, read_audited
from city_resilience.catalogue.nouns import of_places
from city_resilience.commands.alarms import alarms_of, run_backwards
from city_resilience.commands.early import Early, as_day, early_lines, read_early
from city_resilience.commands.laid_out import LaidOut
from city_resilience.commands.stored_rows import batched_rows_of
from city_resilience.companion import Beside, beside, companion
from city_resilience.errors import InputError, nearest
from city_resilience.explain import forecast_table as tables
from city_resilience.explain.leading import leading_drivers
from city_resilience.models.forecaster import Forecaster
from city_resilience.models.forecasts import Forecasts
from city_resilience.models.group_forecast import forecast_groups
from city_resilience.models.rows import ForecastRows, Moved
from city_resilience.progress import Progress
from city_resilience.reading.panel import Panel
from city_resilience.reading.read import read_panel
from city_resilience.reading.stored_panel import StoredPanel
from city_resilience.workers import expect_work

if TYPE_CHECKING:
    from city_resilience.commands.recording import Recorded

__all__ = ["Asked", "Predicted", "forecast_panel", "read_for"]

_LEAST_STEPS = 1_000_000
"""Steps of reading (two a row) from which a second process saves more than its start."""
_BESIDE = ("city_resilience.models.forecaster", "city_resilience.batches.rows", "xgboost")


@dataclass(frozen=True)
class Asked:
    """What is asked of a forecast; see `predict`."""

    drivers: int = 3
    cities: tuple[str, ...] = ()
    origin: int | None = None
    allow_partial: bool = False
    sheet: str = ""
    coverage: float = 0.9
    as_of: str = ""
    groups: bool = False
    lang: str = ""
    vintage: str = field(default="", repr=False)


@dataclass(frozen=True)
class Predicted:
    """Forecasts of a panel.

    Attributes
    ----------
    laid : LaidOut
        Its table, whole or in parts; the cities that were asked for.
    forecaster : Forecaster
    panel : Panel
        What it stands on: corrected, its wrong cells masked.
    origin : int
        The common origin.
    unobserved_families : mapping of str to float
        Families of the model that are hardly observed any more, see ``unobserved_families``.
    early : Early
        The early releases that were given, and the names of those that were not.
    news : tuple of str
        What the releases say about the years after the origin, and what is odd about them.
    alarms : tuple of str
        What is doubtful about the panel, see `alarms_of`.
    model : str
        The folder, or NAME/VERSION; "" for a forecaster.
    out : Path or None
    groups : DataFrame or None
        As of ``forecast_groups``, where a file was asked for.
    asked : Asked
        What was asked for.
    nation : str
        What a city is compared with, a key ``nation_…`` of the texts.
    manifest : mapping
        What was written beside the table; empty where nothing was.
    rows : ForecastRows or None
        The rows that were forecast.
    moved : mapping
        By how much early releases move each of them, see `Forecaster.early_moves`.
    issued : Recorded or None
        What was added to the record of issued forecasts.
    marked : Beside or None
        Gives the fingerprint of a panel of any size.
    """

    laid: LaidOut
    forecaster: Forecaster
    panel: Panel
    origin: int
    unobserved_families: Mapping[str, float]
    early: Early
    news: tuple[str, ...]
    alarms: tuple[str, ...]
    model: str
    out: Path | None
    groups: pd.DataFrame | None = None
    asked: Asked = field(default_factory=Asked)
    nation: str = "sum"
    manifest: Mapping[str, Any] = field(default_factory=dict)
    rows: ForecastRows | None = None
    moved: Moved = field(default_factory=dict)
    issued: Recorded | None = None
    marked: Beside[str] | None = field(default=None, repr=False)

    @property
    def fingerprint(self) -> str:
        """Fingerprint of the panel."""
        return self.panel.fingerprint() if self.marked is None else self.marked.result()

    @property
    def table(self) -> pd.DataFrame:
        """The forecasts as of ``forecast_table``, laid out in memory when first asked for."""
        return self.laid.whole

    @property
    def said(self) -> pd.DataFrame:
        """The table with the drivers named in the language that was asked for."""
        return self.laid.named(self.asked.lang) if self.asked.lang else self.table


def read_for(
    source: pd.DataFrame | Path | str, forecaster: Forecaster, asked: Asked, helpers: ExitStack
) -> AuditedPanel:
    """Read and audit the panel, or what of it was there at an earlier origin.

    What helps with a panel of any size, until it is written, is entered into ``helpers``.
    """
    experiment, sheet, origin = forecaster.experiment, asked.sheet, asked.origin
    if origin is None:
        return read_audited(
            source,
            experiment,
            purpose="predict",
            sheet=sheet,
            served=True,
            progress=_helped(helpers),
        )
    data = experiment.data.model_copy(update={"sheet": sheet} if sheet else {})
    panel = read_panel(source, data, outcome=experiment.outcome)
    if origin not in panel.years:
        years = f"{panel.years[0]}-{panel.years[-1]}"
        raise InputError(f"--origin {origin}: the panel has the years {years}; name one of them")
    return read_audited(panel.truncate(origin), experiment, purpose="predict", served=True)


def _helped(helpers: ExitStack) -> Progress:
    """Return what is told of a panel of any size, and then starts help beside its reading.

    xgboost is imported, which few rows are forecast without, and a second process starts, for what
    holds the interpreter lock, where it is worth its start. A panel in memory tells nothing.
    """
    started: list[threading.Thread] = []

    def told(_what: str, _done: int, total: int, /) -> None:
        if not started:
            started.append(threading.Thread(target=_import_xgboost))
            started[0].start()
            wanted = total >= _LEAST_STEPS and not expect_work(_BESIDE)
            helpers.enter_context(companion(_BESIDE, wanted))

    return told


def _import_xgboost() -> None:
    with suppress(ImportError):  # told where it is needed
        import xgboost  # noqa: F401


def forecast_panel(
    forecaster: Forecaster,
    read: AuditedPanel,
    asked: Asked,
    given: Sequence[tuple[str, Any]],
    as_of: dt.date | str | None,
    source: str,
) -> Predicted:
    """Forecast and explain the panel, nothing written."""
    day = as_day(as_of, forecaster.experiment)
    releases = read_early(forecaster.experiment, given, read.panel)
    tall = isinstance(read.panel, StoredPanel)
    marked = beside(type(read.panel).fingerprint, read.panel) if tall else None
    rows = tables.check_panel(
        forecaster,
        read.panel,
        allow_partial=asked.allow_partial,
        early=releases.releases,
        as_of=day,
        rows_of=batched_rows_of if tall else None,
    )
    if asked.origin not in (None, rows.origin):
        raise InputError(
            f"--origin {asked.origin}: too few "
            f"{of_places('cities', forecaster.experiment.noun)} have an outcome in it; the newest "
            f"year before that most have is {rows.origin}"
        )
    _check_cities(asked.cities, rows, forecaster.experiment.noun)
    with np.errstate(over="ignore", invalid="ignore"):  # told below
        found = forecaster.forecasts(rows, asked.coverage)
    _check_finite(found)
    moved: Moved = {}
    nowcast = None
    if forecaster.nowcasts:
        alone = found.whole()
        moved = forecaster.early_moves(rows, alone)
        nowcast = forecaster.nowcast(rows, alone, moved, asked.coverage)
    leading = leading_drivers(forecaster, rows, moved, asked.drivers) if asked.drivers else {}
    labels = {lang: tables.driver_names(forecaster, rows, lang) for lang in ("en", asked.lang)}
    groups = None
    if asked.groups:
        groups = forecast_groups(forecaster, rows, found.whole(), asked.coverage)
    unobserved = tables.unobserved_families(forecaster, rows, found.seen)
    return Predicted(
        laid=LaidOut(found, leading, labels, asked.cities, nowcast),
        forecaster=forecaster,
        panel=read.panel,
        origin=rows.origin,
        unobserved_families=unobserved,
        early=releases,
        news=tuple(early_lines(rows.dataset, rows.origin)),
        alarms=(
            *(() if asked.origin else run_backwards(forecaster, rows.origin)),
            *alarms_of(forecaster, read, releases, unobserved, source),
        ),
        model="",
        out=None,
        groups=groups,
        asked=asked,
        nation=rows.dataset.nation.id,
        rows=rows,
        moved=moved,
        marked=marked,
    )


def _check_finite(found: Forecasts) -> None:
    """Refuse a forecast that is no number, as a damaged model gives."""
    odd = {h: np.flatnonzero(~np.isfinite(own)) for h, own in found.forecast.items()}
    horizon = next((h for h, rows in odd.items() if rows.size), None)
    if horizon is not None:
        first = slice(odd[horizon][0], odd[horizon][0] + 1)
        count, every = (sum(map(len, own.values())) for own in (odd, found.forecast))
        raise InputError(
            f"the model gives no number for {count} of {every} forecasts, such as "
            f"{found.rows.part(first).names[0]!r} at horizon {horizon}; get the model again, or "
            "train it anew"
        )


def _check_cities(cities: Sequence[str], rows: ForecastRows, noun: str) -> None:

    known = rows.names.tolist() if cities else []
    places = of_places("cities", noun)
    for city in cities:
        if city not in known:
            raise InputError(
                f"--city {city!r}: not among the {len(known)} {places} of the panel"
                f"{nearest(city, known)}; give a name as it stands in the panel"
            )
