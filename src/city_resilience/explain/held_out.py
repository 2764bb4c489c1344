"""What the forecasts of the backtest rested on: contributions of rows that no model trained on.

Each scored origin has models of its own, fitted on what was known then; its cities are explained
with them, in both views. These are the rows from which shapes, groups and grades are judged.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

import numpy as np
import pandas as pd

from city_resilience.arrays import Float
from city_resilience.evaluation.backtest import Backtest
from city_resilience.evaluation.baselines import NAIVE, naive_model
from city_resilience.evaluation.engine import SERVED, Rolled
from city_resilience.evaluation.explained import Explained
from city_resilience.experiment.experiment import Experiment
from city_resilience.explain.contributions import Explanation
from city_resilience.models.forecaster import HorizonModel
from city_resilience.models.rows import FORECASTING, STRUCTURAL, ForecastRows
from city_resilience.tasks.dataset import Dataset
from city_resilience.tasks.features import FeatureSpec
from city_resilience.tasks.outcome import horizon_before

__all__ = ["HELD_OUT_COLUMNS", "held_out_drivers"]

HELD_OUT_COLUMNS = (
    *("view", "city", "origin", "horizon", "indicator", "family"),
    *("value", "age", "contribution"),
)
Parts = Mapping[int, tuple[FeatureSpec, Float, float]]
"""Origin → columns, contributions of shape (cities, indicators) and base value of one horizon."""


def held_out_drivers(backtest: Backtest, dataset: Dataset, experiment: Experiment) -> pd.DataFrame:
    """Explain every row of a backtest, in both views; of a tall panel, of the listed cities.

    Parameters
    ----------
    backtest : Backtest
        Made with ``explain``; a view that was not explained is left out.

    Returns
    -------
    DataFrame
        ``view`` and the columns of `contributions`: the forecast of each city at each scored origin
        and horizon, taken apart by the models of that origin. Only rows with a known outcome. The
        contributions of a row add up to its forecast within 1e-5 pp.
    """
    frames = [
        _view(name, parts, dataset, experiment)
        for name, parts in _views(backtest, dataset, experiment)
        if any(parts.values())
    ]
    table = pd.concat(frames or [pd.DataFrame(columns=list(HELD_OUT_COLUMNS))], ignore_index=True)
    names = ("view", "city", "indicator", "family")
    return table.astype(dict.fromkeys(names, "category"))


def _views(
    backtest: Backtest, dataset: Dataset, experiment: Experiment
) -> Iterator[tuple[str, dict[int, Parts]]]:
    """Yield each view, and by horizon what it adds at each origin."""
    scored = {int(origin) for origin in backtest.frame["origin"].unique()}
    if experiment.model.serve in NAIVE:
        horizons = backtest.whole
        yield FORECASTING, {h: _rule(dataset, experiment, h, scored) for h in horizons}
    else:
        yield FORECASTING, _taken(backtest.explained, SERVED.id, backtest.whole, backtest.serve)
    if (part := backtest.structural) is not None:
        yield STRUCTURAL, _taken(backtest.explained, part.variant.id, part.rolled, part.serve)


def _taken(
    explained: Mapping[tuple[str, int, int], Explained],
    variant: str,
    rolled: Mapping[int, Rolled],
    serve: str,
) -> dict[int, Parts]:
    """Sum the members of a variant by their weights at each origin."""
    return {
        horizon: {
            origin: (own.spec, *own.taken(rolled[horizon].shares(serve, origin)))
            for (id, origin, of), own in explained.items()
            if id == variant and of == horizon
        }
        for horizon in rolled
    }


def _rule(dataset: Dataset, experiment: Experiment, horizon: int, scored: Collection[int]) -> Parts:
    """Explain the naive rule that is served."""
    before = horizon_before(horizon, experiment.outcome)
    least = experiment.features.min_history
    found = {}
    for origin in scored:
        spec, model = naive_model(
            experiment.model.serve, dataset.at(origin), horizon, before, least
        )
        rows = _rows(dataset, origin)
        alone = HorizonModel(horizon, spec, {"rule": model}, {"rule": 1.0})
        _, values, base = alone.by_indicator(rows.features(spec))
        found[origin] = spec, values, base
    return found


def _view(
    name: str, parts: Mapping[int, Parts], dataset: Dataset, experiment: Experiment
) -> pd.DataFrame:
    """Add the horizons up and lay out the rows with a known outcome."""
    tables: list[pd.DataFrame] = []
    sums: dict[tuple[int, int], Explanation] = {}
    for horizon in sorted(parts):
        before = horizon_before(horizon, experiment.outcome)
        for origin, (spec, values, base) in sorted(parts[horizon].items()):
            rows = _rows(dataset, origin)
            names, read, ages = rows.indicators(spec)
            own = Explanation.of(names, read, ages, values, base)
            sums[horizon, origin] = sums[before, origin].plus(own) if before else own
            known = np.isfinite(dataset.truth(origin, horizon))[rows.cities]
            table = sums[horizon, origin].table(horizon, rows)
            tables.append(table[np.repeat(known, len(table) // len(known))])
    every = pd.concat(tables, ignore_index=True).assign(view=name)
    return every[list(HELD_OUT_COLUMNS)]


def _rows(dataset: Dataset, origin: int) -> ForecastRows:
    """Return the listed cities as rows at one origin."""
    cities = dataset.listed
    return ForecastRows(dataset, origin, cities, np.full(len(cities), origin))
