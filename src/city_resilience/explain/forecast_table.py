"""The forecast of every city of a panel as a table, with its leading drivers where asked for."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping, Sequence

import numpy as np
import pandas as pd

from city_resilience.arrays import Int
from city_resilience.catalogue.nouns import of_places, of_places_zh
from city_resilience.errors import InputError, nearest
from city_resilience.experiment.experiment import Experiment
from city_resilience.explain.contributions import early_id, early_labels, leading
from city_resilience.indicators.indicator import Index, Indicator
from city_resilience.models.forecaster import Forecaster
from city_resilience.models.forecasts import Seen
from city_resilience.models.intervals import REFERENCE
from city_resilience.models.rows import ForecastRows
from city_resilience.reading.early import EarlyRelease
from city_resilience.reading.panel import Panel
from city_resilience.tasks.features import FeatureSpec

__all__ = [
    "add_drivers",
    "check_city",
    "check_panel",
    "driver_names",
    "forecast_table",
    "name_drivers",
    "shown_drivers",
    "unobserved_families",
]

RowsOf = Callable[[Forecaster, Panel, tuple[EarlyRelease, ...], dt.date | None], ForecastRows]
LEAST_YEARS = 6
LEAST_SHARE = 0.9
LEAST_SHOWN = 0.005


def check_city(
    city: str, known: Sequence[str], experiment: Experiment, rows: ForecastRows | None = None
) -> None:
    """Refuse a city that has no forecast.

    Parameters
    ----------
    known : sequence of str
        Cities with a forecast.
    rows : ForecastRows, optional
        Of a panel, which may have the city without its outcome.

    Raises
    ------
    InputError
        With the nearest names, or the reason why the panel's city has no forecast.
    """
    if city in known:
        return
    if rows is not None and city in rows.dataset.cities:
        raise InputError(
            f"{city!r}: no forecast, as it has no value of {experiment.outcome.variable} in "
            f"any year up to {rows.origin}; bring its outcome or leave it out"
        )
    places = of_places("cities", experiment.noun)
    raise InputError(
        f"{city!r}: not among the {len(known)} forecast {places}{nearest(city, known)}; "
        "give a name as it stands in the panel"
    )


def check_panel(
    forecaster: Forecaster,
    panel: Panel,
    *,
    allow_partial: bool = False,
    early: tuple[EarlyRelease, ...] = (),
    as_of: dt.date | None = None,
    rows_of: RowsOf | None = None,
) -> ForecastRows:
    """Check that a panel is enough for a forecaster and return the rows it would forecast.

    The early releases and the day of the forecast are as of `build_dataset`. ``rows_of`` reads
    the rows of a panel that does not fit in memory; `Forecaster.rows` where it is not given.

    Raises
    ------
    InputError
        If the panel has fewer than 6 years, lacks an indicator of the model, a training city is
        of another nation, or, unless ``allow_partial``, it holds less than 90 % of the training
        cities at its common origin, or of those of a nation in any year.
    """
    source = panel.source or "panel"
    if len(panel.years) < LEAST_YEARS:
        raise InputError(
            f"{source}: {len(panel.years)} year(s), {panel.years[0]}-{panel.years[-1]}; "
            f"give the whole panel, at least {LEAST_YEARS} years"
        )
    rows = (rows_of or Forecaster.rows)(forecaster, panel, early, as_of)
    _check_indicators(forecaster, rows, source)
    _check_nations(forecaster, rows, source)
    if not allow_partial:
        _check_present(forecaster, rows, source)
    return rows


def forecast_table(
    forecaster: Forecaster,
    rows: ForecastRows,
    drivers: pd.DataFrame | None = None,
    *,
    most: int = 3,
    coverage: float = REFERENCE,
) -> pd.DataFrame:
    """Return the forecast of every city, with its drivers where they are given.

    Parameters
    ----------
    drivers : DataFrame, optional
        See `contributions`; the leading ``most`` of each row are named beside it.
    """
    table = forecaster.forecast(rows, coverage)
    return table if drivers is None else name_drivers(table, drivers, forecaster, rows, most)


def name_drivers(
    table: pd.DataFrame,
    drivers: pd.DataFrame,
    forecaster: Forecaster,
    rows: ForecastRows,
    most: int = 3,
    lang: str = "en",
) -> pd.DataFrame:
    """Name the leading drivers of a forecast or nowcast beside it; see `add_drivers`."""
    return add_drivers(table, drivers, most, driver_names(forecaster, rows, lang))


def driver_names(forecaster: Forecaster, rows: ForecastRows, lang: str = "en") -> dict[str, str]:
    """Return the name of each indicator and early release of some rows by its id."""
    labels = driver_labels(rows.dataset.specs, forecaster.experiment, lang)
    return labels | early_labels(rows.dataset.early, lang)


def driver_labels(
    specs: Iterable[Indicator | Index], experiment: Experiment, lang: str = "en"
) -> dict[str, str]:
    """Return the name of each indicator by its id, in the experiment's word for a place.

    Names of the user's own columns stay as they are; one without a Chinese name has the English.
    """
    columns = experiment.data.columns.items()
    theirs = {column.id or header for header, column in columns}
    placed = of_places_zh if lang == "zh" else of_places
    names = {spec.id: (spec.label_zh if lang == "zh" else "") or spec.label_en for spec in specs}
    return {
        id: name if id in theirs else placed(name, experiment.noun) for id, name in names.items()
    }


def add_drivers(
    table: pd.DataFrame, drivers: pd.DataFrame, most: int, labels: Mapping[str, str]
) -> pd.DataFrame:
    """Append the leading drivers of each row as text, for example ``"broadband: +0.42"``.

    Parameters
    ----------
    table : DataFrame
        Forecasts with ``city`` and ``horizon``.
    drivers : DataFrame
        As of ``drivers.contributions``; an indicator without a value for the city, or with a
        contribution that rounds to zero, is not named.
    most : int
        Columns ``driver_1`` to ``driver_<most>``; "" where a row has fewer.
    labels : mapping
        Indicator id to label.
    """
    found = {
        (row.city, row.horizon, row.place): (
            f"{labels.get(row.indicator, row.indicator)}: {row.contribution:+.2f}"
        )
        for row in shown_drivers(drivers, most).itertuples()
    }
    keys = list(zip(table["city"], table["horizon"], strict=True))
    places = range(1, most + 1)
    return table.assign(
        **{f"driver_{k}": [found.get((*key, k), "") for key in keys] for k in places}
    )


def shown_drivers(drivers: pd.DataFrame, most: int) -> pd.DataFrame:
    """Return the leading drivers of each row that may be named; see `add_drivers`."""
    has_value = drivers["value"].notna() | drivers["indicator"].str.startswith(early_id(""))
    observed = drivers[has_value & (drivers["contribution"].abs() >= LEAST_SHOWN)]
    return leading(observed, most)


def _check_present(forecaster: Forecaster, rows: ForecastRows, source: str) -> None:
    """Refuse a panel that lacks many of the training cities, or of those of one nation.

    A nation may report later than others: its cities count in the year most of them report.
    """
    trained = frozenset(forecaster.cities)
    present = {city for city in rows.names[~rows.stale] if city in trained}
    absent = [city for city in forecaster.cities if city not in present]
    cities = of_places("cities", forecaster.experiment.noun)
    share = 1 - len(absent) / max(len(forecaster.cities), 1)
    if share < LEAST_SHARE:
        raise InputError(
            f"{source}: {len(forecaster.cities) - len(absent)} of {len(forecaster.cities)} "
            f"training {cities} have an outcome in {rows.origin}, missing {', '.join(absent[:3])} "
            f"and others; give the whole panel or pass --allow-partial"
        )
    known = np.isfinite(rows.dataset.at(rows.origin).outcome)
    by_nation = pd.Series(forecaster.cities).groupby(pd.Series(forecaster.nations, dtype=str))
    for nation, own in by_nation:
        most = int(known[np.isin(rows.dataset.cities, own)].sum(axis=0).max(initial=0))
        if most < LEAST_SHARE * len(own):
            raise InputError(
                f"{source}: at most {most} of {len(own)} training {cities} of {nation} have an "
                f"outcome in one year; give the whole panel or pass --allow-partial"
            )


def _check_nations(forecaster: Forecaster, rows: ForecastRows, source: str) -> None:
    """Refuse a training city that the panel has in another nation."""
    trained = dict(zip(forecaster.cities, forecaster.nations, strict=False))
    if not trained:
        return
    for city, nation in zip(rows.names, rows.of_group("nation").tolist(), strict=True):
        if trained.get(city, nation) != nation:
            raise InputError(
                f"{source}: {city!r} is of {nation!r}, and the model was trained with it in "
                f"{trained[city]!r}; correct the column {forecaster.experiment.data.nation!r} or "
                "train the model again"
            )


def _check_indicators(forecaster: Forecaster, rows: ForecastRows, source: str) -> None:
    offered = rows.dataset.indicators
    needed = {name for m in forecaster.horizons.values() for name in m.spec.needed}
    missing = sorted(needed - set(offered.ids))
    if not missing:
        return
    named = "; ".join(f"{m} ({offered.absent.get(m, 'not in the panel')})" for m in missing[:5])
    raise InputError(
        f"{source}: {len(missing)} of {len(needed)} indicators that the model was trained on are "
        f"not offered: {named}{nearest(missing[0], offered.ids)}; add their columns or use a "
        "model trained without them"
    )


def unobserved_families(
    forecaster: Forecaster, rows: ForecastRows, seen: Seen | None = None
) -> dict[str, float]:
    """Return the families the model uses whose indicators are hardly observed any more.

    Parameters
    ----------
    seen : mapping, optional
        Of the `Forecasts` of the rows, where there is one.

    Returns
    -------
    dict
        Family to the share of its values that are there in the rows, where that is below
        the experiment's ``min_coverage``.
    """
    families = {spec.id: spec.family for spec in rows.dataset.specs}
    known: dict[str, list[float]] = {}
    if seen is None:
        seen = {h: _seen(model.spec, rows) for h, model in forecaster.horizons.items()}
    for horizon in forecaster.horizons:
        names, counts = seen[horizon]
        for name, share in zip(names, counts / len(rows.cities), strict=True):
            known.setdefault(families[name], []).append(float(share))
    least = forecaster.experiment.features.min_coverage
    means = {family: float(np.mean(shares)) for family, shares in known.items()}
    return {family: share for family, share in means.items() if share < least}


def _seen(spec: FeatureSpec, rows: ForecastRows) -> tuple[tuple[str, ...], Int]:
    names, values, _ = rows.indicators(spec)
    return names, np.isfinite(values).sum(axis=0)
