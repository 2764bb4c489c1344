"""A dataset in real time: each origin reads the panel that was published by its day.

The newest panel decides the cities, the years and the indicators, and holds the truth. An earlier
panel is cut to its cities before anything is computed: a gap then compares the same cities on every
day, and differs between two days by what was revised alone.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import replace

import numpy as np
import pandas as pd

from city_resilience.arrays import Float
from city_resilience.errors import InputError
from city_resilience.experiment.experiment import Experiment
from city_resilience.indicators.formulas.nation import Nation
from city_resilience.reading.panel import Panel
from city_resilience.resilience.measures import MEASURES
from city_resilience.tasks.dataset import (
    COMMON_ORIGIN_SHARE,
    Dataset,
    build_dataset,
    common_origin,
)
from city_resilience.tasks.outcome import COMPOSITE
from city_resilience.tasks.vintage import Vintage

__all__ = ["VINTAGE_COLUMNS", "in_real_time", "vintage_rows"]

VINTAGE_COLUMNS = (
    *("origin", "day", "vintage", "real_time"),
    *("outcomes", "revised", "label_revision"),
)
_SAME = 1e-9
"""Relative difference up to which two outcomes are the same: no panel has as many digits."""


def in_real_time(
    dataset: Dataset, panel: Panel, vintages: Mapping[dt.date, Panel], experiment: Experiment
) -> Dataset:
    """Return the dataset of the newest panel with earlier ones, which its origins read.

    Parameters
    ----------
    dataset : Dataset
        Of the newest panel.
    panel : Panel
        The newest panel.
    vintages : mapping of date to Panel
        Day of publication to the panel, read and audited; the dataset as it is without any.
    experiment : Experiment

    Raises
    ------
    InputError
        If an earlier panel shares no city with the newest one or lacks the outcome, an origin finds
        no panel that has its outcome, or the measure is one that vintages do not go with.
    """
    if not vintages:
        _check_truth(experiment)
        return dataset
    _check_measure(experiment)
    made = tuple(
        _laid_out(dataset, panel, day, vintages[day], experiment) for day in sorted(vintages)
    )
    dated = replace(dataset, vintages=made)
    _check_origins(dated, experiment)
    return dated


def vintage_rows(dataset: Dataset, origins: Iterable[int]) -> pd.DataFrame:
    """Return which panel each origin reads, and what was revised since.

    Returns
    -------
    DataFrame
        ``VINTAGE_COLUMNS``: the day of the forecast; the day of publication of the panel, "" for
        the newest; whether it was published by that day; how many outcomes of city-years up to the
        origin both panels have, how many of them differ in the newest one, and by how much the
        newest yearly label does, in the mean of the absolute differences, in the measure's unit.
    """
    rows = []
    for origin in origins:
        own, day = dataset.vintage(origin), dataset.day(origin)
        now = dataset.outcome[:, : origin - dataset.years[0] + 1]
        then = now if own is None else own.outcome[:, : now.shape[1]]
        both = np.isfinite(now) & np.isfinite(then)
        revised = both & ~np.isclose(now, then, rtol=_SAME, atol=0.0)
        label = _label_revision(dataset, origin)
        published = "" if own is None else own.day.isoformat()
        in_time = own is None or own.day <= day
        counts = int(both.sum()), int(revised.sum())
        rows.append((origin, day.isoformat(), published, in_time, *counts, label))
    return pd.DataFrame(rows, columns=list(VINTAGE_COLUMNS))


def _label_revision(dataset: Dataset, origin: int) -> float:
    """Return by how much the newest label that an origin knows was revised, on average."""
    before = origin - dataset.wait(1)
    if before < dataset.years[0]:
        return float("nan")
    known = dataset.truths(origin, [before], 1)[before]
    since = np.abs(known - dataset.truths(int(dataset.years[-1]), [before], 1)[before])
    return float(np.nanmean(since)) if np.isfinite(since).any() else float("nan")


def _check_truth(experiment: Experiment) -> None:
    if experiment.evaluation.truth == "first":
        raise InputError(
            'evaluation.truth = "first": how an outcome was first published is known from earlier '
            "panels alone; name them in data.vintages, or remove the key"
        )


def _check_measure(experiment: Experiment) -> None:
    measure = experiment.outcome.measure
    if measure == COMPOSITE or MEASURES[measure].kind == "window":
        raise InputError(
            f"data.vintages: {measure} is computed from one panel as a whole and has no figures of "
            "each day; remove the vintages, or forecast a measure of one variable such as "
            "growth_gap"
        )


def _laid_out(
    dataset: Dataset, newest: Panel, day: dt.date, panel: Panel, experiment: Experiment
) -> Vintage:
    """Compute the indicators of an earlier panel, and lay them on those of the newest."""
    own = build_dataset(_of_cities(panel, newest, day), _without(experiment, newest, panel))
    years = len(dataset.years)
    at = {name: k for k, name in enumerate(own.indicators.ids)}
    values = np.full(dataset.indicators.values.shape, np.nan)
    wanted = [(k, at[name]) for k, name in enumerate(dataset.indicators.ids) if name in at]
    end = min(years, len(own.years))
    for k, place in wanted:
        values[:, :end, k] = own.indicators.values[:, :end, place]
    nation = own.nation
    if nation.weight is not None:
        nation = Nation(nation.way, _until(nation.weight, years), nation.own)
    return Vintage(day, _until(own.outcome, years), values, nation, panel.source)


def _without(experiment: Experiment, newest: Panel, panel: Panel) -> Experiment:
    """Return an experiment that asks nothing of variables which an earlier panel lacks."""
    absent, features = set(newest.variables) - set(panel.variables), experiment.features
    lags = {name: own for name, own in features.publication_lag.items() if name not in absent}
    exclude = tuple(name for name in features.exclude if name not in absent)
    changed = {"publication_lag": lags, "exclude": exclude}
    return experiment.model_copy(update={"features": features.model_copy(update=changed)})


def _until(values: Float, years: int) -> Float:
    """Return values of (cities, years) with so many years, NaN where there are none."""
    laid = np.full((len(values), years), np.nan)
    laid[:, : values.shape[1]] = values[:, :years]
    return laid


def _of_cities(panel: Panel, newest: Panel, day: dt.date) -> Panel:
    """Return a panel with the cities of the newest one and its first year, others left out."""
    first, cities = newest.years[0], newest.cities
    frame = panel.frame[(panel.frame["year"] >= first) & panel.frame["city"].isin(cities)]
    if frame.empty:
        raise InputError(
            f"data.vintages: the panel of {day} ({panel.source}) has no city and year of the "
            "newest panel; name its places as there"
        )
    keys = [name for name in ("province", "nation") if name in frame and name in newest.frame]
    have = set(frame.loc[frame["year"] == first, "city"])
    known = newest.frame.drop_duplicates("city", keep="last").set_index("city")
    ended = frame.drop_duplicates("city", keep="last").set_index("city")
    absent = [city for city in cities if city not in have]
    blank = pd.DataFrame({"city": absent, "year": first}).astype({"year": frame["year"].dtype})
    for key in keys:
        blank[key] = ended[key].reindex(absent).fillna(known[key]).fillna("").to_numpy()
    whole = pd.concat([frame, blank]).sort_values(["city", "year"], ignore_index=True)
    return replace(panel, frame=whole, rows=None)


def _check_origins(dataset: Dataset, experiment: Experiment) -> None:
    """Refuse vintages that lack the outcome of an origin that reads them."""
    settings, newest = experiment.evaluation, common_origin(dataset.outcome, dataset.years)
    first = max(settings.first_origin - settings.warmup_origins, int(dataset.years[0]) + 1)
    for origin in range(first, newest):
        own = dataset.vintage(origin)
        if own is None:
            continue
        has = np.isfinite(own.outcome)
        share = has[has.any(axis=1)].mean(axis=0) if has.any() else has[0].astype(np.float64)
        enough = dataset.years[share >= COMMON_ORIGIN_SHARE].tolist()
        if origin > max(enough, default=0):
            known = f"up to {enough[-1]}" if enough else "of no year"
            raise InputError(
                f"data.vintages: the forecast from {origin} is made on {dataset.day(origin)}, and "
                f"the newest panel that was out by then, of {own.day} ({own.source}), has the "
                f"outcome {known}; correct its day, add the panel that is missing, or set "
                "outcome.publication_delay_days"
            )
