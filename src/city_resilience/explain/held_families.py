"""What each family was worth to a sample of held-out forecasts, beside the sum of its indicators.

The values are exact (`family_table`), of the models of the origin, which did not train on it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
import pandas as pd

from city_resilience.evaluation.backtest import Backtest
from city_resilience.evaluation.baselines import NAIVE
from city_resilience.evaluation.engine import SERVED, Rolled
from city_resilience.experiment.experiment import Experiment
from city_resilience.explain.contributions import contributions
from city_resilience.explain.families import FAMILY_COLUMNS, family_table, sampled
from city_resilience.models.forecaster import Forecaster, HorizonModel
from city_resilience.models.rows import FORECASTING, STRUCTURAL, ForecastRows
from city_resilience.tasks.dataset import Dataset

__all__ = ["held_out_families"]

MOST_ROWS = 100


def held_out_families(
    backtest: Backtest, dataset: Dataset, experiment: Experiment, most: int = MOST_ROWS
) -> pd.DataFrame:
    """Return the Shapley values of families in a drawn sample of held-out forecasts.

    The sample is of the last origin that is scored at every horizon: at most so many of its cities
    with a known outcome, drawn with a fixed seed. A naive rule is linear and left out.

    Returns
    -------
    DataFrame
        ``view``, the columns of `family_table`, ``rows`` (how many were drawn) and ``cities`` (of
        how many). Empty for a backtest that was not explained.
    """
    parts = [pd.DataFrame(columns=["view", *FAMILY_COLUMNS, "rows", "cities"])]
    for view, variant, rolled, serve in _fitted(backtest, experiment):
        found = _models(backtest, variant, rolled, serve)
        if found is None:
            continue
        origin, models = found
        known = np.all([np.isfinite(dataset.truth(origin, h)) for h in models], axis=0)
        cities = np.flatnonzero(known)
        rows = ForecastRows(dataset, origin, cities, np.full(len(cities), origin))
        alone, drawn = Forecaster(experiment, origin, (), models), sampled(rows, most)
        table = family_table(alone, drawn, contributions(alone, drawn))
        counts = {"rows": len(drawn.cities), "cities": len(cities)}
        parts.append(table.assign(view=view, **counts))
    filled = [part for part in parts if len(part)]
    table = pd.concat(filled, ignore_index=True) if filled else parts[0]
    return table[list(parts[0].columns)]


def _fitted(
    backtest: Backtest, experiment: Experiment
) -> Iterator[tuple[str, str, Mapping[int, Rolled], str]]:
    """Yield view, variant, what was rolled, and what is served of each view that is fitted."""
    if experiment.model.serve not in NAIVE:
        yield FORECASTING, SERVED.id, backtest.whole, backtest.serve
    if (part := backtest.structural) is not None:
        yield STRUCTURAL, part.variant.id, part.rolled, part.serve


def _models(
    backtest: Backtest, variant: str, rolled: Mapping[int, Rolled], serve: str
) -> tuple[int, dict[int, HorizonModel]] | None:
    """Return the last origin whose members are kept at every horizon, and its models."""
    cells = {
        (origin, horizon): own
        for (id, origin, horizon), own in backtest.explained.items()
        if id == variant and own.members
    }
    origins = [o for o, _ in cells if all((o, h) in cells for h in rolled)]
    if not origins:
        return None
    origin, models = max(origins), {}
    for horizon in rolled:
        own, shares = cells[origin, horizon], rolled[horizon].shares(serve, origin)
        weights = {name: float(w) for name, w in zip(own.members, shares, strict=True)}
        models[horizon] = HorizonModel(horizon, own.spec, own.members, weights)
    return origin, models
