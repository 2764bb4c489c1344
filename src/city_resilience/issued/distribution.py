"""What a forecast says of each outcome besides its bounds: mean, quantiles and joint samples."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from city_resilience.arrays import Float, Mask, Strings
from city_resilience.issued.record import LEVELS, QUANTILES
from city_resilience.models.artefacts import break_stretch
from city_resilience.models.forecaster import Forecaster
from city_resilience.models.intervals import Calibration, city_positions, city_scale
from city_resilience.models.joint import Grouping, joint_samples
from city_resilience.models.rows import NOWCAST, ForecastRows, Moved
from city_resilience.tasks.breaks import newest_breaks

__all__ = ["DRAWS", "distributions", "samples_of", "sharing"]

DRAWS = 100
"""Joint samples of an issued forecast, as many as the hubs take."""


@dataclass(frozen=True)
class _Part:
    """Rows of one horizon that rest on the same past errors; arrays are of all cities."""

    horizon: int
    chosen: Mask
    forecast: Float
    scale: Float
    calibration: Calibration


def distributions(
    forecaster: Forecaster, rows: ForecastRows, table: pd.DataFrame, moved: Moved
) -> pd.DataFrame:
    """Return ``mean`` and ``QUANTILES`` of each row of a forecast or nowcast; NaN without errors.

    They come from the signed errors of earlier origins that the bounds come from, spread alike.

    Parameters
    ----------
    table : DataFrame
        Of `Forecaster.forecast` or ``nowcast``, all rows.
    moved : mapping
        Of `Forecaster.early_moves`.
    """
    levels = np.array(LEVELS)
    found = np.full((len(table), 1 + len(levels)), np.nan)
    for part in _parts(forecaster, rows, table, moved):
        quantiles = part.calibration.quantiles(part.forecast, part.scale, levels)
        every = np.vstack([_mean(part), quantiles])[:, rows.cities]
        own = table["horizon"].to_numpy() == part.horizon
        found[own] = np.where(part.chosen[:, None], every.T, found[own])
    return pd.DataFrame(found, columns=["mean", *QUANTILES])


def samples_of(
    forecaster: Forecaster, rows: ForecastRows, table: pd.DataFrame, moved: Moved
) -> pd.DataFrame:
    """Draw outcomes of all cities at once; no row of a stale city or without errors.

    Cities of a group share a draw in a year, and so do all; horizons are drawn apart.

    Returns
    -------
    DataFrame
        city, horizon, and ``d001`` to ``d100``.
    """
    grouping = Grouping.of(sharing(rows)[1], rows.dataset.at(rows.origin))
    position = city_positions(forecaster.cities, rows.dataset.cities)
    names = [f"d{k:03d}" for k in range(1, DRAWS + 1)]
    drawn = np.full((len(table), DRAWS), np.nan)
    for part in _parts(forecaster, rows, table, moved):
        draws = joint_samples(
            part.calibration.numbered(position),
            np.where(_stale(rows), np.nan, part.forecast),
            part.scale,
            grouping,
            draws=DRAWS,
            seed=part.horizon,
        )
        own = table["horizon"].to_numpy() == part.horizon
        drawn[own] = np.where(part.chosen[:, None], draws[:, rows.cities].T, drawn[own])
    frame = pd.DataFrame(drawn, columns=names)
    frame.insert(0, "horizon", table["horizon"].to_numpy())
    frame.insert(0, "city", table["city"].to_numpy())
    return frame[np.isfinite(drawn).all(axis=1)].reset_index(drop=True)


def sharing(rows: ForecastRows) -> tuple[str, Strings]:
    """Return the group whose cities share a draw, and the level of each city.

    The province, else the first group of the panel; "" and one group of all where there is none.
    """
    groups = {name: own for name, own in rows.dataset.groups.items() if name != "nation"}
    name = "province" if "province" in groups else next(iter(groups), "")
    levels = groups.get(name, np.full(len(rows.dataset.cities), ""))
    return name, levels


def _parts(
    forecaster: Forecaster, rows: ForecastRows, table: pd.DataFrame, moved: Moved
) -> Iterator[_Part]:
    """Yield the rows of the forecast, and those that early releases move, of each horizon."""
    view = rows.dataset.at(rows.origin)
    scale, breaks = city_scale(view), newest_breaks(view)
    for horizon, part in table.groupby("horizon", sort=True):
        told = (part["information"] == NOWCAST).to_numpy()
        forecast = part["forecast"].to_numpy()
        alone = forecast - part["early_release"].fillna(0.0).to_numpy()
        for chosen, values, releases in (
            (~told, alone, ()),
            (told, forecast, tuple(moved.get(int(horizon), ()))),
        ):
            calibration = forecaster.calibrated(int(horizon), releases)
            if calibration is None or not chosen.any():
                continue
            placed = np.full(len(scale), np.nan)
            placed[rows.cities] = values
            stretch = break_stretch(calibration, placed, scale, breaks)
            spread = calibration.stretched(stretch)
            yield _Part(int(horizon), chosen, placed, scale, spread)


def _mean(part: _Part) -> Float:
    """Mean of the distribution of each city: the forecast plus the mean of past errors."""
    scores = part.calibration.scores(part.calibration.kind)
    offset = scores.mean() if len(scores) else np.nan
    return np.asarray(part.forecast + offset * part.calibration.reach(part.scale))


def _stale(rows: ForecastRows) -> Mask:
    stale = np.ones(len(rows.dataset.cities), dtype=bool)
    stale[rows.cities] = rows.stale
    return stale
