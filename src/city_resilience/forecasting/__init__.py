"""Forecast at rolling origins from what was known at each of them."""

from city_resilience.forecasting.asof import AsOf, Facts, common_origin, gather_facts
from city_resilience.forecasting.backtest import (
    BLEND,
    HISTORY_ONLY,
    Backtest,
    candidate_labels,
    run_backtest,
    scored_origins,
)
from city_resilience.forecasting.coverage import family_coverage
from city_resilience.forecasting.features import FeatureSpec
from city_resilience.forecasting.forecaster import (
    FORECAST_COLUMNS,
    Forecaster,
    HorizonModel,
    ServedRows,
    available_from,
)
from city_resilience.forecasting.interval_scores import reliability, score_intervals
from city_resilience.forecasting.intervals import Calibration
from city_resilience.forecasting.models import FITTED, Fitted
from city_resilience.forecasting.scores import best_naive, compare_models, score, yearly
from city_resilience.forecasting.search import search_parameters
from city_resilience.forecasting.shocks import run_shocks, score_shocks
from city_resilience.forecasting.train import check_experiment, fit_forecaster

__all__ = [
    "BLEND",
    "FITTED",
    "FORECAST_COLUMNS",
    "HISTORY_ONLY",
    "AsOf",
    "Backtest",
    "Calibration",
    "Facts",
    "FeatureSpec",
    "Fitted",
    "Forecaster",
    "HorizonModel",
    "ServedRows",
    "available_from",
    "best_naive",
    "candidate_labels",
    "check_experiment",
    "common_origin",
    "compare_models",
    "family_coverage",
    "fit_forecaster",
    "gather_facts",
    "reliability",
    "run_backtest",
    "run_shocks",
    "score",
    "score_intervals",
    "score_shocks",
    "scored_origins",
    "search_parameters",
    "yearly",
]
