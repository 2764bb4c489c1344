"""Shock origins: forecasts made with the labels known just before a shock."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from city_resilience.errors import InputError
from city_resilience.evaluation.backtest import HISTORY_ONLY, run_backtest
from city_resilience.evaluation.baselines import BASELINES
from city_resilience.evaluation.scores import yearly
from city_resilience.evaluation.significance import (
    city_draws,
    error_grid,
    mean_yearly_errors,
    percentile_interval,
)
from city_resilience.evaluation.study.context import Context, Part
from city_resilience.resilience.window import Window

__all__ = ["SHOCKS", "SHOCK_COLUMNS", "shock_origins", "shock_test"]

SHOCKS = (2008, 2015, 2020)
SHOCK_COLUMNS = (
    "origin",
    "horizon",
    "model",
    "n",
    "mae",
    "rmse",
    "rank_correlation",
    "sign_hit_rate",
    "served_skill",
    "city_low",
    "city_high",
)


def shock_origins(context: Context) -> list[int]:
    """Return the origins of the test: those asked for, else the year before each known shock.

    Known shocks are the windows of the experiment, which start in the year before, else those of
    2008, 2015 and 2020; only origins inside the panel are returned.
    """
    asked = context.settings.shock_origins
    if asked:
        return sorted(set(asked))
    windows = [Window.parse(text).start for text in context.experiment.outcome.windows]
    years = context.dataset.years
    newest = int(years[-1]) - min(context.experiment.outcome.horizons)
    before = windows or [year - 1 for year in SHOCKS]
    return [origin for origin in sorted(before) if years[0] < origin <= newest]


def shock_test(context: Context) -> Part:
    """Score the served recipe at the origins before shocks.

    Rows come from the backtest; an origin before its first one is replayed with what was known.

    Returns
    -------
    Part
        ``SHOCK_COLUMNS``, one row per origin, horizon and model among the served one, history
        only, the references and the naive baselines; ``served_skill`` is 1 - MAE of the served
        model / MAE of this one, with its bootstrap interval over cities.
    """
    origins = shock_origins(context)
    have = set(context.backtest.frame["origin"].unique().tolist())
    frames, missing = [], {}
    for done, origin in enumerate(origins, start=1):
        try:
            frames.append(_rows(context, origin, origin in have))
        except InputError as error:
            missing[str(origin)] = str(error)
        context.progress("shock origins", done, len(origins))
    tables = [_table(context, frame) for frame in frames if len(frame)]
    empty = pd.DataFrame(columns=list(SHOCK_COLUMNS))
    about: Mapping[str, Any] = {"origins": origins, "not_scored": missing}
    return Part(pd.concat(tables, ignore_index=True) if tables else empty, about)


def _rows(context: Context, origin: int, scored: bool) -> pd.DataFrame:
    models = [context.served, HISTORY_ONLY, *BASELINES]
    frame = context.backtest.frame
    if not scored:
        evaluation = context.experiment.evaluation
        only = evaluation.model_copy(update={"first_origin": origin, "last_origin": origin})
        replayed = context.experiment.model_copy(update={"evaluation": only})
        frame = run_backtest(context.dataset, replayed).frame
    return frame[(frame["origin"] == origin) & frame["model"].isin(models)]


def _table(context: Context, frame: pd.DataFrame) -> pd.DataFrame:
    parts = []
    for _, rows in frame.groupby("horizon"):
        scores = yearly(rows)
        own = scores.loc[scores["model"] == context.served, "mae"].iloc[0]
        scores["served_skill"] = np.where(
            scores["model"] == context.served, np.nan, 1 - own / scores["mae"]
        )
        parts.append(_with_interval(context, rows, scores).sort_values(["mae", "model"]))
    return pd.concat(parts, ignore_index=True)[list(SHOCK_COLUMNS)]


def _with_interval(context: Context, rows: pd.DataFrame, scores: pd.DataFrame) -> pd.DataFrame:
    errors = error_grid(rows)
    settings = context.settings
    weights = city_draws(len(errors[context.served]), settings.draws, settings.seed)
    drawn = {model: mean_yearly_errors(values, weights) for model, values in errors.items()}
    bounds = [
        (np.nan, np.nan)
        if model == context.served
        else percentile_interval(1 - drawn[context.served] / drawn[model])
        for model in scores["model"]
    ]
    return scores.assign(city_low=[low for low, _ in bounds], city_high=[hi for _, hi in bounds])
