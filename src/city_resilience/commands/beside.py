"""What a run left beside its model: how large the errors of each view were, and its record."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pandas as pd

from city_resilience.errors import InputError
from city_resilience.foreign import read_table
from city_resilience.models.rows import FORECAST, FORECASTING, STRUCTURAL
from city_resilience.report.city_summary import forecast_skill, structural_skill
from city_resilience.report.summary import Summary, read_summary
from city_resilience.tracking.registry import FoundModel, result_file

__all__ = ["record_beside", "skill_beside", "summary_beside"]


def summary_beside(found: FoundModel | None) -> Summary | None:
    """Return the summary of the run that a model came from; None where none was left."""
    if found is None:
        return None
    try:
        return read_summary(result_file(found, "summary.json", ""))
    except InputError:
        return None


def skill_beside(
    summary: Summary | None, horizons: Iterable[int]
) -> dict[int, dict[str, dict[str, Any]]]:
    """Return what each view is worth, by horizon and view; a view that was not scored is absent."""
    found: dict[int, dict[str, dict[str, Any]]] = {}
    for horizon in horizons:
        found[horizon] = own = {}
        if summary is None:
            continue
        if part := summary["by_horizon"].get(str(horizon)):
            own[FORECASTING] = forecast_skill(part["headline"])
        if structural := (summary.get("views") or {}).get(str(horizon)):
            own[STRUCTURAL] = structural_skill(structural)
    return found


def record_beside(found: FoundModel | None, summary: Summary | None) -> pd.DataFrame | None:
    """Return what the served model forecast in the backtest, from panels alone."""
    if found is None or summary is None:
        return None
    try:
        backtest = read_table(result_file(found, "backtest.parquet", ""))
    except InputError:
        return None
    own = backtest[backtest["model"] == summary["served"]]
    return own[own["information"] == FORECAST] if "information" in own else own
